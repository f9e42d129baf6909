"""Series of people in the room: every date as the room's calendar has it, and nothing else (H03, H04, H21, H22)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.sync.checks import assert_quiet, invite, reservations
from tests.sync.world import World
from tests.tenant import Booked
from webapp.domain.words import MeetingKind
from webapp.errors import Refused

TUESDAYS = [date(2026, 11, 24) + timedelta(weeks=n) for n in range(6)]
RULE: dict[str, Any] = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 6},
}


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def weekly(world: World, **more: Any) -> Booked:
    """Ada's six Tuesdays from 9 to 10."""
    world.begin_with("alder")
    series = invite(world, "alder", "Weekly", world.at(9), recurrence=RULE, **more)
    world.run()
    return series


def starts(world: World, room: str = "alder") -> list[datetime]:
    return [start for start, _ in world.slots_here(room)]


def ada(world: World) -> Any:
    return world.tenant.as_person(world.address("ada"))


def test_a_series_is_one_meeting_with_all_its_dates(world: World) -> None:
    weekly(world)
    [here] = reservations(world, "alder")
    assert here.meeting.kind is MeetingKind.SERIES
    assert starts(world) == [at(day, 9) for day in TUESDAYS]
    assert [o.original_start for o in here.occurrences] == [day.isoformat() for day in TUESDAYS]
    with pytest.raises(Refused):
        world.cancel(here.id)
    assert_quiet(world)


def test_a_series_that_was_there_before_the_link_comes_in_whole(world: World) -> None:
    world.add_room("alder", link=False)
    invite(world, "alder", "Weekly", world.at(9), recurrence=RULE)
    world.tenant.settle()
    world.link("alder")
    world.run()
    assert starts(world) == [at(day, 9) for day in TUESDAYS]
    assert_quiet(world)


def test_a_date_that_is_called_off_is_free_and_the_others_stay(world: World) -> None:
    """H04."""
    series = weekly(world)
    ada(world).cancel_occurrence(series, TUESDAYS[2])
    world.run()
    assert starts(world) == [at(day, 9) for day in TUESDAYS if day != TUESDAYS[2]]
    made = world.book("alder", "Instead", world.at(9 + 24 * 14))
    world.run()
    assert world.reservation(made).sync_state == "synced"
    assert_quiet(world)


def test_a_date_that_is_moved_blocks_where_it_went(world: World) -> None:
    series = weekly(world)
    ada(world).change_occurrence(series, TUESDAYS[1], start=at(TUESDAYS[1], 14), end=at(TUESDAYS[1], 15))
    world.run()
    assert starts(world) == [at(day, 14 if day == TUESDAYS[1] else 9) for day in TUESDAYS]
    [here] = reservations(world, "alder")
    assert TUESDAYS[1].isoformat() in {o.original_start for o in here.occurrences}
    assert_quiet(world)


def test_a_moved_date_and_a_cancelled_one_survive_a_full_run(world: World) -> None:
    series = weekly(world)
    ada(world).change_occurrence(series, TUESDAYS[1], start=at(TUESDAYS[1], 14), end=at(TUESDAYS[1], 15))
    ada(world).cancel_occurrence(series, TUESDAYS[3])
    world.run()
    before = starts(world)
    world.want("alder", full=True)
    world.run()
    assert starts(world) == before and len(before) == 5
    assert_quiet(world)


def test_a_series_moved_as_a_whole_moves_every_date_and_makes_no_second_meeting(world: World) -> None:
    """H22: all dates get new ids."""
    series = weekly(world)
    [before] = reservations(world, "alder")
    ada(world).change(series, start=at(TUESDAYS[0], 11), end=at(TUESDAYS[0], 12))
    world.run()
    [after] = reservations(world, "alder", live=False)
    assert after.id == before.id
    assert starts(world) == [at(day, 11) for day in TUESDAYS]
    assert world.writes() == 0
    assert_quiet(world)


def test_a_series_that_is_called_off_frees_every_date(world: World) -> None:
    series = weekly(world)
    ada(world).cancel(series)
    world.run()
    assert starts(world) == [] and world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize("listed", [False, True])
def test_a_series_deleted_out_of_the_room_frees_every_date(world: World, listed: bool) -> None:
    """H03: also where the delta tells of each of its dates besides."""
    world.tenant.switches.removed_series_lists_dates = listed
    series = weekly(world)
    world.tenant.advance(300)
    world.tenant.as_delegate(world.address("alder")).delete(series)
    world.run()
    assert starts(world) == []
    assert_quiet(world)


def test_a_series_cut_short_gives_its_tail_back(world: World) -> None:
    series = weekly(world)
    short = {**RULE, "range": {**RULE["range"], "numberOfOccurrences": 3}}
    ada(world).change(series, recurrence=short)
    world.run()
    assert starts(world) == [at(day, 9) for day in TUESDAYS[:3]]
    assert_quiet(world)


