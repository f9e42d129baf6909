"""What a delta round can do to us: repeat, shuffle, die, lie, circle; and what is never believed of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations, steps
from tests.sync.oracle import NOT_CONTENT, QUIET, dump, live_there
from tests.sync.world import World
from webapp.domain.intervals import Timed
from webapp.domain.words import RoomState
from webapp.models import DeltaSession, Link, StagedRow

WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 6},
}


def weekly(world: World, room: str, title: str = "Weekly", who: str = "ada") -> Any:
    """A person's series of six Tuesdays from tomorrow."""
    return invite(world, room, title, world.at(9), who=who, recurrence=WEEKLY)


@pytest.mark.parametrize("shuffle", [False, True])
def test_rows_that_come_again_and_in_any_order_change_nothing(world: World, shuffle: bool) -> None:
    """H02."""
    world.tenant.switches.replays, world.tenant.switches.shuffle_delta = 1.0, shuffle
    world.add_room("alder")
    events = [put(world, "alder", f"E{n}", world.at(2 * n)) for n in range(6)]
    weekly(world, "alder")
    world.run()
    delegate = world.tenant.as_delegate(world.address("alder"))
    for number, event in enumerate(events[:3]):
        span = world.at(40 + 2 * number)
        delegate.change(event, start=span.start, end=span.end)
        world.run()
    assert len(world.slots_here("alder")) == 6 + 6
    assert [t for t in world.titles_here("alder") if t.startswith("E")] == ["E3", "E4", "E5", "E0", "E1", "E2"]
    assert_quiet(world)


def test_a_round_that_lags_never_brings_an_old_value_back(world: World) -> None:
    """H02, H40: a row of the state before our write is told by the service's own clock."""
    world.add_room("alder")
    made = world.book("alder", "One", world.at(10))
    world.run()
    world.tenant.advance(300)
    world.tenant.faults.lag(world.address("alder"), 2, kinds=["delta", "view"])
    world.change(made, title="Two", span=world.at(13))
    for _ in range(3):
        world.run_once("alder")
        world.tenant.advance(60)
    assert world.reservation(made).meeting.title == "Two"
    world.tenant.settle()
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Two"]
    assert world.conflicts() == [] and world.holds() == []
    assert_quiet(world)


def test_a_sparse_row_is_a_mark_and_clears_no_field(world: World) -> None:
    """H03."""
    world.add_room("alder")
    series = weekly(world, "alder")
    world.run()
    [before] = reservations(world, "alder")
    world.tenant.as_person(world.address("ada")).change_occurrence(
        series, datetime(2026, 12, 8, tzinfo=UTC).date(), subject="Only this one"
    )
    world.run()
    [after] = reservations(world, "alder")
    assert after.id == before.id
    assert after.meeting.organizer is not None and after.meeting.organizer.name == "Ada"
    assert len(world.slots_here("alder")) == 6
    assert_quiet(world)


def test_a_removal_of_an_id_never_seen_is_nothing(world: World) -> None:
    """H05: a new event outside of the window is reported as removed."""
    world.add_room("alder")
    world.run()
    far = world.now() + timedelta(days=800)
    world.tenant.as_delegate(world.address("alder")).book("Far", far, far + timedelta(hours=1))
    before = dump(world)
    world.run()
    assert (dump(world), world.writes()) == (before, 0)


@pytest.mark.parametrize("made_by", ["person", "delegate", "here"])
def test_an_event_moved_out_of_the_window_is_moved_and_not_cancelled(world: World, made_by: str) -> None:
    """H06, I5."""
    world.add_room("alder")
    room = world.tenant.as_delegate(world.address("alder"))
    if made_by == "person":
        event, mover = invite(world, "alder", "Budget", world.at(9)), world.tenant.as_person(world.address("ada"))
    elif made_by == "delegate":
        event, mover = put(world, "alder", "Review", world.at(9)), room
    else:
        world.book("alder", "Standup", world.at(9))
    world.run()
    if made_by == "here":
        [ours] = ours_there(world, "alder")
        event, mover = world.tenant.booked(world.address("alder"), ours["immutable_id"]), room
    [before] = reservations(world, "alder")
    world.tenant.set_policy(world.address("alder"), booking_window_in_days=1080)
    far = world.at(9 + 24 * 500)
    mover.change(event, start=far.start, end=far.end)
    world.run()
    [after] = reservations(world, "alder")
    assert after.id == before.id
    assert world.slots_here("alder") == [(far.start, far.end)]
    assert world.writes() == (1 if made_by == "here" else 0)
    assert_quiet(world)


