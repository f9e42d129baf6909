"""The sync window, and what may be booked at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.domain.booking import BOOKABLE_AHEAD, fault_of_span, sync_window
from webapp.domain.intervals import AllDay, Timed

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_window_stands_on_whole_days_and_is_shorter_than_a_year_h13():
    start, end = sync_window(NOW)

    assert (start, end) == (datetime(2026, 11, 16, tzinfo=UTC), datetime(2027, 11, 15, tzinfo=UTC))
    assert end - start < timedelta(days=365)


def test_whatever_can_be_booked_in_a_linked_room_lies_in_the_window_of_that_moment():
    for minute in range(0, 24 * 60, 7):
        now = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(minutes=minute)
        latest = Timed(now + BOOKABLE_AHEAD - HOUR, now + BOOKABLE_AHEAD)
        assert fault_of_span(latest, BERLIN, now, linked=True) is None
        assert latest.end <= sync_window(now)[1]


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        (NOW + HOUR, NOW + 2 * HOUR, None),
        (NOW - HOUR, NOW + HOUR, None),
        (NOW - HOUR, NOW, ("end", "in_the_past")),
        (NOW + HOUR, NOW + HOUR, ("end", "end_before_start")),
        (NOW + 2 * HOUR, NOW + HOUR, ("end", "end_before_start")),
        (NOW + BOOKABLE_AHEAD, NOW + BOOKABLE_AHEAD + HOUR, ("start", "beyond_window")),
    ],
)
def test_a_wanted_span_has_its_fault_at_its_field(start, end, fault):
    assert fault_of_span(Timed(start, end), BERLIN, NOW, linked=True) == fault


def test_only_a_linked_room_ends_at_the_window():
    far = Timed(NOW + timedelta(days=900), NOW + timedelta(days=900) + HOUR)

    assert fault_of_span(far, BERLIN, NOW, linked=False) is None
    assert fault_of_span(far, BERLIN, NOW, linked=True) == ("start", "beyond_window")


def test_today_may_be_booked_whole_until_it_is_over_where_the_room_is():
    today = AllDay(date(2026, 11, 24), date(2026, 11, 25))
    last = datetime(2026, 11, 24, 22, 59, tzinfo=UTC)

    assert fault_of_span(today, BERLIN, last, linked=True) is None
    assert fault_of_span(today, BERLIN, last + timedelta(minutes=1), linked=True) == ("end", "in_the_past")
    assert fault_of_span(AllDay(today.start, today.start), BERLIN, NOW, linked=True) == ("end", "end_before_start")


def test_a_timed_span_over_the_hour_that_a_clock_change_skips_or_repeats_has_its_real_length():
    skipped = Timed(datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN), datetime(2027, 3, 28, 3, 30, tzinfo=BERLIN))
    assert skipped.end - skipped.start == HOUR
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    repeated = Timed(twice, twice.replace(fold=1))
    assert repeated.end - repeated.start == HOUR
    assert fault_of_span(repeated, BERLIN, NOW - timedelta(days=90), linked=True) is None
