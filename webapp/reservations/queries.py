"""What the pages of reservations read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from webapp.domain.intervals import Timed, span_from_json
from webapp.domain.titles import shown_title
from webapp.domain.words import MeetingKind, TitleSource
from webapp.errors import NotFound
from webapp.models import (
    Attempt,
    Conflict,
    Hold,
    HoldAction,
    Meeting,
    MeetingException,
    Occurrence,
    Person,
    Reservation,
    Room,
    RunStep,
    SyncSettings,
)
from webapp.reservations.alternatives import may_move_to
from webapp.reservations.rows import is_pending, original_of, pending_date
from webapp.reservations.series_pending import is_of_series
from webapp.reservations.timetable import Booked

ROOMS_A_VIEW = 12
ROOMS_TO_CHOOSE = 200
STORY_STEPS = 50


@dataclass(frozen=True)
class RoomFilter:
    """Which rooms the timetable shows: of a building, with so many `seats` at least, free at an instant."""

    building: str = ""
    seats: int | None = None
    free_at: datetime | None = None

    def takes(self, room: Room) -> bool:
        """Whether a room belongs to it, apart from what is booked in it."""
        has_seats = self.seats is None or (room.capacity is not None and room.capacity >= self.seats)
        return has_seats and self.building in ("", room.building)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for a query."""
        chosen = _in_use(self.building)
        if self.seats is not None:
            chosen.append(Room.capacity >= self.seats)
        if self.free_at is not None:
            taken = select(Occurrence.id).where(
                Occurrence.room_id == Room.id,
                Occurrence.blocks,
                Occurrence.starts_at <= self.free_at,
                Occurrence.ends_at > self.free_at,
            )
            chosen.append(~taken.exists())
        return chosen


def rooms_page(session: Session, wanted: RoomFilter, page: int) -> tuple[Sequence[Room], int]:
    """A page of rooms in use by name, and how many there are."""
    chosen = wanted.conditions()
    total = session.scalar(select(func.count()).select_from(Room).where(*chosen)) or 0
    query = select(Room).where(*chosen).order_by(*_BY_NAME).limit(ROOMS_A_VIEW).offset((page - 1) * ROOMS_A_VIEW)
    return session.scalars(query).all(), total


