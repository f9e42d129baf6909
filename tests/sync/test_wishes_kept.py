"""What people here want of a person's meeting is kept until it is sent, whatever is read of the meeting meanwhile."""

from __future__ import annotations

from sqlalchemy import select

from tests.sync.checks import assert_quiet, assert_same, book_for, decide, invite, once, persons_events, reservations
from tests.sync.of_people import ada, assert_one, open_calendars, standing
from tests.sync.world import World
from webapp.domain.words import Choice, HoldKind, LinkRole, SyncState
from webapp.models import Link


def hold_title(world: World, title: str) -> int:
    """Ada's meeting gets a title here, and delegation is switched off before it is sent."""
    key, _ = standing(open_calendars(world), "invited")
    world.change(key, title=title)
    world.set_modes()
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST]
    return key


def test_a_title_that_is_held_back_is_still_to_be_sent_after_her_event_was_read(world: World) -> None:
    """3.4, I2: what waits for a person is not what both sides agree on."""
    open_calendars(world)
    key = book_for(world, "alder", "Plan", world.at(9))
    world.run_once("alder")
    world.change(key, title="Retro")
    world.set_modes()
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST]
    world.set_modes(delegation=True)
    decide(world, Choice.SEND_NOW)
    world.run()

    assert_one(world, key, "Retro", world.at(9))


def test_her_new_time_is_followed_while_a_title_is_held_back(world: World) -> None:
    """3.4: only what was changed here waits; the rest of the meeting goes on."""
    key = hold_title(world, "Retro")
    [event] = persons_events(world)
    span = world.at(15)
    ada(world).change(
        world.tenant.booked(world.address("ada"), event["immutable_id"]), start=span.start, end=span.end
    )
    world.run()
    world.tenant.advance(300)
    world.run()
    assert world.slots_here("alder") == [(span.start, span.end)]
    assert world.reservation(key).sync_state is SyncState.HELD
    world.set_modes(delegation=True)
    decide(world, Choice.SEND_NOW)
    world.run()

    assert_one(world, key, "Retro", span)


def test_her_own_new_title_stands_against_one_that_was_held_back_and_both_are_kept(world: World) -> None:
    """H75: she had the last word, and did not know of ours."""
    key = hold_title(world, "Retro")
    [event] = persons_events(world)
    ada(world).change(world.tenant.booked(world.address("ada"), event["immutable_id"]), subject="Her own")
    world.run()
    world.tenant.advance(300)
    world.run()
    world.set_modes(delegation=True)
    decide(world, Choice.SEND_NOW)
    world.run()

    assert_one(world, key, "Her own", world.at(9))
    [conflict] = world.conflicts()
    assert (conflict.here["subject"], conflict.there["subject"]) == ("Retro", "Her own")


def test_a_time_that_is_set_while_the_rooms_answer_comes_in_is_sent(world: World) -> None:
    """I2: her event was never read before; what the room's copy says is what it was, not what is wanted here."""
    open_calendars(world)
    invite(world, "alder", "Plan", world.at(9))
    world.run_once("alder")
    [row] = reservations(world, "alder")
    world.tenant.settle()
    came = once(world, "delta", "before", lambda: world.change(row.id, span=world.at(15)))
    world.run()
    assert came

    assert_one(world, row.id, "Plan", world.at(15))


def test_her_meeting_in_another_room_at_the_time_of_a_doubtful_create_is_taken_in(world: World) -> None:
    """H80: a create that invites alder makes no copy in birch."""
    open_calendars(world)
    world.add_room("birch")
    world.run()
    world.tenant.faults.add("create", "T-", times=1000)
    book_for(world, "alder", "Plan", world.at(30))
    world.run_once("alder")
    world.set_modes(strict=True)
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]
    invite(world, "birch", "Something else", world.at(30))
    world.run()

    assert len(reservations(world, "birch")) == 1
    assert_same(world, "birch")
    assert_quiet(world)


def test_what_is_booked_instead_of_a_doubtful_create_is_joined_with_its_copy_at_once(world: World) -> None:
    """H80: a copy of an event that is known to be another meeting's is not that of the doubtful one."""
    open_calendars(world)
    world.tenant.faults.add("create", "T-", times=1000)
    doubtful = book_for(world, "alder", "Plan", world.at(30))
    world.run_once("alder")
    world.set_modes(strict=True)
    world.run()
    world.tenant.faults.clear()
    world.set_modes(delegation=True, create=True)
    world.cancel(doubtful)
    key = book_for(world, "alder", "Plan", world.at(30))
    world.run()

    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]
    assert world.reservation(key).sync_state is SyncState.SYNCED
    with world.transactions.reading() as session:
        [copy] = session.scalars(select(Link).where(Link.reservation_id == key)).all()
        assert (copy.role, copy.base_remote is not None, copy.dirty) == (LinkRole.COPY, True, False)


def test_her_own_meeting_at_the_time_of_a_doubtful_create_is_hers_and_ours_is_declined(world: World) -> None:
    """H80: the copy leads to an event of hers without our mark, so it is imported, and our POST goes on."""
    open_calendars(world)
    world.tenant.faults.add("create", "T-", times=1)
    key = book_for(world, "alder", "Plan", world.at(30))
    world.run_once("alder")
    invite(world, "alder", "Something else", world.at(30))
    world.run(patience=80)

    assert {row.id: row.sync_state for row in reservations(world, "alder")} == {
        key: SyncState.DECLINED,
        key + 1: SyncState.SYNCED,
    }
    assert_quiet(world)
