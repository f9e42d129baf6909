"""Bulk work in Chromium, by keyboard: a tenant's rooms are imported, then ticked and switched off together."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.room_import.test_import import listed
from tests.webapp.rooms.world import World
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.database import Transactions
from webapp.domain.words import RoomState

__all__ = ["panel"]
pytestmark = pytest.mark.browser


@pytest.fixture
def world(app: Flask, data: Transactions, admin: Person, bell: ListeningBell) -> World:
    """The panel by the real clock: the browser has no other."""
    made = World(app, data, admin, bell)
    made.sync_on()
    return made


def test_rooms_are_imported_by_keyboard_and_the_focus_goes_where_one_reads_on(panel: Page, world: World) -> None:
    world.connection()
    world.room("Fern", capacity=8)
    listed(world, "Fern", capacity=10)
    listed(world, "Poplar", capacity=6)
    open_path(panel, "/rooms/import/")
    panel.get_by_label("Fern becomes").focus()
    panel.keyboard.press("Tab")
    panel.keyboard.press("ArrowRight")
    panel.get_by_role("button", name="Preview").focus()
    panel.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="Import 2 rooms?")).to_be_focused()
    expect(panel.get_by_text("Seats: 8 → 10")).to_be_visible()
    assert violations(panel) == []
    panel.get_by_role("button", name="Back").focus()
    panel.keyboard.press("Enter")
    expect(panel.get_by_label("10, as there")).to_be_checked()
    panel.get_by_role("button", name="New 1").click()
    expect(panel.get_by_label("Fern becomes")).to_have_count(0)
    panel.get_by_role("button", name="All 2").click()
    expect(panel.get_by_label("10, as there")).to_be_checked()
    panel.get_by_role("button", name="Preview").click()
    panel.get_by_role("button", name="Import 2 rooms").click()
    panel.wait_for_url("**/rooms/")
    expect(panel.locator(".toast")).to_contain_text("2 rooms imported.")


def test_ticks_are_counted_and_the_bar_switches_what_is_ticked(panel: Page, world: World) -> None:
    for name in ("Alder", "Birch", "Cedar"):
        world.linked_room(name)
    open_path(panel, "/rooms/")
    panel.get_by_label("Tick Birch").check()
    expect(panel.locator("[data-ticked]")).to_have_text("1 room ticked")
    panel.get_by_label("Tick all rooms of this page").check()
    expect(panel.locator("[data-ticked]")).to_have_text("3 rooms ticked")
    panel.get_by_label("Tick Cedar").uncheck()
    panel.get_by_role("button", name="Switch sync off").click()
    expect(panel.locator(".toast")).to_contain_text("2 rooms: sync is switched off.")
    expect(panel.get_by_text("switched off", exact=True)).to_have_count(2)
    expect(panel.locator("[data-ticked]")).to_have_text("No room ticked")


def test_rooms_of_one_cause_are_tried_again_at_once(panel: Page, world: World) -> None:
    for name in ("Alder", "Birch"):
        world.linked_room(name, RoomState.ERROR, sync_code="access_denied")
    open_path(panel, "/activity/")
    panel.get_by_role("button", name="Retry all").click()
    expect(panel.locator(".toast")).to_contain_text("2 rooms are tried again.")
    expect(panel.get_by_text("What fails, by cause")).to_have_count(0)
