"""The timetable as a page shows it: rooms side by side for a day, or the week of one room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.words import RoomState
from webapp.errors import NotFound
from webapp.models import Room
from webapp.reservations import queries
from webapp.reservations.forms import FIRST_DAY, LAST_DAY
from webapp.reservations.shown import day_name, short_day
from webapp.reservations.timetable import OFFICE_HOURS, WHOLE_DAY, Booked, Grid, day_bounds, lay_out, shown_hours

DAY, WEEK = "day", "week"
MOVING_ROOMS = (RoomState.PENDING, RoomState.ACTIVE, RoomState.HELD)
MOVING_MARKS = ("waiting", "awaiting", "old_time", "new_time", "leaving")
"""What changes by itself soon; a room that did not answer in time does not."""


@dataclass(frozen=True)
class Wanted:
    """What a timetable shows, as its address says it; without a `day` it is today."""

    view: str = DAY
    day: date | None = None
    building: str = ""
    page: int = 1
    room_id: int | None = None
    seats: int | None = None
    free_now: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether rooms are left out."""
        return bool(self.building or self.seats or self.free_now)

    def rooms(self, now: datetime) -> queries.RoomFilter:
        """Which rooms it shows."""
        return queries.RoomFilter(self.building, self.seats, now if self.free_now else None)

    def as_args(self, **changed: Any) -> dict[str, Any]:
        """Address arguments of this timetable with some changed; defaults are left out."""
        values = {
            "view": self.view if self.view != DAY else "",
            "day": self.day.isoformat() if self.day else "",
            "building": self.building,
            "seats": self.seats or "",
            "free": "now" if self.free_now else "",
            "page": self.page if self.page > 1 else "",
            "room": self.room_id if self.view == WEEK else "",
            **changed,
        }
        return {name: value for name, value in values.items() if value not in ("", None)}


@dataclass(frozen=True)
class Column:
    """One room and day. `title` heads the column; `moves`: something in it changes by itself soon."""

    room: Room
    grid: Grid
    hours: tuple[int, int]
    view: str
    title: str
    moves: bool
    zone_said: str = ""

    @property
    def key(self) -> str:
        """Its element's id."""
        return f"col-{self.room.id}-{self.grid.day.isoformat()}"


@dataclass(frozen=True)
class Board:
    """A whole timetable. `total` counts the rooms of the day view's filter."""

    wanted: Wanted
    day: date
    today: date
    title: str
    columns: Sequence[Column]
    hours: tuple[int, int]
    total: int

    @property
    def step(self) -> timedelta:
        """How far back and forth lead."""
        return timedelta(days=7 if self.wanted.view == WEEK else 1)

    @property
    def pages(self) -> int:
        """How many views of rooms there are."""
        return max(1, -(-self.total // queries.ROOMS_A_VIEW))

    @property
    def axis(self) -> list[str]:
        """The hours at the left edge."""
        return [f"{hour:02}:00" for hour in range(*self.hours)]


def make_board(session: Session, wanted: Wanted, now: datetime, *, sync_enabled: bool) -> Board:
    """The timetable that is asked for."""
    if wanted.view == WEEK:
        return _week(session, wanted, now, sync_enabled)
    rooms, total = queries.rooms_page(session, wanted.rooms(now), wanted.page)
    today = now.astimezone(ZoneInfo(rooms[0].time_zone) if rooms else UTC).date()
    day = wanted.day or today
    pairs = [(room, day) for room in rooms]
    hours, columns = _columns(session, pairs, now, DAY, sync_enabled)
    return Board(wanted, day, today, day_name(day), columns, hours, total)


def _week(session: Session, wanted: Wanted, now: datetime, sync_enabled: bool) -> Board:
    room = _room_of_week(session, wanted, now)
    if room is None:
        day = wanted.day or now.date()
        return Board(wanted, day, now.date(), day_name(day), [], OFFICE_HOURS, 0)
    today = now.astimezone(ZoneInfo(room.time_zone)).date()
    day = wanted.day or today
    monday = day - timedelta(days=day.weekday())
    days = [monday + timedelta(days=n) for n in range(7)]
    hours, columns = _columns(session, [(room, one) for one in days], now, WEEK, sync_enabled)
    title = f"{monday.day} {monday:%B} – {days[-1].day} {days[-1]:%B %Y}"
    return Board(wanted, day, today, title, columns, hours, 1)


def _room_of_week(session: Session, wanted: Wanted, now: datetime) -> Room | None:
    if wanted.room_id is not None:
        return queries.room_with_switch(session, wanted.room_id)[0]
    rooms, _ = queries.rooms_page(session, wanted.rooms(now), wanted.page)
    return rooms[0] if rooms else None


def one_column(session: Session, room_id: int, day: date, view: str, hours: tuple[int, int], now: datetime) -> Column:
    """A column alone, for its own poll: two queries. Raises `NotFound`."""
    if hours not in (OFFICE_HOURS, WHOLE_DAY) or not FIRST_DAY <= day <= LAST_DAY:
        raise NotFound(what="column")
    room, enabled = queries.room_with_switch(session, room_id)
    start, end = day_bounds(day, ZoneInfo(room.time_zone))
    found = queries.bookings(session, [room.id], start, end).get(room.id, [])
    return _column(room, day, found, hours, now, view, enabled)


def _columns(
    session: Session, pairs: Sequence[tuple[Room, date]], now: datetime, view: str, sync_enabled: bool
) -> tuple[tuple[int, int], list[Column]]:
    bounds = [day_bounds(day, ZoneInfo(room.time_zone)) for room, day in pairs]
    if not bounds:
        return OFFICE_HOURS, []
    first, last = min(start for start, _ in bounds), max(end for _, end in bounds)
    found = queries.bookings(session, sorted({room.id for room, _ in pairs}), first, last)
    of_day = [list(_within(found.get(room.id, []), *bound)) for (room, _), bound in zip(pairs, bounds, strict=True)]
    days = [(day, ZoneInfo(room.time_zone), booked) for (room, day), booked in zip(pairs, of_day, strict=True)]
    hours = shown_hours(days)
    return hours, [
        _column(room, day, booked, hours, now, view, sync_enabled, zone=pairs[0][0].time_zone)
        for (room, day), booked in zip(pairs, of_day, strict=True)
    ]


def _within(bookings: Iterable[Booked], start: datetime, end: datetime) -> Iterable[Booked]:
    return (one for one in bookings if one.starts_at < end and (one.ends_at > start or one.starts_at >= start))


def _column(
    room: Room,
    day: date,
    bookings: Sequence[Booked],
    hours: tuple[int, int],
    now: datetime,
    view: str,
    sync_enabled: bool,
    zone: str | None = None,
) -> Column:
    moves = (
        sync_enabled
        and room.sync_active
        and room.sync_state in MOVING_ROOMS
        and any(one.mark in MOVING_MARKS for one in bookings)
    )
    return Column(
        room=room,
        grid=lay_out(day, ZoneInfo(room.time_zone), bookings, hours, now),
        hours=hours,
        view=view,
        title=short_day(day) if view == WEEK else room.name,
        moves=moves,
        zone_said=room.time_zone if zone is not None and room.time_zone != zone else "",
    )
