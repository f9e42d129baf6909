"""The probe of many rooms: cheap where nothing happened, and a wake-up where anything did."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from math import ceil

import pytest
from sqlalchemy import event, select, update

from tests.sync import beginnings
from tests.sync.checks import assert_same
from tests.sync.world import World
from webapp.domain.words import RoomState
from webapp.models import DeltaSession, Mailbox, RoomRun, SyncSettings
from worker.poll import poll
from worker.sync.guard import spread

EVERY = timedelta(seconds=60)


@pytest.fixture
def world() -> Iterator[World]:
    """45 rooms at rest, each read to its end, a minute ago."""
    world = World()
    beginnings.begin(world, "45 rooms", _at_rest)
    world.tenant.advance(61)
    world.tenant.requests.clear()
    yield world
    world.close()


def _at_rest(world: World) -> None:
    for number in range(45):
        world.add_room(f"room{number}")
    world.tenant.add_person("ada@contoso.example", "Ada")
    world.run()


def probe(world: World) -> list[int]:
    """One round of the clock's poll over all rooms."""
    ids = [world.mailbox_id(name) for name in world.rooms]
    return sorted(poll(world.transactions, lambda _connection: world.client, ids, EVERY, world.now))


def batches(world: World) -> int:
    return sum(request.path == "/$batch" for request in world.tenant.requests)


def asked(world: World) -> int:
    """Requests that Graph was sent, parts of a batch not counted."""
    return sum(not request.in_batch for request in world.tenant.requests)


def mailboxes(world: World) -> dict[int, Mailbox]:
    with world.transactions.reading() as session:
        rows = {row.id: row for row in session.scalars(select(Mailbox))}
        session.expunge_all()
        return rows


def set_mailbox(world: World, name: str, **values: object) -> int:
    found = world.mailbox_id(name)
    with world.transactions.writing() as session:
        session.execute(update(Mailbox).where(Mailbox.id == found).values(**values))
    return found


def meet(world: World, name: str) -> int:
    """Ada books the room; its mailbox's id."""
    span = world.at(10)
    ada = world.tenant.as_person("ada@contoso.example")
    ada.book("Review", span.start, span.end, rooms=[world.address(name)])
    world.tenant.settle()
    return world.mailbox_id(name)


def test_quiet_rooms_cost_one_request_for_twenty_and_only_the_time_and_newer_link_are_written(world: World):
    before = mailboxes(world)
    runs = world.count(RoomRun)
    changed: list[str] = []

    def listen(_connection, _cursor, statement: str, *_rest) -> None:
        if statement.startswith(("UPDATE", "INSERT", "DELETE")):
            changed.append(statement)

    assert world.engine is not None
    event.listen(world.engine, "before_cursor_execute", listen)
    assert probe(world) == []
    event.remove(world.engine, "before_cursor_execute", listen)

    assert asked(world) == batches(world) == ceil(45 / 20)
    assert [s.split(" WHERE")[0] for s in changed if "delta_link" not in s] == [
        "UPDATE mailbox SET last_polled_at=?"
    ] * 3
    assert {s.split(" WHERE")[0] for s in changed if "delta_link" in s} <= {"UPDATE delta_session SET delta_link=?"}
    assert len(changed) <= 6
    for found, row in mailboxes(world).items():
        assert row.last_polled_at == world.now()
        assert (row.wanted, row.fence, row.not_before) == (before[found].wanted, before[found].fence, None)
    assert world.count(RoomRun) == runs


def test_an_idle_poll_with_some_changed_rooms_keeps_to_its_budget(world: World):
    """rooms / 20 + 2 for each changed room; what a changed meeting itself costs to read comes on top."""
    stirred = sorted({meet(world, name) for name in ("room3", "room21", "room44")})

    assert probe(world) == stirred
    for mailbox_id in stirred:
        world.worker.run(mailbox_id)

    assert asked(world) <= ceil(45 / 20) + 2 * len(stirred)
    assert all(len(world.slots_here(name)) == 1 for name in ("room3", "room21", "room44"))


def test_a_room_with_news_wants_a_run_and_keeps_its_link_for_it(world: World):
    before = mailboxes(world)
    stirred = meet(world, "room7")

    assert probe(world) == [stirred]

    after = mailboxes(world)
    assert {found for found in after if after[found].wanted != before[found].wanted} == {stirred}
    assert after[stirred].wanted == before[stirred].wanted + 1
    world.worker.run(stirred)
    assert len(world.slots_here("room7")) == 1


