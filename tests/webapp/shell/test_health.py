"""Health at a glance: signs of life, what waits, how fast changes travel, and the day as a picture."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.webapp.activity.test_activity import make_run
from tests.webapp.rooms.world import NOW, World, at, text_of, world
from webapp.domain.words import HoldKind, RoomState, RunKind, RunResult
from webapp.models import Hold, Link, Outbox, RunStep, WorkerHeartbeat
from webapp.overview.chart import bars
from webapp.overview.health import Hour

__all__ = ["world"]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def clock_seen(world: World, ago: timedelta) -> None:
    with world.rows() as session:
        session.merge(WorkerHeartbeat(process="clock:h:1", kind="clock", started_at=NOW - ago, seen_at=NOW - ago))


def step(
    world: World, room_id: int, reservation_id: int, action: str, when: Any = NOW, side: str = "here", **run: Any
) -> None:
    waited = {"waited": run.pop("waited")} if "waited" in run else {}
    run_id = make_run(world, room_id, **{"kind": RunKind.DELTA, "started_at": when} | run)
    ids = {"run_id": run_id, "room_id": room_id, "reservation_id": reservation_id}
    with world.rows() as session:
        session.add(RunStep(**ids, at=when, side=side, action=action, fields=waited))


def arrives(world: World, room_id: int, number: int, took: float, **run: Any) -> None:
    """A meeting made in Outlook so many seconds before it stood here."""
    imported = world.imported(room_id, at(number % 10 + 8, number % 10 + 9, day=number // 10), f"uid-{number}")
    with world.rows() as session:
        link = session.query(Link).filter_by(reservation_id=imported).one()
        made_at = (NOW - seconds(took)).isoformat()
        link.observed = {"created": made_at, "modified": made_at}
    step(world, room_id, imported, "import", **run)


def sent(world: World, room_id: int, number: int, took: float) -> None:
    """A reservation whose change stood in Outlook so many seconds after it was made here."""
    own = world.booking(room_id, at(number % 10 + 8, number % 10 + 9, day=number // 10))
    step(world, room_id, own, ("create", "patch", "delete")[number % 3], side="there", waited=took)


def test_it_says_when_sync_went_well_last_and_that_worker_and_clock_live(world: World) -> None:
    make_run(world, world.linked_room(), finished_at=NOW - seconds(8))
    make_run(world, world.linked_room("Birch"), RunResult.FAILED, finished_at=NOW - seconds(1))
    clock_seen(world, seconds(3))
    with world.rows() as session:
        session.query(WorkerHeartbeat).filter_by(kind="worker").one().seen_at = NOW - seconds(2)
    shown = text_of(world.get("/"))
    assert "Last good sync 8 s ago" in shown
    assert "Workers 1, seen 2 s ago" in shown
    assert "Clock Seen 3 s ago" in shown


def test_a_clock_that_is_gone_is_told_with_what_it_means(world: World) -> None:
    world.linked_room()
    clock_seen(world, timedelta(hours=2))
    assert "Clock Not seen since 23 Nov 2026, 07:00 UTC . Nobody asks Outlook for news until one runs." in text_of(
        world.get("/")
    )


def test_what_waits_is_told_with_the_oldest_and_what_a_person_has_to_decide(world: World) -> None:
    room_id = world.linked_room()
    own, other = world.booking(room_id, at(10, 11)), world.booking(room_id, at(11, 12))
    with world.rows() as session:
        session.query(Outbox).filter_by(reservation_id=own).one().written_at = NOW - timedelta(minutes=5)
        session.query(Outbox).filter_by(reservation_id=other).one().parked = True
    shown = text_of(world.get("/"))
    assert "Waiting 2 changes the oldest 5 min ago 1 of them waits for a person" in shown


def test_the_speed_of_changes_is_measured_both_ways(world: World) -> None:
    room_id = world.linked_room()
    for number, took in enumerate([1, 2, 2, 2, 9]):
        arrives(world, room_id, number, took)
        sent(world, room_id, number + 20, took / 10)
    shown = text_of(world.get("/"))
    assert "Outlook → here 2.0 s usually, 19 of 20 within 9.0 s p50 and p95 of 5 changes in 24 hours" in shown
    assert "Here → Outlook 0.2 s usually, 19 of 20 within 0.9 s p50 and p95 of 5 changes in 24 hours" in shown


def test_a_first_sync_and_what_is_older_than_a_day_say_nothing_of_the_speed(world: World) -> None:
    room_id = world.linked_room()
    arrives(world, room_id, 1, 9_000, kind=RunKind.FULL)
    arrives(world, room_id, 2, 9_000, when=NOW - timedelta(days=2))
    assert "Outlook → here No change in 24 hours" in text_of(world.get("/"))
    arrives(world, room_id, 3, 4)
    assert "Outlook → here Too few to say 1 change in 24 hours" in text_of(world.get("/"))


def test_a_title_that_was_looked_up_later_says_nothing_of_the_speed(world: World) -> None:
    room_id = world.linked_room()
    step(world, room_id, world.imported(room_id), "change")
    assert "Outlook → here No change in 24 hours" in text_of(world.get("/"))


def test_an_event_that_changed_again_since_is_not_measured(world: World) -> None:
    room_id = world.linked_room()
    arrives(world, room_id, 1, -60)
    assert "Outlook → here No change in 24 hours" in text_of(world.get("/"))


def test_the_day_is_told_in_numbers_and_as_a_picture_with_words(world: World) -> None:
    room_id = world.linked_room()
    make_run(world, room_id, changed_here=3, changed_there=1)
    make_run(world, room_id, changed_here=2, started_at=NOW - timedelta(hours=5))
    make_run(world, room_id, RunResult.FAILED, started_at=NOW - timedelta(hours=5), code="unavailable")
    make_run(world, room_id, changed_here=90, started_at=NOW - timedelta(hours=25))
    page = world.get("/")
    shown = text_of(page)
    assert "1 sent to Outlook" in shown and "5 read from Outlook" in shown
    assert "Sent most at 09:00 UTC with 1, Read most at 09:00 UTC with 3" in page.text
    assert "1 run failed" in shown


def test_bars_grow_with_their_numbers_and_the_smallest_is_still_seen() -> None:
    hours = [Hour(NOW, here, there, 0) for here, there in ((0, 0), (1, 0), (1_000, 500))]
    nothing, small, large = bars(hours).bars
    assert (nothing.up, nothing.down) == (0, 0)
    assert small.down == 3.0
    assert (large.down, large.up) == (80.0, 40.0)


def test_the_latest_changes_are_named_and_private_ones_stay_private(world: World) -> None:
    room_id = world.linked_room()
    step(world, room_id, world.booking(room_id, at(10, 11), title="Works committee"), "create")
    step(world, room_id, world.imported(room_id, is_private=True, title="Secret"), "import")
    shown = text_of(world.get("/")).split("Latest Activity")[1]
    assert shown.index("Private Alder") < shown.index("Works committee Alder")
    assert "Secret" not in shown


@pytest.mark.parametrize("busy", [False, True])
def test_the_overview_costs_at_most_twelve_queries(world: World, count_queries: Any, busy: bool) -> None:
    room_id = world.linked_room("Alder", RoomState.ERROR, sync_code="unavailable")
    if busy:
        for number in range(6):
            arrives(world, room_id, number, 1)
            sent(world, room_id, number + 20, 1)
        with world.rows() as session:
            session.add(Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW))
    with count_queries() as seen:
        world.get("/")
    assert len(seen) <= 12
