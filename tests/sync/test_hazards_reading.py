"""Mailboxes that are hard to read: too slow for a long window, rounds that repeat, windows that roll on."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, assert_same, put, reservations, steps
from tests.sync.world import World
from tests.tenant import RequestInfo
from webapp.domain.booking import sync_window
from webapp.domain.intervals import Timed
from webapp.domain.words import LinkState, RoomState
from webapp.models import DeltaSession

DAILY = {
    "pattern": {"type": "daily", "interval": 1},
    "range": {"type": "noEnd", "startDate": "2026-11-24"},
}


def active_session(world: World, room: str) -> DeltaSession:
    """The room's delta session, detached."""
    with world.transactions.reading() as session:
        row = session.scalars(
            select(DeltaSession).where(DeltaSession.mailbox_id == world.mailbox_id(room), DeltaSession.active)
        ).one()
        session.expunge(row)
        return row


def slow_down(world: World, room: str, days: int) -> None:
    """From now on the gateway gives up on windows of this one mailbox above so many days."""

    def judge(_phase: str, info: RequestInfo) -> None:
        theirs = world.address(room) in info.path
        world.tenant.switches.gateway_times_out_above_days = days if theirs else None

    world.tenant.on_request(judge)


def asked_at_once(world: World, room: str) -> list[timedelta]:
    """The windows of a room that were answered."""
    found = []
    for request in world.tenant.requests:
        named = parse_qs(request.query)
        if world.address(room) in request.path and request.status == 200 and "startDateTime" in named:
            start, end = (datetime.fromisoformat(named[name][0]) for name in ("startDateTime", "endDateTime"))
            found.append(end - start)
    return found


@pytest.mark.parametrize("days", [180, 31])
def test_a_mailbox_too_slow_for_long_windows_is_read_in_slices_and_others_are_on_time(
    world: World, days: int
) -> None:
    """H10, I8: singles, an endless series and an event across all slices come in, whole."""
    world.add_room("alder")
    world.add_room("birch")
    for number in (0, 40, 100, 200, 300):
        put(world, "alder", f"Day {number}", world.at(15 + 24 * number))
    put(world, "alder", "Daily", world.at(9, 30), recurrence=DAILY)
    long = Timed(world.at(20).start, world.at(24 * 150).start)
    put(world, "alder", "Long", long, show_as="free")
    put(world, "birch", "Other", world.at(9))
    slow_down(world, "alder", days)
    began = world.now()
    world.worker.run(world.mailbox_id("alder"))
    world.worker.run(world.mailbox_id("birch"))
    assert world.titles_here("birch") == ["Other"]
    world.run()
    assert world.now() - began < timedelta(minutes=2)
    assert len(world.slots_here("alder")) > 5 + 350
    assert len(set(world.slots_here("alder"))) == len(world.slots_here("alder"))
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert active_session(world, "alder").slice_days == (92 if days == 180 else 31)
    assert active_session(world, "birch").is_listing is False
    assert max(asked_at_once(world, "alder")) <= timedelta(days=days)
    assert_quiet(world)


def test_what_changes_in_a_mailbox_read_in_slices_arrives_both_ways(world: World) -> None:
    """H10."""
    world.add_room("alder")
    slow_down(world, "alder", 40)
    event, other = (put(world, "alder", f"E{n}", world.at(24 * 70 * n + 9)) for n in range(2))
    made = world.book("alder", "Ours", world.at(12))
    world.run()
    world.tenant.advance(60)
    delegate = world.tenant.as_delegate(world.address("alder"))
    span = world.at(24 * 200)
    delegate.change(event, start=span.start, end=span.end)
    delegate.delete(other)
    world.change(made, title="Ours, later", span=world.at(24 * 90))
    world.run()
    assert world.titles_here("alder") == ["Ours, later", "E0"]
    assert_same(world, "alder")
    assert_quiet(world)


