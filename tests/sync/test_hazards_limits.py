"""What Microsoft refuses for a while: storms of 429, access lost for one room, for all, or every now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.sync.checks import assert_quiet, assert_same, ours_there, put
from tests.sync.oracle import dump
from tests.sync.world import World
from tests.tenant.faults import OPS
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
    quiet = days.pass_by(1)
    assert days.pass_by(1) == quiet, "a quiet minute costs what another does"
    normal = at_once + (STORM_MINUTES - 1) * quiet
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


def ten_rooms() -> World:
    """Ten rooms at rest, each with a reservation of ours and a stranger's."""
    world = World()
    for number in range(10):
        name = f"room{number}"
        world.add_room(name)
        world.book(name, "Ours", world.at(9))
        put(world, name, "Theirs", world.at(12))
    world.run()
    return world


def count_tokens(world: World) -> list[str]:
    """Requests to Entra's token endpoint from now on."""
    session, asked = world.client.tokens._session, list[str]()
    send = session.request

    def request(method: str, url: str, **more: Any) -> Any:
        if url.endswith("/token"):
            asked.append(url)
        return send(method, url, **more)

    session.request = request  # type: ignore[method-assign]
    return asked


def edit_everywhere(world: World, title: str) -> None:
    """People here and there go on meanwhile."""
    for number, name in enumerate(world.rooms):
        world.change(number + 1, title=title)
        put(world, name, title, world.at(40))


def pass_minutes(world: World, minutes: int) -> None:
    """Each minute somebody wants every room; the clock rings for what is due."""
    for tick in range(minutes * 6):
        for name in world.rooms if tick % 6 == 0 else ():
            world.want(name)
        for mailbox_id in world.due():
            world.worker.run(mailbox_id)
        world.tenant.advance(10)


def expire_secret(world: World) -> None:
    world.app.expire_secret()
    world.tenant.advance(3600)


def disable_app(world: World) -> None:
    world.app.disable()
    world.tenant.advance(3600)


def refuse_every_token(world: World) -> None:
    for op in OPS - {"any", "token"}:
        world.tenant.faults.add(op, "401", NEVER_USED_UP)


@pytest.mark.parametrize("lose", [expire_secret, disable_app, refuse_every_token], ids=lambda lose: lose.__name__)
def test_a_connection_without_access_stops_all_its_rooms_with_one_token_attempt_a_minute(
    lose: Callable[[World], None],
) -> None:
    """H68, I5: nothing is changed, every room says why, and all recover by themselves."""
    world = ten_rooms()
    lose(world)
    asked, before, writes = count_tokens(world), dump(world)["occurrence"], world.writes()
    pass_minutes(world, 10)
    assert 5 <= len(asked) <= 11
    for name in world.rooms:
        assert world.room(name).sync_state is RoomState.ERROR and world.room(name).sync_code is not None
    assert (dump(world)["occurrence"], world.writes()) == (before, writes)
    edit_everywhere(world, "Meanwhile")
    world.app.secret_expired, world.app.enabled = False, True
    world.tenant.faults.clear()
    world.tenant.advance(400)
    world.run()
    for name in world.rooms:
        assert world.room(name).sync_state is RoomState.ACTIVE and world.room(name).sync_code is None
        assert_same(world, name)
        assert [e["subject"] for e in ours_there(world, name)] == ["Meanwhile"]
    assert_quiet(world)
    world.close()


@pytest.mark.parametrize("flapping", [False, True], ids=["gone", "flapping"])
def test_a_scope_lost_for_one_room_of_ten_stops_this_room_and_cancels_nothing(flapping: bool) -> None:
    """H68, I5, I8: three hours, the answers for it refused at every request or at every other."""
    world = ten_rooms()
    lost = world.address("room3")
    before = dump(world)["occurrence"]
    if flapping:
        numbers = count()
        world.tenant.on_request(
            lambda phase, info: (
                world.tenant.faults.add("any", "403", mailbox=lost)
                if phase == "after" and info.mailbox == lost and next(numbers) % 2
                else None
            )
        )
    else:
        world.tenant.faults.add("any", "403", NEVER_USED_UP, mailbox=lost)
    edit_everywhere(world, "Meanwhile")
    for step in range(36):
        for name in world.rooms if step % 6 == 0 else ("room3",):
            world.want(name, full=name == "room3")
        for mailbox_id in world.due():
            world.worker.run(mailbox_id)
        world.tenant.advance(300)
    others = [name for name in world.rooms if name != "room3"]
    assert all(world.room(name).sync_state is RoomState.ACTIVE for name in others)
    assert set(before) <= set(dump(world)["occurrence"]) and world.holds() == []
    if not flapping:
        assert (world.room("room3").sync_state, world.room("room3").sync_code) == (RoomState.ERROR, "access_denied")
    world.tenant.faults.clear()
    world.tenant._listeners.clear()
    world.tenant.advance(400)
    world.run()
    for name in world.rooms:
        assert world.room(name).sync_state is RoomState.ACTIVE
        assert_same(world, name)
        assert [e["subject"] for e in ours_there(world, name)] == ["Meanwhile"]
    assert_quiet(world)
    world.close()
