"""Taking a "this and following" back whose second half cannot be made: the series is as it was (H23)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.domain.rule_json import series_from_json
from webapp.domain.words import SPLIT_REFUSED, HoldKind, SyncState
from webapp.models import Meeting, Outbox, Reservation
from webapp.outbox import want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import end_reservation, lock_room
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_written import save_series
from worker.store.holds import HeldAction, add, key_of


def take_back(session: Session, reservation_id: int, now: datetime) -> list[int]:
    """End the series that should have gone on, make the one that was cut whole again, and tell a person; the
    reservations that are whole again. What somebody else booked there meanwhile opens a conflict."""
    tail = session.get_one(Reservation, reservation_id).meeting
    head = session.get_one(Meeting, tail.split_of_id)
    assert tail.split_from is not None, "it is kept for as long as the split is on its way"
    whole = series_from_json(tail.split_from)
    going, staying = _live(session, tail), _live(session, head)
    for room_id in sorted({one.room_id for one in going + staying}):
        lock_room(session, room_id)
    tail.split_of_id, tail.split_from = None, None
    for one in going:
        session.execute(delete(Outbox).where(Outbox.reservation_id == one.id))
        end_reservation(session, one, tail.created_by, now)
        settle_overlaps(session, one, now)
    if staying:
        save_series(session, [(one.room, one) for one in staying], whole, now, before=series_of(head) or whole)
    for one in staying:
        one.sync_state, one.sync_code, one.sync_fields = SyncState.WAITING, SPLIT_REFUSED, {}
        action = HeldAction(key=key_of(one.id), action="split_refused", reservation_id=one.id)
        add(session, one.room_id, HoldKind.SLOT_TAKEN, action, now)
        want_run(session, one.room.mailbox_id)
    return [one.id for one in staying]


def _live(session: Session, meeting: Meeting) -> list[Reservation]:
    query = select(Reservation).where(Reservation.meeting_id == meeting.id, Reservation.cancelled_at.is_(None))
    return list(session.scalars(query.order_by(Reservation.room_id)))
