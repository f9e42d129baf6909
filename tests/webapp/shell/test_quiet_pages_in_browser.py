"""What pages ask of the network and of the eye: little at first, nothing at rest, and no jump as they ask again."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.rooms.world import World
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.database import Transactions
from webapp.domain.words import RoomState
from webapp.models import Room

__all__ = ["panel"]
pytestmark = pytest.mark.browser

FIRST_PAGE_BYTES = 250_000
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifted += one.value; }))
  .observe({type: "layout-shift", buffered: false});
"""
TRANSFERRED = """
[...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
  .reduce((sum, one) => sum + one.transferSize, 0)
"""


@pytest.fixture
def world(app: Flask, data: Transactions, admin: Person, bell: ListeningBell) -> World:
    """The panel by the real clock: the browser has no other."""
    made = World(app, data, admin, bell)
    made.sync_on()
    return made


def set_room(world: World, room_id: int, **columns: object) -> None:
    """As a worker would."""
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        for name, value in columns.items():
            setattr(room, name, value)


def test_the_first_page_is_small_with_all_that_it_brings(panel: Page, world: World) -> None:
    world.linked_room()
    panel.context.clear_cookies()
    panel.context.new_cdp_session(panel).send("Network.clearBrowserCache")
    open_path(panel, "/sign-in")
    panel.wait_for_load_state("networkidle")
    assert 50_000 < panel.evaluate(TRANSFERRED) < FIRST_PAGE_BYTES


def test_nothing_jumps_while_a_list_asks_again_until_its_room_rests(panel: Page, world: World) -> None:
    room_id = world.linked_room("Alder", RoomState.PENDING)
    for name in ("Birch", "Cedar"):
        world.linked_room(name)
    open_path(panel, "/rooms/")
    cell = panel.locator(f"#room-{room_id}-cell")
    expect(cell).to_contain_text("next in line")
    panel.evaluate(SHIFTS)
    set_room(world, room_id, progress_done=120, progress_total=200)
    expect(cell).to_contain_text("120 of about 200 events")
    set_room(world, room_id, sync_state=RoomState.ACTIVE)
    expect(cell).to_contain_text("Active")
    assert panel.evaluate("window.shifted") == 0


@pytest.mark.parametrize("path", ["/", "/rooms/", "/rooms/1", "/reservations/", "/activity/", "/setup-guide/"])
def test_a_page_at_rest_asks_for_nothing(panel: Page, world: World, path: str) -> None:
    world.linked_room()
    panel.clock.install()
    open_path(panel, path)
    panel.wait_for_load_state("networkidle")
    asked: list[str] = []
    panel.on("request", lambda request: asked.append(request.url))
    panel.clock.run_for(30_000)
    panel.evaluate("fetch('/').then(() => 0)")  # and whatever was asked before it has been told by now
    assert [url for url in asked if not url.endswith("/")] == []
    assert len(asked) == 1
