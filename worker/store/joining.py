"""Two meetings here that turn out to be one event: ours, whose create was in doubt, and what its copies brought.

A copy that its organizer changed, or in a room that he added, looks like a stranger's meeting until the create is
settled; it is taken in as one, and joined once the event is known.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import BY_OUTLOOK
from webapp.models import Link, Meeting, Outbox, Reservation
from webapp.outbox import want_run
from webapp.reservations.rows import end_reservation, lock_room
from worker.store.claims import Lane


def is_wanted_otherwise(session: Session, lane: Lane, meeting_id: int, ical_uid: str) -> bool:
    """Whether people here want something of what its copies brought that is not sent yet: that goes first."""
    other = _other(session, lane.tenant_guid or "", meeting_id, ical_uid)
    if other is None:
        return False
    mine = select(Reservation.id).where(Reservation.meeting_id == other.id)
    return session.scalar(select(Outbox.id).where(Outbox.reservation_id.in_(mine)).limit(1)) is not None


def join(session: Session, lane: Lane, meeting: Meeting, ical_uid: str, now: datetime) -> None:
    """`meeting` has this event: what was known of it as another's meeting becomes part of it, and each copy is taken
    in again. In a room that has both, the reservation that was made here stays."""
    other = _other(session, lane.tenant_guid or "", meeting.id, ical_uid)
    if other is None:
        return
    found = select(Reservation).where(Reservation.meeting_id == other.id).order_by(Reservation.room_id)
    theirs = list(session.scalars(found))
    for room_id in sorted({one.room_id for one in theirs}):
        lock_room(session, room_id)
    here = {one.room_id: one for one in session.scalars(select(Reservation).filter_by(meeting_id=meeting.id))}
    for one in theirs:
        kept = here.get(one.room_id)
        if kept is None:
            one.meeting_id = meeting.id
        elif one.cancelled_at is None:
            end_reservation(session, one, BY_OUTLOOK, now)
        _take_copy_in_again(session, one, kept or one)
    other.ical_uid, other.cancelled_at, other.authority_look_at = None, now, None
    session.flush()
    session.expire(meeting, ["reservations"])
    session.expire(other, ["reservations"])
    for mailbox_id in sorted(one.room.mailbox_id for one in theirs if one.room.mailbox_id is not None):
        want_run(session, mailbox_id)


def _other(session: Session, tenant_guid: str, meeting_id: int, ical_uid: str) -> Meeting | None:
    return session.scalar(
        select(Meeting).where(
            Meeting.tenant_guid == tenant_guid, Meeting.ical_uid == ical_uid, Meeting.id != meeting_id
        )
    )


def _take_copy_in_again(session: Session, of: Reservation, by: Reservation) -> None:
    session.execute(delete(Outbox).where(Outbox.reservation_id == of.id))
    session.execute(
        update(Link)
        .where(Link.reservation_id == of.id)
        .values(reservation_id=by.id, base_local=None, base_remote=None, dirty=True)
    )
