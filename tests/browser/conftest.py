"""The demo, started once, and browsers in front of it that may complain of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from script.lib.data_folder import free_port
from tests.browser import steps
from tests.browser.stack import PATIENCE, Stack
from tests.browser.watch import Watch
from tests.support.demo import Demo, new_data_folder

Open = Callable[..., BrowserContext]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """script/server as a stranger starts it: tenant, Valkey, migrations, web, worker, clock, first admin. It ends
    with the last test of this folder: its seven processes are never quite idle."""
    folder = new_data_folder(tmp_path_factory.mktemp("demo"))
    demo = Demo(folder, free_port(), settings={"SYNC_POLL_SECONDS": "5"})
    demo.wait()
    yield Stack(demo)
    assert demo.stop() == 0


@pytest.fixture
def open_browser(browser: Browser) -> Iterator[Open]:
    """Opens browsers of different people; whatever a page of theirs complains of fails the test."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def open_one(**options: Any) -> BrowserContext:
        context = browser.new_context(
            ignore_https_errors=True, viewport={"width": 1440, "height": 900}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(20_000)
        opened.append((context, Watch(context)))
        return context

    yield open_one
    for context, _ in opened:
        context.close()
    assert [watch.complaints for _, watch in opened if watch.complaints] == []


@pytest.fixture
def admin(open_browser: Open, stack: Stack) -> BrowserContext:
    """A browser that is signed in."""
    context = open_browser()
    page = context.new_page()
    steps.sign_in(page, stack)
    page.close()
    return context


@pytest.fixture
def panel(admin: BrowserContext) -> Page:
    """A signed-in page."""
    return admin.new_page()


@pytest.fixture
def outlook(open_browser: Open) -> Page:
    """The page of somebody who has Outlook and no panel."""
    return open_browser().new_page()


@pytest.fixture
def linked(panel: Page, stack: Stack) -> Callable[[str], str]:
    """`linked("Cedar")`: makes sure that the room follows its calendar, whichever tests ran before; its name."""

    def link(name: str) -> str:
        connection = _connected(panel, stack)
        if not stack.query("SELECT 1 FROM room WHERE name = ?", name):
            panel.goto(f"{stack.panel}/rooms/new")
            steps.fill_room(panel, stack, name, connection)
            panel.get_by_role("button", name="SAVE CHANGES").click()
            expect(panel.locator("#room-status")).to_contain_text("In step with Outlook", timeout=PATIENCE * 1000)
        return name

    return link


def _connected(panel: Page, stack: Stack) -> str:
    found = stack.query("SELECT name FROM connection ORDER BY id")
    if not found:
        panel.goto(f"{stack.panel}{steps.CONNECTIONS}new")
        steps.fill_connection(panel, stack, "contoso", stack.shown("Secret Value"))
        panel.get_by_role("button", name="Set", exact=True).click()
        expect(panel.get_by_role("heading", name="Confirmed")).to_be_visible(timeout=PATIENCE * 1000)
        panel.goto(f"{stack.panel}{steps.SYNC}")
        panel.get_by_label("Enabled External Calendar Sync").check()
        panel.get_by_role("button", name="SAVE CHANGES").click()
        expect(panel.get_by_text("External Calendar Sync is on.")).to_be_visible()
        return "contoso"
    return str(found[0][0])
