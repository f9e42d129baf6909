"""Reservations that change rooms, in both homes: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import pytest

from tests.sync.checks import (
    assert_quiet,
    assert_same,
    decide,
    invite,
    once,
    ours_there,
    put,
    reservations,
    spans_there,
    steps,
)
from tests.sync.oracle import live_there
from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.intervals import Timed
from webapp.domain.words import Choice, ConflictKind, SyncState
from webapp.errors import Refused
from webapp.models import Reservation
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.reservations.rows import span_of


@pytest.fixture
def world(world: World) -> World:
    """Two rooms under sync; delegation is on."""
    world.begin_with("alder", "birch", delegation=True, create=True)
    return world


def move(world: World, reservation_id: int, room: str, title: str = "Plan", span: object = None) -> int:
    with world.transactions.writing() as session:
        row = session.get_one(Reservation, reservation_id)
        owner = row.meeting.owner.email if row.meeting.owner else ""
        draft = Draft(
            world.rooms[room],
            title,
            span or span_of(row.meeting),  # type: ignore[arg-type]
            owner_email=owner,
        )
        return service.change(session, row.id, draft, row.meeting.revision, "Ines", world.now()).id


@pytest.mark.parametrize("way", [("alder", "birch"), ("birch", "alder")])
def test_a_rooms_own_reservation_is_made_in_the_other_room_before_it_leaves_the_first(
    world: World, way: tuple[str, str]
) -> None:
    old, new = way
    key = world.book(old, "Plan", world.at(10))
    world.run()
    seen: list[tuple[int, int]] = []
    world.tenant.on_request(lambda *_: seen.append((len(ours_there(world, old)), len(ours_there(world, new)))))
    writes = world.writes()
    moved = move(world, key, new)
    assert world.slots_here(old) == world.slots_here(new) == [(world.at(10).start, world.at(10).end)]
    world.run()

    assert (0, 0) not in seen
    assert world.writes() - writes == 2
    assert world.slots_here(old) == []
    assert_same(world, old)
    assert_same(world, new)
    row = world.reservation(moved)
    assert (row.sync_state, row.sync_code) == (SyncState.SYNCED, None)
    assert [one.id for one in reservations(world, new)] == [moved]
    assert_quiet(world)


def refused_move(world: World, title: str = "Plan", hours: float = 10) -> int:
    """A reservation in alder that was to move to birch, where somebody in Outlook has the slot; its id."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    put(world, "birch", "First", world.at(hours))
    world.tenant.advance(1)
    move(world, key, "birch", title, world.at(hours))
    world.run()
    return key


def test_a_move_into_a_slot_that_is_taken_in_outlook_leaves_the_reservation_where_it_was(world: World) -> None:
    key = refused_move(world)

    assert_same(world, "alder")
    assert_same(world, "birch")
    assert len(ours_there(world, "alder")) == 1
    assert ours_there(world, "birch") == []
    row = world.reservation(key)
    assert (row.cancelled_at, row.sync_state, row.sync_code) == (None, SyncState.SYNCED, "move_refused")
    assert [hold.kind.value for hold in world.holds()] == ["slot_taken"]


def test_a_move_that_was_refused_is_left_at_that_by_a_person(world: World) -> None:
    """The hold closes in his name, nothing is written, and the reservation says nothing of it any more."""
    key = refused_move(world)
    writes = world.writes()
    assert decide(world, Choice.LEAVE_HERE, by="Otto") == 1
    world.run()

    row = world.reservation(key)
    assert (row.cancelled_at, row.sync_state, row.sync_code) == (None, SyncState.SYNCED, None)
    assert world.holds() == []
    assert world.writes() == writes
    assert steps(world)[-1] == "left_here"
    assert_quiet(world)


def retime_there(world: World, room: str, span: Timed) -> None:
    """A delegate moves the one event of ours in this room to another time."""
    [event] = ours_there(world, room)
    booked = world.tenant.booked(world.address(room), event["immutable_id"])
    world.tenant.as_delegate(world.address(room)).change(booked, start=span.start, end=span.end)


