"""What is too much at once waits for a person, who approves or rejects exactly what he was shown (H70, I5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.sync import beginnings
from tests.sync.checks import assert_quiet, assert_same, decide, invite, ours_there, put, reservations, steps
from tests.sync.world import World
from tests.tenant import Booked
from webapp.activity import service as holds
from webapp.domain.words import Choice, HoldActionState, HoldKind, RoomState, SyncState
from webapp.errors import Refused
from webapp.models import Hold, Reservation, Tombstone

APPROVE, REJECT = Choice.APPROVE, Choice.REJECT


def room_with(world: World, ours: int, theirs: int, gap: float = 1) -> None:
    """A synced room with so many reservations, one hour each."""

    def make(world: World) -> None:
        world.add_room("alder")
        for number in range(ours):
            world.book("alder", f"Ours {number}", world.at(2 * gap * number))
        for number in range(theirs):
            put(world, "alder", f"Theirs {number}", world.at(1 + 2 * gap * number))
        world.run(patience=200)

    beginnings.begin(world, ("room with", ours, theirs, gap), make)
    assert len(world.slots_here("alder")) == ours + theirs
    world.tenant.advance(400)


def events(world: World) -> list[Booked]:
    """The room's events, oldest first."""
    found = sorted(world.there("alder"), key=lambda event: str(event["start"]))
    return [world.tenant.booked(world.address("alder"), event["immutable_id"]) for event in found]


def delete(world: World, gone: list[Booked]) -> None:
    """A delegate deletes them."""
    for event in gone:
        world.tenant.as_delegate(world.address("alder")).delete(event)


def sync(world: World, *, full: bool = False, times: int = 3) -> None:
    """Runs of the room, a minute apart."""
    for _ in range(times):
        world.want("alder", full=full)
        world.worker.run(world.mailbox_id("alder"))
        world.tenant.advance(61)


def empty_listing(world: World, ours: int, theirs: int) -> None:
    """The tenant deletes everything and says so only by an empty listing."""
    room_with(world, ours, theirs)
    delete(world, events(world))
    sync(world, full=True, times=2)


def kept(world: World) -> list[Reservation]:
    """Reservations that a person kept here."""
    return [row for row in reservations(world, "alder") if holds.is_kept(row)]


def test_an_empty_listing_of_two_hundred_reservations_is_one_hold_that_shows_them_all(world: World) -> None:
    """H70: 0 cancels, one hold, whatever is asked again; and a listing that is not empty after all ends it."""
    room_with(world, 100, 100)
    world.tenant.faults.add("delta", "empty", times=6)
    sync(world, full=True, times=3)
    [hold] = world.holds()
    assert (hold.kind, len(hold.actions), hold.fields) == (HoldKind.EMPTY_LISTING, 200, {"known": 200})
    assert len(world.slots_here("alder")) == 200 and "cancel" not in steps(world)
    assert decide(world, APPROVE) == 200
    world.tenant.faults.clear()
    world.run()
    assert len(world.slots_here("alder")) == 200 and world.holds() == []
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


def test_an_approved_empty_listing_still_cancels_nothing_that_is_found_by_id(world: World) -> None:
    """I5: the listing is believed, and each event is asked for all the same."""
    room_with(world, 4, 4)
    world.tenant.faults.add("delta", "empty", times=30)
    sync(world, full=True, times=2)
    decide(world, APPROVE)
    sync(world, times=3)
    assert len(world.slots_here("alder")) == 8 and "approved_cancel" not in steps(world)
    world.tenant.faults.clear()
    world.run()
    assert world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize(("ours", "theirs"), [(100, 100), (3, 2)])
def test_an_approved_empty_room_is_emptied_here(world: World, ours: int, theirs: int) -> None:
    """H70."""
    empty_listing(world, ours, theirs)
    [hold] = world.holds()
    assert len(hold.actions) == ours + theirs
    decide(world, APPROVE)
    world.run()
    assert world.slots_here("alder") == [] and world.holds() == []
    assert steps(world).count("approved_cancel") == ours + theirs
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


