"""How far "this and following" has come: the series that goes on waits until the other is cut there."""

from __future__ import annotations

from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import REFUSED_WISHES, AttemptState, OutboxKind
from webapp.models import Attempt, Meeting, Outbox, Reservation


def lasting(code: str | None) -> str | None:
    """What is said of a reservation although it is in step again: that a wish was refused, until a person read it."""
    return code if code in REFUSED_WISHES else None


class Stage(Enum):
    """Of a series that goes on from a date of another."""

    NONE = "none"
    """It goes on from none, or it is there."""
    WAITS = "waits"
    GOES = "goes"
    """The other is cut; it can be made."""
    FAILED = "failed"
    """The other cannot be cut."""


def stage_of(session: Session, meeting: Meeting) -> Stage:
    """Whether what a series goes on from was cut yet. Where that was cancelled as a whole, the other is a series of
    its own once it is done: there is nothing left that it could be taken back into."""
    if meeting.split_of_id is None:
        return Stage.NONE
    mine = select(Reservation.id).where(Reservation.meeting_id == meeting.split_of_id)
    kinds = Outbox.kind.in_((OutboxKind.PUSH, OutboxKind.MEETING))
    rows = list(session.scalars(select(Outbox.parked).where(Outbox.reservation_id.in_(mine), kinds)))
    doubt = select(Attempt.id).where(Attempt.reservation_id.in_(mine), Attempt.state == AttemptState.OPEN)
    waits = not all(rows) or session.scalar(doubt.limit(1)) is not None
    if session.get_one(Meeting, meeting.split_of_id).cancelled_at is not None:
        return Stage.WAITS if waits else Stage.NONE
    if any(rows):
        return Stage.FAILED
    return Stage.WAITS if waits else Stage.GOES


def is_there(session: Session, reservation_id: int) -> None:
    """The series that goes on is there, or nobody wants it any more: nothing of the split is left to do."""
    meeting = session.get_one(Reservation, reservation_id).meeting
    if meeting.split_of_id is not None:
        meeting.split_of_id, meeting.split_from = None, None