def test_a_mailbox_that_has_become_fast_again_goes_back_to_delta(world: World) -> None:
    """H10: at its next full run, with nothing lost nor made twice."""
    world.add_room("alder")
    slow_down(world, "alder", 40)
    event = put(world, "alder", "One", world.at(9))
    world.run()
    assert active_session(world, "alder").is_listing
    world.tenant.advance(86_400)
    world.want("alder", full=True)
    world.run()
    assert active_session(world, "alder").is_listing, "it is as slow as before"
    slow_down(world, "alder", 10_000)
    world.tenant.as_delegate(world.address("alder")).change(event, subject="Two")
    world.want("alder", full=True)
    world.run()
    session = active_session(world, "alder")
    assert (session.is_listing, session.slice_days) == (False, None)
    assert session.delta_link is not None
    assert world.titles_here("alder") == ["Two"]
    assert_quiet(world)


def test_rounds_that_get_no_answer_in_time_give_way_to_slices(world: World) -> None:
    """H10: the link of a mailbox that was fast answers 504 from one day on."""
    world.add_room("alder")
    event = put(world, "alder", "One", world.at(9))
    world.run()
    world.tenant.faults.add("delta", "504", times=10_000, mailbox=world.address("alder"))
    world.tenant.as_delegate(world.address("alder")).delete(event)
    put(world, "alder", "Two", world.at(24 * 300))
    world.run()
    assert world.titles_here("alder") == ["Two"]
    assert "reread" in steps(world)
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["503", "504"])
def test_a_service_that_is_away_for_a_while_changes_no_mailboxs_way_of_reading(world: World, kind: str) -> None:
    """H10: slices that fail as well prove that it is not the window."""
    world.add_room("alder")
    put(world, "alder", "One", world.at(9))
    world.run()
    world.tenant.faults.add("any", kind, times=10_000, retry_after=None)
    for _ in range(8):
        world.run_once("alder")
        world.tenant.advance(400)
    world.tenant.faults.clear()
    world.run()
    assert active_session(world, "alder").is_listing is False
    assert_same(world, "alder")


def test_a_slice_that_fails_fails_the_list_and_nothing_is_concluded(world: World) -> None:
    """H10, I5: eleven slices of twelve are no calendar."""
    world.add_room("alder")
    for number in range(12):
        put(world, "alder", f"Month {number}", world.at(9 + 24 * 28 * number))
    slow_down(world, "alder", 31)
    world.run()
    before = world.slots_here("alder")
    for skip in range(12):
        world.tenant.faults.add("view", "503", skip=skip, retry_after=None, times=3)
        world.run_once("alder")
        world.tenant.faults.clear()
        world.tenant.advance(400)
        assert world.slots_here("alder") == before
    world.run()
    assert world.slots_here("alder") == before and world.holds() == []
    assert_quiet(world)


ZONES = [f"Etc/GMT{offset:+d}" for offset in (-14, -13, -12, -9, -5, -1, 0, 1, 5, 9, 12)]
ZONES += ["Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu"]
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("zone", ZONES)
def test_events_at_the_windows_edges_are_known_once_in_every_zone(world: World, zone: str) -> None:
    """H13, I3, I5: a minute before and after either edge, and whole days of the room around them."""
    world.add_room("alder", zone=zone)
    start, end = sync_window(world.now())
    for edge in (start, end):
        for minutes in (-2, -1, 0, 1):
            begin = edge + minutes * MINUTE
            put(world, "alder", f"Edge {minutes}", Timed(begin, begin + MINUTE))
        for days in (-2, -1, 0, 1):
            day = edge.date() + timedelta(days=days)
            world.tenant.as_delegate(world.address("alder")).book(
                f"Day {days}", day, day + timedelta(days=1), all_day=True, show_as="free", zone=zone
            )
    world.run()
    known = {row.id: row.cancelled_at for row in reservations(world, "alder", live=False)}
    assert 6 <= len(known) <= 16 and set(known.values()) == {None}
    world.tenant.advance(60)
    for full in (True, False, True):
        world.want("alder", full=full)
        world.run()
        world.tenant.advance(60)
    assert {row.id: row.cancelled_at for row in reservations(world, "alder", live=False)} == known
    assert world.writes() == 0 and world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize(("zone", "weeks"), [("Europe/Berlin", 1), ("Etc/GMT+12", 4), ("Etc/GMT-14", 4)])
