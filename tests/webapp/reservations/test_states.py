"""Each sync state is shown for what it is: awaited, unconfirmed, declined, moving, pending, and what else is free."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.domain.intervals import Timed, span_to_json
from webapp.domain.words import Answer, Reach, RoomState, SyncState
from webapp.models import Reservation, Room
from webapp.reservations import service
from webapp.reservations.alternatives import free_times
from webapp.reservations.drafts import Draft
from webapp.reservations.remote import decline_remote, withdraw

LONDON = ZoneInfo("Europe/London")


def state_of(world: World, reservation_id: int, **columns: Any) -> str:
    """The moving part of the page, after these columns are set."""
    with world.rows() as session:
        reservation = session.get_one(Reservation, reservation_id)
        for name, value in columns.items():
            setattr(reservation, name, value)
    return text_of(world.get(f"/reservations/{reservation_id}/state", htmx=True))


def declined(world: World, room_id: int, *, accepted: bool = False, **modes: bool) -> int:
    """Tomasz Brandt's meeting, which the room declined."""
    world.modes(**modes)
    imported = world.imported(room_id)
    with world.rows() as session:
        session.get_one(Reservation, imported).answer = Answer.ACCEPTED if accepted else Answer.NONE
        decline_remote(session, imported, NOW)
    return imported


def test_a_room_that_is_asked_is_awaited_since_then(world: World) -> None:
    imported = world.imported(world.linked_room())
    shown = state_of(world, imported, sync_state=SyncState.AWAITING, awaiting_since=NOW)
    assert "Awaiting the room’s answer" in shown
    assert "Alder was asked" in shown


def test_a_room_that_does_not_answer_is_unconfirmed_and_comes_to_rest(world: World) -> None:
    """H58."""
    imported = world.imported(world.linked_room())
    since = NOW - timedelta(minutes=20)
    shown = state_of(world, imported, sync_state=SyncState.AWAITING, sync_code="unconfirmed", awaiting_since=since)
    assert "Unconfirmed: Alder has not answered" in shown
    assert "Until it does, its slot stays taken here" in shown
    assert "every 2s" not in world.get(f"/reservations/{imported}/state", htmx=True).text


def test_a_declined_room_offers_the_free_ones_of_at_least_its_capacity(world: World) -> None:
    alder = world.linked_room("Alder", capacity=8, building="Mill")
    for name, fields in {
        "Small": {"capacity": 4},
        "Taken": {"capacity": 12},
        "Far": {"capacity": 8, "building": "Quay"},
        "Near": {"capacity": 20, "building": "Mill"},
        "Blind": {"capacity": 9, "state": RoomState.ERROR},
    }.items():
        room_id = world.linked_room(name, **fields)
        if name == "Taken":
            world.imported(room_id, at(13.5, 14.5), "in-the-way")
    world.room("Unlinked", capacity=30)
    imported = declined(world, alder, delegation=True)
    response = world.get(f"/reservations/{imported}/state", htmx=True)
    shown = text_of(response)
    assert "Alder declined this meeting" in shown
    assert "The meeting stays in the calendar of Tomasz Brandt , without this room; the room is free." in shown
    assert "Free at that time, with 8 seats or more Near 20 seats Far 8 seats" in shown
    for name in ("Small", "Taken", "Blind", "Unlinked"):
        assert name not in shown
    with world.rows() as session:
        near = session.query(Room).filter_by(name="Near").one().id
    assert f'href="/reservations/{imported}/edit?room={near}"' in response.text
    form = world.get(f"/reservations/{imported}/edit?room={near}")
    assert f'<option selected value="{near}">Near' in form.text


@pytest.mark.parametrize("reach", [None, Reach.REFUSED])
def test_where_only_the_organizer_can_choose_the_rooms_are_named_without_a_link(
    world: World, reach: Reach | None
) -> None:
    alder = world.linked_room("Alder")
    world.linked_room("Birch")
    imported = declined(world, alder, delegation=reach is not None)
    if reach is not None:
        world.person_mailbox("tomasz@larkfield.example", reach)
    response = world.get(f"/reservations/{imported}/state", htmx=True)
    assert "Only its organizer can choose one, in Outlook." in text_of(response)
    assert "/edit?room" not in response.text


