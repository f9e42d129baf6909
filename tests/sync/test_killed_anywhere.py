"""The worker dies at every moment of a run; the next one brings the same end, with no write more (H09, H35, H80).

A scenario is prepared and synced, something happens, and a run follows to its end; at each of its moments that leaves
something else behind than the last one, a fork shows how it ends if the worker dies there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from tests.sync import beginnings
from tests.sync.afterlife import Ends, after_death, differences
from tests.sync.checks import assert_quiet, invite, ours_there, put, reservations
from tests.sync.dying import Killed
from tests.sync.moments import MomentousTransactions, Moments, die_at
from tests.sync.oracle import live_there
from tests.sync.remains import Remains
from tests.sync.world import World
from tests.tenant import Booked, RequestInfo
from webapp.models import Conflict, Outbox, Reservation

RULE = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 4},
}


@dataclass
class Stage:
    """What the scenarios stand on: a room with one of ours, one of a delegate's and one of Ada's, all synced."""

    world: World
    ours: int
    delegates: Booked
    adas: Booked
    series: Booked

    @property
    def delegate(self) -> Any:
        """Somebody in the room's calendar."""
        return self.world.tenant.as_delegate(self.world.address("alder"))

    @property
    def ada(self) -> Any:
        """Somebody in her own."""
        return self.world.tenant.as_person(self.world.address("ada"))

    def our_event(self) -> Booked:
        """The event of our reservation."""
        [event] = [e for e in ours_there(self.world, "alder") if e["subject"] == "Ours"]
        return self.world.tenant.booked(self.world.address("alder"), event["immutable_id"])

    def theirs(self) -> Reservation:
        """The reservation of the delegate's event."""
        return next(r for r in reservations(self.world, "alder") if r.meeting.title == "Theirs")


def set_stage(moments: Moments) -> Stage:
    world = World(wrap_transactions=lambda engine: MomentousTransactions(engine, moments))
    world.tenant.add_person(world.address("ada"), "Ada")
    world.tenant.switches.replays = 0.0
    things = beginnings.begin(world, "something of everybody", fill)
    world.tenant.on_request(moments.on_request)
    return Stage(world, *things)


def fill(world: World) -> tuple[int, Booked, Booked, Booked]:
    """One meeting of each kind, known on both sides."""
    world.add_room("alder")
    ours = world.book("alder", "Ours", world.at(10))
    delegates = put(world, "alder", "Theirs", world.at(12))
    adas = invite(world, "alder", "Adas", world.at(14))
    series = invite(world, "alder", "Series", world.at(16), recurrence=RULE)
    world.run()
    world.tenant.advance(400)
    return ours, delegates, adas, series


# -- what happens


def nothing(_stage: Stage) -> None:
    """Only a full run."""


def book(stage: Stage) -> None:
    stage.world.book("alder", "New", stage.world.at(20))


def book_three(stage: Stage) -> None:
    for number in range(3):
        stage.world.book("alder", f"New {number}", stage.world.at(20 + number))


def book_a_private_day(stage: Stage) -> None:
    stage.world.book("alder", "New", stage.world.at(40, 180), is_private=True)


def rename(stage: Stage) -> None:
    stage.world.change(stage.ours, title="Renamed")


def move(stage: Stage) -> None:
    stage.world.change(stage.ours, span=stage.world.at(20))


def cancel(stage: Stage) -> None:
    stage.world.cancel(stage.ours)


def cancel_and_book_the_same_slot(stage: Stage) -> None:
    stage.world.cancel(stage.ours)
    stage.world.book("alder", "Instead", stage.world.at(10))


def edit_a_delegates(stage: Stage) -> None:
    stage.world.change(stage.theirs().id, title="Ours now", span=stage.world.at(21))


def cancel_a_delegates(stage: Stage) -> None:
    stage.world.cancel(stage.theirs().id)


def a_delegate_books(stage: Stage) -> None:
    put(stage.world, "alder", "New", stage.world.at(20))


def a_delegate_changes_ours(stage: Stage) -> None:
    span = stage.world.at(20)
    stage.delegate.change(stage.our_event(), subject="Changed", start=span.start, end=span.end)


