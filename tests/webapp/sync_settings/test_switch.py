"""The master switch."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.connections.conftest import make_connection, make_room
from webapp.database import Transactions
from webapp.enqueue import SYNC_MAILBOXES
from webapp.models import Mailbox, Room, SyncSettings

URL = "/settings/external-calendar-sync/"
BOTH_WAYS = pytest.mark.parametrize("hx", [False, True], ids=["without script", "with htmx"])


@pytest.fixture
def rooms(app: Flask, data: Transactions) -> None:
    """Alder is followed; Birch is paused."""
    with data.writing() as session:
        one = make_connection(session, app)
        make_room(session, one, "Alder")
        birch = session.get(Room, make_room(session, one, "Birch"))
        assert birch
        birch.sync_active = False


def save(admin: Person, enabled: bool, revision: int = 1, hx: bool = False):  # type: ignore[no-untyped-def]
    admin.get(URL)
    return admin.post(URL, ({"enabled": "y"} if enabled else {}) | {"revision": str(revision)}, hx=hx)


def is_on(data: Transactions) -> bool:
    with data.reading() as session:
        return session.query(SyncSettings).one().enabled


def test_it_is_off_at_first_and_says_what_that_means(admin: Person) -> None:
    page = admin.get(URL).text
    assert "Enabled External Calendar Sync" in page
    assert "checked" not in page.split('name="enabled"')[1].split(">")[0]
    assert "No calendar is read or written while this is off." in page


@BOTH_WAYS
def test_switched_on_every_followed_room_catches_up(
    admin: Person, data: Transactions, bell: ListeningBell, rooms: None, hx: bool
) -> None:
    answer = save(admin, True, hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert is_on(data)
    with data.reading() as session:
        assert [mailbox.wanted for mailbox in session.query(Mailbox).order_by(Mailbox.id)] == [1, 0]
    assert bell.rung == [(SYNC_MAILBOXES, ([1],), "sync")]
    page = answer.text if hx else admin.get(URL).text
    assert "External Calendar Sync is on." in page


@BOTH_WAYS
def test_switched_off_nothing_is_asked_for(
    admin: Person, data: Transactions, bell: ListeningBell, rooms: None, hx: bool
) -> None:
    save(admin, True)
    bell.rung.clear()
    answer = save(admin, False, revision=2, hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert not is_on(data)
    assert bell.rung == []


@BOTH_WAYS
def test_a_stale_form_is_refused_with_both_values(admin: Person, data: Transactions, hx: bool) -> None:
    save(admin, True)
    answer = save(admin, False, revision=1, hx=hx)
    assert answer.status_code == 409
    assert "Enabled External Calendar Sync is now on; you wanted it off." in answer.text
    assert 'name="revision" type="hidden" value="2"' in answer.text
    assert is_on(data)


def test_two_people_who_want_the_same_do_not_disagree(admin: Person, data: Transactions) -> None:
    save(admin, True)
    assert save(admin, True, revision=1).status_code == 303
    assert is_on(data)


def test_each_connection_can_be_checked_from_here(admin: Person, rooms: None) -> None:
    page = admin.get(URL).text
    assert "CHECK CONNECTION" in page
    assert "larkfield-hq" in page
