"""What a room's calendar tells of a series, as the panel's rows take it, and what of it does not fit."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.models import Reservation
from webapp.reservations.series_rows import RULE_DIFFERS, RULE_UNREADABLE, RULE_ZONE_UNKNOWN, RemoteSeries
from worker.store.claims import Lane
from worker.sync.event import RuleRead
from worker.sync.link import Observation
from worker.sync.series import rebuilt

MOST_NAMED = 5
"""So many of the dates that differ are named."""

_ZONE = "timeZone"


def remote_series(lane: Lane, seen: Observation) -> RemoteSeries | None:
    """The series of a master that was read with its dates."""
    read, dates, window = seen.values.rule, seen.values.dates, seen.window
    if not seen.is_series or read is None or dates is None or window is None:
        return None
    if read.rule is None:
        return RemoteSeries(window[0], None, *_why_unread(read))
    found = rebuilt(read.rule, dates, window, ZoneInfo(lane.zone))
    if not found.differing:
        return RemoteSeries(window[0], found.series)
    named = [day.isoformat() for day in found.differing[:MOST_NAMED]]
    return RemoteSeries(window[0], found.series, RULE_DIFFERS, {"count": len(found.differing), "dates": named})


def rule_trouble(session: Session, reservation_id: int) -> tuple[str, dict[str, Any]] | None:
    """What is wrong with the rule of a reservation's series: its code, and what fills in the words."""
    meeting = session.get_one(Reservation, reservation_id).meeting
    return None if meeting.rule_code is None else (meeting.rule_code, meeting.rule_fields)


def _why_unread(read: RuleRead) -> tuple[str, dict[str, str]]:
    """A zone that nobody can look up is told by its name; else the member that makes no sense."""
    member, _, zone = read.fault.partition(" ")
    if member == _ZONE:
        return RULE_ZONE_UNKNOWN, {"detail": zone}
    return RULE_UNREADABLE, {"detail": read.fault}