def test_a_single_meeting_that_becomes_a_series_is_not_doubled_on_its_first_day(world: World) -> None:
    """H21: the event keeps its id and gets a rule."""
    world.add_room("alder")
    event = invite(world, "alder", "Weekly", world.at(9))
    world.run()
    ada(world).change(event, recurrence=RULE)
    world.run()
    assert starts(world) == [at(day, 9) for day in TUESDAYS]
    assert len(reservations(world, "alder")) == 1
    assert_quiet(world)


def test_a_series_that_becomes_a_single_meeting_keeps_one_date(world: World) -> None:
    series = weekly(world)
    ada(world).change(series, recurrence=None)
    world.run()
    assert starts(world) == [at(TUESDAYS[0], 9)]
    assert_quiet(world)


@pytest.mark.parametrize("declined", ["missing", "declined"])
def test_a_date_that_the_room_declined_does_not_block(world: World, declined: str) -> None:
    """H50: the room is taken on one of the dates."""
    world.tenant.switches.declined_occurrence = declined
    world.add_room("alder")
    world.tenant.set_policy(world.address("alder"), conflict_percentage_allowed=50, maximum_conflict_instances=2)
    taken = at(TUESDAYS[2], 9)
    invite(world, "alder", "First come", world.at(9 + 24 * 14), who="bob")
    world.tenant.settle()
    invite(world, "alder", "Weekly", world.at(9), recurrence=RULE)
    world.run()
    assert starts(world).count(taken) == 1
    assert not any(row.is_exception for one in reservations(world, "alder") for row in one.occurrences)
    assert starts(world) == [at(day, 9) for day in TUESDAYS]
    assert [c for c in world.conflicts() if c.ended_at is None] == []
    assert_quiet(world)


def test_an_endless_series_ends_here_where_the_window_ends(world: World) -> None:
    """H26."""
    world.add_room("alder")
    endless = {"pattern": RULE["pattern"], "range": {"type": "noEnd", "startDate": "2026-11-24"}}
    world.tenant.set_policy(world.address("alder"), booking_window_in_days=1080, enforce_scheduling_horizon=False)
    invite(world, "alder", "For ever", world.at(9), recurrence=endless)
    world.run()
    assert len(starts(world)) == 51
    assert starts(world)[-1] < world.now() + timedelta(days=357)
    assert_quiet(world)


def test_a_series_in_two_rooms_is_one_meeting_and_each_room_has_its_own_dates(world: World) -> None:
    for name in ("alder", "birch"):
        world.add_room(name)
    world.tenant.set_policy(world.address("birch"), conflict_percentage_allowed=50, maximum_conflict_instances=2)
    invite(world, "birch", "First come", world.at(9 + 24 * 7), who="bob")
    world.tenant.settle()
    span = world.at(9)
    ada(world).book(
        "Weekly", span.start, span.end, rooms=[world.address("alder"), world.address("birch")], recurrence=RULE
    )
    world.run()
    in_alder = next(r for r in reservations(world, "alder"))
    in_birch = next(r for r in reservations(world, "birch") if r.meeting_id == in_alder.meeting_id)
    assert (len(in_alder.occurrences), len([o for o in in_birch.occurrences if o.blocks])) == (6, 5)
    assert_quiet(world)


def test_many_series_changed_at_once_are_all_read_again(world: World) -> None:
    world.add_room("alder")
    world.run()
    events = [invite(world, "alder", f"S{n}", world.at(n), recurrence=RULE) for n in range(8)]
    world.run()
    for event in events[:4]:
        ada(world).cancel_occurrence(event, TUESDAYS[5])
    world.run()
    assert len(starts(world)) == 8 * 6 - 4
    assert_quiet(world)


def test_a_read_of_a_series_that_fails_leaves_its_dates_as_they_were(world: World) -> None:
    """I5: nothing partial is planned from."""
    series = weekly(world)
    ada(world).cancel_occurrence(series, TUESDAYS[2])
    world.tenant.settle()
    world.tenant.faults.add("instances", "503", times=2)
    world.run_once("alder")
    assert len(starts(world)) == 6
    world.tenant.advance(60)
    world.run()
    assert len(starts(world)) == 5
    assert_quiet(world)


def test_a_date_that_the_room_took_of_a_series_that_it_declined_blocks_the_room(world: World) -> None:
    """Moved to where the room is free, it is accepted; its master goes on saying that it is declined."""
    world.begin_with("alder")
    world.tenant.switches.declined_copy_stays = True
    delegate = world.tenant.as_delegate(world.address("alder"))
    delegate.book("Ours", at(TUESDAYS[0], 9), at(TUESDAYS[0], 10), recurrence=RULE)
    world.run()
    hers = invite(world, "alder", "Hers", world.at(9), recurrence=RULE)
    world.run()
    assert starts(world) == [at(day, 9) for day in TUESDAYS]
    ada(world).change_occurrence(hers, TUESDAYS[2], start=at(TUESDAYS[2], 15), end=at(TUESDAYS[2], 16))
    world.run()
    assert starts(world) == sorted([at(day, 9) for day in TUESDAYS] + [at(TUESDAYS[2], 15)])
    assert_quiet(world)
