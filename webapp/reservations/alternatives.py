"""Other rooms and times for a reservation that lost its slot, or that its room declined: found with one query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.intervals import Timed
from webapp.domain.words import Home, RoomState, SyncState
from webapp.models import Occurrence, Reservation, Room
from webapp.reservations.rows import span_of
from webapp.reservations.timetable import OFFICE_HOURS, gaps

ROOMS_OFFERED = 5
TIMES_OFFERED = 3
DAYS_AHEAD = 7
TIMES_ASKED = 60
ROOMS_ASKED = 200
"""So many times, and of so many of the nearest rooms, are asked for at once."""
QUARTER = timedelta(minutes=15)
FOLLOWED = (RoomState.ACTIVE, RoomState.HELD)
"""What is known of such a room is what its calendar holds; of others nobody knows whether they are free."""


@dataclass(frozen=True)
class Alternatives:
    """Rooms that are free at that time, and times at which the same room is. Either may be empty."""

    rooms: Sequence[Room]
    times: Sequence[Timed]


def wants_another(reservation: Reservation) -> bool:
    """Whether it stands without a slot, so that other rooms and times are of use."""
    if reservation.cancelled_at is not None:
        return False
    lost = reservation.withdrawn_at is not None or reservation.sync_code in ("slot_taken", "move_refused")
    return lost or reservation.sync_state is SyncState.DECLINED


def alternatives(session: Session, reservation: Reservation, now: datetime) -> Alternatives:
    """Free rooms of at least this one's capacity, and free times of this one where it lost its slot to another."""
    room, span = reservation.room, span_of(reservation.meeting)
    zone = ZoneInfo(room.time_zone)
    start, end = span.instants(zone)
    if end <= now:
        return Alternatives((), ())
    taken_here = and_(
        Occurrence.room_id == Room.id,
        Room.id == room.id,
        Occurrence.reservation_id != reservation.id,
        Occurrence.blocks,
        Occurrence.ends_at > now,
        Occurrence.starts_at < start + timedelta(days=DAYS_AHEAD + 1),
    )
    nearest = _nearest(room)
    free = select(Room.id).where(*_could_have(reservation, start, end)).order_by(*nearest).limit(ROOMS_OFFERED)
    rows = session.execute(
        select(Room, Occurrence.starts_at, Occurrence.ends_at)
        .outerjoin(Occurrence, taken_here)
        .where(or_(Room.id == room.id, Room.id.in_(free)))
        .order_by(*nearest, Occurrence.starts_at)
    ).all()
    rooms = [one for one, _, _ in rows if one.id != room.id]
    taken = [(begins, ends) for one, begins, ends in rows if one.id == room.id and begins is not None]
    if not isinstance(span, Timed) or reservation.sync_state is SyncState.DECLINED:
        return Alternatives(rooms, ())
    return Alternatives(rooms, tuple(free_times(span, zone, taken, now)))


def rooms_free_at(
    session: Session, room: Room, times: Sequence[tuple[datetime, datetime]], *, followed: bool, same_zone: bool
) -> Sequence[Room]:
    """Rooms of at least this one's capacity that are free at every one of these times, the nearest first: `followed`
    ones alone where they are to be invited. None where the times are too many to ask for."""
    if len(times) > TIMES_ASKED:
        return ()
    near = select(Room.id).where(
        Room.id != room.id,
        func.coalesce(Room.capacity, 0) >= (room.capacity or 0),
        *_bookable_like(room, followed=followed),
        *([Room.time_zone == room.time_zone] if same_zone else []),  # a day is other instants elsewhere
    )
    near = near.order_by(*_nearest(room)).limit(ROOMS_ASKED)
    query = select(Room).where(Room.id.in_(near), *(~_in_the_way(start, end) for start, end in times))
    return session.scalars(query.order_by(*_nearest(room)).limit(ROOMS_OFFERED)).all()


def free_times(
    wanted: Timed, zone: ZoneInfo, taken: Iterable[tuple[datetime, datetime]], now: datetime
) -> list[Timed]:
    """The times nearest to the wanted one, of its length, at which nothing is taken: on its day, then on the next."""
    length, local = wanted.end - wanted.start, wanted.start.astimezone(zone)
    taken = list(taken)
    found: list[tuple[int, timedelta, Timed]] = []
    for ahead in range(DAYS_AHEAD):
        day = local.date() + timedelta(days=ahead)
        first, last = (datetime.combine(day, time(hour), tzinfo=zone) for hour in OFFICE_HOURS)
        same = datetime.combine(day, local.time(), tzinfo=zone)
        for begins, ends in gaps(taken, max(first, now), last):
            low, high = _quarter(begins, up=True), _quarter(ends - length, up=False)
            if low <= high:
                start = min(max(same, low), high)
                found.append((ahead, abs(start - same), Timed(start.astimezone(wanted.start.tzinfo), start + length)))
    return [span for _, _, span in sorted(found, key=lambda one: one[:2])[:TIMES_OFFERED]]


def _quarter(instant: datetime, *, up: bool) -> datetime:
    """The full quarter of an hour at or after the instant, or at or before it."""
    over = timedelta(minutes=instant.minute % 15, seconds=instant.second, microseconds=instant.microsecond)
    return instant - over + (QUARTER if up and over else timedelta())


def _could_have(reservation: Reservation, start: datetime, end: datetime) -> list[ColumnElement[bool]]:
    """Which rooms could take the reservation's place between two instants."""
    room, meeting = reservation.room, reservation.meeting
    has_it = exists(
        select(Reservation.id).where(
            Reservation.meeting_id == meeting.id, Reservation.room_id == Room.id, Reservation.cancelled_at.is_(None)
        )
    )
    return [
        Room.id != room.id,
        func.coalesce(Room.capacity, 0) >= (room.capacity or 0),
        ~_in_the_way(start, end),
        ~has_it,
        *may_move_to(reservation),
        *([Room.time_zone == room.time_zone] if meeting.all_day else []),  # a day is other instants elsewhere
    ]


def may_move_to(reservation: Reservation) -> list[ColumnElement[bool]]:
    """Which rooms a reservation may move to at all: not across tenants, and only what can be invited or booked."""
    return _bookable_like(reservation.room, followed=reservation.meeting.home is Home.USER)


def _bookable_like(room: Room, *, followed: bool) -> list[ColumnElement[bool]]:
    """Which rooms can be booked instead of a room: those of its tenant that are followed, or are not linked."""
    seen = and_(Room.mailbox_id.is_not(None), Room.sync_active, Room.sync_state.in_(FOLLOWED))
    if room.connection_id is not None:
        seen = and_(seen, Room.connection_id == room.connection_id)
    return [Room.archived_at.is_(None), seen if followed else or_(Room.mailbox_id.is_(None), seen)]


def _in_the_way(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Whether something blocks the room between two instants."""
    return exists(
        select(Occurrence.id).where(
            Occurrence.room_id == Room.id,
            Occurrence.blocks,
            Occurrence.starts_at < end,
            Occurrence.ends_at > start,
        )
    )


def _nearest(room: Room) -> tuple[Any, ...]:
    """The order in which rooms are offered instead of one: in its building, and not much larger."""
    return (Room.building != room.building, func.coalesce(Room.capacity, 0), func.lower(Room.name), Room.id)
