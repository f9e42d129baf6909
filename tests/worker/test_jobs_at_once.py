"""Rooms that run side by side, as they do inside of one job, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, create_engine, delete

from tests.sync.world import World
from webapp.models import Install, Meeting, Person, Reservation, SyncSettings

ROOMS = ("alder", "birch", "cedar", "dogwood")
PEOPLE = ("ada", "ben", "carla", "dan", "eva", "hugo")


@pytest.fixture
def world(database: Engine) -> Iterator[World]:
    """A world on a migrated database, whose own first rows it brings itself."""
    with database.begin() as connection:
        connection.execute(delete(SyncSettings))
        connection.execute(delete(Install))
    engine = create_engine(database.url)
    yield World(engine=engine)
    engine.dispose()


def run_side_by_side(world: World) -> list[object]:
    """One run of each room, all begun together; what each raised, or None."""
    barrier = Barrier(len(world.rooms))

    def run(name: str) -> object:
        barrier.wait()
        try:
            world.worker.run(world.mailbox_id(name))
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(len(world.rooms)) as pool:
        return list(pool.map(run, world.rooms))


def test_rooms_that_are_pulled_at_once_share_meetings_and_people_and_none_stands_in_anothers_way(world: World):
    """Each meets the same people and meetings in an order of its own, and takes in many in one transaction."""
    for name in ROOMS:
        world.add_room(name)
    addresses = [world.address(name) for name in ROOMS]
    for person in PEOPLE:
        world.tenant.add_person(f"{person}@{world.tenant.domain}", person.title())
    for turn, address in enumerate(addresses):
        for number in range(24):
            person = PEOPLE[(number * (turn + 1) + turn) % len(PEOPLE)]
            booker = world.tenant.as_person(f"{person}@{world.tenant.domain}")
            span = world.at(number)
            booker.book("Own", span.start, span.end, rooms=[address])
    for number, person in enumerate(PEOPLE * 2):
        span = world.at(30 + number)
        world.tenant.as_person(f"{person}@{world.tenant.domain}").book("All", span.start, span.end, rooms=addresses)
    world.tenant.settle()

    assert run_side_by_side(world) == [None] * len(ROOMS)
    world.run()

    assert world.count(Person) == len(PEOPLE)
    assert world.count(Meeting) == 24 * len(ROOMS) + 12
    assert world.count(Reservation) == (24 + 12) * len(ROOMS)
    assert [len(world.slots_here(name)) for name in ROOMS] == [36] * len(ROOMS)
