"""The timetable and the page of one reservation: what they say, when they move and rest, what they cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import NOW, World, at, squeezed, text_of
from webapp.domain.intervals import AllDay
from webapp.domain.words import (
    Answer,
    AttemptKind,
    AttemptState,
    ConflictKind,
    HoldKind,
    MeetingKind,
    RoomState,
    RunKind,
    SyncState,
    TitleSource,
)
from webapp.models import Attempt, Conflict, Hold, HoldAction, Link, Outbox, Reservation, Room, RoomRun, RunStep
from webapp.reservations.drafts import Draft
from webapp.reservations.rows import Dated
from webapp.reservations.service import change

TODAY = "/reservations/?day=2026-11-23"


def set_state(world: World, reservation_id: int, state: SyncState, code: str | None = None) -> None:
    with world.rows() as session:
        reservation = session.get_one(Reservation, reservation_id)
        reservation.sync_state, reservation.sync_code = state, code
        if state is SyncState.SYNCED:
            for row in session.scalars(select(Outbox)):
                session.delete(row)


def test_without_rooms_the_page_says_what_to_do(world: World) -> None:
    assert "No rooms yet" in text_of(world.get("/reservations/"))
    assert "No rooms yet" in text_of(world.get("/reservations/?view=week"))


def test_a_day_shows_rooms_side_by_side_with_origin_time_person_and_state(world: World) -> None:
    alder = world.linked_room("Alder", capacity=8)
    world.room("Birch")
    world.booking(alder, at(10, 11), owner_name="Hanne Vik", owner_email="hanne@larkfield.example")
    world.imported(alder, at(13, 14))
    page = world.get("/reservations/")
    shown = text_of(page)
    own = ("Alder", "8 seats", "Works committee", "10:00 – 11:00", "Hanne Vik", "Waiting", ", from Maptician")
    for part in ("Monday 23 November 2026", *own, "Birch", "Reserved by Tomasz Brandt", ", from Outlook"):
        assert part in shown
    assert 'class="ev here s36 d12 wait"' in page.text
    assert "ev away s72 d12" in page.text


def test_private_series_declined_and_free_are_marked_in_words(world: World) -> None:
    room_id = world.linked_room()
    world.imported(room_id, at(8, 9), "a", is_private=True)
    world.imported(room_id, at(10, 11), "b", kind=MeetingKind.SERIES)
    declined = (Dated(at(11, 12), blocks=False, answer=Answer.DECLINED),)
    world.imported(room_id, at(11, 12), "c", dates=declined, answer=Answer.DECLINED)
    html = world.get(TODAY).text
    shown = squeezed(html)
    assert "ev away s12 d12 private" in html
    assert "Private 08:00" in shown
    assert "Series" in shown
    assert "Declined" in shown
    assert "does not block the room" in shown


def test_all_day_fills_the_day_of_the_rooms_own_zone(world: World) -> None:
    room_id = world.room("Auckland", time_zone="Pacific/Auckland")
    world.booking(room_id, AllDay(date(2026, 11, 25), date(2026, 11, 26)))
    assert "All day" in text_of(world.get("/reservations/?day=2026-11-25"))
    for other in ("2026-11-24", "2026-11-26"):
        assert "All day" not in text_of(world.get(f"/reservations/?day={other}"))


def test_rooms_of_other_zones_say_so_and_show_their_own_times(world: World) -> None:
    world.room("Alder")
    berlin = world.room("Birch", time_zone="Europe/Berlin")
    world.booking(berlin, at(10, 11))
    shown = text_of(world.get(TODAY))
    assert "Europe/Berlin" in shown
    assert "11:00 – 12:00" in shown


def test_the_week_of_one_room_begins_on_monday_and_moves_by_weeks(world: World) -> None:
    room_id = world.room()
    world.booking(room_id, at(10, 11, day=3))
    page = world.get(f"/reservations/?view=week&room={room_id}&day=2026-11-27")
    assert "23 November – 29 November 2026, Alder" in text_of(page)
    assert "Works committee" in text_of(page)
    assert page.text.count("tt-col") == 7
    assert "day=2026-12-04" in page.text
    assert "day=2026-11-20" in page.text


def test_twelve_rooms_a_view_with_the_next_ones_a_click_away(world: World) -> None:
    for n in range(13):
        world.room(f"Room {n:02}", building="Quay" if n % 2 else "Mill")
    first = world.get(TODAY)
    assert first.text.count("tt-col") == 12
    assert "Rooms 1 to 12 of 13" in text_of(first)
    assert "Room 12" in text_of(world.get(TODAY + "&page=2"))
    quay = text_of(world.get(TODAY + "&building=Quay"))
    assert "Room 01" in quay
    assert "Room 02" not in quay


def test_an_archived_room_is_not_in_the_timetable(world: World) -> None:
    world.room("Alder")
    archived = world.room("Old hall", archived_at=NOW)
    assert "Old hall" not in text_of(world.get(TODAY))
    assert world.get(f"/reservations/?view=week&room={archived}").status_code == 404


@pytest.mark.parametrize(
    "args", ["day=x&page=0&view=year&building=none", "day=9999-12-31", "page=99999999", "room=x&view=week"]
)
def test_nonsense_in_the_address_is_read_as_the_default(world: World, args: str) -> None:
    world.room()
    assert world.get(f"/reservations/?{args}").status_code == 200


def test_free_slots_lead_to_a_filled_in_form(world: World) -> None:
    room_id = world.room()
    html = world.get("/reservations/?day=2026-11-24").text
    assert f"/reservations/new?room={room_id}&amp;day=2026-11-24&amp;start=07:00&amp;end=08:00" in html
    assert html.count('tabindex="-1" aria-hidden') == 0
    past = world.get("/reservations/?day=2026-11-20").text
    assert "/reservations/new?room=" not in past


def test_the_fragment_is_a_part_of_the_page(world: World) -> None:
    room_id = world.linked_room()
    world.booking(room_id)
    for path in (TODAY, f"/reservations/new?room={room_id}&day=2026-11-24"):
        page, fragment = world.get(path), world.get(path, htmx=True)
        assert "<!doctype" not in fragment.text
        assert squeezed(fragment.text) in text_of(page)
        assert "HX-Request" in fragment.headers["Vary"]


@pytest.mark.parametrize(
    ("state", "moves"),
    [(SyncState.WAITING, True), (SyncState.AWAITING, True), (SyncState.SYNCED, False), (SyncState.LOCAL, False),
     (SyncState.FAILED, False), (SyncState.HELD, False), (SyncState.DECLINED, False)],
)  # fmt: skip
def test_a_column_asks_again_only_while_something_in_it_moves(world: World, state: SyncState, moves: bool) -> None:
    room_id = world.linked_room()
    set_state(world, world.booking(room_id), state)
    column = world.get(f"/reservations/column?room={room_id}&day=2026-11-23&from=7&to=19", htmx=True)
    assert ("every 2s" in column.text) is moves
    page = world.get(TODAY)
    assert squeezed(column.text) in text_of(page)
    assert ("every 2s" in page.text) is moves


def test_a_column_does_not_wait_for_a_room_that_did_not_answer_in_time(world: World) -> None:
    """H58: it is looked for each hour only."""
    room_id = world.linked_room()
    set_state(world, world.imported(room_id), SyncState.AWAITING, "unconfirmed")
    assert "every 2s" not in world.get(TODAY).text


@pytest.mark.parametrize("why", ["switched_off", "paused", "error"])
def test_what_waits_for_a_person_does_not_poll(world: World, why: str) -> None:
    room_id = world.linked_room(state=RoomState.ERROR if why == "error" else RoomState.ACTIVE)
    own = world.booking(room_id)
    if why == "switched_off":
        world.sync_on(False)
    if why == "paused":
        with world.rows() as session:
            session.get_one(Room, room_id).sync_active = False
    for path in (TODAY, f"/reservations/{own}", f"/reservations/{own}/state"):
        assert "every 2s" not in world.get(path).text
    words = {"switched_off": "External Calendar Sync is off.", "paused": "Sync of this room is switched off.",
             "error": "The room is in Error"}  # fmt: skip
    assert words[why] in text_of(world.get(f"/reservations/{own}"))


@pytest.mark.parametrize("args", ["room=99&day=2026-11-23", "day=x&room=1", "room=1&day=2026-11-23&from=3&to=9"])
def test_a_column_that_does_not_exist_is_not_found(world: World, args: str) -> None:
    world.room()
    assert world.get(f"/reservations/column?{args}", htmx=True).status_code == 404


def test_the_state_of_a_reservation_moves_until_it_rests_and_then_asks_for_its_story(world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    moving = world.get(f"/reservations/{own}/state", htmx=True)
    assert "every 2s" in moving.text
    assert "HX-Trigger" not in moving.headers
    assert squeezed(moving.text) in text_of(world.get(f"/reservations/{own}"))
    set_state(world, own, SyncState.SYNCED)
    resting = world.get(f"/reservations/{own}/state", htmx=True)
    assert "every 2s" not in resting.text
    assert resting.headers["HX-Trigger"] == "reservation-rests"
    story = world.get(f"/reservations/{own}/story", htmx=True)
    assert squeezed(story.text) in text_of(world.get(f"/reservations/{own}"))


def test_a_parked_reservation_rests(world: World) -> None:
    own = world.booking(world.linked_room())
    with world.rows() as session:
        session.scalars(select(Outbox)).one().parked = True
    assert "every 2s" not in world.get(f"/reservations/{own}/state", htmx=True).text


def test_polls_cost_at_most_three_queries_and_pages_at_most_twelve(world: World, count_queries: Any) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    imported = world.imported(room_id)
    for n in range(12):
        other = world.linked_room(f"Room {n}")
        world.imported(other, at(13, 14), f"uid-{n % 6 or 1}")
    declined = world.imported(room_id, at(16, 17), "uid-declined")
    world.modes(delegation=True, create=True)
    set_state(world, declined, SyncState.DECLINED)
    column = f"/reservations/column?room={room_id}&day=2026-11-23&from=7&to=19"
    for path, budget in [
        (f"/reservations/{own}/state", 3), (column, 3), (TODAY, 12), (f"/reservations/{own}", 12),
        (f"/reservations/{imported}", 12), (f"/reservations/new?room={room_id}", 12),
        (f"/reservations/{own}/edit", 12), (f"/reservations/{imported}/edit", 12), (f"/reservations/{declined}", 12),
        (f"/reservations/{declined}/state", 3), (f"/reservations/{imported}/cancel-meeting", 12),
        (f"/reservations/?view=week&room={room_id}", 12),
    ]:  # fmt: skip
        with count_queries() as seen:
            assert world.get(path, htmx=budget == 3).status_code == 200
        assert len(seen) <= budget, (path, seen)


def test_both_sides_are_compared_and_what_differs_is_marked(world: World) -> None:
    own = world.booking(world.linked_room(), at(15, 17), title="Supplier call: Brennan")
    with world.rows() as session:
        link = world.link(session, session.get_one(Reservation, own), "event-1")
        values = {"subject": "Supplier call", "private": False,
                  "time": {"start": at(15, 16).start.isoformat(), "end": at(15, 16).end.isoformat()}}  # fmt: skip
        link.observed = {"values": values}
    page = world.get(f"/reservations/{own}")
    shown = text_of(page)
    assert "Title Supplier call: Brennan differs Supplier call" in shown
    assert "Monday 23 November 2026, 15:00 – 17:00 differs Monday 23 November 2026, 15:00 – 16:00" in shown
    assert "Private No same No" in shown
    assert page.text.count('<div class="diff">') == 2


def test_a_title_that_was_not_read_is_no_difference(world: World) -> None:
    imported = world.imported(world.linked_room())
    with world.rows() as session:
        time = {"start": at(13, 14).start.isoformat(), "end": at(13, 14).end.isoformat()}
        session.scalars(select(Link)).one().observed = {"values": {"subject": None, "private": False, "time": time}}
    shown = text_of(world.get(f"/reservations/{imported}"))
    assert "Title Reserved by Tomasz Brandt not compared not read" in shown


def test_a_private_meeting_of_a_person_names_nobody(world: World) -> None:
    imported = world.imported(world.linked_room(), is_private=True)
    with world.rows() as session:
        time = {"start": at(13, 14).start.isoformat(), "end": at(13, 14).end.isoformat()}
        session.scalars(select(Link)).one().observed = {
            "values": {"subject": None, "private": True, "time": time, "status": {"organizer_name": "Tomasz Brandt"}}
        }
    assert "Tomasz" not in text_of(world.get(TODAY))
    state = text_of(world.get(f"/reservations/{imported}/state"))
    assert "Tomasz" not in state
    assert "Private" in state


def test_a_series_lists_its_coming_dates_and_the_story_its_beginning(world: World) -> None:
    dates = tuple(Dated(at(13, 14, day=n), f"2026-11-{23 + n}") for n in range(3))
    imported = world.imported(world.linked_room(), kind=MeetingKind.SERIES, dates=dates)
    shown = text_of(world.get(f"/reservations/{imported}"))
    assert "Coming dates Mon 23 Nov, 13:00 to 14:00 Tue 24 Nov, 13:00 to 14:00 Wed 25 Nov" in shown
    assert "Seen in Outlook for the first time" in shown


def test_the_story_tells_runs_and_open_attempts_in_order(world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        run = RoomRun(room_id=room_id, mailbox_id=mailbox_id, kind=RunKind.DELTA, started_at=NOW)
        session.add(run)
        session.flush()
        for n, action in enumerate(("create", "patch", "some_new_thing")):
            session.add(
                RunStep(
                    run_id=run.id,
                    room_id=room_id,
                    reservation_id=own,
                    at=NOW + timedelta(seconds=n + 1),
                    side="there",
                    action=action,
                    request_id=f"request-{n}",
                )
            )
        for state in (AttemptState.OPEN, AttemptState.DONE):
            session.add(
                Attempt(
                    mailbox_id=mailbox_id,
                    reservation_id=own,
                    kind=AttemptKind.PATCH,
                    state=state,
                    fence=1,
                    revision=1,
                    sends=2,
                    status=429,
                    started_at=NOW + timedelta(seconds=9),
                )
            )
        run_id = run.id
    page = world.get(f"/reservations/{own}")
    shown = text_of(page).partition("What happened")[2]
    order = [
        "Not known yet: was the event changed?",
        "sent 2 times, answer 429",
        "Some new thing",
        "Event changed in the room’s calendar",
        "Event made in the room’s calendar",
        "Reservation made",
    ]
    assert [part for part in sorted(order, key=shown.index)] == order
    assert shown.count("Not known yet") == 1
    assert "POST /events request-id request-0" in shown
    assert f"/activity/runs/{run_id}" in page.text


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (AttemptKind.CANCEL, "was the meeting cancelled?"),
        (AttemptKind.DECLINE, "was the room’s refusal taken?"),
    ],
)
def test_a_cancel_and_a_refusal_in_doubt_say_what_is_looked_for(world: World, kind: AttemptKind, asked: str) -> None:
    room_id = world.linked_room()
    imported = world.imported(room_id)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        session.add(
            Attempt(mailbox_id=mailbox_id, reservation_id=imported, kind=kind, fence=1, revision=1, started_at=NOW)
        )
    assert f"Not known yet: {asked}" in text_of(world.get(f"/reservations/{imported}"))


def test_a_step_says_whose_calendar_it_was_about(world: World) -> None:
    room_id = world.linked_room()
    imported = world.imported(room_id)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        run = RoomRun(room_id=room_id, mailbox_id=mailbox_id, kind=RunKind.DELTA, started_at=NOW)
        session.add(run)
        session.flush()
        for action, side, reason, fields in (
            ("cancel", "there", "organizer", {}),
            ("cancel", "here", "", {}),
            ("patch", "there", "subject,time", {"through": "organizer"}),
        ):
            session.add(
                RunStep(
                    run_id=run.id, room_id=room_id, reservation_id=imported, at=NOW,
                    side=side, action=action, reason=reason, fields=fields,
                )
            )  # fmt: skip
        run_id = run.id
    for path in (f"/reservations/{imported}", f"/activity/runs/{run_id}"):
        shown = text_of(world.get(path))
        assert "Meeting cancelled in its organizer’s calendar; its guests are told" in shown
        assert "Gone in Outlook, cancelled here" in shown
        assert "Event changed in the organizer’s calendar" in shown
        assert "title, time" in shown


def test_a_long_story_is_told_in_pages(world: World) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    with world.rows() as session:
        mailbox_id = session.get_one(Room, room_id).mailbox_id
        run = RoomRun(room_id=room_id, mailbox_id=mailbox_id, kind=RunKind.DELTA, started_at=NOW)
        session.add(run)
        session.flush()
        for n in range(60):
            session.add(
                RunStep(
                    run_id=run.id,
                    room_id=room_id,
                    reservation_id=own,
                    at=NOW + timedelta(seconds=n),
                    side="there",
                    action="patch",
                    reason=f"n{n}",
                )
            )
    first = world.get(f"/reservations/{own}")
    assert "n59" in text_of(first)
    assert "n9," not in text_of(first) + ","
    assert "Reservation made" not in text_of(first)
    older = first.text.partition("before=")[2].partition('"')[0].replace("&amp;", "&")
    second = text_of(world.get(f"/reservations/{own}?before={older}"))
    assert "n9" in second
    assert "Reservation made" in second


def test_conflicts_and_holds_of_a_reservation_are_shown(world: World) -> None:
    room_id = world.linked_room()
    own, other = world.booking(room_id), world.imported(room_id)
    time = {"start": at(15, 16).start.isoformat(), "end": at(15, 16).end.isoformat()}
    with world.rows() as session:
        session.add(
            Conflict(
                room_id=room_id, reservation_id=other, other_reservation_id=own, kind=ConflictKind.OVERLAP, at=NOW
            )
        )
        session.add(
            Conflict(
                room_id=room_id,
                reservation_id=own,
                kind=ConflictKind.TIME,
                at=NOW,
                ended_at=NOW,
                prevailed="here",
                here={"time": time},
                there={"time": time},
            )
        )
        hold = Hold(room_id=room_id, kind=HoldKind.SLOT_TAKEN, opened_at=NOW)
        hold.actions.append(HoldAction(key=f"reservation:{own}", action="rebook", reservation_id=own, before=time))
        session.add(hold)
    set_state(world, own, SyncState.HELD, "slot_taken")
    page = world.get(f"/reservations/{own}")
    shown = text_of(page)
    assert "Held: An earlier event in Outlook has a slot that was wanted here" in shown
    assert "Two reservations of this room overlap" in shown
    assert f'href="/reservations/{other}">The other reservation' in page.text
    assert "The time was changed on both sides (over)" in shown
    assert "Here Monday 23 November 2026, 15:00 – 16:00" in shown
    assert "The value here prevailed." in shown


def test_a_change_that_mails_guests_says_so_first(world: World) -> None:
    imported = world.imported(world.linked_room(), home="resource", organizer_email="", other_attendees=3)
    assert "3 guests are told by Outlook of every change." in text_of(world.get(f"/reservations/{imported}"))
    assert "3 guests are told by Outlook." in text_of(world.get(f"/reservations/{imported}/cancel"))


def test_a_title_typed_here_stays_when_it_is_private(world: World) -> None:
    own = world.booking(world.linked_room(), title="Our own title", is_private=True)
    with world.rows() as session:
        assert session.get_one(Reservation, own).meeting.title_source is TitleSource.TYPED
    assert "Our own title" in text_of(world.get(TODAY))


def test_a_new_time_that_is_not_confirmed_shows_in_words_at_both_times(world: World) -> None:
    """The room is taken at the old time until it follows, and at the new one already."""
    world.modes(delegation=True)
    imported = world.imported(world.linked_room(), at(13, 14))
    with world.rows() as session:
        draft = Draft(1, "Reserved by Tomasz Brandt", at(15, 16), owner_email="tomasz@larkfield.example")
        change(session, imported, draft, session.get_one(Reservation, imported).meeting.revision, "Ines", NOW)
    shown = text_of(world.get(TODAY))
    assert "13:00 – 14:00 Old time , until the new one is confirmed" in shown
    assert "15:00 – 16:00 New time , not confirmed yet" in shown


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sync_state": SyncState.AWAITING}, "Awaiting answer"),
        ({"sync_state": SyncState.AWAITING, "sync_code": "unconfirmed"}, "Unconfirmed"),
        ({"sync_state": SyncState.DECLINED}, "Declined"),
        ({"sync_state": SyncState.SYNCED, "not_followed_since": NOW}, "Not followed"),
    ],
)
def test_what_is_not_as_it_should_be_says_so_in_the_timetable(
    world: World, columns: dict[str, Any], said: str
) -> None:
    imported = world.imported(world.linked_room())
    with world.rows() as session:
        for name, value in columns.items():
            setattr(session.get_one(Reservation, imported), name, value)
    assert f"13:00 – 14:00 {said} Tomasz Brandt" in text_of(world.get(TODAY))


def test_a_reservation_on_its_way_out_says_so_in_the_timetable(world: World) -> None:
    own, birch = world.booking(world.linked_room("Alder")), world.linked_room("Birch")
    with world.rows() as session:
        change(session, own, Draft(birch, "Works committee", at(10, 11)), 1, "Ines", NOW)
    shown = text_of(world.get(TODAY))
    assert shown.count("Moving out") == 1
    assert "10:00 – 11:00 Waiting" in shown
