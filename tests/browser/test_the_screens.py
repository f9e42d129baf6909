"""Every screen with the demo's own data: nothing sticks out at any width, is out of line or doubled, and axe finds
nothing in light or dark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import in_both_themes
from tests.browser.stack import DAY, Stack
from tests.browser.steps import CONNECTIONS, SYNC, book_here, on_timetable

pytestmark = pytest.mark.browser

WIDTHS = (1440, 1200, 1000, 640, 390, 320)
DOUBLED = "[...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, at, all) => all.indexOf(id) < at)"
STICKS_OUT = "document.documentElement.scrollWidth > innerWidth"
OUT_OF_LINE = """
[...document.querySelectorAll(".fields.two")].flatMap((pair) => {
  const fields = pair.querySelectorAll("input:not([type=hidden]), select");
  const shown = [...fields].map((one) => one.getBoundingClientRect());
  return shown.flatMap((one, at) => shown.slice(at + 1)
    .filter((other) => other.left >= one.right && Math.abs(other.top - one.top) < one.height && other.top !== one.top)
    .map((other) => `${one.top} beside ${other.top}`));
})
"""


@pytest.fixture
def paths(panel: Page, stack: Stack, linked: Callable[[str], str]) -> list[str]:
    """Addresses of all screens, with a room and a reservation of our own to show."""
    room = linked("Elm")
    room_id = stack.query("SELECT id FROM room WHERE name = ?", room)[0][0]
    connection_id = stack.query("SELECT min(id) FROM connection")[0][0]
    book_here(panel, stack, room, "Looked at", "09:00", "10:00")
    expect(panel.locator(".toast")).to_contain_text("is booked")
    on_timetable(panel, room, "Looked at", "09:00").get_by_role("link").click()
    expect(panel.locator("#reservation-state")).to_contain_text("Synced")
    own = panel.url.removeprefix(stack.panel)
    book_here(panel, stack, room, "Each week", "11:00", "12:00", weeks=3)
    expect(panel.locator(".toast")).to_contain_text("is booked")
    made = "SELECT r.id FROM reservation r JOIN meeting m ON m.id = r.meeting_id WHERE m.title = 'Each week'"
    series, second = f"/reservations/{stack.query(made)[0][0]}", f"date={DAY + timedelta(weeks=1)}"
    run_id = stack.query("SELECT max(id) FROM room_run")[0][0]
    return [
        "/", CONNECTIONS, f"{CONNECTIONS}new", f"{CONNECTIONS}{connection_id}", SYNC,
        "/rooms/", "/rooms/import/", "/rooms/new", f"/rooms/{room_id}", f"/rooms/{room_id}/archive",
        f"/reservations/?day={DAY}", f"/reservations/?view=week&day={DAY}&room={room_id}",
        f"/reservations/new?day={DAY}",
        own, f"{own}/edit", f"{own}/cancel",
        f"{series}?{second}", f"{series}/edit?{second}", f"{series}/edit?which=all", f"{series}/cancel?{second}",
        "/activity/", f"/activity/runs/{run_id}", "/activity/mailboxes/",
        "/setup-guide/", "/setup-guide/?connection=new",
    ]  # fmt: skip


def test_every_screen_holds_at_every_width(panel: Page, stack: Stack, paths: list[str]) -> None:
    wrong: list[str] = []
    for path in paths:
        assert panel.goto(f"{stack.panel}{path}").status == 200, path
        wrong += [f"{path}: id {name} twice" for name in panel.evaluate(DOUBLED)]
        wrong += [f"{path}: {count} h1" for count in [panel.locator("h1").count()] if count != 1]
        for width in WIDTHS:
            panel.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{path} at {width}: scrolls sideways"] if panel.evaluate(STICKS_OUT) else []
            wrong += [f"{path} at {width}: out of line, {said}" for said in panel.evaluate(OUT_OF_LINE)]
        panel.set_viewport_size({"width": WIDTHS[0], "height": 900})
        wrong += [f"{path}: {line}" for line in in_both_themes(panel)]
    assert wrong == []


def test_a_list_of_rooms_that_comes_late_leaves_the_focus_where_a_person_types(
    panel: Page, stack: Stack, linked: Callable[[str], str]
) -> None:
    linked("Elm")
    panel.goto(f"{stack.panel}/rooms/new")
    waiting: list[Route] = []
    panel.route("**/rooms/places?*", lambda route: waiting.append(route))
    with panel.expect_request("**/rooms/places?*"):
        panel.get_by_label("Microsoft Connection to Use").select_option(index=1)
    name = panel.get_by_label("Name", exact=True)
    name.press_sequentially("Roof")
    with panel.expect_response("**/rooms/places?*"):
        waiting[0].continue_()
    expect(panel.locator("#places-block")).to_contain_text("Rooms listed")
    expect(name).to_be_focused()
    name.press_sequentially("top")
    expect(name).to_have_value("Rooftop")
