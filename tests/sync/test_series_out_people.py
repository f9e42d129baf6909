"""Series made here in a person's calendar, and series of people that are changed here through it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, reservations
from tests.sync.series_world import (
    TUESDAY,
    Here,
    assert_followed,
    dates_here,
    dates_there,
    move_there,
    only_series,
    week,
    weekly,
    written,
)
from tests.sync.world import World
from tests.tenant.personal import improper_requests
from webapp.domain.rule import Rule
from webapp.domain.wall import WallTimes
from webapp.domain.words import SPLIT_REFUSED, HoldKind, SyncState
from webapp.errors import Refused
from webapp.models import RunStep

AT_TWO = WallTimes(time(14), time(15))
ELSEWHERE = datetime(2026, 12, 3, 14, tzinfo=UTC)


@pytest.fixture
def here(world: World) -> Here:
    """Ada's calendar, which may be written in, and Alder, which takes long series."""
    long_ahead = {"booking_window_in_days": 500, "enforce_scheduling_horizon": False}
    world.begin_with("alder", delegation=True, create=True, **long_ahead)
    return Here(world, owner=world.address("ada"))


def hers(world: World) -> list[Any]:
    """The series of Ada's calendar."""
    return [one for one in world.tenant.mailbox(world.address("ada")).items.values() if one.recurrence]


def invited(world: World, count: int = 6) -> Here:
    """Ada invites the room to that many Tuesdays, with a guest."""
    recurrence = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        "range": {"type": "numbered", "startDate": TUESDAY.isoformat(), "numberOfOccurrences": count},
    }
    start = datetime(2026, 11, 24, 9)  # noqa: DTZ001 - a clock on the wall
    ada = world.tenant.as_person(world.address("ada"))
    more = {"zone": "W. Europe Standard Time", "recurrence": recurrence, "guests": [world.address("bob")]}
    ada.book("Weekly", start, start + timedelta(hours=1), rooms=[world.address("alder")], **more)
    world.run()
    return Here(world, reservations(world, "alder")[0].id, owner=world.address("ada"))


def test_a_series_in_its_owners_calendar_is_one_event_that_invites_the_room(world: World, here: Here) -> None:
    here.book(weekly(), without=frozenset({week(1)}))
    world.run()
    assert written(world) == ["POST create", "POST cancel"]
    assert [len(one.attendees) for one in hers(world)] == [1]
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 2, 3, 4, 5)]
    assert_followed(world)
    assert world.reservation(here.reservation_id).sync_state is SyncState.SYNCED
    assert not improper_requests(world.tenant)
    assert_quiet(world)


def test_a_change_of_all_is_one_patch_and_old_and_new_block_until_the_room_follows_h27(
    world: World, here: Here
) -> None:
    here = invited(world)
    before, mails = len(written(world)), len(world.tenant.mails)
    here.change(weekly(times=AT_TWO), "Weekly")
    assert len(world.slots_here("alder")) == 12
    world.run()
    assert written(world, before) == ["PATCH patch"]
    assert len(world.slots_here("alder")) == 6
    assert {start.hour for _, start, _, _ in dates_there(world)} == {13}
    assert len([one for one in world.tenant.mails[mails:] if "bob" in str(one)]) <= 1
    assert_followed(world)
    assert not improper_requests(world.tenant)
    assert_quiet(world)


def test_one_date_is_one_patch_and_a_cancelled_one_one_call(world: World, here: Here) -> None:
    here = invited(world)
    before = len(written(world))
    here.move(week(1), ELSEWHERE)
    world.run()
    assert written(world, before) == ["PATCH patch"]
    here.cancel(week(2))
    assert week(2).isoformat() not in [one[0] for one in dates_here(world)]
    world.run()
    assert written(world, before) == ["PATCH patch", "POST cancel"]
    assert (week(1).isoformat(), ELSEWHERE, ELSEWHERE + timedelta(hours=1), True) in dates_there(world)
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 3, 4, 5)]
    assert_followed(world)
    assert not world.conflicts()
    assert not improper_requests(world.tenant)
    assert_quiet(world)


def test_dates_that_only_the_room_lacks_are_never_called_off_for_everybody(world: World, here: Here) -> None:
    here = invited(world)
    room = world.tenant.mailbox(world.address("alder"))
    [copy] = [one for one in room.items.values() if one.recurrence]
    from tests.tenant import meetings

    meetings.respond(world.tenant, room, copy, week(3), "declined")
    world.run()
    assert len(dates_here(world)) == 5
    here.change(here.series().rule, "Renamed")
    world.run()
    assert [one.subject for one in hers(world)] == ["Renamed"]
    assert week(3) not in hers(world)[0].missing
    assert_quiet(world)


