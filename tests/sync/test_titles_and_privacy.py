"""Which title a meeting gets, and what is never kept of a private one (H49, H56)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.checks import assert_quiet, invite, put, reservations
from tests.sync.world import World
from webapp.domain.words import TitleSource

CANARY = "Kündigung Zebra 4711"


def whole_database(world: World) -> bytes:
    """Every byte of the database, freed pages and the write-ahead log included."""
    assert world.engine is not None and world.engine.url.database is not None
    folder = Path(world.engine.url.database).parent
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def keeps_titles(world: World, name: str = "alder", **more: object) -> None:
    """A room whose assistant leaves subjects alone, where nobody's own calendar may be read."""
    world.set_modes(strict=True)
    world.add_room(name)
    world.tenant.set_policy(world.address(name), delete_subject=False, add_organizer_to_subject=False, **more)


def test_a_copys_title_is_a_placeholder_until_it_was_read_twice_a_minute_apart(world: World) -> None:
    """H49."""
    keeps_titles(world)
    invite(world, "alder", "Budget", world.at(10))
    world.tenant.settle()
    world.run_once("alder")
    assert world.titles_here("alder") == ["Reserved by Ada"]
    world.tenant.advance(59)
    world.run_once("alder")
    assert world.titles_here("alder") == ["Reserved by Ada"]
    world.tenant.advance(2)
    world.run_once("alder")
    assert world.titles_here("alder") == ["Budget"]
    assert reservations(world, "alder")[0].meeting.title_source is TitleSource.ROOM_COPY
    assert_quiet(world)


@pytest.mark.parametrize("delay", [0, 5, 30, 70])
def test_a_subject_that_the_assistant_rewrites_is_never_a_title(world: World, delay: int) -> None:
    """H49: the first reading may be the organizer's subject, the second is the assistant's."""
    world.add_room("alder")
    world.set_modes(strict=True)
    world.tenant.set_policy(world.address("alder"), delay=1.0, rewrite_delay=float(delay))
    invite(world, "alder", CANARY, world.at(10))
    for _ in range(12):
        world.run_once("alder")
        world.tenant.advance(5)
    world.run()
    assert world.titles_here("alder") == ["Reserved by Ada"] or delay >= 60
    assert world.writes() == 0
    if delay < 60:
        assert CANARY.encode() not in whole_database(world)
    assert_quiet(world)


def test_a_title_that_changes_between_the_readings_waits_again(world: World) -> None:
    keeps_titles(world)
    event = invite(world, "alder", "First", world.at(10))
    world.tenant.settle()
    world.run_once("alder")
    world.tenant.advance(40)
    world.tenant.as_person(world.address("ada")).change(event, subject="Second")
    world.tenant.settle()
    world.run_once("alder")
    world.tenant.advance(30)
    world.run_once("alder")
    assert world.titles_here("alder") == ["Reserved by Ada"]
    world.run()
    assert world.titles_here("alder") == ["Second"]


def test_the_rooms_own_event_has_its_title_at_once(world: World) -> None:
    world.add_room("alder")
    put(world, "alder", "Review", world.at(10))
    world.run_once("alder")
    assert world.titles_here("alder") == ["Review"]


@pytest.mark.parametrize("sensitivity", ["private", "confidential", "personal"])
@pytest.mark.parametrize("who", ["delegate", "person", "series"])
def test_nothing_of_a_private_subject_is_ever_kept(world: World, sensitivity: str, who: str) -> None:
    """H56: grep through the whole database file."""
    keeps_titles(world, remove_private_property=False)
    world.run()
    if who == "delegate":
        event = put(world, "alder", CANARY, world.at(10), sensitivity=sensitivity)
    else:
        rule = {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 3},
        }
        more = {"recurrence": rule} if who == "series" else {}
        event = invite(world, "alder", CANARY, world.at(10), sensitivity=sensitivity, body=CANARY, **more)
    world.run()
    mover = world.tenant.as_delegate(event.address)
    mover.change(event, subject=CANARY + " again", start=world.at(11).start, end=world.at(12).start)
    world.run()
    world.want("alder", full=True)
    world.run()
    assert set(world.titles_here("alder")) == {"Private"}
    found = whole_database(world)
    assert CANARY.encode() not in found and b"Zebra" not in found
    assert b"\\u00fcndigung" not in found
    assert_quiet(world)


