"""Graph's patternedRecurrence to a rule of the domain and back (docs/graph.md#series-dates).

Total: what no rule can be made of raises `Unreadable` with the member that is at fault, and its item is set aside.
A zone that nobody can look up is such a case; it is never taken for UTC (H30).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from webapp.domain.intervals import Span
from webapp.domain.rule import (
    InvalidRule,
    Pattern,
    PatternType,
    Range,
    RangeType,
    Rule,
    Weekday,
    WeekIndex,
)
from webapp.domain.series_edit import anchored
from webapp.domain.wall import WholeDays, times_of
from webapp.domain.zones import UnknownZone, exchange_name, iana_name, zone_info
from worker.graph.members import Members
from worker.sync.errors import Unreadable

NO_DATE = "0001-01-01"
W = TypeVar("W", bound=StrEnum)
_MEMBER_OF_FIELD = {
    "days_of_week": "daysOfWeek",
    "first_day_of_week": "firstDayOfWeek",
    "day_of_month": "dayOfMonth",
    "start": "startDate",
    "end": "endDate",
    "count": "numberOfOccurrences",
}


def rule_of(master: Members, span: Span) -> Rule:
    """The rule of a series master, and the span of one of its dates that nobody changed: the master's own, which is
    that of its first date, or better one on a day on which no clocks change, as a skipped time reads as another.

    Times of day are those of the span in the rule's zone; the dates come from the range, as the master's start may
    be another (docs/graph.md#delta-series).
    """
    recurrence = master.part("recurrence")
    written = recurrence.part("range")
    zone = _zone(written.text("recurrenceTimeZone") or master.text("originalStartTimeZone"))
    try:
        return Rule(pattern_of(recurrence.part("pattern")), range_of(written), zone, times_of(span, zone_info(zone)))
    except InvalidRule as error:
        fault = error.faults[0]
        raise Unreadable(f"recurrence {_MEMBER_OF_FIELD.get(fault.field, fault.field)}") from None
    except (ValueError, OverflowError):
        raise Unreadable("recurrence times") from None


def pattern_of(raw: Members) -> Pattern:
    """A pattern; of the members only those that its type uses are read, as the others are filled with anything."""
    kind = _word(PatternType, raw, "type")
    return Pattern(
        type=kind,
        interval=_whole(raw, "interval"),
        days_of_week=tuple(_days(raw.raw("daysOfWeek"))) if kind.uses_days else (),
        first_day_of_week=_word(Weekday, raw, "firstDayOfWeek", Weekday.SUNDAY)
        if kind is PatternType.WEEKLY
        else Weekday.SUNDAY,
        index=_word(WeekIndex, raw, "index", WeekIndex.FIRST) if kind.uses_index else WeekIndex.FIRST,
        day_of_month=_whole(raw, "dayOfMonth") if kind.uses_day_of_month else 0,
        month=_whole(raw, "month") if kind.uses_month else 0,
    )


def range_of(raw: Members) -> Range:
    """A range, without its zone."""
    kind = _word(RangeType, raw, "type")
    return Range(
        type=kind,
        start=_date(raw, "startDate"),
        end=_date(raw, "endDate") if kind is RangeType.END_DATE else None,
        count=_whole(raw, "numberOfOccurrences") if kind is RangeType.NUMBERED else None,
    )


def cancelled_dates(master: Members) -> frozenset[date]:
    """The original dates in `cancelledOccurrences`, which only a master read for them carries."""
    ids = master.raw("cancelledOccurrences") or []
    try:
        return frozenset(date.fromisoformat(one.rpartition(".")[2]) for one in ids)
    except (AttributeError, TypeError, ValueError):
        raise Unreadable("cancelledOccurrences") from None


def recurrence_body(rule: Rule) -> dict[str, Any]:
    """The `recurrence` member, whole, in the form in which Graph stores it."""
    pattern, span = rule.pattern, rule.range
    days = {"daysOfWeek": [day.value for day in pattern.days_of_week]} if pattern.type.uses_days else {}
    return {
        "pattern": {
            "type": pattern.type.value,
            "interval": pattern.interval,
            "month": pattern.month,
            "dayOfMonth": pattern.day_of_month,
            **days,
            "firstDayOfWeek": pattern.first_day_of_week.value,
            "index": pattern.index.value,
        },
        "range": {
            "type": span.type.value,
            "startDate": span.start.isoformat(),
            "endDate": span.end.isoformat() if span.end else NO_DATE,
            "recurrenceTimeZone": exchange_name(rule.zone),
            "numberOfOccurrences": span.count or 0,
        },
    }


def series_body(rule: Rule) -> dict[str, Any]:
    """All members that say when a series takes place, for a create or a change of all.

    Start and end are clock times of the rule's zone, never UTC (H29), and on the range's first day, as Graph wants
    it; a rule whose range starts on none of its dates is therefore sent from its first.
    """
    rule = anchored(rule)
    zone, times, first = exchange_name(rule.zone), rule.times, rule.range.start
    if isinstance(times, WholeDays):
        days = times.span_on(first, rule.rules())
        start, end = f"{days.start.isoformat()}T00:00:00", f"{days.end.isoformat()}T00:00:00"
    else:
        begin = datetime.combine(first, times.start)
        start, end = begin.isoformat(), (begin + times.length).isoformat()
    return {
        "isAllDay": rule.is_all_day,
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
        "recurrence": recurrence_body(rule),
    }


def _zone(name: str) -> str:
    try:
        return iana_name(name)
    except UnknownZone:
        raise Unreadable(f"timeZone {name[:80]}") from None


def _word(words: type[W], raw: Members, name: str, default: W | None = None) -> W:
    text = raw.text(name).casefold()
    if not text and default is not None:
        return default
    for word in words:
        if word.value.casefold() == text:
            return word
    raise Unreadable(f"recurrence {name}")


def _days(names: Any) -> Iterable[Weekday]:
    known = {day.value: day for day in Weekday}
    try:
        return [known[name.casefold()] for name in names or []]
    except (AttributeError, KeyError, TypeError):
        raise Unreadable("recurrence daysOfWeek") from None


def _whole(raw: Members, name: str) -> int:
    value = raw.raw(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"recurrence {name}")
    return value


def _date(raw: Members, name: str) -> date:
    try:
        return date.fromisoformat(raw.text(name)[:10])
    except ValueError:
        raise Unreadable(f"recurrence {name}") from None
