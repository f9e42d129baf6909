"""The fields of a series: what they come to, what follows from the first day, and what is refused beside which."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from webapp.domain.rule import Pattern, PatternType, Range, RangeType, Rule, Weekday, WeekIndex
from webapp.domain.wall import WallTimes, WholeDays
from webapp.reservations.forms import ReservationForm
from webapp.reservations.repeat_shown import RepeatSaid, repeat_said

TUESDAY = date(2026, 11, 24)
NINE = WallTimes(time(9), time(10))
WHOLE = {
    "title": "Works committee",
    "room_id": "1",
    "day": "2026-11-24",
    "start": "09:00",
    "end": "10:00",
    "repeat": "weekly",
    "interval": "1",
    "ends": "numbered",
    "times": "47",
}


@pytest.fixture(autouse=True)
def application() -> Iterator[None]:
    """Forms look for an application, and need nothing of it."""
    with Flask("forms").test_request_context():
        yield


def form_of(**fields: Any) -> ReservationForm:
    return ReservationForm(formdata=MultiDict(WHOLE | fields), meta={"csrf": False})


def said_of(form: ReservationForm) -> RepeatSaid | None:
    """What is said before a room is chosen, of which nothing is asked."""
    return repeat_said(Session(), form, None)


def weekly(**pattern: Any) -> Pattern:
    return Pattern(
        PatternType.WEEKLY, **{"days_of_week": (Weekday.TUESDAY,), "first_day_of_week": Weekday.MONDAY} | pattern
    )


@pytest.mark.parametrize(
    ("fields", "pattern"),
    [
        ({"repeat": "daily", "interval": "3"}, Pattern(PatternType.DAILY, 3)),
        ({}, weekly()),
        ({"days_of_week": ["thursday", "tuesday"], "interval": "2"},
         weekly(interval=2, days_of_week=(Weekday.TUESDAY, Weekday.THURSDAY))),
        ({"first_day_of_week": "saturday"}, weekly(first_day_of_week=Weekday.SATURDAY)),
        ({"repeat": "absoluteMonthly"}, Pattern(PatternType.ABSOLUTE_MONTHLY, day_of_month=24)),
        ({"repeat": "absoluteMonthly", "day_of_month": "31"}, Pattern(PatternType.ABSOLUTE_MONTHLY, day_of_month=31)),
        ({"repeat": "relativeMonthly"},
         Pattern(PatternType.RELATIVE_MONTHLY, days_of_week=(Weekday.TUESDAY,), index=WeekIndex.FOURTH)),
        ({"repeat": "relativeMonthly", "index": "last", "days_of_week": ["friday"]},
         Pattern(PatternType.RELATIVE_MONTHLY, days_of_week=(Weekday.FRIDAY,), index=WeekIndex.LAST)),
        ({"repeat": "absoluteYearly"}, Pattern(PatternType.ABSOLUTE_YEARLY, day_of_month=24, month=11)),
        ({"repeat": "absoluteYearly", "month": "2", "day_of_month": "29"},
         Pattern(PatternType.ABSOLUTE_YEARLY, day_of_month=29, month=2)),
        ({"repeat": "relativeYearly", "month": "3"},
         Pattern(PatternType.RELATIVE_YEARLY, days_of_week=(Weekday.TUESDAY,), index=WeekIndex.FOURTH, month=3)),
        ({"day": "2026-11-30", "repeat": "relativeMonthly"},
         Pattern(PatternType.RELATIVE_MONTHLY, days_of_week=(Weekday.MONDAY,), index=WeekIndex.LAST)),
    ],
)  # fmt: skip
def test_every_kind_of_series_is_read_and_what_is_left_empty_follows_the_first_day(
    fields: dict[str, Any], pattern: Pattern
) -> None:
    form = form_of(**fields)
    assert form.validate(), form.errors
    rule = form.rule("Europe/London")
    assert rule is not None
    assert (rule.pattern, rule.zone, rule.times) == (pattern, "Europe/London", NINE)


@pytest.mark.parametrize(
    ("fields", "span"),
    [
        ({"ends": "noEnd", "until": "what", "times": "x"}, Range.endless(TUESDAY)),
        ({"ends": "endDate", "until": "2027-03-18"}, Range.until(TUESDAY, date(2027, 3, 18))),
        ({"ends": "numbered", "until": "what"}, Range.times(TUESDAY, 47)),
    ],
)
def test_every_end_is_read_and_the_fields_of_the_others_do_not_count(fields: dict[str, Any], span: Range) -> None:
    form = form_of(**fields)
    assert form.validate(), form.errors
    rule = form.rule("Europe/London")
    assert rule is not None
    assert rule.range == span


def test_a_series_begins_with_its_first_date_not_with_the_day_before_it() -> None:
    rule = form_of(days_of_week=["thursday"]).rule("Europe/London")
    assert rule is not None
    assert rule.range == Range.times(date(2026, 11, 26), 47)


def test_a_series_of_several_whole_days_and_one_over_midnight_are_read() -> None:
    days = form_of(all_day="y", last_day="2026-11-25").rule("Europe/London")
    night = form_of(start="22:00", end="02:00", last_day="2026-11-25").rule("Europe/London")
    assert days is not None and night is not None
    assert days.times == WholeDays(2)
    assert night.times == WallTimes(time(22), time(2), 1)


def test_what_does_not_repeat_asks_for_nothing_of_a_series() -> None:
    form = form_of(repeat="", interval="x", times="", until="what", day_of_month="99")
    assert form.validate(), form.errors
    assert form.rule("Europe/London") is None


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"interval": "0"}, {"interval": "It repeats every day, week, month or year, or every so many."}),
        ({"interval": "often"}, {"interval": "It repeats every day, week, month or year, or every so many."}),
        ({"repeat": "absoluteMonthly", "day_of_month": "32"}, {"day_of_month": "A month has days 1 to 31."}),
        ({"times": "0", "interval": "0"}, {"times": "How many times?", "interval": "It repeats every"}),
        ({"ends": "endDate"}, {"until": "Until which day?"}),
        ({"ends": "endDate", "until": "soon"}, {"until": "This is not a date."}),
        ({"ends": "endDate", "until": "2026-11-23"}, {"until": "The last day is before the first."}),
        ({"ends": "endDate", "until": "2026-11-25", "days_of_week": ["friday"]},
         {"until": "No date of this series comes before its end."}),
        ({"last_day": "2026-11-23", "all_day": "y"}, {"last_day": "The last day is before the day."}),
        ({"end": "08:00"}, {"end": "The end is before the start. Set an end after 09:00"}),
        ({"repeat": "daily", "end": "10:00", "last_day": "2026-11-25"},
         {"end": "One date would still last when the next begins."}),
    ],
)  # fmt: skip
def test_what_graph_would_refuse_is_refused_beside_its_field(fields: dict[str, Any], refused: dict[str, str]) -> None:
    form = form_of(**fields)
    assert not form.validate()
    assert form.errors.keys() == refused.keys()
    for name, words in refused.items():
        assert words in form[name].errors[0]


ROUND_TRIPS = [
    Rule(weekly(), Range.times(TUESDAY, 47), "Europe/London", NINE),
    Rule(weekly(days_of_week=tuple(Weekday), interval=2), Range.endless(TUESDAY), "Europe/London", NINE),
    Rule(Pattern(PatternType.ABSOLUTE_MONTHLY, day_of_month=24), Range.endless(TUESDAY), "Europe/London", NINE),
    Rule(Pattern(PatternType.ABSOLUTE_YEARLY, day_of_month=29, month=2), Range.times(date(2027, 2, 28), 3),
         "Europe/London", NINE),
    Rule(Pattern(PatternType.RELATIVE_MONTHLY, 1, (Weekday.MONDAY, Weekday.TUESDAY), index=WeekIndex.FOURTH),
         Range.until(date(2026, 11, 10), date(2027, 5, 5)), "Europe/London", NINE),
]  # fmt: skip


@pytest.mark.parametrize("rule", ROUND_TRIPS)
def test_a_rule_shown_in_the_fields_and_read_again_is_the_same(rule: Rule) -> None:
    form = form_of(day=rule.range.start.isoformat())
    form.fill_rule(rule)
    assert form.rule(rule.zone) == rule


def test_a_series_moves_with_its_first_day_where_nothing_else_was_chosen() -> None:
    form = form_of()
    form.fill_rule(Rule(weekly(), Range.times(TUESDAY, 47), "Europe/London", NINE))
    form.day.data = date(2026, 11, 25)
    rule = form.rule("Europe/London")
    assert rule is not None
    assert (rule.pattern.days_of_week, rule.range) == ((Weekday.WEDNESDAY,), Range.times(date(2026, 11, 25), 47))


def test_the_sentence_is_said_while_the_fields_are_filled_in() -> None:
    said = said_of(form_of(days_of_week=["tuesday", "thursday"], interval="2"))
    assert said is not None
    assert said.sentence == "Every 2 weeks on Tuesday and Thursday until 12 October 2027, 47 times"
    assert (said.first, said.missing) == ("", "")


def test_a_first_date_later_than_the_day_is_said() -> None:
    said = said_of(form_of(days_of_week=["thursday"]))
    assert said is not None
    assert said.first == "26 November 2026"


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"day": ""}, "This is not a date."),
        ({"start": ""}, "This is not a time."),
        ({"times": ""}, "How many times?"),
        ({"day": "2026-11-24", "last_day": "2026-11-20"}, "The end is before the start."),
    ],
)
def test_what_the_sentence_still_lacks_stands_in_its_place(fields: dict[str, str], missing: str) -> None:
    said = said_of(form_of(**fields))
    assert said is not None
    assert said.missing.startswith(missing)
    assert not said.sentence


def test_nothing_is_said_of_what_does_not_repeat() -> None:
    assert said_of(form_of(repeat="")) is None


def test_an_unknown_choice_reads_as_the_default() -> None:
    rule = form_of(repeat="hourly", ends="sometime", until="2026-12-01", index="fifth").rule("Europe/London")
    assert rule is not None
    assert (rule.pattern.type, rule.range.type) == (PatternType.DAILY, RangeType.END_DATE)
