"""The list of Manage Rooms: what it shows, finds and costs."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.webapp.rooms.world import NOW, World, squeezed, text_of
from webapp.domain.words import RoomState
from webapp.models import Room


def test_an_empty_list_says_what_to_do_next(world: World) -> None:
    page = world.get("/rooms/")
    assert page.status_code == 200
    assert "No rooms yet" in text_of(page)
    assert "Add room" in text_of(page)


def test_the_list_says_name_place_calendar_and_status_of_each_room(world: World) -> None:
    world.linked_room("Alder", building="Quay House", floor="2", capacity=8, last_synced_at=NOW)
    world.room("Maple")
    shown = text_of(world.get("/rooms/"))
    for part in (
        "Alder",
        "Quay House",
        "alder@larkfield.example",
        "larkfield-hq",
        "Active",
        "Maple",
        "Off",
        "not linked",
    ):
        assert part in shown


@pytest.mark.parametrize("q", ["ald", "ALD", "room-a", "quay"])
def test_search_looks_at_name_address_and_building(world: World, q: str) -> None:
    world.linked_room("Alder", address="room-a@larkfield.example", building="Quay House")
    world.room("Maple", building="Mill Lane")
    shown = text_of(world.get(f"/rooms/?q={q}", htmx=True))
    assert "Alder" in shown
    assert "Maple" not in shown


def test_a_search_without_a_match_names_what_was_searched_and_how_many_are_hidden(world: World) -> None:
    world.room("Maple")
    shown = text_of(world.get("/rooms/?q=quai"))
    assert "No room matches “ quai ”" in shown
    assert "1 room is hidden by this search" in shown


@pytest.mark.parametrize("q", ["%", "_", "'", '"><script>alert(1)</script>', "\\"])
def test_a_search_for_special_characters_finds_only_what_has_them(world: World, q: str) -> None:
    world.room("Maple")
    page = world.get("/rooms/?" + urlencode({"q": q}))
    assert page.status_code == 200
    assert "No room matches" in text_of(page)
    assert "<script>alert" not in page.text


def test_status_chips_count_the_rooms_of_the_search_and_filter_the_list(world: World) -> None:
    world.linked_room("Alder", RoomState.ACTIVE)
    world.linked_room("Birch", RoomState.ERROR, sync_code="unavailable")
    world.room("Maple")
    world.room("Old hall", archived_at=NOW)
    shown = text_of(world.get("/rooms/?status=error"))
    assert "All 3 Active 1 Pending 0 Error 1 Held 0 Off 1 Archived 1" in shown
    assert "Birch" in shown
    assert "Alder" not in shown.replace("alder@", "")
    assert "Old hall" in text_of(world.get("/rooms/?status=archived"))


def test_the_list_sorts_by_name_address_and_status_both_ways(world: World) -> None:
    world.linked_room("alder", address="z@larkfield.example")
    world.linked_room("Birch", RoomState.ERROR, address="a@larkfield.example")

    def order(args: str) -> bool:
        html = world.get(f"/rooms/?{args}").text
        return html.index(">alder<") < html.index(">Birch<")

    assert [order("sort=name"), order("sort=name&desc=1")] == [True, False]
    assert [order("sort=address"), order("sort=address&desc=1")] == [False, True]
    assert [order("sort=status"), order("sort=status&desc=1")] == [True, False]
    assert order("sort=nonsense&page=x&status=nonsense") is True


def test_pages_hold_fifty_rooms_and_keep_the_filter(world: World) -> None:
    with world.rows() as session:
        for n in range(51):
            session.add(Room(name=f"Room {n:02}", building="Quay", time_zone="UTC", created_at=NOW))
    first, second = world.get("/rooms/?building=Quay"), world.get("/rooms/?building=Quay&page=2")
    assert "1 to 50 of 51" in text_of(first)
    assert "building=Quay&amp;page=2" in first.text
    assert "51 to 51 of 51" in text_of(second)
    assert "Room 50" in text_of(second)


def test_the_fragment_is_a_part_of_the_page_and_the_answer_says_that_it_varies(world: World) -> None:
    world.linked_room("Alder")
    page, fragment = world.get("/rooms/"), world.get("/rooms/", htmx=True)
    assert "<!doctype" not in fragment.text
    assert squeezed(fragment.text) in text_of(page)
    assert "HX-Request" in page.headers["Vary"]
    assert "HX-Request" in fragment.headers["Vary"]


def test_a_list_of_fifty_rooms_with_an_open_panel_costs_at_most_twelve_queries(world: World, count_queries) -> None:
    room_id = 0
    for n in range(50):
        room_id = world.linked_room(f"Room {n}")
    with count_queries() as seen:
        assert world.get(f"/rooms/{room_id}").status_code == 200
    assert len(seen) <= 12, seen


def test_names_are_escaped_and_set_apart(world: World) -> None:
    world.room("<img src=x onerror=alert(1)>", building="<b>Quay</b>")
    html = world.get("/rooms/").text
    assert "<img src=x" not in html
    assert "<bdi>&lt;img src=x onerror=alert(1)&gt;</bdi>" in html
    assert "<b>Quay</b>" not in html


def test_no_page_of_rooms_has_inline_style_or_script(world: World) -> None:
    room_id = world.linked_room("Alder")
    for path in ("/rooms/", f"/rooms/{room_id}", "/rooms/new", f"/rooms/{room_id}/archive"):
        html = world.get(path).text
        assert " style=" not in html
        assert " onclick=" not in html
