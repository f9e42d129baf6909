"""Activity: runs with filters and pages, one run step by step, holds and conflicts to read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import NOW, World, at, squeezed, text_of
from webapp.domain.words import ConflictKind, HoldKind, LinkState, RunKind, RunResult
from webapp.models import Conflict, Hold, HoldAction, Link, Room, RoomRun, RunStep


def make_run(world: World, room_id: int, result: RunResult = RunResult.DONE, **fields: Any) -> int:
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        values = {"kind": RunKind.DELTA, "started_at": NOW, "finished_at": NOW + timedelta(seconds=1.1)}
        run = RoomRun(room_id=room_id, mailbox_id=mailbox_id, result=result, **values | fields)
        session.add(run)
        session.flush()
        return run.id


def test_before_the_first_sync_the_page_says_what_will_be_there(world: World) -> None:
    assert "Nothing has happened yet Runs appear here from the first sync." in text_of(world.get("/activity/"))


def test_runs_say_room_result_what_was_done_and_how_long_it_took(world: World) -> None:
    make_run(world, world.linked_room("Alder"), changed_here=2, changed_there=1)
    fields = {"status": 404, "code": "MailboxNotEnabledForRESTAPI"}
    make_run(world, world.linked_room("Rowan"), RunResult.FAILED, code="mailbox_missing", fields=fields)
    shown = text_of(world.get("/activity/"))
    for part in ("Alder", "2 changes applied here", "1 change made in Outlook", "Done", "1.1 s",
                 "Rowan", "No calendar at this address (404 MailboxNotEnabledForRESTAPI)", "Failed"):  # fmt: skip
        assert part in shown


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ("", {"Alder", "Birch", "Cedar"}),
        ("show=changes", {"Alder"}),
        ("show=failed", {"Birch"}),
        ("q=CED", {"Cedar"}),
        ("q=%25", set()),
        ("show=nonsense&before=x&room=x", {"Alder", "Birch", "Cedar"}),
    ],
)
def test_runs_are_filtered_by_the_address(world: World, args: str, names: set[str]) -> None:
    make_run(world, world.linked_room("Alder"), changed_there=1)
    make_run(world, world.linked_room("Birch"), RunResult.FAILED, code="unavailable")
    make_run(world, world.linked_room("Cedar"))
    page, fragment = world.get(f"/activity/?{args}"), world.get(f"/activity/?{args}", htmx=True)
    assert {name for name in ("Alder", "Birch", "Cedar") if f"<bdi>{name}</bdi>" in page.text} == names
    assert squeezed(fragment.text) in text_of(page)


def test_the_runs_of_one_room_are_a_link_away(world: World) -> None:
    alder, birch = world.linked_room("Alder"), world.linked_room("Birch")
    make_run(world, alder)
    make_run(world, birch)
    shown = text_of(world.get(f"/activity/?room={alder}"))
    assert "Runs of Alder" in shown
    assert "Birch" not in shown


def test_older_runs_are_on_the_next_page(world: World) -> None:
    room_id = world.linked_room()
    first, *_ = [make_run(world, room_id) for _ in range(51)]
    newest = world.get("/activity/")
    assert f'href="/activity/runs/{first}"' not in newest.text
    assert f"before={first + 1}" in newest.text
    assert f'href="/activity/runs/{first}"' in world.get(f"/activity/?before={first + 1}").text


def test_a_run_is_told_step_by_step(world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    run_id = make_run(world, room_id, events_read=3, requests=2)
    with world.rows() as session:
        session.add(
            RunStep(run_id=run_id, room_id=room_id, reservation_id=own, at=NOW, side="there", action="create",
                    reason="new_here", status=201, request_id="a81e0d3c")
        )  # fmt: skip
        session.add(RunStep(run_id=run_id, room_id=room_id, at=NOW, side="none", action="<b>odd</b>", reason="<i>"))
    page = world.get(f"/activity/runs/{run_id}")
    shown = text_of(page)
    assert "3 events read, 2 requests." in shown
    assert "Event made in the room’s calendar : new here, answer 201 POST /events request-id a81e0d3c" in shown
    assert f'href="/reservations/{own}"' in page.text
    assert "<b>odd" not in page.text
    assert world.get("/activity/runs/99").status_code == 404


def test_open_holds_say_why_and_list_what_is_kept_back(world: World) -> None:
    room_id = world.linked_room("Sycamore Hall")
    ids = [world.imported(room_id, at(n % 10 + 9, n % 10 + 10, day=n // 10 + 1), f"uid-{n}") for n in range(22)]
    with world.rows() as session:
        hold = Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
        hold.actions = [HoldAction(key=f"event:{n}", action="cancel_here", reservation_id=n) for n in ids]
        session.add(hold)
        session.add(Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW, closed_at=NOW))
    page = world.get("/activity/")
    shown = text_of(page)
    assert "Sycamore Hall : 22 of its reservations would be cancelled at once" in shown
    assert "Nothing was cancelled here" in shown
    assert page.text.count("Cancel here<span") == 6
    assert "Show 16 more" in shown
    assert page.text.count('class="hold"') == 1


def test_open_conflicts_name_both_reservations(world: World) -> None:
    room_id = world.linked_room()
    own, other = world.booking(room_id), world.imported(room_id)
    with world.rows() as session:
        for ended in (None, NOW):
            session.add(
                Conflict(room_id=room_id, reservation_id=own, other_reservation_id=other, kind=ConflictKind.OVERLAP,
                         at=NOW, ended_at=ended)
            )  # fmt: skip
    shown = text_of(world.get("/activity/"))
    assert shown.count("Two reservations of this room overlap") == 2  # once for wide screens, once for a phone
    assert "Works committee" in shown
    assert "Reserved by Tomasz Brandt" in shown


def test_what_was_set_aside_is_counted(world: World) -> None:
    world.imported(world.linked_room())
    assert "set aside" not in text_of(world.get("/activity/"))
    with world.rows() as session:
        session.scalars(select(Link)).one().state = LinkState.QUARANTINED
    assert "1 event is set aside" in text_of(world.get("/activity/"))


def test_a_full_page_costs_at_most_twelve_queries(world: World, count_queries: Any) -> None:
    for n in range(10):
        room_id = world.linked_room(f"Room {n}")
        own = world.imported(room_id, uid=f"uid-{n}")
        run_id = make_run(world, room_id)
        with world.rows() as session:
            hold = Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
            hold.actions.append(HoldAction(key="a", action="cancel_here", reservation_id=own))
            session.add_all([hold, Conflict(room_id=room_id, reservation_id=own, kind=ConflictKind.TIME, at=NOW)])
    for path in ("/activity/", f"/activity/runs/{run_id}"):
        with count_queries() as seen:
            assert world.get(path).status_code == 200
        assert len(seen) <= 12, seen
