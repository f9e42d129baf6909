"""What the Outlook page shows of calendars: days with their entries, answers in words, times in a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.tenant import times
from tests.tenant.state import Item, Mailbox, expanded
from tests.tenant.tenant import Tenant

ANSWERS = {
    "none": "No answer yet",
    "notResponded": "No answer yet",
    "organizer": "Organizer",
    "accepted": "Accepted",
    "tentativelyAccepted": "Tentative",
    "declined": "Declined",
}
PRODUCT_OF_OUTLOOK = "localevent:"
LISTED_DATES = 60


@dataclass(frozen=True)
class Entry:
    """An item, or one date of a series, as somebody sees it whose zone is `zone`."""

    item: Item
    zone: str

    @property
    def number(self) -> int:
        """The item's number, stable in its mailbox."""
        return self.item.number

    @property
    def subject(self) -> str:
        """The subject, never empty."""
        return self.item.subject.strip() or "(no subject)"

    @property
    def start(self) -> datetime:
        """Wall time of the beginning; midnight of an all-day item."""
        if self.item.start_day is not None:
            return datetime.combine(self.item.start_day, time())
        return times.in_zone(self.item.start, self.zone)

    @property
    def end(self) -> datetime:
        """Wall time of the end, exclusive."""
        if self.item.end_day is not None:
            return datetime.combine(self.item.end_day, time())
        return times.in_zone(self.item.end, self.zone)

    @property
    def last_day(self) -> date:
        """The last date that the item touches."""
        return max(self.start.date(), (self.end - timedelta(microseconds=1)).date())

    @property
    def hours(self) -> str:
        """The times without the day."""
        if self.item.all_day:
            return "All day"
        to = f"{self.end:%H:%M}" if self.last_day == self.start.date() else f"{self.end:%H:%M} ({day(self.last_day)})"
        return f"{self.start:%H:%M}–{to}"

    @property
    def when(self) -> str:
        """Day and times."""
        if self.item.all_day and self.last_day != self.start.date():
            return f"{day(self.start.date())} to {day(self.last_day)}, all day"
        return f"{day(self.start.date())}, {self.hours}"

    @property
    def answer(self) -> str:
        """This mailbox's own answer, in words."""
        return ANSWERS[self.item.response]

    @property
    def is_series(self) -> bool:
        """Whether this is a series, or a date of one."""
        return self.item.recurrence is not None

    @property
    def marks(self) -> list[str]:
        """What else there is to say, a word each."""
        item = self.item
        marks = ["Cancelled"] if item.cancelled else []
        marks += ["Private"] if item.sensitivity == "private" else []
        marks += ["Series"] if self.is_series else []
        marks += ["Changed date"] if item.is_exception and not item.cancelled else []
        marks += ["Free"] if item.show_as == "free" and not item.cancelled else []
        made_by = item.transaction_id or ""
        return [*marks, "Made by an app"] if made_by and not made_by.startswith(PRODUCT_OF_OUTLOOK) else marks

    def invited(self, kind: str) -> list[dict[str, Any]]:
        """The rooms ("resource") or the people ("person") on the item, with their answers in words."""
        rows = [line for line in self.item.attendees if (line["type"] == "resource") == (kind == "resource")]
        organizer = self.item.organizer[1].lower()
        return [line | {"said": ANSWERS[line["response"]]} for line in rows if line["address"].lower() != organizer]

    @property
    def awaits_a_room(self) -> bool:
        """Whether a room has not answered yet."""
        lines = self.invited("resource")
        return self.item.is_organizer and any(line["response"] in ("none", "notResponded") for line in lines)


def day(moment: date) -> str:
    """A date as people write it."""
    return f"{moment:%a} {moment.day} {moment:%b %Y}"


def monday(moment: date) -> date:
    """The first day of a date's week."""
    return moment - timedelta(days=moment.weekday())


def today(tenant: Tenant, box: Mailbox) -> date:
    """The date it is in a mailbox's zone."""
    return times.in_zone(tenant.clock.now(), box.time_zone).date()


def days(box: Mailbox, first: date, count: int) -> list[tuple[date, list[Entry]]]:
    """The days from a date on, each with what it holds, in order; long items are on each of their days."""
    begin = times.midnight_utc(first, box.time_zone) - timedelta(days=1)
    finish = times.midnight_utc(first + timedelta(days=count), box.time_zone) + timedelta(days=1)
    found = [Entry(one, box.time_zone) for item in box.items.values() for one in expanded(item, begin, finish)]
    found.sort(key=lambda entry: (not entry.item.all_day, entry.start, entry.number))
    listed = [first + timedelta(days=offset) for offset in range(count)]
    return [(one, [entry for entry in found if entry.start.date() <= one <= entry.last_day]) for one in listed]


def dates(item: Item, zone: str) -> Iterator[Entry]:
    """The dates of a series that are left, in order; of a long one the first ones."""
    if item.recurrence is None:
        return
    horizon = item.start + timedelta(days=800)
    found = sorted(item.occurrences(item.start - timedelta(days=400), horizon), key=lambda one: one.start)
    for one in found[:LISTED_DATES]:
        yield Entry(one, zone)
