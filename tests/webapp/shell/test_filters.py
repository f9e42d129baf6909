"""How numbers and times are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from webapp import filters
from webapp.clock import utcnow


def test_counts_are_written_with_commas_and_the_right_word() -> None:
    assert filters.number(10_000) == "10,000"
    assert [filters.count(number, "room") for number in (0, 1, 137)] == ["0 rooms", "1 room", "137 rooms"]
    assert filters.count(2, "change waits", "changes wait") == "2 changes wait"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_400 * 3, "3 d")],
)
def test_a_span_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    assert filters.span(seconds) == said


def test_days_and_instants() -> None:
    assert filters.day(date(2026, 12, 5)) == "5 Dec 2026"
    assert filters.instant(datetime(2026, 11, 22, 9, 5, tzinfo=UTC)) == "22 Nov 2026, 09:05 UTC"


def test_a_moment_is_relative_under_an_hour_with_the_full_time_beside_it() -> None:
    recent = filters.moment(utcnow() - timedelta(minutes=5, seconds=1))
    assert "5 min ago" in recent
    assert "data-relative" in recent
    old = filters.moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert old == '<time datetime="2026-01-02T03:04:05Z" data-local>2 Jan 2026, 03:04 UTC</time>'
    assert "ago" not in filters.moment(utcnow() + timedelta(minutes=5))


def test_a_moment_can_be_absolute() -> None:
    assert "ago" not in filters.moment(utcnow() - timedelta(minutes=5), relative=False)
