"""Retry: send a reservation that failed once more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.words import SyncState
from webapp.errors import NotFound, Refused
from webapp.models import Reservation
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.rows import lock_room


def send_again(session: Session, reservation_id: int, now: datetime) -> Reservation:
    """Queue a failed reservation for its room's calendar. Raises `NotFound`, `Refused("not_failed")`."""
    found = session.get(Reservation, reservation_id)
    if found is None:
        raise NotFound(what="reservation", id=reservation_id)
    room = lock_room(session, found.room_id)
    reservation = session.get_one(Reservation, reservation_id, populate_existing=True)
    session.refresh(reservation.meeting)
    if reservation.sync_state is not SyncState.FAILED or room.mailbox_id is None:
        raise Refused("not_failed")
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation
