"""Meetings in people's own calendars: made, changed, cancelled and declined from here, and what they tell back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, book_for, decide, invite, persons_events, reservations
from tests.sync.oracle import live_there
from tests.sync.world import World
from tests.tenant import Booked
from webapp.domain.intervals import Timed
from webapp.domain.words import Choice, HoldKind, Home, SyncState, TitleSource
from webapp.errors import FieldError, Refused
from webapp.models import Attempt, Mailbox, MailboxLedger, Outbox, Reservation
from worker.store import organizing


@pytest.fixture
def world(world: World) -> World:
    """Two rooms and Ada; delegation and creating in people's calendars are on."""
    world.begin_with("alder", "birch", delegation=True, create=True)
    return world


def book_for_ada(world: World, span: Timed) -> int:
    return book_for(world, "alder", "Plan", span)


def state_of(world: World, reservation_id: int) -> tuple[SyncState, str | None]:
    row = world.reservation(reservation_id)
    return row.sync_state, row.sync_code


def imported(world: World, room: str = "alder") -> Reservation:
    (found,) = reservations(world, room)
    return found


def invite_rooms(world: World, title: str, span: Timed, *rooms: str) -> Booked:
    person = world.tenant.as_person(world.address("ada"))
    return person.book(title, span.start, span.end, rooms=[world.address(room) for room in rooms])


def with_birch_taken_off(world: World) -> Booked:
    """Ada's meeting in both rooms, of which people here took birch off."""
    event = invite_rooms(world, "Review", world.at(10), "alder", "birch")
    world.run()
    world.cancel(imported(world, "birch").id)
    world.run_once("alder")
    assert rooms_invited(event) == [world.address("alder")]
    return event


def rooms_invited(event: Booked) -> list[str]:
    assert event.item is not None, "the meeting goes on"
    return [one["address"] for one in event.item.attendees if one["type"] == "resource"]


def test_a_reservation_made_for_its_owner_is_one_event_in_his_calendar_that_the_room_accepts(world: World) -> None:
    key = book_for_ada(world, world.at(10))
    world.run_once("alder")
    assert state_of(world, key) == (SyncState.AWAITING, None)
    world.run()

    assert [event["subject"] for event in persons_events(world)] == ["Plan"]
    assert state_of(world, key) == (SyncState.SYNCED, None)
    assert len(world.there("alder")) == 1
    assert world.slots_here("alder") == [(world.at(10).start, world.at(10).end)]
    assert world.reservation(key).meeting.home is Home.USER
    assert world.titles_here("alder") == ["Plan"]
    assert_quiet(world)


def test_a_room_that_declines_leaves_the_owners_event_and_blocks_nothing(world: World) -> None:
    """H50, H51."""
    world.tenant.set_policy(world.address("alder"), booking_window_in_days=1)
    key = book_for_ada(world, world.at(24 * 5))
    world.run()

    assert state_of(world, key)[0] is SyncState.DECLINED
    assert world.slots_here("alder") == []
    assert len(persons_events(world)) == 1
    assert_quiet(world)


def test_a_room_that_never_answers_is_shown_as_unconfirmed_and_goes_on_blocking(world: World) -> None:
    """H58."""
    world.tenant.set_policy(world.address("alder"), delay=None)
    key = book_for_ada(world, world.at(10))
    for _ in range(8):
        world.run_once("alder")
        world.tenant.advance(300)
    world.run_once("alder")

    assert state_of(world, key) == (SyncState.AWAITING, "unconfirmed")
    assert len(world.slots_here("alder")) == 1
    assert len(persons_events(world)) == 1


def test_a_room_that_declines_later_says_so(world: World) -> None:
    """H50: accepted is not for ever."""
    key = book_for_ada(world, world.at(10))
    world.run()
    delegate = world.tenant.as_delegate(world.address("alder"))
    uid = world.reservation(key).meeting.ical_uid or ""
    delegate.answer(world.tenant.booked(world.address("ada"), _id_in_ada(world)), "declined")
    assert uid
    world.run()

    assert state_of(world, key) == (SyncState.DECLINED, "declined_later")
    assert world.slots_here("alder") == []
    assert len(persons_events(world)) == 1


def _id_in_ada(world: World) -> str:
    (event,) = persons_events(world)
    return str(event["id"])


