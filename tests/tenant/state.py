"""What the tenant stores: mailboxes, their calendar items in immutable versions, and a log of changes.

An `Item` is never altered: a change stores a new version and logs both. So a read can be served as of an
older position of the log (reads that lag), and delta is a walk over the log.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.tenant import ids, recurrence, times
from tests.tenant.switches import RoomPolicy

_MOVES_DATES = frozenset({"start", "end", "recurrence", "all_day", "start_zone", "end_zone"})
EMPTY_LOCATION = {
    "displayName": "",
    "locationType": "default",
    "uniqueIdType": "unknown",
    "address": {},
    "coordinates": {},
}


@dataclass(slots=True, eq=False)
class Item:
    """One calendar item: a single event or a whole series with its exceptions and cancelled dates.

    Occurrences are computed from their master (`occurrence`): the same shape, `original` set.
    `start` and `end` are instants in UTC, of all-day items too; `start_day`, `end_day` are their dates.
    """

    number: int
    created: datetime
    modified: datetime
    change: int
    subject: str = ""
    body: str = ""
    body_type: str = "html"
    start: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    end: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    start_day: date | None = None
    end_day: date | None = None
    start_zone: str = "UTC"
    end_zone: str = "UTC"
    shown_zone: str | None = None
    all_day: bool = False
    sensitivity: str = "normal"
    show_as: str = "busy"
    importance: str = "normal"
    categories: tuple[str, ...] = ()
    reminder_on: bool = True
    reminder_minutes: int = 15
    response_requested: bool = True
    hide_attendees: bool = False
    allow_new_time: bool = True
    online: bool = False
    online_provider: str = "unknown"
    join_url: str | None = None
    location: dict[str, Any] = field(default_factory=lambda: dict(EMPTY_LOCATION))
    locations: tuple[dict[str, Any], ...] = ()
    attendees: tuple[dict[str, Any], ...] = ()
    organizer: tuple[str, str] = ("", "")
    is_organizer: bool = True
    response: str = "organizer"
    response_time: datetime | None = None
    cancelled: bool = False
    draft: bool = False
    recurrence: dict[str, Any] | None = None
    exceptions: dict[date, dict[str, Any]] = field(default_factory=dict)
    missing: frozenset[date] = frozenset()
    uid: str = ""
    transaction_id: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    folder: bytes = ids.CALENDAR_FOLDER
    sequence: int = 0
    rewritten: bool = False
    declined_dates: frozenset[date] = frozenset()
    original: date | None = None
    original_start: datetime | None = None
    is_exception: bool = False
    clamps: bool = True
    # Caches: expanded dates of the rule, the day up to which, the last rendering with its preferences.
    dates_cache: list[tuple[date, datetime, datetime]] | None = None
    dates_until: date | None = None
    rendered: tuple[Any, dict[str, Any]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS if name not in _CACHES}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.dates_cache = self.dates_until = self.rendered = None
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def kind(self) -> str:
        """Graph's `type`."""
        if self.original is not None:
            return "exception" if self.is_exception else "occurrence"
        return "seriesMaster" if self.recurrence else "singleInstance"

    def changed(self, **fields: Any) -> Item:
        """A new version with these fields; keeps the expanded dates where they cannot have moved."""
        version = object.__new__(Item)
        for name in _FIELDS:
            setattr(version, name, getattr(self, name))
        for name, value in fields.items():
            setattr(version, name, value)
        if not _MOVES_DATES.isdisjoint(fields):
            version.dates_cache = version.dates_until = None
        version.rendered = None
        return version

    # -- series

    @property
    def series_zone(self) -> str:
        """The zone in which the rule is expanded."""
        assert self.recurrence is not None
        return self.recurrence["range"]["recurrenceTimeZone"]

    def span_on(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the rule's occurrence on a date: wall time kept, instants derived.

        A date of which skipped hours would leave nothing keeps its length: no calendar shows an end before a start.
        """
        name = self.series_zone
        try:
            times.zone(name)
        except times.UnknownZone:
            name = self.start_zone
        first, last = times.in_zone(self.start, name), times.in_zone(self.end, name)
        begin = datetime.combine(day, first.time())
        start, end = times.to_utc(begin, name), times.to_utc(begin + (last - first), name)
        return start, end if end > start else start + (last - first)

    def rule_dates(self, until: date) -> list[tuple[date, datetime, datetime]]:
        """The rule's dates up to a day and a little beyond, whatever became of them, with their spans."""
        if self.dates_cache is None or self.dates_until is None or self.dates_until < until:
            assert self.recurrence is not None
            rule_dates = recurrence.dates(self.recurrence, until, self.clamps)
            self.dates_cache = [(day, *self.span_on(day)) for day in rule_dates]
            self.dates_until = until
        return self.dates_cache

    def has_date(self, day: date) -> bool:
        """Whether the rule has this date and nobody took it out."""
        if self.recurrence is None or day in self.missing:
            return False
        return any(known == day for known, _, _ in self.rule_dates(day))

    def occurrence(self, day: date) -> Item:
        """The item of one date, with what its exception overrides."""
        start, end = self.span_on(day)
        overrides = self.exceptions.get(day)
        fields: dict[str, Any] = {"start": start, "end": end, "original": day, "original_start": start}
        if self.all_day:
            assert self.start_day is not None and self.end_day is not None
            fields["start_day"] = day
            fields["end_day"] = day + (self.end_day - self.start_day)
        if overrides is not None:
            fields |= overrides
            fields["is_exception"] = True
        return self.changed(**fields)

    def occurrences(self, begin: datetime, finish: datetime) -> Iterator[Item]:
        """The dates of a series that overlap a range, exceptions first, otherwise in order."""
        for day in self.exceptions:
            if day not in self.missing:
                item = self.occurrence(day)
                if overlaps(item, begin, finish):
                    yield item
        for day, start, end in self.rule_dates(finish.date() + timedelta(days=2)):
            if day in self.missing or day in self.exceptions:
                continue
            if start < finish and (end > begin or start == end >= begin):
                yield self.occurrence(day)

    def first_occurrence(self) -> tuple[datetime, datetime, date]:
        """When the rule's first date is; where a master prints its start."""
        assert self.recurrence is not None
        day = recurrence.first_date(self.recurrence, self.clamps) or date.fromisoformat(
            self.recurrence["range"]["startDate"]
        )
        start, end = self.span_on(day)
        return start, end, day


_FIELDS = tuple(one.name for one in fields(Item))
_CACHES = frozenset({"dates_cache", "dates_until", "rendered"})


def overlaps(item: Item, begin: datetime, finish: datetime) -> bool:
    """Whether an item lies in a half-open range; one without length counts at its start."""
    return item.start < finish and (item.end > begin or item.start == item.end >= begin)


def expanded(item: Item, begin: datetime, finish: datetime) -> list[Item]:
    """What calendarView shows of an item in a range."""
    if item.recurrence is None:
        return [item] if overlaps(item, begin, finish) else []
    return list(item.occurrences(begin, finish))


@dataclass
class Change:
    """One line of a mailbox's log."""

    number: int
    before: Item | None
    after: Item | None
    at: datetime


@dataclass
class Hidden:
    """A new item that reads do not show yet, for a time or for a number of reads."""

    until: datetime | None
    reads: int | None


@dataclass
class Lag:
    """Reads that stay some changes behind."""

    changes: int
    kinds: frozenset[str]


@dataclass
class Bar:
    """Why a mailbox is out of an app's reach: `how`, refused where the pattern, request after request, has a 1."""

    how: str
    pattern: str
    begins: datetime
    ends: datetime | None
    asked: int = 0

    def stops(self, now: datetime) -> bool:
        """Whether this request is refused."""
        if now < self.begins or (self.ends is not None and now >= self.ends):
            return False
        self.asked += 1
        return self.pattern[(self.asked - 1) % len(self.pattern)] == "1"


@dataclass
class Mailbox:
    """A mailbox: a person's or a room's, with its default calendar."""

    address: str
    name: str
    kind: str
    object_id: str
    store: ids.Store
    time_zone: str = "UTC"
    policy: RoomPolicy | None = None
    aliases: set[str] = field(default_factory=set)
    state: str = "active"
    place: dict[str, Any] = field(default_factory=dict)
    listed: bool = True
    listed_from: datetime | None = None
    items: dict[int, Item] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    by_uid: dict[str, int] = field(default_factory=dict)
    transactions: dict[str, tuple[int, str, datetime]] = field(default_factory=dict)
    change: int = 1_000
    next_number: int = 1
    planned_numbers: list[int] = field(default_factory=list)
    hidden: dict[int, Hidden] = field(default_factory=dict)
    lag: Lag | None = None
    seen: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, Any] = field(default_factory=dict)
    rounds: dict[str, Any] = field(default_factory=dict)
    deleted: dict[int, Item] = field(default_factory=dict)
    former: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    """The iCalUIds of meetings that this room's own assistant declined as a whole."""
    bar: Bar | None = None

    def __setstate__(self, kept: dict[str, Any]) -> None:
        # What an earlier version kept has fewer fields.
        self.__dict__.update({"deleted": {}, "former": set()} | kept)

    def answers_to(self) -> set[str]:
        """Every address, in lower case, by which events may name this mailbox."""
        return {self.address.lower(), *self.aliases, *self.former}

    def take_number(self, step: int) -> int:
        """The next item number; planned ones (twins) first."""
        if self.planned_numbers:
            return self.planned_numbers.pop(0)
        self.next_number += step
        return self.next_number

    def take_change(self) -> int:
        """The next change key of this mailbox."""
        self.change += 1
        return self.change

    def put(self, item: Item, now: datetime) -> Item:
        """Store a version of an item and log it."""
        before = self.items.get(item.number)
        self.items[item.number] = item
        self.by_uid[item.uid] = item.number
        self.log.append(Change(item.number, before, item, now))
        return item

    def drop(self, number: int, now: datetime) -> None:
        """Remove an item and log it."""
        before = self.deleted[number] = self.items.pop(number)
        if self.by_uid.get(before.uid) == number:
            del self.by_uid[before.uid]
        self.log.append(Change(number, before, None, now))

    def copy_of(self, uid: str, original: date | None = None) -> Item | None:
        """This mailbox's item of a meeting; of a series the one date that it was invited to, if no more."""
        number = self.by_uid.get(uid)
        if number is None and original is not None:
            number = self.by_uid.get(ids.dated_uid(uid, original))
        return None if number is None else self.items.get(number)

    # -- reading, perhaps behind

    def position(self, kind: str) -> int:
        """How much of the log a read of this kind sees; never less than an earlier one saw."""
        full = len(self.log)
        if self.lag is None or kind not in self.lag.kinds:
            self.seen[kind] = full
            return full
        at = max(self.seen.get(kind, 0), full - self.lag.changes)
        self.seen[kind] = at
        return at

    def position_at(self, moment: datetime) -> int:
        """How much of the log was there at a moment."""
        return bisect.bisect_right(self.log, moment, key=lambda change: change.at)

    def as_of(self, position: int) -> dict[int, Item]:
        """All items as they were at a position of the log."""
        if position >= len(self.log):
            return self.items
        then = dict(self.items)
        for change in reversed(self.log[position:]):
            if change.before is None:
                then.pop(change.number, None)
            else:
                then[change.number] = change.before
        return then

    def invisible(self, now: datetime) -> set[int]:
        """Numbers of items that are not shown yet; counts the read."""
        if not self.hidden:
            return set()
        out = set()
        for number, hidden in list(self.hidden.items()):
            if (hidden.until is not None and now >= hidden.until) or (hidden.reads is not None and hidden.reads <= 0):
                del self.hidden[number]
            else:
                if hidden.reads is not None:
                    hidden.reads -= 1
                out.add(number)
        return out


def day_bounds(first: date, last: date, zone_name: str) -> tuple[datetime, datetime]:
    """The instants of an all-day span, end exclusive."""
    return (
        times.to_utc(datetime.combine(first, time()), zone_name),
        times.to_utc(datetime.combine(last, time()), zone_name),
    )
