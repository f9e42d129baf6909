"""Activity > Mailbox ledger: every request to a person's mailbox, with filters in the address and pages of 50."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import NOW, World, squeezed, text_of
from webapp.domain.words import LedgerOperation, MailboxKind
from webapp.models import Mailbox, MailboxLedger, Reservation, Room

URL = "/activity/mailboxes/"


def person(world: World, room_id: int, who: str) -> int:
    """The id of somebody's mailbox row."""
    address = f"{who}@larkfield.example"
    with world.rows() as session:
        found = session.scalar(select(Mailbox.id).where(Mailbox.address == address))
        if found is None:
            connection_id = session.get_one(Room, room_id).connection_id
            made = Mailbox(connection_id=connection_id, address=address, kind=MailboxKind.PERSON)
            session.add(made)
            session.flush()
            found = made.id
        return found


def entry(world: World, room_id: int, who: str = "tomasz", **columns: Any) -> int:
    """A request that went well, unless said otherwise."""
    mailbox_id = person(world, room_id, who)
    with world.rows() as session:
        values: dict[str, Any] = {
            "at": NOW - timedelta(minutes=1),
            "connection_id": session.get_one(Room, room_id).connection_id,
            "operation": LedgerOperation.READ,
            "event_id": "AAMkAG",
            "fields": ["title", "time"],
            "allowed_by": "titles",
            "finished_at": NOW,
            "status": 200,
        }
        row = MailboxLedger(mailbox_id=mailbox_id, room_id=room_id, **values | columns)
        session.add(row)
        session.flush()
        return row.id


def meeting_of(world: World, reservation_id: int) -> int:
    with world.rows() as session:
        return session.get_one(Reservation, reservation_id).meeting_id


def test_where_nothing_was_asked_the_page_says_that_nobodys_mailbox_was_touched(world: World) -> None:
    shown = text_of(world.get(URL))
    assert "Nobody’s mailbox was touched" in shown
    assert "No request was ever sent to a person’s mailbox." in shown


def test_a_request_says_when_whose_mailbox_what_which_fields_which_setting_and_how_it_ended(world: World) -> None:
    """H56: names of fields, no values."""
    room_id = world.linked_room("Alder")
    reservation_id = world.imported(room_id)
    columns = {"allowed_by": "delegation", "operation": LedgerOperation.PATCH, "request_id": "5f1a7c0e-22c5"}
    entry(world, room_id, meeting_id=meeting_of(world, reservation_id), **columns)
    page = world.get(URL)
    shown = text_of(page)
    for part in ("1 min ago", "tomasz@larkfield.example", "Changed", "title, time", "Enable User Calendar Delegation",
                 "Reserved by Tomasz Brandt", "Alder", "Done", "5f1a7c0e-22c5"):  # fmt: skip
        assert part in shown
    assert f'href="/reservations/{reservation_id}"' in page.text
    assert "AAMkAG" not in page.text


def test_a_private_meeting_is_private_in_the_ledger_too(world: World) -> None:
    """H56."""
    room_id = world.linked_room("Alder")
    reservation_id = world.imported(room_id, is_private=True)
    entry(world, room_id, meeting_id=meeting_of(world, reservation_id))
    shown = text_of(world.get(URL))
    assert "Private" in shown
    assert "Reserved by" not in shown


def test_a_meeting_of_several_rooms_links_to_the_room_whose_run_asked(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    world.imported(alder)
    second = world.imported(birch)
    entry(world, birch, meeting_id=meeting_of(world, second))
    assert f'href="/reservations/{second}"' in world.get(URL).text


def test_a_request_for_a_meeting_that_is_no_longer_known_still_stands(world: World) -> None:
    room_id = world.linked_room("Alder")
    entry(world, room_id)
    shown = text_of(world.get(URL))
    assert "No longer here" in shown
    assert "asked for Alder" in shown


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"status": 403, "code": "ErrorAccessDenied"}, "Failed 403 ErrorAccessDenied"),
        ({"status": 0, "code": ""}, "Failed no answer"),
        ({"status": 0, "finished_at": None}, "No answer"),
        ({"status": 202}, "Done"),
    ],
)
def test_an_outcome_is_said_for_what_it_is(world: World, columns: dict[str, Any], said: str) -> None:
    entry(world, world.linked_room("Alder"), **columns)
    assert said in text_of(world.get(URL)).split("Outcome")[1]


@pytest.mark.parametrize(
    ("args", "who"),
    [
        ("", {"ada", "bob", "cy"}),
        ("q=ADA%40", {"ada"}),
        ("q=%25", set()),
        ("operation=patch", {"bob"}),
        ("outcome=done", {"ada"}),
        ("outcome=failed", {"bob"}),
        ("outcome=open", {"cy"}),
        ("operation=read&outcome=open", {"cy"}),
        ("operation=nonsense&outcome=x&before=y&meeting=z", {"ada", "bob", "cy"}),
    ],
)
def test_requests_are_filtered_by_the_address(world: World, args: str, who: set[str]) -> None:
    room_id = world.linked_room("Alder")
    entry(world, room_id, "ada")
    entry(world, room_id, "bob", operation=LedgerOperation.PATCH, status=412)
    entry(world, room_id, "cy", finished_at=None, status=0)
    page, fragment = world.get(f"{URL}?{args}"), world.get(f"{URL}?{args}", htmx=True)
    assert {one for one in ("ada", "bob", "cy") if f"{one}@larkfield.example" in page.text} == who
    assert squeezed(fragment.text) in text_of(page)
    assert ("No request matches" in page.text) == (not who)


def test_the_requests_for_one_meeting_are_an_address_of_their_own(world: World) -> None:
    room_id = world.linked_room("Alder")
    one, other = world.imported(room_id, uid="a"), world.imported(room_id, uid="b")
    entry(world, room_id, "ada", meeting_id=meeting_of(world, one))
    entry(world, room_id, "bob", meeting_id=meeting_of(world, other))
    page = world.get(f"{URL}?meeting={meeting_of(world, one)}").text
    assert "ada@larkfield.example" in page and "bob@larkfield.example" not in page


def test_a_page_has_50_and_older_ones_are_a_link_away(world: World) -> None:
    room_id = world.linked_room("Alder")
    first = entry(world, room_id, "oldest")
    for _ in range(50):
        entry(world, room_id, "ada", operation=LedgerOperation.READ)
    page = world.get(f"{URL}?operation=read")
    assert page.text.count("<tr>") == 51
    assert "oldest@" not in page.text
    assert f'href="{URL}?operation=read&amp;before={first + 1}"' in page.text
    older = world.get(f"{URL}?operation=read&before={first + 1}").text
    assert "oldest@" in older and "ada@" not in older


def test_the_ledger_is_a_tab_of_activity(world: World) -> None:
    assert f'href="{URL}"' in world.get("/activity/").text
    assert 'href="/activity/"' in world.get(URL).text


def test_a_full_page_needs_few_queries(world: World, count_queries: Any) -> None:
    room_id = world.linked_room("Alder")
    for number in range(20):
        reservation_id = world.imported(room_id, uid=f"u{number}")
        entry(world, room_id, meeting_id=meeting_of(world, reservation_id))
    with count_queries() as seen:
        world.get(URL, htmx=True)
    assert len(seen) <= 3
