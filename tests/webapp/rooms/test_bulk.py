"""Ticked rooms of Manage Rooms: sync switched on and off, and everything read again, for many at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webapp.rooms.world import NOW, World, text_of
from webapp.domain.words import RoomState
from webapp.models import Mailbox, Room


def press(world: World, what: str, *room_ids: int, htmx: bool = False) -> Any:
    world.get("/rooms/")
    return world.post("/rooms/bulk", {"do": what, "room": [str(one) for one in room_ids]}, htmx=htmx)


def state(world: World, room_id: int) -> tuple[bool, RoomState]:
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        return room.sync_active, room.sync_state


def full_wanted(world: World, room_id: int) -> int:
    with world.rows() as session:
        return session.get_one(Mailbox, session.get_one(Room, room_id).mailbox_id).full_wanted


@pytest.mark.parametrize("htmx", [False, True])
def test_ticked_rooms_are_switched_on_and_a_worker_is_rung_for_once(world: World, htmx: bool) -> None:
    alder, birch = world.linked_room("Alder", RoomState.OFF), world.linked_room("Birch", RoomState.OFF)
    other = world.linked_room("Cedar", RoomState.OFF)
    answer = press(world, "activate", alder, birch, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert [state(world, one) for one in (alder, birch)] == [(True, RoomState.PENDING)] * 2
    assert state(world, other) == (False, RoomState.OFF)
    assert len(world.jobs()) == 1
    said = text_of(answer) if htmx else text_of(world.get("/rooms/"))
    assert "2 rooms: sync is switched on." in said


def test_pausing_leaves_what_is_off_already_and_says_so(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch", RoomState.OFF)
    press(world, "pause", alder, birch)
    assert [state(world, one) for one in (alder, birch)] == [(False, RoomState.OFF)] * 2
    assert world.jobs() == []
    assert "1 room: sync is switched off. 1 room was so already." in text_of(world.get("/rooms/"))


def test_reading_again_asks_for_a_full_run_and_begins_a_room_in_error_anew(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch", RoomState.ERROR, sync_code="unavailable")
    press(world, "resync", alder, birch)
    assert state(world, alder) == (True, RoomState.ACTIVE)
    assert state(world, birch) == (True, RoomState.PENDING)
    assert [full_wanted(world, one) for one in (alder, birch)] == [1, 1]


@pytest.mark.parametrize("htmx", [False, True])
def test_rooms_that_cannot_are_named_with_the_mend_and_the_others_go_on(world: World, htmx: bool) -> None:
    maple, old = world.room("Maple"), world.room("Old hall", archived_at=NOW)
    alder = world.linked_room("Alder", RoomState.OFF)
    answer = press(world, "activate", maple, old, alder, htmx=htmx)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "2 rooms are left as they were" in text
    assert "Maple is not linked to a calendar. Link it first." in text
    assert "Old hall is archived." in text
    assert state(world, alder) == (True, RoomState.PENDING)


def test_without_a_tick_nothing_is_done_and_the_page_says_so(world: World) -> None:
    world.linked_room("Alder")
    answer = press(world, "pause")
    assert answer.status_code == 422
    assert "No room is ticked" in text_of(answer)
    assert press(world, "explode", 1).status_code == 422


def test_each_row_has_a_tick_with_the_name_of_its_room(world: World) -> None:
    alder = world.linked_room("Alder")
    page = world.get("/rooms/")
    assert f'name="room" value="{alder}" form="bulk"' in page.text
    assert "Tick Alder" in text_of(page)