def test_the_title_of_a_persons_meeting_is_read_once_in_his_own_event(world: World) -> None:
    """H49: the room shows the organizer's name; his own event tells the title, when the assistant is done."""
    invite(world, "alder", "Budget", world.at(10))
    world.tenant.settle()
    world.run_once("alder")
    assert world.titles_here("alder") == ["Reserved by Ada"]
    world.run()

    assert world.titles_here("alder") == ["Budget"]
    assert imported(world).meeting.title_source is TitleSource.ORGANIZER
    asked = world.count(MailboxLedger)
    for _ in range(3):
        world.tenant.advance(3600)
        world.run()
    assert world.count(MailboxLedger) == asked
    assert_quiet(world)


def test_a_title_that_its_organizer_changes_follows_although_the_room_never_shows_it(world: World) -> None:
    event = invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, subject="Budget 2027")
    world.run()

    assert world.titles_here("alder") == ["Budget 2027"]


def test_with_strict_mode_and_without_delegation_no_persons_mailbox_is_asked_for_anything(world: World) -> None:
    world.set_modes(strict=True)
    event = invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, subject="Budget 2027")
    world.run()
    world.tenant.advance(7200)
    world.run()

    assert world.titles_here("alder") == ["Reserved by Ada"]
    assert world.count(MailboxLedger) == 0
    assert not [r for r in world.tenant.requests if world.address("ada") in r.path]


def test_a_private_meetings_title_is_not_even_kept_from_its_organizers_event(world: World) -> None:
    """H56."""
    invite(world, "alder", "Secret canary", world.at(10), sensitivity="private")
    world.run()

    assert world.titles_here("alder") == ["Private"]


def test_a_change_here_goes_through_the_organizers_calendar_and_the_room_follows(world: World) -> None:
    """H57: the room's copy is never written."""
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.change(imported(world).id, title="Budget talk", span=world.at(14))
    blocked = world.slots_here("alder")
    assert (world.at(10).start, world.at(10).end) in blocked
    assert (world.at(14).start, world.at(14).end) in blocked
    before = world.writes()
    world.run()

    assert world.writes() == before + 1
    (event,) = persons_events(world)
    assert (event["subject"], event["start"]) == ("Budget talk", world.at(14).start)
    assert world.slots_here("alder") == [(world.at(14).start, world.at(14).end)]
    assert state_of(world, imported(world).id) == (SyncState.SYNCED, None)
    assert_quiet(world)


def test_a_new_time_that_the_room_declines_is_told_and_the_event_stays(world: World) -> None:
    """H50."""
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.tenant.set_policy(world.address("alder"), booking_window_in_days=1)
    world.change(imported(world).id, span=world.at(24 * 4))
    world.run()

    assert state_of(world, imported(world).id)[0] is SyncState.DECLINED
    assert world.slots_here("alder") == []
    assert [event["start"] for event in persons_events(world)] == [world.at(24 * 4).start]
    assert_quiet(world)


def test_cancel_with_one_room_cancels_the_event_for_everybody(world: World) -> None:
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.cancel(imported(world).id)
    assert world.slots_here("alder") == []
    world.run()

    assert persons_events(world) == []
    assert world.slots_here("alder") == []
    assert world.count(Outbox) == 0
    assert_quiet(world)


def test_cancel_here_takes_one_of_two_rooms_off_and_keeps_everybody_else(world: World) -> None:
    """H41: the guest list that goes back is the one just read."""
    person = world.tenant.as_person(world.address("ada"))
    rooms = [world.address("alder"), world.address("birch")]
    span = world.at(10)
    event = person.book("Budget", span.start, span.end, rooms=rooms, guests=["guest@else.example"])
    world.run()
    world.cancel(imported(world, "alder").id)
    world.run()

    item = event.item
    assert item is not None
    assert sorted(line["address"] for line in item.attendees) == [world.address("birch"), "guest@else.example"]
    assert world.slots_here("alder") == []
    assert world.slots_here("birch") == [(span.start, span.end)]
    assert state_of(world, imported(world, "birch").id) == (SyncState.SYNCED, None)
    assert_quiet(world)


def test_the_whole_meeting_is_cancelled_in_all_its_rooms_at_once(world: World) -> None:
    invite_rooms(world, "Budget", world.at(10), "alder", "birch")
    world.run()
    world.act(imported(world, "birch").id, "cancel_meeting")
    assert world.slots_here("alder") == world.slots_here("birch") == []
    world.run()

    assert persons_events(world) == []
    world.run()
    assert_quiet(world)


