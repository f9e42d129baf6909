"""This and following: two series, each date once at every moment, and taken back where the second cannot be made."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.sync.checks import assert_quiet, decide, once, put
from tests.sync.series_world import (
    Here,
    dates_here,
    dates_there,
    series_here,
    week,
    weekly,
    written,
)
from tests.sync.world import World
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import ChangedDate
from webapp.domain.wall import WallTimes
from webapp.domain.words import SPLIT_REFUSED, Choice, HoldKind, SyncState

AT_TWO = WallTimes(time(14), time(15))
ELSEWHERE = datetime(2026, 12, 17, 14, tzinfo=UTC)


def whole(world: World) -> Here:
    """Six Tuesdays; of those that will follow one is elsewhere and one is cancelled."""
    here = Here(world)
    here.book(weekly())
    here.move(week(3), ELSEWHERE)
    here.cancel(week(4))
    world.run()
    return here


@pytest.fixture
def here(world: World) -> Here:
    """Such a series in Alder's calendar."""
    world.begin_with("alder")
    return whole(world)


def held(world: World, hours: int) -> list[str]:
    """Original dates there that begin at this hour, UTC."""
    return [original for original, start, _, _ in dates_there(world) if start.hour == hours]


def test_it_is_a_cut_and_a_create_and_what_differs_from_it_h23(world: World, here: Here) -> None:
    before = len(written(world))
    tail = here.follow(week(2), weekly(4, first=week(2)), "Later")
    world.run()
    assert written(world, before) == ["PATCH patch", "POST create", "DELETE delete", "PATCH patch"]
    assert (held(world, 8), held(world, 14)) == ([week(n).isoformat() for n in (0, 1, 2, 5)], [week(3).isoformat()])
    assert dates_here(world) == dates_there(world)
    assert [one and one.cancelled for one in series_here(world)] == [frozenset(), frozenset({week(4)})]
    assert world.reservation(tail.reservation_id).meeting.split_of_id is None
    assert not world.conflicts()
    assert_quiet(world)


def test_the_dates_that_follow_are_never_free_and_never_twice_meanwhile(world: World, here: Here) -> None:
    wanted = {week(n).isoformat() for n in (0, 1, 2, 3, 5)}
    wrong: list[list[str]] = []
    looks: list[int] = []

    def look(_phase: str, info: Any) -> None:
        here_now = [original for original, _, _, _ in dates_here(world)]
        looks.append(info.number)
        if sorted(here_now) != sorted(wanted):
            wrong.append(here_now)

    here.follow(week(2), weekly(4, AT_TWO, first=week(2)))
    world.tenant.on_request(look)
    world.run()
    assert looks and not wrong


def test_a_tail_that_outlook_refuses_leaves_the_series_whole_and_a_person_is_told(world: World, here: Here) -> None:
    before = dates_there(world)
    here.follow(week(2), weekly(4, AT_TWO, first=week(2)))
    world.tenant.faults.add("create", "400", times=1)
    world.run()
    assert dates_there(world) == before
    assert dates_here(world) == before
    [series] = series_here(world)
    assert series is not None and series.cancelled == {week(4)}
    assert series.exceptions == (ChangedDate(week(3), Timed(ELSEWHERE, ELSEWHERE + timedelta(hours=1))),)
    row = world.reservation(here.reservation_id)
    assert (row.sync_state, row.sync_code) == (SyncState.SYNCED, SPLIT_REFUSED)
    [hold] = world.holds()
    assert [one.action for one in hold.actions] == ["split_refused"]
    assert_quiet(world)

    decide(world, Choice.LEAVE_HERE, HoldKind.SLOT_TAKEN)
    world.run()
    assert not world.holds() and world.reservation(here.reservation_id).sync_code is None
    assert_quiet(world)


def test_a_tail_whose_dates_outlook_has_all_taken_is_taken_back(world: World, here: Here) -> None:
    before = dates_there(world)
    here.follow(week(5), weekly(1, AT_TWO, first=week(5)))
    taken = datetime(2026, 12, 29, 13, tzinfo=UTC)
    put(world, "alder", "In the way", Timed(taken, taken + timedelta(hours=1)))
    world.run()
    assert dates_there(world) == before
    assert dates_here(world) == before
    assert [one.kind for one in world.holds()] == [HoldKind.SLOT_TAKEN]
    assert_quiet(world)


def test_a_tail_without_a_place_whose_head_was_cancelled_is_held_and_not_dropped(world: World, here: Here) -> None:
    """There is no series left that it could be taken back into; somebody wants it all the same."""
    tail = here.follow(week(5), weekly(1, AT_TWO, first=week(5)))
    taken = datetime(2026, 12, 29, 13, tzinfo=UTC)
    put(world, "alder", "In the way", Timed(taken, taken + timedelta(hours=1)))
    world.cancel(here.reservation_id)
    world.run()
    row = world.reservation(tail.reservation_id)
    assert (row.sync_state, row.cancelled_at) == (SyncState.HELD, None)
    assert [one.kind for one in world.holds()] == [HoldKind.SLOT_TAKEN]
    assert not [one for one in dates_there(world) if one[3]]
    assert_quiet(world)


def test_a_cut_that_outlook_refuses_makes_no_second_series(world: World, here: Here) -> None:
    before, count = dates_there(world), len(written(world))
    here.follow(week(2), weekly(4, AT_TWO, first=week(2)))
    world.tenant.faults.add("patch", "400", times=1)
    world.run()
    assert dates_there(world) == before
    assert dates_here(world) == before
    assert "POST create" not in written(world, count)
    assert [one.kind for one in world.holds()] == [HoldKind.SLOT_TAKEN]
    assert_quiet(world)


def test_all_dates_that_follow_are_cancelled_by_one_patch(world: World, here: Here) -> None:
    before = len(written(world))
    here.cancel_from(week(2))
    world.run()
    assert written(world, before) == ["PATCH patch"]
    assert [one[0] for one in dates_there(world)] == [week(0).isoformat(), week(1).isoformat()]
    assert dates_here(world) == dates_there(world)
    assert_quiet(world)


def test_what_is_booked_between_the_cut_and_the_tail_in_outlook_keeps_its_date(world: World, here: Here) -> None:
    taken = datetime(2026, 12, 15, 13, tzinfo=UTC)
    here.follow(week(2), weekly(4, AT_TWO, first=week(2)))
    met = once(
        world, "create", "before", lambda: put(world, "alder", "First", Timed(taken, taken + timedelta(hours=1)))
    )
    world.run()
    assert met
    assert held(world, 13) == [week(2).isoformat(), week(5).isoformat()]
    assert dates_here(world) == dates_there(world)
    assert [one.here.get("original") for one in world.conflicts()] == [week(3).isoformat()]
    assert_quiet(world)
