"""The rule of a series: when in a day, in which zone, on which dates, and until when.

Everything here is what a Graph recurrence can say and nothing more; what it cannot say cannot be built. Names of
types, days and indexes are Graph's own. Fields that a pattern does not use are put back to their defaults, so equal
rules are equal values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from webapp.domain.wall import DayTimes, WallTimes, WholeDays
from webapp.domain.zones import UnknownZone, zone_info

FIRST_DAY = date(1601, 1, 1)
LAST_DAY = date(4500, 8, 31)
"""Exchange's calendars know no day before or after these."""


class Weekday(StrEnum):
    """Graph's names of the days, in the order in which it lists them."""

    SUNDAY = "sunday"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"

    @property
    def number(self) -> int:
        """As `date.weekday()` counts: Monday is 0."""
        return (WEEK.index(self) - 1) % 7

    @classmethod
    def of(cls, day: date) -> Weekday:
        """The day of the week of a date."""
        return WEEK[(day.weekday() + 1) % 7]


WEEK = tuple(Weekday)


class PatternType(StrEnum):
    """How the dates repeat."""

    DAILY = "daily"
    WEEKLY = "weekly"
    ABSOLUTE_MONTHLY = "absoluteMonthly"
    RELATIVE_MONTHLY = "relativeMonthly"
    ABSOLUTE_YEARLY = "absoluteYearly"
    RELATIVE_YEARLY = "relativeYearly"

    @property
    def uses_days(self) -> bool:
        """Whether `days_of_week` counts."""
        return self in (PatternType.WEEKLY, PatternType.RELATIVE_MONTHLY, PatternType.RELATIVE_YEARLY)

    @property
    def uses_index(self) -> bool:
        """Whether `index` counts: the first, … or last fitting day of a month."""
        return self in (PatternType.RELATIVE_MONTHLY, PatternType.RELATIVE_YEARLY)

    @property
    def uses_day_of_month(self) -> bool:
        """Whether `day_of_month` counts."""
        return self in (PatternType.ABSOLUTE_MONTHLY, PatternType.ABSOLUTE_YEARLY)

    @property
    def uses_month(self) -> bool:
        """Whether `month` counts."""
        return self in (PatternType.ABSOLUTE_YEARLY, PatternType.RELATIVE_YEARLY)


class WeekIndex(StrEnum):
    """Which of the fitting days of a month; there is no fifth, only a last."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"
    LAST = "last"


class RangeType(StrEnum):
    """How a series ends."""

    END_DATE = "endDate"
    NO_END = "noEnd"
    NUMBERED = "numbered"


class Fault(NamedTuple):
    """What is wrong, and with which field; words for it are the panel's."""

    field: str
    code: str