def test_a_new_time_must_be_free_in_every_room_of_the_meeting(world: World) -> None:
    invite_rooms(world, "Budget", world.at(10), "alder", "birch")
    world.book("birch", "In the way", world.at(14))
    world.run()

    with pytest.raises(Refused) as refused:
        world.change(imported(world, "alder").id, span=world.at(14))
    assert refused.value.code == "room_taken"


def test_decline_for_the_room_frees_it_here_and_there_and_its_organizer_is_told(world: World) -> None:
    world.set_modes()
    event = invite_rooms(world, "Budget", world.at(10), "alder", "birch")
    world.run()
    with pytest.raises(Refused) as refused:
        world.change(imported(world, "alder").id, span=world.at(14))
    assert refused.value.code == "organized_by_person"
    world.act(imported(world, "alder").id, "decline")
    assert world.slots_here("alder") == []
    world.run()

    assert world.there("alder") == []
    item = event.item
    assert item is not None
    answers = {line["address"]: line["response"] for line in item.attendees}
    assert answers == {world.address("alder"): "declined", world.address("birch"): "accepted"}
    assert world.slots_here("birch") != []
    assert_quiet(world)


def test_a_title_that_its_organizer_changes_is_read_although_another_rooms_refusal_is_still_on_its_way(
    world: World,
) -> None:
    """H49."""
    world.set_modes(delegation=False, create=False)
    event = invite_rooms(world, "Review", world.at(10), "alder", "birch")
    world.run()
    world.tenant.faults.add("respond", "503", times=20, retry_after=300)
    world.act(imported(world, "alder").id, "decline")
    world.run_once("alder")
    world.tenant.as_person(world.address("ada")).change(event, subject="Renamed")
    world.tenant.settle()
    world.run_once("birch")
    world.tenant.advance(61)
    world.run_once("birch")
    world.tenant.faults.clear()
    world.run(patience=120)

    assert world.titles_here("birch") == ["Renamed"]
    assert world.slots_here("alder") == []
    assert_quiet(world)


def test_a_declined_room_that_is_invited_anew_is_reserved_again(world: World) -> None:
    """A tombstone never stops a foreign meeting that the room accepted anew."""
    world.set_modes()
    event = invite_rooms(world, "Budget", world.at(10), "alder")
    world.run()
    world.act(imported(world, "alder").id, "decline")
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, start=world.at(15).start, end=world.at(15).end)
    world.run()

    assert world.slots_here("alder") == [(world.at(15).start, world.at(15).end)]


@pytest.mark.parametrize("kind", ["T-", "T+", "429+", "503+", "504", "404lag"])
def test_a_doubtful_create_in_a_persons_calendar_ends_as_one_event(world: World, kind: str) -> None:
    """H35, H37, H38: whatever became of the first POST; a missing item is no missing mailbox, so that one odd answer
    puts nobody out of reach."""
    world.tenant.faults.add("create", kind, times=2)
    key = book_for_ada(world, world.at(10))
    world.run(patience=120)

    assert len(persons_events(world)) == 1
    assert len(world.there("alder")) == 1
    assert len(reservations(world, "alder")) == 1
    assert state_of(world, key) == (SyncState.SYNCED, None)
    assert_quiet(world)


def test_the_copy_of_an_unsettled_create_is_not_imported_as_a_strangers_meeting(world: World) -> None:
    """H80: the room shows it before we know that our POST had an effect."""
    world.tenant.faults.add("create", "T+", times=1)
    key = book_for_ada(world, world.at(10))
    world.run_once("alder")
    world.tenant.settle()
    world.run_once("alder")
    assert [one.id for one in reservations(world, "alder")] == [key]
    world.run()

    assert [one.id for one in reservations(world, "alder")] == [key]
    assert state_of(world, key) == (SyncState.SYNCED, None)


def test_a_create_that_nobody_can_find_any_more_waits_for_a_person(world: World) -> None:
    """H38: the tenant forgot the transactionId and hides the event; after five minutes no POST is sent blindly."""
    world.tenant.faults.add("create", "T-", times=50)
    key = book_for_ada(world, world.at(30))
    for _ in range(30):
        world.run_once("alder")
        world.tenant.advance(30)

    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]
    assert state_of(world, key)[0] is SyncState.HELD
    assert len(world.slots_here("alder")) == 1


def test_a_lost_create_that_cannot_be_looked_for_waits_for_a_person_and_is_not_sent_blindly(world: World) -> None:
    """H77: the service refuses the filter on our mark."""
    world.tenant.switches.filter_by_tag = "refused"
    world.tenant.faults.add("create", "T-", times=1)
    key = book_for_ada(world, world.at(30))
    world.run_once("alder")
    world.tenant.advance(timedelta(minutes=6).total_seconds())
    world.run()

    assert persons_events(world) == []
    assert state_of(world, key) == (SyncState.HELD, "doubtful_create")
    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]