def room_with_switch(session: Session, room_id: int) -> tuple[Room, bool]:
    """A room in use and whether sync is switched on, with one query; raises `NotFound`."""
    enabled = func.coalesce(select(SyncSettings.enabled).scalar_subquery(), False)
    row = session.execute(select(Room, enabled).where(Room.id == room_id, Room.archived_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound(what="room", id=room_id)
    return row[0], row[1]


def page_of_room(session: Session, room: Room, wanted: RoomFilter) -> int:
    """The page of `rooms_page` that shows the room."""
    name = func.lower(room.name)
    before = or_(func.lower(Room.name) < name, and_(func.lower(Room.name) == name, Room.id < room.id))
    rank = session.scalar(select(func.count()).select_from(Room).where(*wanted.conditions(), before)) or 0
    return rank // ROOMS_A_VIEW + 1


def rooms_to_choose(session: Session, building: str) -> tuple[Sequence[Room], bool]:
    """Rooms in use for the form's list, and whether there are more than it holds."""
    query = select(Room).where(*_in_use(building)).order_by(*_BY_NAME).limit(ROOMS_TO_CHOOSE + 1)
    found = session.scalars(query).all()
    return found[:ROOMS_TO_CHOOSE], len(found) > ROOMS_TO_CHOOSE


def rooms_to_move_to(session: Session, reservation: Reservation) -> tuple[list[Room], bool]:
    """Rooms that a reservation may move to, its own first, and whether there are more than the list holds."""
    query = select(Room).where(Room.id != reservation.room_id, *may_move_to(reservation)).order_by(*_BY_NAME)
    found = session.scalars(query.limit(ROOMS_TO_CHOOSE + 1)).all()
    return [reservation.room, *found[:ROOMS_TO_CHOOSE]], len(found) > ROOMS_TO_CHOOSE


def bookings(session: Session, room_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[Booked]]:
    """What stands in these rooms between two instants, by room, with one query."""
    found: dict[int, list[Booked]] = defaultdict(list)
    for row in session.execute(_bookings(), {"rooms": list(room_ids), "start": start, "end": end}):
        found[row.room_id].append(_booked(row))
    return found


@cache
def _bookings() -> Select[Any]:
    """The query of `bookings`; made once, as each column that moves asks it every two seconds."""
    organizer, owner = aliased(Person), aliased(Person)
    return (
        select(
            Occurrence.room_id,
            Occurrence.starts_at,
            Occurrence.ends_at,
            Occurrence.blocks,
            Occurrence.answer,
            Reservation.id,
            Occurrence.original_start,
            Reservation.sync_state,
            Reservation.sync_code,
            Reservation.pending_time,
            Reservation.leaves_for_id,
            Reservation.not_followed_since,
            Meeting.title,
            Meeting.title_source,
            Meeting.is_private,
            Meeting.all_day,
            Meeting.origin,
            Meeting.kind,
            organizer.name.label("organizer"),
            owner.name.label("owner"),
            Occurrence.is_exception,
            MeetingException.title.label("own_title"),
        )
        .join(Reservation, Occurrence.reservation_id == Reservation.id)
        .join(Meeting, Reservation.meeting_id == Meeting.id)
        .outerjoin(
            MeetingException,
            and_(
                MeetingException.meeting_id == Meeting.id,
                MeetingException.original_start == Occurrence.original_start,
            ),
        )
        .outerjoin(organizer, Meeting.organizer_id == organizer.id)
        .outerjoin(owner, Meeting.owner_id == owner.id)
        .where(
            Occurrence.room_id.in_(bindparam("rooms", expanding=True)),
            Occurrence.starts_at < bindparam("end"),
            or_(Occurrence.ends_at > bindparam("start"), Occurrence.starts_at >= bindparam("start")),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


def _booked(row: Row[Any]) -> Booked:
    """One row of `bookings`."""
    nameless = row.is_private and row.title_source is not TitleSource.TYPED
    return Booked(
        reservation_id=row.id,
        title=shown_title(row.own_title or row.title, row.title_source, row.is_private, row.organizer),
        who="" if nameless else row.organizer or row.owner or "",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        origin=row.origin,
        is_private=row.is_private,
        is_series=row.kind is MeetingKind.SERIES,
        sync_state=row.sync_state,
        answer=row.answer,
        blocks=row.blocks,
        time_is=_time_is(row),
        is_unconfirmed=row.sync_code == "unconfirmed",
        is_leaving=row.leaves_for_id is not None,
        is_unfollowed=row.not_followed_since is not None,
        is_exception=row.is_exception,
        original=original_of(row.original_start),
    )


def _time_is(row: Row[Any]) -> str:
    """Which of two times it is, while a room has not followed a new one yet."""
    if row.pending_time is None:
        return ""
    if is_of_series(row.pending_time):
        return "new_time" if is_pending(row.original_start) else ""
    wanted = span_from_json(row.pending_time)
    is_new = is_pending(row.original_start) or wanted == Timed(row.starts_at, row.ends_at)
    return "new_time" if is_new else "old_time"


def other_rooms(session: Session, reservation: Reservation) -> Sequence[Reservation]:
    """The meeting's reservations of other rooms that live, with their rooms, by name."""
    query = (
        select(Reservation)
        .join(Reservation.room)
        .where(
            Reservation.meeting_id == reservation.meeting_id,
            Reservation.id != reservation.id,
            Reservation.cancelled_at.is_(None),
        )
        .options(contains_eager(Reservation.room))
    )
    return session.scalars(query.order_by(*_BY_NAME)).all()


def dates_of(session: Session, reservation_id: int, since: datetime) -> Sequence[Occurrence]:
    """The dates of a series that have not ended, the next first; the window holds no more than a year of them."""
    query = select(Occurrence).where(Occurrence.reservation_id == reservation_id, Occurrence.ends_at > since)
    return session.scalars(query.order_by(Occurrence.starts_at)).all()


def date_of(session: Session, reservation_id: int, original: date) -> Occurrence | None:
    """One date of a series, by the day on which its rule has it; while it is to move, where it moves to."""
    names = (original.isoformat(), pending_date(original.isoformat()))
    query = select(Occurrence).where(
        Occurrence.reservation_id == reservation_id, Occurrence.original_start.in_(names)
    )
    return max(session.scalars(query), key=lambda row: is_pending(row.original_start), default=None)


def conflicts_of(session: Session, reservation_id: int) -> Sequence[Conflict]:
    """Conflicts that name the reservation, open ones first."""
    query = select(Conflict).where(
        or_(Conflict.reservation_id == reservation_id, Conflict.other_reservation_id == reservation_id)
    )
    return session.scalars(query.order_by(Conflict.ended_at.is_not(None), Conflict.at.desc()).limit(20)).all()


def holds_of(session: Session, reservation_id: int) -> Sequence[Hold]:
    """Open holds with an action for the reservation."""
    named = Hold.actions.any(HoldAction.reservation_id == reservation_id)
    return session.scalars(select(Hold).where(Hold.closed_at.is_(None), named).order_by(Hold.id)).all()


def steps_of(session: Session, reservation_id: int, before: datetime | None) -> Sequence[RunStep]:
    """What runs did about the reservation, the newest first."""
    query = select(RunStep).where(RunStep.reservation_id == reservation_id)
    if before is not None:
        query = query.where(RunStep.at < before)
    return session.scalars(query.order_by(RunStep.at.desc(), RunStep.id.desc()).limit(STORY_STEPS)).all()


def attempts_of(session: Session, reservation_id: int, before: datetime | None) -> Sequence[Attempt]:
    """Writes to Graph for the reservation, the newest first."""
    query = select(Attempt).where(Attempt.reservation_id == reservation_id)
    if before is not None:
        query = query.where(Attempt.started_at < before)
    return session.scalars(query.order_by(Attempt.started_at.desc(), Attempt.id.desc()).limit(STORY_STEPS)).all()


_BY_NAME = (func.lower(Room.name), Room.id)


def _in_use(building: str) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [Room.archived_at.is_(None)]
    return [*chosen, Room.building == building] if building else chosen
