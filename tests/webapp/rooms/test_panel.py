"""The panel of a room: each form with and without htmx, what it refuses, and its status that moves and rests."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import NOW, World, squeezed, text_of
from webapp.domain.words import LinkRole, LinkState, RoomState
from webapp.enqueue import LIST_PLACES, SYNC_MAILBOXES
from webapp.filters import instant
from webapp.models import Connection, LeftMailbox, Link, Mailbox, Outbox, Reservation, Room

FIELDS = {"name": "Alder", "time_zone": "Europe/London", "calendar_type": "none", "revision": "1"}


def linked(connection_id: int, address: str = "alder@larkfield.example", **more: str) -> dict[str, Any]:
    return (
        FIELDS
        | {
            "calendar_type": "office365",
            "connection_id": str(connection_id),
            "external_address": address,
            "sync_active": "y",
        }
        | more
    )


def test_the_panel_has_the_labels_of_the_guide(world: World) -> None:
    room_id = world.linked_room()
    shown = text_of(world.get(f"/rooms/{room_id}"))
    for label in (
        "Type of Calendar to Sync", "Microsoft Connection to Use", "External Calendar",
        "External Calendar Sync is Active", "SAVE CHANGES", "Manage Rooms", "Sync Status", "Office 365",
    ):  # fmt: skip
        assert label in shown


def test_a_new_room_starts_in_the_zone_of_most_rooms_with_the_only_connection(world: World) -> None:
    assert "data-own-zone" in world.get("/rooms/new").text, "the browser's own zone, while there is no room"
    for number, zone in enumerate(("Europe/Paris", "Europe/Paris", "Asia/Tokyo")):
        world.room(f"Room {number}", time_zone=zone)
    connection_id = world.connection()
    new = world.get("/rooms/new").text
    assert '<option selected value="Europe/Paris">' in new
    assert f'<option selected value="{connection_id}">' in new
    assert "data-own-zone" not in new
    world.connection("another")
    assert '<option selected value="">Choose a connection' in world.get("/rooms/new").text


@pytest.mark.parametrize("htmx", [False, True])
def test_a_room_is_added_and_its_panel_opens(world: World, htmx: bool) -> None:
    world.get("/rooms/new")
    answer = world.post("/rooms/new", FIELDS | {"capacity": "8", "building": " Quay House "}, htmx=htmx)
    with world.rows() as session:
        room = session.scalars(select(Room)).one()
        assert (room.name, room.capacity, room.building, room.sync_state) == ("Alder", 8, "Quay House", RoomState.OFF)
    if htmx:
        assert answer.status_code == 200
        assert answer.headers["HX-Push-Url"] == f"/rooms/{room.id}"
        assert "Alder is added." in text_of(answer)
        assert "<!doctype" not in answer.text
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/rooms/{room.id}")
        assert "Alder is added." in text_of(world.get(f"/rooms/{room.id}"))
    assert world.jobs() == []


@pytest.mark.parametrize("htmx", [False, True])
def test_a_room_is_linked_and_the_bell_rings_for_its_mailbox_after_the_commit(world: World, htmx: bool) -> None:
    connection_id, room_id = world.connection(), world.room()
    seen: list[RoomState] = []

    def look() -> None:
        with world.data.reading() as session:
            seen.append(session.get_one(Room, room_id).sync_state)

    world.bell.on_ring = look
    world.get(f"/rooms/{room_id}")
    answer = world.post(f"/rooms/{room_id}", linked(connection_id), htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
    assert world.jobs() == [(SYNC_MAILBOXES, ([mailbox_id],))]
    assert seen == [RoomState.PENDING]
    if htmx:
        assert "Pending: first sync is running" in text_of(answer)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "  "}, "The room needs a name."),
        ({"name": "x" * 201}, "more than 200 characters"),
        ({"capacity": "many"}, "Capacity is a whole number from 0 to 100,000, or empty."),
        ({"capacity": "-1"}, "Capacity is a whole number"),
        ({"capacity": "٣"}, "Capacity is a whole number"),
        ({"time_zone": ""}, "Choose the time zone the room stands in."),
        ({"time_zone": "../etc/passwd"}, "Choose the time zone the room stands in."),
        ({"connection_id": ""}, "Choose the Microsoft connection"),
        ({"connection_id": "99"}, "Choose the Microsoft connection"),
        ({"external_address": ""}, "Choose a room of the tenant, or type the address"),
        ({"external_address": "not an address"}, "This is not an address."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    world: World, htmx: bool, changed: dict[str, str], words: str
) -> None:
    connection_id, room_id = world.connection(), world.room("Birch")
    world.get(f"/rooms/{room_id}")
    answer = world.post(f"/rooms/{room_id}", linked(connection_id, building="Typed") | changed, htmx=htmx)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Not saved: 1 field needs a change" in text_of(answer)
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Typed"' in answer.text
    assert ("<!doctype" in answer.text) is not htmx
    with world.rows() as session:
        assert session.get_one(Room, room_id).name == "Birch"


def test_the_calendar_of_another_room_is_refused_naming_and_linking_it(world: World) -> None:
    birch = world.linked_room("Birch", address="room-birch@larkfield.example")
    room_id = world.room()
    with world.rows() as session:
        connection_id = session.get_one(Room, birch).connection_id
    world.get(f"/rooms/{room_id}")
    answer = world.post(f"/rooms/{room_id}", linked(connection_id, "ROOM-BIRCH@larkfield.example"), htmx=True)
    assert answer.status_code == 422
    assert "Birch already uses this calendar. One external calendar belongs to one room." in text_of(answer)
    assert f'<a href="/rooms/{birch}">' in answer.text


def test_two_tabs_the_second_save_shows_both_versions_and_can_be_kept(world: World) -> None:
    room_id = world.room(capacity=10)
    world.get(f"/rooms/{room_id}")
    world.post(f"/rooms/{room_id}", FIELDS | {"capacity": "14"})
    second = world.post(f"/rooms/{room_id}", FIELDS | {"capacity": "12"}, htmx=True)
    assert second.status_code == 409
    assert "Not saved: someone else changed this room" in text_of(second)
    assert "Capacity: theirs 14 , yours 12" in text_of(second)
    assert 'name="revision" type="hidden" value="2"' in second.text
    kept = world.post(f"/rooms/{room_id}", FIELDS | {"capacity": "12", "revision": "2"})
    assert kept.status_code == 303
    with world.rows() as session:
        assert session.get_one(Room, room_id).capacity == 12


@pytest.mark.parametrize("htmx", [False, True])
def test_another_mailbox_is_asked_about_with_counts_and_then_linked(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    world.imported(room_id)
    world.booking(room_id)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        connection_id, left = room.connection_id, room.mailbox_id
    world.get(f"/rooms/{room_id}")
    typed = linked(connection_id, "o'neill@larkfield.example", capacity="9")
    question = world.post(f"/rooms/{room_id}", typed, htmx=htmx)
    assert question.status_code == 409
    said = text_of(question)
    assert "1 reservation made here is created in the new calendar" in said
    assert "1 reservation from Outlook is closed here as left behind in alder@larkfield.example" in said
    with world.rows() as session:
        assert session.get_one(Room, room_id).external_address == "alder@larkfield.example"
    sent = hidden_fields(question.text) | {"remove_left": "y"}
    assert (sent["agreed"], sent["external_address"], sent["capacity"]) == (
        "another_mailbox",
        "o'neill@larkfield.example",
        "9",
    )
    answer = world.post(f"/rooms/{room_id}", sent, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        assert (room.external_address, room.capacity, room.sync_active) == ("o'neill@larkfield.example", 9, True)
        assert room.mailbox_id != left
        assert [row.mailbox_id for row in session.scalars(select(LeftMailbox))] == [left]
        assert session.scalars(select(Outbox.mailbox_id)).all() == [room.mailbox_id]


def hidden_fields(page: str) -> dict[str, str]:
    """What the form that asks once more sends by itself."""
    form = page.split('id="leave-form"')[1].split("</form>")[0]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in pairs if name != "csrf_token"}


@pytest.fixture
def in_question(world: World) -> int:
    """A room at whose address another calendar answers."""
    room_id = world.linked_room(state=RoomState.ERROR, sync_code="calendar_changed", sync_fields={"address": "a@b.c"})
    world.imported(room_id)
    with world.rows() as session:
        mailbox = session.get_one(Mailbox, session.get_one(Room, room_id).mailbox_id)
        mailbox.tenant_guid, mailbox.calendar_key, mailbox.calendar_seen = "t", "before", "after"
    return room_id


@pytest.mark.parametrize("htmx", [False, True])
def test_another_calendar_at_the_address_can_be_said_to_be_the_same_room(
    world: World, in_question: int, htmx: bool
) -> None:
    shown = world.get(f"/rooms/{in_question}")
    assert "Another calendar answers at a@b.c" in text_of(shown)
    assert "It is the same room" in text_of(shown) and "Try again" not in text_of(shown)
    answer = world.post(f"/rooms/{in_question}/same-room", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with world.rows() as session:
        room = session.get_one(Room, in_question)
        assert room.mailbox is not None
        assert (room.mailbox.calendar_key, room.mailbox.calendar_seen) == ("after", "after")
        assert (room.sync_state, room.mailbox.full_wanted) == (RoomState.PENDING, 1)
    again = world.post(f"/rooms/{in_question}/same-room", htmx=htmx)
    assert again.status_code == 409
    assert "There is nothing to decide any more" in text_of(again)


@pytest.mark.parametrize("htmx", [False, True])
def test_another_calendar_at_the_address_can_be_said_to_be_another_mailbox(
    world: World, in_question: int, htmx: bool
) -> None:
    question = world.get(f"/rooms/{in_question}/another-mailbox", htmx=htmx)
    assert "1 reservation from Outlook is closed here" in text_of(question)
    assert 'name="remove_left"' not in question.text
    answer = world.post(f"/rooms/{in_question}/another-mailbox", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with world.rows() as session:
        room = session.get_one(Room, in_question)
        assert room.mailbox is not None
        assert (room.mailbox.calendar_key, room.mailbox.tenant_guid) == ("after", "t")
        assert session.scalars(select(Reservation.not_followed_since)).all() == [NOW]
    assert world.get(f"/rooms/{in_question}/another-mailbox", htmx=htmx).status_code == 409


def test_the_panel_tells_silent_differences_and_what_was_set_aside(world: World) -> None:
    room_id = world.linked_room(drift_count=0, drift_at=NOW - timedelta(hours=3))
    other = world.linked_room("Birch", drift_count=2, drift_at=NOW)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        for number, reason in enumerate(("iCalUId", "Refused", "KeyError", "end", "end", "end")):
            session.add(
                Link(
                    mailbox_id=mailbox_id,
                    event_id=f"e{number}",
                    role=LinkRole.COPY,
                    state=LinkState.QUARANTINED,
                    reason=reason,
                    created_at=NOW,
                )
            )
    said = text_of(world.get(f"/rooms/{room_id}"))
    assert "0 silent differences" in said and "6 events are set aside" in said
    assert "Its “end” makes no sense." in said and "Microsoft refuses to show it." in said and "and 1 more" in said
    assert "2 silent differences, repaired" in text_of(world.get(f"/rooms/{other}"))
    assert "Not compared yet" in text_of(world.get(f"/rooms/{world.linked_room('Cedar')}"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "Removing what was written in old@larkfield.example 3 events removed so far"),
        ({"finished_at": NOW, "kept": 1}, "1 event stays there, as guests were invited"),
        (
            {"finished_at": NOW, "code": "MailboxMissing"},
            "Not everything could be removed from old@larkfield.example",
        ),
    ],
)
def test_the_panel_tells_what_becomes_of_a_mailbox_that_was_left(
    world: World, row: dict[str, Any], said: str
) -> None:
    room_id = world.linked_room()
    with world.rows() as session:
        connection_id = session.get_one(Room, room_id).connection_id
        assert connection_id is not None
        old = Mailbox(connection_id=connection_id, address="old@larkfield.example")
        session.add(old)
        session.flush()
        session.add(LeftMailbox(**{"mailbox_id": old.id, "room_id": room_id, "asked_at": NOW, "removed": 3} | row))
    assert said in text_of(world.get(f"/rooms/{room_id}"))


@pytest.mark.parametrize("htmx", [False, True])
def test_archiving_asks_first_and_names_what_has_not_ended(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    world.booking(room_id)
    world.imported(room_id)
    question = world.get(f"/rooms/{room_id}/archive", htmx=htmx)
    assert "2 reservations have not ended" in text_of(question)
    answer = world.post(f"/rooms/{room_id}/archive", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert "This room is archived" in text_of(world.get(f"/rooms/{room_id}"))
    assert world.post(f"/rooms/{room_id}/restore", htmx=htmx).status_code == (200 if htmx else 303)
    assert "Off: not linked" in text_of(world.get(f"/rooms/{room_id}"))


@pytest.mark.parametrize("htmx", [False, True])
def test_an_address_outside_of_places_waits_for_a_person_and_rests_until_then(world: World, htmx: bool) -> None:
    room_id = world.linked_room(state=RoomState.PENDING, sync_code="address_unlisted")
    page = world.get(f"/rooms/{room_id}")
    assert "Microsoft does not list this address as a room" in text_of(page)
    assert "alder@larkfield.example is a room" in text_of(page)
    assert "every 2s" not in page.text
    answer = world.post(f"/rooms/{room_id}/confirm-address", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert len(world.jobs()) == 1
    assert "every 2s" in world.get(f"/rooms/{room_id}").text


@pytest.mark.parametrize("htmx", [False, True])
def test_a_room_in_error_says_why_what_to_do_and_what_waits_and_can_be_tried_again(world: World, htmx: bool) -> None:
    room_id = world.linked_room(
        state=RoomState.ERROR, sync_code="same_calendar", sync_fields={"room": "Birch", "connection": "labs"}
    )
    world.booking(room_id)
    page = text_of(world.get(f"/rooms/{room_id}"))
    assert "Error: This is the calendar of another room" in page
    assert "Birch (connection labs ) already follows this calendar" in page
    assert "Do this: Unlink that room first" in page
    assert "1 change waits , nothing is lost." in page
    answer = world.post(f"/rooms/{room_id}/try-again", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert "Pending: first sync is running" in text_of(world.get(f"/rooms/{room_id}"))


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        (RoomState.OFF, False),
        (RoomState.PENDING, True),
        (RoomState.ACTIVE, False),
        (RoomState.ERROR, False),
        (RoomState.HELD, False),
    ],
)
@pytest.mark.parametrize("part", ["", "?part=cell"])
def test_the_status_asks_again_only_while_it_moves(world: World, state: RoomState, moves: bool, part: str) -> None:
    room_id = world.linked_room(state=state, last_synced_at=NOW)
    fragment = world.get(f"/rooms/{room_id}/status{part}", htmx=True)
    assert ("every 2s" in fragment.text) is moves
    assert squeezed(fragment.text) in text_of(world.get(f"/rooms/{room_id}"))


def test_an_active_room_with_something_wanted_moves_until_it_is_done(world: World) -> None:
    room_id = world.linked_room()
    world.booking(room_id)
    assert "every 2s" in world.get(f"/rooms/{room_id}/status", htmx=True).text
    with world.rows() as session:
        mailbox = session.get_one(Room, room_id).mailbox
        mailbox.done = mailbox.wanted
    assert "every 2s" not in world.get(f"/rooms/{room_id}/status", htmx=True).text


def test_a_pending_room_says_how_far_it_is(world: World) -> None:
    room_id = world.linked_room(state=RoomState.PENDING, progress_done=120, progress_total=200)
    assert "120 of about 200 events" in text_of(world.get(f"/rooms/{room_id}/status?part=cell"))
    assert "120 of about 200 events read. The room turns Active by itself." in text_of(
        world.get(f"/rooms/{room_id}/status")
    )


def test_with_sync_switched_off_nothing_moves_and_the_page_says_why(world: World) -> None:
    room_id = world.linked_room(state=RoomState.PENDING)
    world.sync_on(False)
    fragment = world.get(f"/rooms/{room_id}/status", htmx=True)
    assert "External Calendar Sync is off" in text_of(fragment)
    assert "every 2s" not in fragment.text


@pytest.mark.parametrize("part", ["", "?part=cell"])
def test_a_poll_of_the_status_costs_at_most_three_queries(world: World, count_queries: Any, part: str) -> None:
    room_id = world.linked_room(state=RoomState.PENDING)
    with count_queries() as seen:
        world.get(f"/rooms/{room_id}/status{part}", htmx=True)
    assert len(seen) <= 3, seen


def test_the_tenants_rooms_are_offered_but_for_those_in_use(world: World) -> None:
    connection_id = world.connection()
    world.choice(connection_id, "room-a@larkfield.example", "Room A")
    world.choice(connection_id, "room-b@larkfield.example", "Room B")
    world.linked_room("Alder", address="Room-A@larkfield.example")
    world.choice(world.connection("labs"), "lab@larkfield.example", "Lab")
    offered = world.get(f"/rooms/places?connection_id={connection_id}&external_address=room", htmx=True).text
    assert 'value="room-b@larkfield.example"' in offered
    assert "room-a@" not in offered
    assert "lab@" not in offered
    assert "<option" not in world.get("/rooms/places?connection_id=x&external_address=room", htmx=True).text


@pytest.mark.parametrize("htmx", [False, True])
def test_listing_again_asks_a_worker_and_polls_until_the_list_is_there(world: World, htmx: bool) -> None:
    connection_id, room_id = world.connection(), world.room()
    world.get(f"/rooms/{room_id}")
    answer = world.post("/rooms/places", {"connection_id": str(connection_id), "room_id": str(room_id)}, htmx=htmx)
    assert world.jobs() == [(LIST_PLACES, (connection_id,))]
    if not htmx:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/rooms/{room_id}")
    asked = world.get(f"/rooms/places?connection_id={connection_id}", htmx=True)
    assert "Listing the tenant’s rooms." in text_of(asked)
    assert "every 2s" in asked.text
    with world.rows() as session:
        connection = session.get_one(Connection, connection_id)
        connection.places_done, connection.places_listed_at = connection.places_wanted, NOW
    assert "every 2s" not in world.get(f"/rooms/places?connection_id={connection_id}", htmx=True).text


@pytest.mark.parametrize("path", ["/rooms/99", "/rooms/99/status", "/rooms/99/archive"])
def test_a_room_that_does_not_exist_is_not_found(world: World, path: str) -> None:
    assert world.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/rooms/99", "/rooms/99/archive", "/rooms/99/restore", "/rooms/99/try-again"])
def test_nothing_is_done_to_a_room_that_does_not_exist(world: World, path: str) -> None:
    world.get("/rooms/new")
    assert world.post(path, FIELDS).status_code == 404


def test_a_form_without_the_token_of_the_session_is_refused(world: World) -> None:
    room_id = world.room()
    assert world.admin.client.post(f"/rooms/{room_id}", data=FIELDS | {"name": "Changed"}).status_code == 400
    with world.rows() as session:
        assert session.get_one(Room, room_id).name == "Alder"


def test_a_quiet_room_says_when_outlook_was_last_asked_and_not_when_it_last_changed(world: World) -> None:
    room_id = world.linked_room(state=RoomState.ACTIVE, last_synced_at=NOW)
    polled_at = NOW + timedelta(days=3)
    with world.rows() as session:
        session.get_one(Room, room_id).mailbox.last_polled_at = polled_at
    assert f"last looked at {instant(polled_at)}" in text_of(world.get(f"/rooms/{room_id}/status"))
    assert instant(polled_at) in text_of(world.get(f"/rooms/{room_id}/status?part=cell"))
