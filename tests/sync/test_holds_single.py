"""What both sides did against each other waits for a person, and is done as he chose, if it still is as shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sync.checks import assert_quiet, assert_same, decide, invite, ours_there, put, reservations
from tests.sync.test_hazards_loops import quarrel, restore
from tests.sync.world import World
from webapp.domain.words import Choice, HoldKind, RoomState, SyncState
from webapp.models import Hold, Reservation
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.reservations.rows import title_of
from worker.room_run.organizer.settling import SAME_POST


def edited_there(world: World) -> int:
    """Cancelled here, changed in Outlook."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    change_there(world, "Important now")
    world.cancel(made)
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.EDITED_AND_CANCELLED]
    return made


def change_there(world: World, subject: str) -> None:
    """Somebody renames our event in Outlook."""
    [event] = ours_there(world, "alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, subject=subject)


def edited_here(world: World) -> int:
    """Cancelled in Outlook, changed here."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = ours_there(world, "alder")
    world.tenant.as_delegate(world.address("alder")).delete(
        world.tenant.booked(world.address("alder"), event["immutable_id"])
    )
    world.change(made, title="Edited")
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.EDITED_AND_CANCELLED]
    return made


def assert_settled(world: World) -> None:
    """No hold and no conflict is open, both sides agree, and a second run is quiet."""
    assert world.holds() == [] and world.room("alder").sync_state is RoomState.ACTIVE
    assert [one for one in world.conflicts() if one.ended_at is None] == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_an_event_that_is_kept_is_a_reservation_again(world: World) -> None:
    """H76, I2."""
    made = edited_there(world)
    decide(world, Choice.KEEP)
    world.run()
    assert world.titles_here("alder") == ["Important now"]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert [event["subject"] for event in ours_there(world, "alder")] == ["Important now"]
    assert_settled(world)


def test_an_event_that_is_given_up_is_removed_there(world: World) -> None:
    """H76."""
    made = edited_there(world)
    decide(world, Choice.CANCEL_THERE)
    world.run()
    assert ours_there(world, "alder") == [] and world.reservation(made).cancelled_at is not None
    assert_settled(world)


@pytest.mark.parametrize("choice", [Choice.KEEP, Choice.CANCEL_THERE])
@pytest.mark.parametrize("subject", ["Changed once more", "Standup"])
def test_an_event_that_changed_since_it_was_shown_is_asked_about_again(
    world: World, choice: Choice, subject: str
) -> None:
    """Only what was shown is carried out, even where the event is now as it was when it was cancelled here."""
    edited_there(world)
    decide(world, choice)
    change_there(world, subject)
    world.run()
    assert [event["subject"] for event in ours_there(world, "alder")] == [subject]
    [hold] = world.holds()
    assert [(row.state.value, (row.before or {})["subject"]) for row in hold.actions] == [("open", subject)]
    assert_quiet(world)
    decide(world, choice)
    world.run()
    assert len(ours_there(world, "alder")) == (choice is Choice.KEEP)
    assert_settled(world)


def test_the_hold_follows_an_event_that_is_changed_again(world: World) -> None:
    edited_there(world)
    change_there(world, "Changed once more")
    world.run()
    [hold] = world.holds()
    assert (hold.actions[0].before or {})["subject"] == "Changed once more"
    assert_quiet(world)


def test_an_event_is_kept_although_its_slot_was_taken_meanwhile(world: World) -> None:
    """H76, I7: both stay, and the overlap is told; nothing is withdrawn because of a person's choice."""
    made = edited_there(world)
    theirs = put(world, "alder", "Theirs", world.at(10))
    world.run()
    decide(world, Choice.KEEP)
    world.run()
    assert world.reservation(made).withdrawn_at is None and theirs.item is not None
    assert len(ours_there(world, "alder")) == 1 and world.holds() == []
    assert [one.kind.value for one in world.conflicts() if one.ended_at is None] == ["overlap"]
    assert_quiet(world)


def test_a_reservation_that_is_created_again_is_one_new_event(world: World) -> None:
    """H76, H59: the next incarnation."""
    made = edited_here(world)
    decide(world, Choice.CREATE_AGAIN)
    world.run()
    [event] = ours_there(world, "alder")
    assert event["subject"] == "Edited" and str(event["transaction_id"]).endswith(".2")
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert [one.prevailed for one in world.conflicts()] == ["here"]
    assert_settled(world)


def test_a_reservation_whose_slot_was_taken_meanwhile_is_not_created_over_it(world: World) -> None:
    """H76, I7."""
    made = edited_here(world)
    theirs = put(world, "alder", "Theirs", world.at(10))
    decide(world, Choice.CREATE_AGAIN)
    world.run()
    assert ours_there(world, "alder") == [] and theirs.item is not None
    assert [hold.kind for hold in world.holds()] == [HoldKind.SLOT_TAKEN]
    assert world.reservation(made).withdrawn_at is not None
    assert_quiet(world)


def test_a_reservation_that_is_given_up_ends_here(world: World) -> None:
    """H76."""
    made = edited_here(world)
    decide(world, Choice.CANCEL_HERE)
    world.run()
    assert world.reservation(made).cancelled_at is not None and ours_there(world, "alder") == []
    assert [one.prevailed for one in world.conflicts()] == ["there"]
    assert_settled(world)


def test_a_change_saved_after_the_hold_was_shown_is_not_what_was_approved(world: World) -> None:
    made = edited_here(world)
    decide(world, Choice.CANCEL_HERE)
    world.change(made, title="Edited more")
    world.run()
    assert world.reservation(made).cancelled_at is None
    [hold] = world.holds()
    assert [(row.state.value, (row.after or {})["subject"]) for row in hold.actions] == [("open", "Edited more")]


def at_war(world: World) -> int:
    """Two robots."""
    world.add_room("alder")
    made = world.book("alder", "Our title", world.at(9))
    world.run()
    quarrel(world, made, 40)
    assert [hold.kind for hold in world.holds()] == [HoldKind.CHANGE_LOOP]
    return made


@pytest.mark.parametrize("later", [0, 4000])
@pytest.mark.parametrize(
    ("choice", "title"), [(Choice.SEND_OURS, "Our title"), (Choice.TAKE_THEIRS, "Robot's title")]
)
def test_a_war_ends_as_a_person_says(world: World, choice: Choice, title: str, later: int) -> None:
    """H48: once more, or theirs; within the hour of the war and after it."""
    at_war(world)
    world.tenant.advance(later)
    decide(world, choice)
    world.run()
    assert [event["subject"] for event in ours_there(world, "alder")] == [title]
    assert world.titles_here("alder") == [title]
    assert_settled(world)


def test_a_robot_that_wrote_something_else_since_is_asked_about_again(world: World) -> None:
    """H48."""
    at_war(world)
    decide(world, Choice.TAKE_THEIRS)
    restore(world, "Another title")
    world.run()
    [hold] = world.holds()
    assert [(row.state.value, (row.before or {})["subject"]) for row in hold.actions] == [("open", "Another title")]
    assert world.titles_here("alder") == ["Our title"]


# -- in people's calendars


def lost_access(world: World) -> Reservation:
    """A new time for Ada's meeting, and delegation is switched off before it is sent."""
    world.set_modes(delegation=True)
    world.add_room("alder")
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    [row] = reservations(world, "alder")
    move(world, row, 14)
    world.set_modes()
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST]
    return row