def test_what_a_changed_setting_no_longer_allows_is_held_and_not_sent_by_itself_later(world: World) -> None:
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.change(imported(world).id, span=world.at(14))
    world.set_modes()
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST]
    world.set_modes(delegation=True)
    world.run()

    assert [event["start"] for event in persons_events(world)] == [world.at(10).start]
    assert state_of(world, imported(world).id) == (SyncState.HELD, "access_lost")


def test_a_change_that_is_held_back_still_waits_for_a_person_when_its_room_declined_meanwhile(world: World) -> None:
    """Else nobody could decide about it any more, and the meeting would follow its organizer in no other room."""
    event = invite_rooms(world, "Budget", world.at(10), "alder", "birch")
    world.run()
    held = imported(world).id
    world.change(held, title="Other")
    world.set_modes()
    world.run()
    world.act(held, "decline")
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST]

    decide(world, Choice.DISCARD)
    world.tenant.as_person(world.address("ada")).change(event, subject="Renamed")
    world.run()
    assert world.titles_here("birch") == ["Renamed"]
    assert world.count(Outbox) == 0
    assert_quiet(world)


def test_the_organizers_own_change_of_the_same_thing_stands_and_both_are_kept(world: World) -> None:
    """H75: for a meeting that a person organizes his calendar wins."""
    event = invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.change(imported(world).id, span=world.at(14))
    world.tenant.as_person(world.address("ada")).change(event, start=world.at(16).start, end=world.at(16).end)
    world.run()

    assert [one["start"] for one in persons_events(world)] == [world.at(16).start]
    assert world.slots_here("alder") == [(world.at(16).start, world.at(16).end)]
    assert [(one.kind.value, one.prevailed) for one in world.conflicts()] == [("time", "there")]
    assert_quiet(world)


def test_an_organizer_out_of_reach_is_asked_once_a_day_at_most(world: World) -> None:
    world.app.restrict_to([world.address("alder"), world.address("birch")])
    world.client.tokens.drop(world.client.tokens.token())
    invite(world, "alder", "Budget", world.at(24 * 3))
    world.run()
    asked = world.count(MailboxLedger)
    assert asked == 1
    for _ in range(4):
        world.tenant.advance(3600)
        world.run()

    assert world.count(MailboxLedger) == asked
    assert world.titles_here("alder") == ["Reserved by Ada"]
    with pytest.raises(Refused) as refused:
        world.change(imported(world).id, span=world.at(14))
    assert refused.value.code == "organizer_out_of_reach"


def test_a_person_out_of_reach_cannot_be_given_a_meeting(world: World) -> None:
    with world.transactions.writing() as session:
        session.add(Mailbox(connection_id=1, address=world.address("ada"), kind="person", reach="refused"))
    with pytest.raises(FieldError) as refused:
        book_for_ada(world, world.at(10))
    assert (refused.value.field, refused.value.code) == ("owner_email", "owner_out_of_reach")


def test_a_meeting_cancelled_here_before_its_create_went_out_is_never_created(world: World) -> None:
    key = book_for_ada(world, world.at(10))
    world.cancel(key)
    world.run()

    assert persons_events(world) == []
    assert world.count(Attempt) == 0


def test_a_meeting_cancelled_while_its_create_is_in_doubt_ends_as_no_event(world: World) -> None:
    """H79."""
    world.tenant.faults.add("create", "T+", times=1)
    key = book_for_ada(world, world.at(10))
    world.run_once("alder")
    world.cancel(key)
    world.run(patience=120)
    world.tenant.advance(timedelta(minutes=30).total_seconds())
    world.run(patience=120)

    assert persons_events(world) == []
    assert world.slots_here("alder") == []
    assert_quiet(world)


def test_a_meeting_cancelled_here_before_its_new_event_can_be_read_is_cancelled_there(world: World) -> None:
    """H40: so soon after our own create a 404 is no proof that its owner deleted it."""
    world.tenant.faults.hide_created(60)
    key = book_for_ada(world, world.at(10))
    world.run_once("alder")
    world.cancel(key)
    world.run_once("alder")
    world.run(patience=120)

    assert persons_events(world) == []
    assert live_there(world, "alder") == []
    assert world.slots_here("alder") == []
    assert_quiet(world)


