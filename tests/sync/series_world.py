"""Series for the scenario tests, in both homes, and what must hold of each here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.people import Person
from webapp.domain.booking import sync_window
from webapp.domain.recurrence import Series, expand
from webapp.models import Occurrence, Reservation
from webapp.reservations.series_rows import series_of

HOMES = ("a person's", "the room's")
ALDER = "alder"
_UTC = ZoneInfo("UTC")

Date = tuple[str, datetime, datetime, bool]
"""Original date, start, end, and whether it differs from its series."""


@dataclass
class Organizer:
    """Whoever makes series for a room: a person who invites it, or its delegate in its own calendar."""

    world: World
    home: str

    @property
    def hand(self) -> Person:
        """The calendar in which the series is."""
        if self.home == HOMES[0]:
            return self.world.tenant.as_person(self.world.address("ada"))
        return self.world.tenant.as_delegate(self.world.address(ALDER))

    def book(self, title: str, start: datetime | date, end: datetime | date, **more: Any) -> Booked:
        """A series (or a single meeting) of this room; naive times are of `zone`."""
        rooms = [self.world.address(ALDER)] if self.home == HOMES[0] else []
        return self.hand.book(title, start, end, rooms=rooms, **more)


def dates_there(world: World, room: str = ALDER) -> list[Date]:
    """The dates of the series that a room's calendar has in the window, by the tenant's own expansion."""
    found = []
    for item in world.tenant.mailbox(world.address(room)).items.values():
        if item.recurrence is None:
            continue
        for one in item.occurrences(*sync_window(world.now())):
            if not one.cancelled and one.response != "declined":
                assert one.original is not None
                found.append((one.original.isoformat(), one.start, one.end, one.is_exception))
    return sorted(found, key=lambda one: (one[1], one[0]))


def dates_here(world: World, room: str = ALDER) -> list[Date]:
    """The dates of all series of a room as they stand here."""
    with world.transactions.reading() as session:
        rows = session.scalars(
            select(Occurrence)
            .where(Occurrence.room_id == world.rooms[room], Occurrence.original_start != "")
            .order_by(Occurrence.starts_at, Occurrence.original_start)
        )
        return [(row.original_start, row.starts_at, row.ends_at, row.is_exception) for row in rows]


def series_here(world: World, room: str = ALDER) -> list[Series | None]:
    """The series of a room's live reservations, in the order in which they came in."""
    with world.transactions.reading() as session:
        query = select(Reservation).where(
            Reservation.room_id == world.rooms[room], Reservation.cancelled_at.is_(None)
        )
        return [series_of(row.meeting) for row in session.scalars(query.order_by(Reservation.id))]


def only_series(world: World, room: str = ALDER) -> Series:
    """The one series of a room, whose rule is known."""
    [found] = series_here(world, room)
    assert found is not None
    return found


def assert_followed(world: World, room: str = ALDER) -> None:
    """The room's dates are those of its calendar, and the rules with what differs from them say the same dates."""
    there = dates_there(world, room)
    assert dates_here(world, room) == there
    told = [one for series in series_here(world, room) if series for one in expand(series, *sync_window(world.now()))]
    assert sorted((one.original.isoformat(), *one.span.instants(_UTC)) for one in told) == sorted(
        (original, start, end) for original, start, end, _ in there
    )


def rule_trouble(world: World, room: str = ALDER) -> list[tuple[str | None, dict[str, Any]]]:
    """What is said against the rules of a room's live series."""
    with world.transactions.reading() as session:
        query = select(Reservation).where(
            Reservation.room_id == world.rooms[room], Reservation.cancelled_at.is_(None)
        )
        return [(row.meeting.rule_code, row.meeting.rule_fields) for row in session.scalars(query)]
