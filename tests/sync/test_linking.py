"""Linking a room, letting go of it and taking it up again: nothing twice, nobody mailed (H71, H72, I6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations
from tests.sync.world import World
from webapp.domain.words import RoomState, SyncState
from webapp.errors import Refused
from webapp.models import Link, Mailbox, Room, SyncSettings
from webapp.rooms import service as rooms


def save(world: World, name: str, *, linked: bool = True, active: bool = True) -> None:
    """Save Changes in the room's panel."""
    with world.transactions.writing() as session:
        room = session.get_one(Room, world.rooms[name])
        link = rooms.Link(1, world.address(name), active) if linked else None
        draft = rooms.RoomDraft(room.name, room.time_zone, link=link)
        rooms.save_room(session, room.id, draft, room.revision, world.now())


def switch(world: World, on: bool) -> None:
    with world.transactions.writing() as session:
        session.execute(update(SyncSettings).values(enabled=on))


def test_thirty_reservations_made_before_the_link_are_created_and_nobody_is_mailed(world: World) -> None:
    """H71."""
    world.add_room("alder", link=False)
    made = [world.book("alder", f"R{n}", world.at(2 * n)) for n in range(30)]
    save(world, "alder")
    assert world.room("alder").sync_state is RoomState.PENDING
    world.run()
    assert len(ours_there(world, "alder")) == 30
    assert world.tenant.mails == [] and world.writes() == 30
    assert {world.reservation(one).sync_state for one in made} == {SyncState.SYNCED}
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_calendar_full_of_peoples_meetings_is_linked_let_go_and_linked_again_and_nobody_is_mailed(
    world: World,
) -> None:
    """H71, I6: meetings of the past and to come, with 100 guests; delegation and creating for owners are on."""
    world.set_modes(delegation=True, create=True)
    world.add_room("alder", link=False)
    for number in range(50):
        guests = [f"guest{2 * number + one}@else.example" for one in range(2)]
        invite(world, "alder", f"M{number}", world.at(3 * number - 75), guests=guests)
    world.book("alder", "Ours", world.at(200))
    world.tenant.settle()
    mails = len(world.tenant.mails)

    for linked in (True, False, True):
        save(world, "alder", linked=linked)
        world.run()
        world.tenant.advance(4000)

    assert len(world.tenant.mails) == mails
    assert world.writes() == 1
    assert len(world.titles_here("alder")) == 51
    assert_same(world, "alder")
    assert_quiet(world)


def test_what_overlaps_an_outlook_event_at_the_first_link_is_held_and_not_written(world: World) -> None:
    """3.3."""
    world.add_room("alder", link=False)
    for number in range(6):
        world.book("alder", f"R{number}", world.at(2 * number))
    for number in (1, 4):
        invite(world, "alder", f"T{number}", world.at(2 * number + 0.5))
    world.tenant.settle()
    save(world, "alder")
    world.run()
    assert len(ours_there(world, "alder")) == 4
    states = [r.sync_state for r in reservations(world, "alder") if r.meeting.title.startswith("R")]
    assert states.count(SyncState.HELD) == 2
    assert [(h.kind, len(h.actions)) for h in world.holds()] == [("slot_taken", 2)]
    assert world.room("alder").sync_state is RoomState.HELD
    assert_quiet(world)


def test_what_has_ended_is_never_pushed(world: World) -> None:
    """3.3: not at a link, not after an outage."""
    world.add_room("alder", link=False)
    past = world.book("alder", "Past", world.at(0))
    soon = world.book("alder", "Soon", world.at(100))
    world.tenant.advance(3 * 86_400)
    save(world, "alder")
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Soon"]
    assert world.reservation(past).sync_state is SyncState.LOCAL
    world.tenant.faults.add("any", "503", times=100_000, retry_after=None)
    short = world.book("alder", "Short", world.at(10))
    for _ in range(5):
        world.run_once("alder")
        world.tenant.advance(43_200)
    world.tenant.faults.clear()
    world.tenant.advance(600)
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Soon"]
    assert world.reservation(short).cancelled_at is None
    assert world.reservation(soon).sync_state is SyncState.SYNCED
    assert_quiet(world)


@pytest.mark.parametrize("changed", [False, True])
def test_unlinked_and_linked_again_nothing_is_made_twice(world: World, changed: bool) -> None:
    """3.3, H72."""
    world.add_room("alder", link=False)
    save(world, "alder")
    made = [world.book("alder", f"R{n}", world.at(3 * n)) for n in range(4)]
    theirs = [put(world, "alder", f"T{n}", world.at(3 * n + 1)) for n in range(3)]
    invite(world, "alder", "Budget", world.at(30))
    world.run()
    before = len(world.there("alder"))
    mails, writes = len(world.tenant.mails), world.writes()
    save(world, "alder", linked=False)
    assert world.room("alder").sync_state is RoomState.OFF
    with pytest.raises(Refused, match="not_followed"):
        world.cancel(next(r.id for r in reservations(world, "alder") if r.meeting.title == "T0"))
    if changed:
        delegate = world.tenant.as_delegate(world.address("alder"))
        delegate.delete(theirs[0])
        delegate.change(theirs[1], subject="T1 renamed")
        world.change(made[0], title="R0 renamed")
        world.cancel(made[1])
        put(world, "alder", "New", world.at(40))
    world.tenant.advance(4000)
    save(world, "alder")
    world.run()
    subjects = sorted(e["subject"] for e in world.there("alder"))
    assert len(set(subjects)) == len(subjects)
    assert len(world.tenant.mails) == mails
    if changed:
        assert {"R0 renamed", "T1 renamed", "New"} <= set(subjects) and "R1" not in subjects
        assert {"R0 renamed", "T1 renamed", "New"} <= set(world.titles_here("alder"))
    else:
        assert (len(subjects), world.writes()) == (before, writes)
    assert all(r.not_followed_since is None for r in reservations(world, "alder"))
    assert_same(world, "alder")
    assert_quiet(world)


