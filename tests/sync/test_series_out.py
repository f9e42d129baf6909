"""Series made here, in their room's own calendar: one event there, one write a change, what Outlook made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.sync.checks import assert_quiet, decide, once, put, reservations, steps
from tests.sync.series_world import (
    TUESDAY,
    Here,
    assert_followed,
    dates_here,
    dates_there,
    only_series,
    week,
    weekly,
    written,
)
from tests.sync.test_linking import save
from tests.sync.world import World
from tests.tenant import Booked
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import ChangedDate
from webapp.domain.rule import Pattern, PatternType, Range, Rule
from webapp.domain.wall import WallTimes, WholeDays
from webapp.domain.words import Choice, ConflictKind, HoldKind, SyncState

AT_TWO = WallTimes(time(14), time(15))
ELSEWHERE = datetime(2026, 12, 3, 14, tzinfo=UTC)


@pytest.fixture
def here(world: World) -> Here:
    """People here, and Alder, in which nothing is booked."""
    world.begin_with("alder")
    return Here(world)


def masters(world: World, room: str = "alder") -> list[Any]:
    """The series of a room's calendar."""
    return [one for one in world.tenant.mailbox(world.address(room)).items.values() if one.recurrence]


def there(world: World) -> Booked:
    """The one series of Alder's calendar, for people there."""
    [item] = masters(world)
    return Booked(world.tenant, world.address("alder"), item.number, item.uid)


def span(start: datetime, hours: float = 1) -> Timed:
    return Timed(start, start + timedelta(hours=hours))


def test_a_series_made_here_is_one_event_there_with_one_write(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    assert written(world) == ["POST create"]
    [item] = masters(world)
    assert (item.subject, item.series_zone, len(dates_there(world))) == ("Weekly", "W. Europe Standard Time", 6)
    assert not world.tenant.mails
    assert_followed(world)
    assert world.reservation(here.reservation_id).sync_state is SyncState.SYNCED
    assert_quiet(world)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(Pattern(PatternType.DAILY), Range.endless(TUESDAY), "Europe/Amsterdam", WallTimes(time(9), time(10))),
        Rule(
            Pattern(PatternType.ABSOLUTE_MONTHLY, day_of_month=31),
            Range.times(date(2026, 11, 30), 9),
            "Europe/Berlin",
            WallTimes(time(22), time(1), 1),
        ),
        Rule(
            Pattern(PatternType.DAILY, interval=2),
            Range.until(TUESDAY, date(2027, 4, 1)),
            "Europe/Berlin",
            WholeDays(),
        ),
        Rule(
            Pattern(PatternType.DAILY),
            Range.times(date(2027, 3, 27), 4),
            "Europe/Berlin",
            WallTimes(time(2, 30), time(3)),
        ),
    ],
    ids=["endless", "month ends over midnight", "whole days", "in the skipped hour"],
)
def test_every_kind_of_rule_goes_out_and_comes_back_as_it_is_h29_h31(world: World, here: Here, rule: Rule) -> None:
    here.book(rule)
    world.run()
    assert only_series(world).rule.pattern == rule.pattern
    assert dates_here(world) == dates_there(world) != []
    assert written(world) == ["POST create"]
    assert_quiet(world)


def test_dates_that_are_left_out_are_cancelled_after_the_create_of_the_same_push(world: World, here: Here) -> None:
    here.book(weekly(), without=frozenset({week(1), week(4)}))
    world.run()
    assert written(world) == ["POST create", "DELETE delete", "DELETE delete"]
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 2, 3, 5)]
    assert_followed(world)
    assert_quiet(world)


def test_a_series_that_was_booked_before_the_room_was_linked_goes_out_with_the_first_link(world: World) -> None:
    world.add_room("alder", link=False)
    here = Here(world)
    here.book(weekly())
    here.move(week(1), ELSEWHERE)
    here.cancel(week(2))
    save(world, "alder")
    world.run()
    assert written(world) == ["POST create", "DELETE delete", "PATCH patch"]
    assert_followed(world)
    assert_quiet(world)


