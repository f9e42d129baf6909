"""What Graph would refuse of a series although a recurrence can say it; asked before anything is sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from webapp.domain import rule_dates
from webapp.domain.intervals import Span
from webapp.domain.recurrence import Occurrence, Series
from webapp.domain.rule import Fault, Rule
from webapp.domain.wall import WholeDays

_GAPS_LOOKED_AT = 60
"""So many dates show the shortest distance between two dates of any pattern."""


def faults_of_rule(rule: Rule) -> list[Fault]:
    """Why a new series would be refused: it has no date, or its dates reach into each other."""
    first = rule_dates.first_date(rule)
    if first is None:
        return [Fault("end", "no_dates")]
    days = list(islice(rule_dates.dates_between(rule, first, date.max), _GAPS_LOOKED_AT))
    shortest = min((after - day for day, after in pairwise(days)), default=None)
    if shortest is not None and _reach(rule) > shortest:
        return [Fault("end_time", "longer_than_interval")]
    return []


def fault_of_move(series: Series, original: date, span: Span, day_zone: ZoneInfo | None = None) -> Fault | None:
    """Why one date cannot take place at a new time: it may neither reach the day of a neighbour nor pass it, nor
    overlap it (H25, docs/graph.md#date-boundary). Cancelled dates are no neighbours."""
    zone = day_zone or series.rule.rules()
    before, after = neighbours(series, original)
    start, end = span.instants(zone)

    def day_of(moment: datetime) -> date:
        return moment.astimezone(zone).date()

    if before is not None:
        starts, ends = before.span.instants(zone)
        if day_of(start) <= day_of(starts) or start < ends:
            return Fault("start", "crosses_previous_date")
    if after is not None:
        starts, _ = after.span.instants(zone)
        if day_of(start) >= day_of(starts) or end > starts:
            return Fault("start", "crosses_next_date")
    return None


def neighbours(series: Series, original: date) -> tuple[Occurrence | None, Occurrence | None]:
    """What takes place before and after a date of the series, by original date."""
    before: date | None = original
    while before is not None and (before == original or not series.has_date(before)):
        before = rule_dates.previous_date(series.rule, before)
    after: date | None = original
    while after is not None and (after == original or not series.has_date(after)):
        after = rule_dates.next_date(series.rule, after)
    return (
        series.occurrence(before) if before is not None else None,
        series.occurrence(after) if after is not None else None,
    )


def _reach(rule: Rule) -> timedelta:
    """How long one date lasts by the clock on the wall."""
    return timedelta(days=rule.times.days) if isinstance(rule.times, WholeDays) else rule.times.length
