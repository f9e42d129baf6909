"""What the form offers: in whose calendar a reservation is made, another room, and an owner that may be fixed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import World, at, text_of
from webapp.domain.words import Home, MeetingKind, Reach, SyncState
from webapp.models import Mailbox, Meeting, Outbox, Person, Reservation, Room

FORM = {"title": "Works committee", "day": "2026-11-24", "start": "10:00", "end": "11:00", "revision": "1"}
OWNER = {"owner_name": "Hanne Vik", "owner_email": "hanne@larkfield.example"}
TOMASZ = {"owner_name": "Tomasz Brandt", "owner_email": "tomasz@larkfield.example"}


def book(world: World, fields: dict[str, Any], *, htmx: bool = False) -> Any:
    world.get("/reservations/new")
    return world.post("/reservations/new", FORM | fields, htmx=htmx)


def change(world: World, reservation_id: int, fields: dict[str, Any], *, htmx: bool = False) -> Any:
    world.get(f"/reservations/{reservation_id}/edit")
    with world.rows() as session:
        revision = session.get_one(Reservation, reservation_id).meeting.revision
    return world.post(f"/reservations/{reservation_id}/edit", FORM | {"revision": revision} | fields, htmx=htmx)


def test_the_owners_calendar_is_offered_where_it_applies(world: World) -> None:
    room_id = world.linked_room()
    world.modes(delegation=True, create=True)
    form = world.get(f"/reservations/new?room={room_id}").text
    assert "The owner’s calendar, with the room invited" in form
    assert form.count('name="in_owner_calendar"') == 2


def test_where_it_does_not_apply_the_reason_stands_in_its_place(world: World) -> None:
    linked, local = world.linked_room("Alder"), world.room("Maple")
    shown = world.get(f"/reservations/new?room={linked}")
    assert "An administrator ticks Enable User Calendar Delegation and Create User Calendar" in text_of(shown)
    assert 'name="in_owner_calendar"' not in shown.text
    world.modes(delegation=True, create=True)
    shown = world.get(f"/reservations/new?room={local}")
    assert "Maple is not synced with Outlook now, so nobody’s meeting can invite it." in text_of(shown)
    part = world.get(f"/reservations/create-in?room_id={linked}", htmx=True).text
    assert 'id="create-in"' in part
    assert 'name="in_owner_calendar"' in part
    assert "<!doctype" not in part


@pytest.mark.parametrize("htmx", [False, True])
def test_a_reservation_is_made_in_its_owners_calendar(world: World, htmx: bool) -> None:
    world.modes(delegation=True, create=True)
    room_id = world.linked_room()
    answer = book(world, {"room_id": room_id, "in_owner_calendar": "y"} | OWNER, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with world.rows() as session:
        meeting = session.scalars(select(Meeting)).one()
        assert (meeting.home, meeting.organizer.email) == (Home.USER, OWNER["owner_email"])
        own = meeting.reservations[0].id
    assert "Not in the calendar of Hanne Vik yet" in text_of(world.get(f"/reservations/{own}"))


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("prepare", "fields", "field", "words"),
    [
        ("off", OWNER, "in_owner_calendar", "A reservation cannot be made in its owner’s calendar now."),
        ("paused", OWNER, "in_owner_calendar", "Alder is not synced with Outlook now"),
        ("", {"owner_email": ""}, "owner_email", "Whose calendar? Enter the owner’s email"),
        (Reach.OUTSIDE, OWNER, "owner_email", "The mailbox hanne@larkfield.example is outside the tenant"),
        (Reach.NO_MAILBOX, OWNER, "owner_email", "hanne@larkfield.example has no Exchange Online calendar"),
        (Reach.REFUSED, OWNER, "owner_email", "is not among those that the tenant lets the app use"),
    ],
)
def test_why_nothing_is_made_in_an_owners_calendar_is_said_beside_the_field(
    world: World, htmx: bool, prepare: Any, fields: dict[str, str], field: str, words: str
) -> None:
    room_id = world.linked_room()
    world.modes(delegation=prepare != "off", create=prepare != "off")
    if prepare == "paused":
        with world.rows() as session:
            session.get_one(Room, room_id).sync_active = False
    if isinstance(prepare, Reach):
        world.person_mailbox(OWNER["owner_email"], prepare)
    answer = book(world, {"room_id": room_id, "in_owner_calendar": "y"} | fields, htmx=htmx)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'id="{field}-e"' in answer.text
    assert re.search(r'<input checked [^>]*name="in_owner_calendar"[^>]*value="y"', answer.text)
    with world.rows() as session:
        assert session.scalar(select(Meeting)) is None


def test_the_owner_of_an_organizers_meeting_is_fixed_in_form_and_service(world: World) -> None:
    world.modes(delegation=True)
    room_id = world.linked_room()
    imported = world.imported(room_id, at(13, 14, day=1))
    form = world.get(f"/reservations/{imported}/edit").text
    assert form.count("readonly") == 2
    assert "Fixed: whoever organizes a meeting owns it." in form
    refused = change(world, imported, {"room_id": room_id} | OWNER)
    assert refused.status_code == 409
    assert "The owner cannot be changed here" in text_of(refused)
    renamed = change(world, imported, {"room_id": room_id} | TOMASZ | {"owner_name": "Somebody else"})
    assert renamed.status_code == 303
    with world.rows() as session:
        assert session.scalars(select(Person.name)).all() == ["Tomasz Brandt"]


@pytest.mark.parametrize("htmx", [False, True])
def test_an_organizers_meeting_gets_a_new_time_and_keeps_a_title_that_nobody_typed(world: World, htmx: bool) -> None:
    world.modes(delegation=True)
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    imported = world.imported(alder)
    world.imported(birch)
    form = text_of(world.get(f"/reservations/{imported}/edit"))
    assert "A new time is checked for all its rooms first: Alder and Birch ." in form
    shown_title = 'value="Reserved by Tomasz Brandt"'
    assert shown_title in world.get(f"/reservations/{imported}/edit").text
    fields = {"room_id": alder, "title": "Reserved by Tomasz Brandt"} | TOMASZ
    assert change(world, imported, fields, htmx=htmx).status_code == (200 if htmx else 303)
    with world.rows() as session:
        meeting = session.scalars(select(Meeting)).one()
        assert meeting.title == ""
        assert [one.pending_time is not None for one in meeting.reservations] == [True, True]


def test_a_new_time_that_another_of_its_rooms_cannot_have_names_that_room(world: World) -> None:
    world.modes(delegation=True)
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    imported = world.imported(alder)
    world.imported(birch)
    world.booking(birch, at(10, 11, day=1), title="In the way")
    answer = change(world, imported, {"room_id": alder} | TOMASZ)
    assert answer.status_code == 409
    assert "Birch is taken from 10:00 to 11:00" in text_of(answer)


def test_another_room_is_chosen_among_those_that_it_may_move_to(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    foreign_connection = world.connection("other-hq")
    with world.rows() as session:
        foreign = world_room(session, foreign_connection)
    own = world.booking(alder, at(10, 11, day=1))
    form = world.get(f"/reservations/{own}/edit").text
    assert f'value="{birch}"' in form
    assert f'value="{foreign}"' not in form
    refused = change(world, own, {"room_id": foreign})
    assert refused.status_code == 409
    assert "Foreign belongs to another connection" in text_of(refused)
    moved = change(world, own, {"room_id": birch})
    with world.rows() as session:
        leaving = session.get_one(Reservation, own)
        assert moved.headers["Location"] == f"/reservations/{leaving.leaves_for_id}"
        assert (leaving.sync_code, leaving.sync_state) == ("moving", SyncState.WAITING)
        assert session.scalars(select(Outbox.reservation_id)).all() == [leaving.leaves_for_id]


def world_room(session: Any, connection_id: int) -> int:
    """A room of another connection."""
    mailbox = Mailbox(connection_id=connection_id, address="foreign@other.example")
    session.add(mailbox)
    session.flush()
    room = session.scalars(select(Room)).first()
    made = Room(
        name="Foreign", time_zone="Europe/London", created_at=room.created_at, connection_id=connection_id,
        external_address="foreign@other.example", mailbox_id=mailbox.id, sync_active=True, sync_state=room.sync_state,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return int(made.id)


def test_an_event_made_in_outlook_keeps_its_room_and_says_why(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    imported = world.imported(alder, home="resource", organizer_email="")
    form = text_of(world.get(f"/reservations/{imported}/edit"))
    assert "It stays here: made anew elsewhere it would lose its guests." in form
    refused = change(world, imported, {"room_id": birch})
    assert refused.status_code == 409
    assert "It stays in its room" in text_of(refused)


def test_a_room_that_has_the_meeting_already_is_refused(world: World) -> None:
    world.modes(delegation=True)
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    imported = world.imported(alder)
    world.imported(birch)
    refused = change(world, imported, {"room_id": birch} | TOMASZ)
    assert "Birch has this meeting already" in text_of(refused)


def test_a_series_of_a_person_is_changed_in_outlook_only(world: World) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room(), kind=MeetingKind.SERIES)
    assert world.get(f"/reservations/{imported}/edit").status_code == 303