def a_delegate_deletes_ours(stage: Stage) -> None:
    stage.delegate.delete(stage.our_event())


def ada_invites(stage: Stage) -> None:
    invite(stage.world, "alder", "New", stage.world.at(20))


def ada_moves(stage: Stage) -> None:
    span = stage.world.at(20)
    stage.ada.change(stage.adas, start=span.start, end=span.end)


def ada_cancels(stage: Stage) -> None:
    stage.ada.cancel(stage.adas)


def ada_cancels_a_date(stage: Stage) -> None:
    stage.ada.cancel_occurrence(stage.series, date(2026, 12, 1))


def ada_cancels_the_series(stage: Stage) -> None:
    stage.ada.cancel(stage.series)


def ada_makes_a_series(stage: Stage) -> None:
    invite(stage.world, "alder", "New", stage.world.at(20), recurrence=RULE)


def both_change_different_groups(stage: Stage) -> None:
    span = stage.world.at(20)
    stage.delegate.change(stage.our_event(), start=span.start, end=span.end)
    stage.world.change(stage.ours, title="Renamed")


def both_change_the_time(stage: Stage) -> None:
    span = stage.world.at(20)
    stage.delegate.change(stage.our_event(), start=span.start, end=span.end)
    stage.world.change(stage.ours, span=stage.world.at(21))


def edited_there_cancelled_here(stage: Stage) -> None:
    stage.delegate.change(stage.our_event(), subject="Important")
    stage.world.cancel(stage.ours)


def deleted_there_edited_here(stage: Stage) -> None:
    stage.delegate.delete(stage.our_event())
    stage.world.change(stage.ours, title="Renamed")


def the_slot_is_taken(stage: Stage) -> None:
    put(stage.world, "alder", "First", stage.world.at(20))
    stage.world.tenant.advance(1)
    stage.world.book("alder", "Second", stage.world.at(20))


