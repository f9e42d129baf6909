"""A series: its rule, the dates that were changed, the dates that were cancelled; expanded inside a window.

A date of a series is known by its original date, the day on which the rule has it (H22). The sync and the panel
build on this module; `webapp.domain.rule` says what a rule is, `rule_dates` which dates it has, `series_edit` what
becomes of a series that is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from webapp.domain import rule_dates
from webapp.domain.intervals import AllDay, Span
from webapp.domain.rule import Rule
from webapp.domain.wall import WholeDays, readings

_MARGIN = timedelta(days=2)
"""A date and the instants that it stands for in any zone are less than this apart."""


@dataclass(frozen=True)
class ChangedDate:
    """A date that differs from its series; what is None is as the rule has it."""

    original: date
    span: Span | None = None
    title: str | None = None


@dataclass(frozen=True)
class Occurrence:
    """One date as it takes place: `span`. `planned` is where the rule has it: Graph's original start."""

    original: date
    span: Span
    planned: Span
    title: str | None = None
    is_exception: bool = False


@dataclass(frozen=True)
class Series:
    """A rule with its exceptions and cancelled dates. A date that is both is cancelled."""

    rule: Rule
    exceptions: tuple[ChangedDate, ...] = ()
    cancelled: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        by_date = {one.original: one for one in self.exceptions if one.original not in self.cancelled}
        object.__setattr__(self, "exceptions", tuple(by_date[day] for day in sorted(by_date)))
        object.__setattr__(self, "cancelled", frozenset(self.cancelled))

    @cached_property
    def changed(self) -> dict[date, ChangedDate]:
        """The exceptions by their original date."""
        return {one.original: one for one in self.exceptions}

    def has_date(self, day: date) -> bool:
        """Whether something takes place that originally was on this day."""
        return day in self.changed or (day not in self.cancelled and rule_dates.has_date(self.rule, day))

    def occurrence(self, original: date) -> Occurrence:
        """What takes place instead of, or on, an original date; `has_date` must hold."""
        planned = self.rule.times.span_on(original, self.rule.rules())
        change = self.changed.get(original)
        if change is None:
            return Occurrence(original, planned, planned)
        return Occurrence(original, change.span or planned, planned, change.title, is_exception=True)


def expand(series: Series, begin: datetime, end: datetime, day_zone: ZoneInfo | None = None) -> list[Occurrence]:
    """What of a series lies in a window, wholly or in part, in order of start (H14, H26).

    All-day dates are midnight to midnight in `day_zone`, the room's zone; without one, in the series' own. The cost
    is that of the window, not that of the series.
    """
    zone = day_zone or series.rule.rules()
    found = [one for one in _candidates(series, begin, end) if _overlaps(one.span.instants(zone), begin, end)]
    return sorted(found, key=lambda one: (*one.span.instants(zone), one.original))


def next_occurrence(series: Series, after: datetime, day_zone: ZoneInfo | None = None) -> Occurrence | None:
    """The first that starts later than an instant; None where nothing is left."""
    zone = day_zone or series.rule.rules()

    def start(one: Occurrence) -> datetime:
        return one.span.instants(zone)[0]

    moved = [series.occurrence(day) for day in series.changed]
    planned = (one for one in _planned_from(series, after.date() - _MARGIN) if start(one) > after)
    later = [one for one in moved if start(one) > after] + [one for one in [next(planned, None)] if one]
    return min(later, key=start, default=None)


def live_count(series: Series) -> int | None:
    """How many dates take place; None for an endless series."""
    total = rule_dates.count(series.rule)
    if total is None:
        return None
    stray = sum(1 for day in series.changed if not rule_dates.has_date(series.rule, day))
    return total + stray - sum(1 for day in series.cancelled if rule_dates.has_date(series.rule, day))


def is_at_planned_time(series: Series, original: date, seen: Span) -> bool:
    """Whether the other side shows a date where the rule has it, also where the clocks change that night and the
    rule's times have two readings (docs/graph.md#clock-changes)."""
    times, zone = series.rule.times, series.rule.rules()
    planned = times.span_on(original, zone)
    if isinstance(times, WholeDays) or isinstance(planned, AllDay) or isinstance(seen, AllDay):
        return planned == seen
    starts = readings(original, times.start, zone)
    ends = {*readings(original + timedelta(days=times.days_later), times.end, zone), planned.end}
    ends |= {start + times.length for start in starts}
    return seen.start in starts and seen.end in ends


def _candidates(series: Series, begin: datetime, end: datetime) -> Iterator[Occurrence]:
    first, last = _day(begin, -_MARGIN - _length(series.rule)), _day(end, _MARGIN)
    for day in rule_dates.dates_between(series.rule, first, last):
        if day not in series.cancelled and day not in series.changed:
            yield series.occurrence(day)
    yield from (series.occurrence(day) for day in series.changed)


def _planned_from(series: Series, first: date) -> Iterator[Occurrence]:
    """The dates from a day on that nobody changed or cancelled."""
    day = rule_dates.next_date(series.rule, first - timedelta(days=1))
    while day is not None:
        if day not in series.cancelled and day not in series.changed:
            yield series.occurrence(day)
        day = rule_dates.next_date(series.rule, day)


def _length(rule: Rule) -> timedelta:
    times = rule.times
    return timedelta(days=times.days) if isinstance(times, WholeDays) else times.length


def _day(moment: datetime, by: timedelta) -> date:
    """A day of a window's edge, moved; the calendar's own edge where that is passed."""
    try:
        return (moment + by).date()
    except OverflowError:
        return date.min if by < timedelta(0) else date.max


def _overlaps(span: tuple[datetime, datetime], begin: datetime, end: datetime) -> bool:
    """Half-open; what is of no length lies in a window where it starts (H32)."""
    start, finish = span
    return start < end and (finish > begin or start == finish >= begin)
