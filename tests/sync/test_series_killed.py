"""Workers that die while a change of a series is sent: whoever goes on comes to the same end (H23, H79)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.sync import beginnings
from tests.sync.afterlife import after_death
from tests.sync.moments import MomentousTransactions, Moments
from tests.sync.series_world import Here, dates_here, dates_there, week, weekly, written
from tests.sync.world import World
from webapp.domain.wall import WallTimes

AT_TWO = WallTimes(time(14), time(15))
ELSEWHERE = datetime(2026, 12, 3, 17, tzinfo=UTC)


def split(here: Here) -> None:
    """From the third date on it is later; one of those that follow does not take place."""
    here.follow(week(2), weekly(4, AT_TWO, first=week(2)), without=frozenset({week(4)}))


def shift_move_and_cancel(here: Here) -> None:
    """All are later, one is elsewhere, one does not take place."""
    here.change(weekly(times=AT_TWO), "Later")
    here.move(week(1), ELSEWHERE, title="Later")
    here.cancel(week(3))


def cancel_all(here: Here) -> None:
    """None takes place."""
    here.world.cancel(here.reservation_id)


def is_write(what: str) -> bool:
    """Whether a moment is a request that changes something."""
    return what.startswith(("POST", "PATCH", "DELETE"))


@pytest.mark.parametrize(
    ("scenario", "owner", "deaths"),
    [(split, "", 6), (split, "ada", 6), (shift_move_and_cancel, "", 6), (cancel_all, "", 2)],
)
def test_a_worker_that_dies_at_any_write_of_a_series_leaves_it_to_the_next_to_end_it(
    scenario: Callable[[Here], None], owner: str, deaths: int
) -> None:
    """In a fork before each write of the run that sends it, and before the commit that follows it."""
    moments, ends, last = Moments(), dict[str, Any](), ""
    world = World(wrap_transactions=lambda engine: watched(engine, moments))
    try:
        here = prepared(world, owner)
        scenario(here)
        world.tenant.on_request(moments.on_request)

        def end() -> Any:
            world.worker = world.new_worker("worker-2")
            world.run(patience=60)
            writes = len(written(world))
            world.run()
            return dates_there(world), dates_here(world), len(world.holds()), len(written(world)) - writes

        def die(number: int, what: str) -> None:
            nonlocal last
            if is_write(what) or (what == "commit" and is_write(last)):
                ends[f"{number} {what}"] = after_death(world, end)
            last = what

        with moments.counting(die):
            world.run()
        expected = end()
        assert expected[0] == expected[1] and expected[2:] == (0, 0)
        assert len(ends) == deaths
        assert {where: one for where, one in ends.items() if one != expected} == {}
    finally:
        world.close()


def watched(engine: Engine, moments: Moments) -> MomentousTransactions:
    """Transactions whose commits are moments."""
    return MomentousTransactions(engine, moments)


def prepared(world: World, owner: str) -> Here:
    """Six Tuesdays in Alder's calendar, or in that of a person who invites Alder."""
    address = world.address(owner) if owner else ""

    def fill(world: World) -> int:
        world.add_room("alder")
        if owner:
            world.tenant.add_person(address, owner.title())
            world.set_modes(delegation=True, create=True)
        world.run()
        here = Here(world, owner=address)
        here.book(weekly())
        world.run()
        return here.reservation_id

    return Here(world, beginnings.begin(world, ("six Tuesdays", owner), fill), owner=address)
