"""Bad days: the tenant is down for a while, and a mailbox comes back with other ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.words import RoomState, SyncState


@pytest.fixture
def world() -> Iterator[World]:
    """One room under sync, one person."""
    made = World()
    made.tenant.add_person(made.address("ada"), "Ada")
    made.begin_with("alder")
    yield made
    made.close()


def test_ten_minutes_without_microsoft_lose_nothing_and_cancel_nothing(world: World) -> None:
    """I2, I5, I8: both sides go on meanwhile; the room says so, and everything catches up by itself."""
    kept = world.book("alder", "Before", world.at(9))
    world.run()
    ada = world.tenant.as_person(world.address("ada"))
    world.tenant.faults.add("any", "drop", times=1_000_000)
    for minute in range(10):
        if minute == 2:
            world.book("alder", "Meanwhile here", world.at(11))
            world.change(kept, title="Before, renamed")
        if minute == 4:
            span = world.at(13)
            ada.book("Meanwhile there", span.start, span.end, rooms=[world.address("alder")])
        world.run_once("alder")
        world.tenant.advance(60)
    assert world.room("alder").sync_state is RoomState.ERROR
    assert world.room("alder").sync_code == "unavailable"
    assert len(world.slots_here("alder")) == 2, "nothing was cancelled, and what was booked meanwhile stands"

    world.tenant.faults.clear()
    world.run(patience=80)
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert len(world.slots_here("alder")) == 3
    assert {"Before, renamed", "Meanwhile here"} <= {event["subject"] for event in world.there("alder")}
    assert world.reservation(kept).sync_state is SyncState.SYNCED


def test_a_mailbox_that_comes_back_with_new_ids_is_adopted_and_nothing_is_deleted_in_it(world: World) -> None:
    """H15, H69: the ids of before lead nowhere; our own events are known by their mark, others by iCalUId."""
    ours = world.book("alder", "Ours", world.at(9))
    span = world.at(11)
    world.tenant.as_person(world.address("ada")).book("Hers", span.start, span.end, rooms=[world.address("alder")])
    world.run()
    before = world.slots_here("alder")
    world.tenant.renew_ids(world.address("alder"))
    writes = world.writes()
    world.want("alder", full=True)
    world.run(patience=80)
    world.want("alder", full=True)
    world.run(patience=80)
    assert world.slots_here("alder") == before
    assert world.writes() == writes, "nothing was written in the mailbox"
    assert world.reservation(ours).cancelled_at is None
    assert len(world.there("alder")) == 2


def test_a_row_that_waits_for_an_unsettled_write_makes_no_run(world: World) -> None:
    """H67: a create in doubt is looked for when its time comes, not every time the clock ticks."""
    world.tenant.faults.add("create", "T-")
    world.book("alder", "In doubt", world.at(9))
    world.run_once("alder")
    world.tenant.advance(3)
    assert world.due() == [world.mailbox_id("alder")], "the first look is due"
    world.worker.run(world.mailbox_id("alder"))
    assert world.due() == [], "the second look is 10 s away, and the row waits for it"


def test_a_create_that_never_gets_an_answer_is_said_to_fail_and_is_made_once_when_answers_come(world: World) -> None:
    """H35, I8: the same body and transactionId each time, ever more patiently; never a second incarnation."""
    world.tenant.faults.add("create", "T-", times=7)
    made = world.book("alder", "Patience", world.at(30))
    for _ in range(400):
        if world.reservation(made).sync_state is SyncState.FAILED:
            break
        world.run_once("alder")
        world.tenant.advance(5)
    assert world.reservation(made).sync_code == "no_answer"
    world.run(patience=200)
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert [event["transaction_id"].rsplit(".", 1)[1] for event in world.there("alder")] == ["1"]


def test_a_tenant_that_refuses_delta_is_read_by_listings(world: World) -> None:
    """H78: an end point that is documented and refused is not the end of the room."""
    span = world.at(9)
    world.tenant.as_delegate(world.address("alder")).book("Theirs", span.start, span.end)
    world.tenant.faults.add("delta", "501", times=1_000_000)
    world.want("alder", full=True)
    world.run()
    assert world.titles_here("alder") == ["Theirs"]
    assert world.room("alder").sync_state is RoomState.ACTIVE


def test_what_is_saved_while_a_room_runs_goes_out_with_that_run(world: World) -> None:
    """A save that comes too late for a run's first look is not left to the next round, 2 s later at the least."""
    made: list[int] = []

    def save_during_the_read(phase: str, request: RequestInfo) -> None:
        if phase == "after" and request.op == "delta" and not made:
            made.append(0)
            made[0] = world.book("alder", "Just now", world.at(9))

    stop = world.tenant.on_request(save_during_the_read)
    world.run_once("alder")
    stop()
    assert [event["subject"] for event in world.there("alder")] == ["Just now"]
