"""What a room's move, unlink and new link mean for meetings in people's own calendars."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, invite, persons_events, reservations
from tests.sync.test_mailbox_left import GREEN, live, move, room_mailbox, save
from tests.sync.test_organizers_calendar import book_for_ada, invite_rooms
from tests.sync.world import World
from webapp.domain.words import MailboxKind, OutboxKind, SyncState
from webapp.models import Connection, Mailbox, Outbox, Room, RoomChoice
from webapp.rooms import service as rooms
from webapp.rooms.linking import Agreed


@pytest.fixture
def world(world: World) -> World:
    """Two rooms and Ada; delegation and creating in people's calendars are on; green stands ready."""
    for name in ("alder", "birch"):
        world.add_room(name)
    room_mailbox(world, GREEN)
    world.set_modes(delegation=True, create=True)
    world.run()
    return world


def test_a_meeting_made_for_its_owner_invites_the_old_mailbox_and_is_left_behind_with_it(world: World) -> None:
    """3.3: the owner's event stays as it is, and nobody is told of anything."""
    key = book_for_ada(world, world.at(48))
    world.run()
    mails, before = len(world.tenant.mails), persons_events(world)
    move(world, GREEN, remove=True)
    world.run()
    left = world.reservation(key)
    assert (left.sync_code, left.cancelled_at is None) == ("left_behind", False)
    assert (len(world.tenant.mails), persons_events(world)) == (mails, before)
    assert live(world, GREEN) == []
    assert_quiet(world)


def test_a_meeting_that_was_never_sent_invites_the_new_mailbox(world: World) -> None:
    key = book_for_ada(world, world.at(48))
    move(world, GREEN)
    world.run()
    assert world.reservation(key).sync_state is SyncState.SYNCED
    assert len(persons_events(world)) == 1
    assert len(live(world, GREEN)) == 1 and live(world, "alder") == []
    assert_quiet(world)


def test_a_change_that_waits_in_the_lane_of_a_room_that_is_unlinked_goes_out_in_another_rooms(world: World) -> None:
    invite_rooms(world, "Plan", world.at(48), "alder", "birch")
    world.run()
    world.change(reservations(world, "alder")[0].id, title="Plan renamed")
    with world.transactions.reading() as session:
        assert session.scalars(select(Outbox.mailbox_id)).all() == [world.mailbox_id("alder")]
    save(world, "alder", None)
    world.run()
    assert [event["subject"] for event in persons_events(world)] == ["Plan renamed"]
    assert world.count(Outbox) == 0


def test_a_decline_that_waits_while_its_room_is_unlinked_goes_out_with_the_next_link(world: World) -> None:
    invite(world, "alder", "Plan", world.at(48))
    world.run()
    world.set_modes()
    world.act(reservations(world, "alder")[0].id, "decline")
    save(world, "alder", None)
    with world.transactions.reading() as session:
        assert session.scalars(select(Outbox.kind)).all() == [OutboxKind.DECLINE]
    save(world, "alder", world.address("alder"))
    world.run()
    assert world.count(Outbox) == 0
    assert world.slots_here("alder") == []
    assert_quiet(world)


def test_a_meeting_of_two_rooms_stays_with_the_room_that_stays(world: World) -> None:
    invite_rooms(world, "Plan", world.at(48), "alder", "birch")
    world.run()
    move(world, GREEN)
    world.run()
    assert [r.sync_code for r in reservations(world, "alder", live=False)] == ["left_behind"]
    [stays] = reservations(world, "birch")
    assert (stays.sync_state, stays.meeting.cancelled_at) == (SyncState.SYNCED, None)
    world.change(stays.id, title="Plan renamed")
    world.run()
    assert [event["subject"] for event in persons_events(world)] == ["Plan renamed"]
    assert_quiet(world)


def test_a_persons_mailbox_is_never_taken_for_a_rooms(world: World) -> None:
    """H55: the row that knows a person's mailbox is not the one that a room is linked through."""
    book_for_ada(world, world.at(48))
    world.run()
    with world.transactions.reading() as session:
        [person] = session.scalars(select(Mailbox.id).where(Mailbox.kind == MailboxKind.PERSON))
    save(world, "birch", world.address("ada"), Agreed())
    assert world.mailbox_id("birch") != person
    asked = len(world.tenant.requests)
    world.run_once("birch")
    assert world.room("birch").sync_code == "address_unlisted"
    assert len(world.tenant.requests) == asked


def test_the_same_mailbox_through_another_connection_is_recognised(world: World) -> None:
    """H55: another app in the same tenant reaches the same calendar; links go along, nothing is made twice."""
    for number in range(2):
        world.book("alder", f"R{number}", world.at(40 + 2 * number))
    invite(world, "alder", "Budget", world.at(60))
    world.run()
    world.tenant.advance(400)
    world.run()
    writes, there = world.writes(), live(world, "alder")
    with world.transactions.writing() as session:
        first = session.get_one(Connection, 1)
        second = {"client_id": "other", "tenant_id": first.tenant_id, "created_at": world.now()}
        session.add(Connection(id=2, name="second", places_listed_at=world.now(), **second))
        session.add(RoomChoice(connection_id=2, address=world.address("alder"), name="Alder", listed_at=world.now()))
    with world.transactions.writing() as session:
        room = session.get_one(Room, world.rooms["alder"])
        draft = rooms.RoomDraft(room.name, room.time_zone, link=rooms.Link(2, world.address("alder"), True))
        rooms.save_room(session, room.id, draft, room.revision, world.now(), Agreed(remove=True))
    world.run()
    assert (world.writes(), live(world, "alder")) == (writes, there)
    assert all(r.sync_code != "left_behind" for r in reservations(world, "alder", live=False))
    with world.transactions.reading() as session:
        assert session.get_one(Mailbox, world.mailbox_id("alder")).connection_id == 2
    assert_quiet(world)