def move(world: World, row: Reservation, hour: int) -> None:
    """A person here gives Ada's meeting another time."""
    with world.transactions.writing() as session:
        meeting = session.get_one(Reservation, row.id).meeting
        owner = meeting.owner.email if meeting.owner else ""
        draft = Draft(row.room_id, title_of(meeting), world.at(hour), owner_email=owner)
        service.change(session, row.id, draft, meeting.revision, "Ines", world.now())


def hours_there(world: World) -> list[float]:
    """When Ada's meetings are, in hours of the world's day."""
    start = world.at(0).start
    return [(event["start"] - start) / timedelta(hours=1) for event in world.tenant.events(world.address("ada"))]


def test_what_access_was_lost_for_is_sent_when_a_person_says_so_and_the_setting_allows(world: World) -> None:
    """3.4: it does not fire by itself when the setting returns."""
    lost_access(world)
    decide(world, Choice.SEND_NOW)
    world.run()
    assert [hold.kind for hold in world.holds()] == [HoldKind.ACCESS_LOST], "still not allowed"
    world.set_modes(delegation=True)
    world.run()
    assert hours_there(world) == [10]
    decide(world, Choice.SEND_NOW)
    world.run()
    assert hours_there(world) == [14]
    assert_settled(world)


def test_what_access_was_lost_for_is_discarded_when_a_person_says_so(world: World) -> None:
    row = lost_access(world)
    world.set_modes(delegation=True)
    decide(world, Choice.DISCARD)
    world.run()
    assert hours_there(world) == [10] and world.holds() == []
    assert world.slots_here("alder") == [(world.at(10).start, world.at(10).end)]
    assert world.reservation(row.id).sync_state is SyncState.SYNCED
    assert_settled(world)


