"""The bench of pages on a small installation: every address opens, and none asks more of the database than it may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import large, pages
from webapp.extensions import db

SMALL = large.Size(rooms=800, dates=5_000)


@pytest.fixture
def measured(postgres_url: str, tmp_path: Path) -> Iterator[list[pages.Measured]]:
    """Every page once."""
    app = pages.panel(postgres_url, tmp_path)
    now = datetime.now(UTC)
    pages.fill(app, SMALL, now)
    yield pages.measure(app, SMALL, now, times=1)
    with app.app_context():
        db.engine.dispose()


def test_no_page_and_no_poll_asks_more_queries_than_its_budget(measured: list[pages.Measured]) -> None:
    assert len(measured) == len(pages.ADDRESSES)
    over = {one.address.name: one.queries for one in measured if one.queries > one.address.budget[1]}
    assert over == {}
