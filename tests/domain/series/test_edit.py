"""What becomes of a series that is cut, moved or given another rule; what is refused of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import islice

import pytest

from tests.domain.series.rules import TUESDAY, monthly, rule, timed, weekly
from tests.domain.series.stories import story
from webapp.domain import rule_dates
from webapp.domain.intervals import AllDay, Span
from webapp.domain.recurrence import ChangedDate, Series, expand
from webapp.domain.rule import InvalidRule, Pattern, PatternType, Range, RangeType, Rule, WeekIndex
from webapp.domain.series_checks import fault_of_move, faults_of_rule
from webapp.domain.series_edit import OnMasterEdit, after_edit, anchored, as_stored, lost, shifted, split
from webapp.domain.wall import DayTimes, WallTimes, WholeDays

STORIES = range(80)
WEEKS = [TUESDAY + timedelta(weeks=week) for week in range(6)]
SPECIAL = ChangedDate(WEEKS[1], title="special")
MOVED = ChangedDate(WEEKS[2], timed("2026-12-08T14:00", "2026-12-08T15:00"), "moved")
LATER = ChangedDate(WEEKS[4], timed("2026-12-22T14:00", "2026-12-22T15:00"))


def six_weeks() -> Series:
    """Six Tuesdays: the second renamed, the third moved and renamed, the fourth cancelled, the fifth moved."""
    return Series(rule(weekly("tuesday"), Range.times(TUESDAY, 6)), (SPECIAL, MOVED, LATER), frozenset({WEEKS[3]}))


@pytest.mark.parametrize("seed", STORIES)
def test_head_and_tail_of_a_split_have_exactly_the_dates_of_the_whole_h23(seed: int) -> None:
    told = story(seed)
    series = told.series()
    dates = list(islice(rule_dates.dates_between(series.rule, date.min, date.max), 40))
    at = dates[seed % len(dates)]
    parts = split(series, at)
    pieces = [part for part in (parts.head, parts.tail) if part is not None]

    whole = expand(series, told.begin, told.end)
    found = [one for part in pieces for one in expand(part, told.begin, told.end)]
    assert sorted(found, key=lambda one: one.original) == sorted(whole, key=lambda one: one.original)
    assert (parts.head is None) == (at == dates[0])
    assert parts.tail.rule.range.start == at
    if parts.head is not None:
        assert rule_dates.last_date(parts.head.rule) == dates[dates.index(at) - 1]
    if series.rule.range.type is not RangeType.NO_END:
        assert sum(rule_dates.count(part.rule) or 0 for part in pieces) == rule_dates.count(series.rule)


def test_a_split_leaves_each_part_its_own_exceptions_and_cancelled_dates_h23() -> None:
    parts = split(six_weeks(), WEEKS[2])
    assert parts.head is not None
    assert (parts.head.exceptions, parts.head.cancelled) == ((SPECIAL,), frozenset())
    assert (parts.tail.exceptions, parts.tail.cancelled) == ((MOVED, LATER), frozenset({WEEKS[3]}))
    assert parts.head.rule.range == Range.until(TUESDAY, WEEKS[2] - timedelta(days=1))
    assert parts.tail.rule.range == Range.times(WEEKS[2], 4)


def test_a_series_is_split_at_its_dates_only() -> None:
    with pytest.raises(InvalidRule) as caught:
        split(six_weeks(), TUESDAY + timedelta(days=1))
    assert caught.value.faults == (("start", "no_such_date"),)


@pytest.mark.parametrize("seed", STORIES)
def test_a_rule_that_starts_at_its_first_date_has_the_same_dates(seed: int) -> None:
    made = story(seed).series().rule
    same = anchored(made)
    assert same.range.start == rule_dates.first_date(made)
    assert _dates(same) == _dates(made)
    assert rule_dates.count(same) == rule_dates.count(made)
    assert as_stored(made) == as_stored(same)


def _dates(made: Rule) -> list[date]:
    return list(islice(rule_dates.dates_between(made, date.min, date.max), 60))


def test_a_rule_without_dates_starts_nowhere() -> None:
    never = rule(weekly("thursday"), Range.until(TUESDAY, TUESDAY))
    with pytest.raises(InvalidRule):
        anchored(never)
    assert as_stored(never) == never


def test_zones_with_one_windows_name_are_one_zone_to_exchange_and_others_are_not() -> None:
    assert as_stored(rule(zone="Europe/Amsterdam")) == as_stored(rule(zone="Europe/Berlin"))
    assert as_stored(rule(zone="Europe/Paris")) != as_stored(rule(zone="Europe/Berlin"))


@pytest.mark.parametrize("hours", [-30, -10, 1, 8, 15, 24, 24 * 9])
@pytest.mark.parametrize(
    "pattern",
    [Pattern(PatternType.DAILY, 3), weekly("tuesday", "saturday", interval=2), monthly(15, interval=2)],
    ids=lambda pattern: pattern.type.value,
)
def test_a_shifted_series_has_every_date_moved_by_as_much_h22(pattern: Pattern, hours: int) -> None:
    made = rule(pattern, Range.until(date(2026, 12, 17), date(2027, 12, 20)))
    moved = shifted(made, timedelta(hours=hours))
    zone = made.rules()

    def walls(one: Rule) -> list[tuple[object, ...]]:
        spans = [one.times.span_on(when, zone) for when in rule_dates.dates_between(one, date.min, date.max)]
        return [tuple(at.astimezone(zone).replace(tzinfo=None) for at in span.instants(zone)) for span in spans]

    by = timedelta(hours=hours)
    assert walls(moved) == [(start + by, end + by) for start, end in walls(made)]  # type: ignore[operator]


@pytest.mark.parametrize(
    "pattern",
    [
        monthly(28),
        monthly(31),
        Pattern(PatternType.RELATIVE_MONTHLY, days_of_week=weekly("tuesday").days_of_week, index=WeekIndex.LAST),
        Pattern(PatternType.ABSOLUTE_YEARLY, day_of_month=29, month=2),
    ],
    ids=lambda pattern: pattern.type.value,
)
def test_dates_that_no_pattern_has_cannot_be_moved_to_other_days_but_to_other_hours(pattern: Pattern) -> None:
    with pytest.raises(InvalidRule) as caught:
        shifted(rule(pattern), timedelta(days=1))
    with pytest.raises(InvalidRule):
        shifted(rule(pattern), timedelta(days=-4 if pattern.day_of_month > 28 else -30))
    assert caught.value.faults == (("start", "pattern_cannot_move"),)
    assert shifted(rule(pattern), timedelta(hours=1)).times == WallTimes(time(10), time(11))


def test_a_series_whose_range_starts_before_its_first_date_is_shifted_from_that_date() -> None:
    made = rule(monthly(15, interval=2), Range.endless(date(2027, 1, 31)))
    moved = shifted(made, timedelta(days=3))
    assert [day - timedelta(days=3) for day in _dates(moved)] == _dates(made)
    assert _dates(made)[:2] == [date(2027, 3, 15), date(2027, 5, 15)]


def test_whole_days_are_shifted_by_days() -> None:
    moved = shifted(rule(weekly("tuesday"), times=WholeDays(2)), timedelta(days=-1))
    assert (moved.times, moved.pattern.days_of_week) == (WholeDays(2), weekly("monday").days_of_week)


def test_a_series_that_is_only_cut_or_prolonged_keeps_what_is_left_h24() -> None:
    series = six_weeks()
    for behaviour in OnMasterEdit:
        shorter = after_edit(series, replace(series.rule, range=Range.times(TUESDAY, 3)), behaviour)
        assert (shorter.series.exceptions, shorter.series.cancelled) == ((SPECIAL, MOVED), frozenset())
        assert (shorter.lost, shorter.lost_cancelled) == ((LATER,), frozenset())
        longer = after_edit(series, replace(series.rule, range=Range.endless(TUESDAY)), behaviour)
        assert (longer.series.exceptions, longer.lost) == (series.exceptions, ())
        assert longer.series.cancelled == series.cancelled


def test_a_new_time_for_all_wipes_what_was_changed_and_cancelled_or_keeps_it_without_its_time_h24() -> None:
    series = six_weeks()
    later = replace(series.rule, times=WallTimes(time(11), time(12)))
    wiped = after_edit(series, later, OnMasterEdit.WIPES)
    assert wiped.series == Series(later)
    assert (wiped.lost, wiped.lost_cancelled) == ((SPECIAL, MOVED, LATER), frozenset({WEEKS[3]}))
    kept = after_edit(series, later, OnMasterEdit.KEEPS)
    assert kept.series == Series(later, (SPECIAL, ChangedDate(WEEKS[2], None, "moved")), frozenset({WEEKS[3]}))
    assert (kept.lost, kept.lost_cancelled) == ((MOVED, LATER), frozenset())


def test_other_days_for_all_leave_nothing_of_dates_that_are_no_more_h24() -> None:
    series = six_weeks()
    kept = after_edit(series, replace(series.rule, pattern=weekly("wednesday")), OnMasterEdit.KEEPS)
    assert (kept.series.exceptions, kept.series.cancelled) == ((), frozenset())
    assert (kept.lost, kept.lost_cancelled) == ((SPECIAL, MOVED, LATER), frozenset())


def test_a_rule_that_stays_the_same_changes_nothing() -> None:
    series = six_weeks()
    assert after_edit(series, rule(weekly("tuesday"), Range.times(TUESDAY, 6)), OnMasterEdit.WIPES).series == series


def test_changed_again_or_cancelled_since_is_no_loss() -> None:
    again = replace(MOVED, span=timed("2026-12-08T16:00", "2026-12-08T17:00"))
    after = Series(six_weeks().rule, (again, LATER), frozenset({WEEKS[1], WEEKS[3]}))
    assert lost(six_weeks(), after).lost == ()


TUESDAYS = Series(rule(weekly("tuesday")))
THIRD = WEEKS[2]


@pytest.mark.parametrize(
    ("span", "code"),
    [
        (timed("2026-11-20T12:00", "2026-11-20T13:00"), "crosses_previous_date"),
        (timed("2026-12-01T12:00", "2026-12-01T13:00"), "crosses_previous_date"),
        (timed("2026-12-01T23:00", "2026-12-02T00:00"), None),
        (timed("2026-12-14T12:00", "2026-12-14T13:00"), None),
        (timed("2026-12-14T12:00", "2026-12-15T08:00"), None),
        (timed("2026-12-14T12:00", "2026-12-15T09:00"), "crosses_next_date"),
        (timed("2026-12-15T06:00", "2026-12-15T07:00"), "crosses_next_date"),
        (timed("2026-12-20T06:00", "2026-12-20T07:00"), "crosses_next_date"),
        (AllDay(date(2026, 12, 2), date(2026, 12, 15)), None),
        (AllDay(date(2026, 12, 2), date(2026, 12, 16)), "crosses_next_date"),
    ],
)
def test_a_date_stays_between_the_days_of_its_neighbours_h25(span: Span, code: str | None) -> None:
    found = fault_of_move(TUESDAYS, THIRD, span)
    assert (found and found.code) == code


def test_a_date_cannot_begin_while_its_neighbour_still_lasts_h25() -> None:
    long = ChangedDate(WEEKS[1], timed("2026-12-01T08:00", "2026-12-03T09:00"))
    series = replace(TUESDAYS, exceptions=(long,))
    assert fault_of_move(series, THIRD, timed("2026-12-03T08:00", "2026-12-03T10:00")) == (
        "start",
        "crosses_previous_date",
    )
    assert fault_of_move(series, THIRD, timed("2026-12-03T09:00", "2026-12-03T10:00")) is None


def test_neighbours_are_where_they_were_moved_to_and_cancelled_ones_are_none_h25() -> None:
    span = timed("2026-12-01T12:00", "2026-12-01T13:00")
    earlier = ChangedDate(WEEKS[1], timed("2026-11-27T09:00", "2026-11-27T10:00"))
    assert fault_of_move(replace(TUESDAYS, exceptions=(earlier,)), THIRD, span) is None
    assert fault_of_move(replace(TUESDAYS, cancelled=frozenset({WEEKS[1]})), THIRD, span) is None
    first = replace(TUESDAYS, cancelled=frozenset(WEEKS[:2]))
    assert fault_of_move(first, THIRD, timed("2026-11-01T12:00", "2026-11-01T13:00")) is None


@pytest.mark.parametrize(
    ("pattern", "times", "code"),
    [
        (Pattern(PatternType.DAILY), WallTimes(time(9), time(9), 1), None),
        (Pattern(PatternType.DAILY), WallTimes(time(9), time(10), 1), "longer_than_interval"),
        (Pattern(PatternType.DAILY, 2), WholeDays(2), None),
        (Pattern(PatternType.DAILY, 2), WholeDays(3), "longer_than_interval"),
        (weekly("tuesday", "thursday"), WallTimes(time(9), time(10), 2), "longer_than_interval"),
        (weekly("saturday", "sunday"), WholeDays(2), "longer_than_interval"),
        (monthly(31), WholeDays(28), None),
        (monthly(31), WholeDays(29), "longer_than_interval"),
    ],
)
def test_dates_that_reach_into_the_next_are_refused(pattern: Pattern, times: DayTimes, code: str | None) -> None:
    assert [one.code for one in faults_of_rule(rule(pattern, times=times))] == ([code] if code else [])


def test_a_series_without_any_date_is_refused() -> None:
    assert faults_of_rule(rule(weekly("thursday"), Range.until(TUESDAY, TUESDAY))) == [("end", "no_dates")]
