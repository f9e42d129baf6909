"""What Microsoft refuses for a while: storms of 429, access lost for one room, for all, or every now and then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.sync.checks import assert_same, put
from tests.sync.world import World
from webapp.domain.words import RoomState
from worker.poll import poll

ROOMS = 300
POLL = timedelta(seconds=60)
TICK = 10
STORM_MINUTES = 10
NEVER_USED_UP = 10**9


class Days:
    """The clock and the workers of an installation: what is due runs every ten seconds, quiet rooms are polled."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids = [world.mailbox_id(name) for name in world.rooms]

    def pass_by(self, minutes: float) -> int:
        """Let time pass; the requests that went out."""
        world, asked = self.world, self.asked()
        for _ in range(int(minutes * 60 / TICK)):
            poll(world.transactions, lambda _connection: world.client, self.ids, POLL, world.now)
            for mailbox_id in world.due():
                world.worker.run(mailbox_id)
            world.tenant.advance(TICK)
        return self.asked() - asked

    def sync_all(self) -> None:
        """Everybody is asked for a full run, and something has changed everywhere."""
        for name in self.world.rooms:
            self.hour += 1
            put(self.world, name, "Meeting", self.world.at(self.hour % 1000, 30))
            self.world.want(name, full=True)

    hour = 0

    def asked(self) -> int:
        """Requests that went out, parts of a batch not counted."""
        return sum(not request.in_batch for request in self.world.tenant.requests)


@pytest.fixture
def many() -> Iterator[World]:
    """300 rooms at rest."""
    world = World()
    for number in range(ROOMS):
        world.add_room(f"room{number}")
    for _ in range(8):
        for mailbox_id in world.due():
            world.worker.run(mailbox_id)
    assert world.due() == []
    world.tenant.advance(61)
    yield world
    world.close()


def test_a_storm_of_429_costs_a_tenth_of_the_requests_and_is_over_when_it_is_over(many: World) -> None:
    """H67: 300 rooms, Sync All, ten minutes of 429 with Retry-After 30."""
    days = Days(many)
    days.sync_all()
    at_once = days.pass_by(1)
    normal = at_once + days.pass_by(STORM_MINUTES - 1)
    until = many.now() + timedelta(minutes=STORM_MINUTES)
    many.tenant.faults.add("any", "429", NEVER_USED_UP, retry_after=30, until=until)
    days.sync_all()
    stormy = days.pass_by(STORM_MINUTES)
    assert stormy <= normal / 10, (stormy, normal)
    after = days.pass_by(1)
    assert after <= 2 * at_once, (after, at_once)
    print(stormy, normal, after, at_once)
    for name in many.rooms:
        assert len(many.slots_here(name)) == 2
        assert_same(many, name)
        assert many.room(name).sync_state is RoomState.ACTIVE and many.room(name).sync_code is None