@pytest.mark.parametrize("at_page", [0, 1, 2])
@pytest.mark.parametrize("full", [False, True], ids=["delta", "full"])
def test_a_token_that_dies_at_any_page_costs_another_reading(world: World, at_page: int, full: bool) -> None:
    """H08: edits that wait are still sent, nothing is created twice, nobody is mailed."""
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = 5
    world.add_room("alder")
    made = [world.book("alder", f"Ours {n}", world.at(2 * n)) for n in range(6)]
    for number in range(9):
        put(world, "alder", f"Theirs {number}", world.at(30 + 2 * number))
    world.run()
    there, mails = len(world.there("alder")), len(world.tenant.mails)
    world.tenant.advance(300)
    for number in made[:3]:
        world.change(number, title=f"Edited {number}")
    world.tenant.touch_all(world.address("alder"))
    world.tenant.faults.add("delta", "410", skip=at_page)
    world.want("alder", full=full)
    world.run()
    assert (len(world.there("alder")), len(world.tenant.mails)) == (there, mails)
    assert sum(e["subject"].startswith("Edited") for e in world.there("alder")) == 3
    assert "reread" in steps(world) or at_page > 0
    assert world.holds() == []
    assert_same(world, "alder")
    assert_quiet(world)


def test_rows_and_their_delta_link_are_stored_in_one_commit(world: World) -> None:
    """H09: whatever link is stored, everything before it is known here."""
    world.add_room("alder")
    world.run()
    put(world, "alder", "New", world.at(9))
    seen: list[tuple[str | None, int]] = []

    def look(phase: str, _info: object) -> None:
        with world.transactions.reading() as session:
            link = session.scalar(select(DeltaSession.delta_link))
            seen.append((link, len(session.scalars(select(Link)).all())))

    world.tenant.on_request(look)
    world.run_once("alder")
    with world.transactions.reading() as session:
        last = session.scalar(select(DeltaSession.delta_link))
    assert len({count for link, count in seen if link == last} - {1}) == 0
    assert {count for link, count in seen if link != last} == {0}
    world.run()
    assert world.titles_here("alder") == ["New"]


def test_a_round_that_ends_after_a_crash_goes_on_from_its_staged_pages(world: World) -> None:
    """H09."""
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = 4
    world.add_room("alder")
    for number in range(12):
        put(world, "alder", f"E{number}", world.at(2 * number))
    world.tenant.faults.add("delta", "503", skip=2)
    world.run_once("alder")
    assert world.count(StagedRow) > 0 and reservations(world, "alder") == []
    world.run()
    assert (world.count(StagedRow), len(world.slots_here("alder"))) == (0, 12)
    assert_quiet(world)


@pytest.mark.parametrize(
    "switches",
    [
        {"empty_first_page": True},
        {"trailing_empty_page": True},
        {"delta_page_size_honoured": False, "default_delta_page": 1},
        {"series_split_over_pages": True, "delta_page_size_honoured": False, "default_delta_page": 3},
        {"delta_updates_complete": False},
        {"removed_series_lists_dates": True},
        {"leak_internal_members": True},
        {"every_read_makes_a_generation": True},
    ],
    ids=lambda s: next(iter(s)),
)
def test_no_shape_of_a_round_makes_a_difference(world: World, switches: dict[str, Any]) -> None:
    """H11."""
    for name, value in switches.items():
        setattr(world.tenant.switches, name, value)
    world.add_room("alder")
    series = weekly(world, "alder")
    event = put(world, "alder", "Review", world.at(15))
    world.run()
    assert len(world.slots_here("alder")) == 7
    span = world.at(18)
    world.tenant.as_delegate(world.address("alder")).change(event, start=span.start, end=span.end)
    world.tenant.as_person(world.address("ada")).cancel(series)
    world.run()
    assert world.slots_here("alder") == [(span.start, span.end)]
    assert_quiet(world)


