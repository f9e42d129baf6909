"""The list of the tenant's rooms: fetched when wanted, kept whole, never lost to a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.worker.graph.world import World
from webapp.domain.check_codes import CheckCode
from webapp.models import Credential, RoomChoice
from worker.places_list import list_places


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def choices(world: World) -> dict[str, str]:
    with world.transactions.reading() as session:
        return {choice.address: choice.name for choice in session.scalars(select(RoomChoice))}


def test_the_rooms_of_the_tenant_become_choices(world: World):
    world.tenant.add_room("Big@contoso.example", "Big", capacity=40, building="North", floor=3)
    connection = world.list_places()
    assert choices(world) == {
        "room1@contoso.example": "Room 1",
        "room2@contoso.example": "Room 2",
        "big@contoso.example": "Big",
    }
    assert (connection.places_done, connection.places_error) == (1, None)
    assert connection.places_listed_at == world.now()
    with world.transactions.reading() as session:
        big = session.scalars(select(RoomChoice).where(RoomChoice.name == "Big")).one()
        assert (big.building, big.floor, big.capacity) == ("North", "3", 40)


def test_a_room_that_left_the_tenant_is_no_choice_any_more(world: World):
    world.list_places()
    world.tenant.soft_delete("room1@contoso.example")
    world.tenant.mailbox("room2@contoso.example").name = "Renamed"
    world.list_places()
    assert choices(world) == {"room2@contoso.example": "Renamed"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [("403", CheckCode.PLACES_REFUSED), ("503", CheckCode.MICROSOFT_UNAVAILABLE), ("T-", CheckCode.TIMED_OUT)],
)
def test_a_failure_keeps_the_old_list_and_says_why(world: World, kind: str, code: CheckCode):
    world.list_places()
    world.tenant.faults.add("places", kind)
    world.tenant.advance(60)
    connection = world.list_places()
    assert (connection.places_error, connection.places_done) == (code, 2)
    assert connection.places_listed_at is not None
    assert connection.places_listed_at < world.now()
    assert len(choices(world)) == 2
    assert world.list_places().places_error is None


def test_a_failure_in_the_middle_of_the_list_keeps_the_old_one_h70(world: World):
    world.list_places()
    for number in range(150):
        world.tenant.add_room(f"more{number}@contoso.example")
    world.tenant.faults.add("places", "503", skip=1)
    assert world.list_places().places_error == CheckCode.MICROSOFT_UNAVAILABLE
    assert len(choices(world)) == 2
    world.list_places()
    assert len(choices(world)) == 152


def test_a_refused_sign_in_is_named(world: World):
    world.app.disable()
    assert world.list_places().places_error == CheckCode.APP_DISABLED


def test_a_secret_that_our_keys_do_not_decrypt_is_named(world: World):
    with world.transactions.writing() as session:
        session.execute(update(Credential).values(secret_encrypted="gAAAA-not-ours"))
    assert world.list_places().places_error == CheckCode.SECRET_UNREADABLE


def test_a_list_that_nobody_wants_is_not_fetched(world: World):
    world.list_places()
    before = len(world.tenant.requests)
    list_places(world.transactions, world.connection_id, world.client, world.now)
    list_places(world.transactions, 12345, world.client, world.now)
    assert len(world.tenant.requests) == before