def a_stranger_slips_in(stage: Stage) -> None:
    """He books just before our POST arrives."""
    came: list[Booked] = []

    def slip(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.op == "create" and not came:
            came.append(put(stage.world, "alder", "First", stage.world.at(20)))
            stage.world.tenant.advance(1)

    stage.world.tenant.on_request(slip)
    stage.world.book("alder", "Second", stage.world.at(20))


def a_stranger_books_over_ours(stage: Stage) -> None:
    put(stage.world, "alder", "Over", stage.world.at(10.5))


def two_change_places(stage: Stage) -> None:
    world, other = stage.world, stage.theirs().id
    world.change(stage.ours, span=world.at(30))
    world.change(other, span=world.at(10))
    world.change(stage.ours, span=world.at(12))


def a_create_is_lost(stage: Stage) -> None:
    stage.world.tenant.faults.add("create", "T+")
    book(stage)


def a_create_is_lost_before(stage: Stage) -> None:
    stage.world.tenant.faults.add("create", "T-")
    book(stage)


def a_change_is_lost(stage: Stage) -> None:
    stage.world.tenant.faults.add("patch", "T+")
    rename(stage)


def a_cancel_is_lost(stage: Stage) -> None:
    stage.world.tenant.faults.add("delete", "T+")
    cancel(stage)


def the_token_dies(stage: Stage) -> None:
    stage.world.tenant.faults.add("delta", "410")
    rename(stage)
    a_delegate_books(stage)


def everything_at_once(stage: Stage) -> None:
    rename(stage)
    book(stage)
    ada_cancels(stage)
    stage.delegate.change(stage.delegates, subject="Changed")


EVERYWHERE: tuple[Callable[[Stage], None], ...] = (
    book,
    move,
    cancel,
    cancel_and_book_the_same_slot,
    edit_a_delegates,
    a_delegate_books,
    a_delegate_changes_ours,
    a_delegate_deletes_ours,
    ada_moves,
    ada_cancels,
    ada_cancels_a_date,
    ada_cancels_the_series,
    both_change_the_time,
    edited_there_cancelled_here,
    deleted_there_edited_here,
    the_slot_is_taken,
    a_stranger_slips_in,
    a_create_is_lost,
    a_change_is_lost,
    a_cancel_is_lost,
    the_token_dies,
)
HERE_AND_THERE: tuple[Callable[[Stage], None], ...] = (
    nothing,
    book_three,
    book_a_private_day,
    rename,
    cancel_a_delegates,
    ada_invites,
    ada_makes_a_series,
    both_change_different_groups,
    a_stranger_books_over_ours,
    two_change_places,
    a_create_is_lost_before,
    everything_at_once,
)
"""Scenarios that are much like others, or long: every fifth of these moments is tried."""


# -- the run, and its end


def final_state(world: World) -> dict[str, Any]:
    """All that people can see of both sides, and what waits."""
    with world.transactions.reading() as session:
        here = [
            (
                row.meeting.title,
                row.cancelled_at is None,
                row.withdrawn_at is None,
                str(row.sync_state),
                sorted((o.starts_at, o.ends_at, o.blocks) for o in row.occurrences),
            )
            for row in session.scalars(select(Reservation))
        ]
        conflicts = [
            (str(c.kind), c.prevailed, c.ended_at is None)
            for c in session.scalars(select(Conflict))
            if c.kind != "overlap" or c.ended_at is None  # two that met for a moment and parted leave a trace or none
        ]
        waiting = sorted((row.reservation_id, row.parked) for row in session.scalars(select(Outbox)))
    there = [(e["subject"], e["start"], e["end"], e["type"], e["missing"]) for e in live_there(world, "alder")]
    holds = sorted((str(h.kind), sorted(str(a.reservation_id) for a in h.actions)) for h in world.holds())
    return {
        "here": sorted(here),
        "there": sorted(there, key=repr),
        "holds": holds,
        "conflicts": sorted(conflicts),
        "waiting": waiting,
        "writes": world.writes(),
        "mails": len(world.tenant.mails),
    }


def end_of(world: World, worker: str, number: int = 0) -> dict[str, Any]:
    """The end that this worker brings about; whether it is quiet then is looked at for every third moment."""
    world.worker = world.new_worker(worker)
    world.run()
    end = final_state(world)
    if number % 3 == 0:
        assert_quiet(world, kinds=(False,))
    return end


def play(scenario: Callable[[Stage], None], stride: int, *, again: bool = False) -> tuple[dict[str, Any], Ends]:
    """One run of a scenario, and how it would have ended had the worker died: at every so manieth moment.

    `again`: the next worker dies too, at the same distance from there.
    """
    moments = Moments()
    stage = set_stage(moments)
    world, ends, turn = stage.world, Ends(), count()

    def live_on(fatal: int) -> dict[str, Any]:
        if again:
            world.worker = world.new_worker("worker-2")
            with moments.counting(die_at(fatal)), suppress(Killed):
                world.run()
            world.expire_claims()
        return end_of(world, "worker-3", fatal)

    def die(number: int, before: str) -> None:
        if remains.are_new() and next(turn) % stride == 0:
            ends[f"died before {before}, moment {number}"] = after_death(world, lambda: live_on(number))

    try:
        scenario(stage)
        world.want("alder", full=scenario is nothing)
        remains = Remains(world)
        with moments.counting(die):
            world.run()
        remains.close()
        assert moments.passed > 4
        return end_of(world, "worker-3"), ends
    finally:
        world.close()


@pytest.mark.parametrize(
    ("scenario", "stride"),
    [*((one, 1) for one in EVERYWHERE), *((one, 5) for one in HERE_AND_THERE)],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
def test_a_worker_that_dies_at_any_moment_changes_nothing_of_the_end(
    scenario: Callable[[Stage], None], stride: int
) -> None:
    """3.3."""
    expected, ends = play(scenario, stride)
    assert ends
    assert differences(expected, ends) == {}


@pytest.mark.parametrize("scenario", [book, move, cancel, the_slot_is_taken], ids=lambda one: one.__name__)
def test_a_second_death_on_the_way_changes_nothing_either(scenario: Callable[[Stage], None]) -> None:
    """3.3: killed twice."""
    expected, ends = play(scenario, 4, again=True)
    assert ends
    assert differences(expected, ends) == {}