def test_bodies_and_guests_are_never_kept(world: World) -> None:
    """H56, H61."""
    keeps_titles(world)
    world.tenant.add_person(world.address("gustav"), "Gustav Geheim")
    invite(world, "alder", "Budget", world.at(10), body="<p>Quokka</p>", guests=[world.address("gustav")])
    put(world, "alder", "Review", world.at(12), body="<p>Quokka</p>", guests=[world.address("gustav")])
    world.run()
    found = whole_database(world)
    assert b"Quokka" not in found and b"gustav" not in found and b"Geheim" not in found
    assert [r.meeting.other_attendees for r in reservations(world, "alder")] == [1, 1]


def test_once_seen_private_a_copy_stays_private_when_the_assistant_takes_the_flag_away(world: World) -> None:
    """H49: room policy removes the private flag seconds after acceptance."""
    keeps_titles(world, remove_private_property=True, delay=2.0, rewrite_delay=30.0)
    invite(world, "alder", CANARY, world.at(10), sensitivity="private")
    for _ in range(20):
        world.run_once("alder")
        world.tenant.advance(10)
    world.run()
    assert world.titles_here("alder") == ["Private"]
    assert CANARY.encode() not in whole_database(world)


@pytest.mark.parametrize("stripped_first", [False, True])
def test_a_meeting_that_one_room_saw_private_is_private_in_every_room(world: World, stripped_first: bool) -> None:
    """H49, H56: the other room's copy had lost its flag before it was read."""
    keeps_titles(world, "alder", remove_private_property=False)
    keeps_titles(world, "birch", remove_private_property=True, delay=0.0, rewrite_delay=0.0)
    world.run()
    span = world.at(10)
    rooms = [world.address("alder"), world.address("birch")]
    world.tenant.as_person(world.address("ada")).book(
        CANARY, span.start, span.end, rooms=rooms, sensitivity="private"
    )
    world.tenant.settle()
    order = ("birch", "alder") if stripped_first else ("alder", "birch")
    for name in order:
        world.run_once(name)
    for _ in range(4):
        world.tenant.advance(70)
        for name in order:
            world.run_once(name)
    world.run()
    assert world.titles_here("alder") == world.titles_here("birch") == ["Private"]
    assert_quiet(world)


def test_a_title_typed_here_stays_although_its_event_became_private(world: World) -> None:
    """A private subject is unread: neither value nor change."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    [event] = world.there("alder")
    booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
    world.tenant.as_delegate(world.address("alder")).change(booked, sensitivity="private", subject=CANARY)
    world.run()
    assert world.reservation(made).meeting.title == "Standup"
    assert world.reservation(made).meeting.is_private
    assert CANARY.encode() not in whole_database(world)
    assert_quiet(world)


def test_a_private_reservation_made_here_is_private_there_and_keeps_its_title(world: World) -> None:
    world.add_room("alder")
    made = world.book("alder", "Salary talk", world.at(10), is_private=True)
    world.run()
    assert [(e["subject"], e["sensitivity"]) for e in world.there("alder")] == [("Salary talk", "private")]
    world.change(made, title="Talk", span=world.at(12))
    world.run()
    assert [(e["subject"], e["sensitivity"]) for e in world.there("alder")] == [("Talk", "private")]
    assert world.titles_here("alder") == ["Talk"]
    assert_quiet(world)


def test_a_title_that_is_first_read_while_something_saved_here_waits_to_be_sent_is_known(world: World) -> None:
    """§3.2: what waits is left to the send, which reads the event again."""
    world.add_room("alder")
    world.set_modes(strict=True)
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    [row] = reservations(world, "alder")
    assert world.titles_here("alder") == ["Reserved by Ada"]

    world.set_modes(delegation=True)
    world.change(row.id)
    world.tenant.faults.add("list", "503")  # the send finds no event, and is put off; the look finds it
    world.run()

    assert world.titles_here("alder") == ["Budget"]
    assert_quiet(world)
