"""Series for the scenario tests, in both homes, and what must hold of each here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.people import Person
from tests.tenant.state import Item
from webapp.domain.booking import sync_window
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import Series, expand
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import WallTimes
from webapp.domain.words import Answer
from webapp.models import Occurrence, Reservation
from webapp.reservations import series
from webapp.reservations.drafts import SeriesDraft
from webapp.reservations.series_rows import series_of
from webapp.reservations.split import change_following

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


TUESDAY = date(2026, 11, 24)
NINE_TO_TEN = WallTimes(time(9), time(10))


def weekly(count: int = 6, times: WallTimes = NINE_TO_TEN, first: date = TUESDAY) -> Rule:
    """That many weeks on the first date's day, 9 to 10 in Berlin."""
    pattern = Pattern(PatternType.WEEKLY, days_of_week=(Weekday.of(first),))
    return Rule(pattern, Range.times(first, count), "Europe/Berlin", times)


def week(number: int) -> date:
    """The original date of so many weeks later."""
    return TUESDAY + timedelta(weeks=number)


@dataclass
class Here:
    """People here and one series of theirs."""

    world: World
    reservation_id: int = 0
    room: str = ALDER
    owner: str = ""

    def book(self, rule: Rule, title: str = "Weekly", **more: Any) -> int:
        """Book it; with an owner, in that person's calendar."""
        draft = self._draft(rule, title, in_owner_calendar=bool(self.owner))
        with self.world.transactions.writing() as session:
            made = series.book_series(session, draft, "Ines", self.world.now(), **more)
            self.reservation_id = made.id
        return self.reservation_id

    def change(self, rule: Rule, title: str = "Weekly", **more: Any) -> None:
        """Change all of it."""
        self._act(series.change_series, self._draft(rule, title), **more)

    def follow(self, at: date, rule: Rule, title: str = "Weekly", **more: Any) -> Here:
        """Change a date and all after it; what goes on from there."""
        made = self._act(change_following, at, self._draft(rule, title), **more)
        return Here(self.world, made, self.room, self.owner)

    def move(self, original: date, start: datetime, hours: float = 1, title: str = "Weekly") -> None:
        """Give one date another time."""
        self._act(series.change_date, original, Timed(start, start + timedelta(hours=hours)), title)

    def rename(self, original: date, title: str) -> None:
        """Give one date a title of its own."""
        planned = self.series().occurrence(original).span
        self._act(series.change_date, original, planned, title)

    def cancel(self, original: date) -> None:
        """Cancel one date."""
        self._act(series.cancel_date, original)

    def cancel_from(self, original: date) -> None:
        """Cancel a date and all after it."""
        self._act(series.cancel_following, original)

    def decline(self, original: date) -> None:
        """Decline one date for the room."""
        self._act(series.decline_date, original)

    def series(self) -> Series:
        """As it is here."""
        with self.world.transactions.reading() as session:
            found = series_of(session.get_one(Reservation, self.reservation_id).meeting)
            assert found is not None
            return found

    def _draft(self, rule: Rule, title: str, **more: Any) -> SeriesDraft:
        return SeriesDraft(self.world.rooms[self.room], title, rule, owner_email=self.owner, **more)

    def _act(self, what: Any, *args: Any, **more: Any) -> int:
        with self.world.transactions.writing() as session:
            revision = session.get_one(Reservation, self.reservation_id).meeting.revision
            done = what(session, self.reservation_id, *args, revision, "Ines", self.world.now(), **more)
            assert isinstance(done, Reservation)
            return done.id


def move_there(hand: Person, item: Item, original: date, hour: int) -> datetime:
    """Somebody gives one date of a series in his calendar that hour, UTC, of its day; when it begins then."""
    start = datetime.combine(original, time(hour), tzinfo=UTC)
    event = Booked(hand.tenant, hand.address, item.number, item.uid)
    hand.change_occurrence(event, original, start=start, end=start + timedelta(hours=1))
    return start


def written(world: World, since: int = 0) -> list[str]:
    """What was written to Graph with an effect: method and operation, in order."""
    done = [f"{one.method} {one.op}" for one in world.tenant.requests if one.had_effect]
    return done[since:]


def dates_there(world: World, room: str = ALDER) -> list[Date]:
    """The dates of the series that a room's calendar has in the window, by the tenant's own expansion."""
    found = []
    for item in world.tenant.mailbox(world.address(room)).items.values():
        if item.recurrence is None or item.cancelled:
            continue
        for one in item.occurrences(*sync_window(world.now())):
            if not one.cancelled and one.response != "declined":
                assert one.original is not None
                found.append((one.original.isoformat(), one.start, one.end, one.is_exception))
    return sorted(found, key=lambda one: (one[1], one[0]))


def dates_here(world: World, room: str = ALDER) -> list[Date]:
    """The dates of all series of a room as they stand here, but for those that it declined."""
    with world.transactions.reading() as session:
        rows = session.scalars(
            select(Occurrence)
            .where(Occurrence.room_id == world.rooms[room], Occurrence.original_start != "")
            .where(Occurrence.answer != Answer.DECLINED)
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
    told = [one for found in series_here(world, room) if found for one in expand(found, *sync_window(world.now()))]
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
