"""Another product syncs the same calendar, and takes back whatever we write (H48)."""

from __future__ import annotations

from tests.sync.checks import assert_quiet, assert_same, ours_there, put
from tests.sync.world import World
from webapp.domain.words import HoldKind, RoomState, SyncState
from worker.store.loops import ROUNDS


def restore(world: World, title: str = "Robot's title") -> None:
    """The other product writes its own value over ours."""
    [event] = [e for e in ours_there(world, "alder") if e["start"].hour == 9]
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, subject=title)


def quarrel(world: World, made: int, rounds: int, pause: float = 60) -> None:
    """We say so, and they say otherwise, again and again."""
    for _ in range(rounds):
        world.change(made, title="Our title")
        world.run_once("alder")
        world.tenant.advance(pause / 2)
        if world.reservation(made).sync_state is SyncState.HELD:
            return
        restore(world)
        world.run_once("alder")
        world.tenant.advance(pause / 2)


def test_a_war_of_two_robots_is_held_after_a_few_rounds_and_others_go_on(world: World) -> None:
    """H48, I8: the writes end, the hold names what each side wants, and the rest of the room is in time."""
    world.add_room("alder")
    made, other = world.book("alder", "Our title", world.at(9)), world.book("alder", "Other", world.at(12))
    world.run()
    before = world.writes()
    quarrel(world, made, 40)
    assert world.writes() - before <= ROUNDS + 1
    [hold] = world.holds()
    assert (hold.kind, [a.reservation_id for a in hold.actions]) == (HoldKind.CHANGE_LOOP, [made])
    assert "Our title" in str(hold.actions[0].after) and "Robot's title" in str(hold.actions[0].before)
    assert world.reservation(made).sync_state is SyncState.HELD
    assert world.room("alder").sync_state is RoomState.HELD
    world.change(other, title="Other, renamed")
    put(world, "alder", "Theirs", world.at(15))
    world.run()
    assert "Other, renamed" in [e["subject"] for e in ours_there(world, "alder")]
    assert "Theirs" in world.titles_here("alder")
    assert_quiet(world)


def test_a_war_that_is_over_ends_with_the_next_save(world: World) -> None:
    """H48: an hour later somebody saves once more, and it is sent like any other change."""
    world.add_room("alder")
    made = world.book("alder", "Our title", world.at(9))
    world.run()
    quarrel(world, made, 40)
    assert world.holds()
    world.tenant.advance(3700)
    world.change(made, title="Peace")
    world.run()
    assert [e["subject"] for e in ours_there(world, "alder")] == ["Peace"]
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert_same(world, "alder")
    assert_quiet(world)


def test_people_who_change_their_minds_all_day_are_no_war(world: World) -> None:
    """H48: often on one side, or on both over the day."""
    world.add_room("alder")
    made = world.book("alder", "Our title", world.at(9))
    world.run()
    for number in range(20):
        world.change(made, title=f"Draft {number}")
        world.run_once("alder")
        world.tenant.advance(60)
    for number in range(20):
        restore(world, f"Their draft {number}")
        world.run_once("alder")
        world.tenant.advance(60)
    world.tenant.advance(3700)
    quarrel(world, made, 20, pause=1200)
    assert world.holds() == []
    world.run()
    assert_same(world, "alder")
