"""Another mailbox, a restored one, and a run whose room is let go of, on the database that locks rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, select

from tests.sync.checks import assert_quiet, put, reservations
from tests.sync.test_mailbox_left import GREEN, live, lively, move, save
from tests.sync.test_mailbox_restored import restored, say_same
from tests.sync.world import World
from webapp.config import sqlalchemy_url
from webapp.domain.words import RoomState, SyncState
from webapp.models import Base, LeftMailbox, Link, Mailbox
from webapp.rooms.linking import Agreed


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    engine = create_engine(sqlalchemy_url(postgres_url))
    Base.metadata.create_all(engine)
    made = World(engine=engine)
    for name in ("ada", "bob"):
        made.tenant.add_person(made.address(name), name.title())
    yield made
    engine.dispose()


def test_a_room_moves_to_another_mailbox_and_what_it_wrote_is_removed(world: World) -> None:
    lively(world)
    move(world, GREEN, remove=True)
    world.run()
    assert live(world, GREEN) == ["R0", "R1", "R2"]
    assert not {"R0", "R1", "R2"} & set(live(world, "alder"))
    with world.transactions.reading() as session:
        assert [row.removed for row in session.scalars(select(LeftMailbox))] == [3]
    assert_quiet(world)


def test_a_restored_mailbox_is_taken_up_with_new_ids(world: World) -> None:
    lively(world)
    writes = world.writes()
    restored(world)
    assert world.room("alder").sync_code == "calendar_changed"
    say_same(world)
    world.run()
    assert (world.writes(), world.room("alder").sync_state) == (writes, RoomState.ACTIVE)


def test_an_unlink_that_commits_while_a_run_writes_ends_the_run(world: World) -> None:
    """H45: whichever takes the room first, nothing is imported as followed into a room that let go."""
    world.add_room("alder")
    world.run()
    put(world, "alder", "Late", world.at(5))
    unlinking: list[threading.Thread] = []

    def unlink(phase: str, info: object) -> None:
        if phase == "after" and getattr(info, "op", "") == "delta" and not unlinking:
            unlinking.append(threading.Thread(target=lambda: save(world, "alder", None)))
            unlinking[0].start()

    world.tenant.on_request(unlink)
    world.run_once("alder")
    unlinking[0].join()
    followed = [r for r in reservations(world, "alder") if r.not_followed_since is None]
    assert followed == []
    with world.transactions.reading() as session:
        assert list(session.scalars(select(Mailbox.claim_owner))) == [None]
    save(world, "alder", world.address("alder"))
    world.run()
    assert [r.sync_state for r in reservations(world, "alder")] == [SyncState.SYNCED]
    assert world.count(Link) == 1


def test_two_rooms_that_change_places_end_up_in_each_others_calendars(world: World) -> None:
    """Each leaves a mailbox that the other takes: no lock is waited for in a ring, nothing is made twice."""
    for name, hour in (("alder", 5), ("birch", 15)):
        world.add_room(name)
        world.book(name, f"{name} ours", world.at(hour))
        put(world, name, f"{name} theirs", world.at(hour + 3))
    world.run()
    mails = len(world.tenant.mails)
    save(world, "birch", None)
    _as(world, "alder", "birch")
    _as(world, "birch", "alder")
    world.run()
    for name, other in (("alder", "birch"), ("birch", "alder")):
        assert sorted(live(world, other)) == sorted(set(live(world, other)))
        assert f"{name} ours" in live(world, other)
        assert f"{other} theirs" in world.titles_here(name)
    assert len(world.tenant.mails) == mails
    assert_quiet(world)


def _as(world: World, room: str, address: str) -> None:
    save(world, room, world.address(address), Agreed())
