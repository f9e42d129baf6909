"""A room that follows another mailbox than before: nothing twice, nobody mailed, and the old one as it was ticked."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.sync import beginnings
from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations, steps
from tests.sync.world import World
from webapp.domain.words import AttemptState, RoomState, SyncState
from webapp.errors import Refused
from webapp.models import Attempt, LeftMailbox, Mailbox, Room, RoomChoice, SyncSettings, Tombstone
from webapp.rooms import service as rooms
from webapp.rooms.linking import Agreed

GREEN = "green"


def save(world: World, name: str, address: str | None, agreed: Agreed | None = None, *, active: bool = True) -> None:
    """Save Changes in the room's panel, with an address or none."""
    with world.transactions.writing() as session:
        room = session.get_one(Room, world.rooms[name])
        link = rooms.Link(1, address, active) if address else None
        draft = rooms.RoomDraft(room.name, room.time_zone, link=link)
        rooms.save_room(session, room.id, draft, room.revision, world.now(), agreed)


def move(world: World, to: str, *, remove: bool = False) -> None:
    """Alder follows another room mailbox of the tenant, after the question was answered."""
    save(world, "alder", world.address(to), Agreed(remove))


def room_mailbox(world: World, name: str) -> None:
    """A room mailbox in the tenant that no room here follows."""
    world.tenant.add_room(world.address(name), name=name.title(), time_zone="Europe/Berlin")
    choose(world, name)


def choose(world: World, name: str) -> None:
    """Places lists this address."""
    with world.transactions.writing() as session:
        session.add(RoomChoice(connection_id=1, address=world.address(name), name=name, listed_at=world.now()))


def live(world: World, name: str) -> list[str]:
    """Subjects of a calendar's events."""
    return sorted(str(event["subject"]) for event in world.there(name))


def lively(world: World) -> None:
    """Alder, linked and in step: three of ours, two of a delegate's, one that Ada organizes, one that is over."""
    beginnings.begin(world, "lively", _lively)


def _lively(world: World) -> None:
    world.add_room("alder")
    room_mailbox(world, GREEN)
    world.book("alder", "Soon over", world.at(0))
    for number in range(3):
        world.book("alder", f"R{number}", world.at(48 + 2 * number))
    for number in range(2):
        put(world, "alder", f"T{number}", world.at(60 + 2 * number))
    invite(world, "alder", "Budget", world.at(70))
    world.run()
    world.tenant.advance(2 * 86_400)
    world.run()


def left_row(world: World) -> LeftMailbox:
    with world.transactions.reading() as session:
        return session.scalars(select(LeftMailbox)).one()


def test_another_mailbox_asks_first_and_says_how_much_goes_where(world: World) -> None:
    lively(world)
    with pytest.raises(Refused) as refused:
        save(world, "alder", world.address(GREEN))
    said = refused.value.fields
    assert (refused.value.code, said["ours"], said["theirs"]) == ("another_mailbox", 3, 3)
    assert (said["left"], said["address"]) == (world.address("alder"), world.address(GREEN))


@pytest.mark.parametrize("by_way_of_none", [False, True])
@pytest.mark.parametrize("remove", [False, True])
def test_ours_are_created_in_the_new_mailbox_and_the_others_are_left_behind(
    world: World, remove: bool, by_way_of_none: bool
) -> None:
    """3.3, H71: in the new mailbox each of ours once, nobody is mailed; what we wrote in the old goes if ticked."""
    lively(world)
    there, mails = live(world, "alder"), len(world.tenant.mails)
    if by_way_of_none:
        save(world, "alder", None)
    move(world, GREEN, remove=remove)
    world.run()
    assert live(world, GREEN) == ["R0", "R1", "R2"]
    assert len(world.tenant.mails) == mails
    gone = {"R0", "R1", "R2"} if remove else set()
    assert live(world, "alder") == sorted(set(there) - gone)
    closed = [r for r in reservations(world, "alder", live=False) if r.sync_code == "left_behind"]
    assert len(closed) == 3 and all(r.cancelled_at and r.not_followed_since is None for r in closed)
    assert {r.sync_fields["address"] for r in closed} == {world.address("alder")}
    assert sorted(world.titles_here("alder")) == ["R0", "R1", "R2", "Soon over"]
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert steps(world).count("leave") == 3
    assert_quiet(world)


def test_what_was_over_keeps_its_place_and_nothing_of_it_is_sent(world: World) -> None:
    lively(world)
    before = [r.id for r in reservations(world, "alder") if r.meeting.title == "Soon over"]
    move(world, GREEN)
    world.run()
    [over] = [world.reservation(one) for one in before]
    assert over.cancelled_at is None and over.occurrences
    assert "Soon over" not in live(world, GREEN) and "Soon over" in live(world, "alder")


