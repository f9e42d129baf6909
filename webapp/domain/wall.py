"""Clock times of a zone and the instants that they mean (docs/graph.md#clock-changes)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.intervals import AllDay, Span, Timed

_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class WallTimes:
    """From `start` on a date to `end` that many days later, as clocks on the wall show it; may be of no length."""

    start: time
    end: time
    days_later: int = 0

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("a time of day with a zone of its own was given where a clock's time is needed")
        if self.length < timedelta(0):
            raise ValueError("end_before_start")

    @property
    def length(self) -> timedelta:
        """How long it lasts by the clock on the wall."""
        begin = datetime.combine(_ANY_DAY, self.start)
        return datetime.combine(_ANY_DAY, self.end) + timedelta(days=self.days_later) - begin

    def span_on(self, day: date, zone: ZoneInfo) -> Timed:
        """The instants on one date.

        Both clock times are kept. Where the clocks skip so much that nothing would be left of it, its length is.
        """
        start = instant(day, self.start, zone)
        end = instant(day + timedelta(days=self.days_later), self.end, zone)
        return Timed(start, end if end > start else start + self.length)


@dataclass(frozen=True)
class WholeDays:
    """So many whole days from a date on."""

    days: int = 1

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("end_before_start")

    def span_on(self, day: date, zone: ZoneInfo) -> AllDay:
        """The days from one date on; the zone plays no part."""
        return AllDay(day, day + timedelta(days=self.days))


DayTimes = WallTimes | WholeDays
"""When a series takes place on its dates."""


def times_of(span: Span, zone: ZoneInfo) -> DayTimes:
    """What clocks on the wall show of one date."""
    if isinstance(span, AllDay):
        return WholeDays((span.end - span.start).days)
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if end.replace(tzinfo=None) < start.replace(tzinfo=None):
        end = start + (span.end - span.start)  # the clock was turned back between them
    return WallTimes(start.time(), end.time(), (end.date() - start.date()).days)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """What a clock's time means: a skipped one moves forward by what was skipped, of a repeated one the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def readings(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Every instant that a clock's time can be taken for; more than one only where the clocks change."""
    both = (datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1))
    return tuple(dict.fromkeys(both))
