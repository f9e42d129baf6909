"""The Overview: a sentence that says how things stand, and what needs a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.webapp.conftest import Person
from tests.webapp.connections.conftest import make_connection, make_room
from webapp.clock import utcnow
from webapp.connections.expiry import earliest_today
from webapp.database import Transactions
from webapp.domain.words import HoldKind, RoomState
from webapp.models import Credential, Hold, Room, SyncSettings, WorkerHeartbeat


@pytest.fixture(autouse=True)
def world(app: Flask, data: Transactions) -> None:
    """Sync is on; Alder and Birch agree with Outlook, Cedar is Off."""
    with data.writing() as session:
        session.query(SyncSettings).one().enabled = True
        one = make_connection(session, app)
        for name, state in (("Alder", RoomState.ACTIVE), ("Birch", RoomState.ACTIVE), ("Cedar", RoomState.OFF)):
            room = session.get(Room, make_room(session, one, name))
            assert room
            room.sync_state = state


def sentence(admin: Person) -> str:
    """The heading, without its markup."""
    heading = admin.get("/").text.split('<h1 class="say">')[1].split("</h1>")[0]
    for tag in ("<em>", "</em>", "<b>", "</b>"):
        heading = heading.replace(tag, "")
    return " ".join(heading.split())


def alter(data: Transactions, name: str, **values: object) -> None:
    with data.writing() as session:
        room = session.query(Room).filter_by(name=name).one()
        for key, value in values.items():
            setattr(room, key, value)


def test_when_all_is_well_it_says_so_and_asks_for_nothing(admin: Person) -> None:
    assert sentence(admin) == "2 of 2 rooms agree with Outlook."
    assert "Nothing needs you" in admin.get("/").text


def test_a_room_in_error_needs_a_person(admin: Person, data: Transactions) -> None:
    alter(
        data,
        "Birch",
        sync_state=RoomState.ERROR,
        sync_code="mailbox_not_found",
        sync_fields={"address": "b@l.example"},
    )
    assert sentence(admin) == "1 of 2 rooms agree with Outlook. 1 thing needs you."
    page = admin.get("/").text
    assert "<bdi>Birch</bdi>: No calendar at this address" in page
    assert "The tenant has no mailbox <bdi>b@l.example</bdi>." in page


def test_an_address_that_a_person_has_to_confirm_needs_a_person(admin: Person, data: Transactions) -> None:
    alter(data, "Birch", sync_state=RoomState.PENDING)
    assert sentence(admin) == "1 of 2 rooms agree with Outlook."
    alter(data, "Birch", sync_code="address_unlisted", sync_fields={"address": "b@l.example"})
    assert sentence(admin) == "1 of 2 rooms agree with Outlook. 1 thing needs you."
    assert "<bdi>Birch</bdi>: Microsoft does not list this address as a room" in admin.get("/").text


def test_an_open_hold_needs_a_person(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        room = session.query(Room).filter_by(name="Alder").one()
        for kind, closed in ((HoldKind.EMPTY_LISTING, None), (HoldKind.MASS_CANCEL, utcnow())):
            session.add(Hold(room_id=room.id, kind=kind, opened_at=utcnow(), closed_at=closed))
    assert sentence(admin).endswith("1 thing needs you.")
    page = admin.get("/").text
    assert "<bdi>Alder</bdi>: Outlook lists nothing for this room any more" in page
    assert '<span class="count">1' in page


def test_an_expired_secret_needs_a_person(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(Credential).one().expires_on = earliest_today(utcnow()) - timedelta(days=1)
    assert sentence(admin).endswith("1 thing needs you.")
    assert "Sync of 3 rooms rests; changes made here wait." in admin.get("/").text


def test_while_sync_is_off_it_claims_nothing(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(SyncSettings).one().enabled = False
    assert sentence(admin).startswith("External Calendar Sync is off.")


def test_without_a_worker_it_says_that_it_does_not_know(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(WorkerHeartbeat).one().seen_at = utcnow() - timedelta(hours=2)
    assert sentence(admin).startswith("Not known since")


def test_archived_rooms_do_not_count(admin: Person, data: Transactions) -> None:
    alter(data, "Birch", archived_at=utcnow())
    assert sentence(admin) == "1 of 1 room agrees with Outlook."
