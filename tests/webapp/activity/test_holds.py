"""Holds on screen: what would change, what each choice would do before the click, and a decision by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.activity.words import LISTING_OFFERS, OFFERS
from webapp.domain.choices import CHOICES, is_decided_as_a_whole
from webapp.domain.intervals import span_to_json
from webapp.domain.words import KEPT_HERE, Choice, HoldActionState, HoldKind, SyncState
from webapp.models import Hold, HoldAction, Mailbox, Reservation

SEEN = re.compile(r'name="seen" value="([0-9a-f]+)"')


def make_hold(world: World, kind: HoldKind, action: str, count: int = 2, **values: Any) -> int:
    """A hold of a room in Held, about so many reservations."""
    room_id = world.linked_room("Alder")
    ids = [world.imported(room_id, at(9 + n, 10 + n), f"uid-{n}") for n in range(count)]
    with world.rows() as session:
        hold = Hold(room_id=room_id, kind=kind, opened_at=NOW)
        hold.actions = [
            HoldAction(
                key=f"reservation:{one}",
                action=action,
                reservation_id=one,
                **{"before": {"time": span_to_json(at(9 + n, 10 + n)), "subject": "One", "private": False}, **values},
            )
            for n, one in enumerate(ids)
        ]
        session.add(hold)
        session.flush()
        return hold.id


def rows_of(world: World, hold_id: int) -> list[HoldAction]:
    with world.rows() as session:
        rows = list(session.scalars(select(HoldAction).where(HoldAction.hold_id == hold_id).order_by(HoldAction.id)))
        session.expunge_all()
        return rows


def wanted(world: World) -> tuple[int, int]:
    with world.rows() as session:
        mailbox = session.scalars(select(Mailbox)).one()
        return mailbox.wanted, mailbox.full_wanted


def answer(world: World, hold_id: int, choice: str, *, htmx: bool = False, **more: Any) -> Any:
    """Open the question and say yes to it."""
    query = "".join(f"&{name}={value}" for name, value in more.items())
    asked = world.get(f"/activity/holds/{hold_id}/decide?choice={choice}{query}", htmx=htmx)
    assert asked.status_code == 200, text_of(asked)
    found = SEEN.search(asked.text)
    assert found is not None
    data = {"choice": choice, "seen": found[1], **more}
    return world.post(f"/activity/holds/{hold_id}/decide", data, htmx=htmx)


def test_every_choice_has_a_button_and_says_what_it_does() -> None:
    for (kind, action), choices in CHOICES.items():
        for choice in choices:
            offer = LISTING_OFFERS[choice] if is_decided_as_a_whole(kind) else OFFERS[action, choice]
            assert offer.label and offer.does.endswith(".")
    assert set(OFFERS) == {(action, choice) for (_, action), choices in CHOICES.items() for choice in choices}


def test_a_hold_shows_from_what_to_what_in_the_rooms_zone(world: World) -> None:
    after = {"time": span_to_json(at(15, 16)), "subject": "Two", "private": False}
    hold_id = make_hold(world, HoldKind.MASS_RETIME, "retime_here", after=after)
    shown = text_of(world.get(f"/activity/holds/{hold_id}"))
    assert "Time: Monday 23 November 2026, 09:00 – 10:00 → Monday 23 November 2026, 15:00 – 16:00" in shown
    assert "Title: One → Two" in shown
    assert "Move here : all 2" in shown.replace("here:", "here :")


def test_private_titles_are_masked(world: World) -> None:
    after = {"time": span_to_json(at(15, 16)), "subject": "Secret plan", "private": True}
    hold_id = make_hold(world, HoldKind.MASS_RETIME, "retime_here", after=after)
    for path in ("/activity/", f"/activity/holds/{hold_id}", f"/activity/holds/{hold_id}/decide?choice=approve"):
        page = world.get(path)
        assert "Secret plan" not in page.text and "Title: One → Private" in text_of(page)


@pytest.mark.parametrize("htmx", [False, True])
def test_all_of_a_hold_is_approved_by_name_and_a_run_is_asked_for(world: World, htmx: bool) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    asked = world.get(f"/activity/holds/{hold_id}/decide?choice=approve", htmx=htmx)
    assert "It is cancelled here, as it is gone in Outlook." in text_of(asked)
    assert ("<dialog" in asked.text) == htmx and ("<nav" in asked.text) != htmx
    response = answer(world, hold_id, "approve", htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    page = world.get(f"/activity/holds/{hold_id}")
    assert "Cancel here: chosen by Ines Okafor" in text_of(page)
    assert "carried out by the next run" in text_of(page)
    assert {(row.state, row.choice, row.decided_by, row.decided_at) for row in rows_of(world, hold_id)} == {
        (HoldActionState.APPROVED, "approve", "Ines Okafor", NOW)
    }
    assert wanted(world) == (1, 0)
    assert [job for job, _ in world.jobs()][-1] == "worker.jobs.sync_mailboxes"


def test_one_action_is_rejected_and_asks_for_a_full_run(world: World) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    first, second = rows_of(world, hold_id)
    answer(world, hold_id, "reject", action=first.id)
    states = [row.state for row in rows_of(world, hold_id)]
    assert states == [HoldActionState.REJECTED, HoldActionState.OPEN]
    assert wanted(world) == (1, 1)
    assert second.choice == ""


@pytest.mark.parametrize("htmx", [False, True])
def test_a_choice_about_what_is_not_any_more_as_shown_is_refused(world: World, htmx: bool) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    found = SEEN.search(world.get(f"/activity/holds/{hold_id}/decide?choice=approve").text)
    assert found is not None
    with world.rows() as session:
        session.get_one(Hold, hold_id).actions[0].before = {"time": span_to_json(at(20, 21))}
    data = {"choice": "approve", "seen": found[1]}
    response = world.post(f"/activity/holds/{hold_id}/decide", data, htmx=htmx)
    assert response.status_code == 409
    assert "Not decided: this hold changed after it was shown to you" in text_of(response)
    assert {row.state for row in rows_of(world, hold_id)} == {HoldActionState.OPEN}
    assert wanted(world) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "action", "choice", "one"),
    [
        (HoldKind.MASS_CANCEL, "cancel_here", "keep", False),
        (HoldKind.MASS_CANCEL, "cancel_here", "nonsense", False),
        (HoldKind.MASS_CANCEL, "cancel_here", "", False),
        (HoldKind.SLOT_TAKEN, "rebook", "approve", False),
        (HoldKind.EMPTY_LISTING, "cancel_here", "approve", True),
    ],
)
def test_what_a_kind_does_not_allow_is_refused(
    world: World, kind: HoldKind, action: str, choice: str, one: bool
) -> None:
    hold_id = make_hold(world, kind, action)
    data = {"choice": choice, "seen": "x"} | ({"action": rows_of(world, hold_id)[0].id} if one else {})
    assert world.post(f"/activity/holds/{hold_id}/decide", data).status_code == 409
    assert {row.state for row in rows_of(world, hold_id)} == {HoldActionState.OPEN}


def test_odd_requests_are_told_so(world: World) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    for action in ("x", "-1", "99999999999999999999", "77"):
        data = {"choice": "approve", "seen": "x", "action": action}
        assert world.post(f"/activity/holds/{hold_id}/decide", data).status_code == 409
    assert world.post("/activity/holds/999/decide", {"choice": "approve", "seen": ""}).status_code == 404
    assert world.get("/activity/holds/999").status_code == 404


def test_a_closed_hold_says_who_closed_it(world: World) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    with world.rows() as session:
        hold = session.get_one(Hold, hold_id)
        hold.closed_at, hold.closed_by = NOW, "Ines Okafor"
    assert "Decided by Ines Okafor and carried out." in text_of(world.get(f"/activity/holds/{hold_id}"))
    data = {"choice": "approve", "seen": "x"}
    response = world.post(f"/activity/holds/{hold_id}/decide", data)
    assert response.status_code == 409 and "This hold is closed already" in text_of(response)


@pytest.mark.parametrize(("action", "may_stay"), [("rebook", False), ("move_refused", True)])
def test_a_lost_slot_links_to_another_time_and_to_cancelling_and_a_refused_move_can_be_left_at_that(
    world: World, action: str, may_stay: bool
) -> None:
    hold_id = make_hold(world, HoldKind.SLOT_TAKEN, action, 1)
    page = world.get(f"/activity/holds/{hold_id}")
    reservation_id = rows_of(world, hold_id)[0].reservation_id
    assert f'href="/reservations/{reservation_id}/edit"' in page.text
    assert f'href="/reservations/{reservation_id}/cancel"' in page.text
    assert ("Leave it here" in text_of(page)) is may_stay


def test_the_overview_and_the_reservation_link_to_the_hold(world: World) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here")
    reservation_id = rows_of(world, hold_id)[0].reservation_id
    for path in ("/", f"/reservations/{reservation_id}"):
        assert f'href="/activity/holds/{hold_id}"' in world.get(path).text


def test_what_was_kept_is_created_again_or_cancelled_on_its_own_page(world: World) -> None:
    room_id = world.linked_room("Alder")
    ours, theirs = world.booking(room_id), world.imported(room_id)
    with world.rows() as session:
        for one in (ours, theirs):
            row = session.get_one(Reservation, one)
            row.sync_state, row.sync_code = SyncState.LOCAL, KEPT_HERE
    assert "Create again in Outlook" in text_of(world.get(f"/reservations/{ours}"))
    shown = text_of(world.get(f"/reservations/{theirs}"))
    assert "Create again in Outlook" not in shown and "Cancel here" in shown
    assert world.post(f"/activity/kept/{theirs}/create-again").status_code == 409
    assert world.post(f"/activity/kept/{ours}/create-again").status_code == 303
    assert world.post(f"/activity/kept/{theirs}/cancel").status_code == 303
    with world.rows() as session:
        assert session.get_one(Reservation, ours).sync_state is SyncState.WAITING
        assert session.get_one(Reservation, theirs).cancelled_by == "Ines Okafor"
    assert world.post(f"/activity/kept/{ours}/cancel").status_code == 409


@pytest.mark.parametrize("path", ["", "/decide?choice=approve"])
def test_a_hold_of_many_costs_at_most_twelve_queries(world: World, count_queries: Any, path: str) -> None:
    hold_id = make_hold(world, HoldKind.MASS_CANCEL, "cancel_here", 8)
    with count_queries() as seen:
        assert world.get(f"/activity/holds/{hold_id}{path}").status_code == 200
    assert len(seen) <= 12, seen


def test_choices_are_those_of_the_worker() -> None:
    assert {choice for choices in CHOICES.values() for choice in choices} == set(Choice)
