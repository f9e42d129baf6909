"""Short names for the series of tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from webapp.domain.intervals import Timed
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import DayTimes, WallTimes

NINE = WallTimes(time(9), time(10))
TUESDAY = date(2026, 11, 24)
BERLIN = "Europe/Berlin"


def rule(
    pattern: Pattern | None = None, span: Range | None = None, zone: str = BERLIN, times: DayTimes = NINE
) -> Rule:
    """Daily without end from a Tuesday, 9 to 10 in Berlin, unless told otherwise."""
    return Rule(pattern or Pattern(PatternType.DAILY), span or Range.endless(TUESDAY), zone, times)


def weekly(*days: str, **fields: Any) -> Pattern:
    """Weekly on these days."""
    return Pattern(PatternType.WEEKLY, days_of_week=tuple(Weekday(day) for day in days), **fields)


def monthly(day: int, **fields: Any) -> Pattern:
    """Monthly on a day."""
    return Pattern(PatternType.ABSOLUTE_MONTHLY, day_of_month=day, **fields)


def utc(text: str) -> datetime:
    """An instant from `2026-11-24T09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def timed(start: str, end: str) -> Timed:
    """From one to another instant in UTC."""
    return Timed(utc(start), utc(end))


def day(text: str) -> date:
    """A date from `2026-11-24`."""
    return date.fromisoformat(text)
