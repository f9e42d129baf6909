"""The event of a create in doubt is changed by its owner before it is found: it is one meeting in the end, as she
wants it."""

from __future__ import annotations

from tests.sync.checks import assert_quiet, assert_same, book_for, persons_events, reservations
from tests.sync.of_people import ada, event_of_ada, open_calendars
from tests.sync.world import World
from webapp.domain.words import HoldKind, SyncState


def in_doubt(world: World) -> int:
    """A meeting in Ada's calendar whose create was not answered; alder and birch are followed."""
    open_calendars(world)
    world.add_room("birch")
    world.run()
    world.tenant.faults.add("create", "T+", times=1)
    key = book_for(world, "alder", "Plan", world.at(30))
    world.run_once("alder")
    world.tenant.settle()
    return key


def assert_one_in(world: World, *rooms: str) -> None:
    """One event of Ada's, and in each of these rooms one reservation of one meeting, as its copy is; and quiet."""
    assert len(persons_events(world)) == 1
    rows = [row for room in ("alder", "birch") for row in reservations(world, room)]
    assert [(row.room.name, row.sync_state) for row in rows] == [(r.title(), SyncState.SYNCED) for r in rooms]
    assert len({row.meeting_id for row in rows}) == 1
    for room in rooms:
        assert_same(world, room)
    assert_quiet(world)


def test_a_room_that_its_owner_added_meanwhile_is_a_room_of_the_same_meeting(world: World) -> None:
    """H80, I3: the added room's copy came in first, as somebody's meeting."""
    in_doubt(world)
    ada(world).change(event_of_ada(world), rooms=[world.address("alder"), world.address("birch")])
    world.tenant.settle()
    world.run_once("birch")
    world.run(patience=80)

    assert_one_in(world, "alder", "birch")


def held_and_moved(world: World) -> int:
    """Nothing may be read for a while: a person is asked, and the copy at another time comes in as somebody's."""
    key = in_doubt(world)
    world.set_modes(strict=True)
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]
    span = world.at(40)
    ada(world).change(event_of_ada(world), start=span.start, end=span.end)
    world.run()
    assert len(reservations(world, "alder")) == 2
    return key


def test_an_event_that_its_owner_moved_while_a_person_was_asked_is_the_reservation_made_here(world: World) -> None:
    """H80, I3: once it may be looked up again it is found by its mark."""
    key = held_and_moved(world)
    world.set_modes(delegation=True, create=True)
    world.tenant.advance(4000)
    world.run(patience=80)

    assert [row.id for row in reservations(world, "alder")] == [key]
    assert world.slots_here("alder") == [(world.at(40).start, world.at(40).end)]
    assert world.holds() == []
    assert_one_in(world, "alder")


def test_what_was_wanted_of_the_copy_meanwhile_is_sent_before_it_is_joined(world: World) -> None:
    """I2: a title that somebody here gave the meeting which the copy brought."""
    key = held_and_moved(world)
    [_, theirs] = reservations(world, "alder")
    world.set_modes(delegation=True, create=True)
    world.change(theirs.id, title="Retro")
    world.tenant.advance(4000)
    world.run(patience=80)

    assert [row.id for row in reservations(world, "alder")] == [key]
    assert [event["subject"] for event in persons_events(world)] == ["Retro"]
    assert world.reservation(key).meeting.title == "Retro"
    assert_one_in(world, "alder")


def test_a_title_that_its_owner_gave_it_before_it_was_found_is_its_title_here(world: World) -> None:
    """I1: only the first answer of a create shows the server's hand; what is found later may be changed."""
    key = in_doubt(world)
    ada(world).change(event_of_ada(world), subject="Her own")
    world.run(patience=80)

    assert world.reservation(key).meeting.title == "Her own"
    assert_one_in(world, "alder")
