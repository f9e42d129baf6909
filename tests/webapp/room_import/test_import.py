"""Import rooms: what is proposed, what a person chose, and that nothing is saved before it is confirmed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.webapp.rooms.world import NOW, World, text_of
from webapp.models import Connection, Mailbox, Room, RoomChoice

IMPORT = "/rooms/import/"


def listed(world: World, name: str, connection_id: int = 1, **fields: Any) -> int:
    """A room of the tenant; its id."""
    address = fields.pop("address", f"room-{name.lower().replace(' ', '-')}@larkfield.example")
    with world.rows() as session:
        choice = RoomChoice(connection_id=connection_id, address=address, name=name, listed_at=NOW, **fields)
        session.add(choice)
        session.get_one(Connection, connection_id).places_listed_at = NOW
        session.flush()
        return choice.id


@pytest.fixture
def tenant(world: World) -> dict[str, int]:
    """Fern is a room here already, Heather with other seats; Poplar is none, and the projector has no seats."""
    world.connection()
    world.room("Fern", building="Quay House", capacity=8)
    world.room("Heather", building="Quay House", capacity=8)
    return {
        "Fern": listed(world, "Room Fern", building="Quay House", floor="2", capacity=8),
        "Heather": listed(world, "Heather", building="Quay House", capacity=10),
        "Poplar": listed(world, "Poplar", building="Mill Lane", floor="1", capacity=6),
        "Projector": listed(world, "Projector", capacity=0),
    }


def rooms(world: World) -> dict[str, Room]:
    with world.rows() as session:
        found = session.scalars(select(Room)).all()
        session.expunge_all()
        return {room.name: room for room in found}


def test_the_mapping_shows_what_needs_a_look_first_and_why(world: World, tenant: dict[str, int]) -> None:
    page = world.get(IMPORT)
    text = text_of(page)
    assert page.status_code == 200
    order = [text.index(name) for name in ("Heather room-heather", "Poplar room-poplar", "Room Fern room-room-fern")]
    assert order == sorted(order)
    assert "Look at this Same name, other number of seats" in text
    assert "All 4 To look at 1 New 1 Link 2 Skip 1" in text
    assert "Seats 8, as here 10, as there" in text


@pytest.mark.parametrize("htmx", [False, True])
def test_a_preview_counts_and_saves_nothing(world: World, tenant: dict[str, int], htmx: bool) -> None:
    world.get(IMPORT)
    text = text_of(world.post(f"{IMPORT}preview", {"connection": 1, "time_zone": "Europe/London"}, htmx=htmx))
    assert "Import 3 rooms? 2 rooms here are linked to their calendar. 1 new room is made, in Europe/London." in text
    assert "1 room is skipped." in text
    with world.rows() as session:
        assert session.scalar(select(func.count()).select_from(Room)) == 2
        assert session.scalar(select(func.count()).select_from(Mailbox)) == 0


@pytest.mark.parametrize("htmx", [False, True])
def test_what_was_confirmed_is_linked_and_made_and_rung_for_once(
    world: World, tenant: dict[str, int], htmx: bool
) -> None:
    world.get(IMPORT)
    chosen = {"connection": 1, "time_zone": "Europe/Berlin", "active": "y", f"seats-{tenant['Heather']}": "there"}
    answer = world.post(f"{IMPORT}confirm", chosen, htmx=htmx)
    assert (answer.headers["HX-Redirect"] if htmx else answer.location) == "/rooms/"
    here = rooms(world)
    assert (here["Fern"].external_address, here["Fern"].capacity) == ("room-room-fern@larkfield.example", 8)
    assert (here["Heather"].external_address, here["Heather"].capacity) == ("room-heather@larkfield.example", 10)
    poplar = here["Poplar"]
    assert (poplar.building, poplar.floor, poplar.capacity, poplar.time_zone) == (
        "Mill Lane",
        "1",
        6,
        "Europe/Berlin",
    )
    assert all(room.sync_active and room.connection_id == 1 for room in here.values())
    assert "Projector" not in here
    ids = sorted(room.mailbox_id or 0 for room in here.values())
    assert [(job.rsplit(".", 1)[1], sorted(args[0])) for job, args in world.jobs()] == [("sync_mailboxes", ids)]
    assert "3 rooms imported." in text_of(world.get("/rooms/"))


def test_without_the_tick_the_rooms_are_linked_and_stay_off(world: World, tenant: dict[str, int]) -> None:
    world.get(IMPORT)
    world.post(f"{IMPORT}confirm", {"connection": 1, "time_zone": "Europe/Berlin"})
    assert not any(room.sync_active for room in rooms(world).values())
    assert world.jobs() == []


def test_a_choice_of_a_person_counts_instead_of_the_proposal(world: World, tenant: dict[str, int]) -> None:
    fern = rooms(world)["Fern"].id
    world.get(IMPORT)
    chosen = {
        "connection": 1,
        "time_zone": "UTC",
        f"become-{tenant['Fern']}": "new",
        f"become-{tenant['Heather']}": "skip",
        f"become-{tenant['Poplar']}": f"link-{fern}",
    }
    world.post(f"{IMPORT}confirm", chosen)
    here = rooms(world)
    assert here["Room Fern"].external_address == "room-room-fern@larkfield.example"
    assert here["Fern"].external_address == "room-poplar@larkfield.example"
    assert here["Heather"].external_address is None


def test_one_room_chosen_twice_is_refused_before_anything_is_saved(world: World, tenant: dict[str, int]) -> None:
    fern = rooms(world)["Fern"].id
    world.get(IMPORT)
    chosen = {"connection": 1, "time_zone": "UTC", f"become-{tenant['Poplar']}": f"link-{fern}"}
    for step in ("preview", "confirm"):
        refused = world.post(f"{IMPORT}{step}", chosen)
        assert refused.status_code == 422
        assert "one room cannot have two calendars Fern is chosen for 2 calendars." in text_of(refused)
    assert all(room.mailbox_id is None for room in rooms(world).values())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "new rooms need a time zone"),
        ({"Fern": "skip", "Heather": "skip", "Poplar": "skip"}, "There is nothing to import"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_mend(
    world: World, tenant: dict[str, int], changed: dict[str, str], said: str
) -> None:
    world.get(IMPORT)
    form = {"connection": 1} | {f"become-{tenant[k]}" if k in tenant else k: v for k, v in changed.items()}
    refused = world.post(f"{IMPORT}confirm", form)
    assert refused.status_code == 422
    assert said in text_of(refused)


def test_a_room_that_somebody_linked_meanwhile_is_left_and_named_and_the_others_go_on(
    world: World, tenant: dict[str, int]
) -> None:
    world.get(IMPORT)
    with world.rows() as session:
        session.scalars(select(Room).where(Room.name == "Heather")).one().archived_at = NOW
    form = {"connection": 1, "time_zone": "UTC", f"become-{tenant['Heather']}": "new"}
    with world.rows() as session:
        session.get_one(RoomChoice, tenant["Heather"]).address = "no address"
    refused = world.post(f"{IMPORT}confirm", form)
    assert refused.status_code == 409
    text = text_of(refused)
    assert "2 rooms imported, 1 not Heather : This is not an address." in text
    assert rooms(world)["Fern"].mailbox_id


def test_choices_travel_over_pages_and_filters(world: World, tenant: dict[str, int]) -> None:
    for number in range(60):
        listed(world, f"Extra {number:02}", capacity=4)
    world.get(IMPORT)
    form = {"connection": 1, f"become-{tenant['Heather']}": "skip", "go": "page:2"}
    second = world.post(IMPORT, form)
    assert f'<input type="hidden" name="become-{tenant["Heather"]}" value="skip">' in second.text
    assert "51 to 64 of 64" in text_of(second)
    skipped = world.post(IMPORT, form | {"go": "show:skip"})
    assert "Skip 2" in text_of(skipped)
    assert "Heather" in text_of(skipped)
    assert "Extra" not in text_of(skipped)
    found = world.post(IMPORT, form | {"q": "mill lane", "go": "search"})
    assert "1 to 1 of 1" in text_of(found)


def test_a_room_of_the_tenant_that_is_linked_is_no_choice_any_more(world: World) -> None:
    world.linked_room("Alder", address="room-alder@larkfield.example")
    listed(world, "Alder")
    assert "All rooms of larkfield-hq are linked" in text_of(world.get(IMPORT))
    listed(world, "Birch", capacity=4)
    shown = text_of(world.post(IMPORT, {"connection": 1, "go": "show:linked"}))
    assert "Linked Alder" in shown


def test_without_a_connection_or_a_list_the_page_says_what_to_do(world: World) -> None:
    assert "There is no connection yet" in text_of(world.get(IMPORT))
    world.connection()
    assert "The tenant’s rooms were not listed yet." in text_of(world.get(IMPORT))


@pytest.mark.parametrize("htmx", [False, True])
def test_list_again_asks_a_worker_and_the_page_waits_for_it(world: World, htmx: bool) -> None:
    world.connection()
    world.get(IMPORT)
    world.post(f"{IMPORT}list", {"connection": 1}, htmx=htmx)
    assert [job.rsplit(".", 1)[1] for job, _ in world.jobs()] == ["list_places"]
    waiting = world.get(IMPORT)
    assert "Listing rooms" in text_of(waiting)
    assert 'hx-trigger="every 2s"' in waiting.text
    with world.rows() as session:
        connection = session.get_one(Connection, 1)
        connection.places_done = connection.places_wanted
    assert "hx-trigger" not in world.get(IMPORT).text


def test_the_part_that_htmx_swaps_occurs_in_the_whole_page(world: World, tenant: dict[str, int]) -> None:
    assert text_of(world.get(IMPORT, htmx=True)) in text_of(world.get(IMPORT))


def test_names_of_the_tenant_are_shown_as_text(world: World) -> None:
    world.connection()
    listed(world, "<script>alert(1)</script>", address="x@larkfield.example", building="<i>")
    assert "<script>alert" not in world.get(IMPORT).text


def test_a_mapping_costs_few_queries_however_many_rooms_there_are(
    world: World, tenant: dict[str, int], count_queries: Any
) -> None:
    for number in range(30):
        world.room(f"Room {number}")
        listed(world, f"Extra {number}")
    with count_queries() as seen:
        world.get(IMPORT)
    assert len(seen) <= 10
