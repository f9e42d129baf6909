"""Two people want the same room at the same time: in every order, never two of ours without a word (H51, I7, I9)."""

from __future__ import annotations

import pytest

from tests.sync.checks import assert_quiet, invite, once, ours_there, put, reservations
from tests.sync.oracle import Ledger, live_there
from tests.sync.world import World
from tests.tenant import Booked, RequestInfo
from webapp.domain.words import ConflictKind, RoomState, SyncState
from webapp.errors import Refused

STEPS = 9
"""More requests than a run with one create makes: look, POST, look again, delta, reads."""


def check_settled(world: World, theirs: Booked, made: int | None) -> None:
    """The stranger's event is untouched; ours is either alone, or withdrawn and held, or named in a conflict."""
    assert theirs.item is not None and not theirs.item.cancelled
    assert Ledger(world)._unexplained_overlaps() == []
    assert_quiet(world)
    if made is None:
        return
    here = world.reservation(made)
    if here.withdrawn_at is not None:
        assert ours_there(world, "alder") == []
        assert here.sync_state is SyncState.HELD
        assert world.room("alder").sync_state is RoomState.HELD
        assert [(h.kind, [a.reservation_id for a in h.actions]) for h in world.holds()] == [("slot_taken", [made])]
        assert [o.blocks for o in here.occurrences] == [False]
    elif theirs.ical_uid not in {e["ical_uid"] for e in live_there(world, "alder")}:  # the room itself said no
        assert len(ours_there(world, "alder")) == 1
        assert [c for c in world.conflicts() if c.ended_at is None] == []
    else:
        assert len(ours_there(world, "alder")) == 1
        assert [c.kind for c in world.conflicts() if c.ended_at is None] == ["overlap"]


@pytest.mark.parametrize("who", ["delegate", "person"])
@pytest.mark.parametrize("step", range(STEPS * 2))
def test_a_stranger_books_at_every_moment_of_our_booking(world: World, step: int, who: str) -> None:
    """H51: each interleaving of `U.create` and `L.book` with the requests of the run between them."""
    world.add_room("alder")
    world.run()
    slot = world.at(10)
    theirs: list[Booked] = []
    moments = iter(range(1000))

    def stranger(phase: str, info: RequestInfo) -> None:
        if next(moments) == step and not theirs:
            theirs.append(
                put(world, "alder", "Theirs", slot) if who == "delegate" else invite(world, "alder", "T", slot)
            )

    world.tenant.on_request(stranger)
    made = world.book("alder", "Ours", slot)
    world.run()
    if not theirs:
        return
    world.run()
    check_settled(world, theirs[0], made)


@pytest.mark.parametrize("gap", [0, 1, 60])
@pytest.mark.parametrize("synced", [False, True])
def test_a_stranger_who_booked_first_keeps_the_room(world: World, gap: int, synced: bool) -> None:
    """H51."""
    world.add_room("alder")
    world.run()
    theirs = put(world, "alder", "Theirs", world.at(10))
    world.tenant.advance(gap)
    if synced:
        world.run()
        with pytest.raises(Refused, match="room_taken"):
            world.book("alder", "Ours", world.at(10))
        return
    made = world.book("alder", "Ours", world.at(10))
    world.run()
    assert world.writes() == 0
    check_settled(world, theirs, made)


def test_a_stranger_who_books_later_over_ours_opens_a_conflict_and_ours_stays(world: World) -> None:
    """H51: only our own later event is withdrawn by itself; here ours was first."""
    world.add_room("alder")
    made = world.book("alder", "Ours", world.at(10))
    world.run()
    world.tenant.advance(60)
    theirs = put(world, "alder", "Theirs", world.at(10.5))
    world.run()
    assert world.reservation(made).withdrawn_at is None
    assert len(ours_there(world, "alder")) == 1
    check_settled(world, theirs, made)
    world.tenant.as_delegate(world.address("alder")).delete(theirs)
    world.run()
    assert all(c.ended_at is not None for c in world.conflicts())


def test_the_deletion_in_outlook_of_what_yields_its_slot_is_kept_for_people(world: World) -> None:
    """H51 with H76, I2: it stays Held here, for another room or time, and whoever finds it learns of the deletion."""
    world.add_room("alder")
    world.run()

    def theirs() -> None:
        put(world, "alder", "Theirs", world.at(10))
        world.tenant.advance(1)

    def delete_ours() -> None:
        [event] = ours_there(world, "alder")
        booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
        world.tenant.as_delegate(world.address("alder")).delete(booked)

    came = once(world, "create", "before", theirs)
    deleted = once(world, "delete", "before", delete_ours)
    made = world.book("alder", "Ours", world.at(10))
    world.run()

    assert came and deleted
    assert world.reservation(made).sync_state is SyncState.HELD
    told = [(one.kind, one.prevailed) for one in world.conflicts() if one.reservation_id == made and one.prevailed]
    assert told == [(ConflictKind.CANCELLED_AND_EDITED, "here")]
    assert_quiet(world)