class InvalidRule(ValueError):
    """Graph could not say this; `faults` name every field that is wrong."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__(", ".join(f"{one.field}: {one.code}" for one in faults))


@dataclass(frozen=True)
class Pattern:
    """On which dates. Months and years count from the month and year of the range's start, weeks from its week.

    `day_of_month` beyond the end of a month is its last day. With several `days_of_week` a relative pattern takes
    the first, … or last day of the month that is any of them.
    """

    type: PatternType
    interval: int = 1
    days_of_week: tuple[Weekday, ...] = ()
    first_day_of_week: Weekday = Weekday.SUNDAY
    index: WeekIndex = WeekIndex.FIRST
    day_of_month: int = 0
    month: int = 0

    def __post_init__(self) -> None:
        kind = self.type
        days = tuple(day for day in WEEK if day in self.days_of_week) if kind.uses_days else ()
        object.__setattr__(self, "days_of_week", days)
        if kind is not PatternType.WEEKLY:
            object.__setattr__(self, "first_day_of_week", Weekday.SUNDAY)
        if not kind.uses_index:
            object.__setattr__(self, "index", WeekIndex.FIRST)
        if not kind.uses_day_of_month:
            object.__setattr__(self, "day_of_month", 0)
        if not kind.uses_month:
            object.__setattr__(self, "month", 0)
        _raise_if(self._faults())

    def _faults(self) -> list[Fault]:
        faults = []
        if self.interval < 1:
            faults.append(Fault("interval", "interval_small"))
        if self.type.uses_days and not self.days_of_week:
            faults.append(Fault("days_of_week", "no_days"))
        if self.type.uses_day_of_month and not 1 <= self.day_of_month <= 31:
            faults.append(Fault("day_of_month", "no_such_day_of_month"))
        if self.type.uses_month and not 1 <= self.month <= 12:
            faults.append(Fault("month", "no_such_month"))
        return faults


@dataclass(frozen=True)
class Range:
    """From `start`, a date of the rule's zone, for ever, up to and including `end`, or `count` times."""

    type: RangeType
    start: date
    end: date | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if self.type is not RangeType.END_DATE:
            object.__setattr__(self, "end", None)
        if self.type is not RangeType.NUMBERED:
            object.__setattr__(self, "count", None)
        _raise_if(self._faults())

    def _faults(self) -> list[Fault]:
        faults = []
        if not FIRST_DAY <= self.start <= LAST_DAY:
            faults.append(Fault("start", "day_out_of_range"))
        if self.type is RangeType.END_DATE and self.end is None:
            faults.append(Fault("end", "no_end_date"))
        if self.end is not None and self.end < self.start:
            faults.append(Fault("end", "until_before_start"))
        if self.type is RangeType.NUMBERED and (self.count is None or self.count < 1):
            faults.append(Fault("count", "count_small"))
        return faults

    @classmethod
    def until(cls, start: date, end: date) -> Range:
        """A range that ends by date."""
        return cls(RangeType.END_DATE, start, end=end)

    @classmethod
    def times(cls, start: date, count: int) -> Range:
        """A range that ends by number."""
        return cls(RangeType.NUMBERED, start, count=count)

    @classmethod
    def endless(cls, start: date) -> Range:
        """A range without end."""
        return cls(RangeType.NO_END, start)


@dataclass(frozen=True)
class Rule:
    """All that moves together when a series is changed: times, zone, pattern and range.

    `zone` is an IANA name; the dates are its dates, and the clock times its clock's, so instants follow from
    whatever its rules are today (H29, H34). All-day series have dates alone; the zone is kept for the record.
    """

    pattern: Pattern
    range: Range
    zone: str
    times: DayTimes

    def __post_init__(self) -> None:
        try:
            self.rules()
        except UnknownZone:
            raise InvalidRule((Fault("zone", "unknown_zone"),)) from None

    def rules(self) -> ZoneInfo:
        """The zone's rules as this machine knows them now."""
        return zone_info(self.zone)

    @property
    def is_all_day(self) -> bool:
        """Whether its dates are whole days."""
        return isinstance(self.times, WholeDays)


def checked_rule(pattern: dict[str, Any], span: dict[str, Any], zone: str, times: dict[str, Any]) -> Rule:
    """A rule from typed values, by the names of the fields of `Pattern`, `Range` and `WallTimes` or `WholeDays`.

    Raises `InvalidRule` with the faults of all of them at once, as a form shows them.
    """
    faults: list[Fault] = []

    def part(make: Callable[..., Any], fields: dict[str, Any]) -> Any:
        try:
            return make(**fields)
        except InvalidRule as error:
            faults.extend(error.faults)
        except ValueError as error:
            faults.append(Fault("end_time", str(error)))
        return None

    made_pattern, made_range = part(Pattern, pattern), part(Range, span)
    made_times = part(WholeDays if "days" in times else WallTimes, times)
    try:
        zone_info(zone)
    except UnknownZone:
        faults.append(Fault("zone", "unknown_zone"))
    _raise_if(faults)
    return Rule(made_pattern, made_range, zone, made_times)


def _raise_if(faults: list[Fault]) -> None:
    if faults:
        raise InvalidRule(tuple(faults))
