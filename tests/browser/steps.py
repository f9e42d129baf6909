"""What people do, by the labels that they read: in the panel and on the Outlook page."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.stack import DAY, Stack, until

CONNECTIONS = "/settings/office-365-integration/"
SYNC = "/settings/external-calendar-sync/"
ROOMS = "/rooms/"
TIMETABLE = f"/reservations/?day={DAY.isoformat()}"


def sign_in(page: Page, stack: Stack) -> None:
    """As the first admin."""
    page.goto(stack.panel)
    page.get_by_label("Email").fill(stack.shown("Email"))
    page.get_by_label("Password").fill(stack.shown("Password"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.panel}/")


def fill_connection(page: Page, stack: Stack, name: str, secret: str) -> None:
    """The form of a connection, from what Entra shows."""
    page.get_by_label("Name").fill(name)
    for label in ("Application/Client ID", "Tenant ID", "Secret ID"):
        page.get_by_label(label).fill(stack.shown(label))
    page.get_by_label("Secret Value").fill(secret)


def fill_room(page: Page, stack: Stack, name: str, connection: str) -> None:
    """The form of a new room, linked to the calendar that has its name."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Building").last.fill("North House")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Type of Calendar to Sync").select_option("Office 365")
    page.get_by_label("Microsoft Connection to Use").select_option(connection)
    page.get_by_label("External Calendar", exact=True).fill(stack.address(name.lower()))
    page.get_by_label("External Calendar Sync is Active").check()


def fill_time(page: Page, start: str, end: str) -> None:
    """Start and end in a form of either side."""
    page.get_by_label("Start").fill(start)
    page.get_by_label("End", exact=True).fill(end)


def book_here(page: Page, stack: Stack, room: str, title: str, start: str, end: str, weeks: int = 1) -> None:
    """A reservation on `DAY`, or that many weekly ones; what comes of it is for the test to look at."""
    fill_here(page, stack, room, title, start, end)
    if weeks > 1:
        fill_weekly(page, weeks)
    page.get_by_role("button", name="Book room").click()


def fill_here(page: Page, stack: Stack, room: str, title: str, start: str, end: str) -> None:
    """The form of a new reservation on `DAY`."""
    page.goto(f"{stack.panel}/reservations/new?day={DAY.isoformat()}")
    page.get_by_label("Title").fill(title)
    choose_room = page.get_by_label("Room", exact=True)
    choose_room.select_option(label=option(choose_room, room))
    fill_time(page, start, end)


def fill_weekly(page: Page, weeks: int) -> None:
    """Every week, so many times."""
    page.get_by_label("Repeat", exact=True).select_option("Weekly")
    page.get_by_label("Ends", exact=True).select_option("After … times")
    page.get_by_label("Times", exact=True).press_sequentially(str(weeks))


def option(select: Locator, name: str) -> str:
    """The choice that begins with the name."""
    return next(text for text in select.locator("option").all_inner_texts() if text.startswith(name))


def book_in_outlook(page: Page, stack: Stack, person: str, room: str, subject: str, start: str, end: str) -> str:
    """A meeting on `DAY` made by a person; its address on the Outlook page."""
    page.goto(stack.outlook)
    page.get_by_role("link", name=person).click()
    page.get_by_role("link", name="New meeting").click()
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Date", exact=True).fill(DAY.isoformat())
    fill_time(page, start, end)
    page.get_by_label("Room", exact=True).select_option(room)
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_text("Booked.")).to_be_visible()
    return page.url


def column(page: Page, room: str) -> Locator:
    """The room's column of the timetable."""
    return page.locator(".tt-col").filter(has=page.get_by_role("heading", name=room, exact=True))


def on_timetable(page: Page, room: str, title: str, start: str) -> Locator:
    """What stands under that room on `DAY` with that title and beginning."""
    return column(page, room).locator(".ev").filter(has_text=title).filter(has_text=re.compile(rf"\b{start}\b"))


def wait_on_timetable(page: Page, stack: Stack, room: str, title: str, start: str, count: int = 1) -> Locator:
    """Waits until the timetable shows it that often, looking again as a person would."""
    found = on_timetable(page, room, title, start)

    def look() -> bool:
        page.goto(f"{stack.panel}{TIMETABLE}")
        return found.count() == count

    until(look, f"{title} at {start} in {room} stands {count} times in the timetable")
    return found


def make_trouble(page: Page, stack: Stack, what: str) -> None:
    """A button of the Outlook page's Trouble."""
    page.goto(f"{stack.outlook}trouble")
    page.get_by_role("button", name=what).click()
    expect(page.get_by_role("status")).to_be_visible()
