"""Retry: send a reservation that failed once more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import Home, SyncState
from webapp.errors import NotFound, Refused
from webapp.models import Outbox, Reservation
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
    if reservation.meeting.home is Home.USER:
        _set_free(session, reservation)
        return reservation
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def _set_free(session: Session, reservation: Reservation) -> None:
    """What was stopped on its way to the organizer's calendar is tried again, in its own lane."""
    mine = select(Reservation.id).where(Reservation.meeting_id == reservation.meeting_id)
    stopped = session.scalars(select(Outbox).where(Outbox.reservation_id.in_(mine), Outbox.parked)).all()
    if not stopped:
        raise Refused("not_failed")
    for row in stopped:
        row.parked, row.not_before, row.tries = False, None, 0
    for one in reservation.meeting.reservations:
        if one.cancelled_at is None and one.sync_state is SyncState.FAILED:
            one.sync_state, one.sync_code, one.sync_fields = SyncState.WAITING, None, {}
    for mailbox_id in sorted({row.mailbox_id for row in stopped}):
        want_run(session, mailbox_id)
