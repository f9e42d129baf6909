"""What only a browser shows: the policy holds, dialogs and focus behave, polling comes to rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.webapp.conftest import EMAIL, PASSWORD
from tests.webapp.connections.conftest import CLIENT_ID, SECRET, SECRET_ID, TENANT_ID, make_connection
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.words import CheckState
from webapp.models import ConnectionCheck

pytestmark = pytest.mark.browser
CONNECTIONS = "/settings/office-365-integration/"
SETTINGS = "/settings/external-calendar-sync/"


@contextmanager
def signed_in(app: Flask, page: Page) -> Iterator[Page]:
    """The panel, served to this page, which is signed in."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    page.set_default_timeout(20_000)
    page.goto(f"http://127.0.0.1:{server.port}/sign-in")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"http://127.0.0.1:{server.port}/")
    yield page
    page.goto("about:blank")
    server.shutdown()
    thread.join()


@pytest.fixture
def panel(app: Flask, page: Page) -> Iterator[Page]:
    """The panel in Chromium, signed in; nothing may be blocked by the policy or fail in a script."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with signed_in(app, page):
        yield page
    expected = ("status of 422", "status of 409")
    assert [text for text in complaints if not any(words in text for words in expected)] == []


def open_path(page: Page, path: str) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)


def worker_writes(data: Transactions, state: CheckState, **values: object) -> None:
    """What a worker would have written to the one check."""
    with data.writing() as session:
        check = session.query(ConnectionCheck).one()
        check.state = state
        check.started_at = utcnow()
        for name, value in values.items():
            setattr(check, name, value)


def steps(*states: str) -> list[dict[str, object]]:
    keys = ("token", "places", "calendar")
    return [
        {"key": key, "state": state, "seconds": 0.4, "fields": {}} for key, state in zip(keys, states, strict=False)
    ]


def test_a_connection_is_added_checked_and_confirmed(panel: Page, data: Transactions) -> None:
    open_path(panel, CONNECTIONS)
    panel.locator("#open-new").click()
    expect(panel.get_by_role("heading", name="New connection")).to_be_focused()
    panel.get_by_label("Name").fill("lark field")
    panel.get_by_label("Application/Client ID").fill(CLIENT_ID)
    panel.get_by_label("Tenant ID").fill(TENANT_ID)
    panel.get_by_label("Secret Value").fill(SECRET_ID)
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.locator(".panel [role=alert]")).to_be_focused()
    expect(panel.get_by_text("The name has a space.")).to_be_visible()
    expect(panel.get_by_label("Secret Value")).to_have_value("")

    panel.get_by_label("Name").fill("larkfield-hq")
    panel.get_by_label("Secret Value").fill(SECRET)
    panel.get_by_role("button", name="Set", exact=True).click()
    expect(panel.get_by_role("heading", name="Checking larkfield-hq")).to_be_focused()
    worker_writes(data, CheckState.RUNNING, steps=steps("done", "now"))
    expect(panel.locator("dialog [aria-current=step]")).to_contain_text("List the tenant’s rooms")
    worker_writes(data, CheckState.CONFIRMED, steps=steps("done", "done", "done"), finished_at=utcnow())
    expect(panel.get_by_role("heading", name="Confirmed")).to_be_visible()
    expect(panel.locator("#last-check-1")).to_contain_text("Confirmed")
    expect(panel.locator("[hx-trigger^=every]")).to_have_count(0)
    panel.get_by_role("button", name="OK", exact=True).click()
    expect(panel.locator("dialog")).to_have_count(0)
    expect(panel.locator("#panel-title")).to_be_focused()
    panel.get_by_role("link", name="Close").click()
    expect(panel.locator("#open-1")).to_be_focused()


def test_escape_closes_the_dialog_and_focus_returns_to_the_button(
    panel: Page, app: Flask, data: Transactions
) -> None:
    with data.writing() as session:
        make_connection(session, app)
    open_path(panel, CONNECTIONS)
    button = panel.get_by_role("button", name="CHECK CONNECTION")
    button.click()
    expect(panel.get_by_role("dialog")).to_be_visible()
    panel.keyboard.press("Escape")
    expect(panel.locator("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_sync_is_switched_on_with_a_toast(panel: Page) -> None:
    open_path(panel, SETTINGS)
    panel.get_by_label("Enabled External Calendar Sync").check()
    panel.get_by_role("button", name="SAVE CHANGES").click()
    expect(panel.get_by_text("External Calendar Sync is on.")).to_be_visible()
    expect(panel.get_by_text("Room calendars are read and written.")).to_be_visible()


def test_the_theme_that_was_chosen_stays(panel: Page) -> None:
    panel.get_by_role("button", name="Theme").click()
    panel.get_by_role("button", name="Dark").click()
    expect(panel.locator("html")).to_have_attribute("data-theme", "dark")
    open_path(panel, SETTINGS)
    expect(panel.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_no_page_scrolls_sideways(panel: Page, app: Flask, data: Transactions, width: int) -> None:
    with data.writing() as session:
        make_connection(session, app, "x" * 64)
    panel.set_viewport_size({"width": width, "height": 844})
    for path in ("/", CONNECTIONS, f"{CONNECTIONS}new", f"{CONNECTIONS}1", SETTINGS):
        open_path(panel, path)
        assert panel.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
