"""What stands in the way of a booking, as pages show it, and which dates of a series are taken."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.booking import sync_window
from webapp.domain.intervals import overlap
from webapp.domain.recurrence import Occurrence as DateOfSeries
from webapp.domain.recurrence import Series, expand
from webapp.models import Occurrence, Room
from webapp.reservations.rows import blockers, title_of

Instants = tuple[datetime, datetime]


@dataclass(frozen=True)
class Taken:
    """A date of a series on which its room is not free, and who has it then (as `as_blocker` tells)."""

    original: date
    starts_at: datetime
    ends_at: datetime
    blockers: tuple[dict[str, Any], ...]


def taken_dates(session: Session, room: Room, series: Series, now: datetime, besides: int | None) -> list[Taken]:
    """Which dates of a series that are not over are taken in the room, in order, as far as the window reaches; its
    own dates, those of the reservation `besides`, are in nobody's way. For pages too, before anything is saved."""
    zone = ZoneInfo(room.time_zone)
    wanted = [(one, one.span.instants(zone)) for one in dates_ahead(series, now, zone)]
    if not wanted:
        return []
    whole = min(times[0] for _, times in wanted), max(times[1] for _, times in wanted)
    by_day: dict[date, list[Occurrence]] = defaultdict(list)
    for row in blockers(session, room.id, whole, besides):
        for day in _days((row.starts_at, row.ends_at), whole):
            by_day[day].append(row)
    found = []
    for one, times in wanted:
        rows = dict.fromkeys(row for day in _days(times, whole) for row in by_day.get(day, ()))
        in_the_way = [row for row in rows if overlap((row.starts_at, row.ends_at), times)]
        if in_the_way:
            found.append(Taken(one.original, *times, tuple(as_blocker(row) for row in in_the_way)))
    return found


def dates_ahead(series: Series, now: datetime, zone: ZoneInfo) -> list[DateOfSeries]:
    """The dates of a series inside the window that are not over yet."""
    return [one for one in expand(series, now, sync_window(now)[1], zone) if one.span.instants(zone)[1] > now]


def as_blocker(row: Occurrence) -> dict[str, Any]:
    """A booking that is in the way, without what is private of it."""
    meeting = row.reservation.meeting
    hidden = meeting.is_private
    who = meeting.organizer or meeting.owner
    return {
        "reservation_id": row.reservation_id,
        "title": "Private" if hidden else title_of(meeting),
        "organizer": "" if hidden or who is None else who.name,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "origin": meeting.origin,
    }


def _days(times: Instants, within: Instants) -> list[date]:
    """The UTC days that a span touches, as far as they lie within another."""
    first, last = max(times[0], within[0]).date(), min(times[1], within[1]).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
