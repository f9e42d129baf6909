"""The dates of a Graph recurrence: every pattern and range type, expanded by the tenant's own code.

A recurrence is the normalised {"pattern": {...}, "range": {...}} as answers carry it (lower case names).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERNS = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absolutemonthly": ("dayOfMonth",),
    "relativemonthly": ("daysOfWeek",),
    "absoluteyearly": ("dayOfMonth", "month"),
    "relativeyearly": ("daysOfWeek", "month"),
}
PATTERN_NAMES = {
    "daily": "daily",
    "weekly": "weekly",
    "absolutemonthly": "absoluteMonthly",
    "relativemonthly": "relativeMonthly",
    "absoluteyearly": "absoluteYearly",
    "relativeyearly": "relativeYearly",
}
RANGE_NAMES = {"enddate": "endDate", "noend": "noEnd", "numbered": "numbered"}
INDEXES = ("first", "second", "third", "fourth", "last")
NO_DATE = "0001-01-01"
LAST_DAY = date(4500, 8, 31)


class BadRecurrence(ValueError):
    """A recurrence that Exchange refuses."""


def _positive(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRecurrence(name)
    return value


def _day_names(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise BadRecurrence("daysOfWeek")
    names = [str(day).lower() for day in value]
    if any(day not in DAYS for day in names):
        raise BadRecurrence("daysOfWeek")
    return sorted(set(names), key=lambda day: (DAYS.index(day) + 1) % 7)


def _pattern(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadRecurrence("pattern")
    kind = str(raw.get("type", "")).lower()
    if kind not in PATTERNS:
        raise BadRecurrence("type")
    pattern: dict[str, Any] = {
        "type": PATTERN_NAMES[kind],
        "interval": _positive(raw.get("interval"), "interval"),
        "month": 0,
        "dayOfMonth": 0,
    }
    if "month" in PATTERNS[kind]:
        pattern["month"] = _positive(raw.get("month"), "month")
        if pattern["month"] > 12:
            raise BadRecurrence("month")
    if "dayOfMonth" in PATTERNS[kind]:
        pattern["dayOfMonth"] = _positive(raw.get("dayOfMonth"), "dayOfMonth")
        if pattern["dayOfMonth"] > 31:
            raise BadRecurrence("dayOfMonth")
    if "daysOfWeek" in PATTERNS[kind]:
        pattern["daysOfWeek"] = _day_names(raw.get("daysOfWeek"))
    first = str(raw.get("firstDayOfWeek") or "sunday").lower()
    index = str(raw.get("index") or "first").lower()
    if first not in DAYS or index not in INDEXES:
        raise BadRecurrence("firstDayOfWeek or index")
    pattern["firstDayOfWeek"], pattern["index"] = first, index
    return pattern


def _date(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise BadRecurrence(name) from error


def normalise(raw: Any, zone_name: str) -> dict[str, Any]:
    """A recurrence as sent, checked and filled the way answers show it. Raises BadRecurrence."""
    if not isinstance(raw, dict) or not isinstance(raw.get("range"), dict):
        raise BadRecurrence("range")
    pattern = _pattern(raw.get("pattern"))
    sent = raw["range"]
    kind = str(sent.get("type", "")).lower()
    if kind not in RANGE_NAMES:
        raise BadRecurrence("range type")
    start = _date(sent.get("startDate"), "startDate")
    end, count = NO_DATE, 0
    if kind == "enddate":
        last = _date(sent.get("endDate"), "endDate")
        if last < start:
            raise BadRecurrence("endDate")
        end = last.isoformat()
    elif kind == "numbered":
        count = _positive(sent.get("numberOfOccurrences"), "numberOfOccurrences")
    return {
        "pattern": pattern,
        "range": {
            "type": RANGE_NAMES[kind],
            "startDate": start.isoformat(),
            "endDate": end,
            "recurrenceTimeZone": sent.get("recurrenceTimeZone") or zone_name,
            "numberOfOccurrences": count,
        },
    }


def _month_day(year: int, month: int, day: int, clamps: bool) -> date | None:
    last = calendar.monthrange(year, month)[1]
    if day > last:
        return date(year, month, last) if clamps else None
    return date(year, month, day)


def _relative(year: int, month: int, names: list[str], index: str) -> date | None:
    wanted = {DAYS.index(name) for name in names}
    last = calendar.monthrange(year, month)[1]
    fitting = [day for day in range(1, last + 1) if date(year, month, day).weekday() in wanted]
    place = -1 if index == "last" else INDEXES.index(index)
    return date(year, month, fitting[place]) if place < len(fitting) else None


def _months(start: date, step: int) -> Iterator[tuple[int, int]]:
    at = start.year * 12 + start.month - 1
    while at // 12 <= LAST_DAY.year:
        yield at // 12, at % 12 + 1
        at += step


def _weekly(pattern: dict[str, Any], start: date) -> Iterator[date]:
    first = DAYS.index(pattern["firstDayOfWeek"])
    week = start - timedelta(days=(start.weekday() - first) % 7)
    offsets = sorted((DAYS.index(name) - first) % 7 for name in pattern["daysOfWeek"])
    while week <= LAST_DAY:
        for offset in offsets:
            yield week + timedelta(days=offset)
        week += timedelta(weeks=pattern["interval"])


def _candidates(pattern: dict[str, Any], start: date, clamps: bool) -> Iterator[date | None]:
    kind, interval = pattern["type"], pattern["interval"]
    if kind == "daily":
        day = start
        while day <= LAST_DAY:
            yield day
            day += timedelta(days=interval)
    elif kind == "weekly":
        yield from _weekly(pattern, start)
    elif kind == "absoluteMonthly":
        for year, month in _months(start, interval):
            yield _month_day(year, month, pattern["dayOfMonth"], clamps)
    elif kind == "relativeMonthly":
        for year, month in _months(start, interval):
            yield _relative(year, month, pattern["daysOfWeek"], pattern["index"])
    else:
        for year in range(start.year, LAST_DAY.year, interval):
            if kind == "absoluteYearly":
                yield _month_day(year, pattern["month"], pattern["dayOfMonth"], clamps)
            else:
                yield _relative(year, pattern["month"], pattern["daysOfWeek"], pattern["index"])


def dates(recurrence: dict[str, Any], until: date, clamps: bool = True) -> Iterator[date]:
    """The dates of a normalised recurrence in order, up to and including `until`."""
    span = recurrence["range"]
    start = date.fromisoformat(span["startDate"])
    last = min(until, date.fromisoformat(span["endDate"])) if span["type"] == "endDate" else until
    left = span["numberOfOccurrences"] if span["type"] == "numbered" else -1
    for day in _candidates(recurrence["pattern"], start, clamps):
        if day is None or day < start:
            continue
        if day > last or left == 0:
            return
        left -= 1
        yield day


def first_date(recurrence: dict[str, Any], clamps: bool = True) -> date | None:
    """The first date, or None where the rule has no date at all."""
    return next(dates(recurrence, LAST_DAY, clamps), None)


def last_date(recurrence: dict[str, Any], clamps: bool = True) -> date | None:
    """The last date of a series that ends; None for an endless or empty one."""
    if recurrence["range"]["type"] == "noEnd":
        return None
    last = None
    for day in dates(recurrence, LAST_DAY, clamps):
        last = day
    return last
