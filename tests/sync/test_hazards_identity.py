"""Who an event is: ids that change, marks that are lost or another installation's, things that come back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.sync.checks import assert_quiet, assert_same, invite, ours_there, put, reservations, strip_marks
from tests.sync.oracle import live_there
from tests.sync.world import INSTALL, World
from webapp.domain.words import LinkState, RoomState
from webapp.models import Attempt, Link, Reservation
from worker.graph.calendar import GraphCalendar
from worker.sync.event import NewEvent

OTHER_INSTALL = "z9y8x7w6"


def delegate(world: World, room: str = "alder"):
    """Who manages the room's calendar."""
    return world.tenant.as_delegate(world.address(room))


def booked(world: World, event: dict[str, object], room: str = "alder"):
    """An event of the room as people there handle it."""
    return world.tenant.booked(world.address(room), str(event["immutable_id"]))


@pytest.mark.parametrize("count", [3, 10])
def test_events_whose_ids_change_silently_are_neither_created_nor_deleted(world: World, count: int) -> None:
    """H15, I3: immutable ids that changed all the same."""
    world.add_room("alder")
    for number in range(5):
        world.book("alder", f"Ours {number}", world.at(2 * number))
        put(world, "alder", f"Theirs {number}", world.at(20 + 2 * number))
    world.run()
    before, writes = world.slots_here("alder"), world.writes()
    ids = sorted(row.id for row in reservations(world, "alder"))
    world.tenant.renew_ids(world.address("alder"), count)
    world.tenant.advance(60)
    for full in (False, True):
        world.want("alder", full=full)
        world.run()
    assert world.slots_here("alder") == before
    assert world.writes() == writes and len(world.there("alder")) == 10
    assert len(reservations(world, "alder")) == 10
    assert len(set(ids) & {row.id for row in reservations(world, "alder")}) >= 5, "ours at least stay who they were"
    assert_same(world, "alder")


def test_an_id_of_another_mailbox_is_a_matter_for_a_look_and_not_for_retries(world: World) -> None:
    """H18, I8: the id answers 404 for ever; nothing is cancelled or made again, and tries are bounded."""
    world.add_room("alder")
    world.add_room("birch")
    made = world.book("alder", "Ours", world.at(9))
    other = world.book("birch", "Other", world.at(9))
    world.run()
    with world.transactions.writing() as session:
        rows = {row.reservation_id: row for row in session.scalars(select(Link))}
        rows[made].event_id = rows[other].event_id[:-6] + "AAAAA="
    asked = len(world.tenant.requests)
    world.tenant.advance(86_400)
    world.change(made, title="Renamed")
    world.run(patience=100)
    assert len(world.tenant.requests) - asked < 60
    assert [e["subject"] for e in live_there(world, "alder")] == ["Renamed"]
    assert [e["subject"] for e in live_there(world, "birch")] == ["Other"]
    assert world.room("birch").sync_state is RoomState.ACTIVE
    assert_same(world, "alder")


def test_no_link_names_a_mailbox_that_its_id_is_not_of(world: World) -> None:
    """H18: a meeting in two rooms has two ids, each kept and asked with its own mailbox."""
    for room in ("alder", "birch"):
        world.add_room(room)
    ada = world.tenant.as_person(world.address("ada"))
    span = world.at(9)
    meeting = ada.book("Both", span.start, span.end, rooms=[world.address(r) for r in ("alder", "birch")])
    world.run()
    with world.transactions.reading() as session:
        rows = {row.mailbox_id: row.event_id for row in session.scalars(select(Link))}
    for room in ("alder", "birch"):
        assert rows[world.mailbox_id(room)] == meeting.id_in(world.address(room))
    world.tenant.advance(400)
    world.run()
    for request in world.tenant.requests:
        owner = next((room for room in ("alder", "birch") if world.address(room) in request.path), None)
        if owner is not None and request.event_id is not None:
            assert request.status != 404, request


def test_an_event_that_lost_its_mark_stays_the_one_it_is(world: World) -> None:
    """H20: absence of the tag proves nothing; no duplicate, the link is kept."""
    world.add_room("alder")
    made = world.book("alder", "Ours", world.at(9))
    world.run()
    world.tenant.advance(10)
    strip_marks(world)
    for full in (False, True):
        world.want("alder", full=full)
        world.run()
    assert [row.id for row in reservations(world, "alder")] == [made]
    assert len(world.there("alder")) == 1 and world.writes() == 1
    world.change(made, title="Renamed")
    world.run()
    assert [e["subject"] for e in world.there("alder")] == ["Renamed"]
    world.cancel(made)
    world.run()
    assert world.there("alder") == []
    assert_quiet(world)


