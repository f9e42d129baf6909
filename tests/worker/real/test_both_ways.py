"""Worker and clock as processes, on both databases: what is done on one side appears on the other."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import select

from tests.worker.real.conftest import Install
from webapp.clock import utcnow
from webapp.domain.words import CheckState
from webapp.models import Connection, ConnectionCheck, RoomChoice


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_meeting_in_outlook_appears_here_and_a_reservation_here_appears_there(install: Install, kind: str):
    here = install(kind)
    here.start("worker")
    here.start("clock")
    aspen, birch = here.add_room("aspen"), here.add_room("birch")
    here.wait(lambda: here.is_active(aspen) and here.is_active(birch))

    here.book_there("aspen", "Design review", hours=1)
    booked = here.book_here(birch, "Budget", hours=2)

    here.wait(lambda: here.slots(aspen) == {here.soon(1).start})
    here.wait(lambda: here.state_of(booked) == "synced")
    assert here.events("birch") == ["Budget"]
    assert here.slots(birch) == {here.soon(2).start}


def test_a_connection_is_checked_and_its_rooms_are_listed(install: Install):
    here = install("sqlite")
    here.tenant.add_room(here.address("aspen"), "Aspen")
    here.start("worker")
    here.start("clock")
    with here.transactions.writing() as session:
        session.get_one(Connection, 1).places_wanted += 1
        session.add(ConnectionCheck(id=1, connection_id=1, requested_at=utcnow()))

    here.wait(lambda: here.read(lambda s: s.get_one(ConnectionCheck, 1).state) is CheckState.CONFIRMED)
    here.wait(lambda: here.read(lambda s: s.scalars(select(RoomChoice.name)).all()) == ["Aspen"])


def test_a_database_that_drops_all_its_connections_is_used_on(install: Install):
    here = install("postgresql")
    worker, clock = here.start("worker"), here.start("clock")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))
    here.transactions.engine.dispose()

    with psycopg.connect(here.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    booked = here.book_here(aspen, "Budget", hours=1)

    here.wait(lambda: here.state_of(booked) == "synced")
    assert worker.poll() is None and clock.poll() is None
