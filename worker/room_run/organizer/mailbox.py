"""The only way from a run to a person's mailbox: claimed for one item, every request in the ledger first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from webapp.domain.access import Modes
from webapp.domain.words import LedgerOperation
from webapp.sync_settings import modes
from worker.room_run.context import Run
from worker.store import persons
from worker.store.authority import Authority
from worker.store.persons import Entry, PersonLane
from worker.sync.errors import SyncError
from worker.sync.event import Event, MeetingPatch, NewMeeting
from worker.sync.ports import PersonCalendar

DETAILS = ("title", "time", "privacy", "rooms", "guests' number")
"""What a reading asks for, in words for people."""

T = TypeVar("T")


class OutOfReach(Exception):
    """The app may not, or cannot, read this person's mailbox; it was learned, and it is too early to ask again."""


def modes_of(run: Run) -> Modes:
    """The settings as they are at this moment: asked again before whatever they decide about."""
    with run.lane.reading() as session:
        return modes.modes_of(session)


@dataclass(frozen=True)
class PersonMailbox:
    """A claimed mailbox of a person, for what one meeting needs in it. `allowed_by` names the setting."""

    run: Run
    lane: PersonLane
    calendar: PersonCalendar
    meeting_id: int
    allowed_by: str

    @property
    def id(self) -> int:
        """Id of the mailbox's row."""
        return self.lane.mailbox_id

    def find(self, ical_uid: str) -> tuple[Event, ...]:
        """The events with this iCalUId."""
        return self._send(LedgerOperation.FIND, "", DETAILS, lambda: self.calendar.find(ical_uid))

    def find_by_mark(self, mark: str) -> tuple[Event, ...]:
        """The events that carry our tag."""
        return self._send(LedgerOperation.FIND, "", DETAILS, lambda: self.calendar.find_by_mark(mark))

    def read(self, event_id: str) -> Event:
        """One event by id."""
        return self._send(LedgerOperation.READ, event_id, DETAILS, lambda: self.calendar.read(event_id))

    def dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        """The dates of a series, around one of them."""
        return self._send(
            LedgerOperation.READ, master_id, DETAILS, lambda: self.calendar.dates(master_id, start, end)
        )

    def cancel_date(self, event_id: str) -> None:
        """Call off one date for everybody."""
        self._send(LedgerOperation.CANCEL, event_id, ("one date",), lambda: self.calendar.cancel(event_id))

    def guests(self, event_id: str) -> Any:
        """The guest list, to be sent back with a room taken off or added."""
        return self._send(
            LedgerOperation.READ, event_id, ("guests", "places"), lambda: self.calendar.guests(event_id)
        )

    def create(self, new: NewMeeting) -> Event:
        """Create a meeting that invites rooms."""
        fields = ("title", "time", "privacy", "rooms")
        return self._send(LedgerOperation.CREATE, "", fields, lambda: self.calendar.create(new))

    def patch(self, event_id: str, patch: MeetingPatch, etag: str, guests: Any, fields: tuple[str, ...]) -> Event:
        """Change the given groups."""
        return self._send(
            LedgerOperation.PATCH, event_id, fields, lambda: self.calendar.patch(event_id, patch, etag, guests)
        )

    def cancel(self, event_id: str) -> None:
        """Cancel the meeting for everybody."""
        self._send(LedgerOperation.CANCEL, event_id, ("cancel",), lambda: self.calendar.cancel(event_id))

    def _send(self, operation: LedgerOperation, event_id: str, fields: tuple[str, ...], call: Callable[[], T]) -> T:
        """Write it down, send it, write down how it ended."""
        self.run.go_on()
        entry = Entry(operation, self.allowed_by, self.meeting_id, event_id, fields)
        with self.run.lane.writing() as session:
            persons.keep(session, self.lane)
            entry_id = persons.write_entry(session, self.run.lane, self.lane, entry, self.run.now())
        failed: SyncError | None = None
        try:
            return call()
        except SyncError as error:
            failed = error
            raise
        finally:
            with self.run.lane.writing() as session:
                answered = self.calendar.answered
                persons.close_entry(session, entry_id, self.lane, self.run.now(), answered, failed)


@contextmanager
def opened(run: Run, authority: Authority, allowed_by: str) -> Iterator[PersonMailbox]:
    """The organizer's mailbox, claimed for one item.

    Raises `OutOfReach`, or `persons.PersonBusy` while another room's run is in it.
    """
    address = authority.organizer.address
    with run.lane.writing() as session:
        mailbox = persons.mailbox_of(session, run.lane.connection_id, address)
        session.flush()
        mailbox_id, closed = mailbox.id, persons.is_out_of_reach(mailbox, run.now())
    if closed:
        raise OutOfReach
    lane = persons.claim(run.lane.transactions, mailbox_id, f"{run.lane.mailbox_id}:{run.lane.fence}")
    try:
        yield PersonMailbox(run, lane, run.calendar.person(address), authority.meeting_id, allowed_by)
    finally:
        persons.give_back(run.lane.transactions, lane)


def own_event(events: tuple[Event, ...]) -> Event | None:
    """Of what a filter found, the organizer's own event: a whole meeting, not a date of it."""
    return next((event for event in events if event.is_organizer and event.series_master_id is None), None)
