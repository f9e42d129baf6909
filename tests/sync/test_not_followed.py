"""While nobody follows a calendar: what is done here meanwhile reaches it afterwards, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sync.world import World
from webapp.domain.words import TitleSource
from webapp.models import Room
from webapp.rooms import following
from webapp.rooms.service import Link, RoomDraft, save_room


@pytest.fixture
def world() -> Iterator[World]:
    """One room under sync."""
    made = World()
    made.begin_with("alder")
    yield made
    made.close()


def _save(world: World, link: Link | None) -> None:
    with world.transactions.writing() as session:
        room = session.get_one(Room, world.rooms["alder"])
        save_room(session, room.id, RoomDraft(room.name, room.time_zone, link=link), room.revision, world.now())


def test_what_was_cancelled_and_changed_while_unlinked_is_cancelled_and_changed_after_relinking(world: World) -> None:
    """H72: adopted by id; the cancelled one goes, the renamed one is renamed, nothing is made twice."""
    dropped, renamed = world.book("alder", "Dropped", world.at(9)), world.book("alder", "Kept", world.at(11))
    world.run()
    _save(world, None)
    world.cancel(dropped)
    world.change(renamed, title="Kept, renamed")
    world.run()
    assert len(world.there("alder")) == 2, "nothing is written while the room is not linked"
    _save(world, Link(1, world.address("alder"), True))
    world.run()
    assert [event["subject"] for event in world.there("alder")] == ["Kept, renamed"]


def test_an_imported_meeting_says_since_when_it_is_not_followed(world: World) -> None:
    """Sync off: what came from Outlook is read-only until it is followed again."""
    span = world.at(9)
    world.tenant.as_delegate(world.address("alder")).book("Theirs", span.start, span.end)
    world.run()
    with world.transactions.writing() as session:
        following.stop_all(session, world.now())
    assert world.reservation(1).not_followed_since == world.now()
    with world.transactions.writing() as session:
        following.resume_all(session)
    assert world.reservation(1).not_followed_since is None


def test_moving_a_meeting_that_a_delegate_made_leaves_its_title_whose_it_is(world: World) -> None:
    """Only a title that somebody typed here is ours."""
    span = world.at(9)
    world.tenant.as_delegate(world.address("alder")).book("Theirs", span.start, span.end)
    world.run()
    world.change(1, span=world.at(12))
    world.run()
    assert world.reservation(1).meeting.title_source is TitleSource.ORGANIZER
    world.change(1, title="Typed here")
    assert world.reservation(1).meeting.title_source is TitleSource.TYPED
