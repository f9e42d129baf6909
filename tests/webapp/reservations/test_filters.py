"""The timetable's choice of rooms: by building, by seats, and those that are free now."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.models import Occurrence

TODAY = "/reservations/?day=2026-11-23"


def shown(world: World, args: str, *, htmx: bool = False) -> set[str]:
    """Names of the rooms in the timetable."""
    html = world.get(f"{TODAY}&{args}", htmx=htmx).text
    return {name for name in ("Alder", "Birch", "Cedar", "Maple") if f'title="{name}"' in html}


@pytest.fixture
def rooms(world: World) -> dict[str, int]:
    """Alder and Birch in Quay House, Cedar and Maple in Mill Lane; nobody says how many seats Maple has."""
    return {
        "Alder": world.room("Alder", building="Quay House", capacity=4),
        "Birch": world.room("Birch", building="Quay House", capacity=12),
        "Cedar": world.room("Cedar", building="Mill Lane", capacity=8),
        "Maple": world.room("Maple", building="Mill Lane"),
    }


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ("", {"Alder", "Birch", "Cedar", "Maple"}),
        ("seats=8", {"Birch", "Cedar"}),
        ("seats=8&building=Quay+House", {"Birch"}),
        ("seats=9999", set()),
        ("seats=many&free=later", {"Alder", "Birch", "Cedar", "Maple"}),
        ("seats=0", {"Alder", "Birch", "Cedar", "Maple"}),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_rooms_are_chosen_by_seats_and_building_in_the_address(
    world: World, rooms: dict[str, int], args: str, names: set[str], htmx: bool
) -> None:
    assert shown(world, args, htmx=htmx) == names


def test_free_now_leaves_out_rooms_that_something_blocks_at_this_moment(world: World, rooms: dict[str, int]) -> None:
    world.booking(rooms["Alder"], at(8.5, 9.5))
    world.booking(rooms["Cedar"], at(9, 10))
    over = world.booking(rooms["Birch"], at(8.5, 9.5))
    with world.rows() as session:
        session.query(Occurrence).filter_by(reservation_id=over).one().ends_at = NOW
    assert shown(world, "free=now") == {"Birch", "Maple"}


def test_what_does_not_block_leaves_a_room_free_now(world: World, rooms: dict[str, int]) -> None:
    world.booking(rooms["Alder"], at(8.5, 9.5))
    with world.rows() as session:
        session.query(Occurrence).one().blocks = False
    assert "Alder" in shown(world, "free=now")


def test_a_meeting_of_many_days_takes_its_room_now(world: World, rooms: dict[str, int]) -> None:
    world.booking(rooms["Alder"], at(0, 24 * 20, day=-10))
    assert "Alder" not in shown(world, "free=now")


def test_when_no_room_is_free_the_page_says_so_and_leads_out(world: World) -> None:
    world.booking(world.room("Alder"), at(8.5, 9.5))
    page = text_of(world.get(f"{TODAY}&free=now"))
    assert "No rooms here No room is free now that matches this choice. Show all rooms" in page


def test_the_filter_stays_while_days_and_pages_go_by_and_when_a_slot_is_clicked(world: World) -> None:
    for number in range(14):
        world.room(f"Room {number:02}", capacity=8, building="Quay House")
    page = world.get("/reservations/?day=2026-11-24&seats=6").text
    assert "day=2026-11-25&amp;seats=6" in page
    assert "seats=6&amp;page=2" in page
    slot = next(link for link in re.findall(r'href="([^"]+)"', page) if "start=07:00" in link)
    asked = parse_qs(urlsplit(unescape(slot)).query)
    assert (asked["day"], asked["end"], asked["seats"]) == (["2026-11-24"], ["08:00"], ["6"])
    beside = world.get("/reservations/new?room=14&day=2026-11-24&start=07:00&end=08:00&seats=6").text
    assert '<option value="6" selected>' in beside
    assert 'title="Room 13"' in beside


def test_a_room_that_the_filter_would_hide_is_shown_without_it(world: World, rooms: dict[str, int]) -> None:
    beside = world.get(f"/reservations/new?room={rooms['Alder']}&day=2026-11-24&seats=8").text
    assert 'title="Alder"' in beside


def test_the_week_of_another_room_is_a_choice_away(world: World, rooms: dict[str, int]) -> None:
    page = world.get(f"/reservations/?view=week&room={rooms['Birch']}&day=2026-11-24").text
    assert f'<option value="{rooms["Birch"]}" selected>Birch</option>' in page
    assert f'<option value="{rooms["Cedar"]}">Cedar</option>' in page


@pytest.mark.parametrize("args", ["seats=4&free=now&building=Quay+House", "view=week"])
def test_filters_cost_no_more_than_twelve_queries(
    world: World, rooms: dict[str, int], count_queries: Any, args: str
) -> None:
    with count_queries() as seen:
        world.get(f"{TODAY}&{args}")
    assert len(seen) <= 12
