"""Cancel for one room, cancel the whole meeting, decline for the room: each asks first, and says what follows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import World, text_of
from webapp.domain.words import Answer, OutboxKind, SyncState
from webapp.enqueue import SYNC_MAILBOXES
from webapp.models import Outbox, Reservation, Room


def three_rooms(world: World, **remote: Any) -> list[int]:
    """One meeting of Tomasz Brandt in three rooms, which may be changed through his calendar."""
    world.modes(delegation=True)
    rooms = [world.linked_room(name) for name in ("Alder", "Birch", "Cedar")]
    return [world.imported(room, other_attendees=5, **remote) for room in rooms]


def waiting(world: World) -> list[tuple[OutboxKind, int]]:
    with world.rows() as session:
        return [(row.kind, row.reservation_id) for row in session.scalars(select(Outbox))]


def live(world: World) -> list[int]:
    with world.rows() as session:
        return list(session.scalars(select(Reservation.id).where(Reservation.cancelled_at.is_(None))))


def end(world: World, reservation_id: int, ending: str, *, htmx: bool = False) -> Any:
    world.get(f"/reservations/{reservation_id}/{ending}")
    with world.rows() as session:
        revision = session.get_one(Reservation, reservation_id).meeting.revision
    return world.post(f"/reservations/{reservation_id}/{ending}", {"revision": revision}, htmx=htmx)


def test_a_meeting_of_three_rooms_lists_them_with_each_ones_state_and_two_ways_to_cancel(world: World) -> None:
    alder, birch, cedar = three_rooms(world)
    with world.rows() as session:
        declined = session.get_one(Reservation, cedar)
        declined.sync_state, declined.answer = SyncState.DECLINED, Answer.DECLINED
        session.get_one(Reservation, birch).sync_state = SyncState.AWAITING
    page = world.get(f"/reservations/{alder}")
    shown = text_of(page)
    assert "3 rooms of this meeting" in shown
    assert "Birch Awaiting the room’s answer Cedar Declined by the room" in shown
    assert f'href="/reservations/{birch}"' in page.text
    assert "Cancel for this room" in shown
    assert "Cancel the whole meeting" in shown
    assert text_of(world.get(f"/reservations/{alder}/rooms", htmx=True)) in shown


def test_cancel_for_this_room_says_that_the_others_stay_and_frees_it_alone(world: World) -> None:
    alder, birch, cedar = three_rooms(world)
    asked = text_of(world.get(f"/reservations/{birch}/cancel"))
    assert "Cancel for this room?" in asked
    assert "Birch is taken off the meeting in the calendar of Tomasz Brandt , and is free then." in asked
    assert "Alder and Cedar keep the meeting, and so do its guests." in asked
    assert end(world, birch, "cancel").status_code == 303
    assert live(world) == [alder, cedar]
    assert waiting(world) == [(OutboxKind.MEETING, alder)]
    with world.rows() as session:
        lead = session.scalars(select(Room.mailbox_id).where(Room.name == "Alder")).one()
    assert world.jobs() == [(SYNC_MAILBOXES, ([lead],))]
    freed = text_of(world.get(f"/reservations/{birch}"))
    assert "still to be taken off the meeting" in freed
    assert "2 rooms of this meeting Birch this reservation Cancelled Alder" in freed


@pytest.mark.parametrize("htmx", [False, True])
def test_cancelling_the_whole_meeting_names_the_other_rooms_and_counts_the_guests(world: World, htmx: bool) -> None:
    alder, _, _ = three_rooms(world)
    asked = text_of(world.get(f"/reservations/{alder}/cancel-meeting", htmx=htmx))
    assert "Cancel the whole meeting?" in asked
    assert "The meeting is cancelled in the calendar of Tomasz Brandt ." in asked
    assert "Alder , and with it Birch and Cedar , are free then" in asked
    assert "5 guests are told by Outlook." in asked
    answer = end(world, alder, "cancel-meeting", htmx=htmx)
    assert answer.headers["HX-Redirect" if htmx else "Location"] == f"/reservations/{alder}"
    assert live(world) == []
    assert waiting(world) == [(OutboxKind.CANCEL_MEETING, alder)]
    assert "still to be cancelled in the calendar of Tomasz Brandt" in text_of(world.get(f"/reservations/{alder}"))


def test_a_meeting_of_one_room_is_cancelled_with_its_event_and_says_who_is_told(world: World) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room(), other_attendees=2)
    page = text_of(world.get(f"/reservations/{imported}"))
    assert "Cancel reservation" in page
    assert "Cancel the whole meeting" not in page
    asked = text_of(world.get(f"/reservations/{imported}/cancel"))
    assert "The meeting is cancelled in the calendar of Tomasz Brandt ." in asked
    assert "2 guests are told by Outlook." in asked
    end(world, imported, "cancel")
    assert [kind for kind, _ in waiting(world)] == [OutboxKind.CANCEL_MEETING]


@pytest.mark.parametrize("htmx", [False, True])
def test_a_room_is_declined_after_a_question_and_is_free_at_once(world: World, htmx: bool) -> None:
    """The organizer is told by Outlook; the room is freed here and there."""
    imported = world.imported(world.linked_room())
    answer = world.get(f"/reservations/{imported}/decline", htmx=htmx)
    assert ("<dialog data-modal" in answer.text) is htmx
    assert ("<!doctype" in answer.text) is not htmx
    asked = text_of(answer)
    assert "Outlook tells Tomasz Brandt that Alder declined." in asked
    assert "Alder is free then, here and in Outlook." in asked
    assert "The meeting itself goes on without a room of this panel." in asked
    where = end(world, imported, "decline", htmx=htmx).headers["HX-Redirect" if htmx else "Location"]
    shown = text_of(world.get(where))
    assert "Reserved by Tomasz Brandt is declined for the room." in shown
    assert "The room’s refusal is still to be sent; the organizer is told then." in shown
    assert waiting(world) == [(OutboxKind.DECLINE, imported)]
    assert live(world) == []


def test_a_room_invited_by_another_room_can_be_declined(world: World) -> None:
    """H57: the organizing room's event is not this one's to change."""
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    world.imported(alder, home="resource", organizer_email="")
    invited = world.imported(birch, home="user", organizer_email="alder@larkfield.example", organizer_name="Alder")
    assert "Another room organizes this meeting" in text_of(world.get(f"/reservations/{invited}"))
    asked = text_of(world.get(f"/reservations/{invited}/decline"))
    assert "Outlook tells the organizing room that Birch declined." in asked
    assert "The meeting itself goes on, in Alder" in asked


@pytest.mark.parametrize("ending", ["cancel-meeting", "decline"])
def test_what_is_not_offered_leads_back_and_is_refused(world: World, ending: str) -> None:
    own = world.booking(world.linked_room())
    assert world.get(f"/reservations/{own}/{ending}").headers["Location"] == f"/reservations/{own}"
    answer = end(world, own, ending)
    assert answer.status_code == 409
    assert "You can change time, title, owner and room, and cancel" in text_of(answer)
    assert live(world) == [own]


def test_a_stale_question_is_asked_again(world: World) -> None:
    imported = world.imported(world.linked_room())
    world.get(f"/reservations/{imported}/decline")
    answer = world.post(f"/reservations/{imported}/decline", {"revision": "77"})
    assert answer.status_code == 409
    assert "Not done: someone else changed this reservation" in text_of(answer)
    assert 'class="btn risk" type="submit">Decline for the room' in answer.text
    assert live(world) == [imported]
