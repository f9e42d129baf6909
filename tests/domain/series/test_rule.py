"""What a rule can be, field by field, and what it is as plain values."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from tests.domain.series.rules import NINE, TUESDAY, rule, timed, weekly
from tests.domain.series.stories import story
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import (
    InvalidRule,
    Pattern,
    PatternType,
    Range,
    RangeType,
    Weekday,
    WeekIndex,
    checked_rule,
)
from webapp.domain.rule_json import rule_from_json, rule_to_json, series_from_json, series_to_json
from webapp.domain.wall import WallTimes, WholeDays

DAILY: dict[str, Any] = {"type": PatternType.DAILY}
ENDLESS: dict[str, Any] = {"type": RangeType.NO_END, "start": TUESDAY}
HOURS: dict[str, Any] = {"start": time(9), "end": time(10)}


@pytest.mark.parametrize(
    ("pattern", "span", "zone", "times", "faults"),
    [
        (DAILY | {"interval": 0}, {}, "", {}, ["interval: interval_small"]),
        ({"type": PatternType.WEEKLY}, {}, "", {}, ["days_of_week: no_days"]),
        ({"type": PatternType.RELATIVE_MONTHLY}, {}, "", {}, ["days_of_week: no_days"]),
        ({"type": PatternType.ABSOLUTE_MONTHLY}, {}, "", {}, ["day_of_month: no_such_day_of_month"]),
        (
            {"type": PatternType.ABSOLUTE_YEARLY, "day_of_month": 32, "month": 13},
            *({}, "", {}, ["day_of_month: no_such_day_of_month", "month: no_such_month"]),
        ),
        ({}, {"start": date(1, 1, 1)}, "", {}, ["start: day_out_of_range"]),
        ({}, {"start": date(4501, 1, 1)}, "", {}, ["start: day_out_of_range"]),
        ({}, {"type": RangeType.END_DATE}, "", {}, ["end: no_end_date"]),
        ({}, {"type": RangeType.END_DATE, "end": date(2026, 11, 23)}, "", {}, ["end: until_before_start"]),
        ({}, {"type": RangeType.NUMBERED}, "", {}, ["count: count_small"]),
        ({}, {"type": RangeType.NUMBERED, "count": 0}, "", {}, ["count: count_small"]),
        ({}, {}, "Mars/Olympus", {}, ["zone: unknown_zone"]),
        ({}, {}, "tzone://Microsoft/Custom", {}, ["zone: unknown_zone"]),
        ({}, {}, "", {"end": time(8)}, ["end_time: end_before_start"]),
        ({}, {}, "", {"days": 0}, ["end_time: end_before_start"]),
        (
            DAILY | {"interval": -1},
            {"type": RangeType.NUMBERED, "count": 0},
            *("Nowhere", {"end": time(8)}),
            ["interval: interval_small", "count: count_small", "end_time: end_before_start", "zone: unknown_zone"],
        ),
    ],
)
def test_what_graph_cannot_say_is_refused_beside_its_field_all_faults_at_once(
    pattern: dict[str, Any], span: dict[str, Any], zone: str, times: dict[str, Any], faults: list[str]
) -> None:
    with pytest.raises(InvalidRule) as caught:
        hours = times if "days" in times else HOURS | times
        checked_rule(DAILY | pattern, ENDLESS | span, zone or "Europe/Berlin", hours)
    assert [f"{one.field}: {one.code}" for one in caught.value.faults] == faults


def test_a_rule_of_good_fields_is_made() -> None:
    made = checked_rule({"type": PatternType.DAILY}, ENDLESS, "Europe/Berlin", HOURS)
    assert made == rule()


def test_there_is_no_fifth_of_a_month() -> None:
    with pytest.raises(ValueError, match="fifth"):
        WeekIndex("fifth")


def test_fields_that_a_type_does_not_use_play_no_part() -> None:
    odd = Pattern(PatternType.DAILY, 2, (Weekday.MONDAY,), Weekday.MONDAY, WeekIndex.LAST, 31, 12)
    assert odd == Pattern(PatternType.DAILY, 2)
    assert Range(RangeType.NO_END, TUESDAY, end=TUESDAY, count=3) == Range.endless(TUESDAY)


def test_days_of_the_week_are_a_set_in_the_order_of_graph() -> None:
    assert weekly("saturday", "monday", "sunday", "monday").days_of_week == (
        Weekday.SUNDAY,
        Weekday.MONDAY,
        Weekday.SATURDAY,
    )


def test_weekdays_are_numbered_as_dates_number_them() -> None:
    for ahead in range(7):
        day = TUESDAY + timedelta(days=ahead)
        assert Weekday.of(day).number == day.weekday()


def test_a_date_that_is_changed_and_cancelled_is_cancelled() -> None:
    changed = ChangedDate(TUESDAY, title="special")
    assert Series(rule(), (changed,), frozenset({TUESDAY})) == Series(rule(), (), frozenset({TUESDAY}))


def test_a_meeting_may_have_no_length_but_not_less_h32() -> None:
    assert WallTimes(time(9), time(9)).length == timedelta(0)
    with pytest.raises(ValueError, match="end_before_start"):
        WallTimes(time(9), time(8, 59))
    assert WallTimes(time(23), time(1), 1).length == timedelta(hours=2)


def test_series_survive_being_stored_as_plain_values() -> None:
    made = Series(
        rule(weekly("tuesday"), Range.until(TUESDAY, date(2027, 3, 1))),
        (
            ChangedDate(TUESDAY, timed("2026-11-24T12:00", "2026-11-24T13:00")),
            ChangedDate(date(2026, 12, 1), title="x"),
        ),
        frozenset({date(2026, 12, 8)}),
    )
    assert series_from_json(series_to_json(made)) == made
    assert rule_to_json(rule(times=WholeDays(2)))["times"] == {"days": 2}
    assert rule_to_json(rule(times=NINE))["times"]["start"] == "09:00:00"


@pytest.mark.parametrize("seed", range(40))
def test_random_series_survive_being_stored(seed: int) -> None:
    made = story(seed).series()
    assert series_from_json(series_to_json(made)) == made
    assert rule_from_json(rule_to_json(made.rule)) == made.rule
