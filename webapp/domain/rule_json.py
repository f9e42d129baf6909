"""Series as plain values for a JSON column, and back."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from webapp.domain.intervals import span_from_json, span_to_json
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import Pattern, PatternType, Range, RangeType, Rule, Weekday, WeekIndex
from webapp.domain.wall import DayTimes, WallTimes, WholeDays


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """A rule as plain values; equal rules give equal ones."""
    pattern, span = rule.pattern, rule.range
    return {
        "type": pattern.type.value,
        "interval": pattern.interval,
        "days_of_week": [day.value for day in pattern.days_of_week],
        "first_day_of_week": pattern.first_day_of_week.value,
        "index": pattern.index.value,
        "day_of_month": pattern.day_of_month,
        "month": pattern.month,
        "range": span.type.value,
        "start": span.start.isoformat(),
        "end": span.end.isoformat() if span.end else None,
        "count": span.count,
        "zone": rule.zone,
        "times": _times_to_json(rule.times),
    }


def rule_from_json(data: dict[str, Any]) -> Rule:
    """The rule that `rule_to_json` wrote; raises `InvalidRule` where its zone is no longer known."""
    pattern = Pattern(
        type=PatternType(data["type"]),
        interval=data["interval"],
        days_of_week=tuple(Weekday(day) for day in data["days_of_week"]),
        first_day_of_week=Weekday(data["first_day_of_week"]),
        index=WeekIndex(data["index"]),
        day_of_month=data["day_of_month"],
        month=data["month"],
    )
    end = date.fromisoformat(data["end"]) if data["end"] else None
    span = Range(RangeType(data["range"]), date.fromisoformat(data["start"]), end, data["count"])
    return Rule(pattern, span, data["zone"], _times_from_json(data["times"]))


def series_to_json(series: Series) -> dict[str, Any]:
    """A series as plain values."""
    return {
        "rule": rule_to_json(series.rule),
        "exceptions": [
            {
                "original": one.original.isoformat(),
                "span": span_to_json(one.span) if one.span else None,
                "title": one.title,
            }
            for one in series.exceptions
        ],
        "cancelled": [day.isoformat() for day in sorted(series.cancelled)],
    }


def series_from_json(data: dict[str, Any]) -> Series:
    """The series that `series_to_json` wrote."""
    changed = tuple(
        ChangedDate(
            date.fromisoformat(one["original"]),
            span_from_json(one["span"]) if one["span"] else None,
            one["title"],
        )
        for one in data["exceptions"]
    )
    cancelled = frozenset(date.fromisoformat(day) for day in data["cancelled"])
    return Series(rule_from_json(data["rule"]), changed, cancelled)


def _times_to_json(times: DayTimes) -> dict[str, Any]:
    if isinstance(times, WholeDays):
        return {"days": times.days}
    return {"start": times.start.isoformat(), "end": times.end.isoformat(), "days_later": times.days_later}


def _times_from_json(data: dict[str, Any]) -> DayTimes:
    if "days" in data:
        return WholeDays(data["days"])
    return WallTimes(time.fromisoformat(data["start"]), time.fromisoformat(data["end"]), data["days_later"])