def test_a_title_typed_here_is_not_taken_back_by_another_rooms_copy_before_it_is_sent(world: World) -> None:
    """H49: a copy's subject counts when it was read twice, but not against what is on its way to the organizer."""
    world.set_modes(strict=True)
    for name in ("alder", "birch"):
        world.tenant.set_policy(world.address(name), delete_subject=False, add_organizer_to_subject=False)
    event = invite_rooms(world, "Old", world.at(10), "alder", "birch")
    world.tenant.settle()
    world.run_once("alder", "birch")
    world.set_modes(delegation=True)
    world.tenant.advance(70)
    world.change(imported(world, "birch").id, title="New")
    world.run_once("birch")
    world.run()

    assert event.item is not None
    assert event.item.subject == "New"
    assert world.titles_here("alder") == world.titles_here("birch") == ["New"]
    assert_quiet(world)


def test_a_change_in_a_persons_calendar_whose_read_back_lags_is_no_edit_of_his(world: World) -> None:
    """H40: the change is answered without the event, and what is read back is the event of before."""
    world.tenant.switches.patch_answers_empty = True
    key = book_for_ada(world, world.at(10))
    world.run()
    world.tenant.faults.lag(world.address("ada"), 1, ["get"])
    world.change(key, title="New")
    world.run_once("alder")
    world.tenant.settle()
    world.change(key, title="Newer")
    world.run()

    assert [event["subject"] for event in persons_events(world)] == ["Newer"]
    assert world.titles_here("alder") == ["Newer"]
    assert world.conflicts() == []
    assert_quiet(world)


@pytest.mark.parametrize("seen_between", [False, True])
def test_a_room_that_was_taken_off_here_and_is_invited_again_by_its_organizer_is_booked_again(
    world: World, seen_between: bool
) -> None:
    """H53: also where nobody looked at the room between the two."""
    event = with_birch_taken_off(world)
    if seen_between:
        world.run()
    person = world.tenant.as_person(world.address("ada"))
    person.change(event, rooms=[world.address("alder"), world.address("birch")])
    world.tenant.advance(30)
    world.run()

    assert world.slots_here("birch") == [(world.at(10).start, world.at(10).end)]
    assert imported(world, "birch").sync_state is SyncState.SYNCED
    assert_quiet(world)


@pytest.mark.parametrize("rooms", [("birch",), ("alder", "birch")])
def test_a_room_that_is_invited_again_before_it_worked_off_its_removal_is_booked_again(
    world: World, rooms: tuple[str, ...]
) -> None:
    """H53: its copy never changes by either, so it is looked at once more."""
    event = with_birch_taken_off(world)
    person = world.tenant.as_person(world.address("ada"))
    person.change(event, rooms=[world.address(room) for room in rooms])
    world.run()

    assert {room: len(world.slots_here(room)) for room in rooms} == dict.fromkeys(rooms, 1)
    assert imported(world, "birch").sync_state is SyncState.SYNCED
    assert_quiet(world)


def test_a_read_that_lags_a_rooms_taking_off_does_not_bring_it_back(world: World) -> None:
    """H02, H53."""
    event = invite_rooms(world, "Review", world.at(10), "alder", "birch")
    world.run()
    world.cancel(imported(world, "birch").id)
    world.tenant.faults.lag(world.address("birch"), 3)
    world.tenant.faults.lag(world.address("ada"), 3)
    world.run_once("alder")
    world.run()
    assert world.slots_here("birch") == []

    world.tenant.faults.clear()
    world.run()
    assert rooms_invited(event) == [world.address("alder")]
    assert world.slots_here("birch") == []
    assert_quiet(world)


def test_a_copy_that_goes_while_it_is_to_be_taken_in_anew_ends_its_reservation(world: World) -> None:
    """H53: a change was given up, and the room left the meeting before its copy was read again."""
    event = invite_rooms(world, "Review", world.at(10), "alder", "birch")
    world.run()
    row = imported(world, "birch")
    world.change(row.id, title="Renamed")
    with world.transactions.writing() as session:
        waiting = session.scalars(select(Outbox.id).join(Reservation).where(Reservation.meeting_id == row.meeting_id))
        organizing.give_up(session, waiting.one(), "Ines", world.now())
    person = world.tenant.as_person(world.address("ada"))
    person.change(event, rooms=[world.address("alder")])
    world.run()

    assert world.slots_here("birch") == []
    assert reservations(world, "birch") == []
    assert world.slots_here("alder") == [(world.at(10).start, world.at(10).end)]
    assert_quiet(world)
