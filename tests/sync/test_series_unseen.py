"""What somebody did to single dates in Outlook, unseen, while their series was changed here: it stands or is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet
from tests.sync.series_world import (
    Here,
    assert_followed,
    dates_there,
    move_there,
    week,
    weekly,
)
from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.people import Person
from tests.tenant.state import Item
from webapp.domain.wall import WallTimes
from webapp.domain.words import ConflictKind, HoldKind, LinkRole, SyncState
from webapp.models import Link

AT_TWO = WallTimes(time(14), time(15))


@pytest.fixture
def here(world: World) -> Here:
    """A series of six weeks in Alder's own calendar, in step."""
    world.begin_with("alder")
    made = Here(world)
    made.book(weekly())
    world.run()
    return made


def item_there(world: World, name: str = "alder") -> Item:
    """The one series of that calendar."""
    [item] = [one for one in world.tenant.mailbox(world.address(name)).items.values() if one.recurrence]
    return item


def move(world: World, original: date, hour: int) -> None:
    move_there(world.tenant.as_delegate(world.address("alder")), item_there(world), original, hour)


def move_whole(world: World, hand: Person, item: Item) -> None:
    """Somebody begins all of a series in his calendar half an hour later."""
    later = timedelta(minutes=30)
    event = Booked(world.tenant, hand.address, item.number, item.uid)
    hand.change(event, start=item.start + later, end=item.end + later)


def series_of_ada(world: World) -> Here:
    """A series of six weeks that was made here in Ada's calendar, in step."""
    world.begin_with("alder", delegation=True, create=True)
    made = Here(world, owner=world.address("ada"))
    made.book(weekly())
    world.run(patience=80)
    return made


def call_off(world: World, original: date) -> None:
    item = item_there(world)
    event = Booked(world.tenant, world.address("alder"), item.number, item.uid)
    world.tenant.as_delegate(world.address("alder")).cancel_occurrence(event, original)


def test_a_date_that_was_moved_unseen_and_is_cut_off_here_is_kept_as_a_conflict_h76(world: World, here: Here) -> None:
    """The room organizes, so the end that was wanted here stands."""
    move(world, week(4), 19)
    here.cancel_from(week(3))
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 2)]
    [told] = world.conflicts()
    assert (told.kind, told.prevailed, told.there["original"]) == (
        ConflictKind.CANCELLED_AND_EDITED,
        "here",
        week(4).isoformat(),
    )
    assert_followed(world)
    assert_quiet(world)


@pytest.mark.parametrize("wipes", [True, False])
def test_a_date_that_was_moved_unseen_loses_to_another_time_of_the_whole_and_is_told_h24(
    world: World, here: Here, wipes: bool
) -> None:
    """Graph keeps no time of its own for a date of a series that gets another time."""
    world.tenant.switches.master_change_wipes_exceptions = wipes
    move(world, week(4), 19)
    here.change(weekly(times=AT_TWO))
    world.run()
    [told] = world.conflicts()
    assert (told.kind, told.prevailed, told.there["original"]) == (ConflictKind.TIME, "here", week(4).isoformat())
    assert_followed(world)
    assert_quiet(world)


def test_a_title_given_unseen_before_our_change_was_settled_is_no_agreed_one_h76(world: World, here: Here) -> None:
    """Cancelled here then, it was changed there: nobody knows who knew of the other, so people are asked."""
    world.tenant.faults.add("patch", "T+", times=1)
    here.change(weekly(times=AT_TWO))
    world.run_once("alder")
    item = item_there(world)
    event = Booked(world.tenant, world.address("alder"), item.number, item.uid)
    world.tenant.as_delegate(world.address("alder")).change(event, subject="Hers")
    world.cancel(here.reservation_id)
    world.run()
    assert item_there(world).subject == "Hers"
    assert [hold.kind for hold in world.holds()] == [HoldKind.EDITED_AND_CANCELLED]


def test_another_time_of_the_whole_given_unseen_is_told_where_its_dates_were_not_read_yet_h76(
    world: World, here: Here
) -> None:
    here.change(weekly(), "Renamed")
    world.tenant.faults.add("instances", "503", times=9, skip=1)
    world.run_once("alder")
    world.tenant.faults.clear()
    move_whole(world, world.tenant.as_delegate(world.address("alder")), item_there(world))
    here.change(weekly(times=AT_TWO))
    world.run()
    [told] = world.conflicts()
    assert (told.kind, told.prevailed) == (ConflictKind.TIME, "here")
    assert_followed(world)
    assert_quiet(world)


