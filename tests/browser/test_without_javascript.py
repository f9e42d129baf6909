"""The guide's main steps in a browser that runs no script: links and forms are enough."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.stack import Stack, until
from tests.browser.steps import (
    CONNECTIONS,
    SYNC,
    book_here,
    book_in_outlook,
    fill_connection,
    fill_here,
    fill_room,
    fill_time,
    fill_weekly,
    on_timetable,
    sign_in,
    wait_on_timetable,
)

pytestmark = pytest.mark.browser
NAME = "no-script"


@pytest.fixture
def plain(open_browser: Open, stack: Stack) -> Page:
    """A signed-in page without scripts."""
    page = open_browser(java_script_enabled=False).new_page()
    sign_in(page, stack)
    return page


def test_the_guide_can_be_followed_without_javascript(plain: Page, outlook: Page, stack: Stack) -> None:
    connect(plain, stack)
    switch_on(plain, stack)
    link(plain, stack)
    book_in_outlook(outlook, stack, "Ben Okafor", "Onyx", "Budget", "10:00", "11:00")
    wait_on_timetable(plain, stack, "Onyx", "Reserved by Ben Okafor", "10:00")
    refuse_and_book(plain, stack)
    change_and_cancel(plain, stack)
    repeat_and_cancel_one(plain, stack)


def connect(plain: Page, stack: Stack) -> None:
    """A refused name, then a check that is a page to reload."""
    plain.goto(f"{stack.panel}{CONNECTIONS}")
    plain.get_by_role("link", name="ADD").first.click()
    fill_connection(plain, stack, "no script", stack.shown("Secret Value"))
    plain.get_by_role("button", name="Set", exact=True).click()
    expect(plain.get_by_text("The name has a space.")).to_be_visible()
    expect(plain.get_by_label("Secret Value")).to_have_value("")
    plain.get_by_label("Name").fill(NAME)
    plain.get_by_label("Secret Value").fill(stack.shown("Secret Value"))
    plain.get_by_role("button", name="Set", exact=True).click()
    reload_until(plain, "Confirmed")
    plain.get_by_role("button", name="OK", exact=True).click()
    expect(plain.get_by_role("heading", name=NAME)).to_be_visible()


def reload_until(plain: Page, text: str) -> None:
    """By the link that a page in motion offers, as long as it offers it."""
    reload, said = plain.get_by_role("link", name="Reload"), plain.get_by_text(text).first

    def look() -> bool:
        if not said.is_visible():
            reload.click()
        return said.is_visible()

    until(look, f"{text} is said")
    expect(reload).to_have_count(0)


def switch_on(plain: Page, stack: Stack) -> None:
    """Off and on, whatever it was."""
    plain.goto(f"{stack.panel}{SYNC}")
    for is_on in (False, True):
        plain.get_by_label("Enabled External Calendar Sync").set_checked(is_on)
        plain.get_by_role("button", name="SAVE CHANGES").click()
        expect(plain.get_by_label("Enabled External Calendar Sync")).to_be_checked(checked=is_on)
    expect(plain.get_by_text("External Calendar Sync is on.")).to_be_visible()


def link(plain: Page, stack: Stack) -> None:
    """Pending, and Active after a reload."""
    plain.goto(f"{stack.panel}/rooms/")
    plain.get_by_role("link", name="Add room").first.click()
    fill_room(plain, stack, "Onyx", NAME)
    with stack.resting_worker():
        plain.get_by_role("button", name="SAVE CHANGES").click()
        expect(plain.get_by_text("Pending: first sync is running")).to_be_visible()
    reload_until(plain, "In step with Outlook")


def refuse_and_book(plain: Page, stack: Stack) -> None:
    """A time that is taken keeps what was typed; a free one arrives in the tenant."""
    book_here(plain, stack, "Onyx", "Fire drill", "10:30", "11:30")
    expect(plain.get_by_role("heading", name="Onyx is taken from 10:00 to 11:00")).to_be_visible()
    expect(plain.get_by_label("Title")).to_have_value("Fire drill")
    fill_time(plain, "11:00", "11:30")
    plain.get_by_role("button", name="Book room").click()
    expect(plain.get_by_text("Fire drill is booked.")).to_be_visible()
    until(lambda: stack.holds("onyx", "Fire drill", "11:00", "11:30"), "the reservation is in the tenant")


def change_and_cancel(plain: Page, stack: Stack) -> None:
    """Another time, then away with it."""
    on_timetable(plain, "Onyx", "Fire drill", "11:00").get_by_role("link").click()
    plain.get_by_role("link", name="Edit").click()
    fill_time(plain, "15:00", "15:45")
    plain.get_by_role("button", name="Save changes").click()
    until(lambda: stack.holds("onyx", "Fire drill", "15:00", "15:45"), "the change is in the tenant")
    plain.get_by_role("link", name="Cancel reservation").click()
    plain.get_by_role("button", name="Cancel reservation").click()
    until(lambda: stack.has_none("onyx", "Fire drill"), "the event is gone")


def repeat_and_cancel_one(plain: Page, stack: Stack) -> None:
    """A series is said by a Preview before it is booked; which dates are cancelled is asked on a page."""
    fill_here(plain, stack, "Onyx", "Jour fixe", "16:00", "16:30")
    expect(plain.get_by_label("Times", exact=True)).to_be_hidden()
    fill_weekly(plain, 2)
    plain.get_by_role("button", name="Preview").click()
    expect(plain.locator("#repeat-says")).to_contain_text("2 times")
    plain.get_by_role("button", name="Book room").click()
    expect(plain.get_by_text("Jour fixe is booked.")).to_be_visible()
    on_timetable(plain, "Onyx", "Jour fixe", "16:00").get_by_role("link").click()
    plain.get_by_role("link", name="Cancel dates").click()
    expect(plain.get_by_label("Only this date")).to_be_checked()
    plain.get_by_role("button", name="Cancel dates").click()
    expect(plain.get_by_text("One date of Jour fixe is cancelled.")).to_be_visible()
    until(lambda: stack.has_none("onyx", "Jour fixe"), "the date is gone in the tenant")
