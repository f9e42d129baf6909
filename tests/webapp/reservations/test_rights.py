"""Who may change what is said before the click, with the reason and what would allow it: each row of the table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webapp.rooms.world import World, text_of
from webapp.domain.words import Reach

DELEGATE = {"home": "resource", "organizer_email": ""}
TOMASZ = "tomasz@larkfield.example"


def page(world: World, reservation_id: int) -> tuple[str, str]:
    """What a reader sees of a reservation's page, and its source."""
    response = world.get(f"/reservations/{reservation_id}")
    return text_of(response), response.text


def test_what_was_made_here_can_be_changed_whole(world: World) -> None:
    own = world.booking(world.linked_room())
    shown, html = page(world, own)
    assert "You can change time, title, owner and room, and cancel" in shown
    assert "Room Yes Made in the other room first, then removed here." in shown
    assert "Owner Yes Kept here only." in shown
    assert f"/reservations/{own}/edit" in html
    assert f"/reservations/{own}/cancel" in html


def test_what_is_in_no_calendar_changes_here_only(world: World) -> None:
    shown, _ = page(world, world.booking(world.room("Maple")))
    assert "It was made here, and stays here: Maple is not linked to a calendar." in shown
    assert "Time and title Yes Here only." in shown


def test_a_delegates_event_keeps_its_guests_and_its_room(world: World) -> None:
    imported = world.imported(world.linked_room(), other_attendees=3, **DELEGATE)
    shown, _ = page(world, imported)
    assert "You can change time and title, and cancel" in shown
    assert "3 guests are told by Outlook of every change." in shown
    assert "Room No Made anew elsewhere it would lose its guests." in shown
    assert "Owner Yes Kept here only." in shown


def test_with_delegation_a_persons_meeting_is_changed_through_his_calendar_and_its_owner_is_fixed(
    world: World,
) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room(), other_attendees=1)
    world.person_mailbox(TOMASZ, Reach.YES)
    shown, html = page(world, imported)
    assert "Tomasz Brandt organizes this meeting. What you change here is written in that calendar" in shown
    assert "1 guest is told by Outlook of every change." in shown
    assert "Owner No Whoever organizes a meeting owns it." in shown
    assert f"/reservations/{imported}/edit" in html


@pytest.mark.parametrize(
    ("reach", "why", "allow"),
    [
        (Reach.OUTSIDE, "is outside the tenant", "Only the organizer can change it"),
        (Reach.NO_MAILBOX, "has no Exchange Online calendar", "Once it has one"),
        (Reach.REFUSED, "is not among those that the tenant lets the app use", "adds it to the app’s scope"),
    ],
)
def test_out_of_reach_says_which_mailbox_why_and_what_would_allow_it(
    world: World, reach: Reach, why: str, allow: str
) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room())
    world.person_mailbox(TOMASZ, reach)
    shown, html = page(world, imported)
    assert f"The mailbox {TOMASZ} {why}." in shown
    assert allow in shown
    assert "Decline for the room" in shown
    assert f"/reservations/{imported}/edit" not in html
    assert f"/reservations/{imported}/decline" in html


@pytest.mark.parametrize("strict", [False, True])
def test_without_delegation_the_setting_is_named_and_the_room_can_be_declined(world: World, strict: bool) -> None:
    world.modes(strict=strict)
    imported = world.imported(world.linked_room())
    shown, html = page(world, imported)
    assert "Tomasz Brandt organizes this meeting in Outlook" in shown
    assert "an administrator ticks Enable User Calendar Delegation" in shown
    assert "You can decline it for the room." in shown
    assert "Cancel No Decline for the room frees it" in shown
    assert f"/reservations/{imported}/decline" in html
    assert f"/reservations/{imported}/cancel" not in html


def test_a_private_meeting_names_nobody_in_its_reasons(world: World) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room(), is_private=True)
    world.person_mailbox(TOMASZ, Reach.OUTSIDE)
    for path in (f"/reservations/{imported}", f"/reservations/{imported}/decline"):
        shown = text_of(world.get(path))
        assert "Tomasz" not in shown, path
        assert "tomasz" not in shown, path
    assert "A person organizes this meeting" in page(world, imported)[0]


@pytest.mark.parametrize("remote", [{}, DELEGATE])
def test_the_reasons_cost_no_more_than_a_page_may(world: World, count_queries: Any, remote: dict[str, Any]) -> None:
    world.modes(delegation=True)
    imported = world.imported(world.linked_room("Alder"), **remote)
    world.person_mailbox(TOMASZ, Reach.OUTSIDE)
    for path in (f"/reservations/{imported}", f"/reservations/{imported}/decline"):
        with count_queries() as seen:
            world.get(path)
        assert len(seen) <= 12, (path, len(seen), seen)
