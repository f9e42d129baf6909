"""What only a browser shows of rooms and reservations: what is in sight, where the focus goes, what comes to rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.rooms.world import NOW, World, at
from tests.webapp.shell.test_in_browser import open_path, panel
from webapp.database import Transactions
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import WallTimes
from webapp.domain.words import Answer, RoomState, SyncState
from webapp.models import Outbox, Reservation, Room
from webapp.reservations.drafts import SeriesDraft
from webapp.reservations.remote import decline_remote
from webapp.reservations.rows import Dated
from webapp.reservations.series import book_series

__all__ = ["panel"]
pytestmark = pytest.mark.browser

FAR = date(2060, 11, 23)
"""Still to come whenever the test runs, so that its free slots are offered."""
AHEAD = (FAR - NOW.date()).days
SOON = (datetime.now(tz=UTC).date() - NOW.date()).days + 6
"""Within what a linked room can be booked ahead."""

HOURS = {"Declined": (11, 12), "Alone": (13, 14), "First lane": (15, 17), "Second lane": (16, 18)}
DAY = f"/reservations/?day={FAR.isoformat()}"


@pytest.fixture
def world(app: Flask, data: Transactions, admin: Person, bell: ListeningBell) -> World:
    """The panel by the real clock: the browser has no other."""
    made = World(app, data, admin, bell)
    made.sync_on()
    return made


def width_of(page: Page, text: str) -> float:
    box = page.locator(".ev", has_text=text).bounding_box()
    return box["width"] if box else 0


def test_events_stay_in_sight_beside_free_slots_and_each_other(panel: Page, world: World) -> None:
    rooms = {"Declined": world.linked_room("Alder"), "First lane": world.linked_room("Birch")}
    rooms |= {"Alone": rooms["Declined"], "Second lane": rooms["First lane"]}
    said_no = (Dated(at(11, 12, AHEAD), blocks=False, answer=Answer.DECLINED),)
    for name, hours in HOURS.items():
        span = at(*hours, AHEAD)
        dates = said_no if name == "Declined" else (Dated(span),)
        email = f"{name[:5].lower()}@larkfield.example"
        world.imported(rooms[name], span, name, dates=dates, organizer_name=name, organizer_email=email)
    open_path(panel, DAY)
    for text in ("Declined", "Alone", "First lane", "Second lane"):
        assert width_of(panel, text) > 50, text
    lanes = [panel.locator(".ev", has_text=text).bounding_box() for text in ("First lane", "Second lane")]
    assert lanes[0]["x"] + lanes[0]["width"] <= lanes[1]["x"] + 1


def test_a_free_slot_is_booked_and_a_second_booking_of_it_is_refused_where_it_was_typed(
    panel: Page, world: World
) -> None:
    world.room()
    open_path(panel, DAY)
    panel.locator(".slot.s36 a").click()
    expect(panel.get_by_role("heading", name="New reservation")).to_be_focused()
    expect(panel.get_by_label("Start")).to_have_value("10:00")
    panel.get_by_label("Title").fill("Works committee")
    panel.get_by_role("button", name="Book room").click()
    expect(panel.locator(".toast")).to_contain_text("Works committee is booked.")
    expect(panel.locator(".ev", has_text="Works committee")).to_be_visible()
    open_path(panel, f"/reservations/new?room=1&day={FAR.isoformat()}&start=10:30&end=11:30")
    panel.get_by_label("Title").fill("Too late")
    panel.get_by_role("button", name="Book room").click()
    expect(panel.locator("#clash")).to_be_focused()
    expect(panel.locator("#clash")).to_contain_text("Alder is taken from 10:00 to 11:00")
    expect(panel.get_by_label("Title")).to_have_value("Too late")


def test_the_timetable_is_walked_and_a_slot_booked_by_keyboard_alone(panel: Page, world: World) -> None:
    alder, birch = world.room("Alder"), world.room("Birch")
    world.booking(birch, at(9, 10, AHEAD), title="Works committee")
    open_path(panel, DAY)
    panel.locator(".slot.s0 a").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        panel.keyboard.press(key)
    expect(panel.locator(".ev a", has_text="Works committee")).to_be_focused()
    panel.keyboard.press("ArrowDown")
    panel.keyboard.press("ArrowLeft")
    panel.keyboard.press("ArrowLeft")
    panel.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="New reservation")).to_be_focused()
    expect(panel.get_by_label("Start")).to_have_value("10:00")
    expect(panel.get_by_label("Room", exact=True)).to_have_value(str(alder))


def test_a_waiting_reservation_turns_synced_by_itself_and_rests(panel: Page, world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    open_path(panel, f"/reservations/{own}")
    expect(panel.locator("#reservation-state")).to_contain_text("Not in Outlook yet")
    with world.rows() as session:
        session.query(Outbox).delete()
        session.get_one(Reservation, own).sync_state = SyncState.SYNCED
    expect(panel.locator("#reservation-state")).to_contain_text("Synced")
    expect(panel.locator("[hx-trigger^=every]")).to_have_count(0)


def test_a_pending_room_turns_active_by_itself_in_list_and_panel(panel: Page, world: World) -> None:
    room_id = world.linked_room(state=RoomState.PENDING)
    open_path(panel, f"/rooms/{room_id}")
    expect(panel.locator("#room-status")).to_contain_text("Pending: first sync is running")
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        room.sync_state, room.last_synced_at = RoomState.ACTIVE, NOW
    expect(panel.locator("#room-status")).to_contain_text("In step with Outlook")
    expect(panel.locator(f"#room-{room_id}-cell")).to_contain_text("Active")
    expect(panel.locator("[hx-trigger^=every]")).to_have_count(0)


def test_declining_asks_in_a_dialog_that_can_be_left_and_frees_the_room(panel: Page, world: World) -> None:
    imported = world.imported(world.linked_room(), at(13, 14, SOON))
    open_path(panel, f"/reservations/{imported}")
    panel.get_by_role("link", name="Decline for the room").click()
    expect(panel.get_by_role("heading", name="Decline for the room?")).to_be_focused()
    panel.get_by_role("link", name="Keep it").click()
    expect(panel.locator("dialog")).to_have_count(0)
    panel.get_by_role("link", name="Decline for the room").click()
    panel.get_by_role("button", name="Decline for the room").click()
    expect(panel.locator("#reservation-state")).to_contain_text("The room’s refusal is still to be sent")
    with world.rows() as session:
        assert session.get_one(Reservation, imported).cancelled_at is not None


def test_where_a_reservation_can_be_made_follows_the_chosen_room(panel: Page, world: World) -> None:
    world.modes(delegation=True, create=True)
    local, linked = world.room("Maple"), world.linked_room("Alder")
    open_path(panel, f"/reservations/new?room={local}")
    expect(panel.locator("#create-in")).to_contain_text("Maple is not synced with Outlook now")
    panel.get_by_label("Room", exact=True).select_option(str(linked))
    panel.get_by_label("The owner’s calendar, with the room invited").check()
    expect(panel.locator("#create-in")).not_to_contain_text("Maple")


def test_an_awaited_room_that_declines_offers_the_others_by_itself(panel: Page, world: World) -> None:
    world.modes(delegation=True)
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    imported = world.imported(alder, at(13, 14, SOON))
    with world.rows() as session:
        session.get_one(Reservation, imported).sync_state = SyncState.AWAITING
    open_path(panel, f"/reservations/{imported}")
    expect(panel.locator("#reservation-state")).to_contain_text("Awaiting the room’s answer")
    with world.rows() as session:
        decline_remote(session, imported, NOW)
    panel.locator("#reservation-state").get_by_role("link", name="Birch").click()
    expect(panel.get_by_label("Room", exact=True)).to_have_value(str(birch))


def test_a_phone_needs_no_sideways_scroll(panel: Page, world: World) -> None:
    room_id = world.linked_room("Linden, divisible hall with a name that goes on for longer than anyone expected")
    own = world.booking(room_id, title="Ganz außerordentliche Gesellschafterversammlung " * 5)
    theirs = world.imported(room_id, at(13, 14, SOON))
    declined = world.imported(world.linked_room("Alder"), at(13, 14, SOON), "uid-2")
    with world.rows() as session:
        decline_remote(session, declined, NOW)
    panel.set_viewport_size({"width": 390, "height": 800})
    for path in ("/rooms/", f"/rooms/{room_id}", "/reservations/?day=2026-11-23", f"/reservations/new?room={room_id}",
                 f"/reservations/{own}", f"/reservations/{own}/cancel", "/activity/", f"/reservations/{declined}",
                 f"/reservations/{theirs}", f"/reservations/{theirs}/decline"):  # fmt: skip
        open_path(panel, path)
        assert panel.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_a_rule_is_said_while_it_is_typed_and_neither_focus_nor_place_moves(panel: Page, world: World) -> None:
    world.room()
    open_path(panel, f"/reservations/new?room=1&day={FAR.isoformat()}&start=10:00&end=11:00")
    says, times = panel.locator("#repeat-says"), panel.get_by_label("Times", exact=True)
    expect(panel.get_by_label("Every", exact=True)).to_be_hidden()
    panel.get_by_label("Repeat", exact=True).select_option("Monthly, on the same weekday")
    panel.get_by_label("Ends", exact=True).select_option("After … times")
    expect(says).to_contain_text("How many times?")
    for shown, label in (
        (True, "Which of the month"),
        (False, "Day of the month"),
        (False, "Until"),
        (False, "Month"),
    ):
        expect(panel.get_by_label(label, exact=True)).to_be_visible(visible=shown)
    below = "document.getElementById('is_private').offsetTop"
    before = panel.evaluate(below)
    times.press_sequentially("12")
    expect(says).to_contain_text("Every month on the fourth Tuesday until 25 October 2061, 12 times")
    expect(times).to_be_focused()
    assert panel.evaluate(below) == before


def test_which_dates_are_meant_is_asked_in_a_dialog_and_the_panel_opens_for_them(panel: Page, world: World) -> None:
    room_id, first = world.room(), NOW.date() + timedelta(days=SOON)
    pattern = Pattern(PatternType.WEEKLY, 1, (Weekday.of(first),))
    weekly = Rule(pattern, Range.times(first, 3), "Europe/London", WallTimes(time(10), time(11)))
    with world.rows() as session:
        draft = SeriesDraft(room_id, "Works committee", rule=weekly)
        own = book_series(session, draft, "Ines", datetime.now(tz=UTC)).id
    open_path(panel, f"/reservations/{own}?date={first + timedelta(weeks=1)}")
    panel.get_by_role("link", name="Edit", exact=True).click()
    expect(panel.get_by_role("heading", name="Edit which dates?")).to_be_focused()
    panel.get_by_role("link", name="Keep it").click()
    expect(panel.locator("dialog")).to_have_count(0)
    panel.get_by_role("link", name="Edit", exact=True).click()
    panel.get_by_label("This and all following dates").check()
    panel.get_by_role("button", name="Continue").click()
    expect(panel.get_by_role("heading", name="Edit this and all following dates")).to_be_visible()
    expect(panel.get_by_label("Times", exact=True)).to_have_value("2")