def test_a_create_found_again_after_a_stranger_came_in_yields_to_him(world: World) -> None:
    """H51 with H35: the POST was in doubt while the delta brought the earlier event."""
    world.add_room("alder")
    world.run()
    slot = world.at(10)
    theirs: list[Booked] = []

    def stranger(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.op == "create" and not theirs:
            theirs.append(put(world, "alder", "Theirs", slot))
            world.tenant.advance(1)

    world.tenant.on_request(stranger)
    world.tenant.faults.hide_created(seconds=8)
    world.tenant.faults.add("create", "T+")
    made = world.book("alder", "Ours", slot)
    for _ in range(12):
        world.run_once("alder")
        world.tenant.advance(2)
    world.run()
    assert world.reservation(made).withdrawn_at is not None
    check_settled(world, theirs[0], made)


def test_a_time_moved_here_onto_a_strangers_is_taken_back_and_both_times_are_kept(world: World) -> None:
    """I2, I7."""
    world.add_room("alder")
    made = world.book("alder", "Ours", world.at(10))
    world.run()
    put(world, "alder", "Theirs", world.at(14))
    world.change(made, span=world.at(14))
    world.run()
    assert world.slots_here("alder") == [(world.at(h).start, world.at(h).end) for h in (10, 14)]
    [conflict] = [c for c in world.conflicts() if c.kind == "time"]
    assert conflict.prevailed == "there" and world.at(14).start.isoformat() in str(conflict.here)
    assert_quiet(world)


def test_a_held_reservation_given_another_time_is_created_there(world: World) -> None:
    world.add_room("alder")
    world.run()
    put(world, "alder", "Theirs", world.at(10))
    made = world.book("alder", "Ours", world.at(10))
    world.run()
    assert world.reservation(made).sync_state is SyncState.HELD
    world.change(made, span=world.at(12))
    world.run()
    assert [(e["start"], e["subject"]) for e in ours_there(world, "alder")] == [(world.at(12).start, "Ours")]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


def test_a_held_reservation_that_is_cancelled_closes_its_hold(world: World) -> None:
    world.add_room("alder")
    world.run()
    put(world, "alder", "Theirs", world.at(10))
    made = world.book("alder", "Ours", world.at(10))
    world.run()
    world.cancel(made)
    world.run()
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert [r.id for r in reservations(world, "alder")] != [made]
    assert_quiet(world)


def test_two_of_ours_that_swap_their_times_both_arrive(world: World) -> None:
    """The slot of each is clearing while the other moves into it."""
    world.add_room("alder")
    one = world.book("alder", "One", world.at(10))
    other = world.book("alder", "Other", world.at(12))
    world.run()
    world.change(one, span=world.at(14))
    world.change(other, span=world.at(10))
    world.change(one, span=world.at(12))
    world.run()
    assert sorted((e["start"], e["subject"]) for e in world.there("alder")) == [
        (world.at(10).start, "Other"),
        (world.at(12).start, "One"),
    ]
    assert world.conflicts() == []
    assert_quiet(world)


def test_a_slot_freed_here_can_be_booked_here_at_once(world: World) -> None:
    """H39."""
    world.add_room("alder")
    first = world.book("alder", "First", world.at(10))
    world.run()
    world.cancel(first)
    second = world.book("alder", "Second", world.at(10))
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Second"]
    assert world.reservation(second).sync_state is SyncState.SYNCED
    assert_quiet(world)


def test_meetings_that_touch_do_not_overlap(world: World) -> None:
    world.add_room("alder")
    put(world, "alder", "Theirs", world.at(10))
    world.run()
    world.book("alder", "Before", world.at(9))
    world.book("alder", "After", world.at(11))
    world.run()
    assert len(world.there("alder")) == 3 and world.conflicts() == []
    assert_quiet(world)


@pytest.mark.parametrize("how", ["cancelled copy", "free", "declined", "recurring"])
def test_what_blocks_the_room_and_what_does_not(world: World, how: str) -> None:
    """H28, H52."""
    world.add_room("alder")
    slot = world.at(10)
    ada = world.tenant.as_person(world.address("ada"))
    if how == "cancelled copy":
        event = invite(world, "alder", "Gone", slot)
        world.run()
        ada.cancel(event)
    elif how == "free":
        put(world, "alder", "Free", slot, show_as="free")
    elif how == "declined":
        world.tenant.set_policy(world.address("alder"), booking_window_in_days=0)
        invite(world, "alder", "Too far", slot)
    else:
        daily = {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "numbered", "startDate": "2026-11-20", "numberOfOccurrences": 20},
        }
        earlier = world.at(10 - 24 * 4)
        ada.book("Daily", earlier.start, earlier.end, rooms=[world.address("alder")], recurrence=daily)
    world.run()
    if how == "recurring":
        with pytest.raises(Refused, match="room_taken"):
            world.book("alder", "Ours", slot)
        return
    if how == "cancelled copy":
        assert [e["is_cancelled"] for e in world.there("alder")] == [True]
    made = world.book("alder", "Ours", slot)
    world.run()
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert world.conflicts() == []
    assert_quiet(world)