def test_a_reservation_whose_event_gets_another_time_while_it_moves_arrives_at_that_time(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    moved = move(world, key, "birch")
    retime_there(world, "alder", world.at(12))
    world.run_once("alder")
    world.run()

    assert [one.id for one in reservations(world, "birch")] == [moved]
    assert spans_there(world, "birch") == [(world.at(12).start, world.at(12).end)]
    assert_same(world, "alder")
    assert_same(world, "birch")
    assert_quiet(world)


def test_a_reservation_whose_event_gets_a_time_that_is_taken_where_it_moves_to_stays(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    put(world, "birch", "First", world.at(12))
    world.run()
    move(world, key, "birch")
    retime_there(world, "alder", world.at(12))
    world.run_once("alder")
    world.run()

    assert [one.id for one in reservations(world, "alder")] == [key]
    assert spans_there(world, "alder") == [(world.at(12).start, world.at(12).end)]
    assert ours_there(world, "birch") == []
    assert_same(world, "alder")
    assert_same(world, "birch")
    assert [hold.kind.value for hold in world.holds()] == ["slot_taken"]
    assert_quiet(world)


def test_a_title_that_outlook_changes_when_the_new_room_has_the_event_already_goes_there_too(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    moved = move(world, key, "birch")

    def rename_in_alder() -> None:
        [event] = ours_there(world, "alder")
        booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
        world.tenant.as_delegate(world.address("alder")).change(booked, subject="Renamed")
        world.run_once("alder")

    done = once(world, "create", "after", rename_in_alder)
    world.run()
    world.run()  # the echo of the last write

    assert done
    assert world.reservation(moved).meeting.title == "Renamed"
    assert [event["subject"] for event in live_there(world, "birch")] == ["Renamed"]
    assert ours_there(world, "alder") == []
    assert_quiet(world)


def test_a_title_typed_here_arrives_though_the_event_gets_another_time_before_the_title_was_sent(
    world: World,
) -> None:
    """I2: what leaves its room has nothing to send there, and its title is a change made here all the same."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    world.change(key, title="Typed")
    moved = move(world, key, "birch", "Typed")
    retime_there(world, "alder", world.at(12))
    world.run_once("alder")
    world.run()

    assert world.reservation(moved).meeting.title == "Typed"
    assert [event["subject"] for event in live_there(world, "birch")] == ["Typed"]
    assert spans_there(world, "birch") == [(world.at(12).start, world.at(12).end)]
    assert ours_there(world, "alder") == []
    assert_same(world, "birch")
    assert_quiet(world)


def test_what_is_changed_with_the_room_is_sent_to_the_old_room_where_the_new_one_is_taken(world: World) -> None:
    """I2: the reservation stays, with its new title and time."""
    key = refused_move(world, "Typed", 12)

    row = world.reservation(key)
    assert (row.cancelled_at, row.sync_state, row.sync_code) == (None, SyncState.SYNCED, "move_refused")
    assert row.meeting.title == "Typed"
    assert [event["subject"] for event in ours_there(world, "alder")] == ["Typed"]
    assert spans_there(world, "alder") == [(world.at(12).start, world.at(12).end)]
    assert_same(world, "alder")
    assert [hold.kind.value for hold in world.holds()] == ["slot_taken"]
    assert_quiet(world)


def delete_there(world: World, room: str) -> None:
    """A delegate deletes the one event of ours in this room."""
    [event] = ours_there(world, room)
    booked = world.tenant.booked(world.address(room), event["immutable_id"])
    world.tenant.as_delegate(world.address(room)).delete(booked)


def disputes(world: World) -> list[tuple[int | None, ConflictKind, str]]:
    return [(one.reservation_id, one.kind, one.prevailed) for one in world.conflicts()]


def test_a_reservation_whose_event_is_deleted_in_outlook_before_it_arrived_ends_and_its_move_is_kept_for_people(
    world: World,
) -> None:
    """H76, I2."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    world.tenant.advance(300)
    moved = move(world, key, "birch")
    delete_there(world, "alder")
    world.run_once("alder")
    world.run()

    assert ours_there(world, "alder") == ours_there(world, "birch") == []
    assert reservations(world, "alder") == reservations(world, "birch") == []
    assert disputes(world) == [(moved, ConflictKind.CANCELLED_AND_EDITED, "there")]
    assert_quiet(world)


def test_a_reservation_renamed_and_moved_whose_event_is_deleted_before_it_arrived_ends_as_one_that_only_moved(
    world: World,
) -> None:
    """H76, I2."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    world.tenant.advance(300)
    moved = move(world, key, "birch", "Typed")
    delete_there(world, "alder")
    world.run_once("alder")
    world.run()

    assert ours_there(world, "alder") == ours_there(world, "birch") == []
    assert reservations(world, "alder") == reservations(world, "birch") == []
    assert disputes(world) == [(moved, ConflictKind.CANCELLED_AND_EDITED, "there")]
    assert world.holds() == []
    assert_quiet(world)


def test_a_reservation_that_arrived_stays_and_the_deletion_of_its_old_event_is_kept_for_people(world: World) -> None:
    """H76, I2: nobody can say whether who deleted it knew that it moved."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    world.tenant.advance(300)
    moved = move(world, key, "birch")
    delete_there(world, "alder")
    world.run_once("birch")
    world.run()

    assert [one.id for one in reservations(world, "birch")] == [moved]
    assert_same(world, "alder")
    assert_same(world, "birch")
    assert disputes(world) == [(moved, ConflictKind.CANCELLED_AND_EDITED, "here")]
    assert_quiet(world)


def test_an_old_event_that_is_deleted_between_our_look_and_our_own_deletion_is_told_to_people(world: World) -> None:
    """H76, I2."""
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    world.tenant.advance(300)
    moved = move(world, key, "birch")
    done = once(world, "delete", "before", lambda: delete_there(world, "alder"))
    world.run()

    assert done
    assert disputes(world) == [(moved, ConflictKind.CANCELLED_AND_EDITED, "here")]
    assert_quiet(world)


def test_an_old_event_whose_removal_here_got_no_answer_is_no_matter_for_people(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    move(world, key, "birch")
    world.tenant.faults.add("delete", "T+")
    world.run()

    assert ours_there(world, "alder") == []
    assert world.conflicts() == []
    assert_quiet(world)


def test_a_reservation_cancelled_while_it_moves_is_gone_from_both_rooms(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    moved = move(world, key, "birch")
    world.run_once("birch")
    world.cancel(moved)
    world.run()

    assert world.slots_here("alder") == world.slots_here("birch") == []
    assert ours_there(world, "alder") == ours_there(world, "birch") == []
    assert_quiet(world)


def test_a_reservation_that_moves_is_not_changed_again_before_it_arrived(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    world.run()
    move(world, key, "birch")

    with pytest.raises(Refused) as refused:
        world.change(key, title="Other")
    assert refused.value.code == "is_moving"


def test_a_reservation_that_outlook_never_had_moves_without_being_there_twice(world: World) -> None:
    key = world.book("alder", "Plan", world.at(10))
    move(world, key, "birch")
    world.run()

    assert ours_there(world, "alder") == []
    assert len(ours_there(world, "birch")) == 1
    assert world.slots_here("alder") == []
    assert_same(world, "birch")


def test_another_room_for_a_persons_meeting_is_one_change_of_his_event(world: World) -> None:
    """H53, from here."""
    event = invite(world, "alder", "Plan", world.at(10), guests=["guest@else.example"])
    world.run()
    (before,) = reservations(world, "alder")
    writes = world.writes()
    moved = move(world, before.id, "birch")
    world.run()

    assert world.writes() - writes == 1
    item = event.item
    assert item is not None
    assert sorted(line["address"] for line in item.attendees) == [world.address("birch"), "guest@else.example"]
    assert world.slots_here("alder") == []
    assert_same(world, "birch")
    assert world.reservation(moved).sync_state is SyncState.SYNCED
    assert_quiet(world)


def test_a_persons_meeting_moved_to_a_room_that_declined_it_before_and_does_again_says_so(world: World) -> None:
    """H50, H53: that room is among the attendees already and holds no copy: only its answer there tells."""
    other = put(world, "alder", "Other", world.at(10))
    person = world.tenant.as_person(world.address("ada"))
    both = [world.address("alder"), world.address("birch")]
    person.book("Plan", world.at(10).start, world.at(10).end, rooms=both)
    world.tenant.settle()
    world.tenant.as_delegate(world.address("alder")).delete(other)
    world.run()
    [row] = reservations(world, "birch")
    put(world, "alder", "Another", world.at(10))
    moved = move(world, row.id, "alder")
    world.run()
    world.run()

    assert world.reservation(moved).sync_state is SyncState.DECLINED
    assert world.slots_here("birch") == []
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "T-", "503+", "partial+503"])
@pytest.mark.parametrize("way", [("alder", "birch"), ("birch", "alder")])
def test_another_room_while_the_create_in_the_owners_calendar_is_in_doubt_makes_no_second_event(
    world: World, way: tuple[str, str], kind: str
) -> None:
    """H35: the outcome is found out in the old room's lane before the new room's lane sends anything."""
    old, new = way
    world.tenant.faults.add("create", kind)
    more = {"owner_name": "Ada", "owner_email": world.address("ada"), "in_owner_calendar": True}
    key = world.book(old, "Plan", world.at(10), **more)
    world.run_once(old)
    moved = move(world, key, new)
    world.run_once(new)
    world.run()

    (event,) = world.tenant.events(world.address("ada"))
    assert [address for address, _, _ in event["attendees"]] == [world.address(new)]
    assert world.slots_here(old) == []
    assert_same(world, new)
    assert world.reservation(moved).sync_state is SyncState.SYNCED
    assert_quiet(world)


@pytest.mark.parametrize("first", ["alder", "birch"])
def test_an_organizer_who_swaps_rooms_frees_the_one_and_takes_the_other_in_either_order(
    world: World, first: str
) -> None:
    """H53."""
    event = invite(world, "alder", "Plan", world.at(10))
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, rooms=[world.address("birch")])
    world.tenant.settle()
    for name in (first, "birch" if first == "alder" else "alder"):
        world.run_once(name)
    world.run()
    world.run()

    assert world.slots_here("alder") == []
    assert_same(world, "birch")
    (here,) = reservations(world, "birch")
    assert here.meeting.cancelled_at is None
    assert here.meeting.title == "Plan"
    assert_quiet(world)


def test_two_meetings_that_swap_rooms_at_once_end_where_their_organizers_put_them(world: World) -> None:
    """H53."""
    one = invite(world, "alder", "One", world.at(10))
    two = invite(world, "birch", "Two", world.at(10))
    world.run()
    ada = world.tenant.as_person(world.address("ada"))
    ada.change(one, rooms=[])
    world.tenant.settle()
    ada.change(two, rooms=[world.address("alder")])
    world.tenant.settle()
    ada.change(one, rooms=[world.address("birch")])
    world.run()
    world.run()

    assert [row.meeting.title for row in reservations(world, "alder")] == ["Two"]
    assert [row.meeting.title for row in reservations(world, "birch")] == ["One"]
    assert_same(world, "alder")
    assert_same(world, "birch")


def cancel_room(world: World, reservation_id: int) -> None:
    """*Cancel* here: it frees this room only."""
    with world.transactions.writing() as session:
        row = session.get_one(Reservation, reservation_id)
        service.cancel(session, row.id, row.meeting.revision, "Ines", world.now())


def test_a_room_taken_off_here_is_taken_off_there_though_the_other_room_left_meanwhile(world: World) -> None:
    """H53, I2: no reservation of the meeting is left here, and its event still names the room."""
    person = world.tenant.as_person(world.address("ada"))
    both = [world.address("alder"), world.address("birch")]
    event = person.book("Plan", world.at(10).start, world.at(10).end, rooms=both)
    world.run()
    (row,) = reservations(world, "birch")
    cancel_room(world, row.id)
    person.change(event, rooms=[world.address("birch")])
    world.tenant.settle()
    world.tenant.faults.add("patch", "412")
    world.run()
    world.run()

    assert event.item is not None
    assert event.item.attendees == ()
    assert world.slots_here("alder") == world.slots_here("birch") == []
    assert live_there(world, "alder") == live_there(world, "birch") == []
    assert_quiet(world)


def test_a_room_that_its_organizer_invites_again_is_not_taken_off_by_a_change_made_here(world: World) -> None:
    """H53: it left the meeting in Outlook, so it is nobody's here to take off."""
    person = world.tenant.as_person(world.address("ada"))
    both = [world.address("alder"), world.address("birch")]
    event = person.book("Plan", world.at(10).start, world.at(10).end, rooms=both)
    world.run()
    person.change(event, rooms=[world.address("alder")])
    world.run()
    (row,) = reservations(world, "alder")
    renamed = Draft(row.room_id, "Other", span_of(row.meeting), owner_email=world.address("ada"))
    with world.transactions.writing() as session:
        service.change(session, row.id, renamed, row.meeting.revision, "Ines", world.now())
    person.change(event, rooms=both)
    world.run_once("alder")
    world.run()

    assert event.item is not None
    assert sorted(line["address"] for line in event.item.attendees) == both
    assert_same(world, "birch")
    assert_quiet(world)


def test_a_change_of_a_meeting_that_all_rooms_left_before_it_was_sent_is_kept_for_people(world: World) -> None:
    """I2: the organizer may invite a room again, and his title would be all that is left."""
    event = invite(world, "alder", "Plan", world.at(10))
    world.run()
    (row,) = reservations(world, "alder")
    renamed = Draft(row.room_id, "Other", span_of(row.meeting), owner_email=world.address("ada"))
    with world.transactions.writing() as session:
        service.change(session, row.id, renamed, row.meeting.revision, "Ines", world.now())
    world.tenant.as_person(world.address("ada")).change(event, rooms=[])
    world.tenant.settle()
    world.tenant.faults.add("patch", "412")
    world.run()

    assert event.item is not None
    assert event.item.subject == "Plan"
    (kept,) = world.conflicts()
    assert (kept.kind, kept.here["subject"]) == (ConflictKind.CANCELLED_AND_EDITED, "Other")
    assert_quiet(world)


def test_a_room_that_she_takes_back_after_it_was_left_here_is_booked_again(world: World) -> None:
    """I1, I5: moved to another room from here, at once back by her: the other one, which was never asked, is free."""
    meeting = invite(world, "alder", "Hers", world.at(9))
    world.run()
    world.tenant.advance(60)
    [row] = reservations(world, "alder")
    came: list[str] = []

    def she_takes_it_back(phase: str, info: RequestInfo) -> None:
        if phase == "after" and info.op == "patch" and not came:
            came.append(info.op)
            world.tenant.as_person(world.address("ada")).change(meeting, rooms=[world.address("alder")])

    world.tenant.on_request(she_takes_it_back)
    move(world, row.id, "birch", title="Hers")
    for _ in range(3):
        world.run()
        world.tenant.advance(1000)
    assert came == ["patch"]
    assert_same(world, "alder")
    assert_same(world, "birch")
    assert len(world.slots_here("alder")) == 1
    assert_quiet(world)
