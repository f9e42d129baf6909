"""Nothing is cancelled because something could not be read; what is too much at once waits for a person (I5, I8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.sync import beginnings
from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations, runs
from tests.sync.oracle import dump
from tests.sync.world import World
from webapp.domain.words import HoldKind, RoomState
from webapp.models import RunStep


def room_with(world: World, ours: int, theirs: int, name: str = "alder") -> None:
    """A synced room with so many reservations."""

    def make(world: World) -> None:
        world.add_room(name)
        for number in range(ours):
            world.book(name, f"Ours {number}", world.at(2 * number))
        for number in range(theirs):
            put(world, name, f"Theirs {number}", world.at(1 + 2 * number))
        world.run()

    if world.rooms:
        make(world)
    else:
        beginnings.begin(world, ("room with", name, ours, theirs), make)
    assert len(world.slots_here(name)) == ours + theirs
    world.tenant.advance(400)


def run_for(world: World, name: str, minutes: int = 6, *, full: bool = False) -> None:
    """Runs of one room, a minute apart, whatever they lead to."""
    for _ in range(minutes):
        world.want(name, full=full)
        world.worker.run(world.mailbox_id(name))
        world.tenant.advance(61)


def test_an_empty_listing_of_a_room_that_is_not_empty_is_held_and_not_believed(world: World) -> None:
    """H70."""
    room_with(world, 20, 24)
    world.tenant.faults.add("delta", "empty", times=3)
    run_for(world, "alder", 2, full=True)
    assert len(world.slots_here("alder")) == 44
    assert [(h.kind, h.fields) for h in world.holds()] == [(HoldKind.EMPTY_LISTING, {"known": 44})]
    assert world.room("alder").sync_state is RoomState.HELD
    assert world.tenant.faults.orders
    world.tenant.faults.clear()
    world.run()
    assert len(world.slots_here("alder")) == 44
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert world.writes() == 20
    assert_quiet(world)


def test_a_listing_that_lacks_nearly_everything_cancels_nothing(world: World) -> None:
    """H70: 44 to 3. Each removal is confirmed by id, and they are all there."""
    room_with(world, 20, 24)
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = 3
    world.tenant.faults.add("delta", "truncate", times=1)
    world.want("alder", full=True)
    world.run()
    assert len(world.slots_here("alder")) == 44
    assert world.writes() == 20
    assert_quiet(world)


def test_a_mass_deletion_in_outlook_waits_for_a_person(world: World) -> None:
    """H70: more than 20 % of a room."""
    room_with(world, 0, 44)
    delegate = world.tenant.as_delegate(world.address("alder"))
    events = [world.tenant.booked(world.address("alder"), e["immutable_id"]) for e in world.there("alder")]
    for event in events[3:]:
        delegate.delete(event)
    run_for(world, "alder")
    assert len(world.slots_here("alder")) == 44
    [hold] = world.holds()
    assert (hold.kind, len(hold.actions)) == (HoldKind.MASS_CANCEL, 41)
    assert world.room("alder").sync_state is RoomState.HELD
    before = dump(world)
    run_for(world, "alder", 3)
    assert dump(world) == before


def test_a_few_deletions_are_followed_at_once(world: World) -> None:
    room_with(world, 0, 44)
    delegate = world.tenant.as_delegate(world.address("alder"))
    events = [world.tenant.booked(world.address("alder"), e["immutable_id"]) for e in world.there("alder")]
    for event in events[:8]:
        delegate.delete(event)
    world.run()
    assert len(world.slots_here("alder")) == 36 and world.holds() == []
    assert_quiet(world)


def test_deletions_that_trickle_in_are_counted_over_the_hour(world: World) -> None:
    """3.5: the brakes count the last 60 minutes, not one run, and what is held does not expire."""
    room_with(world, 0, 20)
    delegate = world.tenant.as_delegate(world.address("alder"))
    events = [world.tenant.booked(world.address("alder"), e["immutable_id"]) for e in world.there("alder")]
    for event in events[:10]:
        delegate.delete(event)
        run_for(world, "alder", 1)
    assert len(world.slots_here("alder")) == 15
    assert [h.kind for h in world.holds()] == [HoldKind.MASS_CANCEL]
    world.tenant.advance(3700)
    world.run()
    assert len(world.slots_here("alder")) == 15
    assert [h.kind for h in world.holds()] == [HoldKind.MASS_CANCEL]


def test_a_mass_move_in_outlook_waits_for_a_person(world: World) -> None:
    """H34: everything an hour later is more likely a fault than a wish."""
    room_with(world, 0, 12)
    delegate = world.tenant.as_delegate(world.address("alder"))
    before = world.slots_here("alder")
    for event in world.there("alder"):
        booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
        delegate.change(booked, start=event["start"] + timedelta(hours=1), end=event["end"] + timedelta(hours=1))
    run_for(world, "alder", 3)
    assert world.slots_here("alder") == before
    assert [h.kind for h in world.holds()] == [HoldKind.MASS_RETIME]


def test_one_rooms_hold_does_not_stop_another_nor_new_events(world: World) -> None:
    """I8: the rest of the plan goes on."""
    room_with(world, 0, 20)
    room_with(world, 0, 3, "birch")
    delegate = world.tenant.as_delegate(world.address("alder"))
    for event in world.there("alder")[:15]:
        delegate.delete(world.tenant.booked(world.address("alder"), event["immutable_id"]))
    put(world, "alder", "New", world.at(60))
    put(world, "birch", "New too", world.at(60))
    run_for(world, "alder", 2)
    world.run()
    assert "New" in world.titles_here("alder") and "New too" in world.titles_here("birch")
    made = world.book("alder", "From here", world.at(70))
    world.run()
    assert "From here" in [e["subject"] for e in world.there("alder")]
    assert world.reservation(made).cancelled_at is None
    assert world.room("birch").sync_state is RoomState.ACTIVE


def test_the_copy_of_a_cancelled_meeting_that_is_cleared_away_is_no_empty_room(world: World) -> None:
    """H70 is about what is followed: a leftover that somebody deletes is nothing."""
    world.add_room("alder")
    event = invite(world, "alder", "Gone", world.at(10))
    world.run()
    world.tenant.as_person(world.address("ada")).cancel(event)
    world.run()
    world.want("alder", full=True)
    world.run()
    world.tenant.as_delegate(world.address("alder")).delete(event)
    world.tenant.advance(100)
    world.want("alder", full=True)
    world.run()
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


def test_a_404_alone_does_not_cancel(world: World) -> None:
    """H07: by id it is not found, the listing still shows it."""
    room_with(world, 1, 2)
    made = reservations(world, "alder")[0]
    world.tenant.faults.add("get", "404lag", times=2)
    world.tenant.touch_all(world.address("alder"))
    world.change(made.id, title="Retro")
    world.run()
    assert len(world.slots_here("alder")) == 3
    assert "Retro" in [e["subject"] for e in world.there("alder")]
    assert world.holds() == []


# -- access that is lost and comes back


def lose_permission(world: World) -> None:
    world.app.roles = ("Place.Read.All",)


def lose_mailbox(world: World) -> None:
    world.tenant.soft_delete(world.address("alder"))


def lose_licence(world: World) -> None:
    world.tenant.unlicense(world.address("alder"))


@pytest.mark.parametrize("kind", ["403", "401", "503", "504", "500", "429", "T-", "drop"])
@pytest.mark.parametrize("op", ["any", "delta", "get", "view"])
def test_a_service_that_refuses_or_is_away_cancels_nothing_and_recovers_by_itself(
    world: World, kind: str, op: str
) -> None:
    """H67, H68, I5."""
    room_with(world, 3, 4)
    before = dump(world)["occurrence"]
    world.tenant.faults.add(op, kind, times=1000, mailbox=world.address("alder"))
    run_for(world, "alder", 8, full=True)
    assert dump(world)["occurrence"] == before
    assert world.count(RunStep) < 100
    if op == "any":
        expected = RoomState.ACTIVE if kind == "429" else RoomState.ERROR
        assert world.room("alder").sync_state is expected
        assert world.room("alder").sync_code is not None
    made = world.book("alder", "Meanwhile", world.at(40))
    world.tenant.faults.clear()
    world.tenant.advance(700)
    world.run()
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert world.room("alder").sync_code is None
    assert len(ours_there(world, "alder")) == 4
    assert world.reservation(made).cancelled_at is None
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("lose", [lose_mailbox, lose_licence])
def test_a_mailbox_that_goes_away_and_comes_back_costs_no_reservation(
    world: World, lose: Callable[[World], None]
) -> None:
    """H69."""
    room_with(world, 3, 4)
    room_with(world, 1, 1, "birch")
    before = dump(world)["occurrence"]
    lose(world)
    put(world, "birch", "New", world.at(50))
    for _ in range(4):
        run_for(world, "alder", 1)
        run_for(world, "birch", 1)
    assert world.room("alder").sync_state is RoomState.ERROR
    assert world.room("birch").sync_state is RoomState.ACTIVE
    assert set(before) <= set(dump(world)["occurrence"])
    world.tenant.restore(world.address("alder"))
    world.tenant.advance(700)
    world.run()
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_wait_that_microsoft_asks_for_is_kept_and_is_no_error(world: World) -> None:
    """H67: nothing is sent during the wait."""
    room_with(world, 1, 1)
    world.tenant.faults.add("delta", "429", retry_after=90)
    world.book("alder", "New", world.at(30))
    world.run_once("alder")
    assert world.room("alder").sync_state is RoomState.ACTIVE
    asked = len(world.tenant.requests)
    for _ in range(8):
        world.run_once("alder")
        world.tenant.advance(10)
    assert len(world.tenant.requests) == asked
    world.run()
    assert len(ours_there(world, "alder")) == 2
    assert world.room("alder").sync_code is None
    assert_quiet(world)


def test_a_room_that_is_away_writes_few_runs_and_waits_longer_each_time(world: World) -> None:
    """I8: bounded retries."""
    room_with(world, 1, 1)
    before, asked = runs(world), len(world.tenant.requests)
    world.tenant.faults.add("any", "503", times=10_000, retry_after=None)
    for _ in range(360):
        world.run_once("alder")
        world.tenant.advance(10)
    assert runs(world) - before < 25
    assert len(world.tenant.requests) - asked < 40
