"""What an administrator does on every screen works in a browser that runs no script: links and forms are enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.webapp.activity.test_causes import fail
from tests.webapp.room_import.test_import import listed
from tests.webapp.rooms.world import NOW, World, at
from tests.webapp.shell.test_in_browser import open_path, signed_in
from tests.webapp.shell.test_states_in_browser import AHEAD, world
from webapp.domain.words import HoldKind, RoomState, SyncState
from webapp.models import Connection, Hold, HoldAction, Reservation, Room

__all__ = ["world"]
pytestmark = pytest.mark.browser


@pytest.fixture
def plain(app: Flask, browser: Browser) -> Iterator[Page]:
    """The panel in a browser without scripts, signed in."""
    context = browser.new_context(java_script_enabled=False)
    with signed_in(app, context.new_page()) as page:
        yield page
    context.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def said(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible()


def test_a_connection_is_changed_checked_and_removed(plain: Page, world: World) -> None:
    world.connection("larkfield-hq")
    open_path(plain, "/settings/office-365-integration/")
    press(plain, "CHECK CONNECTION")
    expect(plain.get_by_role("heading", name="Checking larkfield-hq")).to_be_visible()
    go(plain, "Close and go on in the background")
    go(plain, "larkfield-hq")
    plain.get_by_label("Name").fill("larkfield-north")
    press(plain, "Set")
    said(plain, "larkfield-north")
    open_path(plain, "/settings/office-365-integration/1")
    press(plain, "Remove")
    with world.rows() as session:
        assert session.query(Connection).count() == 0


def test_all_calendars_are_synced_and_a_refused_setting_is_named(plain: Page, world: World) -> None:
    world.linked_room()
    open_path(plain, "/settings/external-calendar-sync/")
    press(plain, "Sync All Calendars")
    expect(plain.get_by_role("button", name="Sync All Calendars")).to_be_disabled()
    assert world.jobs() != []


def test_a_room_is_tried_again_archived_and_brought_back(plain: Page, world: World) -> None:
    key = world.linked_room("Alder", RoomState.ERROR, sync_code="access_denied")
    open_path(plain, f"/rooms/{key}")
    press(plain, "Try again")
    open_path(plain, f"/rooms/{key}")
    go(plain, "Archive")
    press(plain, "Archive")
    open_path(plain, f"/rooms/{key}")
    press(plain, "Bring back")
    with world.rows() as session:
        assert session.get_one(Room, key).archived_at is None


def test_ticked_rooms_are_switched_off_together(plain: Page, world: World) -> None:
    keys = [world.linked_room(name) for name in ("Alder", "Birch")]
    open_path(plain, "/rooms/")
    plain.get_by_label("Tick Birch").check()
    plain.locator("#bulk button[value=pause]").click()
    with world.rows() as session:
        assert [session.get_one(Room, key).sync_active for key in keys] == [True, False]


def test_rooms_are_imported(plain: Page, world: World) -> None:
    world.connection()
    listed(world, "Poplar", capacity=6)
    open_path(plain, "/rooms/import/")
    press(plain, "Preview")
    said(plain, "Nothing was imported: new rooms need a time zone")
    plain.get_by_label("Time zone").select_option("Europe/Berlin")
    press(plain, "Preview")
    press(plain, "Import 1 room")
    said(plain, "1 room imported.")
    with world.rows() as session:
        made = session.query(Room).one()
        assert (made.name, made.capacity, made.time_zone) == ("Poplar", 6, "Europe/Berlin")
        assert made.external_address == "room-poplar@larkfield.example"


def test_what_failed_is_sent_again_alone_and_with_all_of_its_cause(plain: Page, world: World) -> None:
    room = world.linked_room()
    one = fail(world, world.booking(room, at(10, 11, AHEAD)), "refused")
    other = fail(world, world.booking(room, at(12, 13, AHEAD)), "refused")
    open_path(plain, f"/reservations/{one}")
    press(plain, "Retry")
    open_path(plain, "/activity/")
    press(plain, "Retry it")
    with world.rows() as session:
        states = {session.get_one(Reservation, key).sync_state for key in (one, other)}
    assert states == {SyncState.WAITING}


def test_a_hold_is_decided(plain: Page, world: World) -> None:
    room = world.linked_room()
    kept = world.booking(room, at(10, 11, AHEAD))
    with world.rows() as session:
        hold = Hold(room_id=room, kind=HoldKind.MASS_CANCEL, opened_at=NOW + timedelta(days=AHEAD))
        hold.actions = [HoldAction(key="a", action="cancel_here", reservation_id=kept)]
        session.add(hold)
    open_path(plain, "/activity/holds/1")
    plain.get_by_role("link", name="Cancel here").first.click()
    press(plain, "Cancel here")
    with world.rows() as session:
        assert session.query(HoldAction).one().choice != ""


def test_a_step_of_the_guide_is_ticked_and_one_signs_out(plain: Page, world: World) -> None:
    open_path(plain, "/setup-guide/")
    press(plain, "I have done this")
    said(plain, "ticked by you")
    plain.get_by_role("button", name="Account menu").click()
    press(plain, "Sign out")
    expect(plain.get_by_role("button", name="Sign in")).to_be_visible()
