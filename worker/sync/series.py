"""A series rebuilt from its master's rule and the dates that were read, never patched from rows (H03, H04).

The dates win: where they do not fit the rule, they are what takes place, and that they differ is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from webapp.domain import rule_dates
from webapp.domain.intervals import AllDay, Timed
from webapp.domain.recurrence import ChangedDate, Series, expand, is_at_planned_time
from webapp.domain.rule import Rule
from webapp.domain.wall import times_of
from worker.sync.event import RuleRead
from worker.sync.values import SeriesDate, Values

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Rebuilt:
    """A series as it takes place. `differing`: dates that nobody changed and that are not where the rule has them."""

    series: Series
    differing: tuple[date, ...]


def timed_by(read: RuleRead, dates: Iterable[SeriesDate]) -> RuleRead:
    """The rule with the times of day that explain most unchanged dates. The master's own start may mislead: it is
    that of the first date, on which a clock may have skipped an hour (docs/graph.md#delta-series, #clock-changes)."""
    if read.rule is None:
        return read
    rule, plain = read.rule, [one for one in dates if not one.is_exception]
    if _explained(rule, plain) == len(plain):
        return read
    common = Counter(times_of(one.span, rule.rules()) for one in plain).most_common(2)
    candidates = [rule, *(replace(rule, times=times) for times, _ in common)]
    return replace(read, rule=max(candidates, key=lambda one: _explained(one, plain)))


def _explained(rule: Rule, plain: list[SeriesDate]) -> int:
    series = Series(rule)
    return sum(is_at_planned_time(series, _original(one, rule), one.span) for one in plain)


def rebuilt(rule: Rule, dates: Iterable[SeriesDate], window: Window, room_zone: ZoneInfo) -> Rebuilt:
    """Rule, exceptions and cancelled dates of a series whose dates inside of `window` are all known.

    A date of the rule that is not among them does not take place: cancelled, or declined for this room.
    """
    plain, exceptions, differing = Series(rule), [], []
    known = {_original(one, rule): one for one in dates}
    for original, one in known.items():
        in_place = rule_dates.has_date(rule, original) and is_at_planned_time(plain, original, one.span)
        if not (in_place or one.is_exception):
            differing.append(original)
        if one.is_exception or not in_place:
            exceptions.append(ChangedDate(original, None if in_place else one.span, one.title))
    missing = frozenset(one.original for one in expand(plain, *window, room_zone)) - known.keys()
    return Rebuilt(Series(rule, tuple(exceptions), missing), tuple(sorted(differing)))


def dates_moved(before: Values, after: Values, begins: datetime | None) -> bool:
    """Whether a date that was known is elsewhere now, or gone. What a rolling window leaves behind, and what it or
    its organizer adds, moves nothing."""
    if before.dates is None or after.dates is None:
        return before.dates != after.dates
    now = {one.original: (one.span, one.blocks) for one in after.dates}
    gone_by = [one for one in before.dates if now.get(one.original) != (one.span, one.blocks)]
    return any(begins is None or not _is_over(one, begins) for one in gone_by)


def _is_over(one: SeriesDate, begins: datetime) -> bool:
    span = one.span
    return span.end <= begins if isinstance(span, Timed) else span.end <= begins.date()


def _original(one: SeriesDate, rule: Rule) -> date:
    """The date of the series that it stands for; where nothing told it, the day on which it is."""
    try:
        return date.fromisoformat(one.original)
    except ValueError:
        span = one.span
        return span.start if isinstance(span, AllDay) else span.start.astimezone(rule.rules()).date()
