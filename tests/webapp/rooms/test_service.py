"""Linking, pausing and unlinking: what happens to a room's reservations and its mailbox."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from tests.webapp.rooms.world import NOW, World, at
from webapp.domain.intervals import AllDay
from webapp.domain.words import AttemptKind, AttemptState, HoldKind, RoomState, SyncState
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Attempt, Hold, Mailbox, Meeting, Occurrence, Outbox, Reservation, Room
from webapp.reservations.service import Draft, book, cancel
from webapp.rooms import service
from webapp.rooms.service import Link, RoomDraft

ADDRESS = "Room-Alder@larkfield.example"


@pytest.fixture
def connection_id(world: World) -> int:
    return world.connection()


def draft(link: Link | None = None, **fields: object) -> RoomDraft:
    return RoomDraft(**{"name": "Alder", "time_zone": "Europe/London", "link": link} | fields)


def save(world: World, room_id: int, link: Link | None, **fields: object) -> None:
    with world.rows() as session:
        seen = session.get_one(Room, room_id).revision
        service.save_room(session, room_id, draft(link, **fields), seen, NOW)


def test_an_active_link_makes_the_room_pending_and_asks_for_a_full_run(world: World, connection_id: int) -> None:
    room_id = world.room()
    save(world, room_id, Link(connection_id, ADDRESS, True))
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert room.mailbox is not None
        assert (room.external_address, room.mailbox.address) == (ADDRESS, ADDRESS.lower())
        assert (room.sync_state, room.sync_state_since, room.sync_active) == (RoomState.PENDING, NOW, True)
        assert (room.mailbox.wanted, room.mailbox.full_wanted) == (1, 1)


def test_a_link_that_is_not_active_asks_for_nothing(world: World, connection_id: int) -> None:
    room_id = world.room()
    save(world, room_id, Link(connection_id, ADDRESS, False))
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert room.mailbox is not None
        assert (room.sync_state, room.mailbox.wanted) == (RoomState.OFF, 0)


def test_what_was_booked_before_the_link_is_sent_unless_it_has_ended(world: World, connection_id: int) -> None:
    room_id = world.room()
    ended = world.booking(room_id, at(9, 9.25))
    running = world.booking(room_id, at(9.25, 9.5))
    coming = world.booking(room_id, at(10, 11))
    with world.rows() as session:  # time has gone on since
        service.save_room(session, room_id, draft(Link(connection_id, ADDRESS, True)), 1, NOW + timedelta(minutes=15))
    with world.rows() as session:
        assert set(session.scalars(select(Outbox.reservation_id))) == {coming, running}
        assert session.get_one(Reservation, coming).sync_state is SyncState.WAITING
        assert session.get_one(Reservation, ended).sync_state is SyncState.LOCAL


def test_saving_other_fields_of_a_linked_room_asks_for_no_run(world: World) -> None:
    room_id = world.linked_room("Alder", address=ADDRESS)
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    save(world, room_id, Link(connection_id, ADDRESS.upper(), True), capacity=9)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert (room.capacity, room.sync_state) == (9, RoomState.ACTIVE)
        assert room.mailbox.wanted == 0


NO_ADDRESSES = [
    "alder",
    "alder@",
    "@b.example",
    "a b@c.example",
    "a@b",
    "a@b@c.de",
    "a@b..de",
    "<a@b.de>",
    "x" * 320 + "@a.bc",
]


@pytest.mark.parametrize("typed", NO_ADDRESSES)
def test_what_is_not_an_address_is_refused(world: World, connection_id: int, typed: str) -> None:
    room_id = world.room()
    with pytest.raises(FieldError) as refused:
        save(world, room_id, Link(connection_id, typed, True))
    assert (refused.value.field, refused.value.code) == ("external_address", "address_wrong")


def test_the_address_of_another_room_is_refused_in_any_letter_case_naming_the_room(world: World) -> None:
    world.linked_room("Birch", address="room-birch@larkfield.example")
    room_id, other = world.room(), world.connection("larkfield-labs")
    with pytest.raises(FieldError) as refused:
        save(world, room_id, Link(other, "ROOM-birch@Larkfield.example", True))
    assert (refused.value.code, refused.value.fields["room"]) == ("address_taken", "Birch")


def test_the_address_of_an_archived_room_is_free_again(world: World) -> None:
    archived = world.linked_room("Birch", address=ADDRESS)
    with world.rows() as session:
        mailbox_id, connection_id = session.execute(select(Room.mailbox_id, Room.connection_id)).one()
        service.archive_room(session, archived, NOW)
    room_id = world.room()
    save(world, room_id, Link(connection_id, ADDRESS, True))
    with world.rows() as session:
        assert session.get_one(Room, room_id).mailbox_id == mailbox_id


def test_an_unknown_connection_is_refused_at_its_field(world: World) -> None:
    room_id = world.room()
    with pytest.raises(FieldError) as refused:
        save(world, room_id, Link(99, ADDRESS, True))
    assert (refused.value.field, refused.value.code) == ("connection_id", "connection_missing")


def test_an_unlinked_room_keeps_everything_here_and_sends_nothing_more(world: World) -> None:
    room_id = world.linked_room()
    own, imported = world.booking(room_id), world.imported(room_id)
    with world.rows() as session:
        session.add(Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW))
    save(world, room_id, None)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert (room.mailbox_id, room.connection_id, room.external_address) == (None, None, None)
        assert (room.sync_state, room.sync_active) == (RoomState.OFF, False)
        assert session.get_one(Reservation, own).sync_state is SyncState.LOCAL
        assert session.get_one(Reservation, own).not_followed_since is None
        assert session.get_one(Reservation, imported).not_followed_since == NOW
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        assert session.scalars(select(Hold.closed_at)).all() == [NOW]


def test_a_room_linked_again_to_its_mailbox_finds_it_with_its_links_and_makes_no_double(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS)
    own, imported = world.booking(room_id), world.imported(room_id)
    with world.rows() as session:
        mailbox_id, connection_id = session.execute(select(Room.mailbox_id, Room.connection_id)).one()
        world.link(session, session.get_one(Reservation, own), "own-event")
    save(world, room_id, None)
    save(world, room_id, Link(connection_id, ADDRESS.upper(), True))
    with world.rows() as session:
        assert session.scalar(select(func.count()).select_from(Mailbox)) == 1
        assert session.get_one(Room, room_id).mailbox_id == mailbox_id
        assert session.get_one(Reservation, imported).not_followed_since is None
        assert session.scalars(select(Outbox.reservation_id)).all() == [own]
        assert session.get_one(Mailbox, mailbox_id).full_wanted == 1


def test_a_paused_room_marks_what_came_from_outlook_and_unmarks_it_when_it_goes_on(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS)
    imported = world.imported(room_id)
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    save(world, room_id, Link(connection_id, ADDRESS, False))
    with world.rows() as session:
        assert session.get_one(Room, room_id).sync_state is RoomState.OFF
        assert session.get_one(Reservation, imported).not_followed_since == NOW
    waiting = world.booking(room_id)
    save(world, room_id, Link(connection_id, ADDRESS, True))
    with world.rows() as session:
        assert session.get_one(Room, room_id).sync_state is RoomState.PENDING
        assert session.get_one(Reservation, imported).not_followed_since is None
        assert session.scalars(select(Outbox.reservation_id)).all() == [waiting]


@pytest.mark.parametrize("by_way_of_none", [False, True])
def test_another_mailbox_is_refused_while_reservations_are_in_the_present_one(
    world: World, by_way_of_none: bool
) -> None:
    room_id = world.linked_room(address=ADDRESS)
    world.imported(room_id)
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    if by_way_of_none:
        save(world, room_id, None)
    with pytest.raises(Refused) as refused:
        save(world, room_id, Link(connection_id, "other@larkfield.example", True))
    said = refused.value.fields
    assert (refused.value.code, said["theirs"], said["left"]) == ("another_mailbox", 1, ADDRESS.lower())


def test_another_mailbox_is_refused_while_a_write_to_the_present_one_is_not_settled(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS)
    own = world.booking(room_id)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        connection_id = room.connection_id
        session.add(
            Attempt(
                mailbox_id=room.mailbox_id,
                reservation_id=own,
                kind=AttemptKind.CREATE,
                state=AttemptState.OPEN,
                fence=1,
                revision=1,
                started_at=NOW,
            )
        )
    with pytest.raises(Refused):
        save(world, room_id, Link(connection_id, "other@larkfield.example", True))


def test_a_mistyped_address_is_corrected_and_what_waited_goes_to_the_right_calendar(world: World) -> None:
    room_id = world.linked_room(state=RoomState.ERROR, address="typo@larkfield.example")
    own = world.booking(room_id)
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    save(world, room_id, Link(connection_id, ADDRESS, True))
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        assert session.execute(select(Outbox.reservation_id, Outbox.mailbox_id)).all() == [(own, mailbox_id)]
        assert session.get_one(Mailbox, mailbox_id).address == ADDRESS.lower()


def test_reservations_that_have_ended_do_not_tie_a_room_to_its_mailbox(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS)
    world.imported(room_id, at(6, 7))
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    save(world, room_id, Link(connection_id, "other@larkfield.example", True))
    with world.rows() as session:
        assert session.get_one(Room, room_id).external_address == "other@larkfield.example"


def test_a_cancel_that_waits_is_dropped_with_the_link(world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    with world.rows() as session:
        cancel(session, own, 1, "Ines", NOW)
    save(world, room_id, None)
    with world.rows() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        assert session.get_one(Reservation, own).cancelled_at == NOW


def test_a_stale_save_is_refused_with_what_is_saved(world: World) -> None:
    room_id = world.room()
    save(world, room_id, None, capacity=14)
    with pytest.raises(StaleRevision) as stale, world.rows() as session:
        service.save_room(session, room_id, draft(capacity=12), 1, NOW)
    assert stale.value.fields["saved"].capacity == 14
    assert service.differences(stale.value.fields["saved"], draft(capacity=12)) == [("capacity", 14, 12)]


def test_an_archived_room_is_unlinked_refuses_bookings_and_can_come_back(world: World) -> None:
    room_id = world.linked_room()
    with world.rows() as session:
        service.archive_room(session, room_id, NOW)
    with world.rows() as session:
        assert session.get_one(Room, room_id).mailbox_id is None
        with pytest.raises(Refused):
            book(session, Draft(room_id=room_id, title="Late", span=at(15, 16)), "Ines", NOW)
        with pytest.raises(Refused):
            service.save_room(session, room_id, draft(), 2, NOW)
    with world.rows() as session:
        service.restore_room(session, room_id)
    with world.rows() as session:
        book(session, Draft(room_id=room_id, title="Late", span=at(15, 16)), "Ines", NOW)


def test_a_person_can_confirm_an_address_that_places_does_not_list(world: World) -> None:
    room_id = world.linked_room(state=RoomState.PENDING, sync_code="address_unlisted")
    with world.rows() as session:
        session.get_one(Room, room_id).mailbox.not_before = NOW + timedelta(minutes=10)  # until Places is asked again
    with world.rows() as session:
        service.confirm_address(session, room_id, NOW)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert (room.address_confirmed, room.sync_code, room.mailbox.full_wanted) == (True, None, 1)
        assert room.mailbox.not_before is None


def test_another_address_must_be_confirmed_anew(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS, address_confirmed=True)
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
    save(world, room_id, Link(connection_id, "other@larkfield.example", True))
    with world.rows() as session:
        assert session.get_one(Room, room_id).address_confirmed is False


def test_trying_again_does_not_wait_for_the_back_off(world: World) -> None:
    room_id = world.linked_room(state=RoomState.ERROR, sync_code="unavailable")
    with world.rows() as session:
        session.get_one(Room, room_id).mailbox.not_before = NOW + timedelta(hours=1)
    with world.rows() as session:
        service.try_again(session, room_id, NOW)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert (room.sync_state, room.mailbox.not_before, room.mailbox.full_wanted) == (RoomState.PENDING, None, 1)


def test_all_day_dates_keep_their_days_when_the_room_gets_another_zone(world: World) -> None:
    room_id = world.linked_room(address=ADDRESS)
    own = world.booking(room_id, AllDay(date(2026, 11, 25), date(2026, 11, 26)))
    world.booking(room_id, at(10, 11))
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
        session.execute(Outbox.__table__.delete())
    save(world, room_id, Link(connection_id, ADDRESS, True), time_zone="America/New_York")
    with world.rows() as session:
        rows = session.execute(select(Occurrence.starts_at, Occurrence.ends_at).order_by(Occurrence.starts_at)).all()
        midnight = NOW.replace(hour=5)
        assert rows[0] == (NOW.replace(hour=10), NOW.replace(hour=11))
        assert rows[1] == (midnight + timedelta(days=2), midnight + timedelta(days=3))
        assert session.scalars(select(Outbox.reservation_id)).all() == [own]
        assert session.get_one(Reservation, own).meeting.revision == 2


def test_an_unknown_room_or_zone_is_refused(world: World) -> None:
    room_id = world.room()
    with world.rows() as session:
        with pytest.raises(NotFound):
            service.archive_room(session, 99, NOW)
        with pytest.raises(FieldError):
            service.save_room(session, room_id, draft(time_zone="Mars/Olympus"), 1, NOW)
        with pytest.raises(FieldError):
            service.create_room(session, draft(name="  "), NOW)
        assert session.scalar(select(func.count()).select_from(Meeting)) == 0