def test_a_change_of_all_is_one_patch_with_what_changed_alone_h27(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = len(written(world))
    here.change(weekly(), "Renamed")
    world.run()
    assert written(world, before) == ["PATCH patch"]
    patch = next(one for one in reversed(world.tenant.requests) if one.method == "PATCH")
    assert set(patch.body) == {"subject"}
    here.change(weekly(times=AT_TWO), "Renamed")
    world.run()
    assert written(world, before) == ["PATCH patch", "PATCH patch"]
    patch = next(one for one in reversed(world.tenant.requests) if one.method == "PATCH")
    assert set(patch.body) == {"start", "end", "isAllDay", "recurrence"}
    assert {start.hour for _, start, _, _ in dates_there(world)} == {13}
    assert_followed(world)
    assert_quiet(world)


def test_a_shorter_or_longer_range_sends_the_recurrence_alone_and_keeps_exceptions(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    here.move(week(1), ELSEWHERE)
    world.run()
    before = len(written(world))
    here.change(weekly(9))
    world.run()
    patch = next(one for one in reversed(world.tenant.requests) if one.method == "PATCH")
    assert set(patch.body) == {"recurrence"}
    assert written(world, before) == ["PATCH patch"]
    assert len(dates_there(world)) == 9 and (
        week(1).isoformat(),
        ELSEWHERE,
        ELSEWHERE + timedelta(hours=1),
        True,
    ) in dates_there(world)
    assert not [(c.kind, c.here, c.there, c.prevailed) for c in world.conflicts()], steps(world)
    assert_followed(world)
    assert_quiet(world)


def test_what_a_longer_range_costs_single_dates_is_told_and_cancelled_ones_stay_so_h24(
    world: World, here: Here
) -> None:
    world.tenant.switches.end_change_keeps_exceptions = False
    here.book(weekly(), without=frozenset({week(3)}))
    here.move(week(1), ELSEWHERE)
    world.run()
    here.change(weekly(7))
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 2, 4, 5, 6)]
    [lost] = world.conflicts()
    assert (lost.kind, lost.here["original"]) == (ConflictKind.TIME, week(1).isoformat())
    assert_followed(world)
    assert_quiet(world)


def test_one_date_is_one_patch_of_that_date_h22(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = len(written(world))
    here.move(week(1), ELSEWHERE, title="With the auditors")
    world.run()
    assert written(world, before) == ["PATCH patch"]
    [(original, start, _, _)] = [one for one in dates_there(world) if one[3]]
    assert (original, start) == (week(1).isoformat(), ELSEWHERE)
    assert only_series(world).exceptions == (ChangedDate(week(1), span(ELSEWHERE), "With the auditors"),)
    assert_followed(world)
    assert_quiet(world)

    here.move(week(1), here.series().occurrence(week(1)).planned.start)
    world.run()
    assert written(world, before) == ["PATCH patch", "PATCH patch"]
    assert_followed(world)
    assert_quiet(world)


def test_a_cancelled_date_is_one_call_h04(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = len(written(world))
    here.cancel(week(2))
    world.run()
    assert written(world, before) == ["DELETE delete"]
    assert week(2).isoformat() not in [one[0] for one in dates_there(world)]
    assert only_series(world).cancelled == {week(2)}
    assert_followed(world)
    assert_quiet(world)


def test_the_whole_is_cancelled_by_one_delete(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    before = len(written(world))
    world.cancel(here.reservation_id)
    world.run()
    assert written(world, before) == ["DELETE delete"]
    assert (masters(world), dates_here(world)) == ([], [])
    assert_quiet(world)


def test_a_series_that_is_cancelled_here_while_a_date_of_it_is_moved_there_waits_for_a_person_h76(
    world: World, here: Here
) -> None:
    here.book(weekly())
    world.run()
    start = datetime(2026, 12, 10, 15, tzinfo=UTC)
    delegate = world.tenant.as_delegate(world.address("alder"))
    delegate.change_occurrence(there(world), week(2), start=start, end=start + timedelta(hours=1))
    world.cancel(here.reservation_id)
    world.run()
    assert [one.kind for one in world.holds()] == [HoldKind.EDITED_AND_CANCELLED]
    assert len(masters(world)) == 1
    decide(world, Choice.KEEP)
    world.run()
    assert len(dates_here(world)) == 6
    assert_followed(world)
    assert_quiet(world)


@pytest.mark.parametrize("wipes", [True, False])
def test_after_another_time_for_all_cancelled_dates_stay_cancelled_whatever_outlook_does_h24(
    world: World, here: Here, wipes: bool
) -> None:
    world.tenant.switches.master_change_wipes_exceptions = wipes
    here.book(weekly(), without=frozenset({week(4)}))
    here.move(week(1), ELSEWHERE)
    here.rename(week(2), "With the auditors")
    here.cancel(week(3))
    world.run()
    assert_followed(world)

    here.change(weekly(times=AT_TWO))
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 2, 5)]
    assert {start.hour for _, start, _, _ in dates_there(world)} == {13}
    kept = [(one.original, one.title) for one in only_series(world).exceptions if one.title]
    told = [(one.kind, one.here.get("original"), one.here.get("subject")) for one in world.conflicts()]
    if wipes:
        assert (kept, told) == ([], [(ConflictKind.TITLE, week(2).isoformat(), "With the auditors")])
    else:
        assert (kept, told) == ([(week(2), "With the auditors")], [])
    assert_followed(world)
    assert_quiet(world)


def test_dates_that_outlook_has_taken_meanwhile_are_given_up_and_the_rest_is_made_h51(
    world: World, here: Here
) -> None:
    put(world, "alder", "In the way", span(datetime(2026, 12, 1, 8, tzinfo=UTC)))
    here.book(weekly())
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 2, 3, 4, 5)]
    assert [one.here.get("original") for one in world.conflicts()] == [week(1).isoformat()]
    assert len(world.slots_here("alder")) == 6
    assert_followed(world)
    assert_quiet(world)


