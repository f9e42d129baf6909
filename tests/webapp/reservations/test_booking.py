"""New, edit and cancel: each form with and without htmx, and what it refuses beside which field."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from sqlalchemy import func, select

from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.auth.service import FIRST_ADMIN
from webapp.domain.intervals import AllDay, Timed
from webapp.domain.words import MeetingKind, SyncState, TitleSource
from webapp.enqueue import SYNC_MAILBOXES
from webapp.models import Meeting, Outbox, Reservation, Room
from webapp.reservations.rows import span_of
from webapp.rooms import service as rooms

FORM = {"title": "Works committee", "day": "2026-11-24", "start": "10:00", "end": "11:00", "revision": "1"}


def send(world: World, path: str, fields: dict[str, Any], *, htmx: bool = False) -> Any:
    world.get("/reservations/new")
    return world.post(path, FORM | fields, htmx=htmx)


def only(world: World) -> Any:
    with world.rows() as session:
        meeting = session.scalars(select(Meeting)).one()
        return meeting, span_of(meeting)


@pytest.mark.parametrize("htmx", [False, True])
def test_a_room_is_booked_at_the_time_of_its_own_clock(world: World, htmx: bool) -> None:
    room_id = world.linked_room(time_zone="Europe/Berlin")
    answer = send(world, "/reservations/new", {"room_id": room_id, "is_private": "y"}, htmx=htmx)
    if htmx:
        assert answer.status_code == 200
        assert answer.headers["HX-Push-Url"] == "/reservations/?day=2026-11-24"
        assert "Works committee is booked." in text_of(answer)
        assert "<!doctype" not in answer.text
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, "/reservations/?day=2026-11-24")
        assert "Works committee" in text_of(world.get(answer.headers["Location"]))
    meeting, span = only(world)
    assert span == Timed(datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert (meeting.is_private, meeting.created_by) == (True, "Ines Okafor")


def test_the_bell_rings_after_the_commit_and_only_for_a_linked_room(world: World) -> None:
    linked, local = world.linked_room("Alder"), world.room("Maple")
    seen: list[int] = []

    def look() -> None:
        with world.data.reading() as session:
            seen.append(session.scalar(select(func.count()).select_from(Outbox)) or 0)

    world.bell.on_ring = look
    send(world, "/reservations/new", {"room_id": local})
    assert world.jobs() == []
    send(world, "/reservations/new", {"room_id": linked})
    with world.rows() as session:
        mailbox_id = session.get_one(Room, linked).mailbox_id
    assert world.jobs() == [(SYNC_MAILBOXES, ([mailbox_id],))]
    assert seen == [1]


def test_whole_days_run_to_the_end_of_the_last_one(world: World) -> None:
    room_id = world.room()
    fields = {"room_id": room_id, "all_day": "y", "last_day": "2026-11-25", "start": "", "end": ""}
    assert send(world, "/reservations/new", fields).status_code == 303
    assert only(world)[1] == AllDay(date(2026, 11, 24), date(2026, 11, 26))


def test_a_reservation_may_run_over_midnight(world: World) -> None:
    room_id = world.room()
    fields = {"room_id": room_id, "start": "23:00", "end": "01:00", "last_day": "2026-11-25"}
    assert send(world, "/reservations/new", fields).status_code == 303
    assert only(world)[1] == at(23, 25, day=1)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"title": "   "}, "title", "The reservation needs a title."),
        ({"title": "x" * 1025}, "title", "The title has more than 1024 characters."),
        ({"end": "09:00"}, "end", "The end is before the start. Set an end after 10:00, or tick All day."),
        ({"end": "10:00"}, "end", "The end is before the start."),
        ({"day": "2026-11-20"}, "end", "This has ended already."),
        ({"last_day": "2026-11-23"}, "last_day", "The last day is before the day."),
        ({"day": "2027-11-20"}, "start", "A linked room can be booked up to 355 days ahead."),
        ({"day": "24.11.2026"}, "day", "This is not a date."),
        ({"day": ""}, "day", "This is not a date."),
        ({"day": "9999-12-31", "all_day": "y"}, "day", "This is not a date."),
        ({"start": "ten"}, "start", "This is not a time."),
        ({"end": ""}, "end", "This is not a time."),
        ({"day": "2027-03-28", "start": "01:30", "end": "03:00"}, "start", "The clocks of Europe/London skip this"),
        ({"owner_email": "nobody"}, "owner_email", "This is not an email address."),
        ({"room_id": "99"}, "room_id", "Choose a room."),
        ({"room_id": "x"}, "room_id", "Choose a room."),
        ({"room_id": ""}, "room_id", "Choose a room."),
        ({"owner_name": "x" * 256}, "owner_name", "This is too long."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(
    world: World, htmx: bool, fields: dict[str, str], field: str, words: str
) -> None:
    room_id = world.linked_room()
    answer = send(world, "/reservations/new", {"room_id": room_id, "description": "kept words"} | fields, htmx=htmx)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'id="{field}-e"' in answer.text
    assert "Not saved: 1 field needs a change" in text_of(answer)
    assert "kept words" in answer.text
    assert ("<!doctype" in answer.text) is not htmx
    with world.rows() as session:
        assert session.scalar(select(func.count()).select_from(Meeting)) == 0


def test_the_only_room_is_chosen_already(world: World) -> None:
    alder = world.room("Alder", time_zone="Europe/Berlin")
    new = world.get("/reservations/new")
    assert f'<option selected value="{alder}">' in new.text
    assert "Times are those of the room: Europe/Berlin." in text_of(new)
    world.room("Birch")
    assert '<option selected value="">Choose a room' in world.get("/reservations/new").text


def test_the_first_administrator_may_own_a_reservation(world: World) -> None:
    fields = {"room_id": world.room(), "owner_name": "Administrator", "owner_email": FIRST_ADMIN}
    assert send(world, "/reservations/new", fields).status_code == 303


def test_of_the_two_equal_hours_of_autumn_the_first_is_meant(world: World) -> None:
    room_id = world.room()
    fields = {"room_id": room_id, "day": "2027-10-31", "start": "01:30", "end": "03:00"}
    assert send(world, "/reservations/new", fields).status_code == 303
    assert only(world)[1].start == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("htmx", [False, True])
def test_a_taken_room_names_what_is_in_the_way_with_its_times(world: World, htmx: bool) -> None:
    room_id = world.linked_room(time_zone="Europe/Berlin")
    world.imported(room_id, at(8.5, 10, day=1), title="Design review")
    with world.rows() as session:
        session.scalars(select(Meeting)).one().title_source = "organizer"
    answer = send(world, "/reservations/new", {"room_id": room_id, "title": "Colours"}, htmx=htmx)
    assert answer.status_code == 409
    shown = text_of(answer)
    assert "Alder is taken from 09:30 to 11:00" in shown
    assert "“ Design review ”, 09:30 to 11:00, Tomasz Brandt (made in Outlook)." in shown
    assert "Choose another time or room." in shown
    assert 'value="Colours"' in answer.text


def test_a_private_blocker_is_named_private_and_nobody_with_it(world: World) -> None:
    room_id = world.linked_room()
    world.imported(room_id, at(10, 11, day=1), is_private=True)
    shown = text_of(send(world, "/reservations/new", {"room_id": room_id}))
    assert "“ Private ”, 10:00 to 11:00 (made in Outlook)." in shown
    assert "Tomasz" not in shown


def test_reservations_that_only_touch_are_both_booked(world: World) -> None:
    room_id = world.room()
    assert send(world, "/reservations/new", {"room_id": room_id}).status_code == 303
    assert send(world, "/reservations/new", {"room_id": room_id, "start": "11:00", "end": "12:00"}).status_code == 303


@pytest.mark.parametrize("htmx", [False, True])
def test_an_archived_room_is_not_booked_and_says_so(world: World, htmx: bool) -> None:
    room_id = world.room()
    with world.rows() as session:
        rooms.archive_room(session, room_id, NOW)
    answer = send(world, "/reservations/new", {"room_id": room_id}, htmx=htmx)
    assert answer.status_code == 409
    assert "Alder is archived" in text_of(answer)


def test_the_panel_of_a_free_slot_is_filled_in(world: World) -> None:
    room_id = world.room()
    html = world.get(f"/reservations/new?room={room_id}&day=2026-11-24&start=14:00&end=15:00", htmx=True).text
    for part in ('value="2026-11-24"', 'value="14:00"', 'value="15:00"', f'selected value="{room_id}"'):
        assert part in html
    assert 'value="Ines Okafor"' in html


@pytest.mark.parametrize(
    "args", ["room=x&day=2026-13-01&start=25:00&end=9", "day=0001-01-01", "room=99", "start=23:30"]
)
def test_nonsense_in_the_address_of_a_new_reservation_is_read_as_nothing(world: World, args: str) -> None:
    world.room()
    assert world.get(f"/reservations/new?{args}").status_code == 200


@pytest.mark.parametrize("htmx", [False, True])
def test_a_reservation_is_changed_and_its_page_opens(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    answer = send(world, f"/reservations/{own}/edit", {"room_id": room_id, "title": "Moved"}, htmx=htmx)
    if htmx:
        assert answer.headers["HX-Redirect"] == f"/reservations/{own}"
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/reservations/{own}")
    meeting, span = only(world)
    assert (meeting.title, meeting.revision, span) == ("Moved", 2, at(10, 11, day=1))
    assert "Moved is saved." in text_of(world.get(f"/reservations/{own}"))


def test_seconds_and_the_second_equal_hour_survive_an_edit_of_the_title(world: World) -> None:
    room_id = world.room()
    start = datetime(2027, 10, 31, 1, 30, 30, tzinfo=UTC)  # the second 01:30 in London
    own = world.booking(room_id, Timed(start, start + timedelta(hours=1)))
    html = world.get(f"/reservations/{own}/edit").text
    assert 'value="01:30"' in html
    fields = {"room_id": room_id, "day": "2027-10-31", "start": "01:30", "end": "02:30", "title": "Only the title"}
    assert send(world, f"/reservations/{own}/edit", fields).status_code == 303
    assert only(world)[1] == Timed(start, start + timedelta(hours=1))


@pytest.mark.parametrize("htmx", [False, True])
def test_two_tabs_the_second_save_shows_both_versions_and_can_be_kept(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    send(world, f"/reservations/{own}/edit", {"room_id": room_id, "title": "First tab"})
    second = send(world, f"/reservations/{own}/edit", {"room_id": room_id, "title": "Second tab"}, htmx=htmx)
    assert second.status_code == 409
    assert "Not saved: someone else changed this reservation" in text_of(second)
    assert "Title: theirs First tab , yours Second tab" in text_of(second)
    assert 'name="revision" type="hidden" value="2"' in second.text
    assert only(world)[0].title == "First tab"
    kept = send(world, f"/reservations/{own}/edit", {"room_id": room_id, "title": "Second tab", "revision": "2"})
    assert kept.status_code == 303
    assert only(world)[0].title == "Second tab"


def test_a_reservation_moves_to_another_room(world: World) -> None:
    room_id, other = world.room("Alder"), world.room("Birch")
    own = world.booking(room_id)
    answer = send(world, f"/reservations/{own}/edit", {"room_id": other})
    assert answer.status_code == 303
    with world.rows() as session:
        live = select(Reservation.room_id).where(Reservation.cancelled_at.is_(None))
        assert session.scalars(live).all() == [other]


@pytest.mark.parametrize("htmx", [False, True])
def test_a_reservation_is_cancelled_after_a_question(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    assert "Nobody is mailed." in text_of(world.get(f"/reservations/{own}/cancel"))
    answer = world.post(f"/reservations/{own}/cancel", {"revision": "1"}, htmx=htmx)
    where = answer.headers["HX-Redirect" if htmx else "Location"]
    assert where == f"/reservations/{own}"
    shown = text_of(world.get(where))
    assert "Cancelled by Ines Okafor" in shown
    assert "Its event in Outlook is still to be removed." in shown
    assert len(world.jobs()) == 1


def test_a_cancel_from_a_stale_tab_is_refused_and_asks_again(world: World) -> None:
    room_id = world.room()
    own = world.booking(room_id)
    send(world, f"/reservations/{own}/edit", {"room_id": room_id, "title": "Changed meanwhile"})
    world.get(f"/reservations/{own}/cancel")
    answer = world.post(f"/reservations/{own}/cancel", {"revision": "1"})
    assert answer.status_code == 409
    assert "Not done: someone else changed this reservation" in text_of(answer)
    assert "Changed meanwhile" in text_of(answer)
    assert only(world)[0].cancelled_at is None


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        ({}, "Tomasz Brandt organizes this meeting in Outlook"),
        ({"kind": MeetingKind.SERIES, "home": "resource", "organizer_email": ""}, "This is a series from Outlook"),
    ],
)
def test_what_may_not_be_changed_says_why_before_the_click_and_refuses_after(
    world: World, remote: dict[str, Any], reason: str
) -> None:
    room_id = world.linked_room()
    imported = world.imported(room_id, **remote)
    page = world.get(f"/reservations/{imported}")
    assert reason in text_of(page)
    assert f"/reservations/{imported}/edit" not in page.text
    assert f"/reservations/{imported}/cancel" not in page.text
    for what in ("edit", "cancel"):
        assert world.get(f"/reservations/{imported}/{what}").headers["Location"] == f"/reservations/{imported}"
        answer = send(world, f"/reservations/{imported}/{what}", {"room_id": room_id})
        assert answer.status_code == 409
        assert reason in text_of(answer)
    with world.rows() as session:
        assert session.get_one(Reservation, imported).cancelled_at is None


def test_a_reservation_of_an_unlinked_room_that_came_from_outlook_is_read_only(world: World) -> None:
    room_id = world.linked_room()
    imported = world.imported(room_id, home="resource", organizer_email="")
    with world.rows() as session:
        room = session.get_one(Room, room_id)
        rooms.save_room(session, room_id, rooms.RoomDraft(room.name, room.time_zone), room.revision, NOW)
    shown = text_of(world.get(f"/reservations/{imported}"))
    assert "Outlook is not followed for this reservation" in shown
    assert "Not followed Since 23 Nov 2026" in shown


@pytest.mark.parametrize("htmx", [False, True])
def test_a_failed_reservation_says_why_and_is_sent_again(world: World, htmx: bool) -> None:
    room_id = world.linked_room()
    own = world.booking(room_id)
    with world.rows() as session:
        reservation = session.get_one(Reservation, own)
        reservation.sync_state, reservation.sync_code = SyncState.FAILED, "refused"
        reservation.sync_fields = {"status": 400, "code": "ErrorInvalidRequest"}
        session.scalars(select(Outbox)).one().parked = True
    shown = text_of(world.get(f"/reservations/{own}"))
    assert "Failed: Microsoft refuses this event" in shown
    assert "400 ErrorInvalidRequest" in shown
    answer = world.post(f"/reservations/{own}/retry", htmx=htmx)
    assert answer.headers["HX-Redirect" if htmx else "Location"] == f"/reservations/{own}"
    with world.rows() as session:
        assert session.get_one(Reservation, own).sync_state is SyncState.WAITING
        assert session.scalars(select(Outbox)).one().parked is False
    assert world.post(f"/reservations/{own}/retry", htmx=htmx).status_code == 409


def test_markup_in_a_title_or_name_is_shown_and_not_run(world: World) -> None:
    """S18."""
    room_id = world.linked_room("<i>Alder</i>")
    bad = "<script>alert(1)</script>"
    own = world.booking(room_id, title=bad, owner_name="<img src=x>", owner_email="a@b.example", description=bad)
    world.imported(room_id, at(13, 14), organizer_name=bad)
    theirs = world.imported(room_id, at(15, 16), uid="uid-2", title=bad, title_source=TitleSource.ROOM_COPY)
    paths = [
        "/reservations/?day=2026-11-23",
        f"/reservations/{own}",
        f"/reservations/{own}/edit",
        f"/reservations/{theirs}",
        "/reservations/new",
    ]
    for path in [*paths, f"/reservations/{own}/cancel", f"/reservations/?view=week&room={room_id}&day=2026-11-23"]:
        html = world.get(path).text
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path
        assert "<i>Alder" not in html, path
        assert " style=" not in html, path
    taken = send(world, "/reservations/new", {"room_id": room_id, "day": "2026-11-23"}, htmx=True)
    assert "<script>alert" not in taken.text
    assert "<bdi>&lt;script&gt;" in taken.text


def test_a_right_to_left_title_of_1024_letters_is_kept_whole(world: World) -> None:
    room_id = world.room()
    title = "اجتماع" * 170 + "1234"
    assert send(world, "/reservations/new", {"room_id": room_id, "title": title}).status_code == 303
    assert f"<bdi>{title}</bdi>" in world.get("/reservations/?" + urlencode({"day": "2026-11-24"})).text


@pytest.mark.parametrize(
    "path", ["/reservations/99", "/reservations/99/edit", "/reservations/99/cancel", "/reservations/99/state"]
)
def test_a_reservation_that_does_not_exist_is_not_found(world: World, path: str) -> None:
    assert world.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/reservations/99/edit", "/reservations/99/cancel", "/reservations/99/retry"])
def test_nothing_is_done_to_a_reservation_that_does_not_exist(world: World, path: str) -> None:
    assert send(world, path, {"room_id": "1"}).status_code == 404


def test_late_in_the_evening_the_next_full_hour_is_tomorrow_s(world: World) -> None:
    room_id = world.room()
    with time_machine.travel(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), tick=False):
        form = world.get(f"/reservations/new?room={room_id}").text
    assert re.search(r'name="day"[^>]*value="2026-11-24"', form)
    assert re.search(r'name="start"[^>]*value="00:00', form)
