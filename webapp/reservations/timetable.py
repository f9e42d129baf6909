"""Where bookings stand in the grid of a day: pure, in rows of five minutes, by the wall clock of the room.

The grid's classes are those of timetable.css: `s0` is the first shown hour, `d1` is five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from webapp.domain.words import Answer, Origin, SyncState

ROW_MINUTES = 5
OFFICE_HOURS = (7, 19)
WHOLE_DAY = (0, 24)
MARKED = (SyncState.WAITING, SyncState.AWAITING, SyncState.FAILED, SyncState.HELD)
SHORTEST_SLOT = 15
"""Minutes; less than that between two bookings is not offered."""


@dataclass(frozen=True)
class Booked:
    """One date of a reservation as the grid shows it. Times are instants in UTC."""

    reservation_id: int
    title: str
    who: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    origin: Origin
    is_private: bool
    is_series: bool
    sync_state: SyncState
    answer: Answer
    blocks: bool
    time_is: str = ""
    """While a new time is not followed by the room: `new_time` or `old_time`."""
    is_unconfirmed: bool = False
    is_leaving: bool = False
    is_unfollowed: bool = False
    is_exception: bool = False
    """A date that differs from its series."""
    original: str = ""
    """Which date of its series it is."""

    @property
    def mark(self) -> str:
        """What of it is not as it should be, or empty; the first that applies."""
        if self.answer is Answer.DECLINED or self.sync_state is SyncState.DECLINED:
            return "declined"
        if self.time_is or self.is_leaving:
            return self.time_is or "leaving"
        if self.sync_state in MARKED:
            return "unconfirmed" if self.is_unconfirmed else self.sync_state.value
        return "unfollowed" if self.is_unfollowed else ""


@dataclass(frozen=True)
class Cell:
    """A booking in its place. `lane` is 0 for the whole width, else 1 or 2."""

    booked: Booked
    row: int
    length: int
    starts: str
    ends: str
    lane: int = 0


@dataclass(frozen=True)
class Slot:
    """A free piece of at most an hour. The first piece of a gap stands for the whole gap: `gap_ends`."""

    row: int
    length: int
    starts: str
    ends: str
    gap_ends: str
    is_first: bool


@dataclass(frozen=True)
class Grid:
    """One day of one room. `now_row` is where the present stands, if it is in this day."""

    day: date
    cells: tuple[Cell, ...]
    slots: tuple[Slot, ...]
    now_row: int | None

    @property
    def has_lanes(self) -> bool:
        """Whether bookings stand side by side."""
        return any(cell.lane for cell in self.cells)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of a day's midnights in the zone."""
    first = datetime.combine(day, time(), tzinfo=zone)
    last = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return first.astimezone(UTC), last.astimezone(UTC)


def shown_hours(days: Iterable[tuple[date, ZoneInfo, Sequence[Booked]]]) -> tuple[int, int]:
    """Office hours, or the whole day if something (but all-day) begins or ends outside of them on one of the days."""
    first, last = (hour * 60 for hour in OFFICE_HOURS)
    for day, zone, bookings in days:
        for one in (booked for booked in bookings if not booked.all_day):
            starts, ends = _wall_minutes(one.starts_at, day, zone), _wall_minutes(one.ends_at, day, zone)
            if 0 <= starts < first or last <= starts < 1440 or 0 < ends <= first or last < ends < 1440:
                return WHOLE_DAY
    return OFFICE_HOURS


def lay_out(day: date, zone: ZoneInfo, bookings: Sequence[Booked], hours: tuple[int, int], now: datetime) -> Grid:
    """Place the bookings of a day; `now` decides which slots can still be booked."""
    first, last = hours[0] * 60, hours[1] * 60
    cells = []
    for one in sorted(bookings, key=lambda booked: (booked.starts_at, booked.ends_at, booked.reservation_id)):
        starts, ends = _wall_minutes(one.starts_at, day, zone), _wall_minutes(one.ends_at, day, zone)
        low, high = max(starts, first), min(max(ends, starts), last)
        if high < first or low >= last:
            continue
        row = (low - first) // ROW_MINUTES
        length = max(1, -(-(high - first) // ROW_MINUTES) - row)
        cells.append(Cell(one, row, length, _clock(one.starts_at, day, zone), _clock(one.ends_at, day, zone)))
    present = _wall_minutes(now, day, zone)
    now_row = (present - first) // ROW_MINUTES if first <= present < last else None
    return Grid(day, tuple(_in_lanes(cells)), tuple(_slots(cells, hours, present)), now_row)


def _wall_minutes(instant: datetime, day: date, zone: ZoneInfo) -> int:
    """Minutes since the day's midnight by the wall clock; the grid of a day of 23 or 25 hours has 24."""
    local = instant.astimezone(zone)
    return (local.date() - day).days * 1440 + local.hour * 60 + local.minute


def _clock(instant: datetime, day: date, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    if local.date() == day or (local.date() == day + timedelta(days=1) and local.time() == time()):
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}"


def _in_lanes(cells: Sequence[Cell]) -> Iterable[Cell]:
    """Bookings that share rows stand side by side, in two lanes."""
    group: list[Cell] = []
    reach = 0
    for cell in [*cells, None]:
        if cell is None or (group and cell.row >= reach):
            yield from group if len(group) == 1 else _two_lanes(group)
            group, reach = [], 0
        if cell is not None:
            group.append(cell)
            reach = max(reach, cell.row + cell.length)


def _two_lanes(group: Sequence[Cell]) -> Iterable[Cell]:
    free_from = [0, 0]
    for cell in group:
        lane = 0 if free_from[0] <= cell.row or free_from[0] <= free_from[1] else 1
        free_from[lane] = max(free_from[lane], cell.row + cell.length)
        yield replace(cell, lane=lane + 1)


def _slots(cells: Sequence[Cell], hours: tuple[int, int], present: int) -> Iterable[Slot]:
    """What is free and not past, cut at full hours."""
    first, last = hours[0] * 60, hours[1] * 60
    quarter = -(-present // 15) * 15
    begin = max(first, quarter)
    taken = [
        (first + c.row * ROW_MINUTES, first + (c.row + c.length) * ROW_MINUTES) for c in cells if c.booked.blocks
    ]
    for start, end in gaps(taken, begin, last):
        if end - start < SHORTEST_SLOT:
            continue
        cuts = [start, *range((start // 60 + 1) * 60, end, 60), end]
        for low, high in pairwise(cuts):
            yield Slot(
                row=(low - first) // ROW_MINUTES,
                length=(high - low) // ROW_MINUTES,
                starts=_minutes(low),
                ends=_minutes(high),
                gap_ends=_minutes(end),
                is_first=low == start,
            )


Instant = TypeVar("Instant", int, datetime)


def gaps(taken: Sequence[tuple[Instant, Instant]], begin: Instant, end: Instant) -> Iterable[tuple[Instant, Instant]]:
    """What lies between `begin` and `end` and is not taken."""
    edges = sorted(taken)
    edges.append((end, end))
    for start, stop in edges:
        until = start if start < end else end
        if until > begin:
            yield begin, until
        begin = stop if stop > begin else begin


def _minutes(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
