"""The same pages and use cases on PostgreSQL: every query of these screens is understood there too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import time_machine
from sqlalchemy import func, select, text

from tests.webapp.conftest import ListeningBell, Person, fill
from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp import create_app
from webapp.config import Config
from webapp.connections import service as connections
from webapp.database import Transactions
from webapp.domain.words import ConflictKind, HoldKind, MeetingKind, RoomState, RunKind
from webapp.errors import FieldError, Refused
from webapp.extensions import db
from webapp.models import Conflict, Connection, Hold, HoldAction, Mailbox, Reservation, Room, RoomRun, RunStep
from webapp.rooms import service


@pytest.fixture
def world(
    make_config: Callable[..., Config], postgres_url: str, password_hash: str, bell: ListeningBell
) -> Iterator[World]:
    app = create_app(make_config(DATABASE_URL=postgres_url))
    app.extensions["bell"] = bell
    with app.app_context():
        engine = db.engine
    fill(engine, password_hash)
    with time_machine.travel(NOW, tick=False):
        admin = Person(app.test_client())
        admin.sign_in()
        made = World(app, Transactions(engine), admin, bell)
        made.sync_on()
        yield made
    engine.dispose()


def test_every_page_of_these_screens_opens(world: World) -> None:
    room_id = world.linked_room(building="Quay", state=RoomState.HELD, sync_code="mass_cancel")
    own = world.booking(room_id)
    imported = world.imported(room_id, at(10.5, 11.5), kind=MeetingKind.SERIES)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        hold = Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
        hold.actions = [HoldAction(key=key, action="cancel_here", reservation_id=own) for key in "ab"]
        run = RoomRun(room_id=room_id, mailbox_id=mailbox_id, kind=RunKind.FULL, started_at=NOW)
        run.steps = [RunStep(room_id=room_id, reservation_id=own, at=NOW, side="there", action="create")]
        session.add_all([hold, run])
        session.add(Conflict(room_id=room_id, reservation_id=own, kind=ConflictKind.TIME, at=NOW))
    for path in (
        "/rooms/",
        "/rooms/?q=ald&status=held&building=Quay&sort=status&desc=1",
        "/rooms/?status=archived",
        f"/rooms/{room_id}",
        f"/rooms/{room_id}/status",
        f"/rooms/{room_id}/archive",
        "/rooms/new",
        "/rooms/places?connection_id=1&external_address=x",
        "/reservations/",
        f"/reservations/?view=week&room={room_id}",
        f"/reservations/new?room={room_id}",
        f"/reservations/column?room={room_id}&day=2026-11-23&from=7&to=19",
        f"/reservations/{own}/state",
        f"/reservations/{own}",
        f"/reservations/{imported}",
        f"/reservations/{own}/edit",
        f"/reservations/{own}/cancel",
        "/activity/",
        f"/activity/?room={room_id}&show=changes&q=a&before=99",
        "/activity/?show=failed",
        "/activity/runs/1",
        "/activity/runs.csv?show=changes&q=a",
        "/activity/steps.csv",
        "/activity/mailboxes/requests.csv",
        "/rooms/import/",
        "/",
    ):
        assert world.get(path).status_code == 200, path
    assert "Held" in text_of(world.get(f"/reservations/{own}"))


def test_a_room_goes_through_its_whole_life(world: World) -> None:
    room_id, connection_id = world.room(), world.connection()
    fields = {"name": "Alder", "time_zone": "Europe/London", "revision": "1", "connection_id": str(connection_id)}
    linked = fields | {
        "calendar_type": "office365",
        "external_address": "alder@larkfield.example",
        "sync_active": "y",
    }
    own = world.booking(room_id)
    world.get(f"/rooms/{room_id}")
    assert world.post(f"/rooms/{room_id}", linked).status_code == 303
    imported = world.imported(room_id)
    unlinked = fields | {"calendar_type": "none", "revision": "2"}
    assert world.post(f"/rooms/{room_id}", unlinked).status_code == 303
    with world.rows() as session:
        assert session.get_one(Reservation, imported).not_followed_since == NOW
        assert session.get_one(Reservation, own).sync_state == "local"
    moved = linked | {"revision": "3", "time_zone": "Europe/Berlin"}
    assert world.post(f"/rooms/{room_id}", moved).status_code == 303
    with world.rows() as session:
        assert session.get_one(Reservation, imported).not_followed_since is None
        assert session.scalar(select(func.count()).select_from(Mailbox)) == 1
    assert world.post(f"/rooms/{room_id}/archive").status_code == 303
    assert world.post(f"/rooms/{room_id}/restore").status_code == 303


def test_of_two_rooms_that_ask_for_one_calendar_at_once_one_gets_it(world: World) -> None:
    rooms, connection_id = [world.room("Alder"), world.room("Birch")], world.connection()
    together, outcomes = threading.Barrier(2), []

    def link(room_id: int) -> None:
        together.wait()
        wanted = service.RoomDraft("Any", "UTC", link=service.Link(connection_id, "one@larkfield.example", True))
        try:
            with world.rows() as session:
                service.save_room(session, room_id, wanted, 1, NOW)
            outcomes.append("linked")
        except FieldError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=link, args=[room_id]) for room_id in rooms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["address_taken", "linked"]
    with world.rows() as session:
        assert session.scalar(select(func.count()).select_from(Mailbox)) == 1


def test_a_connection_that_somebody_is_linking_a_room_to_is_not_removed(world: World) -> None:
    room_id, connection_id = world.room(), world.connection()
    outcomes: list[str] = []

    def remove() -> None:
        try:
            with world.rows() as session:
                connections.remove(session, session.get_one(Connection, connection_id))
        except Refused as error:
            outcomes.append(error.code)

    removing = threading.Thread(target=remove)
    with world.rows() as session:
        wanted = service.RoomDraft("Alder", "UTC", link=service.Link(connection_id, "one@larkfield.example", True))
        service.save_room(session, room_id, wanted, 1, NOW)
        session.flush()
        removing.start()
        while not somebody_waits_for_a_lock(world):
            assert removing.is_alive()
    removing.join()
    assert outcomes == ["connection_in_use"]


def somebody_waits_for_a_lock(world: World) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with world.rows() as session:
        return bool(session.scalar(text(query)))
