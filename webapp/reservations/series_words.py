"""A rule as a sentence, and the words beside the fields of a series."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from webapp.domain import rule_dates
from webapp.domain.rule import WEEK, Pattern, PatternType, RangeType, Rule, Weekday
from webapp.words import Words

SERIES_FIELD_WORDS = {
    "interval_small": "It repeats every day, week, month or year, or every so many. Enter 1 or more.",
    "no_days": "On which days? Tick one or more.",
    "no_such_day_of_month": "A month has days 1 to 31. Enter one of them; shorter months take their last day.",
    "no_such_month": "Choose a month.",
    "day_out_of_range": "Calendars in Outlook know no such day. Choose one between 1601 and 4500.",
    "no_end_date": "Until which day? Enter it, or choose another end.",
    "until_before_start": "The last day is before the first. Set it to the first day or later.",
    "count_small": "How many times? Enter 1 or more.",
    "unknown_zone": "Nobody knows this time zone. Choose one of the list.",
    "no_dates": "No date of this series comes before its end. Set a later end, or choose other days.",
    "longer_than_interval": "One date would still last when the next begins. Shorten it, or repeat it less often.",
    "crosses_previous_date": (
        "The date before it is on that day or later. Outlook keeps the dates of a series in order: "
        "choose a day between its neighbours."
    ),
    "crosses_next_date": (
        "The date after it is on that day or earlier. Outlook keeps the dates of a series in order: "
        "choose a day between its neighbours."
    ),
    "pattern_cannot_move": "These dates cannot all be moved by so many days. Choose anew on which days it repeats.",
    "no_such_date": "The series has no such date any more. Open it again.",
}
"""Sentences beside a field, by the codes of `Fault`."""

RULE_WORDS = {
    "rule_zone_unknown": Words(
        "Its rule is set aside: nobody knows the time zone <bdi>{detail}</bdi>",
        "Every date below is Outlook’s own and blocks the room.",
        ("Give the series another time zone in Outlook; its rule is then read by itself.",),
    ),
    "rule_unreadable": Words(
        "Its rule is set aside: it could not be read",
        "Outlook says something in it that no rule can be made of (<bdi>{detail}</bdi>). "
        "Every date below is Outlook’s own and blocks the room.",
        ("Save the series once more in Outlook.",),
    ),
    "rule_differs": Words(
        "Some dates are not where its rule has them",
        "In Outlook they are at other times or on other days: {count}, among them {dates}. "
        "Outlook’s dates count, and block the room.",
        ("Open the series in Outlook and see whether its rule is the one that was meant.",),
    ),
}
"""What does not fit a series, by `meeting.rule_code`."""


class Doing(StrEnum):
    """What is about to be done with dates of a series."""

    EDIT = "edit"
    CANCEL = "cancel"
    DECLINE = "decline"


WHICH_WORDS: dict[Doing, dict[str, tuple[str, str]]] = {
    Doing.EDIT: {
        "one": (
            "Only this date",
            "The time or title of {when} alone. It is marked as changed; all other dates stay.",
        ),
        "following": (
            "This and all following dates",
            "From {when} on it goes on as a series of its own, here and in Outlook. The dates before it stay.",
        ),
        "all": (
            "All dates",
            "Title, times and days of the whole series. Where times or days change, dates that were changed by "
            "themselves go where the new rule has them.",
        ),
    },
    Doing.CANCEL: {
        "one": ("Only this date", "{when} alone is cancelled{in_all}; all other dates stay."),
        "following": (
            "This and all following dates",
            "The series ends before {when}: it and all dates after it are cancelled{in_all}.",
        ),
        "all": ("All dates", "{all_of_it}"),
    },
    Doing.DECLINE: {
        "one": ("Only this date", "<bdi>{room}</bdi> is free on {when}; it keeps all other dates."),
        "all": ("All dates", "<bdi>{room}</bdi> is taken out of the whole series."),
    },
}
"""What each choice is called and does, by `webapp.reservations.which.Which`."""

IS_FREE = "<bdi>{room}</bdi> is free on all of them: {dates}."
IS_TAKEN = "<bdi>{room}</bdi> is taken on {taken} of {dates}. Which they are is told before anything is booked."
ALL_CANCELLED = "The whole series is cancelled."
ALL_LEFT = "<bdi>{room}</bdi> is taken off the whole series; its other rooms keep it."

_UNITS = {
    PatternType.DAILY: "day",
    PatternType.WEEKLY: "week",
    PatternType.ABSOLUTE_MONTHLY: "month",
    PatternType.RELATIVE_MONTHLY: "month",
    PatternType.ABSOLUTE_YEARLY: "year",
    PatternType.RELATIVE_YEARLY: "year",
}
MONTHS = (
    *("", "January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
WEEK_FROM_MONDAY = (*WEEK[1:], WEEK[0])
_WORKDAYS = WEEK[1:6]
_IN_EVERY_MONTH = 28


class Sentence(NamedTuple):
    """The parts of the sentence, one for each group of fields of the editor; empty where nothing is said."""

    every: str
    on: str
    until: str
    times: str

    def __str__(self) -> str:
        """`Every 2 weeks on Tuesday and Thursday until 18 March 2027, 47 times`."""
        begun = " ".join(part for part in (self.every, self.on, self.until) if part)
        return f"{begun}, {self.times}" if self.times else begun


def sentence(rule: Rule) -> Sentence:
    """What a rule says. The end is its last date, whether it was given as a day or as a number."""
    pattern = rule.pattern
    unit = _UNITS[pattern.type]
    every = f"Every {unit}" if pattern.interval == 1 else f"Every {pattern.interval:,} {unit}s"
    total, last = rule_dates.count(rule), rule_dates.last_date(rule)
    if rule.range.type is RangeType.NO_END:
        return Sentence(every, _on(pattern), "", "without end")
    if total is None or last is None:
        return Sentence(every, _on(pattern), "", "but on no date")
    return Sentence(every, _on(pattern), f"until {long_day(last)}", "once" if total == 1 else f"{total:,} times")


def long_day(day: date) -> str:
    """`18 March 2027`."""
    return f"{day.day} {MONTHS[day.month]} {day.year}"


def _on(pattern: Pattern) -> str:
    kind = pattern.type
    if kind is PatternType.DAILY:
        return ""
    if kind is PatternType.WEEKLY:
        weeks = f" (weeks from {_name(pattern.first_day_of_week)})" if _week_counts(pattern) else ""
        return f"on {_weekdays(pattern.days_of_week)}{weeks}"
    if kind is PatternType.ABSOLUTE_MONTHLY:
        return f"on {_day_of_month(pattern.day_of_month)}"
    if kind is PatternType.ABSOLUTE_YEARLY:
        return f"on {_day_of_year(pattern.day_of_month, pattern.month)}"
    of_month = f" of {MONTHS[pattern.month]}" if kind.uses_month else ""
    return f"on the {pattern.index.value} {_any_of(pattern.days_of_week)}{of_month}"


def _week_counts(pattern: Pattern) -> bool:
    """Whether weeks from Sunday, which are Graph's, would put the days of one turn into different weeks."""
    before = [WEEK.index(day) < WEEK.index(pattern.first_day_of_week) for day in pattern.days_of_week]
    return pattern.interval > 1 and len(set(before)) > 1


def _day_of_month(day: int) -> str:
    if day <= _IN_EVERY_MONTH:
        return f"day {day}"
    return "the last day" if day == 31 else f"day {day} (the last day of a shorter month)"


def _day_of_year(day: int, month: int) -> str:
    longest, shortest = monthrange(2000, month)[1], monthrange(2001, month)[1]
    if day <= shortest:
        return f"{day} {MONTHS[month]}"
    if day == longest:
        return f"{day} {MONTHS[month]} ({shortest} {MONTHS[month]} in other years)"
    return f"the last day of {MONTHS[month]}"


def _weekdays(days: tuple[Weekday, ...]) -> str:
    if len(days) == len(WEEK):
        return "every day"
    return "Monday to Friday" if days == _WORKDAYS else _joined(_week_from_monday(days), "and")


def _any_of(days: tuple[Weekday, ...]) -> str:
    if len(days) == len(WEEK):
        return "day"
    return "day from Monday to Friday" if days == _WORKDAYS else _joined(_week_from_monday(days), "or")


def _week_from_monday(days: tuple[Weekday, ...]) -> list[str]:
    return [_name(day) for day in WEEK_FROM_MONDAY if day in days]


def _joined(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _name(day: Weekday) -> str:
    return day.value.capitalize()
