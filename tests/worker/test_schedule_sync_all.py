"""Sync All Calendars as rooms run: how far it has come, what failed, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Engine, create_engine, delete, select

from tests.sync.world import World
from webapp.enqueue import Bell
from webapp.models import Install, Mailbox, Room, RoomRun, SyncAll, SyncSettings
from webapp.sync_settings import service
from worker.store.sync_all import close_finished


class Silent:
    """A bell that nobody hears: the runs are made by hand."""

    def ring(self, *_args: Any, **_more: Any) -> bool:
        return False


@pytest.fixture
def world(database: Engine) -> Iterator[World]:
    """Three rooms at rest."""
    with database.begin() as connection:
        connection.execute(delete(SyncSettings))
        connection.execute(delete(Install))
    world = World(engine=create_engine(database.url))
    for name in ("alder", "birch", "cedar"):
        world.add_room(name)
    world.run()
    world.tenant.advance(60)
    yield world
    assert world.engine is not None
    world.engine.dispose()


def start(world: World) -> None:
    with world.transactions.writing() as session:
        service.start_sync_all(session, cast(Bell, Silent()), "Ines", world.now())


def standing(world: World) -> SyncAll:
    """The newest Sync All after the clock looked at it."""
    with world.transactions.writing() as session:
        close_finished(session, world.now())
    with world.transactions.reading() as session:
        row = session.scalars(select(SyncAll).order_by(SyncAll.id.desc()).limit(1)).one()
        session.expunge(row)
        return row


def counts(row: SyncAll) -> tuple[int, int, int, bool]:
    return row.rooms_total, row.rooms_done, row.rooms_failed, row.finished_at is not None


def test_it_is_over_when_every_room_has_had_its_full_run(world: World):
    start(world)
    assert counts(standing(world)) == (3, 0, 0, False)

    world.worker.run(world.mailbox_id("alder"))
    assert counts(standing(world)) == (3, 1, 0, False)

    for name in ("birch", "cedar"):
        world.worker.run(world.mailbox_id(name))
    assert counts(standing(world)) == (3, 3, 0, True)
    with world.transactions.reading() as session:
        rows = session.execute(select(Mailbox.full_wanted, Mailbox.full_done)).all()
    assert all(wanted == done for wanted, done in rows)


def test_what_it_changed_is_counted(world: World):
    span = world.at(10)
    world.tenant.add_person("ada@contoso.example", "Ada")
    world.tenant.as_person("ada@contoso.example").book("Review", span.start, span.end, rooms=[world.address("birch")])
    world.tenant.settle()
    start(world)
    for name in world.rooms:
        world.worker.run(world.mailbox_id(name))

    assert standing(world).changes == 1


def test_rooms_that_fail_or_are_throttled_count_as_done_with_that_result(world: World):
    world.tenant.faults.add("delta", "403", times=5, mailbox=world.address("alder"))
    world.tenant.faults.add("delta", "429", times=5, mailbox=world.address("birch"), retry_after=120)
    start(world)
    for name in world.rooms:
        world.worker.run(world.mailbox_id(name))

    assert counts(standing(world)) == (3, 3, 2, True)


def test_a_room_that_leaves_sync_meanwhile_is_not_waited_for(world: World):
    start(world)
    for name in ("alder", "birch"):
        world.worker.run(world.mailbox_id(name))
    with world.transactions.writing() as session:
        session.get_one(Room, world.rooms["cedar"]).sync_active = False

    assert counts(standing(world)) == (3, 2, 0, True)


def test_runs_before_and_after_it_are_not_its_own(world: World):
    world.want("alder", full=True)
    world.worker.run(world.mailbox_id("alder"))
    world.tenant.advance(5)
    start(world)
    assert standing(world).rooms_done == 0
    for name in world.rooms:
        world.worker.run(world.mailbox_id(name))
    assert counts(standing(world)) == (3, 3, 0, True)

    world.tenant.advance(timedelta(minutes=1).total_seconds())
    world.want("birch", full=True)
    world.worker.run(world.mailbox_id("birch"))
    standing(world)
    with world.transactions.reading() as session:
        assert len(session.scalars(select(RoomRun).where(RoomRun.sync_all_id.is_not(None))).all()) == 3
