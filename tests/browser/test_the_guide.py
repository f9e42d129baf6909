"""The guide, walked from its first page to a meeting cancelled on the other side."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stack import DAY, PATIENCE, Stack, until
from tests.browser.steps import (
    book_here,
    book_in_outlook,
    column,
    fill_connection,
    fill_room,
    fill_time,
    on_timetable,
    wait_on_timetable,
)

pytestmark = pytest.mark.browser
LONG = PATIENCE * 1000
NAME = "larkfield-hq"


def test_the_guide_leads_from_signing_in_to_changes_that_follow_both_ways(
    panel: Page, outlook: Page, stack: Stack
) -> None:
    stack.query("UPDATE sync_settings SET enabled = 0")  # as at the first start, whichever tests ran before
    panel.goto(stack.panel)
    connect(panel, stack)
    switch_on(panel)
    link(panel, stack)
    guide_is_ticked(panel)
    theirs = meeting_appears(panel, outlook, stack)
    reservation_arrives(panel, outlook, stack)
    changes_here_arrive_there(panel, stack)
    changes_there_arrive_here(panel, outlook, stack, theirs)
    cancelled_here_is_gone_there(panel, outlook, stack)
    cancelled_there_is_gone_here(panel, outlook, stack, theirs)


def connect(panel: Page, stack: Stack) -> None:
    """Steps 12 to 14."""
    panel.get_by_role("link", name="Office 365 Integration").first.click()
    panel.get_by_role("link", name="ADD").first.click()
    fill_connection(panel, stack, "larkfield hq", stack.shown("Secret ID"))
    panel.get_by_role("button", name="Set", exact=True).click()
    said = re.compile("The name has a space.")
    expect(panel.get_by_label("Name")).to_have_accessible_description(said)
    said = re.compile("This looks like the Secret ID.")
    expect(panel.get_by_label("Secret Value")).to_have_accessible_description(said)
    expect(panel.get_by_label("Secret Value")).to_have_value("")

    panel.get_by_label("Name").fill(NAME)
    panel.get_by_label("Secret Value").fill("Xx8Q~not-the-secret-of-this-app-but-shaped-like-one")
    panel.get_by_role("button", name="Set", exact=True).click()
    dialog = panel.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="The check stopped at sign-in")).to_be_visible(timeout=LONG)
    expect(dialog.get_by_role("alert")).to_contain_text("Microsoft does not accept the secret")
    dialog.get_by_text("For Microsoft support").click()
    expect(dialog.get_by_text("AADSTS7000215", exact=True)).to_be_visible()

    dialog.get_by_role("link", name="Edit connection").click()
    panel.get_by_label("Secret Value").fill(stack.shown("Secret Value"))
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(dialog.get_by_role("heading", name="Confirmed")).to_be_visible(timeout=LONG)
    dialog.get_by_role("button", name="OK", exact=True).click()
    expect(panel.get_by_role("dialog")).to_have_count(0)
    assert stack.shown("Secret Value") not in panel.content()


def switch_on(panel: Page) -> None:
    """Step 15."""
    panel.get_by_role("link", name="External Calendar Sync").first.click()
    panel.get_by_label("Enabled External Calendar Sync").check()
    panel.get_by_role("button", name="SAVE CHANGES").click()
    expect(panel.get_by_text("External Calendar Sync is on.")).to_be_visible()


def link(panel: Page, stack: Stack) -> None:
    """Step 16: Pending turns Active on the page that is open."""
    panel.get_by_role("link", name="Manage Rooms").first.click()
    panel.get_by_role("link", name="Add room").first.click()
    fill_room(panel, stack, "Maple", NAME)
    panel.evaluate("window.neverReloaded = true")
    with stack.resting_worker():
        panel.get_by_role("button", name="SAVE CHANGES").click()
        expect(panel.locator("#room-status")).to_contain_text("Pending: first sync is running")
        expect(panel.get_by_role("row", name="Maple")).to_contain_text("Pending")
    expect(panel.locator("#room-status")).to_contain_text("In step with Outlook", timeout=LONG)
    expect(panel.get_by_role("row", name="Maple")).to_contain_text("Active")
    expect(panel.get_by_role("link", name="Pending 0")).to_be_visible()
    assert panel.evaluate("window.neverReloaded") is True


def guide_is_ticked(panel: Page) -> None:
    """The setup guide saw all of it, apart from what leaves no trace."""
    panel.get_by_role("link", name="Setup guide").first.click()
    panel.get_by_label("For connection").select_option(NAME)
    expect(panel.get_by_text("The setup is complete")).to_be_visible()
    expect(panel.get_by_role("listitem").filter(has_text="Done:")).to_have_count(15)
    expect(panel.locator("#step-4-line")).to_contain_text("cannot be seen from here")


def meeting_appears(panel: Page, outlook: Page, stack: Stack) -> str:
    """A meeting made in Outlook; its address there."""
    theirs = book_in_outlook(outlook, stack, "Ada Lindholm", "Maple", "Offsite planning", "10:00", "11:00")
    wait_on_timetable(panel, stack, "Maple", "Reserved by Ada Lindholm", "10:00")
    return theirs


def reservation_arrives(panel: Page, outlook: Page, stack: Stack) -> None:
    """A reservation made here, at the same instants there and on the Outlook page."""
    book_here(panel, stack, "Maple", "Works committee", "13:00", "14:00")
    expect(panel.locator(".toast")).to_contain_text("Works committee is booked.")
    until(lambda: stack.holds("maple", "Works committee", "13:00", "14:00"), "the reservation is in the tenant")
    expect(in_the_room(outlook, stack, "Works committee")).to_contain_text(re.compile(r"13:00\D+14:00"))
    on_timetable(panel, "Maple", "Works committee", "13:00").get_by_role("link").click()
    expect(panel.locator("#reservation-state")).to_contain_text("Synced")


def in_the_room(outlook: Page, stack: Stack, subject: str) -> Locator:
    """The row of that subject on the Outlook page of what the room holds."""
    outlook.goto(f"{stack.outlook}rooms/{stack.address('maple')}/?week={DAY.isoformat()}")
    return outlook.get_by_role("row").filter(has_text=subject)


def changes_here_arrive_there(panel: Page, stack: Stack) -> None:
    """A new title and a new time."""
    panel.get_by_role("link", name="Edit").click()
    panel.get_by_label("Title").fill("Works committee, second part")
    fill_time(panel, "14:30", "16:00")
    panel.get_by_role("button", name="Save changes").click()
    moved = "Works committee, second part"
    until(lambda: stack.holds("maple", moved, "14:30", "16:00"), "the change is in the tenant")
    assert stack.has_none("maple", "Works committee")


def changes_there_arrive_here(panel: Page, outlook: Page, stack: Stack, theirs: str) -> None:
    """The organizer moves her meeting; the room's delegate moves ours and gives it another name."""
    outlook.goto(theirs)
    fill_time(outlook, "08:30", "09:30")
    outlook.get_by_role("button", name="Move").click()
    expect(outlook.get_by_text("Moved.")).to_be_visible()
    in_the_room(outlook, stack, "Works committee").get_by_role("link").click()
    fill_time(outlook, "16:30", "17:00")
    outlook.get_by_role("button", name="Move").click()
    outlook.get_by_label("Subject").fill("Works committee, wrap-up")
    outlook.get_by_role("button", name="Rename").click()
    expect(outlook.get_by_text("Renamed.")).to_be_visible()
    wait_on_timetable(panel, stack, "Maple", "Reserved by Ada Lindholm", "08:30")
    wait_on_timetable(panel, stack, "Maple", "Works committee, wrap-up", "16:30")
    expect(column(panel, "Maple").locator(".ev")).to_have_count(2)


def cancelled_here_is_gone_there(panel: Page, outlook: Page, stack: Stack) -> None:
    """Cancel reservation."""
    on_timetable(panel, "Maple", "Works committee, wrap-up", "16:30").get_by_role("link").click()
    panel.get_by_role("link", name="Cancel reservation").click()
    panel.get_by_role("button", name="Cancel reservation").click()
    expect(panel.locator("#reservation-state")).to_contain_text("Cancelled")
    until(lambda: stack.has_none("maple", "Works committee, wrap-up"), "the event is gone")
    expect(in_the_room(outlook, stack, "Works committee")).to_have_count(0)


def cancelled_there_is_gone_here(panel: Page, outlook: Page, stack: Stack, theirs: str) -> None:
    """The organizer cancels."""
    outlook.goto(theirs)
    outlook.get_by_role("button", name="Cancel meeting").click()
    wait_on_timetable(panel, stack, "Maple", "Reserved by Ada Lindholm", "08:30", count=0)
    expect(column(panel, "Maple").locator(".ev")).to_have_count(0)