def test_with_delegation_off_a_date_is_declined_for_the_room_alone(world: World, here: Here) -> None:
    here = invited(world)
    with pytest.raises(Refused) as refused:
        here.decline(week(2))
    assert refused.value.code == "cannot_decline"
    world.set_modes()
    with pytest.raises(Refused) as refused:
        here.cancel(week(2))
    assert refused.value.code == "organized_by_person"
    before = len(written(world))
    here.decline(week(2))
    assert len(dates_here(world)) == 5
    world.run()
    assert written(world, before) == ["POST respond"]
    assert [one[0] for one in dates_here(world)] == [week(n).isoformat() for n in (0, 1, 3, 4, 5)]
    assert dates_there(world) == dates_here(world)
    assert hers(world)[0].missing == frozenset()
    assert world.reservation(here.reservation_id).declined_dates == []
    assert_quiet(world)


def test_this_and_following_in_an_owners_calendar(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = len(written(world))
    tail = here.follow(week(3), weekly(3, AT_TWO, first=week(3)))
    world.run()
    assert written(world, before) == ["PATCH patch", "POST create"]
    assert [one[1].hour for one in dates_there(world)] == [8, 8, 8, 13, 13, 13]
    assert dates_here(world) == dates_there(world)
    assert world.reservation(tail.reservation_id).meeting.split_of_id is None
    assert_quiet(world)


def test_a_tail_that_is_refused_in_an_owners_calendar_is_taken_back(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = dates_there(world)
    here.follow(week(3), weekly(3, AT_TWO, first=week(3)))
    world.tenant.faults.add("create", "400", times=1)
    world.run()
    assert dates_there(world) == before
    assert dates_here(world) == before
    assert [one.kind for one in world.holds()] == [HoldKind.SLOT_TAKEN]
    assert world.reservation(here.reservation_id).sync_code == SPLIT_REFUSED
    assert only_series(world).rule.range.end is None
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "T-"])
def test_writes_in_doubt_are_settled_by_looking(world: World, here: Here, kind: str) -> None:
    world.tenant.faults.add("create", kind, times=1)
    here.book(weekly(), without=frozenset({week(1)}))
    world.tenant.faults.add("cancel", kind, times=1)
    world.run()
    assert len(hers(world)) == 1
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 2, 3, 4, 5)]
    here.move(week(2), datetime(2026, 12, 10, 14, tzinfo=UTC))
    world.tenant.faults.add("patch", kind, times=1)
    world.run()
    assert (week(2).isoformat(), 14) in [(one[0], one[1].hour) for one in dates_there(world)]
    assert not world.conflicts()
    assert_followed(world)
    assert_quiet(world)


def test_what_people_here_asked_for_never_brakes_the_room_that_follows_it(world: World, here: Here) -> None:
    here.book(weekly(12))
    world.run()
    for number in range(1, 9):
        here.cancel(week(number))
        world.run()
    assert not world.holds()
    assert_followed(world)


@pytest.mark.parametrize("rule", [weekly(3), weekly(times=AT_TWO)])
def test_a_date_that_she_moved_unseen_stands_against_a_change_of_the_whole_series(
    world: World, here: Here, rule: Rule
) -> None:
    """H76: her word is the last one in her calendar, and what was wanted here is kept."""
    here = invited(world)
    [item] = hers(world)
    start = move_there(world.tenant.as_person(world.address("ada")), item, week(4), 19)
    here.change(rule)
    world.run()

    assert (week(4).isoformat(), start, start + timedelta(hours=1), True) in dates_here(world)
    assert [(one.kind, one.prevailed) for one in world.conflicts()] == [("time", "there")]
    assert_followed(world)
    assert_quiet(world)


@pytest.mark.parametrize("wipes", [False, True])
def test_after_another_time_for_all_her_cancelled_dates_stay_so_whatever_outlook_does_h24(
    world: World, here: Here, wipes: bool
) -> None:
    world.tenant.switches.master_change_wipes_exceptions = wipes
    here = invited(world)
    here.move(week(1), ELSEWHERE)
    here.cancel(week(3))
    world.run()
    assert_followed(world)

    here.change(weekly(times=AT_TWO))
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 2, 4, 5)]
    assert {start.hour for _, start, _, _ in dates_here(world)} == {13}
    assert_followed(world)
    assert_quiet(world)


def test_a_change_of_a_long_series_reaches_a_mailbox_that_answers_for_short_windows_only(
    world: World, here: Here
) -> None:
    """H10."""
    here = invited(world, 30)
    world.tenant.switches.gateway_times_out_above_days = 60
    before = len(written(world))
    here.change(weekly(30, times=AT_TWO))
    world.run_once("alder")
    assert written(world, before) == ["PATCH patch"]


def test_a_change_made_here_is_not_told_as_one_that_came_from_outlook(world: World, here: Here) -> None:
    """Nor measured as one: its copy is known, and is compared once more when the change was sent."""
    here.book(weekly())
    world.run()
    with world.transactions.reading() as session:
        before = len(session.scalars(select(RunStep)).all())
    here.move(week(2), datetime(2026, 12, 10, 15, tzinfo=UTC))
    world.run(patience=80)
    with world.transactions.reading() as session:
        told = [row.action for row in session.scalars(select(RunStep).order_by(RunStep.id))][before:]
    assert "patch" in told and "compared" in told
    assert "import" not in told
    assert_quiet(world)