def test_a_rejected_empty_room_stays_here_not_in_outlook_and_quiet(world: World) -> None:
    """H70, I4: nothing is planned for what was kept, now or in any later run."""
    empty_listing(world, 3, 3)
    decide(world, REJECT)
    world.run()
    assert len(kept(world)) == len(world.slots_here("alder")) == 6
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert world.there("alder") == []
    assert world.count(Tombstone) == 6
    assert_quiet(world)
    put(world, "alder", "New", world.at(30))
    world.run()
    assert len(world.slots_here("alder")) == 7 and world.holds() == []


def test_a_reservation_made_after_the_empty_listing_was_shown_is_asked_about_too(world: World) -> None:
    """What was approved is what was shown: the listing is not believed about anything else."""
    room_with(world, 3, 3)
    world.tenant.faults.add("delta", "empty", times=50)
    sync(world, full=True, times=1)
    decide(world, APPROVE)
    made = world.book("alder", "Late", world.at(40))
    sync(world, times=1)
    world.tenant.advance(400)
    sync(world, full=True, times=1)
    [hold] = world.holds()
    assert {row.reservation_id for row in hold.actions if row.state is HoldActionState.OPEN} == {made}
    assert len(hold.actions) == 7
    assert len(world.slots_here("alder")) == 7


def mass_cancel(world: World) -> None:
    """80 reservations, of which 3 are left in Outlook."""
    room_with(world, 40, 40)
    delete(world, events(world)[3:])
    sync(world, times=3)
    [hold] = world.holds()
    assert (hold.kind, len(hold.actions)) == (HoldKind.MASS_CANCEL, 77)
    assert len(world.slots_here("alder")) == 80
    room = world.room("alder")
    assert (room.sync_code, room.sync_fields["count"]) == ("mass_cancel", 77)


def test_an_approved_mass_cancel_is_carried_out_by_the_next_run_and_keeps_the_name(world: World) -> None:
    """H70: 80 to 3."""
    mass_cancel(world)
    assert decide(world, APPROVE, by="Ines Okafor") == 77
    world.run()
    assert len(world.slots_here("alder")) == 3
    assert_same(world, "alder")
    with world.transactions.reading() as session:
        hold = session.scalars(select(Hold)).one()
        assert (hold.closed_by, {row.state for row in hold.actions}) == ("Ines Okafor", {HoldActionState.DONE})
        assert {(row.decided_by, row.choice) for row in hold.actions} == {("Ines Okafor", "approve")}
    assert_quiet(world)
    delete(world, events(world)[:1])
    world.run()
    assert len(world.slots_here("alder")) == 2, "what was approved does not count for the brake"


def test_a_rejected_mass_cancel_keeps_what_is_still_missing_after_a_full_run(world: World) -> None:
    """H70, I4, H59: nothing comes back by itself, and nothing is sent."""
    mass_cancel(world)
    writes = world.writes()
    decide(world, REJECT)
    world.run()
    assert len(kept(world)) == 77 and len(world.slots_here("alder")) == 80
    assert world.holds() == [] and world.writes() == writes
    assert len(world.there("alder")) == 3
    assert_quiet(world)
    world.tenant.advance(8 * 86400)
    world.run()
    assert world.writes() == writes and len(world.there("alder")) == 3


def test_part_of_a_hold_is_approved_part_rejected_and_the_rest_waits_on(world: World) -> None:
    room_with(world, 0, 12)
    delete(world, events(world)[:9])
    sync(world)
    ids = [row.reservation_id for row in world.holds()[0].actions if row.reservation_id]
    decide(world, APPROVE, only=ids[:4])
    decide(world, REJECT, only=ids[4:6])
    sync(world)
    [hold] = world.holds()
    waiting = [row.reservation_id for row in hold.actions if row.state is HoldActionState.OPEN]
    assert waiting == ids[6:]
    assert [row.id for row in kept(world)] == ids[4:6]
    assert len(world.slots_here("alder")) == 8
    decide(world, APPROVE)
    world.run()
    assert len(world.slots_here("alder")) == 5 and world.holds() == []
    assert_quiet(world)


