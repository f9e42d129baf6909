"""What delta forgets to tell: a full run repairs it, and says how much it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.sync.checks import assert_quiet, assert_same, invite, put, reservations
from tests.sync.world import World
from webapp.domain.words import RunKind
from webapp.models import DeltaSession, RoomRun
from worker.graph.calendar import GraphCalendar
from worker.schedule import REANCHOR

WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 6},
}


def delta_drops(world: World, room: str = "alder") -> None:
    """Delta will never tell what has changed since the room's last round: its link stands behind that already."""
    calendar = GraphCalendar(world.client, world.address(room))
    with world.transactions.writing() as session:
        row = session.scalars(
            select(DeltaSession).where(DeltaSession.mailbox_id == world.mailbox_id(room), DeltaSession.active)
        ).one()
        link = row.delta_link
        while link is not None:
            page = calendar.follow(link)
            link = page.next_link
        row.delta_link = page.delta_link


def run_fully(world: World, room: str = "alder") -> int | None:
    """A full run of the room; the drift that its page shows, which must be what the run says."""
    world.want(room, full=True)
    world.run()
    with world.transactions.reading() as session:
        last = session.scalars(select(RoomRun).where(RoomRun.kind == RunKind.FULL).order_by(RoomRun.id)).all()[-1]
        shown = world.room(room).drift_count
        assert shown is None or shown == last.drift
        return shown


def dates_there(world: World, room: str = "alder") -> list[tuple[datetime, datetime]]:
    """When the room's calendar is taken in the next year, the dates of series one by one."""
    rows = world.tenant.occurrences(world.address(room), world.now(), world.now() + timedelta(days=360))
    return sorted((row["start"], row["end"]) for row in rows if not row["is_cancelled"])


def full_room(world: World) -> tuple[object, object, object]:
    """A room with a reservation of ours, a delegate's event, a person's meeting and a series."""
    world.add_room("alder")
    world.book("alder", "Ours", world.at(10))
    event = put(world, "alder", "Delegate's", world.at(12))
    meeting = invite(world, "alder", "Budget", world.at(14))
    series = invite(world, "alder", "Weekly", world.at(9, 30), recurrence=WEEKLY)
    world.run()
    world.tenant.advance(120)
    world.run()
    return event, meeting, series


def change(world: World, *events: object) -> None:
    world.tenant.as_delegate(world.address("alder")).change(events[0], subject="Another title")


def move(world: World, *events: object) -> None:
    span = world.at(17)
    world.tenant.as_person(world.address("ada")).change(events[1], start=span.start, end=span.end)


def delete(world: World, *events: object) -> None:
    world.tenant.as_delegate(world.address("alder")).delete(events[0])


def add(world: World, *_events: object) -> None:
    put(world, "alder", "New", world.at(20))


def move_a_date(world: World, *events: object) -> None:
    day = datetime(2026, 12, 8, tzinfo=UTC)
    world.tenant.as_person(world.address("ada")).change_occurrence(
        events[2], day.date(), start=day + timedelta(hours=18), end=day + timedelta(hours=19)
    )


def cancel_a_date(world: World, *events: object) -> None:
    world.tenant.as_person(world.address("ada")).cancel_occurrence(events[2], date(2026, 12, 1))


def move_far_away(world: World, *events: object) -> None:
    far = world.at(24 * 500)
    world.tenant.as_delegate(world.address("alder")).change(events[0], start=far.start, end=far.end)


SILENTLY = [change, move, delete, add, move_a_date, cancel_a_date, move_far_away]


@pytest.mark.parametrize("act", SILENTLY, ids=lambda act: act.__name__)
def test_what_delta_dropped_is_repaired_by_a_full_run_and_counted_as_drift(
    world: World, act: Callable[..., None]
) -> None:
    events = full_room(world)
    act(world, *events)
    world.tenant.settle()
    delta_drops(world)
    before = world.slots_here("alder"), world.titles_here("alder")
    world.run()
    assert (world.slots_here("alder"), world.titles_here("alder")) == before, "delta told of it after all"
    assert run_fully(world) == 1
    assert (world.slots_here("alder"), world.titles_here("alder")) != before
    if act is not move_far_away:
        assert world.slots_here("alder") == dates_there(world)
    assert run_fully(world) == 0
    assert world.writes() == 1
    assert_quiet(world)


@pytest.mark.parametrize("act", SILENTLY, ids=lambda act: act.__name__)
def test_what_delta_tells_in_time_or_a_moment_later_is_no_drift(world: World, act: Callable[..., None]) -> None:
    events = full_room(world)
    act(world, *events)
    world.tenant.settle()
    assert run_fully(world) == 0
    assert_quiet(world)


@pytest.mark.parametrize("act", SILENTLY, ids=lambda act: act.__name__)
def test_reads_that_lag_are_no_drift(world: World, act: Callable[..., None]) -> None:
    events = full_room(world)
    world.tenant.faults.lag(world.address("alder"), 1)
    act(world, *events)
    world.want("alder", full=True)
    world.worker.run(world.mailbox_id("alder"))
    assert world.room("alder").drift_count == 0
    world.tenant.advance(120)
    world.run()
    assert run_fully(world) == 0
    assert_quiet(world)


def test_our_own_writes_and_a_weeks_new_window_are_no_drift(world: World) -> None:
    full_room(world)
    for number in (355, 356, 358, 362):
        put(world, "alder", f"Day {number}", world.at(24 * number - 1, 1))
    put(
        world,
        "alder",
        "Endless",
        world.at(7, 30),
        recurrence={**WEEKLY, "range": {**WEEKLY["range"], "type": "noEnd"}},
    )
    world.run()
    for _ in range(4):
        world.tenant.advance(REANCHOR.total_seconds())
        made = world.book("alder", "At once", world.at(22))
        assert run_fully(world) == 0
        world.change(made, title="Changed")
        assert run_fully(world) == 0
    assert_quiet(world)


def test_a_full_run_because_the_link_died_counts_nothing(world: World) -> None:
    """What a dead link would have told is not silent."""
    event, *_ = full_room(world)
    change(world, event)
    world.tenant.faults.add("delta", "410")
    world.run()
    assert world.room("alder").drift_count is None
    assert "Another title" in [r.meeting.title for r in reservations(world, "alder")]
    with world.transactions.writing() as session:
        session.execute(update(DeltaSession).values(delta_link="https://elsewhere.example/"))
    assert run_fully(world) is None


def test_sync_all_finds_the_drift_of_each_room_alone(world: World) -> None:
    full_room(world)
    world.add_room("birch")
    world.run()
    for number in range(3):
        put(world, "birch", f"Missed {number}", world.at(2 * number))
    delta_drops(world, "birch")
    world.want("alder", full=True)
    world.want("birch", full=True)
    world.run()
    assert (world.room("alder").drift_count, world.room("birch").drift_count) == (0, 3)
    assert world.room("birch").drift_at == world.room("birch").last_synced_at
    assert_same(world, "birch")
