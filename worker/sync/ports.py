"""What the sync needs of a room's calendar, whoever provides it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from worker.sync.event import Event, EventPatch, MeetingPatch, NewEvent, NewMeeting, Page, Row


class Calendar(Protocol):
    """The default calendar of one room mailbox. Every method raises only `worker.sync.errors.SyncError`s.

    A delta round that repeats itself raises `EndlessDelta` (H01).
    Windows are aware UTC instants. Lists are complete or raise: a failed read never looks like an empty
    calendar (I5). Each call is one request, or as many as its pages; waiting and retrying is the caller's.
    """

    @property
    def written(self) -> tuple[int, str]:
        """HTTP status and Microsoft's request id of the last write, also of one in a person's calendar that was
        opened here; (0, "") where it did not succeed."""

    def calendar_key(self) -> str:
        """Id of the mailbox's default calendar: what the mailbox is known by."""

    def first_page(self, start: datetime, end: datetime) -> Page:
        """Begin a new delta round over the window."""

    def follow(self, link: str) -> Page:
        """The page behind a nextLink or deltaLink; the link is checked before a token goes with it (S21)."""

    def listing(self, start: datetime, end: datetime) -> tuple[Row, ...]:
        """All single events, occurrences and exceptions that overlap the window, tags expanded; what cannot be
        understood is `Unusable`. Also the fallback where a delta round has no end."""

    def read(self, event_id: str) -> Event:
        """One event by id, tag expanded; `Gone` when it is not there (or not yet)."""

    def series_dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        """The dates of a series in the window, exceptions among them, sorted by start."""

    def create(self, new: NewEvent) -> Event:
        """POST an event without attendees; the answer may be an event that was already there."""

    def patch(self, event_id: str, patch: EventPatch, etag: str) -> Event:
        """PATCH the given field groups, conditional on `etag`."""

    def delete(self, event_id: str, etag: str) -> bool:
        """DELETE, conditional on `etag`; already gone is success. Whether it was still there."""

    def decline(self, event_id: str) -> None:
        """Refuse somebody's meeting for the room; its organizer is told. `Gone` when the copy is not there."""

    def person(self, address: str) -> PersonCalendar:
        """The calendar of a person in the same tenant."""


class Guests(Protocol):
    """Who is invited to an event, as read a moment ago; opaque, held in memory only."""

    @property
    def etag(self) -> str:
        """What If-Match wants for a write of this list."""


class PersonCalendar(Protocol):
    """A person's calendar: single events by id or by a mark, never a list of them."""

    @property
    def answered(self) -> tuple[int, str]:
        """HTTP status and Microsoft's request id of the last success."""

    def find(self, ical_uid: str) -> tuple[Event, ...]:
        """Events with this iCalUId; none found proves nothing (H77)."""

    def find_by_mark(self, mark: str) -> tuple[Event, ...]:
        """Events with our tag; none found proves nothing (H77)."""

    def read(self, event_id: str) -> Event:
        """One event by id; `Gone` when it is not there (or not yet)."""

    def dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        """The dates of a series that is known by its id, around one of them."""

    def guests(self, event_id: str) -> Any:
        """The guest list (`Guests`), to be handed to `patch`."""

    def create(self, new: NewMeeting) -> Event:
        """POST a meeting that invites rooms; the answer may be an event that was already there."""

    def patch(self, event_id: str, patch: MeetingPatch, etag: str, guests: Any) -> Event:
        """PATCH the given groups, conditional on `etag`; with `guests`, rooms in that list as well."""

    def cancel(self, event_id: str) -> None:
        """Cancel the meeting for everybody."""
