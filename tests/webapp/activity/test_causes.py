"""What fails now, grouped by cause: one mend and one Retry for the whole group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webapp.activity.test_activity import make_run
from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.domain.words import RoomState, RunResult, SyncState
from webapp.models import Reservation, Room


def failing_rooms(world: World, code: str, *names: str, **fields: Any) -> list[int]:
    return [world.linked_room(name, RoomState.ERROR, sync_code=code, **fields) for name in names]


def failed(world: World, room_id: int, code: str = "refused", **booking: Any) -> int:
    return fail(world, world.booking(room_id, **booking), code)


def fail(world: World, reservation_id: int, code: str) -> int:
    with world.rows() as session:
        reservation = session.get_one(Reservation, reservation_id)
        reservation.sync_state, reservation.sync_code = SyncState.FAILED, code
    return reservation_id


def test_nothing_is_said_while_nothing_fails(world: World) -> None:
    make_run(world, world.linked_room())
    assert "What fails, by cause" not in text_of(world.get("/activity/"))


def test_rooms_of_one_cause_are_one_group_with_one_mend(world: World) -> None:
    failing_rooms(world, "access_denied", *(f"Room {n}" for n in range(7)))
    failing_rooms(world, "mailbox_missing", "Rowan")
    shown = text_of(world.get("/activity/"))
    assert ": 7 rooms Do this:" in shown
    assert "Room 0 , Room 1 , Room 2 , Room 3 , Room 4 and 2 more" in shown
    assert shown.index(": 7 rooms") < shown.index("No calendar at this address: 1 room")


def test_reservations_that_failed_are_grouped_as_well_and_private_titles_stay_private(world: World) -> None:
    alder = world.linked_room("Alder")
    failed(world, alder, title="Works committee", span=at(10, 11))
    fail(world, world.imported(alder, title="Secret", is_private=True), "refused")
    shown = text_of(world.get("/activity/"))
    assert "Microsoft refuses this event: 2 reservations" in shown
    assert "Works committee in Alder , Private in Alder" in shown
    assert "Secret" not in shown


@pytest.mark.parametrize("htmx", [False, True])
def test_retry_begins_all_rooms_of_the_cause_again_and_no_other(world: World, htmx: bool) -> None:
    mine = failing_rooms(world, "access_denied", "Alder", "Birch")
    other = failing_rooms(world, "mailbox_missing", "Rowan")
    world.get("/activity/")
    answer = world.post("/activity/retry?show=failed", {"of": "rooms", "code": "access_denied"}, htmx=htmx)
    assert (answer.headers["HX-Redirect"] if htmx else answer.location) == "/activity/?show=failed"
    with world.rows() as session:
        assert [session.get_one(Room, one).sync_state for one in mine] == [RoomState.PENDING] * 2
        assert [session.get_one(Room, one).sync_state for one in other] == [RoomState.ERROR]
    assert len(world.jobs()) == 1
    assert "2 rooms are tried again." in text_of(world.get("/activity/"))


def test_retry_sends_all_reservations_of_the_cause_again(world: World) -> None:
    alder = world.linked_room("Alder")
    ids = [failed(world, alder, span=at(9 + n, 10 + n)) for n in range(2)]
    unlinked = failed(world, world.room("Maple"))
    world.get("/activity/")
    world.post("/activity/retry", {"of": "reservations", "code": "refused"})
    with world.rows() as session:
        assert [session.get_one(Reservation, one).sync_state for one in ids] == [SyncState.WAITING] * 2
        assert session.get_one(Reservation, unlinked).sync_state is SyncState.FAILED
    assert "2 reservations are tried again. 1 is left as before." in text_of(world.get("/activity/"))


def test_the_runs_of_a_cause_are_a_link_away_and_the_filter_is_in_the_address(world: World) -> None:
    (alder,) = failing_rooms(world, "access_denied", "Alder")
    make_run(world, alder, RunResult.FAILED, code="access_denied")
    make_run(world, world.linked_room("Birch"))
    assert 'href="/activity/?code=access_denied"' in world.get("/activity/").text
    page = world.get("/activity/?code=access_denied").text
    runs = page.split('id="runs"')[1]
    assert "<bdi>Alder</bdi>" in runs
    assert "<bdi>Birch</bdi>" not in runs


def test_an_archived_room_does_not_fail(world: World) -> None:
    failing_rooms(world, "access_denied", "Alder", archived_at=NOW)
    assert "What fails" not in text_of(world.get("/activity/"))


def test_the_page_with_everything_costs_at_most_twelve_queries(world: World, count_queries: Any) -> None:
    alder, *_ = failing_rooms(world, "access_denied", "Alder", "Birch")
    for code in ("refused", "no_answer"):
        failed(world, alder, code, span=at(9, 10) if code == "refused" else at(10, 11))
    make_run(world, alder, RunResult.FAILED, code="access_denied")
    with count_queries() as seen:
        world.get("/activity/")
    assert len(seen) <= 12
