"""The hazards of rooms, limits and access once more, where a person organizes.

Each is played for a meeting that Ada made, inviting the room, and for one that was made here in her calendar.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sync.checks import assert_quiet, assert_same, book_for, invite, persons_events, reservations
from tests.sync.of_people import (
    WHOSE,
    ada,
    assert_one,
    creates,
    event_of_ada,
    open_calendars,
    requests,
    standing,
)
from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.words import ConflictKind, SyncState


@pytest.fixture
def world(world: World) -> World:
    """One room, Ada and Bob; delegation and creating in people's calendars are on."""
    return open_calendars(world)


@pytest.mark.parametrize(
    ("whose", "after"), [("made here", 0), ("made here", 3600), ("made here", 3 * 86_400), ("invited", 3600)]
)
def test_a_room_that_takes_its_yes_back_shows_exactly_that(world: World, whose: str, after: float) -> None:
    """H50: declined later; her event stays, the slot is free, and a yes that comes again is believed."""
    world.tenant.advance(60)
    span = world.at(24 * 6)
    event = invite(world, "alder", "Plan", span) if whose == "invited" else None
    key = book_for(world, "alder", "Plan", span) if event is None else None
    world.run()
    key = key or reservations(world, "alder")[0].id
    world.tenant.room_declines_later(world.address("alder"), event or event_of_ada(world), after=after)
    world.tenant.advance(after + 1)
    world.run()
    assert world.slots_here("alder") == []
    assert (whose == "invited") or world.reservation(key).sync_state is SyncState.DECLINED
    assert [e["subject"] for e in persons_events(world)] == ["Plan"]
    made = world.book("alder", "Instead", span)
    world.run()
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_quiet(world)


def test_two_of_ten_dates_that_a_room_takes_back_are_free_and_the_others_stay(world: World) -> None:
    """H50."""
    daily = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 10},
    }
    event = invite(world, "alder", "Daily", world.at(9), recurrence=daily)
    world.run()
    days = [start.date() for start, _ in world.slots_here("alder")]
    assert len(days) == 10
    world.tenant.room_declines_later(world.address("alder"), event, dates=days[3:5])
    world.run()
    assert [start.date() for start, _ in world.slots_here("alder")] == days[:3] + days[5:]
    assert len(reservations(world, "alder")) == 1
    assert_quiet(world)


@pytest.mark.parametrize(
    ("whose", "who", "removed"),
    [
        ("made here", "she", False),
        ("made here", "she", True),
        ("made here", "we", True),
        ("invited", "she", True),
        ("invited", "we", False),
    ],
)
def test_a_meeting_called_off_blocks_nothing_whatever_the_room_keeps_of_it(
    world: World, whose: str, who: str, removed: bool
) -> None:
    """H52: RemoveCanceledMeetings in both positions, called off there and here."""
    world.tenant.set_policy(world.address("alder"), remove_canceled_meetings=removed)
    key, event = standing(world, whose)
    if who == "she":
        ada(world).cancel(event)
    else:
        world.act(key, "cancel_meeting")
    world.run()
    assert reservations(world, "alder") == [] and world.slots_here("alder") == []
    assert [e["is_cancelled"] for e in world.there("alder")] == ([] if removed else [True])
    made = world.book("alder", "Ours", world.at(9))
    world.run()
    assert world.reservation(made).sync_state is SyncState.SYNCED
    assert_same(world, "alder")
    assert_quiet(world)


@pytest.mark.parametrize(("whose", "birch"), [("invited", "is down for an hour"), ("made here", "declines")])
def test_a_room_swapped_for_one_that_declines_or_is_away_frees_the_first(
    world: World, whose: str, birch: str
) -> None:
    """H53, I5: no cancel is told to anybody, and what the other room says is shown when it can be read."""
    world.add_room("birch")
    world.run()
    _, event = standing(world, whose)
    mails = len(world.tenant.mails)
    if birch == "declines":
        world.tenant.set_policy(world.address("birch"), booking_window_in_days=0)
    else:
        until = world.now() + timedelta(hours=1)
        world.tenant.faults.add("any", "503", times=10**6, mailbox=world.address("birch"), until=until)
    ada(world).change(event, rooms=[world.address("birch")])
    world.tenant.settle()
    for _ in range(10):
        world.run_once("alder", "birch")
        world.tenant.advance(400)
    world.run()
    assert world.slots_here("alder") == []
    assert_same(world, "birch")
    assert len(world.slots_here("birch")) == (birch != "declines")
    assert [e["subject"] for e in persons_events(world)] == ["Plan"]
    assert world.tenant.mails_to_people(since=mails).total() == sum(
        mail.to == world.address("ada") and mail.kind in ("accepted", "declined")
        for mail in world.tenant.mails[mails:]
    ), "nobody is told of a cancel"
    assert_quiet(world)


