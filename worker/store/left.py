"""Mailboxes that a room left, as the lane that removes what was written there reads and writes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.words import AttemptKind, AttemptState
from webapp.models import Attempt, LeftMailbox, Reservation
from webapp.rooms.leaving import LEFT_BEHIND
from worker.store import writes
from worker.store.claims import Lane
from worker.sync.errors import SyncError

LATE = timedelta(minutes=30)
"""A create whose answer was lost can turn up in a listing for so long after it was given up."""


def new_delete(
    session: Session, lane: Lane, public_id: str, run_id: int, event_id: str, etag: str, now: datetime
) -> int | None:
    """Commit to a DELETE; None where the reservation is not known any more, and there is nothing to tell of it."""
    reservation_id = reservation_of(session, public_id)
    if reservation_id is None:
        return None
    write = writes.Write(reservation_id, 0, run_id, now)
    columns = {"event_id": event_id, "etag": etag, "target_mailbox_id": lane.mailbox_id}
    return writes.add_attempt(session, lane, write, AttemptKind.DELETE, **columns).id


def reservation_of(session: Session, public_id: str) -> int | None:
    """The reservation that an event was made for."""
    return session.scalar(select(Reservation.id).where(Reservation.public_id == public_id))


def settle(session: Session, attempt_id: int | None, now: datetime, error: SyncError | None) -> None:
    """Write how a DELETE ended; one in doubt needs no settling, as the next listing tells."""
    if attempt_id is not None:
        writes.settle(session, attempt_id, AttemptState.DROPPED if error else AttemptState.DONE, now, error)


def drop_open_attempts(lane: Lane, now: datetime) -> None:
    """Attempts of a pass that died: the listing that follows shows what they led to."""
    with lane.writing() as session:
        session.execute(
            update(Attempt)
            .where(Attempt.mailbox_id == lane.mailbox_id, Attempt.state == AttemptState.OPEN)
            .values(state=AttemptState.DROPPED, finished_at=now, next_look_at=None)
        )


def may_turn_up(lane: Lane, now: datetime) -> bool:
    """Whether a create was given up so lately, when the room left, that its event may not be listed yet (H79)."""
    with lane.reading() as session:
        late = select(Attempt.id).where(
            Attempt.mailbox_id == lane.mailbox_id,
            Attempt.kind == AttemptKind.CREATE,
            Attempt.code == LEFT_BEHIND,
            Attempt.finished_at > now - LATE,
        )
        return session.scalar(late.limit(1)) is not None


def count_removed(session: Session, lane: Lane) -> None:
    """One event less."""
    session.execute(
        update(LeftMailbox)
        .where(LeftMailbox.mailbox_id == lane.mailbox_id)
        .values(removed=LeftMailbox.removed + 1, code=None)
    )


def finish(session: Session, lane: Lane, now: datetime, code: str | None, kept: int) -> None:
    """Nothing is left to remove, or, with `code`, nothing can be."""
    session.execute(
        update(LeftMailbox)
        .where(LeftMailbox.mailbox_id == lane.mailbox_id)
        .values(finished_at=now, code=code, kept=kept)
    )


def note_trouble(lane: Lane, code: str, now: datetime, patience: timedelta) -> bool:
    """Remember what stands in the way; whether it did so for too long."""
    with lane.transactions.writing() as session:
        row = session.get(LeftMailbox, lane.mailbox_id)
        if row is None or row.finished_at is not None:
            return True
        row.code = code
        if now - row.asked_at > patience:
            row.finished_at = now
        return row.finished_at is not None
