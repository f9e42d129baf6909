"""A series rebuilt from its rule and the dates that were read: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.recurrence import ChangedDate, expand
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import DayTimes, WallTimes, WholeDays
from webapp.domain.words import Answer
from worker.sync.event import RuleRead
from worker.sync.series import dates_moved, rebuilt, timed_by
from worker.sync.values import REMOTE_GROUPS, SeriesDate, Values, changed, values_from_json, values_to_json

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = date(2027, 3, 21)
WINDOW = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
HALF_PAST_TWO = WallTimes(time(2, 30), time(3, 30))


def sundays(times: DayTimes = HALF_PAST_TWO, count: int = 5) -> Rule:
    return Rule(Pattern(PatternType.WEEKLY, 1, (Weekday.SUNDAY,)), Range.times(SUNDAY, count), "Europe/Berlin", times)


def read_dates(rule: Rule) -> list[SeriesDate]:
    """The dates as Outlook would list them."""
    return [shown(rule.range.start + timedelta(weeks=week), rule) for week in range(5)]


def shown(day: date, rule: Rule, span: Span | None = None, **more: object) -> SeriesDate:
    span = span or rule.times.span_on(day, BERLIN)
    made = SeriesDate(day.isoformat(), span, blocks=True, answer=Answer.ACCEPTED, event_id=f"e{day}")
    return replace(made, **more)  # type: ignore[arg-type]


def test_dates_in_their_places_are_a_plain_series() -> None:
    found = rebuilt(sundays(), read_dates(sundays()), WINDOW, BERLIN)
    assert (found.series.exceptions, found.series.cancelled, found.differing) == ((), frozenset(), ())


def test_a_date_that_is_missing_does_not_take_place_h04() -> None:
    dates = read_dates(sundays())
    found = rebuilt(sundays(), [dates[0], *dates[2:]], WINDOW, BERLIN)
    assert found.series.cancelled == {SUNDAY + timedelta(weeks=1)}
    assert found.differing == ()


def test_dates_outside_of_what_was_read_are_not_taken_for_cancelled_h13() -> None:
    dates = read_dates(sundays())
    window = datetime(2027, 4, 1, tzinfo=UTC), datetime(2027, 4, 10, tzinfo=UTC)
    found = rebuilt(sundays(), dates[2:3], window, BERLIN)
    assert found.series.cancelled == frozenset()


def test_what_the_rule_does_not_explain_takes_place_and_is_named() -> None:
    dates = read_dates(sundays())
    late = Timed(datetime(2027, 4, 4, 12, tzinfo=UTC), datetime(2027, 4, 4, 13, tzinfo=UTC))
    dates[2] = shown(SUNDAY + timedelta(weeks=2), sundays(), late)
    stray = date(2027, 4, 7)
    found = rebuilt(sundays(), [*dates, shown(stray, sundays())], WINDOW, BERLIN)
    assert found.differing == (SUNDAY + timedelta(weeks=2), stray)
    spans = {one.original: one.span for one in expand(found.series, *WINDOW)}
    assert spans[SUNDAY + timedelta(weeks=2)] == late
    assert spans[stray] == sundays().times.span_on(stray, BERLIN)


def test_an_exception_that_is_elsewhere_is_no_difference() -> None:
    dates = read_dates(sundays())
    late = Timed(datetime(2027, 4, 5, 12, tzinfo=UTC), datetime(2027, 4, 5, 13, tzinfo=UTC))
    day = SUNDAY + timedelta(weeks=2)
    dates[2] = shown(day, sundays(), late, is_exception=True, title="Other")
    found = rebuilt(sundays(), dates, WINDOW, BERLIN)
    assert (found.series.exceptions, found.differing) == ((ChangedDate(day, late, "Other"),), ())


@pytest.mark.parametrize("fold", [0, 1])
def test_a_date_in_a_repeated_hour_is_in_its_place_at_either_reading_h29(fold: int) -> None:
    autumn = replace(sundays(), range=Range.times(date(2026, 10, 18), 5))
    dates = read_dates(autumn)
    night = date(2026, 10, 25)
    begun = datetime.combine(night, time(2, 30, fold=fold), BERLIN)
    dates[1] = shown(night, autumn, Timed(begun, begun.astimezone(UTC) + timedelta(hours=1)))
    window = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert rebuilt(autumn, dates, window, BERLIN).differing == ()


def test_a_first_date_in_a_skipped_hour_does_not_mislead_about_the_others_h29() -> None:
    """The master shows 03:30 on the night on which 02:30 was skipped."""
    rule = replace(sundays(), range=Range.times(date(2027, 3, 28), 5))
    misled = replace(rule, times=WallTimes(time(3, 30), time(3, 30)))
    found = timed_by(RuleRead(misled), read_dates(rule))
    assert found == RuleRead(rule)


def test_a_single_date_in_a_skipped_hour_does_not_unsay_its_rule_h29() -> None:
    rule = replace(sundays(), range=Range.times(date(2027, 3, 28), 5))
    assert timed_by(RuleRead(rule), read_dates(rule)[:1]) == RuleRead(rule)


def test_without_plain_dates_and_without_a_rule_nothing_is_guessed_h30() -> None:
    read = RuleRead(sundays())
    moved = shown(SUNDAY, sundays(), Timed(WINDOW[0], WINDOW[0] + timedelta(hours=1)), is_exception=True)
    assert timed_by(read, [moved]) == read
    assert timed_by(RuleRead(None, "timeZone x"), read_dates(sundays())) == RuleRead(None, "timeZone x")


def test_a_date_that_nobody_told_the_original_of_is_known_by_its_day() -> None:
    dates = [replace(one, original=f"#{n}") for n, one in enumerate(read_dates(sundays()))]
    found = rebuilt(sundays(), dates, WINDOW, BERLIN)
    assert (found.series.exceptions, found.series.cancelled, found.differing) == ((), frozenset(), ())


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_all_day_dates_are_days_whatever_the_rooms_zone_h31(zone: str) -> None:
    rule = sundays(WholeDays(2))
    found = rebuilt(rule, read_dates(rule), WINDOW, ZoneInfo(zone))
    assert (found.series.exceptions, found.series.cancelled, found.differing) == ((), frozenset(), ())
    assert isinstance(read_dates(rule)[0].span, AllDay)


def values(dates: list[SeriesDate] | None) -> Values:
    return Values("x", Timed(*WINDOW), private=False, dates=None if dates is None else tuple(dates))


def test_a_window_that_rolls_on_moves_no_date_h13() -> None:
    dates = read_dates(sundays())
    begins = datetime(2027, 3, 22, tzinfo=UTC)
    assert not dates_moved(values(dates[:4]), values(dates[1:]), begins)
    assert not dates_moved(values(dates[:4]), values(dates), None)
    assert dates_moved(values(dates), values(dates[2:]), begins)
    assert dates_moved(values(dates), values([*dates[:4], replace(dates[4], blocks=False)]), begins)
    assert dates_moved(values(None), values(dates), begins)


def test_rule_and_exceptions_survive_being_stored() -> None:
    [first, *others] = read_dates(sundays())
    made = values([replace(first, is_exception=True, title="Other"), *others])
    for read in (RuleRead(sundays()), RuleRead(None, "recurrence type"), None):
        kept = replace(made, rule=read)
        assert values_from_json(values_to_json(kept)) == kept


def test_a_rule_that_was_not_known_before_is_news() -> None:
    known = replace(values([]), rule=RuleRead(sundays()))
    assert changed(values([]), known, REMOTE_GROUPS) == {"rule"}
    assert changed(known, replace(known, rule=RuleRead(None, "timeZone")), REMOTE_GROUPS) == {"rule"}


def test_what_was_stored_before_rules_were_read_is_still_read() -> None:
    stored = values_to_json(values(read_dates(sundays())))
    stored["dates"] = [one[:5] for one in stored["dates"]]
    stored.pop("rule", None)
    assert values_from_json(stored) == values(read_dates(sundays()))


def test_a_stored_rule_whose_zone_is_not_known_any_more_is_set_aside_h30() -> None:
    stored = values_to_json(replace(values([]), rule=RuleRead(sundays())))
    stored["rule"]["rule"]["zone"] = "Atlantis/Capital"
    assert values_from_json(stored).rule == RuleRead(None, "timeZone")
