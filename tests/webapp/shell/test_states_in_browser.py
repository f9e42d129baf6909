"""Screens in their other states: empty, refused, in Error, held, without a worker, with endless names, in Arabic."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.axe import in_both_themes
from tests.browser.test_the_screens import STICKS_OUT
from tests.webapp.activity.test_activity import make_run
from tests.webapp.activity.test_causes import fail
from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.rooms.world import NOW, World, at
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.words import HoldKind, RoomState
from webapp.models import Hold, HoldAction, RunStep, WorkerHeartbeat

__all__ = ["panel"]
pytestmark = pytest.mark.browser

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsversammlung" * 4
ARABIC = "اجتماع الميزانية"
AHEAD = (utcnow().date() - NOW.date()).days + 6


@pytest.fixture
def world(app: Flask, data: Transactions, admin: Person, bell: ListeningBell) -> World:
    """The panel by the real clock: the browser has no other."""
    made = World(app, data, admin, bell)
    made.sync_on()
    return made


def faults(page: Page, where: str) -> list[str]:
    """What is wrong with what is shown, as it is and on a phone."""
    found = [f"{where}: {line}" for line in in_both_themes(page)]
    page.set_viewport_size({"width": 390, "height": 844})
    found += [f"{where}: scrolls sideways on a phone"] if page.evaluate(STICKS_OUT) else []
    page.set_viewport_size({"width": 1280, "height": 800})
    return found


def test_empty_screens_are_readable_for_everybody(panel: Page, world: World) -> None:
    wrong = []
    for path in ("/", "/rooms/", "/rooms/import/", "/reservations/", "/activity/", "/activity/mailboxes/"):
        open_path(panel, path)
        wrong += faults(panel, path)
    assert wrong == []


def test_trouble_and_endless_names_are_readable_for_everybody(panel: Page, world: World) -> None:
    alder = world.linked_room("Alder", RoomState.ERROR, sync_code="access_denied", building=LONG)
    world.linked_room(LONG[:200], RoomState.ERROR, sync_code="mailbox_missing", address="long@larkfield.example")
    held = world.linked_room(ARABIC, RoomState.HELD, sync_code="mass_cancel", address="rtl@larkfield.example")
    own = fail(world, world.booking(alder, at(10, 11, AHEAD), title=LONG), "refused")
    kept = world.booking(held, at(10, 11, AHEAD), title=ARABIC)
    with world.rows() as session:
        hold = Hold(room_id=held, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
        hold.actions = [HoldAction(key="a", action="cancel_here", reservation_id=kept)]
        session.add(hold)
        session.query(WorkerHeartbeat).one().seen_at = utcnow() - timedelta(hours=1)
    wrong = []
    for path in ("/", "/rooms/", f"/rooms/{alder}", f"/rooms/{held}", f"/reservations/{own}", "/activity/"):
        open_path(panel, path)
        wrong += faults(panel, path)
    open_path(panel, "/activity/holds/1")
    panel.get_by_role("link", name="Cancel here").first.click()
    expect(panel.get_by_role("dialog")).to_be_visible()
    wrong += faults(panel, "the question of a hold")
    panel.keyboard.press("Escape")
    expect(panel.get_by_role("dialog")).to_have_count(0)
    assert wrong == []


def test_refused_forms_are_readable_for_everybody(panel: Page, world: World) -> None:
    wrong = []
    for path, button in (("/rooms/new", "SAVE CHANGES"), ("/settings/office-365-integration/new", "Set")):
        open_path(panel, path)
        panel.get_by_role("button", name=button, exact=True).click()
        expect(panel.locator(".panel [role=alert]").first).to_be_focused()
        wrong += faults(panel, path)
    assert wrong == []


def test_the_times_of_a_run_and_of_its_steps_are_told_in_the_readers_zone(panel: Page, world: World) -> None:
    room_id = world.linked_room("Alder")
    run_id = make_run(world, room_id, started_at=NOW)
    with world.rows() as session:
        session.add(RunStep(run_id=run_id, room_id=room_id, at=NOW, side="here", action="import"))
    panel.context.new_cdp_session(panel).send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    open_path(panel, f"/activity/runs/{run_id}")
    there = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    expect(panel.locator(".feed time")).to_have_text(f"{there:%H:%M:%S}")
    expect(panel.locator(".lede time")).to_have_text(f"{there:%-d %b %Y, %H:%M}")