@pytest.mark.parametrize("settled", [False, True], ids=["at once", "later"])
def test_an_answer_that_names_an_event_of_another_reservation_is_refused(world: World, settled: bool) -> None:
    """H38, I3: two reservations never share one event, whatever the service says a create has made."""
    world.add_room("alder")
    first = world.book("alder", "First", world.at(9))
    world.run()
    calendar = GraphCalendar(world.client, world.address("alder"))
    [event] = world.there("alder")
    answer = calendar.read(str(event["immutable_id"]))
    world.tenant.advance(4000 if settled else 60)

    class Lying(GraphCalendar):
        def create(self, new: NewEvent):
            return answer

    world.worker = type(world.worker)(
        **{**vars(world.worker), "open_calendar": lambda _c, address: (Lying(world.client, address), None)}
    )
    second = world.book("alder", "Second", world.at(12))
    world.want("alder")
    world.worker.run(world.mailbox_id("alder"))
    [link] = world.links(LinkState.LINKED)
    assert link.reservation_id == first
    assert world.reservation(second).sync_code == "event_of_another"
    assert [e["subject"] for e in world.there("alder")] == ["First"]


def as_other_install(world: World, mark: str, title: str, hour: float) -> None:
    """Another installation of the product, a copy of this one perhaps, writes into the same room."""
    calendar = GraphCalendar(world.client, world.address("alder"))
    calendar.create(NewEvent(mark, title, world.at(hour), "Europe/Berlin"))


def test_the_readable_transaction_id_carries_the_install(world: World) -> None:
    """H73, H74: whoever reads an event can tell which installation made it, and for what."""
    world.add_room("alder")
    made = world.book("alder", "Ours", world.at(9))
    world.run()
    [event] = world.there("alder")
    public_id = world.reservation(made).public_id
    assert event["transaction_id"] == f"{INSTALL}.{public_id}.{world.rooms['alder']}.1"


def test_another_installs_events_are_foreign_and_never_rewritten_or_deleted(world: World) -> None:
    """H73, H74, I9: not even those that name a reservation of ours, live, cancelled or twice."""
    world.add_room("alder")
    live, cancelled = world.book("alder", "Live", world.at(9)), world.book("alder", "Cancelled", world.at(12))
    world.run()
    world.cancel(cancelled)
    world.run()
    ids = {name: world.reservation(row).public_id for name, row in (("live", live), ("cancelled", cancelled))}
    room = world.rooms["alder"]
    writes = world.writes()
    as_other_install(world, f"{OTHER_INSTALL}.{ids['live']}.{room}.1", "Their live", 15)
    as_other_install(world, f"{OTHER_INSTALL}.{ids['cancelled']}.{room}.1", "Their cancelled", 18)
    as_other_install(world, f"{OTHER_INSTALL}.{'0' * 24}.{room}.1", "Their own", 21)
    written = world.writes() - writes
    for full in (False, True):
        world.want("alder", full=full)
        world.run()
    assert world.writes() == writes + written
    subjects = sorted(str(e["subject"]) for e in world.there("alder"))
    assert subjects == ["Live", "Their cancelled", "Their live", "Their own"]
    assert len(reservations(world, "alder")) == 4
    assert_same(world, "alder")
    assert_quiet(world)


def test_an_event_deleted_there_does_not_come_back_with_a_late_row(world: World) -> None:
    """H59: reads that lag tell of it again; it lives on neither side."""
    world.add_room("alder")
    for who in ("ours", "theirs"):
        if who == "ours":
            world.book("alder", "Ours", world.at(9))
        else:
            put(world, "alder", "Theirs", world.at(12))
    world.run()
    for event in world.there("alder"):
        delegate(world).delete(booked(world, event))
    world.run()
    assert reservations(world, "alder") == [] and world.there("alder") == []
    world.tenant.faults.lag(world.address("alder"), 2, kinds=["delta", "view", "list"])
    for full in (False, True, False, True):
        world.want("alder", full=full)
        world.worker.run(world.mailbox_id("alder"))
        world.tenant.advance(70)
    assert reservations(world, "alder") == []
    world.tenant.settle()
    world.run()
    assert reservations(world, "alder") == [] and world.there("alder") == []
    assert world.count(Attempt) == 1
    assert_quiet(world)


def test_a_meeting_cancelled_while_the_room_was_one_run_behind_is_not_copied_back(world: World) -> None:
    """H59: a change here and the deletion there cross; nothing is made again, and what was wanted is kept."""
    world.add_room("alder")
    meeting = invite(world, "alder", "Budget", world.at(9))
    world.run()
    world.tenant.as_person(world.address("ada")).cancel(meeting)
    world.tenant.faults.lag(world.address("alder"), 1)
    for _ in range(3):
        world.run_once("alder")
        world.tenant.advance(70)
    world.tenant.settle()
    world.run()
    assert world.slots_here("alder") == [] and world.writes() == 0
    assert ours_there(world, "alder") == [] and world.count(Reservation) == 1
    assert_quiet(world)
