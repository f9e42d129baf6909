"""Conflict rows of reservations that overlap: opened when they begin to, ended when they no longer do (I7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.intervals import touching
from webapp.domain.words import ConflictKind
from webapp.models import Conflict, Occurrence, Reservation


def settle_overlaps(session: Session, reservation: Reservation, now: datetime) -> list[int]:
    """Bring the overlap conflicts of `reservation` up to its present dates; returns who it overlaps (ids)."""
    session.flush()
    partners = _overlapping(session, reservation)
    open_rows = session.scalars(
        select(Conflict).where(
            Conflict.kind == ConflictKind.OVERLAP,
            Conflict.ended_at.is_(None),
            or_(Conflict.reservation_id == reservation.id, Conflict.other_reservation_id == reservation.id),
        )
    )
    known = set()
    for row in open_rows:
        other = row.other_reservation_id if row.reservation_id == reservation.id else row.reservation_id
        if other in partners:
            known.add(other)
        else:
            row.ended_at = now
    for other in partners - known:
        session.add(
            Conflict(
                room_id=reservation.room_id,
                reservation_id=reservation.id,
                other_reservation_id=other,
                kind=ConflictKind.OVERLAP,
                at=now,
            )
        )
    session.flush()
    return sorted(partners)


def _overlapping(session: Session, reservation: Reservation) -> set[int]:
    mine = [(row.starts_at, row.ends_at) for row in reservation.occurrences if row.blocks]
    if not mine or reservation.cancelled_at is not None:
        return set()
    others = session.execute(
        select(Occurrence.reservation_id, Occurrence.starts_at, Occurrence.ends_at).where(
            Occurrence.room_id == reservation.room_id,
            Occurrence.blocks,
            Occurrence.reservation_id != reservation.id,
            Occurrence.starts_at < max(end for _, end in mine),
            Occurrence.ends_at > min(start for start, _ in mine),
        )
    )
    touch = touching(mine)
    return {other for other, start, end in others if touch((start, end))}
