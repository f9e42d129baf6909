"""The dates and instants of a series, told slowly: day by day, with one predicate a pattern.

Nothing of the product is used here, no library of recurrences, and nothing of the simulated tenant. A series is what
Graph's JSON says of it.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)


@dataclass
class Told:
    """A series as told: its recurrence as in Graph's JSON, its times of day, and what became of single dates."""

    recurrence: dict[str, Any]
    zone: ZoneInfo
    starts: datetime
    """A day and the time on the clock; the day plays no part."""
    lasts: timedelta
    all_day: bool = False
    moved: dict[date, tuple[datetime, datetime]] = field(default_factory=dict)
    """The instants of changed dates; of all-day ones the midnights of their days."""
    cancelled: set[date] = field(default_factory=set)


def daily(pattern: dict[str, Any], start: date, day: date) -> bool:
    return (day - start).days % pattern["interval"] == 0


def weekly(pattern: dict[str, Any], start: date, day: date) -> bool:
    if DAYS[day.weekday()] not in pattern["daysOfWeek"]:
        return False
    return (_sheet(day, pattern) - _sheet(start, pattern)).days // 7 % pattern["interval"] == 0


def _sheet(day: date, pattern: dict[str, Any]) -> date:
    """The first day of the row of the wall calendar that has this day."""
    while DAYS[day.weekday()] != pattern.get("firstDayOfWeek", "sunday"):
        day -= DAY
    return day


def absolute_monthly(pattern: dict[str, Any], start: date, day: date) -> bool:
    return _month_fits(pattern, start, day) and _is_day_of_month(pattern, day)


def relative_monthly(pattern: dict[str, Any], start: date, day: date) -> bool:
    return _month_fits(pattern, start, day) and _is_indexed(pattern, day)


def absolute_yearly(pattern: dict[str, Any], start: date, day: date) -> bool:
    return _year_fits(pattern, start, day) and _is_day_of_month(pattern, day)


def relative_yearly(pattern: dict[str, Any], start: date, day: date) -> bool:
    return _year_fits(pattern, start, day) and _is_indexed(pattern, day)


def _month_fits(pattern: dict[str, Any], start: date, day: date) -> bool:
    return ((day.year - start.year) * 12 + day.month - start.month) % pattern["interval"] == 0


def _year_fits(pattern: dict[str, Any], start: date, day: date) -> bool:
    return day.month == pattern["month"] and (day.year - start.year) % pattern["interval"] == 0


def _is_day_of_month(pattern: dict[str, Any], day: date) -> bool:
    """The day itself, or the month's last where the month is too short for it."""
    if day.day == pattern["dayOfMonth"]:
        return True
    return (day + DAY).day == 1 and day.day < pattern["dayOfMonth"]


def _is_indexed(pattern: dict[str, Any], day: date) -> bool:
    wanted = [one for one in calendar.Calendar().itermonthdates(day.year, day.month) if one.month == day.month]
    fitting = [one for one in wanted if DAYS[one.weekday()] in pattern["daysOfWeek"]]
    place = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": len(fitting) - 1}[
        pattern.get("index", "first")
    ]
    return fitting[place] == day


PREDICATES: dict[str, Callable[[dict[str, Any], date, date], bool]] = {
    "daily": daily,
    "weekly": weekly,
    "absoluteMonthly": absolute_monthly,
    "relativeMonthly": relative_monthly,
    "absoluteYearly": absolute_yearly,
    "relativeYearly": relative_yearly,
}


def dates(recurrence: dict[str, Any], until: date) -> Iterator[date]:
    """Every date from the first to a day, walked."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    fits, start = PREDICATES[pattern["type"]], date.fromisoformat(span["startDate"])
    left = span["numberOfOccurrences"] if span["type"] == "numbered" else None
    last = min(until, date.fromisoformat(span["endDate"])) if span["type"] == "endDate" else until
    day = start
    while day <= last and left != 0:
        if fits(pattern, start, day):
            yield day
            left = None if left is None else left - 1
        day += DAY


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock shows a time: the first such moment; of a time that clocks skip, as if they had not yet."""
    guess = wall.replace(tzinfo=UTC)
    offsets = [zone.utcoffset((guess + timedelta(hours=hours)).astimezone(zone)) for hours in (-26, 26)]
    found = [guess - offset for offset in offsets if offset is not None]
    showing = [one for one in found if one.astimezone(zone).replace(tzinfo=None) == wall]
    return min(showing) if showing else found[0]


def span_on(told: Told, day: date) -> tuple[datetime, datetime]:
    """When a date that nobody changed begins and ends."""
    begins = datetime.combine(day, told.starts.time())
    start, end = moment(begins, told.zone), moment(begins + told.lasts, told.zone)
    return start, end if end > start else start + told.lasts


def takes_place(told: Told, begin: datetime, end: datetime) -> list[tuple[date, datetime, datetime]]:
    """What lies in a window, in order of start: original date, start, end."""
    found = []
    for day in dates(told.recurrence, end.date() + timedelta(days=2)):
        if day not in told.cancelled and day not in told.moved:
            found.append((day, *span_on(told, day)))
    found += [(day, *told.moved[day]) for day in told.moved if day not in told.cancelled]
    inside = [one for one in found if one[1] < end and (one[2] > begin or one[1] == one[2] >= begin)]
    return sorted(inside, key=lambda one: (one[1], one[2], one[0]))
