"""What people here wanted of a person's meeting and Outlook does not have yet: on its way, or stopped for people."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.domain.words import OutboxKind
from webapp.models import Outbox, Reservation

_FOR_ORGANIZER = Outbox.kind.in_((OutboxKind.MEETING, OutboxKind.CANCEL_MEETING))
_OF_PERSONS = Outbox.kind != OutboxKind.PUSH


def is_unsent(session: Session, meeting_id: int) -> bool:
    """Whether something people here wanted of the meeting is still on its way to its organizer's calendar, or a
    room's refusal to him."""
    return _waits(session, meeting_id, _OF_PERSONS, Outbox.parked.is_(False))


def is_stopped(session: Session, meeting_id: int) -> bool:
    """Whether something of that waits for a person."""
    return _waits(session, meeting_id, _OF_PERSONS, Outbox.parked.is_(True))


def waits_for_organizer(session: Session, meeting_id: int, *, parked: bool | None = None) -> bool:
    """Whether a change or a cancel of the meeting waits for the organizer's calendar: on its way there, or `parked`
    for a person; None: either."""
    how = () if parked is None else (Outbox.parked.is_(parked),)
    return _waits(session, meeting_id, _FOR_ORGANIZER, *how)


def _waits(session: Session, meeting_id: int, *what: ColumnElement[bool]) -> bool:
    waiting = (
        select(Outbox.id)
        .join(Reservation, Outbox.reservation_id == Reservation.id)
        .where(Reservation.meeting_id == meeting_id, *what)
    )
    return session.scalar(waiting.limit(1)) is not None