@pytest.mark.parametrize("later", [False, True], ids=["first round", "a later round"])
def test_a_round_that_circles_ends_in_a_plain_listing(world: World, later: bool) -> None:
    """H01, I8."""
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = 3
    world.add_room("alder")
    if later:
        world.run()
    events = [put(world, "alder", f"E{n}", world.at(2 * n)) for n in range(10)]
    world.tenant.faults.add("delta", "loop", times=1000)
    world.run()
    assert "reread" in steps(world)
    assert len(world.slots_here("alder")) == 10
    assert sum(r.op == "delta" for r in world.tenant.requests) < 40
    world.tenant.advance(60)
    world.tenant.as_delegate(world.address("alder")).delete(events[0])
    world.run()
    assert len(world.slots_here("alder")) == 9
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)


def contents(world: World) -> dict[str, list[str]]:
    """What the tables hold, whatever order rows were made in: without the numbers and names they are given."""
    found: dict[str, list[str]] = {}
    with world.transactions.reading() as session:
        for model in QUIET:
            columns = [
                column
                for column in model.__table__.columns
                if column.name not in {*NOT_CONTENT, "public_id"}
                and not column.primary_key
                and not column.foreign_keys
            ]
            found[model.__tablename__] = sorted(repr(tuple(row)) for row in session.execute(select(*columns)))
    return found


def test_rounds_applied_once_twice_and_shuffled_leave_the_same_tables() -> None:
    """H02: table by table, in two homes, with a series; only how often something was read may differ."""

    def tables(replays: float, shuffle: bool) -> dict[str, Any]:
        world = World(seed=7)
        world.tenant.switches.replays, world.tenant.switches.shuffle_delta = replays, shuffle
        world.tenant.add_person(world.address("ada"), "Ada")
        world.add_room("alder")
        events = [put(world, "alder", f"E{n}", world.at(2 * n)) for n in range(6)]
        adas = [invite(world, "alder", f"A{n}", world.at(20 + 2 * n)) for n in range(4)]
        weekly(world, "alder")
        world.run()
        for number in range(3):
            span = world.at(40 + 2 * number)
            world.tenant.as_delegate(world.address("alder")).change(events[number], start=span.start, end=span.end)
            world.tenant.as_person(world.address("ada")).change(adas[number], subject=f"Renamed {number}")
        world.tenant.as_person(world.address("ada")).cancel(adas[3])
        world.tenant.as_delegate(world.address("alder")).delete(events[5])
        for _ in range(3):
            world.run()
            world.tenant.advance(600)
        found = contents(world)
        world.close()
        return found

    once = tables(0.0, False)
    assert sum(len(rows) for rows in once.values()) > 30
    assert tables(1.0, False) == once
    assert tables(1.0, True) == once


def test_forty_series_whose_round_repeats_its_third_page_are_listed_plainly(world: World) -> None:
    """H01, I1, I8: a page that comes again with fresh tokens; the old delta link stands until the listing is done."""
    world.tenant.switches.delta_page_size_honoured = False
    world.tenant.switches.default_delta_page = 10
    world.add_room("alder")
    for number in range(40):
        put(world, "alder", f"Series {number}", world.at(0.5 * number, 30), recurrence=WEEKLY)
    world.run()
    asked = len(world.tenant.requests)
    put(world, "alder", "New", world.at(30))
    world.tenant.touch_all(world.address("alder"))
    world.tenant.faults.add("delta", "loop", times=1000)
    world.run()
    rounds = [r for r in world.tenant.requests[asked:] if r.op == "delta"]
    assert len(rounds) < 40
    assert "reread" in steps(world)
    assert len(world.slots_here("alder")) == 40 * 6 + 1
    world.tenant.faults.clear()
    assert_quiet(world)


