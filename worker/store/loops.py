"""Telling a war of two robots from people who change their minds (H48)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from webapp.models import RunStep
from worker.store.claims import Lane

AN_HOUR = timedelta(minutes=60)
ROUNDS = 5
"""So often in an hour both sides may change one reservation against each other."""


def is_a_war(lane: Lane, reservation_id: int, now: datetime) -> bool:
    """Whether in the last hour we wrote this reservation's event more than `ROUNDS` times, and Outlook changed it
    back as often: another product syncs the same calendar, and neither will ever be content."""
    lately = (RunStep.reservation_id == reservation_id, RunStep.at > now - AN_HOUR)
    ours = (RunStep.side == "there", RunStep.action == "patch")
    theirs = (or_(RunStep.action == "conflict", (RunStep.side == "here") & RunStep.action.in_(("change", "retime"))),)
    with lane.reading() as session:
        counts = [
            session.scalar(select(func.count()).select_from(RunStep).where(*lately, *which))
            for which in (ours, theirs)
        ]
    return all(count is not None and count > ROUNDS for count in counts)
