"""What the sync needs of a room's calendar, whoever provides it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from worker.sync.event import Event, EventPatch, NewEvent, Page, Row


class Calendar(Protocol):
    """The default calendar of one room mailbox. Every method raises only `worker.sync.errors.SyncError`s.

    A delta round that repeats itself raises `EndlessDelta` (H01).
    Windows are aware UTC instants. Lists are complete or raise: a failed read never looks like an empty
    calendar (I5). Each call is one request, or as many as its pages; waiting and retrying is the caller's.
    """

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

    def delete(self, event_id: str, etag: str) -> None:
        """DELETE, conditional on `etag`; already gone is success."""