def test_an_event_that_began_before_the_window_and_ends_after_it_blocks_the_room(world: World) -> None:
    """H14."""
    world.add_room("alder")
    span = Timed(world.now() - timedelta(days=20), world.now() + timedelta(days=400))
    put(world, "alder", "Works", span)
    world.run()
    assert world.slots_here("alder") == [(span.start, span.end)]
    assert_quiet(world)


def test_etags_that_move_every_night_write_nothing(world: World) -> None:
    """H19."""
    world.add_room("alder")
    world.book("alder", "Standup", world.at(10))
    invite(world, "alder", "Budget", world.at(12))
    world.run()
    before, writes, did = dump(world), world.writes(), len(steps(world))
    for _ in range(10):
        world.tenant.touch_all(world.address("alder"))
        world.tenant.advance(3600)
        world.run()
    assert (dump(world), world.writes(), len(steps(world))) == (before, writes, did)


@pytest.mark.parametrize("style", ["case", "dash"])
def test_two_events_whose_ids_differ_in_one_character_are_two(world: World, style: str) -> None:
    """H16."""
    world.add_room("alder")
    world.tenant.plan_twins(world.address("alder"), style)
    one, other = (put(world, "alder", f"E{n}", world.at(2 * n)) for n in range(2))
    world.run()
    assert (
        one.immutable_id.translate(str.maketrans("-", "_")).casefold()
        == other.immutable_id.translate(str.maketrans("-", "_")).casefold()
    )
    delegate = world.tenant.as_delegate(world.address("alder"))
    delegate.change(one, subject="Changed")
    world.run()
    assert world.titles_here("alder") == ["Changed", "E1"]
    delegate.delete(other)
    world.run()
    assert world.titles_here("alder") == ["Changed"]
    first = reservations(world, "alder")[0]
    world.change(first.id, title="From here")
    world.run()
    assert [e["subject"] for e in live_there(world, "alder")] == ["From here"]
    assert_quiet(world)


def test_mutable_ids_that_change_do_not_matter(world: World) -> None:
    """H15."""
    world.add_room("alder")
    world.book("alder", "Standup", world.at(10))
    put(world, "alder", "Review", world.at(12))
    world.run()
    before, writes = dump(world), world.writes()
    world.tenant.move_items(world.address("alder"))
    world.run()
    assert (dump(world), world.writes()) == (before, writes)


@pytest.mark.parametrize("days", range(0, 61, 20))
def test_what_the_moving_window_leaves_behind_is_never_cancelled(world: World, days: int) -> None:
    """H13, I5."""
    world.add_room("alder")
    for number in (0, 1, 10, 100, 300):
        put(world, "alder", f"Day {number}", world.at(24 * number))
    world.run()
    world.tenant.advance(days * 86_400)
    world.want("alder", full=True)
    world.run()
    assert len(world.slots_here("alder")) == 5
    assert world.writes() == 0 and world.holds() == []
    assert_quiet(world)


@pytest.mark.parametrize("link", ["https://evil.example/v1.0/x", "http://169.254.169.254/", "{base}@evil.example/x"])
def test_a_stored_link_that_leads_elsewhere_gets_no_token_and_all_is_read_anew(world: World, link: str) -> None:
    """S21, and a Graph address that was configured anew: what was stored before leads to another place."""
    world.add_room("alder")
    world.run()
    put(world, "alder", "New", world.at(9))
    with world.transactions.writing() as session:
        session.execute(update(DeltaSession).values(delta_link=link.format(base="https://graph.microsoft.com")))
    world.want("alder")
    world.run()
    assert world.titles_here("alder") == ["New"]
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert "reread" in steps(world)
    assert_quiet(world)