@pytest.mark.parametrize("wipes", [True, False])
def test_dates_that_were_called_off_unseen_stay_so_when_the_whole_gets_another_time_h24(
    world: World, here: Here, wipes: bool
) -> None:
    world.tenant.switches.master_change_wipes_exceptions = wipes
    call_off(world, week(0))
    call_off(world, week(4))
    here.change(weekly(times=AT_TWO))
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (1, 2, 3, 5)]
    assert {one[1].hour for one in dates_there(world)} == {13}
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_was_called_off_while_the_create_was_in_doubt_stays_so_h80(world: World) -> None:
    """The create is found by what was read meanwhile: what that lacks was never agreed."""
    world.begin_with("alder")
    here = Here(world)
    world.tenant.faults.add("create", "T+", times=1)
    here.book(weekly())
    world.run_once("alder")
    call_off(world, week(3))
    world.run_once("alder")
    world.run()
    assert [one[0] for one in dates_there(world)] == [week(n).isoformat() for n in (0, 1, 2, 4, 5)]
    assert_followed(world)
    assert_quiet(world)


def test_a_date_that_was_called_off_unseen_and_moved_here_is_told_when_the_whole_is_changed_too_h76(
    world: World, here: Here
) -> None:
    call_off(world, week(4))
    here.move(week(4), datetime(2026, 12, 24, 15, tzinfo=UTC))
    here.change(weekly(7), "Longer")
    world.run()
    assert week(4).isoformat() not in [one[0] for one in dates_there(world)]
    assert [(one.kind, one.prevailed) for one in world.conflicts()] == [(ConflictKind.CANCELLED_AND_EDITED, "there")]
    assert_followed(world)
    assert_quiet(world)


def test_a_series_of_which_both_sides_call_off_every_date_ends(world: World) -> None:
    """Nobody is asked about it: it was people who called off each of them."""
    world.begin_with("alder")
    here = Here(world)
    here.book(weekly(3))
    world.run()
    call_off(world, week(0))
    call_off(world, week(2))
    here.change(weekly(3, times=AT_TWO))
    here.cancel(week(1))
    world.run()
    assert world.reservation(here.reservation_id).cancelled_at is not None
    assert not [one for one in world.tenant.mailbox(world.address("alder")).items.values() if not one.cancelled]
    assert world.holds() == []
    assert_quiet(world)


def test_a_series_that_has_no_date_left_in_outlook_is_not_missed_in_an_empty_listing_h70(world: World) -> None:
    """Its master is still there, by its id alone: a list of the room's dates cannot show it."""
    world.begin_with("alder")
    here = Here(world)
    here.book(weekly(2))
    world.run()
    call_off(world, week(0))
    call_off(world, week(1))
    world.run()
    world.want("alder", full=True)
    world.run()
    assert world.holds() == [] and dates_there(world) == []
    assert_quiet(world)


def test_a_date_that_was_moved_unseen_is_not_called_off_by_a_change_that_follows_one_of_the_whole_h76(
    world: World, here: Here
) -> None:
    """After a change of the whole its dates are unread: what was agreed here is what they are compared with."""
    move(world, week(4), 19)
    here.change(weekly(), "Renamed")
    here.cancel(week(4))
    world.run()
    assert week(4).isoformat() in [one[0] for one in dates_there(world)]
    [told] = world.conflicts()
    assert (told.kind, told.prevailed) == (ConflictKind.CANCELLED_AND_EDITED, "there")
    assert_followed(world)
    assert_quiet(world)


def test_a_copy_that_kept_our_mark_is_joined_as_a_copy_h57(world: World) -> None:
    """Whether copies keep the mark of their organizer's event is unknown: it makes them no event of ours."""
    world.tenant.switches.copy_keeps_tag = True
    made = series_of_ada(world)
    with world.transactions.reading() as session:
        [copy] = session.scalars(select(Link).where(Link.reservation_id == made.reservation_id)).all()
    assert copy.role is LinkRole.COPY
    assert_followed(world)
    assert_quiet(world)


def test_what_was_not_sent_yet_is_not_forgotten_when_its_organizer_moves_the_whole_series_h47(world: World) -> None:
    """The room's copy of his series differs by a change of his own: it shows nothing of what was wanted here."""
    made = series_of_ada(world)
    world.tenant.faults.add("patch", "T-", times=1)
    made.change(weekly(5), "Renamed")
    world.run_once("alder")
    move_whole(world, world.tenant.as_person(world.address("ada")), item_there(world, "ada"))
    world.run_once("alder")
    world.run(patience=80)
    assert item_there(world, "ada").subject == "Renamed"
    assert [(one.kind, one.prevailed) for one in world.conflicts()] == [(ConflictKind.TIME, "there")]
    assert_followed(world)
    assert_quiet(world)


def test_what_was_refused_of_one_date_blocks_no_other_when_its_organizer_moves_the_whole_series(world: World) -> None:
    """His new times are those of the dates that nobody changed here."""
    made = series_of_ada(world)
    world.tenant.faults.add("cancel", "400", times=1)
    made.cancel(week(2))
    world.run()
    assert world.reservation(made.reservation_id).sync_state is SyncState.FAILED
    move_whole(world, world.tenant.as_person(world.address("ada")), item_there(world, "ada"))
    world.run()
    assert {(start.hour, start.minute) for start, _ in world.slots_here("alder")} == {(8, 30)}
    assert len(world.slots_here("alder")) == 5
