"""Moves of a reservation to another room. In both homes the event follows; see `webapp.reservations.service`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span
from webapp.domain.words import Answer, SyncState
from webapp.errors import Refused
from webapp.models import Meeting, Outbox, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import Dated, end_reservation, new_reservation, write_dates


def other_room(session: Session, room: Room, room_id: int) -> Room:
    """The room that a reservation shall move to; raises `Refused` where it cannot."""
    other = session.get_one(Room, room_id)
    both = room.connection_id is not None and other.connection_id is not None
    if both and room.connection_id != other.connection_id:
        raise Refused("room_elsewhere", room=other.name)
    return other


def move_own(
    session: Session, reservation: Reservation, other: Room, span: Span, by: str, now: datetime
) -> Reservation:
    """Move a room's own reservation: its event is made in the other room first, and removed here once it is there.

    Both rooms are blocked until then; if the other cannot have it, it stays. Returns the new reservation.
    """
    room = reservation.room
    arriving = place_in(session, reservation.meeting, other, span, now)
    if room.mailbox_id is None or other.mailbox_id is None or reservation.withdrawn_at is not None:
        end_reservation(session, reservation, by, now)
        reservation.meeting.cancelled_at = None
        queue_for_push(session, reservation, room.mailbox_id, now)
    else:
        session.execute(delete(Outbox).where(Outbox.reservation_id == reservation.id))
        reservation.leaves_for_id, reservation.sync_code = arriving.id, "moving"
    settle_overlaps(session, reservation, now)
    settle_overlaps(session, arriving, now)
    queue_for_push(session, arriving, other.mailbox_id, now)
    for mailbox_id in sorted(key for key in (room.mailbox_id, other.mailbox_id) if key is not None):
        want_run(session, mailbox_id)
    return arriving


def swap_room(
    session: Session, reservation: Reservation, other: Room, span: Span, by: str, now: datetime
) -> Reservation:
    """Another room for a person's meeting: the new one is asked, the old one freed, in one change of its event."""
    if other.mailbox_id is None or not other.sync_active:
        raise Refused("room_not_followed", room=other.name)
    arriving = place_in(session, reservation.meeting, other, span, now)
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    return arriving


def place_in(session: Session, meeting: Meeting, room: Room, span: Span, now: datetime) -> Reservation:
    """A reservation of the meeting in `room`, made anew or, if it had one before, revived."""
    query = select(Reservation).where(Reservation.meeting_id == meeting.id, Reservation.room_id == room.id)
    found = session.scalar(query)
    if found is not None and found.cancelled_at is None:
        raise Refused("already_in_room", room=room.name)
    placed = found or new_reservation(session, meeting, room, now)
    placed.cancelled_at, placed.cancelled_by, placed.withdrawn_at = None, "", None
    placed.answer, placed.sync_state = Answer.NONE, SyncState.WAITING
    session.flush()
    write_dates(session, placed, room, [Dated(span)])
    return placed


def on_the_move(session: Session, reservation: Reservation) -> list[tuple[Room, Reservation]]:
    """The reservation in another room that this one is to take the place of, or the other way round."""
    pairs = select(Reservation).where(
        Reservation.cancelled_at.is_(None),
        or_(Reservation.leaves_for_id == reservation.id, Reservation.id == reservation.leaves_for_id),
    )
    return [(one.room, one) for one in session.scalars(pairs)]
