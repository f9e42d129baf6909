"""A reservation that a person is about to change: under its rooms' locks, seen as it is, and allowed to be."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session, object_session

from webapp.domain.access import Allowed, Denied, Facts, may_change, may_change_series
from webapp.domain.words import KEPT_HERE, Home, Origin
from webapp.errors import NotFound, Refused, StaleRevision
from webapp.models import Meeting, Reservation, Room
from webapp.reservations.organized import last_end, modes_and_reach
from webapp.reservations.rows import is_invited, lock_room, span_of, title_of


def access_to(reservation: Reservation, now: datetime) -> Allowed | Denied:
    """What `webapp.domain.access` says of this reservation, for pages to show before the click."""
    return may_change(_facts(reservation, now), now)


def access_to_series(reservation: Reservation, now: datetime) -> Allowed | Denied:
    """The same of a change of a series, as a whole or of dates of it."""
    return may_change_series(_facts(reservation, now), now)


def _facts(reservation: Reservation, now: datetime) -> Facts:
    meeting, room = reservation.meeting, reservation.room
    session = object_session(reservation)
    assert session is not None, "a reservation is read in a session"
    organizer = meeting.organizer if meeting.home is Home.USER else None
    modes, reach = modes_and_reach(session, room, organizer.email if organizer else "")
    return Facts(
        home=meeting.home,
        kind=meeting.kind,
        cancelled=reservation.cancelled_at is not None,
        followed=reservation.not_followed_since is None,
        archived=room.archived_at is not None,
        ends_at=last_end(reservation, ZoneInfo(room.time_zone), now),
        other_attendees=meeting.other_attendees,
        kept=reservation.sync_code == KEPT_HERE and meeting.origin is not Origin.HERE,
        invited=is_invited(reservation),
        modes=modes,
        reach=reach,
    )


def changeable(
    session: Session, reservation_id: int, seen_revision: int, now: datetime, other_room_id: int | None = None
) -> tuple[Room, Reservation]:
    """The reservation under its lock, if it may be changed and stands as it was seen; of a series as well, whose
    time and title only `webapp.reservations.series` changes."""
    room, reservation = locked(session, reservation_id, other_room_id)
    allowed = access_to_series(reservation, now)
    if isinstance(allowed, Denied):
        raise Refused(allowed.code)
    refuse_stale(reservation, seen_revision)
    return room, reservation


def locked(session: Session, reservation_id: int, other_room_id: int | None = None) -> tuple[Room, Reservation]:
    """The reservation as it is under its lock; of a person's meeting all rooms are locked, in id order."""
    found = session.get(Reservation, reservation_id)
    if found is None:
        raise NotFound(what="reservation", id=reservation_id)
    rooms = {found.room_id, found.room_id if other_room_id is None else other_room_id}
    if found.meeting.home is Home.USER or found.leaves_for_id is not None or len(rooms) > 1:
        rooms |= {one.room_id for one in found.meeting.reservations}
    for room_id in sorted(rooms):
        lock_room(session, room_id)
    room = session.get_one(Room, found.room_id)
    reservation = session.get_one(Reservation, reservation_id, populate_existing=True)
    session.refresh(reservation.meeting)
    return room, reservation


def refuse_stale(reservation: Reservation, seen_revision: int) -> None:
    """Refuse what was decided on an older state; both are shown then."""
    if reservation.meeting.revision != seen_revision:
        raise StaleRevision(saved=_as_fields(reservation.meeting), revision=reservation.meeting.revision)


def _as_fields(meeting: Meeting) -> dict[str, Any]:
    return {"title": title_of(meeting), "span": span_of(meeting), "is_private": meeting.is_private}
