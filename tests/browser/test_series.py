"""A series made here is seen in the tenant; one date changed there is marked here; it is split and a date of it is
cancelled here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stack import DAY, PATIENCE, ZONE, Stack, until
from tests.browser.steps import fill_here, fill_time, fill_weekly

pytestmark = pytest.mark.browser
LONG = PATIENCE * 1000
TITLE = "Works committee"
WEEKS = [DAY + timedelta(weeks=number) for number in range(4)]


def test_a_series_goes_both_ways_and_each_date_can_be_changed_on_either_side(
    panel: Page, outlook: Page, stack: Stack, linked: Callable[[str], str]
) -> None:
    linked("Jade")
    book_weekly(panel, stack)
    until(lambda: [held(stack, week) for week in range(4)] == [["10:00"]] * 4, "the series is in Outlook")
    change_there(panel, outlook, stack)
    split_here(panel, stack)
    cancel_here(panel, stack)


def book_weekly(panel: Page, stack: Stack) -> None:
    """Four weeks, said as a sentence before it is booked; the timetable shows the first date."""
    fill_here(panel, stack, "Jade", TITLE, "10:00", "11:00")
    fill_weekly(panel, len(WEEKS))
    last = f"{WEEKS[3].day} {WEEKS[3]:%B %Y}"
    expect(panel.locator("#repeat-says")).to_have_text(re.compile(rf"Every week on {DAY:%A} until {last}, 4 times"))
    expect(panel.get_by_label("Times", exact=True)).to_be_focused()
    panel.get_by_role("button", name="Book room").click()
    expect(panel.locator(".toast")).to_contain_text(f"{TITLE} is booked.")


def change_there(panel: Page, outlook: Page, stack: Stack) -> None:
    """A delegate of the room moves the second date in Outlook; here it is marked."""
    outlook.goto(f"{stack.outlook}as/{stack.address('jade')}/?week={WEEKS[1].isoformat()}")
    outlook.get_by_role("link", name=TITLE).first.click()
    fill_time(outlook, "14:00", "15:00")
    outlook.get_by_role("button", name="Move this date").click()
    expect(outlook.get_by_text("Moved.")).to_be_visible()

    def is_marked() -> bool:
        return on_day(panel, stack, 1).filter(has_text="14:00").get_by_text("Changed date").count() == 1

    until(is_marked, "the second date is marked as changed here")
    on_day(panel, stack, 1).get_by_role("link").click()
    expect(panel.get_by_text("Changed, planned")).to_be_visible()


def split_here(panel: Page, stack: Stack) -> None:
    """From the third date on it is at noon; the two before it stay."""
    on_day(panel, stack, 2).get_by_role("link").click()
    panel.get_by_role("link", name="Edit", exact=True).click()
    dialog = panel.get_by_role("dialog")
    dialog.get_by_label("This and all following dates").check()
    dialog.get_by_role("button", name="Continue").click()
    expect(panel.get_by_role("heading", name="Edit this and all following dates")).to_be_visible()
    fill_time(panel, "12:00", "13:00")
    panel.get_by_role("button", name="Save changes").click()
    expect(panel.locator("#reservation-state")).to_contain_text("2 times, 12:00 to 13:00")
    wanted = [["10:00"], ["14:00"], ["12:00"], ["12:00"]]
    until(lambda: [held(stack, week) for week in range(4)] == wanted, "Outlook has both parts of the series")
    expect(panel.locator("#reservation-state")).to_contain_text("Synced", timeout=LONG)


def cancel_here(panel: Page, stack: Stack) -> None:
    """The last date alone goes, on both sides."""
    on_day(panel, stack, 3).get_by_role("link").click()
    panel.get_by_role("link", name="Cancel dates").click()
    dialog = panel.get_by_role("dialog")
    expect(dialog.get_by_label("Only this date")).to_be_checked()
    dialog.get_by_role("button", name="Cancel dates").click()
    expect(panel.locator(".toast")).to_contain_text(f"One date of {TITLE} is cancelled.")
    wanted = [["10:00"], ["14:00"], ["12:00"], []]
    until(lambda: [held(stack, week) for week in range(4)] == wanted, "the last date is gone in Outlook")
    assert on_day(panel, stack, 3).count() == 0
    assert on_day(panel, stack, 2).count() == 1


def on_day(panel: Page, stack: Stack, week: int) -> Locator:
    """The series on one of its days of the timetable, looked at anew."""
    panel.goto(f"{stack.panel}/reservations/?day={WEEKS[week].isoformat()}")
    return panel.locator(".ev", has_text=TITLE)


def held(stack: Stack, week: int) -> list[str]:
    """When the room has it on one of its days, by the clock there."""
    found = [one for one in stack.events("jade", WEEKS[week]) if one.subject == TITLE]
    return [f"{one.start.astimezone(ZONE):%H:%M}" for one in found]