def test_a_window_that_rolls_on_for_a_year_cancels_and_doubles_nothing(world: World, zone: str, weeks: int) -> None:
    """H13, I3, I5: every week, or four, another window; what stands behind it is archived, what lies ahead comes in
    once."""
    world.add_room("alder", zone=zone)
    for week in range(0, 110, 10):
        begin = world.at(9 + 24 * 7 * week)
        put(world, "alder", f"Week {week}", begin)
        day = begin.start.date() + timedelta(days=1)
        world.tenant.as_delegate(world.address("alder")).book(
            f"Day {week}", day, day + timedelta(days=1), all_day=True, zone=zone
        )
    series = {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]}}
    put(world, "alder", "Series", world.at(12), recurrence=series | {"range": {**DAILY["range"], "type": "noEnd"}})
    world.run()
    for _ in range(60 // weeks):
        world.tenant.advance(weeks * 7 * 86_400)
        world.want("alder", full=True)
        world.run()
        everything = reservations(world, "alder", live=False)
        assert [row.id for row in everything if row.cancelled_at is not None] == []
        assert len({row.meeting_id for row in everything}) == len(everything)
        slots = world.slots_here("alder")
        assert len(set(slots)) == len(slots)
    assert len(reservations(world, "alder")) == 23
    assert world.writes() == 0 and world.holds() == [] and world.room("alder").drift_count == 0
    assert_quiet(world)


def test_a_private_event_that_a_read_by_id_denies_is_not_gone(world: World) -> None:
    """H07: the listing shows it, the read by id says 404; both ways of looking must agree before it is cancelled."""
    world.add_room("alder")
    put(world, "alder", "Secret", world.at(9), sensitivity="private")
    put(world, "alder", "Open", world.at(12))
    world.run()
    before = world.slots_here("alder")
    world.tenant.faults.add("get", "404lag", times=10_000)
    for full in (False, True, False, True):
        world.tenant.touch_all(world.address("alder"))
        world.want("alder", full=full)
        world.worker.run(world.mailbox_id("alder"))
        world.tenant.advance(3600)
    assert world.slots_here("alder") == before
    world.tenant.faults.clear()
    world.run()
    assert world.slots_here("alder") == before and world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["400", "501"])
@pytest.mark.parametrize("op", ["delta", "instances"])
def test_an_optional_operation_that_the_service_refuses_is_done_without(world: World, op: str, kind: str) -> None:
    """H78, I1: each in turn; singles arrive in both directions, and a series that cannot be read is set aside."""
    world.add_room("alder")
    world.tenant.faults.add(op, kind, times=10_000)
    if op == "instances":
        put(world, "alder", "Daily", world.at(0.5, 15), recurrence=DAILY)
    event = put(world, "alder", "Single", world.at(9))
    made = world.book("alder", "Ours", world.at(12))
    world.run()
    world.tenant.advance(60)
    span = world.at(15)
    world.tenant.as_delegate(world.address("alder")).change(event, start=span.start, end=span.end)
    world.change(made, title="Ours, renamed")
    world.run()
    assert world.titles_here("alder") == ["Ours, renamed", "Single"]
    assert {"Ours, renamed", "Single"} <= {e["subject"] for e in world.there("alder")}
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert [link.is_series for link in world.links(LinkState.QUARANTINED)] == [True] * (op == "instances")
    assert_quiet(world)


@pytest.mark.parametrize("size", [1, 171, 5000])
def test_pages_of_any_size_tell_the_same(world: World, size: int) -> None:
    """H11: fewer or more rows than were asked for, series last, and an empty page with a link between."""
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = size
    world.tenant.switches.empty_first_page = world.tenant.switches.trailing_empty_page = True
    world.add_room("alder")
    for number in range(200 if size > 1 else 20):
        put(world, "alder", f"E{number}", world.at(number, 30))
    put(world, "alder", "Daily", world.at(0.5, 15), recurrence=DAILY)
    world.run()
    assert len(world.slots_here("alder")) == (200 if size > 1 else 20) + 355
    assert_quiet(world)
