"""Which dates of a wanted series are taken, as its form shows them, and what it offers instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.rule import Rule
from webapp.errors import Refused
from webapp.models import Room
from webapp.reservations.alternatives import rooms_free_at
from webapp.reservations.forms import ReservationForm
from webapp.reservations.shown import clock_range
from webapp.reservations.taken import Taken

AT_ONCE = 5
"""So many taken dates are seen at once; the others unfold."""


@dataclass(frozen=True)
class Blocker:
    """A booking in the way, without what is private of it."""

    title: str
    organizer: str
    is_here: bool


@dataclass(frozen=True)
class TakenDate:
    """One date that cannot be had, and who has the room then."""

    when: str
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True)
class DatesTaken:
    """The dates that are taken, of how many; `left_out` is what the form sends back to go on without them. `rooms`
    are free on all of them."""

    room: str
    total: int
    dates: tuple[TakenDate, ...]
    left_out: str
    rooms: Sequence[Room]
    at_once: int = AT_ONCE

    @property
    def count(self) -> int:
        """How many dates are taken."""
        return len(self.dates)

    @property
    def free(self) -> int:
        """How many dates could be had."""
        return self.total - self.count


def dates_taken(
    session: Session, error: Refused, form: ReservationForm, left_out: frozenset[date], *, is_new: bool
) -> DatesTaken:
    """What `Refused("dates_taken")` tells, with other rooms for a new series; `left_out` is left out already."""
    room, taken = session.get_one(Room, error.fields["room_id"]), error.fields["taken"]
    zone = ZoneInfo(room.time_zone)
    days = sorted(left_out | {one.original for one in taken})
    times = [(one.starts_at, one.ends_at) for one in taken]
    rooms: Sequence[Room] = ()
    if is_new and not left_out:
        by_owner, whole_days = form.in_owner_calendar.data == "y", bool(form.all_day.data)
        rooms = rooms_free_at(session, room, times, followed=by_owner, same_zone=whole_days)
    return DatesTaken(
        room=room.name,
        total=error.fields["dates"],
        dates=tuple(_taken_date(one, zone) for one in taken),
        left_out=" ".join(day.isoformat() for day in days),
        rooms=rooms,
    )


def days_left_out(text: str, rule: Rule | None) -> frozenset[date]:
    """The dates of the rule that a form sends back; what no page of ours wrote is none."""
    found = set()
    for word in text.split():
        try:
            found.add(date.fromisoformat(word))
        except ValueError:
            continue
    return frozenset(day for day in found if rule is not None and rule_dates.has_date(rule, day))


def _taken_date(one: Taken, zone: ZoneInfo) -> TakenDate:
    blockers = tuple(Blocker(by["title"], by["organizer"], by["origin"].value == "here") for by in one.blockers)
    return TakenDate(clock_range(one.starts_at, one.ends_at, zone, with_day=True), blockers)
