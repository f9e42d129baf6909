"""A change that waits to be sent to an organizer who took his meeting out of all its rooms here and into others.

His word stands: the meeting comes in again as he has it, and what was wanted here is kept for people.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.words import ConflictKind, OutboxKind
from webapp.models import Meeting, Outbox, Reservation
from worker.store import records
from worker.store.claims import Lane
from worker.store.items import local_values
from worker.sync.values import Values, values_to_json

_live = aliased(Reservation)
_WAITS = (
    select(Meeting)
    .join(Reservation, Reservation.meeting_id == Meeting.id)
    .join(Outbox, Outbox.reservation_id == Reservation.id)
    .where(
        Meeting.tenant_guid == bindparam("tenant"),
        Meeting.ical_uid == bindparam("ical_uid"),
        Outbox.kind == OutboxKind.MEETING,
        ~exists().where(_live.meeting_id == Meeting.id, _live.cancelled_at.is_(None)),
    )
    .limit(1)
)
"""The meeting of this event, if it has left all its rooms here with a change that was not sent."""


def unsent(session: Session, lane: Lane, ical_uid: str) -> Values | None:
    """What is wanted here of a meeting that comes in again; None where nothing waits."""
    meeting = session.scalar(_WAITS, {"tenant": lane.tenant_guid or "", "ical_uid": ical_uid})
    return local_values(meeting) if meeting is not None else None


def keep(session: Session, reservation: Reservation, wanted: Values | None, now: datetime) -> None:
    """It has come in: a new time that was wanted here and is not its own any more is told."""
    if wanted is None:
        return
    came = local_values(reservation.meeting)
    if came.time != wanted.time:
        here, there = values_to_json(wanted), values_to_json(came)
        records.disagree(session, reservation.room_id, reservation.id, ConflictKind.TIME, "there", here, there, now)
