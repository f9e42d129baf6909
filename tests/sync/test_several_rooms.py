"""One meeting in several rooms, and one mailbox behind several names (H53-H55, H57)."""

from __future__ import annotations

import pytest

from tests.sync.checks import assert_quiet, assert_same, invite, put, reservations
from tests.sync.oracle import live_there
from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.words import Home, RoomState
from webapp.errors import Refused
from webapp.models import Connection, Link, Mailbox, Meeting, Reservation, Room, RoomChoice


def two_rooms(world: World) -> None:
    world.begin_with("alder", "birch")


def invite_both(world: World, title: str = "Town hall", **more: object) -> object:
    span = world.at(10)
    rooms = [world.address("alder"), world.address("birch")]
    return world.tenant.as_person(world.address("ada")).book(title, span.start, span.end, rooms=rooms, **more)


def meetings(world: World) -> int:
    return world.count(Meeting)


def test_a_meeting_in_two_rooms_is_one_meeting_with_two_reservations(world: World) -> None:
    two_rooms(world)
    invite_both(world)
    world.run()
    assert (meetings(world), world.count(Reservation)) == (1, 2)
    assert_same(world, "alder")
    assert_same(world, "birch")
    assert_quiet(world)


@pytest.mark.parametrize("moment", range(12))
def test_two_rooms_pulled_at_once_find_one_meeting(world: World, moment: int) -> None:
    """The second room's run happens inside the first one's, at every one of its requests."""
    two_rooms(world)
    invite_both(world)
    world.tenant.settle()
    other, count = world.new_worker("worker-2"), iter(range(1000))

    def meanwhile(_phase: str, info: RequestInfo) -> None:
        if info.mailbox == world.address("alder") and next(count) == moment:
            world.want("birch")
            other.run(world.mailbox_id("birch"))

    world.tenant.on_request(meanwhile)
    world.run_once("alder")
    world.run()
    assert (meetings(world), world.count(Reservation)) == (1, 2)
    assert_quiet(world)


def test_a_room_taken_off_a_meeting_frees_this_room_alone(world: World) -> None:
    """H53."""
    two_rooms(world)
    event = invite_both(world)
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, rooms=[world.address("birch")])
    world.run()
    assert world.slots_here("alder") == [] and len(world.slots_here("birch")) == 1
    [left] = reservations(world, "birch")
    assert left.meeting.cancelled_at is None
    assert_quiet(world)


@pytest.mark.parametrize("first", ["alder", "birch"])
def test_a_meeting_that_moves_from_room_to_room_ends_in_one(world: World, first: str) -> None:
    """H53: the two rooms are read in either order."""
    two_rooms(world)
    event = invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.tenant.as_person(world.address("ada")).change(event, rooms=[world.address("birch")])
    world.tenant.settle()
    for name in (first, "birch" if first == "alder" else "alder"):
        world.run_once(name)
    world.run()
    assert world.slots_here("alder") == [] and len(world.slots_here("birch")) == 1
    assert meetings(world) == 1
    assert_quiet(world)


def test_a_room_that_says_no_does_not_block_and_the_other_does(world: World) -> None:
    two_rooms(world)
    world.tenant.set_policy(world.address("alder"), booking_window_in_days=0)
    invite_both(world)
    world.run()
    assert world.slots_here("alder") == [] and len(world.slots_here("birch")) == 1
    assert_quiet(world)


def test_a_meeting_that_is_called_off_frees_every_room(world: World) -> None:
    two_rooms(world)
    event = invite_both(world)
    world.run()
    world.tenant.as_person(world.address("ada")).cancel(event)
    world.run()
    assert world.slots_here("alder") == world.slots_here("birch") == []
    assert_quiet(world)


def test_a_room_that_accepts_anew_after_its_cancel_is_booked_again(world: World) -> None:
    """Section 7: a tombstone never stops a foreign meeting that the room accepted anew."""
    two_rooms(world)
    event = invite(world, "alder", "Budget", world.at(10))
    world.run()
    ada = world.tenant.as_person(world.address("ada"))
    ada.change(event, rooms=[world.address("birch")])
    world.run()
    world.tenant.advance(300)
    ada.change(event, rooms=[world.address("alder")])
    world.run()
    assert len(world.slots_here("alder")) == 1 and world.slots_here("birch") == []
    assert meetings(world) == 1
    assert_quiet(world)


def invited_by_a_room(world: World) -> tuple[Reservation, Reservation]:
    """A delegate books in alder's own calendar and invites birch as a second room."""
    two_rooms(world)
    put(world, "alder", "Both rooms", world.at(10), rooms=[world.address("birch")])
    world.run()
    [organizing], [invited] = reservations(world, "alder"), reservations(world, "birch")
    assert organizing.meeting_id == invited.meeting_id
    return organizing, invited


def test_the_copy_of_a_meeting_that_another_room_organizes_is_never_written(world: World) -> None:
    """H57: attendee copies are read-only, whoever organizes."""
    _organizing, invited = invited_by_a_room(world)
    with pytest.raises(Refused, match="organized_by_room"):
        world.change(invited.id, title="Changed through the copy", span=world.at(15))
    with pytest.raises(Refused, match="organized_by_room"):
        world.cancel(invited.id)
    world.run()
    assert world.writes() == 0
    assert_quiet(world)