def test_what_came_back_between_showing_and_approving_is_not_cancelled(world: World) -> None:
    """Executes only what was shown, as it was shown: a room that is invited once more keeps its reservation."""
    world.add_room("alder")
    invited = [invite(world, "alder", f"Meeting {number}", world.at(2 * number)) for number in range(12)]
    world.run()
    world.tenant.advance(400)
    ada = world.tenant.as_person(world.address("ada"))
    for event in invited[:9]:
        ada.change(event, rooms=[])
    sync(world)
    [hold] = world.holds()
    assert len(hold.actions) == 9
    ada.change(invited[0], rooms=[world.address("alder")])
    decide(world, APPROVE)
    world.run()
    assert len(world.slots_here("alder")) == 4 and world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_hold_that_changed_since_it_was_shown_refuses_the_choice(world: World) -> None:
    room_with(world, 0, 14)
    delete(world, events(world)[:9])
    sync(world)
    with world.transactions.reading() as session:
        shown = session.scalars(select(Hold)).one()
        seen = holds.token(holds.offered(shown, None, APPROVE))
    delete(world, events(world)[:1])
    sync(world)
    with world.transactions.writing() as session, pytest.raises(Refused, match="hold_changed"):
        holds.decide(session, shown.id, None, APPROVE, "Ines", seen, world.now())
    sync(world)
    assert len(world.slots_here("alder")) == 14


def test_kept_reservations_of_ours_are_created_again_once_and_others_only_cancelled_here(world: World) -> None:
    """The next incarnation, by a person only."""
    empty_listing(world, 3, 3)
    decide(world, REJECT)
    world.run()
    ours = next(row for row in kept(world) if row.meeting.origin.value == "here")
    theirs = next(row for row in kept(world) if row.meeting.origin.value == "outlook")
    with world.transactions.writing() as session, pytest.raises(Refused, match="not_made_here"):
        holds.create_again(session, theirs.id, world.now())
    with pytest.raises(Refused, match="kept_here"):
        world.change(theirs.id, title="Mine now")
    with world.transactions.writing() as session:
        holds.create_again(session, ours.id, world.now())
        with pytest.raises(Refused, match="not_kept"):
            holds.create_again(session, ours.id, world.now())
    with world.transactions.writing() as session:
        holds.cancel_kept(session, theirs.id, "Ines", world.now())
    world.run()
    [event] = ours_there(world, "alder")
    assert event["subject"] == ours.meeting.title
    assert str(event["transaction_id"]).endswith(".2")
    assert world.reservation(ours.id).sync_state is SyncState.SYNCED
    assert world.reservation(theirs.id).cancelled_by == "Ines"
    assert len(world.slots_here("alder")) == 5
    assert_quiet(world)


# -- moves


def mass_move(world: World, count: int = 12, hours: float = 1) -> list[Booked]:
    """Everything of the room an hour later, as a fault would have it (H34)."""
    room_with(world, 0, count, gap=2)
    moved = events(world)
    shift(world, moved, hours)
    sync(world)
    [hold] = world.holds()
    assert (hold.kind, len(hold.actions)) == (HoldKind.MASS_RETIME, count)
    return moved


def shift(world: World, moved: list[Booked], hours: float) -> None:
    """A delegate moves them."""
    for booked in moved:
        assert booked.item is not None
        event = next(e for e in world.there("alder") if e["ical_uid"] == booked.ical_uid)
        start, end = (event[name] + timedelta(hours=hours) for name in ("start", "end"))  # type: ignore[operator]
        world.tenant.as_delegate(world.address("alder")).change(booked, start=start, end=end)


