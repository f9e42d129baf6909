"""Spans of time: instants, whole days in the room's zone, and when two of them overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.intervals import AllDay, Timed, overlap, touching

BERLIN, LORD_HOWE, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Auckland")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused():
    naive = datetime(2026, 11, 24, 10)  # noqa: DTZ001
    for start, end in ((naive, at(11)), (at(10), naive)):
        with pytest.raises(ValueError, match="naive"):
            Timed(start, end)


def test_the_same_hour_told_in_two_zones_is_the_same_span_in_utc():
    berlin = Timed(datetime(2026, 11, 24, 11, tzinfo=BERLIN), datetime(2026, 11, 24, 12, tzinfo=BERLIN))

    assert berlin == Timed(at(10), at(11))
    assert berlin.start.tzinfo is UTC
    assert berlin.instants(AUCKLAND) == (at(10), at(11))


@pytest.mark.parametrize(
    ("day", "zone", "start", "hours"),
    [
        ("2026-11-24", BERLIN, "2026-11-23T23:00", 24),
        ("2026-03-29", BERLIN, "2026-03-28T23:00", 23),
        ("2026-10-25", BERLIN, "2026-10-24T22:00", 25),
        ("2026-04-05", LORD_HOWE, "2026-04-04T13:00", 24.5),
        ("2026-11-24", AUCKLAND, "2026-11-23T11:00", 24),
    ],
)
def test_a_whole_day_lasts_from_midnight_to_midnight_where_the_room_is_h31(
    day: str, zone: ZoneInfo, start: str, hours: float
):
    first = date.fromisoformat(day)

    begins, ends = AllDay(first, first + timedelta(days=1)).instants(zone)

    assert begins == datetime.fromisoformat(f"{start}Z")
    assert ends - begins == timedelta(hours=hours)
    assert begins.tzinfo is UTC


def test_days_that_follow_each_other_meet_without_a_gap_or_an_overlap_all_year():
    for zone, number in product((BERLIN, LORD_HOWE, AUCKLAND), range(365)):
        day = date(2026, 1, 1) + timedelta(days=number)
        one = AllDay(day, day + timedelta(days=1)).instants(zone)
        other = AllDay(day + timedelta(days=1), day + timedelta(days=2)).instants(zone)
        assert one[1] == other[0]
        assert not overlap(one, other)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ((10, 11), (11, 12), False),
        ((10, 11), (8, 10), False),
        ((10, 11), (10, 11), True),
        ((10, 12), (11, 13), True),
        ((10, 13), (11, 12), True),
        ((10, 11), (13, 14), False),
        ((10, 10), (9, 11), False),
        ((10, 10), (10, 10), False),
        ((11, 10), (9, 12), False),
    ],
)
def test_half_open_spans_share_time_or_not_whichever_is_named_first(one, other, shared):
    first, second = (at(one[0]), at(one[1])), (at(other[0]), at(other[1]))

    assert overlap(first, second) is shared
    assert overlap(second, first) is shared


def test_overlap_is_what_counting_minutes_says():
    """Every pair of spans within five minutes, against sets of minutes."""
    minutes = range(5)
    spans = [(start, end) for start in minutes for end in minutes if end >= start]
    for one, other in product(spans, spans):
        said = overlap((at(0, one[0]), at(0, one[1])), (at(0, other[0]), at(0, other[1])))
        assert said is bool(set(range(*one)) & set(range(*other)))


_PAIRS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda hours: (at(hours[0]), at(hours[1])))


@given(st.lists(_PAIRS, max_size=6), _PAIRS)
def test_what_touches_one_of_many_overlaps_one_of_them(many: list[tuple[datetime, datetime]], other: Any):
    """Empty pairs and pairs the wrong way round among them."""
    assert touching(many)(other) == any(overlap(one, other) for one in many)
