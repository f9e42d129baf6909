"""Pictures of every screen in docs/screens/: light, dark and on a phone, each state three times.

The demo is started anew and used as its administrator would; what does not happen in a quiet demo (rooms in Error, a
hold) is written into its database, for rooms that no sync follows.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from script.lib.data_folder import free_port
from script.lib.environment import ROOT
from script.lib.process import wait_until
from script.lib.small_png import small
from tests.browser import steps
from tests.browser.stack import DAY, PATIENCE, Stack
from tests.support.chromium import ensure_chromium
from tests.support.demo import Demo, new_data_folder

FOLDER = ROOT / "docs" / "screens"
LOOKS = {"light": ("light", 1280, 800), "dark": ("dark", 1280, 800), "phone": ("light", 390, 844)}
LONG = PATIENCE * 1000
TITLES_SECONDS = 150.0
"""A title counts once it was read twice, a minute apart."""
LONG_NAME = "Großer Sitzungssaal im Dachgeschoss des Nordflügels, Eingang über den Hof"
ARABIC = "اجتماع الميزانية"


def main() -> int:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(new_data_folder(Path(folder)), free_port(), settings={"SYNC_POLL_SECONDS": "5"})
        try:
            demo.wait()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=ensure_chromium(), args=["--no-sandbox"])
                _take_all(browser, Stack(demo))
                browser.close()
        finally:
            demo.stop()
    (FOLDER / "README.md").write_text(_gallery())
    return 0


def _gallery() -> str:
    """A page with all pictures."""
    names = sorted({path.stem.rpartition("-")[0] for path in FOLDER.glob("*.png")})
    parts = ["# Every screen", "Taken by `script/screenshots`: light, dark, and on a phone."]
    for name in names:
        said = name.replace("-", " ").capitalize()
        parts.append(f"## {said}\n\n" + "\n".join(f"![{said}, {look}]({name}-{look}.png)" for look in LOOKS))
    return "\n\n".join(parts) + "\n"


class Camera:
    """One page of a browser, looked at in three ways."""

    def __init__(self, page: Page, tool: Page, stack: Stack) -> None:
        self.page, self.stack = page, stack
        self._tool = tool

    def open(self, path: str) -> None:
        """Go to an address of the panel."""
        self.page.goto(f"{self.stack.panel}{path}")

    def take(self, name: str, path: str | None = None, *, scroll: bool = True) -> None:
        """Pictures of what is shown, or of an address, from its top on."""
        if path is not None:
            self.open(path)
        self.page.evaluate("document.querySelectorAll('.toast').forEach((toast) => toast.remove())")
        if scroll:
            self.page.evaluate("scrollTo(0, 0)")
        for look, (theme, width, height) in LOOKS.items():
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(150)  # fonts and icons of this look
            taken = self.page.screenshot(animations="disabled", caret="hide")
            (FOLDER / f"{name}-{look}.png").write_bytes(small(self._tool, taken))
        self.page.set_viewport_size({"width": 1280, "height": 800})
        print(name, flush=True)


def _take_all(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(ignore_https_errors=True, locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(LONG)
    camera = Camera(context.new_page(), browser.new_page(), stack)
    camera.take("sign-in", "/sign-in")
    steps.sign_in(camera.page, stack)
    for part in (_before_anything, _connection, _rooms, _bookings, _series, _trouble, _timetables, _activity):
        part(camera)
    context.close()


def _before_anything(camera: Camera) -> None:
    camera.take("overview-first-steps", "/")
    camera.take("reservations-empty", "/reservations/")
    camera.take("setup-guide-new", "/setup-guide/?connection=new")


def _connection(camera: Camera) -> None:
    page, stack = camera.page, camera.stack
    camera.open(f"{steps.CONNECTIONS}new")
    steps.fill_connection(page, stack, "contoso hq", stack.shown("Secret ID"))
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("The name has a space.")).to_be_visible()
    camera.take("connection-refused")
    _set(page, stack, "not-the-value-of-this-secret")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    camera.take("check")
    page.get_by_role("dialog").get_by_role("link", name="Close").or_(
        page.get_by_role("dialog").get_by_role("button", name="Close")
    ).first.click()
    camera.open(f"{steps.CONNECTIONS}1")
    page.get_by_label("Secret Value").fill(stack.shown("Secret Value"))
    page.get_by_label("Secret Expiration").fill((datetime.now(UTC) + timedelta(days=23)).date().isoformat())
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    camera.take("check-confirmed")
    camera.take("office-365-integration", steps.CONNECTIONS)
    camera.open(steps.SYNC)
    page.get_by_label("Enabled External Calendar Sync").check()
    page.get_by_role("button", name="SAVE CHANGES").click()
    expect(page.get_by_text("External Calendar Sync is on.")).to_be_visible()


def _set(page: Page, stack: Stack, secret: str) -> None:
    page.get_by_label("Name").fill("contoso")
    page.get_by_label("Secret Value").fill(secret)
    page.get_by_role("button", name="Set", exact=True).click()


def _rooms(camera: Camera) -> None:
    page, stack = camera.page, camera.stack
    for name, seats in (("Elm", 8), ("Oak", 20), ("Amber", 4), (ARABIC, 12)):
        _make_room(stack, name, building="North House" if name != "Amber" else "South House", capacity=seats)
    camera.take("import-rooms", "/rooms/import/")
    page.get_by_label("Time zone of new rooms").select_option("Europe/Berlin")
    page.get_by_label("Pearl Auditorium becomes").select_option("Skip")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Import 11 rooms?")).to_be_visible()
    camera.take("import-preview")
    page.get_by_role("button", name="Import 11 rooms").click()
    page.wait_for_url("**/rooms/")
    expect(page.get_by_role("link", name="Active").locator("b")).to_have_text("11")
    camera.take("room", f"/rooms/{_room_id(stack, 'Cedar')}")
    camera.take("room-new", "/rooms/new")
    camera.open(steps.SYNC)
    page.get_by_role("button", name="SYNC ALL CALENDARS").or_(page.locator("#sync-all-start")).first.click()
    page.wait_for_timeout(1500)
    camera.take("external-calendar-sync")


def _bookings(camera: Camera) -> None:
    """A day with bookings of both sides."""
    page, stack = camera.page, camera.stack
    for room, title, start, end in (
        ("Aspen", "Works committee", "09:00", "10:00"),
        ("Birch", "Interview", "10:00", "10:30"),
        ("Cedar", "Budget round", "13:00", "15:00"),
        ("Elm", ARABIC, "08:00", "09:30"),
        ("Jade", "Stand-up", "09:00", "09:15"),
        ("Maple", "Gesellschafterversammlung mit anschließender Aussprache über die Räume", "11:00", "12:30"),
    ):
        steps.book_here(page, stack, room, title, start, end)
        expect(page.locator(".toast").first).to_contain_text("is booked")
    people = page.context.new_page()
    steps.book_in_outlook(people, stack, "Ada Lindholm", "Aspen", "Design review", "10:30", "12:00")
    steps.book_in_outlook(people, stack, "Ben Okafor", "Cedar", "Supplier call", "10:00", "11:00")
    steps.book_in_outlook(people, stack, "Hugo Tanaka", "Coral", "Retrospective", "14:00", "15:00")
    people.close()
    steps.wait_on_timetable(page, stack, "Aspen", "", "10:30")
    steps.wait_on_timetable(page, stack, "Coral", "", "14:00")


def _series(camera: Camera) -> None:
    """A series while it is filled in, what is taken of it, one date changed, and which dates are meant."""
    page, stack = camera.page, camera.stack
    steps.fill_here(page, stack, "Opal", "Works council", "10:00", "11:30")
    steps.fill_weekly(page, 6)
    expect(page.locator("#repeat-says")).to_contain_text("6 times")
    page.locator("#repeating").evaluate("part => part.scrollIntoView()")
    camera.take("series-new", scroll=False)
    page.get_by_role("button", name="Book room").click()
    expect(page.locator(".toast").first).to_contain_text("is booked")
    steps.on_timetable(page, "Opal", "Works council", "10:00").get_by_role("link").click()
    series = page.url.removeprefix(stack.panel).split("?")[0]
    second = (DAY + timedelta(weeks=1)).isoformat()
    camera.open(f"{series}/edit?which=one&date={second}")
    page.get_by_label("Title").fill("Works council with auditors")
    steps.fill_time(page, "14:00", "15:00")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("#reservation-state")).to_contain_text("Synced")
    camera.take("series-date")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    camera.take("series-which")
    steps.book_here(page, stack, "Opal", "Rehearsal", "11:00", "12:00", weeks=8)
    expect(page.get_by_role("button", name="free dates only")).to_be_visible()
    camera.take("series-taken")


def _timetables(camera: Camera) -> None:
    """That day once titles are read, a week, a reservation, and what stands in the way of another one."""
    page, stack = camera.page, camera.stack
    titles = ("Design review", "Supplier call", "Retrospective")
    page.wait_for_timeout(1000)
    wait_until(lambda: all(_is_titled(stack, title) for title in titles), TITLES_SECONDS)
    camera.take("reservations", steps.TIMETABLE)
    camera.take("reservations-week", f"/reservations/?view=week&day={DAY}&room={_room_id(stack, 'Aspen')}")
    steps.book_here(page, stack, "Aspen", "Too late", "11:00", "12:30")
    expect(page.locator(".panel [role=alert]")).to_be_visible()
    camera.take("reservation-refused")
    own = stack.query("SELECT r.id FROM reservation r JOIN meeting m ON m.id = r.meeting_id WHERE m.title = ?",
                      "Budget round")[0][0]  # fmt: skip
    camera.take("reservation", f"/reservations/{own}")
    camera.take("reservation-cancel", f"/reservations/{own}/cancel")


def _trouble(camera: Camera) -> None:
    """Rooms in Error, and a hold: of rooms that no sync follows, so that they stay as they are."""
    stack = camera.stack
    for name, code in (("Rowan", "mailbox_missing"), ("Hazel", "access_denied"), (LONG_NAME, "access_denied")):
        _make_room(stack, name, sync_state="error", sync_code=code, sync_state_since=_past(hours=2))
    since = _past(hours=1)
    held = _make_room(stack, "Sycamore Hall", sync_state="held", sync_code="mass_cancel", sync_state_since=since)
    stack.query(
        "INSERT INTO hold (room_id, kind, opened_at, closed_by, fields) VALUES (?, 'mass_cancel', ?, '', '{}')",
        held, _past(hours=1),
    )  # fmt: skip
    for (reservation_id,) in stack.query("SELECT id FROM reservation ORDER BY id DESC LIMIT 3"):
        stack.query(
            "INSERT INTO hold_action (hold_id, key, action, reservation_id, base_etag, state, choice, decided_by) "
            "SELECT max(id), ?, 'cancel_here', ?, '', 'open', '', '' FROM hold",
            f"r{reservation_id}", reservation_id,
        )  # fmt: skip
    camera.take("room-error", f"/rooms/{_room_id(stack, 'Rowan')}")
    camera.take("manage-rooms", "/rooms/")
    camera.page.get_by_label("Tick Elm").check()
    camera.page.get_by_label("Tick Jade").check()
    camera.take("manage-rooms-ticked")
    camera.take("room-archive", f"/rooms/{_room_id(stack, 'Hazel')}/archive")
    camera.take("overview", "/")


def _activity(camera: Camera) -> None:
    stack = camera.stack
    camera.take("activity", "/activity/")
    run = stack.query("SELECT run_id FROM run_step ORDER BY id DESC LIMIT 1")[0][0]
    camera.take("run", f"/activity/runs/{run}")
    camera.take("hold", f"/activity/holds/{stack.query('SELECT max(id) FROM hold')[0][0]}")
    camera.take("mailbox-ledger", "/activity/mailboxes/")
    camera.take("setup-guide", "/setup-guide/")
    camera.take("not-found", "/nowhere")
    stack.query("UPDATE worker_heartbeat SET seen_at = datetime(seen_at, '-5 minutes') WHERE kind = 'worker'")
    with stack.resting_worker():
        stack.query("UPDATE worker_heartbeat SET seen_at = datetime(seen_at, '-5 minutes') WHERE kind = 'worker'")
        camera.take("overview-no-worker", "/")


def _is_titled(stack: Stack, title: str) -> bool:
    return bool(stack.query("SELECT 1 FROM meeting WHERE title = ?", title))


def _past(*, hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S.%f")


def _room_id(stack: Stack, name: str) -> int:
    return int(stack.query("SELECT id FROM room WHERE name = ?", name)[0][0])


def _make_room(stack: Stack, name: str, **columns: object) -> int:
    """A room that is not linked, as it would be after a while."""
    values: dict[str, object] = {
        "name": name, "building": "North House", "floor": "2", "capacity": 8, "time_zone": "Europe/Berlin",
        "address_confirmed": 0, "sync_active": 0, "sync_state": "off", "sync_fields": "{}", "progress_done": 0,
        "booking_seq": 0, "revision": 1, "created_at": _past(hours=5),
    }  # fmt: skip
    values |= columns
    marks = ", ".join("?" for _ in values)
    stack.query(f"INSERT INTO room ({', '.join(values)}) VALUES ({marks})", *values.values())
    return _room_id(stack, name)


if __name__ == "__main__":
    sys.exit(main())
