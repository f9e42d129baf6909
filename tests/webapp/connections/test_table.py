"""The table: secrets that expire, the newest check, pages, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.webapp.conftest import Person
from tests.webapp.connections.conftest import URL, make_check, make_connection
from webapp.clock import utcnow
from webapp.connections.expiry import earliest_today, secret_state
from webapp.database import Transactions
from webapp.domain.words import CheckState
from webapp.models import Connection, Credential


def credential(days: int | None) -> Credential:
    today = earliest_today(utcnow())
    return Credential(expires_on=None if days is None else today + timedelta(days=days), refused_as_expired_at=None)


@pytest.mark.parametrize(
    ("days", "step"),
    [(None, None), (730, None), (61, None), (60, 60), (31, 60), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7),
     (4, 7), (3, 3), (2, 3), (1, 1), (0, 1), (-1, None)],
)  # fmt: skip
def test_reminders_are_due_from_sixty_days_on_and_get_more_urgent(days: int | None, step: int | None) -> None:
    assert secret_state(credential(days), utcnow()).step == step


def test_a_secret_is_expired_from_the_day_after_its_last() -> None:
    assert [secret_state(credential(days), utcnow()).expired for days in (1, 0, -1)] == [False, False, True]


def test_what_microsoft_refused_as_expired_is_expired_whatever_the_date_says(
    admin: Person, app: Flask, data: Transactions
) -> None:
    with data.writing() as session:
        later = (utcnow() + timedelta(days=300)).date()
        make_connection(session, app, expires_on=later, refused_as_expired_at=utcnow())
    page = admin.get(f"{URL}/").text
    assert "Expired" in page
    assert "says Microsoft" in page


@pytest.mark.parametrize("path", [f"{URL}/", "/"], ids=["table", "overview"])
def test_a_secret_that_expires_soon_is_warned_about(admin: Person, app: Flask, data: Transactions, path: str) -> None:
    on = earliest_today(utcnow()) + timedelta(days=23)
    with data.writing() as session:
        make_connection(session, app, expires_on=on)
    page = admin.get(path).text
    assert "23 days left" in page
    assert f"{on.day} {on:%b %Y}" in page
    assert "Sync goes on without a gap." in page


def test_a_good_secret_is_quiet(admin: Person, app: Flask, data: Transactions) -> None:
    with data.writing() as session:
        make_connection(session, app, expires_on=(utcnow() + timedelta(days=300)).date())
    page = admin.get(f"{URL}/").text
    assert "Good" in page
    assert 'class="note' not in page.split('id="work"')[1]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CheckState.WAITING, "Checking"),
        (CheckState.RUNNING, "Checking"),
        (CheckState.CONFIRMED, "Confirmed"),
        (CheckState.FAILED, "Failed"),
    ],
)
def test_the_newest_check_is_in_its_row_and_moves_only_while_it_runs(
    admin: Person, data: Transactions, connection_id: int, state: CheckState, words: str
) -> None:
    with data.writing() as session:
        make_check(session, connection_id, CheckState.FAILED)
        make_check(session, connection_id, state)
    cell = admin.get(f"{URL}/{connection_id}/last-check").text
    assert words in cell
    assert ("every" in cell) is (state in (CheckState.WAITING, CheckState.RUNNING))
    assert cell in admin.get(f"{URL}/").text


def test_many_connections_come_in_pages(admin: Person, app: Flask, data: Transactions) -> None:
    with data.writing() as session:
        for number in range(51):
            make_connection(session, app, f"tenant-{number:02}")
    first, second = admin.get(f"{URL}/").text, admin.get(f"{URL}/?page=2").text
    assert "1 to 50 of 51" in first
    assert "tenant-50" not in first
    assert "tenant-50" in second


def test_the_table_costs_the_same_for_many_connections(
    admin: Person, app: Flask, data: Transactions, count_queries: Callable[[], Any]
) -> None:
    with data.writing() as session:
        for number in range(30):
            one = make_connection(session, app, f"tenant-{number:02}")
            make_check(session, one, CheckState.CONFIRMED)
        assert session.query(Connection).count() == 30
    with count_queries() as seen:
        assert admin.get(f"{URL}/").status_code == 200
    assert len(seen) <= 12, seen