def test_the_links_lost_everything_is_recognised_by_its_mark(world: World) -> None:
    """H72: nothing is created again."""
    world.add_room("alder")
    for number in range(5):
        world.book("alder", f"R{number}", world.at(2 * number))
    put(world, "alder", "Theirs", world.at(20))
    world.run()
    writes = world.writes()
    with world.transactions.writing() as session:
        session.query(Link).delete()
    world.want("alder", full=True)
    world.run()
    assert (world.writes(), len(world.there("alder"))) == (writes, 6)
    assert len(reservations(world, "alder", live=False)) == 6
    assert_same(world, "alder")
    made = next(r for r in reservations(world, "alder") if r.meeting.title == "R0")
    world.change(made.id, title="Renamed")
    world.run()
    assert "Renamed" in [e["subject"] for e in world.there("alder")]
    assert_quiet(world)


def test_the_links_lost_peoples_meetings_and_series_are_known_by_icaluid(world: World) -> None:
    """H72: what is not ours has no mark; no reservation is made a second time, and no date of a series."""
    world.add_room("alder")
    invite(world, "alder", "Budget", world.at(10))
    start = world.at(20)
    days = {"type": "endDate", "startDate": start.start.date().isoformat(), "endDate": "2026-12-20"}
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": days}
    put(world, "alder", "Stand-up", start, recurrence=daily)
    world.run()
    world.tenant.advance(120)
    world.run()
    before, slots = {r.id for r in reservations(world, "alder", live=False)}, world.slots_here("alder")
    writes, mails = world.writes(), len(world.tenant.mails)
    with world.transactions.writing() as session:
        session.query(Link).delete()
    world.want("alder", full=True)
    world.run()
    assert {r.id for r in reservations(world, "alder", live=False)} == before
    assert (world.slots_here("alder"), world.writes(), len(world.tenant.mails)) == (slots, writes, mails)
    assert_quiet(world)


@pytest.mark.parametrize("how", ["paused", "switched off"])
def test_while_sync_is_off_nothing_is_asked_and_everything_catches_up(world: World, how: str) -> None:
    """3.2."""
    world.add_room("alder", link=False)
    save(world, "alder")
    made = world.book("alder", "Ours", world.at(10))
    theirs = put(world, "alder", "Theirs", world.at(12))
    world.run()
    if how == "paused":
        save(world, "alder", active=False)
    else:
        switch(world, on=False)
    asked = len(world.tenant.requests)
    world.change(made, title="Renamed")
    late = world.book("alder", "Late", world.at(20))
    world.tenant.as_delegate(world.address("alder")).change(theirs, subject="Theirs renamed")
    for _ in range(5):
        world.worker.run(world.mailbox_id("alder"))
        world.tenant.advance(60)
    assert len(world.tenant.requests) == asked
    if how == "paused":
        save(world, "alder")
    else:
        switch(world, on=True)
    world.run()
    assert {"Renamed", "Late", "Theirs renamed"} == {e["subject"] for e in world.there("alder")}
    assert {"Renamed", "Late", "Theirs renamed"} == set(world.titles_here("alder"))
    assert world.reservation(late).sync_state is SyncState.SYNCED
    assert_quiet(world)


def test_a_restored_mailbox_with_new_ids_costs_nothing_and_makes_nothing_twice(world: World) -> None:
    """H69: either the room says so and waits, or everything is recognised; never two of anything."""
    world.add_room("alder")
    for number in range(3):
        world.book("alder", f"R{number}", world.at(3 * number))
    put(world, "alder", "Theirs", world.at(20))
    world.run()
    world.tenant.advance(400)
    world.tenant.restore(world.address("alder"), new_ids=True)
    for _ in range(8):
        world.run_once("alder")
        world.tenant.advance(700)
    assert sorted(e["subject"] for e in world.there("alder")) == ["R0", "R1", "R2", "Theirs"]
    assert len(world.slots_here("alder")) == 4
    assert world.writes() == 3


def test_a_wish_that_comes_during_a_run_is_not_lost(world: World) -> None:
    """No lost wake-up: whatever is wanted while a run is under way leads to another."""
    world.add_room("alder")
    world.run()
    late: list[int] = []

    def book(phase: str, info: object) -> None:
        if phase == "after" and getattr(info, "op", "") == "delta" and not late:
            late.append(world.book("alder", "Late", world.at(10)))

    world.tenant.on_request(book)
    world.run_once("alder")
    with world.transactions.reading() as session:
        mailbox = session.get_one(Mailbox, world.mailbox_id("alder"))
        sent = world.reservation(late[0]).sync_state is SyncState.SYNCED
        assert sent or mailbox.wanted > mailbox.done
    world.tenant.advance(timedelta(seconds=3).total_seconds())
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Late"]
