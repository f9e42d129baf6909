"""Dates of series that nobody but this product knows: made further ahead as the window rolls on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from webapp.database import Transactions
from webapp.domain.booking import sync_window
from webapp.models import Reservation
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import lock_room
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_written import block_from_rule

AT_ONCE = 200
"""So many series are looked after at once; the rest follows at the next call."""


def extend_series(transactions: Transactions, now: datetime) -> int:
    """Make the dates of series that were made from their rules up to where the window ends now; how many series.

    What clashes there opens a conflict (H26). Each is a short transaction of its own, as it locks its room.
    """
    end = sync_window(now)[1]
    due = Reservation.cancelled_at.is_(None) & (Reservation.dates_until < end)
    with transactions.reading() as session:
        ids = list(session.scalars(select(Reservation.id).where(due).order_by(Reservation.id).limit(AT_ONCE)))
    for reservation_id in ids:
        with transactions.writing() as session:
            reservation = session.get_one(Reservation, reservation_id)
            room = lock_room(session, reservation.room_id)
            session.refresh(reservation)
            if reservation.cancelled_at is not None or reservation.dates_until is None:
                continue
            series = series_of(reservation.meeting)
            if series is None or reservation.withdrawn_at is not None:
                reservation.dates_until = end
                continue
            block_from_rule(session, reservation, room, series, now)
            settle_overlaps(session, reservation, now)
    return len(ids)
