"""Spans of time: timed ones are instants in UTC, all-day ones are dates with the end left out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import accumulate
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Timed:
    """From `start` to `end`, aware instants in UTC; half-open, so 10-11 and 11-12 do not touch."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a naive datetime was given where an instant is needed")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Start and end as instants; the zone plays no part."""
        return self.start, self.end


@dataclass(frozen=True)
class AllDay:
    """Whole days from `start` to before `end`, in whatever zone the room lives (H31)."""

    start: date
    end: date

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Midnight to midnight in the room's zone, as UTC instants."""
        return _midnight(self.start, zone), _midnight(self.end, zone)


Span = Timed | AllDay


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def overlap(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    """Whether two half-open pairs of instants share any time; an empty pair shares none."""
    return one[0] < other[1] and other[0] < one[1] and one[0] < one[1] and other[0] < other[1]


Instants = tuple[datetime, datetime]


def touching(spans: Iterable[Instants]) -> Callable[[Instants], bool]:
    """Tells whether a pair of instants overlaps any of `spans`: the many dates of a series are sorted once, and not
    compared with each other one."""
    held = sorted(span for span in spans if span[0] < span[1])
    starts = [start for start, _ in held]
    last_ends = list(accumulate((end for _, end in held), max))

    def touch(other: Instants) -> bool:
        begun_before = bisect_left(starts, other[1])
        return begun_before > 0 and last_ends[begun_before - 1] > other[0] and other[0] < other[1]

    return touch


def span_to_json(span: Span) -> dict[str, str]:
    """A span as plain values."""
    if isinstance(span, AllDay):
        return {"start_date": span.start.isoformat(), "end_date": span.end.isoformat()}
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}


def span_from_json(data: dict[str, str]) -> Span:
    """The span that `span_to_json` wrote."""
    if "start_date" in data:
        return AllDay(date.fromisoformat(data["start_date"]), date.fromisoformat(data["end_date"]))
    start, end = datetime.fromisoformat(data["start"]), datetime.fromisoformat(data["end"])
    return Timed(start.astimezone(UTC), end.astimezone(UTC))