def test_an_approved_mass_move_is_followed_and_only_as_it_was_shown(world: World) -> None:
    """H34: what moved once more since is asked about again."""
    moved = mass_move(world)
    shift(world, moved[:1], 0.5)
    decide(world, APPROVE)
    sync(world)
    [hold] = world.holds()
    assert [row.state for row in hold.actions if row.state is not HoldActionState.DONE] == [HoldActionState.OPEN]
    decide(world, APPROVE)
    world.run()
    assert world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_rejected_mass_move_stays_as_it_is_here_and_stops_no_other(world: World) -> None:
    """H34: held for as long as both sides differ; other moves go on, and moving them back ends it."""
    moved = mass_move(world)
    before_all = world.slots_here("alder")
    decide(world, REJECT)
    sync(world)
    assert world.slots_here("alder") == before_all
    [hold] = world.holds()
    assert {row.state for row in hold.actions} == {HoldActionState.REJECTED}
    world.tenant.advance(3700)
    other = put(world, "alder", "Other", world.at(100))
    sync(world)
    shift(world, [other], 1)
    world.run()
    assert (world.at(101).start, world.at(101).end) in world.slots_here("alder")
    assert_quiet(world)
    shift(world, moved, -1)
    world.run()
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert_same(world, "alder")
    assert_quiet(world)


def test_two_kinds_of_holds_stand_side_by_side_and_are_decided_apart(world: World) -> None:
    """One open hold a room and kind."""
    room_with(world, 0, 24, gap=2)
    found = events(world)
    delete(world, found[:8])
    shift(world, found[8:16], 1)
    sync(world)
    assert {hold.kind for hold in world.holds()} == {HoldKind.MASS_CANCEL, HoldKind.MASS_RETIME}
    decide(world, APPROVE, HoldKind.MASS_CANCEL)
    sync(world)
    assert [hold.kind for hold in world.holds()] == [HoldKind.MASS_RETIME]
    assert len(world.slots_here("alder")) == 16
    decide(world, APPROVE, HoldKind.MASS_RETIME)
    world.run()
    assert world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


# -- there


def test_a_mass_removal_of_our_own_events_waits_for_a_person(world: World) -> None:
    """The brakes count what is cancelled there as well as here."""
    world.add_room("alder")
    world.run()
    theirs = [put(world, "alder", f"Theirs {number}", world.at(200 + 2 * number)) for number in range(8)]
    world.run()
    world.tenant.advance(60)
    made = [world.book("alder", f"Ours {number}", world.at(2 * number)) for number in range(8)]
    world.run()
    world.tenant.advance(3700)
    for number, booked in enumerate(theirs):
        span = world.at(2 * number)
        world.tenant.as_delegate(world.address("alder")).change(booked, start=span.start, end=span.end)
    sync(world)
    if world.holds()[0].kind is HoldKind.MASS_RETIME:
        decide(world, APPROVE, HoldKind.MASS_RETIME)
        sync(world)
    hold = next(hold for hold in world.holds() if hold.kind is HoldKind.MASS_CANCEL)
    assert {row.action for row in hold.actions} == {"cancel_there"} and len(hold.actions) == 8
    assert len(ours_there(world, "alder")) == 8
    decide(world, REJECT, HoldKind.MASS_CANCEL, only=made[:3])
    decide(world, APPROVE, HoldKind.MASS_CANCEL)
    world.run()
    assert len(ours_there(world, "alder")) == 3
    assert [world.reservation(one).withdrawn_at is None for one in made] == [True] * 3 + [False] * 5
    assert len([one for one in world.conflicts() if one.ended_at is None]) == 3
    assert {hold.kind for hold in world.holds()} == {HoldKind.SLOT_TAKEN}
    assert_quiet(world)
