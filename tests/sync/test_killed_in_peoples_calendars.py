"""The worker dies at every moment while it works in people's calendars; the next one brings the same end (H35, H79).

As in `test_killed_anywhere`: each scenario is done once, with a fork in which the worker dies at every fourth moment
that leaves something else behind than the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from tests.sync import beginnings
from tests.sync.afterlife import Ends, after_death, differences
from tests.sync.checks import assert_quiet, reservations
from tests.sync.moments import MomentousTransactions, Moments
from tests.sync.oracle import live_there
from tests.sync.remains import Remains
from tests.sync.world import World
from webapp.models import Conflict, Outbox, Reservation
from webapp.reservations import service
from webapp.reservations.drafts import Draft

ROOMS = ("alder", "birch")


def set_stage(moments: Moments) -> World:
    """Two rooms and Ada's meeting in both; delegation and creating for owners are on."""
    world = World(wrap_transactions=lambda engine: MomentousTransactions(engine, moments))
    world.tenant.switches.replays = 0.0
    for name in ("ada", "bob"):
        world.tenant.add_person(world.address(name), name.title())
    beginnings.begin(world, "a meeting of Ada's in both rooms", fill)
    world.tenant.on_request(moments.on_request)
    return world


def fill(world: World) -> None:
    """Ada's meeting, known on both sides."""
    for name in ROOMS:
        world.add_room(name)
    world.set_modes(delegation=True, create=True)
    span = world.at(14)
    world.tenant.as_person(world.address("ada")).book(
        "Adas", span.start, span.end, rooms=[world.address(name) for name in ROOMS], guests=["guest@else.example"]
    )
    world.run()
    world.tenant.advance(400)
    world.run()


def adas(world: World, room: str = "alder") -> Reservation:
    return next(row for row in reservations(world, room) if row.meeting.title == "Adas")


def book_for_bob(world: World) -> None:
    bob = world.address("bob")
    world.book("alder", "Bobs", world.at(18), owner_name="Bob", owner_email=bob, in_owner_calendar=True)


def its_answer_is_lost(world: World) -> None:
    world.tenant.faults.add("create", "T+")
    book_for_bob(world)


def its_request_is_lost(world: World) -> None:
    world.tenant.faults.add("create", "T-")
    book_for_bob(world)


def change(world: World) -> None:
    reservation = adas(world)
    draft = Draft(reservation.room_id, "Moved", world.at(20), owner_email=world.address("ada"))
    with world.transactions.writing() as session:
        row = session.get_one(Reservation, reservation.id)
        service.change(session, row.id, draft, row.meeting.revision, "Ines", world.now())


def the_answer_of_a_change_is_lost(world: World) -> None:
    world.tenant.faults.add("patch", "T+")
    change(world)


def leave_one_room(world: World) -> None:
    world.cancel(adas(world).id)


def cancel_all(world: World) -> None:
    world.act(adas(world).id, "cancel_meeting")


def the_answer_of_a_cancel_is_lost(world: World) -> None:
    world.tenant.faults.add("cancel", "T+")
    cancel_all(world)


def decline_for_the_room(world: World) -> None:
    world.set_modes()
    world.act(adas(world).id, "decline")


def the_answer_of_a_decline_is_lost(world: World) -> None:
    world.tenant.faults.add("respond", "T+")
    decline_for_the_room(world)


SCENARIOS: tuple[Callable[[World], None], ...] = (
    book_for_bob,
    its_answer_is_lost,
    its_request_is_lost,
    change,
    the_answer_of_a_change_is_lost,
    leave_one_room,
    cancel_all,
    the_answer_of_a_cancel_is_lost,
    decline_for_the_room,
    the_answer_of_a_decline_is_lost,
)


def final_state(world: World) -> dict[str, Any]:
    """All that people can see of all sides, and what waits. A repeated cancel or decline has no further effect."""
    with world.transactions.reading() as session:
        here = [
            (
                row.room.name,
                row.meeting.title,
                row.cancelled_at is None,
                str(row.sync_state),
                row.pending_time,
                sorted((o.starts_at, o.ends_at, o.blocks) for o in row.occurrences),
            )
            for row in session.scalars(select(Reservation))
        ]
        conflicts = [(str(c.kind), c.prevailed) for c in session.scalars(select(Conflict)) if c.ended_at is None]
        waiting = sorted((str(row.kind), row.parked) for row in session.scalars(select(Outbox)))
    there = [
        (name, event["subject"], event["start"], event["response"])
        for name in (*ROOMS, "ada", "bob")
        for event in live_there(world, name)
    ]
    return {
        "here": sorted(here, key=repr),
        "there": sorted(there, key=repr),
        "holds": [str(hold.kind) for hold in world.holds()],
        "conflicts": conflicts,
        "waiting": waiting,
    }


def end_of(world: World, before: int, *, look_on: bool = True) -> dict[str, Any]:
    """The end that another worker brings about, and the writes that had an effect until then; `look_on`: it is quiet
    after that."""
    world.worker = world.new_worker("worker-2")
    for _ in range(2):
        world.run(patience=80)
    end = final_state(world)
    if look_on:
        assert_quiet(world, kinds=(False,))
    return end | {"writes": world.writes() - before}


def play(scenario: Callable[[World], None]) -> tuple[dict[str, Any], Ends]:
    """One run of a scenario: its end, and how it would have ended had the worker died, by where."""
    moments = Moments()
    world = set_stage(moments)
    ends: Ends = {}
    turns = count()
    try:
        scenario(world)
        before = world.writes()
        remains = Remains(world)

        def die(number: int, what: str) -> None:
            turn = next(turns) if remains.are_new() else 0
            if turn % 4 == 1:
                end = after_death(world, lambda: end_of(world, before, look_on=turn % 8 == 1))
                ends[f"died before {what}, moment {number}"] = end

        with moments.counting(die):
            world.run(patience=80)
        remains.close()
        assert moments.passed > 4
        return end_of(world, before), ends
    finally:
        world.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_a_worker_that_dies_in_a_persons_calendar_changes_nothing_of_the_end(
    scenario: Callable[[World], None],
) -> None:
    expected, ends = play(scenario)
    assert expected["writes"] == 1
    assert ends
    assert differences(expected, ends) == {}