def test_there_and_back_again_makes_nothing_twice(world: World) -> None:
    """H71, H72: each of ours is known by its mark, each of theirs by its iCalUId; nobody is mailed."""
    lively(world)
    there, mails, made = live(world, "alder"), len(world.tenant.mails), world.count(Attempt)
    move(world, GREEN, remove=False)
    world.run()
    move(world, "alder", remove=True)
    world.run()
    assert live(world, "alder") == there and live(world, GREEN) == []
    assert len(world.tenant.mails) == mails
    assert world.count(Attempt) > made
    live_here = [r for r in reservations(world, "alder") if not r.meeting.title.startswith("Soon")]
    assert len(live_here) == 6 and {r.sync_state for r in live_here} == {SyncState.SYNCED}
    assert all(r.sync_code is None and r.not_followed_since is None for r in live_here)
    assert_same(world, "alder")
    assert_quiet(world)


def test_back_before_any_run_all_is_as_it_was(world: World) -> None:
    lively(world)
    writes = world.writes()
    move(world, GREEN, remove=True)
    save(world, "alder", world.address("alder"))
    world.run()
    assert world.writes() == writes
    assert all(r.sync_code != "left_behind" for r in reservations(world, "alder", live=False))
    assert world.count(LeftMailbox) == 0
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize("keeps_alias", [True, False])
def test_a_new_name_of_the_same_mailbox_is_recognised_and_all_stays(world: World, keeps_alias: bool) -> None:
    """H69: the old address answers as an alias, or not at all; links stay, nothing is made twice."""
    lively(world)
    writes, there = world.writes(), live(world, "alder")
    world.tenant.rename(world.address("alder"), world.address("hazel"))
    if not keeps_alias:
        world.tenant.mailbox(world.address("hazel")).aliases.clear()
        world.tenant._names.pop(world.address("alder"))
    world.run_once("alder")
    assert world.room("alder").sync_state is (RoomState.ACTIVE if keeps_alias else RoomState.ERROR)
    choose(world, "hazel")
    move(world, "hazel", remove=True)
    world.run()
    assert (world.writes(), live(world, "hazel")) == (writes, there)
    assert all(r.sync_code != "left_behind" for r in reservations(world, "alder", live=False))
    assert all(r.not_followed_since is None for r in reservations(world, "alder"))
    assert world.count(LeftMailbox) == 0
    with world.transactions.reading() as session:
        mailbox = session.get_one(Mailbox, world.mailbox_id("alder"))
        assert (mailbox.address, mailbox.calendar_seen) == (world.address("hazel"), None)
    assert_quiet(world)


def test_an_address_with_an_apostrophe_is_linked_like_any_other(world: World) -> None:
    """H69."""
    world.add_room("o'neill")
    world.book("o'neill", "Ours", world.at(5))
    put(world, "o'neill", "Theirs", world.at(7))
    world.run()
    assert live(world, "o'neill") == ["Ours", "Theirs"]
    assert_same(world, "o'neill")
    assert_quiet(world)


def test_what_overlaps_in_the_new_mailbox_is_held_and_not_written(world: World) -> None:
    lively(world)
    world.tenant.as_delegate(world.address(GREEN)).book("Taken", world.at(0).start, world.at(1).end)
    move(world, GREEN)
    world.run()
    assert live(world, GREEN) == ["R1", "R2", "Taken"]
    assert [hold.kind for hold in world.holds()] == ["slot_taken"]


def test_an_event_of_ours_that_somebody_invited_guests_to_stays_in_the_old_mailbox(world: World) -> None:
    """I6: nobody is told of a cancellation because a room got another calendar."""
    lively(world)
    [event] = [e for e in ours_there(world, "alder") if e["subject"] == "R1"]
    delegate = world.tenant.as_delegate(world.address("alder"))
    delegate.change(world.tenant.booked(world.address("alder"), event["id"]), guests=[world.address("bob")])
    world.run()
    mails = len(world.tenant.mails)
    move(world, GREEN, remove=True)
    world.run()
    assert "R1" in live(world, "alder") and "R0" not in live(world, "alder")
    assert len(world.tenant.mails) == mails
    row = left_row(world)
    assert (row.removed, row.kept, row.code) == (2, 1, None) and row.finished_at is not None


def test_a_create_that_was_in_doubt_at_the_move_is_removed_when_it_turns_up(world: World) -> None:
    """H79."""
    world.add_room("alder")
    room_mailbox(world, GREEN)
    world.run()
    world.tenant.faults.add("create", "T+", times=1)
    world.tenant.faults.hide_created(seconds=900)
    world.book("alder", "Doubtful", world.at(5))
    world.run_once("alder")
    assert live(world, "alder") == ["Doubtful"]
    move(world, GREEN, remove=True)
    world.run(patience=600, settle=False)
    assert (live(world, "alder"), live(world, GREEN)) == ([], ["Doubtful"])
    assert left_row(world).finished_at is not None
    with world.transactions.reading() as session:
        assert AttemptState.OPEN not in set(session.scalars(select(Attempt.state)))


@pytest.mark.parametrize("kind", ["503", "T+", "429"])
def test_the_removal_outlives_what_goes_wrong_in_the_old_mailbox(world: World, kind: str) -> None:
    lively(world)
    move(world, GREEN, remove=True)
    world.tenant.faults.add("delete", kind, times=2)
    world.run(patience=200)
    assert not {"R0", "R1", "R2"} & set(live(world, "alder"))
    assert world.room("alder").sync_state is RoomState.ACTIVE