def test_a_room_that_declines_later_says_that_it_had_accepted(world: World) -> None:
    """H50."""
    imported = declined(world, world.linked_room(), accepted=True)
    assert "Alder had accepted, and declined later" in text_of(world.get(f"/reservations/{imported}"))


def test_what_lost_its_slot_offers_other_rooms_and_times(world: World) -> None:
    """H51."""
    alder, _ = world.linked_room("Alder"), world.linked_room("Birch")
    own = world.booking(alder, at(10, 11))
    world.imported(alder, at(10, 11.5))
    with world.rows() as session:
        withdraw(session, own, NOW)
    response = world.get(f"/reservations/{own}/state", htmx=True)
    shown = text_of(response)
    assert "Held: It lost its slot to an earlier event in Outlook" in shown
    assert "Free at that time Birch" in shown
    assert "Free in Alder Mon 23 Nov, 09:00 to 10:00 Mon 23 Nov, 11:30 to 12:30" in shown
    assert f"/reservations/{own}/edit?day=2026-11-23&amp;start=11:30&amp;end=12:30" in response.text
    form = world.get(f"/reservations/{own}/edit?day=2026-11-23&start=11:30&end=12:30").text
    assert 'name="start" type="time" value="11:30' in form


def test_free_times_are_the_nearest_of_the_same_length() -> None:
    taken = [(at(9, 12).start, at(9, 12).end), (at(12.1, 13).start, at(12.1, 13).end)]
    found = free_times(at(10, 11), LONDON, taken, NOW - timedelta(hours=1))
    assert found == [at(8, 9), at(13, 14), at(10, 11, day=1)]


def test_free_times_never_lie_in_the_past() -> None:
    assert free_times(at(10, 11), LONDON, [], at(17.1, 18).start)[0] == at(17.25, 18.25)


def test_both_rooms_of_a_move_name_each_other(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    own = world.booking(alder)
    with world.rows() as session:
        draft = Draft(birch, "Works committee", at(10, 11))
        arriving = service.change(session, own, draft, 1, "Ines", NOW).id
    leaving = world.get(f"/reservations/{own}/state", htmx=True)
    assert "It moves to another room Birch takes it over." in text_of(leaving)
    assert "every 2s" in leaving.text
    there = text_of(world.get(f"/reservations/{arriving}/state", htmx=True))
    assert "It moves here from another room Until its event is here, Alder stays taken too." in there
    assert "This reservation is on its way to another room" in text_of(
        world.post(
            f"/reservations/{own}/edit",
            {"title": "x", "room_id": alder, "day": "2026-11-24", "start": "10:00", "end": "11:00", "revision": "2"},
        )
    )


def test_a_new_time_that_the_room_has_not_followed_yet_says_that_both_are_taken(world: World) -> None:
    imported = world.imported(world.linked_room())
    shown = state_of(world, imported, pending_time=span_to_json(at(15, 16)))
    assert "The new time is not confirmed yet Old and new time are both taken until Alder follows" in shown


@pytest.mark.parametrize(
    ("columns", "retry"),
    [
        ({"sync_code": "decline_refused"}, False),
        ({"sync_code": "organizer_event_missing"}, False),
    ],
)
def test_retry_is_offered_only_where_something_was_stopped(
    world: World, columns: dict[str, Any], retry: bool
) -> None:
    imported = world.imported(world.linked_room())
    shown = state_of(world, imported, sync_state=SyncState.FAILED, **columns)
    assert ("Retry" in shown) is retry


@pytest.mark.parametrize("state", [SyncState.DECLINED, SyncState.HELD, SyncState.AWAITING, SyncState.FAILED])
def test_the_poll_costs_three_queries_in_every_state(world: World, count_queries: Any, state: SyncState) -> None:
    alder = world.linked_room()
    for n in range(6):
        world.linked_room(f"Room {n}")
    imported = world.imported(alder)
    state_of(world, imported, sync_state=state, answer=Answer.NONE, sync_code="slot_taken")
    with count_queries() as seen:
        world.get(f"/reservations/{imported}/state", htmx=True)
    assert len(seen) <= 3, seen


def test_spans_are_kept_in_utc() -> None:
    found = free_times(at(10, 11), ZoneInfo("Pacific/Auckland"), [], NOW)
    assert all(isinstance(one, Timed) and one.start.tzinfo is NOW.tzinfo for one in found)