def test_whoever_books_between_our_look_and_our_create_keeps_that_date(world: World, here: Here) -> None:
    here.book(weekly())
    met = once(
        world, "create", "before", lambda: put(world, "alder", "First", span(datetime(2026, 12, 1, 8, tzinfo=UTC)))
    )
    world.run()
    assert met
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 2, 3, 4, 5)]
    assert_followed(world)
    assert_quiet(world)


def test_one_write_for_a_change_of_sixty_dates_with_guests_h27(world: World, here: Here) -> None:
    people = [world.address(name) for name in ("ada", "bob", "cem", "dora", "eva")]
    delegate = world.tenant.as_delegate(world.address("alder"))
    recurrence = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": TUESDAY.isoformat(), "numberOfOccurrences": 60},
    }
    start = datetime(2026, 11, 24, 9)  # noqa: DTZ001 - a clock on the wall
    zone = "W. Europe Standard Time"
    delegate.book("Weekly", start, start + timedelta(hours=1), zone=zone, recurrence=recurrence, guests=people)
    world.run()
    here.reservation_id = reservations(world, "alder")[0].id
    before, mails = len(written(world)), len(world.tenant.mails)
    here.change(here.series().rule, "Renamed")
    world.run()
    assert written(world, before) == ["PATCH patch"]
    assert len(world.tenant.mails) - mails <= 5
    assert len(dates_here(world)) == 60
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "T-", "503+"])
def test_a_create_in_doubt_makes_one_series(world: World, here: Here, kind: str) -> None:
    here.book(weekly(), without=frozenset({week(1)}))
    world.tenant.faults.add("create", kind, times=1)
    world.run()
    assert len(masters(world)) == 1
    assert len(dates_there(world)) == 5
    assert_followed(world)
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["T+", "T-", "503+"])
def test_steps_in_doubt_are_settled_by_looking(world: World, here: Here, kind: str) -> None:
    here.book(weekly())
    world.run()
    here.move(week(1), ELSEWHERE)
    here.cancel(week(2))
    here.change(weekly(7), "Renamed")
    for op in ("patch", "delete"):
        world.tenant.faults.add(op, kind, times=1)
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 3, 4, 5, 6)]
    assert masters(world)[0].subject == "Renamed"
    assert_followed(world)
    assert not [(c.kind, c.here, c.there, c.prevailed) for c in world.conflicts()], steps(world)
    assert_quiet(world)


def test_what_outlook_changed_meanwhile_of_other_dates_stays(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    delegate = world.tenant.as_delegate(world.address("alder"))
    event = there(world)
    start = datetime(2026, 12, 10, 15, tzinfo=UTC)
    delegate.change_occurrence(event, week(2), start=start, end=start + timedelta(hours=1))
    delegate.cancel_occurrence(event, week(3))
    here.move(week(1), ELSEWHERE)
    here.cancel(week(4))
    world.run()
    assert sorted(one[0] for one in dates_there(world)) == [week(n).isoformat() for n in (0, 1, 2, 5)]
    assert (week(2).isoformat(), start, start + timedelta(hours=1), True) in dates_there(world)
    assert (week(1).isoformat(), ELSEWHERE, ELSEWHERE + timedelta(hours=1), True) in dates_there(world)
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_outlook_refuses_to_move_is_tried_once_and_told_h25(world: World, here: Here) -> None:
    here.book(weekly())
    world.run()
    world.tenant.faults.add("patch", "400", times=3)
    here.move(week(1), ELSEWHERE)
    world.run()
    assert world.reservation(here.reservation_id).sync_state is SyncState.FAILED
    assert sum(1 for one in world.tenant.requests if one.method == "PATCH") == 1
