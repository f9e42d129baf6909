"""Counting and finding dates without walking; windows; series that are long, old or without end."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.domain.series import oracle
from tests.domain.series.rules import BERLIN, TUESDAY, day, monthly, rule, timed, utc, weekly
from tests.domain.series.stories import story
from webapp.domain import rule_dates
from webapp.domain import wall as wall_module
from webapp.domain.intervals import AllDay
from webapp.domain.recurrence import ChangedDate, Series, expand, is_at_planned_time, live_count, next_occurrence
from webapp.domain.rule import LAST_DAY, Pattern, PatternType, Range
from webapp.domain.wall import WallTimes, WholeDays

STORIES = range(60)
LONG = 3_000
"""So many days from their start the series of the stories are walked, or from the end of their windows."""


@pytest.mark.parametrize("seed", STORIES)
def test_dates_are_counted_and_found_by_number_as_walking_finds_them(seed: int) -> None:
    told = story(seed)
    made = told.series().rule
    until = made.range.start + timedelta(days=LONG)
    walked = list(oracle.dates(told.told.recurrence, until))

    assert [rule_dates.date_number(made, number) for number in range(len(walked))] == walked
    assert [rule_dates.count_until(made, one) for one in walked] == list(range(1, len(walked) + 1))
    assert rule_dates.first_date(made) == walked[0]
    for before, after in pairwise(walked):
        assert rule_dates.next_date(made, before) == after
        assert rule_dates.previous_date(made, after) == before
        assert not rule_dates.has_date(made, before + timedelta(days=1)) or after - before == timedelta(days=1)


@pytest.mark.parametrize("seed", STORIES)
def test_the_last_date_and_the_count_of_a_series_that_ends_are_those_of_a_walk(seed: int) -> None:
    told = story(seed)
    span = told.told.recurrence["range"]
    span["numberOfOccurrences"] = min(span.get("numberOfOccurrences", 0), 30)
    made = told.series().rule
    walked = list(
        oracle.dates(told.told.recurrence, made.range.start + timedelta(days=80_000 if made.range.count else 1300))
    )
    if span["type"] == "noEnd":
        assert (rule_dates.count(made), rule_dates.last_date(made)) == (None, None)
    else:
        assert (rule_dates.count(made), rule_dates.last_date(made)) == (len(walked), walked[-1])


@pytest.mark.parametrize("seed", STORIES)
def test_the_next_date_is_the_first_that_starts_later(seed: int) -> None:
    told = story(seed)
    made = told.series()
    found = next_occurrence(made, told.begin)
    later = [
        one
        for one in oracle.takes_place(told.told, told.begin, told.end + timedelta(days=LONG))
        if one[1] > told.begin
    ]
    assert (found and (found.original, found.span.instants(told.told.zone)[0])) == (
        (later[0][0], later[0][1]) if later else None
    )


def test_a_series_begun_long_ago_costs_no_more_than_a_new_one_h26() -> None:
    window = (utc("2026-11-24T00:00"), utc("2026-12-24T00:00"))

    def cost(first: date) -> float:
        series = Series(rule(Pattern(PatternType.DAILY), Range.endless(first)))
        begun = clock.process_time()
        for _ in range(20):
            assert len(expand(series, *window)) == 30
        return clock.process_time() - begun

    assert cost(date(1701, 1, 1)) < 5 * cost(TUESDAY) + 0.05


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        (Pattern(PatternType.DAILY, 3), "2026-11-24"),
        (weekly("monday", interval=2), "2026-11-30"),
        (monthly(31, interval=5), "2027-02-28"),
        (Pattern(PatternType.ABSOLUTE_YEARLY, 3, day_of_month=29, month=2), "2029-02-28"),
    ],
)
def test_an_old_series_goes_on_in_step_h14(pattern: Pattern, first: str) -> None:
    made = rule(pattern, Range.endless(date(1990, 1, 1)))
    start = {"type": pattern.type.value, "interval": pattern.interval, "daysOfWeek": ["monday"]}
    told = start | {"dayOfMonth": pattern.day_of_month, "month": pattern.month}
    walked = oracle.dates({"pattern": told, "range": {"type": "noEnd", "startDate": "1990-01-01"}}, date(2030, 1, 1))
    expected = next(one for one in walked if one >= TUESDAY)
    assert rule_dates.next_date(made, TUESDAY - timedelta(days=1)) == expected == day(first)


def test_a_meeting_longer_than_the_window_is_in_it_h14() -> None:
    week = Series(rule(monthly(1), Range.endless(date(2026, 11, 1)), times=WallTimes(time(9), time(10), 20)))
    (found,) = expand(week, utc("2026-11-15T00:00"), utc("2026-11-16T00:00"))
    assert found.original == date(2026, 11, 1)


def test_windows_are_half_open_and_a_meeting_of_no_length_counts_at_its_start_h32() -> None:
    once = Range.times(TUESDAY, 1)
    hour, point = Series(rule(span=once)), Series(rule(span=once, times=WallTimes(time(9), time(9))))
    eight, nine, ten = utc("2026-11-24T08:00"), utc("2026-11-24T09:00"), utc("2026-11-24T10:00")
    assert [len(expand(hour, *window)) for window in ((nine, ten), (utc("2026-11-24T00:00"), eight))] == [0, 0]
    assert [len(expand(hour, *window)) for window in ((eight, nine), (eight, ten))] == [1, 1]
    assert [len(expand(point, *window)) for window in ((eight, nine), (utc("2026-11-24T00:00"), eight))] == [1, 0]


def test_a_date_moved_into_or_out_of_a_window_is_looked_for_where_it_is() -> None:
    moved = ChangedDate(TUESDAY, timed("2027-03-01T09:00", "2027-03-01T10:00"), "late")
    series = Series(rule(weekly("tuesday")), (moved,))
    (found,) = expand(series, utc("2027-03-01T00:00"), utc("2027-03-02T00:00"))
    assert (found.original, found.is_exception, found.title) == (TUESDAY, True, "late")
    assert found.planned == timed("2026-11-24T08:00", "2026-11-24T09:00")
    assert expand(series, utc("2026-11-24T00:00"), utc("2026-11-25T00:00")) == []


def test_whole_days_are_dates_in_every_zone_h31() -> None:
    series = Series(rule(weekly("tuesday"), times=WholeDays(2)))
    for name in ("Pacific/Apia", BERLIN, "Pacific/Pago_Pago", "UTC"):
        zone = ZoneInfo(name)
        noon = datetime(2026, 11, 25, 12, tzinfo=zone)
        (found,) = expand(series, noon, noon + timedelta(minutes=1), zone)
        assert found.span == AllDay(date(2026, 11, 24), date(2026, 11, 26))


def test_whole_days_begin_where_midnight_is_skipped_when_the_day_does() -> None:
    series = Series(rule(span=Range.times(date(2018, 11, 4), 1), zone="America/Sao_Paulo", times=WholeDays()))
    assert expand(series, utc("2018-11-04T02:00"), utc("2018-11-04T03:00")) == []
    assert len(expand(series, utc("2018-11-04T03:00"), utc("2018-11-04T03:01"))) == 1


def test_what_takes_place_is_counted_without_cancelled_dates() -> None:
    series = Series(
        rule(span=Range.times(TUESDAY, 5)), (), frozenset({date(2026, 11, 25), date(2030, 1, 1), date(2026, 11, 26)})
    )
    assert live_count(series) == 3
    assert live_count(Series(rule())) is None


def test_a_changed_date_that_the_rule_does_not_have_takes_place_all_the_same() -> None:
    stray = ChangedDate(date(2026, 12, 24), timed("2026-12-24T09:00", "2026-12-24T10:00"))
    series = Series(rule(span=Range.times(TUESDAY, 5)), (stray,))
    assert live_count(series) == 6
    assert [one.original for one in expand(series, utc("2026-12-20T00:00"), utc("2027-01-01T00:00"))] == [
        stray.original
    ]
    assert series.has_date(stray.original)


def test_the_next_date_is_looked_for_among_the_moved_ones_too() -> None:
    moved = ChangedDate(TUESDAY, timed("2026-11-24T15:00", "2026-11-24T16:00"))
    series = Series(rule(weekly("tuesday"), Range.times(TUESDAY, 2)), (moved,))

    def after(text: str) -> date | None:
        found = next_occurrence(series, utc(text))
        return found and found.original

    assert [after("2026-11-24T14:59"), after("2026-11-24T15:00")] == [TUESDAY, date(2026, 12, 1)]
    assert after("2026-12-01T08:00") is None


def test_an_endless_series_in_a_window_of_a_year_is_a_year_of_dates_h26() -> None:
    found = expand(Series(rule()), utc("2027-01-01T00:00"), utc("2028-01-01T00:00"))
    assert len(found) == 365


@pytest.mark.parametrize("interval", [1, 999, 2**31 - 1])
@pytest.mark.parametrize("kind", list(PatternType))
def test_the_end_of_the_calendar_is_reached_without_an_error_h32(kind: PatternType, interval: int) -> None:
    pattern = Pattern(kind, interval, weekly("monday").days_of_week, day_of_month=31, month=12)
    for span in (
        Range.times(date(2026, 1, 1), 2**31 - 1),
        Range.until(date(2026, 1, 1), date.max),
        Range.endless(date(2026, 1, 1)),
    ):
        made = rule(pattern, span)
        last = rule_dates.last_date(made)
        assert last is None or last <= LAST_DAY
        assert rule_dates.next_date(made, LAST_DAY) is None
        found = list(islice(rule_dates.dates_between(made, date.min, date.max), 3))
        assert found == [one for one in (rule_dates.date_number(made, number) for number in range(3)) if one]
        expand(Series(made), datetime.min.replace(tzinfo=UTC), datetime(1602, 1, 1, tzinfo=UTC))
        expand(Series(made), datetime(4500, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def test_new_rules_of_a_zone_move_the_instants_and_never_the_dates_or_the_clock_h34(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series = Series(rule(weekly("tuesday")))
    window = utc("2026-11-20T00:00"), utc("2026-12-20T00:00")
    before = expand(series, *window)
    monkeypatch.setattr("webapp.domain.rule.zone_info", lambda name: ZoneInfo("Europe/Istanbul"))
    after = expand(series, *window)

    assert [one.original for one in after] == [one.original for one in before]
    assert [old.span.start - new.span.start for old, new in zip(before, after, strict=True)] == [
        timedelta(hours=2)
    ] * 4
    assert [one.span.start.astimezone(ZoneInfo("Europe/Istanbul")).time() for one in after] == [time(9)] * 4


@pytest.mark.parametrize(
    ("original", "seen", "same"),
    [
        ("2026-10-25", timed("2026-10-25T00:30", "2026-10-25T00:45"), True),
        ("2026-10-25", timed("2026-10-25T01:30", "2026-10-25T01:45"), True),
        ("2026-10-25", timed("2026-10-25T02:30", "2026-10-25T02:45"), False),
        ("2027-03-28", timed("2027-03-28T01:30", "2027-03-28T01:45"), True),
        ("2027-03-28", timed("2027-03-28T00:30", "2027-03-28T00:45"), True),
        ("2026-11-24", timed("2026-11-24T01:30", "2026-11-24T01:45"), True),
        ("2026-11-24", timed("2026-11-24T02:30", "2026-11-24T02:45"), False),
        ("2026-11-24", AllDay(date(2026, 11, 24), date(2026, 11, 25)), False),
    ],
)
def test_either_reading_of_a_time_that_clocks_skip_or_repeat_is_the_planned_one(
    original: str, seen: AllDay, same: bool
) -> None:
    series = Series(rule(times=WallTimes(time(2, 30), time(2, 45)), span=Range.endless(date(2026, 1, 1))))
    assert is_at_planned_time(series, day(original), seen) is same


def test_a_meeting_over_the_change_of_the_clocks_may_keep_its_end_or_its_length() -> None:
    series = Series(rule(times=WallTimes(time(1), time(4))))
    by_the_clock, by_length = (
        timed("2027-03-28T00:00", "2027-03-28T02:00"),
        timed("2027-03-28T00:00", "2027-03-28T03:00"),
    )
    assert is_at_planned_time(series, day("2027-03-28"), by_the_clock)
    assert is_at_planned_time(series, day("2027-03-28"), by_length)
    assert not is_at_planned_time(series, day("2027-03-29"), by_length)


def test_a_time_has_two_readings_only_where_clocks_change() -> None:
    def readings(when: str) -> int:
        return len(wall_module.readings(day(when), time(2, 30), ZoneInfo(BERLIN)))

    assert [readings(when) for when in ("2026-10-24", "2026-10-25", "2027-03-28")] == [1, 2, 2]
