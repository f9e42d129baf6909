"""A rule as a sentence, in parts that follow the fields of its editor."""

from __future__ import annotations

from datetime import date

import pytest

from tests.domain.series.rules import TUESDAY, monthly, rule, weekly
from webapp.domain.rule import Pattern, PatternType, Range, Weekday, WeekIndex
from webapp.reservations.series_words import sentence

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
ALL = (*WORKDAYS, "saturday", "sunday")


def on(index: str, *days: str, month: int = 0, interval: int = 1) -> Pattern:
    kind = PatternType.RELATIVE_YEARLY if month else PatternType.RELATIVE_MONTHLY
    return Pattern(kind, interval, tuple(Weekday(day) for day in days), index=WeekIndex(index), month=month)


def yearly(day: int, month: int) -> Pattern:
    return Pattern(PatternType.ABSOLUTE_YEARLY, day_of_month=day, month=month)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (Pattern(PatternType.DAILY), "Every day"),
        (Pattern(PatternType.DAILY, 3), "Every 3 days"),
        (weekly("tuesday"), "Every week on Tuesday"),
        (weekly("thursday", "tuesday", interval=2), "Every 2 weeks on Tuesday and Thursday"),
        (weekly("sunday", "monday", "friday"), "Every week on Monday, Friday and Sunday"),
        (weekly(*WORKDAYS), "Every week on Monday to Friday"),
        (weekly(*ALL), "Every week on every day"),
        (
            weekly("sunday", "tuesday", interval=2, first_day_of_week=Weekday.MONDAY),
            "Every 2 weeks on Tuesday and Sunday (weeks from Monday)",
        ),
        (monthly(15), "Every month on day 15"),
        (monthly(30), "Every month on day 30 (the last day of a shorter month)"),
        (monthly(31, interval=3), "Every 3 months on the last day"),
        (on("second", "wednesday"), "Every month on the second Wednesday"),
        (on("first", "friday", "thursday"), "Every month on the first Thursday or Friday"),
        (on("last", *WORKDAYS), "Every month on the last day from Monday to Friday"),
        (on("last", *ALL), "Every month on the last day"),
        (yearly(15, 4), "Every year on 15 April"),
        (yearly(29, 2), "Every year on 29 February (28 February in other years)"),
        (yearly(30, 2), "Every year on the last day of February"),
        (yearly(31, 4), "Every year on the last day of April"),
        (yearly(31, 12), "Every year on 31 December"),
        (on("last", "wednesday", month=11, interval=2), "Every 2 years on the last Wednesday of November"),
    ],
)
def test_a_pattern_reads_as_a_sentence(pattern: Pattern, said: str) -> None:
    assert str(sentence(rule(pattern))) == f"{said}, without end"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Range.times(TUESDAY, 47), "until 12 October 2027, 47 times"),
        (Range.until(TUESDAY, date(2026, 12, 20)), "until 10 December 2026, 4 times"),
        (Range.times(TUESDAY, 1), "until 24 November 2026, once"),
    ],
)
def test_the_end_is_the_last_date_and_how_often_until_then(span: Range, said: str) -> None:
    pattern = weekly("tuesday", "thursday", interval=2)
    assert str(sentence(rule(pattern, span))) == f"Every 2 weeks on Tuesday and Thursday {said}"


def test_a_series_that_has_no_date_says_so() -> None:
    never = rule(weekly("thursday"), Range.until(TUESDAY, TUESDAY))
    assert str(sentence(never)) == "Every week on Thursday, but on no date"


def test_the_parts_follow_the_groups_of_fields() -> None:
    parts = sentence(rule(weekly("tuesday", interval=2), Range.times(TUESDAY, 2)))
    assert parts == ("Every 2 weeks", "on Tuesday", "until 8 December 2026", "2 times")