def test_what_is_saved_again_once_it_is_allowed_needs_no_decision(world: World) -> None:
    row = lost_access(world)
    world.set_modes(delegation=True)
    move(world, row, 16)
    world.run()
    assert hours_there(world) == [16] and world.holds() == []


def doubtful(world: World) -> int:
    """A meeting for Ada whose create nobody can find any more."""
    world.begin_with("alder", delegation=True, create=True)
    world.tenant.faults.add("create", "T-", times=1000)
    ada = world.address("ada")
    made = world.book("alder", "For Ada", world.at(30), owner_name="Ada", owner_email=ada, in_owner_calendar=True)
    for _ in range(int(SAME_POST.total_seconds() / 30) + 8):
        world.run_once("alder")
        world.tenant.advance(30)
    assert [hold.kind for hold in world.holds()] == [HoldKind.DOUBTFUL_CREATE]
    return made


def test_a_doubtful_create_is_sent_again_at_once_when_a_person_says_so(world: World) -> None:
    """H38: the same mark, so that it is one event whatever became of the first."""
    made = doubtful(world)
    world.tenant.faults.clear()
    decide(world, Choice.CREATE_AGAIN)
    world.run(patience=80)
    assert hours_there(world) == [30]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_settled(world)


def test_a_save_does_not_hide_that_a_doubtful_create_waits_for_a_person(world: World) -> None:
    """Nothing goes out before the hold is decided: the page must not promise that it is on its way."""
    made = doubtful(world)
    move(world, world.reservation(made), 32)
    assert (world.reservation(made).sync_state, world.reservation(made).sync_code) == (
        SyncState.HELD,
        "doubtful_create",
    )
    world.tenant.faults.clear()
    decide(world, Choice.CREATE_AGAIN)
    world.run(patience=80)
    assert hours_there(world) == [32]
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_settled(world)


def test_a_doubtful_create_that_is_given_up_ends_the_reservation(world: World) -> None:
    made = doubtful(world)
    world.tenant.faults.clear()
    decide(world, Choice.GIVE_UP)
    world.run(patience=80)
    assert hours_there(world) == [] and world.reservation(made).cancelled_at is not None
    assert_settled(world)


def test_it_is_this_one_adopts_an_event_of_the_owner_at_the_same_time(world: World) -> None:
    """The tenant kept no mark of ours: the copy in the room leads to the owner's event."""
    made = doubtful(world)
    world.tenant.faults.clear()
    invite(world, "alder", "For Ada", world.at(30))
    world.tenant.settle()
    decide(world, Choice.ADOPT)
    world.run(patience=80)
    assert hours_there(world) == [30]
    assert [row.id for row in reservations(world, "alder")] == [made]
    assert_settled(world)


def test_it_is_this_one_asks_again_where_there_is_none(world: World) -> None:
    doubtful(world)
    world.tenant.faults.clear()
    decide(world, Choice.ADOPT)
    world.run(patience=80)
    [hold] = world.holds()
    assert [(row.state.value, row.choice) for row in hold.actions] == [("open", "")]
    assert world.count(Hold) == 1
