"""What the ledger's page reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, select
from sqlalchemy.orm import Session, joinedload

from webapp.domain.words import LedgerOperation
from webapp.models import Mailbox, MailboxLedger, Meeting, Reservation, Room

PER_PAGE = 50
EXPORTED_AT_ONCE = 500
"""So many rows are fetched at a time for a file."""

_ANSWERED = MailboxLedger.finished_at.is_not(None)
_WELL = and_(_ANSWERED, MailboxLedger.status.between(200, 299))
OUTCOMES: dict[str, ColumnElement[bool]] = {
    "done": _WELL,
    "failed": and_(_ANSWERED, not_(MailboxLedger.status.between(200, 299))),
    "open": MailboxLedger.finished_at.is_(None),
}
"""How a request ended: done, refused or failed, or not known."""


@dataclass(frozen=True)
class Filter:
    """Which requests are listed; `before` is an entry's id, `meeting` that of a meeting."""

    q: str = ""
    operation: str = ""
    outcome: str = ""
    meeting: int | None = None
    before: int | None = None

    @property
    def chosen(self) -> bool:
        """Whether anything is left out."""
        return self != Filter()

    def as_args(self, **changed: Any) -> dict[str, Any]:
        """Address arguments of this filter with some changed; defaults are left out."""
        return {name: value for name, value in {**vars(self), **changed}.items() if value not in ("", None)}


@dataclass(frozen=True)
class Entry:
    """One request: the row, whose mailbox, and in which room's run it was sent."""

    row: MailboxLedger
    address: str
    room: Room


def entries(session: Session, wanted: Filter) -> tuple[list[Entry], bool]:
    """Requests, the newest first, and whether there are older ones."""
    rows = session.execute(_matching(wanted).limit(PER_PAGE + 1)).all()
    return [Entry(row, address, room) for row, address, room in rows[:PER_PAGE]], len(rows) > PER_PAGE


def every_entry(session: Session, wanted: Filter) -> Iterator[Entry]:
    """All requests that match, fetched in parts, as a file takes them."""
    for row, address, room in session.execute(_matching(wanted).execution_options(yield_per=EXPORTED_AT_ONCE)):
        yield Entry(row, address, room)


def _matching(wanted: Filter) -> Select[MailboxLedger, str, Room]:
    query = (
        select(MailboxLedger, Mailbox.address, Room)
        .join(Mailbox, MailboxLedger.mailbox_id == Mailbox.id)
        .join(Room, MailboxLedger.room_id == Room.id)
    )
    if wanted.q:
        query = query.where(Mailbox.address.icontains(wanted.q, autoescape=True))
    if wanted.operation:
        query = query.where(MailboxLedger.operation == LedgerOperation(wanted.operation))
    if wanted.outcome:
        query = query.where(OUTCOMES[wanted.outcome])
    if wanted.meeting is not None:
        query = query.where(MailboxLedger.meeting_id == wanted.meeting)
    if wanted.before is not None:
        query = query.where(MailboxLedger.id < wanted.before)
    return query.order_by(MailboxLedger.id.desc())


def reservations_of(session: Session, shown: Iterable[Entry]) -> dict[int, Reservation]:
    """Of each meeting named, the reservation in the room whose run asked, else any: what a title links to."""
    rooms = {one.row.meeting_id: one.row.room_id for one in shown if one.row.meeting_id is not None}
    if not rooms:
        return {}
    query = (
        select(Reservation)
        .where(Reservation.meeting_id.in_(rooms))
        .options(
            joinedload(Reservation.room),
            joinedload(Reservation.meeting).joinedload(Meeting.organizer),
            joinedload(Reservation.meeting).joinedload(Meeting.owner),
        )
        .order_by(Reservation.id)
    )
    found: dict[int, Reservation] = {}
    for one in session.scalars(query):
        if one.meeting_id not in found or one.room_id == rooms[one.meeting_id]:
            found[one.meeting_id] = one
    return found