def test_a_part_that_fails_wants_a_run_and_the_others_are_believed_h44(world: World):
    world.tenant.faults.add("delta", "503", mailbox=world.address("room5"))
    world.tenant.faults.add("delta", "410", mailbox=world.address("room6"))

    assert probe(world) == [world.mailbox_id("room5"), world.mailbox_id("room6")]


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_of_twenty_may_end_in_any_mixture_and_each_part_is_its_own_outcome_h44(world: World, seed: int):
    """I3: quiet and failed parts, parts with news and parts that wait, in any order; nothing is lost or doubled."""
    draw = random.Random(seed)
    names = [f"room{number}" for number in range(20)]
    drawn = {name: draw.choice(["quiet", "news", "429", "503", "503+", "504", "410"]) for name in names}
    for name, what in drawn.items():
        if what == "news":
            meet(world, name)
        elif what != "quiet":
            world.tenant.faults.add("delta", what, mailbox=world.address(name), retry_after=17)
    before = mailboxes(world)

    wanting = {world.mailbox_id(name) for name, what in drawn.items() if what not in ("quiet", "429")}
    assert set(probe(world)) == wanting
    after = mailboxes(world)
    assert {found for found in after if after[found].wanted > before[found].wanted} == wanting
    waiting = {world.mailbox_id(name) for name, what in drawn.items() if what == "429"}
    assert {found for found in after if after[found].not_before is not None} == waiting

    for name in draw.sample(names, 20):
        if drawn[name] != "news":
            meet(world, name)
    world.tenant.faults.clear()
    world.run()
    assert [len(world.slots_here(name)) for name in names] == [1] * 20
    for name in names:
        assert_same(world, name)


@pytest.mark.parametrize("kind", ["400", "501"])
def test_where_batches_are_refused_every_room_asks_for_itself_h78(world: World, kind: str):
    """I1: an operation that is described and not served is done without."""
    world.tenant.faults.add("batch", kind, times=10_000)
    stirred = meet(world, "room7")

    assert stirred in probe(world)

    for mailbox_id in world.due():
        world.worker.run(mailbox_id)
    assert len(world.slots_here("room7")) == 1
    assert {world.room(name).sync_state for name in world.rooms} == {RoomState.ACTIVE}


def test_a_part_that_is_throttled_waits_as_it_was_told_to_and_wants_nothing(world: World):
    before = mailboxes(world)
    world.tenant.faults.add("delta", "429", mailbox=world.address("room5"), retry_after=17)

    assert probe(world) == []

    room5 = world.mailbox_id("room5")
    after = mailboxes(world)
    assert after[room5].not_before == world.now() + timedelta(seconds=spread(17, room5))
    assert after[room5].wanted == before[room5].wanted
    assert {found for found in after if after[found].not_before is not None} == {room5}


def test_after_a_batch_that_is_throttled_no_other_is_sent_and_all_rooms_wait_as_told_to(world: World):
    world.tenant.faults.add("batch", "429", retry_after=30)

    assert probe(world) == []

    assert batches(world) == 1
    waits = [(row.not_before - world.now()).total_seconds() for row in mailboxes(world).values() if row.not_before]
    assert len(waits) == 45 and min(waits) >= 30 and max(waits) <= 45
    assert len({round(wait) for wait in waits}) > 10, "they come back in step (H67)"


def test_a_batch_that_fails_says_nothing_of_its_rooms_so_they_run(world: World):
    world.tenant.faults.add("batch", "503", retry_after=None)

    assert len(probe(world)) == 20


def test_a_room_without_a_link_or_with_one_of_yesterday_runs_without_being_probed(world: World):
    old, none = world.mailbox_id("room1"), world.mailbox_id("room2")
    with world.transactions.writing() as session:
        session.execute(
            update(DeltaSession)
            .where(DeltaSession.mailbox_id == old)
            .values(delta_link_at=world.now() - timedelta(days=1))
        )
        session.execute(update(DeltaSession).where(DeltaSession.mailbox_id == none).values(delta_link=None))

    assert probe(world) == sorted([old, none])
    assert sum(request.in_batch for request in world.tenant.requests) == 43


def test_a_link_that_leads_elsewhere_is_not_followed_s21(world: World):
    strange = world.mailbox_id("room1")
    with world.transactions.writing() as session:
        session.execute(
            update(DeltaSession)
            .where(DeltaSession.mailbox_id == strange)
            .values(delta_link="https://graph.example.net/v1.0/users/x/calendarView/delta?$deltatoken=1")
        )

    assert probe(world) == [strange]
    assert sum(request.in_batch for request in world.tenant.requests) == 44


def test_a_doubled_poll_asks_nothing(world: World):
    probe(world)
    count = asked(world)

    assert probe(world) == []
    assert asked(world) == count


def test_a_poll_that_waited_until_sync_was_switched_off_asks_nothing(world: World):
    with world.transactions.writing() as session:
        session.get_one(SyncSettings, 1).enabled = False

    assert probe(world) == []
    assert asked(world) == 0


def test_a_doubled_run_asks_nothing_and_changes_nothing_h46(world: World):
    stirred = meet(world, "room7")
    probe(world)
    assert world.worker.run(stirred) is True
    count = asked(world)

    assert world.worker.run(stirred) is False
    assert asked(world) == count


def test_rooms_that_wait_or_run_already_are_not_probed(world: World):
    set_mailbox(world, "room1", wanted=Mailbox.wanted + 1)
    set_mailbox(world, "room2", not_before=world.now() + timedelta(seconds=5))
    far = world.now() + timedelta(days=3650)
    set_mailbox(world, "room3", claim_owner="another", claim_expires_at=far)

    assert probe(world) == []
    assert sum(request.in_batch for request in world.tenant.requests) == 42
