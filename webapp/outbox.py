"""How services say that a reservation's present state should be in its room's calendar.

Called inside the service's transaction, so that the change and the wish to send it are one commit. The worker's
store reads and clears the rows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from webapp.database import table_of
from webapp.domain.words import OutboxKind, SyncState
from webapp.models import Mailbox, Outbox, Reservation


def queue_for_push(session: Session, reservation: Reservation, mailbox_id: int | None, now: datetime) -> None:
    """Queue `reservation` for its room's calendar; without a mailbox the reservation just stays here.

    One row a reservation however often it is saved: a new save refreshes it and sets a parked one free.
    """
    if mailbox_id is None:
        reservation.sync_state = SyncState.LOCAL
        return
    session.flush()
    revision = reservation.meeting.revision
    mine = select(Outbox).where(Outbox.reservation_id == reservation.id, Outbox.kind == OutboxKind.PUSH)
    row = session.scalar(mine)
    if row is None:
        row = Outbox(reservation_id=reservation.id, mailbox_id=mailbox_id, revision=revision, written_at=now)
        session.add(row)
    row.mailbox_id, row.revision, row.written_at = mailbox_id, revision, now
    row.not_before = None
    row.tries = 0
    row.parked = False
    reservation.sync_state = SyncState.WAITING
    reservation.sync_code = None
    reservation.sync_fields = {}


def queue_for_organizer(
    session: Session, reservation: Reservation, kind: OutboxKind, mailbox_id: int | None, now: datetime
) -> None:
    """Queue what is to be done in the organizer's calendar (or, for a refusal, in the room's copy) of a meeting.

    The row hangs on the given reservation and is sent in the lane of its room's mailbox. Cancelling the meeting
    leaves nothing to change in it.
    """
    assert mailbox_id is not None, "only a followed meeting has an event"
    session.flush()
    if kind is OutboxKind.CANCEL_MEETING:
        session.execute(
            delete(Outbox).where(
                Outbox.kind == OutboxKind.MEETING,
                Outbox.reservation_id.in_(
                    select(Reservation.id).where(Reservation.meeting_id == reservation.meeting_id)
                ),
            )
        )
    mine = select(Outbox).where(Outbox.reservation_id == reservation.id, Outbox.kind == kind)
    row = session.scalar(mine)
    if row is None:
        row = Outbox(reservation_id=reservation.id, kind=kind, mailbox_id=mailbox_id, revision=0, written_at=now)
        session.add(row)
    row.mailbox_id, row.revision, row.written_at = mailbox_id, reservation.meeting.revision, now
    row.not_before, row.tries, row.parked = None, 0, False


_BOX = table_of(Mailbox)
_WANT_RUN = update(_BOX).where(_BOX.c.id == bindparam("mailbox")).values(wanted=_BOX.c.wanted + 1)
_WANT_FULL_RUN = _WANT_RUN.values(full_wanted=_BOX.c.full_wanted + 1)


def want_run(session: Session, mailbox_id: int | None, *, full: bool = False) -> None:
    """Ask for a run of the mailbox, in the caller's transaction and as its last statement (lock order)."""
    if mailbox_id is None:
        return
    session.flush()
    session.execute(_WANT_FULL_RUN if full else _WANT_RUN, {"mailbox": mailbox_id})
