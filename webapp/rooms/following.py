"""What happens to a room's reservations when sync stops following its calendar, or follows it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from webapp.domain.words import BY_OUTLOOK, AttemptState, Home, Origin, SyncState
from webapp.models import Attempt, Hold, Link, Meeting, Occurrence, Outbox, Reservation, Room


def is_own(meeting: Meeting) -> bool:
    """Whether the meeting was made here and its event belongs to the room."""
    return meeting.home is Home.RESOURCE and meeting.origin is Origin.HERE


def stop(session: Session, room: Room, now: datetime) -> None:
    """Imported reservations stay, read-only, marked from when on nobody follows them."""
    session.execute(
        update(Reservation)
        .where(
            Reservation.id.in_(_open_ids(room, now).where(Meeting.origin == Origin.OUTLOOK)),
            Reservation.not_followed_since.is_(None),
        )
        .values(not_followed_since=now)
    )


def resume(session: Session, room: Room, mailbox_id: int) -> None:
    """Imported reservations of this mailbox are followed again."""
    linked = select(Link.reservation_id).where(Link.mailbox_id == mailbox_id, Link.reservation_id.is_not(None))
    session.execute(
        update(Reservation)
        .where(Reservation.room_id == room.id, Reservation.id.in_(linked))
        .values(not_followed_since=None)
    )


def stop_all(session: Session, now: datetime) -> None:
    """Sync was switched off: what came from Outlook is followed in no room."""
    imported = select(Meeting.id).where(Meeting.origin == Origin.OUTLOOK)
    session.execute(
        update(Reservation)
        .where(
            Reservation.meeting_id.in_(imported),
            Reservation.cancelled_at.is_(None),
            Reservation.not_followed_since.is_(None),
        )
        .values(not_followed_since=now)
    )


def resume_all(session: Session) -> None:
    """Sync was switched on: what came from Outlook is followed again in every room under sync."""
    followed = (
        select(Link.reservation_id)
        .join(Room, Room.mailbox_id == Link.mailbox_id)
        .where(Room.sync_active, Room.archived_at.is_(None), Link.reservation_id.is_not(None))
    )
    session.execute(
        update(Reservation)
        .where(Reservation.not_followed_since.is_not(None), Reservation.id.in_(followed))
        .values(not_followed_since=None)
    )


def owed_cancels(session: Session, mailbox_id: int) -> Sequence[Reservation]:
    """Reservations that were cancelled here while nobody followed, and whose event still stands there."""
    linked = select(Link.reservation_id).where(Link.mailbox_id == mailbox_id, Link.reservation_id.is_not(None))
    query = (
        select(Reservation)
        .join(Reservation.meeting)
        .where(
            Reservation.id.in_(linked),
            Reservation.cancelled_at.is_not(None),
            Reservation.cancelled_by != BY_OUTLOOK,
            Meeting.home == Home.RESOURCE,
        )
        .options(joinedload(Reservation.meeting))
    )
    return session.scalars(query.order_by(Reservation.id)).all()


def unsent(session: Session, room: Room, now: datetime) -> Sequence[Reservation]:
    """Own reservations that have not ended and that Outlook does not have: what a new link sends.

    One that lost its slot to an earlier event stays with the person it waits for.
    """
    ids = _open_ids(room, now).where(
        Meeting.home == Home.RESOURCE,
        Meeting.origin == Origin.HERE,
        Reservation.sync_state.in_((SyncState.LOCAL, SyncState.FAILED)),
        Reservation.withdrawn_at.is_(None),
    )
    query = select(Reservation).where(Reservation.id.in_(ids)).options(joinedload(Reservation.meeting))
    return session.scalars(query.order_by(Reservation.id)).all()


def keep_here(session: Session, room: Room, mailbox_id: int, now: datetime) -> None:
    """After an unlink own reservations live here only; what waited for the mailbox, and holds, are dropped."""
    session.execute(delete(Outbox).where(Outbox.mailbox_id == mailbox_id))
    own = (
        select(Reservation.id)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id == room.id,
            Reservation.cancelled_at.is_(None),
            Reservation.withdrawn_at.is_(None),
            Meeting.home == Home.RESOURCE,
            Meeting.origin == Origin.HERE,
        )
    )
    session.execute(
        update(Reservation)
        .where(Reservation.id.in_(own))
        .values(sync_state=SyncState.LOCAL, sync_code=None, sync_fields={})
    )
    session.execute(update(Hold).where(Hold.room_id == room.id, Hold.closed_at.is_(None)).values(closed_at=now))


def held_elsewhere(session: Session, room: Room, mailbox_id: int | None, now: datetime) -> int:
    """How many of the room's reservations that have not ended are, or may be, in another mailbox than this."""
    links = select(Link.reservation_id).where(Link.reservation_id.is_not(None))
    attempts = select(Attempt.reservation_id).where(Attempt.state == AttemptState.OPEN)
    if mailbox_id is not None:
        links = links.where(Link.mailbox_id != mailbox_id)
        attempts = attempts.where(Attempt.mailbox_id != mailbox_id)
    ids = _open_ids(room, now).where(or_(Reservation.id.in_(links), Reservation.id.in_(attempts)))
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def open_count(session: Session, room: Room, now: datetime) -> int:
    """How many reservations of the room have not ended."""
    return session.scalar(select(func.count()).select_from(_open_ids(room, now).subquery())) or 0


def _open_ids(room: Room, now: datetime):  # type: ignore[no-untyped-def]
    """Ids of the room's reservations with a date that has not ended (a cancelled one has no dates)."""
    return (
        select(Reservation.id)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id == room.id,
            Reservation.cancelled_at.is_(None),
            Reservation.id.in_(
                select(Occurrence.reservation_id).where(Occurrence.room_id == room.id, Occurrence.ends_at > now)
            ),
        )
    )
