"""Moves of a room's own reservation to another room: made there first, removed here after; both block meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.words import MOVE_REFUSED, REFUSED_WISHES, HoldKind, LinkState, SyncState
from webapp.models import Link, Reservation
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import end_reservation, lock_room
from worker.store.claims import Lane
from worker.store.holds import HeldAction, add, carried_out, key_of
from worker.store.writes import plan_again

_leaving, _arriving = aliased(Reservation), aliased(Reservation)


@dataclass(frozen=True)
class Move:
    """A reservation that leaves its room, and the one that takes its place; whether that arrived, or cannot."""

    leaving_id: int
    arriving_id: int
    arrived: bool


def _decided() -> Select[int, int, bool]:
    is_there = exists(
        select(Link.id).where(
            Link.mailbox_id == bindparam("mailbox"),
            Link.reservation_id == _arriving.id,
            Link.state == LinkState.LINKED,
            Link.observed_gone.is_(False),
        )
    )
    failed = or_(
        _arriving.withdrawn_at.is_not(None),
        _arriving.cancelled_at.is_not(None),
        _arriving.sync_state == SyncState.FAILED,
    )
    return (
        select(_leaving.id, _arriving.id, failed)
        .join(_arriving, _leaving.leaves_for_id == _arriving.id)
        .where(_arriving.room_id == bindparam("room"), _leaving.cancelled_at.is_(None), or_(is_there, failed))
        .order_by(_leaving.id)
    )


DECIDED_MOVES = _decided()


def decided_moves(lane: Lane) -> list[Move]:
    """Moves into this room that are decided: the event is there, or the room could not have it."""
    with lane.asking() as connection:
        rows = connection.execute(DECIDED_MOVES, {"mailbox": lane.mailbox_id, "room": lane.room_id})
        return [Move(one, other, not bool(no)) for one, other, no in rows]


def finish(session: Session, move: Move, now: datetime) -> None:
    """End the side that is not wanted any more: the old room's once the new one has it, else the new one's."""
    leaving, arriving = (session.get_one(Reservation, key) for key in (move.leaving_id, move.arriving_id))
    for room_id in sorted({leaving.room_id, arriving.room_id}):
        lock_room(session, room_id)
    leaving.leaves_for_id = None
    by = arriving.meeting.created_by
    over = leaving if move.arrived else arriving
    if over.cancelled_at is None:
        end_reservation(session, over, by, now)
        settle_overlaps(session, over, now)
    if over.room.mailbox_id is not None:
        queue_for_push(session, over, over.room.mailbox_id, now)
    if not move.arrived:
        _stays(session, leaving, now)
    told = {over.room.mailbox_id} | (set() if move.arrived else {leaving.room.mailbox_id})
    for mailbox_id in sorted(key for key in told if key is not None):
        want_run(session, mailbox_id)


def was_refused(session: Session, reservation_id: int) -> bool:
    """Whether a person is still to find out that this reservation could not be moved, or split; saved anew it is no
    matter."""
    return session.get_one(Reservation, reservation_id).sync_code in REFUSED_WISHES


def leave_here(session: Session, room_id: int, key: str, now: datetime) -> int | None:
    """A person is content that a reservation could not be moved, or split: nothing of it waits any more. Its id."""
    reservation_id = int(key.split(":")[1])
    carried_out(session, room_id, HoldKind.SLOT_TAKEN, key, now)
    reservation = session.get(Reservation, reservation_id)
    if reservation is None or reservation.sync_code not in REFUSED_WISHES:
        return None
    reservation.sync_code = None
    session.flush()
    return reservation_id


def _stays(session: Session, leaving: Reservation, now: datetime) -> None:
    """The new room could not have it: the reservation stays where it is, and a person finds out why. What else was
    changed of it is sent here."""
    leaving.sync_state, leaving.sync_code, leaving.sync_fields = SyncState.SYNCED, MOVE_REFUSED, {}
    if leaving.room.mailbox_id is not None:
        plan_again(session, leaving.id, leaving.room.mailbox_id, now)
    action = HeldAction(key=key_of(leaving.id), action="move_refused", reservation_id=leaving.id)
    add(session, leaving.room_id, HoldKind.SLOT_TAKEN, action, now)
