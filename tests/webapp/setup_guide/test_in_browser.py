"""What only a browser shows of the guide: copying, the keyboard, what stays unfolded, and how wide it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.webapp.connections.conftest import CLIENT_ID, make_check, make_connection
from tests.webapp.setup_guide.test_guide import OBJECT_ID, all_done
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.words import CheckState
from webapp.models import ConnectionCheck

__all__ = ["panel"]
pytestmark = pytest.mark.browser
GUIDE = "/setup-guide/"


def clipboard(page: Page) -> str:
    """What was copied."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def let_copy(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_a_value_and_lines_are_copied_whole_by_keyboard(
    panel: Page, connection_id: int, with_rooms: Callable[..., None]
) -> None:
    with_rooms("Alder", "Birch")
    let_copy(panel)
    open_path(panel, GUIDE)
    step = panel.locator("#step-11 > summary")
    step.focus()
    panel.keyboard.press("Enter")
    panel.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Copy Application (client) ID")).to_be_focused()
    button = panel.locator("[data-copy=copy-client-id]")
    panel.keyboard.press("Enter")
    expect(button).to_contain_text("Copied")
    expect(panel.locator("#copied")).to_have_text("Copied")
    assert clipboard(panel) == CLIENT_ID

    panel.locator("#step-7 > summary").click()
    panel.locator("#restrict > summary").click()
    panel.get_by_role("button", name="Copy PowerShell lines for the linked rooms").click()
    expect(panel.locator("#copied")).to_have_text("Copied")
    copied = clipboard(panel).splitlines()
    assert copied[0] == "Connect-ExchangeOnline"
    assert "  'birch@larkfield.example'" in copied


def test_without_a_clipboard_the_text_is_copied_by_selecting_it(panel: Page, connection_id: int) -> None:
    let_copy(panel)
    panel.add_init_script(
        "window.read = navigator.clipboard?.readText.bind(navigator.clipboard);"
        "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    open_path(panel, GUIDE)
    panel.locator("#step-11 > summary").click()
    panel.get_by_role("button", name="Copy Application (client) ID").click()
    expect(panel.get_by_role("button", name="Copied Application (client) ID")).to_be_visible()
    assert panel.evaluate("getSelection().toString()") == CLIENT_ID
    assert panel.evaluate("window.read()") == CLIENT_ID


def test_steps_are_ticked_by_keyboard_and_the_focus_goes_to_the_next(panel: Page) -> None:
    open_path(panel, GUIDE)
    panel.locator("#step-1").get_by_role("button", name="I have done this").press("Enter")
    expect(panel.locator("#step-2 > summary")).to_be_focused()
    expect(panel.locator("#step-2")).to_have_attribute("open", "")
    expect(panel.locator("#step-1 > summary")).to_contain_text("ticked by you")
    expect(panel.get_by_text("1 of 16 done")).to_be_visible()


def test_a_check_that_ends_ticks_the_steps_and_leaves_unfolded_what_was(
    panel: Page, data: Transactions, connection_id: int
) -> None:
    open_path(panel, GUIDE)
    panel.locator("#step-15 > summary").click()
    panel.locator("#step-14").get_by_role("button", name="CHECK CONNECTION").click()
    expect(panel.get_by_role("heading", name="Checking larkfield-hq")).to_be_focused()
    with data.writing() as session:
        check = session.query(ConnectionCheck).one()
        check.state, check.steps = CheckState.CONFIRMED, all_done()
        check.started_at = check.finished_at = utcnow()
    expect(panel.get_by_role("heading", name="Confirmed")).to_be_visible()
    expect(panel.locator("#step-14 > summary")).to_contain_text("Confirmed")
    expect(panel.locator("#step-15")).to_have_attribute("open", "")
    panel.get_by_role("button", name="OK", exact=True).click()
    expect(panel.locator("dialog")).to_have_count(0)
    assert panel.evaluate("document.activeElement.closest('main') !== null")
    expect(panel.locator("[hx-trigger^=every]")).to_have_count(0)


def test_another_connection_is_chosen_and_an_object_id_filled_in_without_leaving_the_page(
    panel: Page, app: Flask, data: Transactions, connection_id: int
) -> None:
    with data.writing() as session:
        second = make_connection(session, app, "zweite")
        make_check(session, second, CheckState.CONFIRMED, steps=all_done())
    open_path(panel, GUIDE)
    panel.evaluate("window.sameDocument = true")
    panel.get_by_label("For connection").select_option("zweite")
    expect(panel.locator("#step-1 > summary")).to_contain_text("seen by sign-in")
    assert panel.url.endswith(f"?connection={second}")
    panel.locator("#step-7 > summary").click()
    panel.locator("#restrict > summary").click()
    panel.get_by_label("Object ID of the enterprise application").fill(OBJECT_ID)
    panel.keyboard.press("Enter")
    expect(panel.locator("#copy-rbac-all")).to_contain_text(f"$objectId = '{OBJECT_ID}'")
    expect(panel.get_by_label("Object ID of the enterprise application")).to_be_focused()
    assert panel.evaluate("window.sameDocument")


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_the_guide_scrolls_nowhere_sideways_with_everything_unfolded(
    panel: Page, app: Flask, data: Transactions, width: int
) -> None:
    with data.writing() as session:
        make_connection(session, app, "x" * 64)
    panel.set_viewport_size({"width": width, "height": 844})
    for path in (GUIDE, f"{GUIDE}?connection=new", f"{GUIDE}?object_id={'y' * 100}"):
        open_path(panel, path)
        panel.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert panel.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
