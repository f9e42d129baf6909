"""The fields by which a reservation repeats, read into a rule.

What is left empty follows the first day: its weekday, its day of the month, its month, which of the month's weekdays
it is. So a new day moves the series with it, with and without a script, and nothing ticked earlier is left behind.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from wtforms import DateField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.domain.rule import Fault, InvalidRule, PatternType, RangeType, Rule, Weekday, WeekIndex, checked_rule
from webapp.domain.series_checks import faults_of_rule
from webapp.domain.series_edit import anchored
from webapp.forms import is_whole, trimmed, whole
from webapp.reservations.series_words import MONTHS, WEEK_FROM_MONDAY
from webapp.reservations.when_form import WhenForm

Choice = TypeVar("Choice", bound=StrEnum)

AS_FIRST = "As the first day"

_FIELD_OF = {"end": "until", "count": "times", "start": "day", "end_time": "end", "zone": "room_id"}
"""Where the form says a fault of a rule, if not at a field of that name."""


class RepeatForm(WhenForm):
    """How often, on which days, and until when; `repeat` empty: once."""

    repeat = SelectField(
        "Repeat",
        choices=[
            SelectChoice("", "Does not repeat"),
            SelectChoice(PatternType.DAILY.value, "Daily"),
            SelectChoice(PatternType.WEEKLY.value, "Weekly"),
            SelectChoice(PatternType.ABSOLUTE_MONTHLY.value, "Monthly, on the same day"),
            SelectChoice(PatternType.RELATIVE_MONTHLY.value, "Monthly, on the same weekday"),
            SelectChoice(PatternType.ABSOLUTE_YEARLY.value, "Yearly, on the same day"),
            SelectChoice(PatternType.RELATIVE_YEARLY.value, "Yearly, on the same weekday"),
        ],
        default="",
        validate_choice=False,
    )
    interval = StringField("Every", default="1", filters=[trimmed])
    days_of_week = SelectMultipleField(
        "On",
        choices=[SelectChoice(day.value, day.value.capitalize()) for day in WEEK_FROM_MONDAY],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    index = SelectField(
        "Which of the month",
        choices=[SelectChoice("", AS_FIRST), *(SelectChoice(one.value, one.value.capitalize()) for one in WeekIndex)],
        default="",
        validate_choice=False,
    )
    day_of_month = StringField("Day of the month", filters=[trimmed])
    month = SelectField(
        "Month",
        choices=[SelectChoice("", AS_FIRST), *(SelectChoice(str(one), MONTHS[one]) for one in range(1, 13))],
        default="",
        validate_choice=False,
    )
    first_day_of_week = SelectField(
        "Weeks begin on",
        choices=[SelectChoice(day.value, day.value.capitalize()) for day in WEEK_FROM_MONDAY],
        default=Weekday.MONDAY.value,
        validate_choice=False,
    )
    ends = SelectField(
        "Ends",
        choices=[
            SelectChoice(RangeType.END_DATE.value, "On a day"),
            SelectChoice(RangeType.NUMBERED.value, "After … times"),
            SelectChoice(RangeType.NO_END.value, "Never"),
        ],
        default=RangeType.END_DATE.value,
        validate_choice=False,
    )
    until = DateField("Until", [Optional()])
    times = StringField("Times", filters=[trimmed])

    @property
    def repeats(self) -> bool:
        """Whether it is to be a series."""
        return bool(self.repeat.data)

    @property
    def ends_by_date(self) -> bool:
        """Whether `until` counts."""
        return self.repeats and self.ends.data not in (RangeType.NUMBERED.value, RangeType.NO_END.value)

    def must_repeat(self) -> None:
        """A series stays one: offer, and read, no other choice."""
        self.repeat.choices = self.repeat.choices[1:]
        self.repeat.data = self.repeat.data or PatternType.DAILY.value

    def rule_from(self, first: date, times: dict[str, Any], zone: str) -> Rule:
        """The rule that these fields say of a series that may begin on `first`, from its first date on; `times` are
        the fields of `WallTimes` or `WholeDays`. Raises `InvalidRule` with every fault at once."""
        rule = checked_rule(self._pattern(first), self._range(first), zone, times)
        faults = faults_of_rule(rule)
        if faults:
            raise InvalidRule(tuple(faults))
        return anchored(rule)

    def fill_rule(self, rule: Rule) -> None:
        """Show a rule; what follows from its first day stays empty."""
        pattern, span = rule.pattern, rule.range
        own = implied(pattern.type, span.start)
        days = tuple(Weekday(day) for day in own.get("days_of_week", ()))
        self.repeat.data, self.interval.data = pattern.type.value, str(pattern.interval)
        self.days_of_week.data = [] if pattern.days_of_week == days else [day.value for day in pattern.days_of_week]
        self.index.data = "" if pattern.index == own.get("index") else pattern.index.value
        self.day_of_month.data = "" if pattern.day_of_month == own.get("day_of_month") else str(pattern.day_of_month)
        self.month.data = "" if pattern.month == own.get("month") else str(pattern.month)
        self.first_day_of_week.data = pattern.first_day_of_week.value
        self.ends.data, self.until.data = span.type.value, span.end
        self.times.data = str(span.count) if span.count else ""

    def _pattern(self, first: date) -> dict[str, Any]:
        kind = _one_of(PatternType, self.repeat.data, PatternType.DAILY)
        days = tuple(day for day in Weekday if day.value in (self.days_of_week.data or ()))
        said = {
            "days_of_week": days,
            "index": _one_of(WeekIndex, self.index.data, None),
            "day_of_month": _number(self.day_of_month.data) if self.day_of_month.data else None,
            "month": _number(self.month.data) if self.month.data else None,
        }
        return {
            "type": kind,
            "interval": _number(self.interval.data),
            "first_day_of_week": _one_of(Weekday, self.first_day_of_week.data, Weekday.MONDAY),
            **implied(kind, first),
            **{name: value for name, value in said.items() if value not in (None, ())},
        }

    def _range(self, first: date) -> dict[str, Any]:
        kind = _one_of(RangeType, self.ends.data, RangeType.END_DATE)
        return {"type": kind, "start": first, "end": self.until.data, "count": _number(self.times.data)}


def faults_by_field(error: InvalidRule) -> dict[str, Fault]:
    """The first fault of each field of the form."""
    return {field_of_fault(fault.field): fault for fault in reversed(error.faults)}


def field_of_fault(name: str) -> str:
    """The field of the form that says a fault of a rule, or of one of its dates."""
    return _FIELD_OF.get(name, name)


def implied(kind: PatternType, day: date) -> dict[str, Any]:
    """What the first day says of a pattern: its weekday and which of the month's it is, its day, its month."""
    which = (day.day - 1) // 7
    return {
        **({"days_of_week": (Weekday.of(day),)} if kind.uses_days else {}),
        **({"index": tuple(WeekIndex)[which]} if kind.uses_index else {}),
        **({"day_of_month": day.day} if kind.uses_day_of_month else {}),
        **({"month": day.month} if kind.uses_month else {}),
    }


def _one_of(choices: type[Choice], text: str | None, default: Any) -> Any:
    """The choice of that value; anything that no page of ours offers reads as the default."""
    return next((one for one in choices if one.value == text), default)


def _number(text: str | None) -> int:
    """A number; what is none reads as 0, which every field refuses in its own words."""
    return whole(text or "") if is_whole(text) else 0
