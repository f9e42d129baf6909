"""What people see when something is wrong, and that it ends by itself once it is mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.stack import DAY, PATIENCE, Stack, until
from tests.browser.steps import (
    CONNECTIONS,
    TIMETABLE,
    book_here,
    book_in_outlook,
    fill_time,
    make_trouble,
    on_timetable,
    wait_on_timetable,
)

pytestmark = pytest.mark.browser
LONG = PATIENCE * 1000
Link = Callable[[str], str]


def test_a_banner_says_that_no_worker_is_seen_and_what_waits_arrives_once_one_is(
    panel: Page, stack: Stack, linked: Link
) -> None:
    room = linked("Cedar")
    banner = panel.get_by_text("No worker has been seen for")
    with stack.resting_worker():
        stack.query("UPDATE worker_heartbeat SET seen_at = datetime(seen_at, '-5 minutes') WHERE kind = 'worker'")
        book_here(panel, stack, room, "Stocktaking", "08:00", "09:00")
        expect(panel.get_by_text("Stocktaking is booked.")).to_be_visible()
        panel.goto(f"{stack.panel}{TIMETABLE}")
        expect(banner).to_be_visible()
        on_timetable(panel, room, "Stocktaking", "08:00").get_by_role("link").click()
        expect(banner).to_be_visible()
        expect(panel.locator("#reservation-state")).to_contain_text("Not in Outlook yet")
    expect(panel.locator("#reservation-state")).to_contain_text("Synced", timeout=LONG)
    assert stack.holds("cedar", "Stocktaking", "08:00", "09:00")

    def is_seen() -> bool:
        panel.reload()
        return banner.count() == 0

    until(is_seen, "the worker is seen again")


def test_an_expired_secret_puts_the_room_in_error_with_the_cause_until_it_is_mended(
    panel: Page, outlook: Page, stack: Stack, linked: Link
) -> None:
    room_id = stack.query("SELECT id FROM room WHERE name = ?", linked("Cedar"))[0][0]
    make_trouble(outlook, stack, "Expire the secret")
    try:
        check(panel, stack, "The check stopped at sign-in")
        expect(panel.get_by_role("dialog").get_by_role("alert")).to_contain_text("The secret expired")
        expect(panel.get_by_role("dialog")).to_contain_text("AADSTS7000222")
        panel.goto(stack.panel)
        expect(panel.get_by_role("heading", name="expired").first).to_be_visible()
        stack.forget_tokens()
        until(lambda: state_of(stack, room_id) == "error", "the room is in Error")
        panel.goto(f"{stack.panel}/rooms/{room_id}")
        status = panel.locator("#room-status")
        expect(status.get_by_role("heading", name="Error: The secret expired")).to_be_visible()
        expect(status).to_contain_text("Nothing is lost.")
    finally:
        make_trouble(outlook, stack, "Restore")
    check(panel, stack, "Confirmed")
    until(lambda: state_of(stack, room_id) == "active", "the room is Active again")
    panel.goto(f"{stack.panel}/rooms/{room_id}")
    expect(panel.locator("#room-status")).to_contain_text("In step with Outlook")

    def is_well() -> bool:
        panel.goto(stack.panel)
        return panel.get_by_role("heading", name="expired").count() == 0

    until(is_well, "neither the secret nor any room of it needs a person")


def state_of(stack: Stack, room_id: int) -> str:
    """The room's sync status in the database."""
    return str(stack.query("SELECT sync_state FROM room WHERE id = ?", room_id)[0][0])


def check(panel: Page, stack: Stack, ends: str) -> None:
    """CHECK CONNECTION of every connection that tests before this one made, until each has ended so."""
    for number in range(len(stack.query("SELECT 1 FROM connection"))):
        panel.goto(f"{stack.panel}{CONNECTIONS}")
        panel.get_by_role("button", name="CHECK CONNECTION").nth(number).click()
        expect(panel.get_by_role("dialog").get_by_role("heading", name=ends)).to_be_visible(timeout=LONG)


def test_a_room_that_outlook_has_taken_is_refused_with_who_and_when(
    panel: Page, outlook: Page, stack: Stack, linked: Link
) -> None:
    room = linked("Cedar")
    book_in_outlook(outlook, stack, "Carla Mendes", room, "Customer visit", "10:00", "12:00")
    wait_on_timetable(panel, stack, room, "Reserved by Carla Mendes", "10:00")
    book_here(panel, stack, room, "Rehearsal", "11:30", "12:30")
    clash = panel.locator("#clash")
    expect(clash).to_be_focused()
    expect(clash).to_contain_text("Cedar is taken from 10:00 to 12:00")
    expect(clash).to_contain_text("“Reserved by Carla Mendes”")
    expect(clash).to_contain_text("(made in Outlook)")
    fill_time(panel, "12:00", "12:30")
    panel.get_by_role("button", name="Book room").click()
    expect(panel.locator(".toast")).to_contain_text("Rehearsal is booked.")
    until(lambda: stack.holds("cedar", "Rehearsal", "12:00", "12:30"), "the second try is in the tenant")


def test_an_edit_in_a_second_tab_shows_both_versions_before_it_replaces_the_first(
    admin: BrowserContext, panel: Page, stack: Stack, linked: Link
) -> None:
    room = linked("Cedar")
    book_here(panel, stack, room, "Training", "14:00", "15:00")
    expect(panel.locator(".toast")).to_contain_text("Training is booked.")
    on_timetable(panel, room, "Training", "14:00").get_by_role("link").click()
    expect(panel.locator("#reservation-state")).to_contain_text("Synced", timeout=LONG)
    second = admin.new_page()
    second.goto(panel.url)
    for tab in (panel, second):
        tab.get_by_role("link", name="Edit").click()
        expect(tab.get_by_role("heading", name="Edit reservation")).to_be_visible()
    panel.get_by_label("Title").fill("Training for beginners")
    panel.get_by_role("button", name="Save changes").click()
    expect(panel.get_by_role("heading", name="Training for beginners")).to_be_visible()

    second.get_by_label("Title").fill("Training for all")
    second.get_by_role("button", name="Save changes").click()
    note = second.get_by_role("alert").filter(has_text="Not saved: someone else changed this reservation")
    expect(note).to_contain_text("theirs Training for beginners, yours Training for all")
    assert not stack.query("SELECT 1 FROM meeting WHERE title = 'Training for all'")
    note.get_by_role("button", name="Keep mine").click()
    expect(second.get_by_role("heading", name="Training for all")).to_be_visible()
    until(lambda: stack.holds("cedar", "Training for all", "14:00", "15:00"), "what was kept is in the tenant")
    assert stack.has_none("cedar", "Training for beginners")


def test_pages_at_rest_ask_for_nothing(admin: BrowserContext, stack: Stack, linked: Link) -> None:
    room_id = stack.query("SELECT id FROM room WHERE name = ?", linked("Cedar"))[0][0]
    asked: list[str] = []
    for path in ("/rooms/", f"/rooms/{room_id}", f"/reservations/?day={DAY}", CONNECTIONS, "/activity/"):
        page = admin.new_page()
        page.goto(f"{stack.panel}{path}", wait_until="networkidle")
        assert page.evaluate("document.hidden") is False, "a hidden tab would rest anyway"
        page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(10_000)  # the promise is about time
    assert asked == []
