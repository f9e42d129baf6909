"""One change on one side, one change on the other; nothing after that (I1, I3, I4, I6)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations, runs
from tests.sync.world import World
from webapp.domain.intervals import AllDay
from webapp.domain.words import Home, Origin, RoomState, SyncState
from webapp.errors import Refused


def test_a_reservation_made_here_becomes_one_event_and_nobody_is_mailed(world: World) -> None:
    world.add_room("alder")
    world.run()
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Standup"]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert (world.writes(), world.tenant.mails) == (1, [])
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_change_here_is_one_write_and_a_cancel_here_is_another(world: World) -> None:
    """I4: at most two writes a change."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    world.change(made, title="Retro", span=world.at(12))
    world.run()
    assert world.writes() == 2
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Retro", world.at(12).start)]
    assert_quiet(world)
    world.cancel(made)
    world.run()
    assert (world.writes(), world.there("alder"), world.slots_here("alder")) == (3, [], [])
    assert_quiet(world)


def test_changes_saved_one_after_the_other_are_sent_once(world: World) -> None:
    world.add_room("alder")
    made = world.book("alder", "One", world.at(10))
    for number in range(5):
        world.change(made, title=f"Title {number}")
    world.run()
    assert (world.writes(), [e["subject"] for e in world.there("alder")]) == (1, ["Title 4"])


def test_a_delegates_event_comes_here_and_follows_its_event(world: World) -> None:
    world.add_room("alder")
    world.run()
    event = put(world, "alder", "Review", world.at(9))
    world.run()
    [here] = reservations(world, "alder")
    assert (here.meeting.title, here.meeting.home, here.meeting.origin) == ("Review", Home.RESOURCE, Origin.OUTLOOK)
    later = world.at(15)
    world.tenant.as_delegate(world.address("alder")).change(event, subject="Later", start=later.start, end=later.end)
    world.run()
    assert (world.titles_here("alder"), world.slots_here("alder")) == (["Later"], [(later.start, later.end)])
    world.tenant.as_delegate(world.address("alder")).delete(event)
    world.run()
    assert world.slots_here("alder") == []
    assert world.writes() == 0
    assert_quiet(world)


def test_a_delegates_event_can_be_edited_and_cancelled_here(world: World) -> None:
    world.add_room("alder")
    put(world, "alder", "Review", world.at(9))
    world.run()
    [here] = reservations(world, "alder")
    world.change(here.id, title="Ours now", span=world.at(11))
    world.run()
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Ours now", world.at(11).start)]
    assert_quiet(world)
    world.cancel(here.id)
    world.run()
    assert (world.there("alder"), world.slots_here("alder"), world.writes()) == ([], [], 2)
    assert_quiet(world)


def test_a_persons_meeting_is_here_but_cannot_be_changed_here(world: World) -> None:
    """H57."""
    world.add_room("alder")
    invite(world, "alder", "Budget", world.at(9))
    world.run()
    [here] = reservations(world, "alder")
    assert here.meeting.organizer is not None and here.meeting.organizer.email == world.address("ada")
    with pytest.raises(Refused, match="organized_by_person"):
        world.change(here.id, title="Mine")
    with pytest.raises(Refused, match="organized_by_person"):
        world.cancel(here.id)
    assert world.writes() == 0
    assert_quiet(world)


def test_a_persons_meeting_follows_its_organizer(world: World) -> None:
    world.add_room("alder")
    event = invite(world, "alder", "Budget", world.at(9))
    world.run()
    later = world.at(14)
    world.tenant.as_person(world.address("ada")).change(event, start=later.start, end=later.end)
    world.run()
    assert world.slots_here("alder") == [(later.start, later.end)]
    world.tenant.as_person(world.address("ada")).cancel(event)
    world.run()
    assert (world.slots_here("alder"), world.writes()) == ([], 0)
    assert_quiet(world)


def test_changes_of_different_groups_on_both_sides_are_both_kept(world: World) -> None:
    """H75, I2."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    world.change(made, title="Retro")
    delegate = world.tenant.as_delegate(world.address("alder"))
    later = world.at(16)
    delegate.change(
        world.tenant.booked(world.address("alder"), event["immutable_id"]), start=later.start, end=later.end
    )
    world.run()
    assert [(e["subject"], e["start"]) for e in world.there("alder")] == [("Retro", later.start)]
    assert world.slots_here("alder") == [(later.start, later.end)]
    assert world.titles_here("alder") == ["Retro"]
    assert_quiet(world)


def test_where_both_changed_the_time_of_ours_this_side_stands_and_both_values_are_kept(world: World) -> None:
    """H75, I2."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    world.change(made, span=world.at(12))
    theirs = world.at(16)
    world.tenant.as_delegate(world.address("alder")).change(
        world.tenant.booked(world.address("alder"), event["immutable_id"]), start=theirs.start, end=theirs.end
    )
    world.run()
    assert_same(world, "alder")
    assert world.slots_here("alder") == [(world.at(12).start, world.at(12).end)]
    [conflict] = world.conflicts()
    assert (conflict.kind, conflict.prevailed) == ("time", "here")
    assert theirs.start.isoformat() in str(conflict.there)
    assert_quiet(world)


def test_edited_there_and_cancelled_here_is_held_and_not_removed(world: World) -> None:
    """H76, I2."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, subject="Important now")
    world.cancel(made)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Important now"]
    [hold] = world.holds()
    assert (hold.kind, [a.reservation_id for a in hold.actions]) == ("edited_and_cancelled", [made])
    assert world.room("alder").sync_state is RoomState.HELD
    assert world.reservation(made).sync_state is SyncState.HELD
    assert_quiet(world)


def test_deleted_there_and_edited_here_is_held_and_not_created_again(world: World) -> None:
    """H76, H59."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    world.tenant.as_delegate(world.address("alder")).delete(
        world.tenant.booked(world.address("alder"), event["immutable_id"])
    )
    world.change(made, title="Edited")
    world.run()
    assert world.there("alder") == []
    [hold] = world.holds()
    assert hold.kind == "edited_and_cancelled"
    assert "Edited" in str(hold.actions[0].after)
    assert_quiet(world)


def test_whole_days_go_out_and_come_in_as_the_rooms_days(world: World) -> None:
    """H31."""
    world.add_room("alder")
    day = (world.now() + timedelta(days=3)).date()
    world.book("alder", "Closed", AllDay(day, day + timedelta(days=1)))
    other = date(2026, 12, 24)
    world.tenant.as_delegate(world.address("alder")).book(
        "Holiday", other, other + timedelta(days=2), all_day=True, zone="Pacific Standard Time"
    )
    world.run()
    assert sorted((e["start"], e["end"]) for e in world.there("alder")) == [
        (day, day + timedelta(days=1)),
        (other, other + timedelta(days=2)),
    ]
    [_, imported] = reservations(world, "alder")
    assert (imported.meeting.start_date, imported.meeting.end_date) == (other, other + timedelta(days=2))
    assert [(s.hour, e.hour) for s, e in world.slots_here("alder")] == [(23, 23), (23, 23)]
    assert_quiet(world)


def test_an_empty_poll_leaves_no_run_behind(world: World) -> None:
    world.add_room("alder")
    world.run()
    before = runs(world)
    for _ in range(3):
        world.tenant.advance(60)
        world.run()
    assert runs(world) == before