def test_a_change_of_the_organizing_room_reaches_both_rooms_by_one_write(world: World) -> None:
    organizing, _invited = invited_by_a_room(world)
    world.change(organizing.id, title="Renamed", span=world.at(15))
    world.run()
    world.run()
    assert [r.mailbox for r in world.tenant.requests if r.had_effect] == [world.address("alder")]
    for name in ("alder", "birch"):
        assert_same(world, name)
        assert [e["start"] for e in live_there(world, name)] == [world.at(15).start]
    assert_quiet(world)


def test_an_invited_rooms_copy_that_lags_does_not_undo_a_change_made_here(world: World) -> None:
    """I2: alder's new time waits to be sent while birch's copy is read again."""
    organizing, _invited = invited_by_a_room(world)
    world.change(organizing.id, title="Renamed", span=world.at(15))
    world.tenant.as_delegate(world.address("birch")).answer(
        world.tenant.booked(world.address("alder"), live_there(world, "alder")[0]["immutable_id"]),
        "tentativelyAccepted",
    )
    world.run_once("birch")
    world.run()
    assert [(e["subject"], e["start"]) for e in live_there(world, "alder")] == [("Renamed", world.at(15).start)]
    assert world.titles_here("alder") == ["Renamed"]
    for name in ("alder", "birch"):
        assert_same(world, name)
    assert_quiet(world)


def test_a_cancel_of_the_organizing_room_frees_both(world: World) -> None:
    organizing, _invited = invited_by_a_room(world)
    world.cancel(organizing.id)
    world.run()
    world.run()
    assert world.slots_here("alder") == []
    assert_same(world, "birch")
    assert {r.mailbox for r in world.tenant.requests if r.had_effect} <= {world.address("alder")}


# -- which mailbox is which (H55)


def link_as(world: World, name: str, address: str, connection_id: int = 1) -> None:
    """A second room here that points at an address which Places lists."""
    with world.transactions.writing() as session:
        session.add(
            RoomChoice(connection_id=connection_id, address=address, name=name.title(), listed_at=world.now())
        )
        row = Room(name=name.title(), time_zone="Europe/Berlin", created_at=world.now(), sync_fields={})
        session.add(row)
        session.flush()
        world.rooms[name] = row.id
    original = world.address
    world.address = lambda asked: address if asked == name else original(asked)  # type: ignore[method-assign]
    world.link(name)
    with world.transactions.writing() as session:
        room = session.get_one(Room, world.rooms[name])
        room.connection_id = connection_id
        session.get_one(Mailbox, room.mailbox_id).connection_id = connection_id


def check_refused(world: World, name: str) -> None:
    room = world.room(name)
    assert (room.sync_state, room.sync_code) == (RoomState.ERROR, "same_calendar")
    assert room.sync_fields["room"] == "Alder"
    assert reservations(world, name) == []
    with world.transactions.reading() as session:
        assert {link.mailbox_id for link in session.query(Link)} == {world.mailbox_id("alder")}


def run_all(world: World) -> None:
    for _ in range(3):
        for name in world.rooms:
            world.want(name)
            world.worker.run(world.mailbox_id(name))
        world.tenant.advance(700)


def test_an_alias_of_a_linked_room_is_refused_and_nothing_is_imported(world: World) -> None:
    """H55."""
    world.add_room("alder")
    put(world, "alder", "Review", world.at(10))
    world.run()
    world.tenant.alias(f"old-alder@{world.tenant.domain}", world.address("alder"))
    link_as(world, "twin", f"old-alder@{world.tenant.domain}")
    run_all(world)
    check_refused(world, "twin")
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert world.titles_here("alder") == ["Review"]


def test_the_same_mailbox_behind_another_connection_is_refused(world: World) -> None:
    """H55."""
    world.add_room("alder")
    put(world, "alder", "Review", world.at(10))
    world.run()
    with world.transactions.writing() as session:
        session.add(
            Connection(
                id=2,
                name="again",
                client_id=world.app.client_id,
                tenant_id=world.tenant.tenant_id,
                created_at=world.now(),
                places_listed_at=world.now(),
            )
        )
    link_as(world, "twin", world.address("alder").upper(), connection_id=2)
    run_all(world)
    check_refused(world, "twin")


def test_a_person_is_never_imported_by_a_slip_of_the_pen(world: World) -> None:
    """3.3: an address that Places does not list waits for somebody's word, and nothing is read."""
    world.add_room("alder")
    world.run()
    span = world.at(10)
    world.tenant.as_person(world.address("bob")).book("Doctor", span.start, span.end)
    link_as(world, "bob", world.address("bob"))
    with world.transactions.writing() as session:
        session.query(RoomChoice).filter(RoomChoice.address == world.address("bob")).delete()
    asked = len(world.tenant.requests)
    run_all(world)
    assert [r for r in world.tenant.requests[asked:] if r.mailbox == world.address("bob")] == []
    assert (world.room("bob").sync_state, world.room("bob").sync_code) == (RoomState.PENDING, "address_unlisted")


def test_home_follows_who_organizes(world: World) -> None:
    """H54: one authority a meeting."""
    organizing, invited = invited_by_a_room(world)
    assert organizing.meeting.home is invited.meeting.home is Home.RESOURCE
