"""What people type into the Outlook page, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from tests.tenant.outlook.shown import Entry
from tests.tenant.recurrence import DAYS
from tests.tenant.state import Item

MAX_WEEKS = 100
Form = MultiDict[str, str]


@dataclass
class Read:
    """A form that was read: arguments for the person's action, and sentences beside fields."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def subject(form: Form) -> Read:
    """The subject, which may be any text."""
    return Read({"subject": form.get("subject", "").strip()})


def span(form: Form) -> Read:
    """Date, start, end, last day and all-day: naive wall times, or dates with an exclusive end."""
    read = Read()
    first = _date(form, "date", read) or date.min
    last = (_date(form, "last_day", read) or first) if form.get("last_day") else first
    if form.get("all_day"):
        if last < first:
            read.errors["last_day"] = "The last day is before the first."
        if not read.errors:
            read.values = {"start": first, "end": last + timedelta(days=1), "all_day": True}
        return read
    begin, finish = _time(form, "start", read), _time(form, "end", read)
    if begin is None or finish is None or read.errors:
        return read
    start, end = datetime.combine(first, begin), datetime.combine(last, finish)
    if end <= start:
        read.errors["end"] = f"The end is before the start. Set an end after {begin:%H:%M}, or tick All day."
    else:
        read.values = {"start": start, "end": end, "all_day": False}
    return read


def meeting(form: Form) -> Read:
    """Everything that a new meeting has."""
    read = span(form)
    rooms = [room for room in (form.get("room"), *form.getlist("more_rooms")) if room]
    others = form.get("others", "").replace(";", ",").replace(" ", ",").split(",")
    guests = [address for address in (*form.getlist("guests"), *others) if address]
    wrong = [address for address in guests if not all(address.partition("@")) or address.count("@") != 1]
    if wrong:
        read.errors["others"] = f"{wrong[0]} is not an address. Separate addresses by commas."
    weeks = _weeks(form, read) if form.get("weekly") else None
    if read.errors:
        return read
    read.values |= subject(form).values | {
        "rooms": list(dict.fromkeys(rooms)),
        "guests": list(dict.fromkeys(guests)),
        "sensitivity": "private" if form.get("private") else "normal",
    }
    if weeks:
        first = read.values["start"]
        read.values["recurrence"] = weekly(first.date() if isinstance(first, datetime) else first, weeks)
    return read


def weekly(first: date, count: int) -> dict[str, Any]:
    """A rule: each week on the first date's weekday, so many times."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [DAYS[first.weekday()]]},
        "range": {"type": "numbered", "startDate": first.isoformat(), "numberOfOccurrences": count},
    }


def moved_rule(item: Item, first: datetime | date) -> dict[str, Any]:
    """The rule of a series that begins on another date; a weekly one of one day goes to that date's weekday."""
    assert item.recurrence is not None
    day = first.date() if isinstance(first, datetime) else first
    pattern, span = dict(item.recurrence["pattern"]), dict(item.recurrence["range"])
    if pattern["type"] == "weekly" and len(pattern["daysOfWeek"]) == 1:
        pattern["daysOfWeek"] = [DAYS[day.weekday()]]
    return {"pattern": pattern, "range": span | {"startDate": day.isoformat()}}


def shown(entry: Entry) -> Form:
    """The fields of an existing meeting."""
    last = "" if entry.last_day == entry.start.date() else entry.last_day.isoformat()
    fields = {"subject": entry.item.subject, "date": entry.start.date().isoformat(), "last_day": last}
    if entry.item.all_day:
        return MultiDict(fields | {"all_day": "on", "start": "", "end": ""})
    return MultiDict(fields | {"start": f"{entry.start:%H:%M}", "end": f"{entry.end:%H:%M}"})


def _date(form: Form, name: str, read: Read) -> date | None:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        read.errors[name] = "This is not a day. Write it as 2026-11-24."
        return None


def _time(form: Form, name: str, read: Read) -> time | None:
    try:
        return time.fromisoformat(form.get(name, "")).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        read.errors[name] = "This is not a time. Write it as 09:30, or tick All day."
        return None


def _weeks(form: Form, read: Read) -> int | None:
    text = form.get("weeks", "")
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WEEKS:
        read.errors["weeks"] = f"Write how often, from 1 to {MAX_WEEKS}."
        return None
    return int(text)