def test_an_old_mailbox_that_is_gone_troubles_the_room_in_no_way_and_is_given_up_in_the_end(world: World) -> None:
    """I8."""
    lively(world)
    world.tenant.soft_delete(world.address("alder"))
    move(world, GREEN, remove=True)
    for _ in range(40):
        for mailbox_id in world.due():
            world.worker.run(mailbox_id)
        world.tenant.advance(6 * 3600)
    assert live(world, GREEN) == ["R0", "R1", "R2"]
    assert world.room("alder").sync_state is RoomState.ACTIVE
    row = left_row(world)
    assert row.finished_at is not None and row.code == "MailboxMissing"


def test_a_mailbox_that_another_room_followed_before_brings_strangers_only(world: World) -> None:
    """H55: what the former room had stays the former room's; the new one imports the calendar as it is."""
    world.add_room("alder")
    world.add_room("birch", link=False)
    own = world.book("alder", "Ours", world.at(5))
    put(world, "alder", "Theirs", world.at(8))
    world.run()
    save(world, "alder", None)
    save(world, "birch", world.address("alder"))
    world.run()
    assert live(world, "alder") == ["Ours", "Theirs"]
    assert sorted(world.titles_here("birch")) == ["Ours", "Theirs"]
    assert sorted(world.titles_here("alder")) == ["Ours", "Theirs"]
    assert world.reservation(own).sync_state is SyncState.LOCAL
    world.change(own, title="Renamed here")
    world.run()
    assert live(world, "alder") == ["Ours", "Theirs"]
    assert sorted(world.titles_here("birch")) == ["Ours", "Theirs"]


@pytest.mark.parametrize("how", ["unlinked", "paused", "switched off", "moved"])
def test_a_run_under_way_stops_at_its_next_commit(world: World, how: str) -> None:
    """H45: what the person decided stands; nothing more is sent, and nothing is imported into a room that let go."""
    lively(world)
    late = [world.book("alder", f"L{number}", world.at(90 + 2 * number)) for number in range(4)]
    sent: list[str] = []

    def act(phase: str, info: object) -> None:
        if phase == "after" and getattr(info, "op", "") == "create":
            sent.append(how)
            if len(sent) == 1:
                _let_go(world, how)

    stop = world.tenant.on_request(act)
    world.run_once("alder")
    stop()
    assert len(sent) == 1
    assert sum(world.reservation(one).sync_state is SyncState.SYNCED for one in late) == 0
    with world.transactions.reading() as session:
        assert session.scalars(
            select(Mailbox.claim_owner).where(Mailbox.address == world.address("alder"))
        ).all() == [None]
    if how == "moved":
        world.run()
        assert live(world, GREEN) == sorted(["R0", "R1", "R2", "L0", "L1", "L2", "L3"])
        return
    _take_up(world, how)
    world.run()
    assert len(live(world, "alder")) == len(set(live(world, "alder"))) == 11
    assert_same(world, "alder")
    assert_quiet(world)


def _let_go(world: World, how: str) -> None:
    if how == "switched off":
        with world.transactions.writing() as session:
            session.execute(update(SyncSettings).values(enabled=False))
    elif how == "moved":
        move(world, GREEN)
    else:
        save(world, "alder", world.address("alder") if how == "paused" else None, active=False)


def _take_up(world: World, how: str) -> None:
    if how == "switched off":
        with world.transactions.writing() as session:
            session.execute(update(SyncSettings).values(enabled=True))
    else:
        save(world, "alder", world.address("alder"))


def test_a_connect_a_disconnect_and_a_connect_mail_nobody(world: World) -> None:
    """H71: 500 old local bookings, 200 guests."""
    world.add_room("alder", link=False)
    for number in range(500):
        world.book("alder", f"Old {number}", world.at(number / 4, 15))
    world.tenant.advance(7 * 86_400)
    coming = [world.book("alder", f"New {number}", world.at(2 * number)) for number in range(5)]
    guests = [world.address(f"guest{number}") for number in range(200)]
    for guest in guests:
        world.tenant.add_person(guest)
    put(world, "alder", "Assembly", world.at(30), guests=guests)
    world.tenant.settle()
    mails = len(world.tenant.mails)
    for _ in range(2):
        save(world, "alder", world.address("alder"))
        world.run()
        save(world, "alder", None)
    save(world, "alder", world.address("alder"))
    world.run()
    assert len(world.tenant.mails) == mails
    assert live(world, "alder") == sorted(["Assembly", *(f"New {number}" for number in range(5))])
    assert world.writes() == 5
    assert {world.reservation(one).sync_state for one in coming} == {SyncState.SYNCED}
    assert_quiet(world)


def test_events_left_behind_are_remembered_as_such(world: World) -> None:
    """H59: a late row of the old mailbox revives nothing."""
    lively(world)
    move(world, GREEN)
    world.run()
    with world.transactions.reading() as session:
        why = list(session.scalars(select(Tombstone.why)))
    assert why.count("left_behind") == 6
