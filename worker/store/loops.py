"""Telling a war of two robots from people who change their minds (H48)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, func, or_, select

from webapp.models import RunStep
from worker.store.claims import Lane

AN_HOUR = timedelta(minutes=60)
ROUNDS = 5
"""So often in an hour both sides may change one reservation against each other."""


def is_a_war(lane: Lane, reservation_id: int, now: datetime) -> bool:
    """Whether in the last hour we wrote this reservation's event more than `ROUNDS` times, and Outlook changed it
    back as often: another product syncs the same calendar, and neither will ever be content."""
    with lane.reading() as session:
        values = {"reservation": reservation_id, "since": now - AN_HOUR}
        ours, theirs = session.execute(_WRITTEN_LATELY, values).one()
    return ours > ROUNDS and theirs > ROUNDS


_OURS = and_(RunStep.side == "there", RunStep.action == "patch")
_THEIRS = or_(RunStep.action == "conflict", and_(RunStep.side == "here", RunStep.action.in_(("change", "retime"))))
_WRITTEN_LATELY = select(func.count().filter(_OURS), func.count().filter(_THEIRS)).where(
    RunStep.reservation_id == bindparam("reservation"), RunStep.at > bindparam("since")
)