def test_a_room_that_never_answers_is_asked_after_less_and_less(world: World) -> None:
    """H58: five looks in a quarter of an hour, then one an hour, for a day; an answer after all is believed."""
    world.tenant.set_policy(world.address("alder"), delay=None)
    key = book_for(world, "alder", "Plan", world.at(24 * 6))
    before = requests(world)
    for minutes in [5] * 6 + [60] * 30:
        world.run_once("alder")
        world.tenant.advance(60 * minutes)
        shown = world.reservation(key)
        assert shown.sync_state is SyncState.AWAITING
    assert shown.sync_code == "unconfirmed" and len(world.slots_here("alder")) == 1
    assert requests(world) - before <= 5 + 26 + 2
    world.tenant.as_delegate(world.address("alder")).answer(event_of_ada(world), "accepted")
    world.tenant.settle()
    world.run()
    assert world.reservation(key).sync_state is SyncState.SYNCED
    assert_quiet(world)


@pytest.mark.parametrize(("whose", "how"), [("invited", "cancel"), ("made here", "cancel"), ("made here", "delete")])
def test_a_meeting_she_ended_while_we_were_one_run_behind_does_not_come_back(
    world: World, whose: str, how: str
) -> None:
    """H59."""
    key, event = standing(world, whose)
    made = creates(world)
    getattr(ada(world), how)(event)
    world.tenant.faults.lag(world.address("alder"), 2)
    world.change(key, title="Changed meanwhile")
    for full in (False, True, False):
        world.want("alder", full=full)
        world.worker.run(world.mailbox_id("alder"))
        world.tenant.advance(70)
    world.tenant.settle()
    world.run(patience=120)
    assert persons_events(world) == [] and reservations(world, "alder") == []
    assert creates(world) == made
    assert "Changed meanwhile" in str([conflict.here for conflict in world.conflicts()])
    assert_quiet(world)


@WHOSE
def test_a_storm_over_her_mailbox_costs_few_requests_and_delays_nobody_else(world: World, whose: str) -> None:
    """H67, I8: ten minutes of 429 for her alone."""
    key, _ = standing(world, whose)
    until = world.now() + timedelta(minutes=10)
    world.tenant.faults.add("any", "429", 10**6, mailbox=world.address("ada"), retry_after=30, until=until)
    world.change(key, title="Renamed")
    ours = world.book("alder", "Ours", world.at(14))
    before = requests(world)
    while world.now() < until:
        world.run_once("alder")
        world.tenant.advance(20)
        assert world.reservation(ours).sync_state is SyncState.SYNCED
    assert requests(world) - before <= 25
    world.act(ours, "cancel")
    world.run()
    assert_one(world, key, "Renamed", world.at(9))


@pytest.mark.parametrize(("whose", "how"), [("invited", "rbac"), ("made here", "no_mailbox"), ("invited", "unknown")])
def test_her_mailbox_out_of_reach_cancels_nothing_and_is_said(world: World, whose: str, how: str) -> None:
    """H68, H69, I5: for three hours, a change waits meanwhile; saved again when she can be reached, it is sent."""
    span = world.at(24 * 6)
    key, _ = standing(world, whose, span)
    world.tenant.put_out_of_reach(world.address("ada"), how, seconds=3 * 3600)
    world.change(key, title="Renamed")
    for _ in range(6):
        world.run_once("alder")
        world.tenant.advance(1800)
    shown = world.reservation(key)
    assert (shown.sync_state, shown.sync_code) == (SyncState.FAILED, "organizer_out_of_reach")
    assert len(world.slots_here("alder")) == 1 and world.holds() == []
    world.tenant.advance(86_400)
    world.run()
    world.change(key, title="Renamed again")
    world.run()
    assert_one(world, key, "Renamed again", span)


def test_a_new_time_that_meets_her_change_of_rooms_is_kept_for_people(world: World) -> None:
    """I2: she takes her meeting to another room just before our change arrives; her word stands, and is told."""
    world.add_room("birch")
    meeting = invite(world, "alder", "Hers", world.at(9))
    world.run()
    world.tenant.advance(60)
    [row] = reservations(world, "alder")
    came: list[str] = []

    def she_goes_first(phase: str, info: RequestInfo) -> None:
        if phase == "before" and info.op == "patch" and not came:
            came.append(info.op)
            world.tenant.as_person(world.address("ada")).change(meeting, rooms=[world.address("birch")])

    world.tenant.on_request(she_goes_first)
    world.change(row.id, span=world.at(15))
    for room in ("alder", "birch"):
        world.run_once(room)
        world.tenant.settle()
    world.run()
    assert came == ["patch"]
    span = world.at(9)
    assert (world.slots_here("alder"), world.slots_here("birch")) == ([], [(span.start, span.end)])
    [told] = world.conflicts()
    assert (told.kind, told.prevailed) == (ConflictKind.TIME, "there")
    assert told.here["time"]["start"] == world.at(15).start.isoformat()
    assert_quiet(world)
