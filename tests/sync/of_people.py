"""Meetings in people's own calendars, as the tests of hazards have them: made by Ada, or here in her calendar."""

from __future__ import annotations

import pytest

from tests.sync.checks import assert_quiet, assert_same, book_for, invite, persons_events, reservations
from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.people import Person
from webapp.domain.intervals import Timed
from webapp.domain.words import SyncState

WHOSE = pytest.mark.parametrize("whose", ["invited", "made here"])


def open_calendars(world: World) -> World:
    """One room; delegation and creating in people's calendars are on."""
    world.begin_with("alder", delegation=True, create=True)
    return world


def ada(world: World) -> Person:
    """Whose calendar it is."""
    return world.tenant.as_person(world.address("ada"))


def standing(world: World, whose: str, span: Timed | None = None, **more: object) -> tuple[int, Booked]:
    """A meeting of Ada's in alder that is known on both sides, and its reservation."""
    span = span or world.at(9)
    if whose == "made here":
        key = book_for(world, "alder", "Plan", span)
        world.run()
        event = event_of_ada(world)
    else:
        event = invite(world, "alder", "Plan", span, **more)
        world.run()
        [key] = [row.id for row in reservations(world, "alder")]
    world.tenant.advance(300)
    return key, event


def event_of_ada(world: World) -> Booked:
    """Ada's one event as she handles it."""
    [found] = persons_events(world)
    return world.tenant.booked(world.address("ada"), found["immutable_id"])


def assert_one(world: World, key: int, title: str, span: Timed) -> None:
    """One event of Ada's, one copy, one reservation, all of the same title and time; and quiet."""
    assert [(e["subject"], e["start"]) for e in persons_events(world)] == [(title, span.start)]
    row = world.reservation(key)
    assert [one.id for one in reservations(world, "alder")] == [key]
    assert (row.meeting.title, row.sync_state) == (title, SyncState.SYNCED)
    assert_same(world, "alder")
    assert_quiet(world)


def requests(world: World, who: str = "ada") -> int:
    """Requests to a mailbox so far."""
    return sum(request.mailbox == world.address(who) for request in world.tenant.requests)


def creates(world: World) -> int:
    """Creates so far."""
    return sum(request.op == "create" for request in world.tenant.requests)
