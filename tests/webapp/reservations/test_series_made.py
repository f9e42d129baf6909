"""A series is booked in the panel: said as a sentence first, refused beside its fields, and what is taken of it told
date by date with what can be had instead."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.rooms.world import World, at, text_of
from webapp.domain.words import MeetingKind
from webapp.models import Meeting, Occurrence, Reservation, Room

TUESDAYS = {
    "title": "Works committee",
    "day": "2026-11-24",
    "start": "10:00",
    "end": "11:00",
    "repeat": "weekly",
    "interval": "1",
    "ends": "numbered",
    "times": "4",
}
BOTH = pytest.mark.parametrize("htmx", [False, True])


def book(world: World, fields: dict[str, Any], *, htmx: bool = False) -> Any:
    world.get("/reservations/new")
    return world.post("/reservations/new", TUESDAYS | fields, htmx=htmx)


def dates(world: World, room: str = "Alder") -> list[str]:
    """What the room is taken for from Tuesday on, as day and hour."""
    query = select(Occurrence.starts_at).join(Room, Occurrence.room_id == Room.id).where(Room.name == room)
    with world.rows() as session:
        found = session.scalars(query.order_by(Occurrence.starts_at))
        return [f"{one:%d %b %H}" for one in found if one > at(0, 0, day=1).start]


def meetings(world: World) -> list[tuple[str, MeetingKind]]:
    with world.rows() as session:
        return [(one.title, one.kind) for one in session.scalars(select(Meeting).order_by(Meeting.id))]


def test_the_form_has_a_field_for_everything_that_a_rule_can_say(world: World) -> None:
    html = world.get(f"/reservations/new?room={world.room()}&day=2026-11-24&start=10:00").text
    for name in (
        "repeat",
        "interval",
        "index",
        "day_of_month",
        "month",
        "first_day_of_week",
        "ends",
        "until",
        "times",
    ):
        assert re.search(rf'<(input|select)[^>]*name="{name}"', html), name
    assert html.count('name="days_of_week"') == 7
    assert 'hx-get="/reservations/repeats"' in html
    assert re.search(r'<noscript>.*name="preview".*</noscript>', html)


@BOTH
def test_a_series_is_booked_and_its_page_says_its_sentence(world: World, htmx: bool) -> None:
    answer = book(world, {"room_id": world.linked_room()}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert dates(world) == ["24 Nov 10", "01 Dec 10", "08 Dec 10", "15 Dec 10"]
    with world.rows() as session:
        own = session.scalars(select(Reservation.id)).one()
    shown = text_of(world.get(f"/reservations/{own}"))
    assert "Every week on Tuesday until 15 December 2026, 4 times, 10:00 to 11:00." in shown
    assert len(world.jobs()) == 1


def test_the_sentence_is_a_part_of_its_own_and_says_what_is_missing(world: World) -> None:
    args = "day=2026-11-24&start=10:00&end=11:00&repeat=weekly&interval=2&ends=numbered&times="
    part = world.get(f"/reservations/repeats?{args}47", htmx=True)
    assert text_of(part) == "Every 2 weeks on Tuesday until 29 August 2028, 47 times"
    assert "data-focus" not in part.text
    assert text_of(world.get(f"/reservations/repeats?{args}", htmx=True)) == "How many times? Enter 1 or more."
    assert text_of(world.get("/reservations/repeats?repeat=", htmx=True)) == ""


def test_the_sentence_says_whether_the_room_is_free_on_its_dates(world: World) -> None:
    args = "day=2026-11-24&start=10:00&end=11:00&repeat=weekly&interval=1"
    room_id = taken_room(world)
    part = text_of(world.get(f"/reservations/repeats?{args}&ends=numbered&times=4&room_id={room_id}", htmx=True))
    assert "Alder is taken on 2 of 4 dates. Which they are is told before anything is booked." in part
    free = text_of(world.get(f"/reservations/repeats?{args}&ends=noEnd&room_id={world.room('Birch')}", htmx=True))
    assert "Birch is free on all of them: 51 dates of the coming year." in free
    own = f"besides={world.booking(room_id, at(10, 11, day=22))}"
    part = text_of(
        world.get(f"/reservations/repeats?{args}&ends=numbered&times=4&room_id={room_id}&{own}", htmx=True)
    )
    assert "taken on 2 of 4 dates" in part
    odd = world.get(f"/reservations/repeats?{args}&ends=numbered&times=4&room_id={room_id}&zone=Nowhere", htmx=True)
    assert "Nobody knows this time zone." in text_of(odd)


def test_without_a_script_a_preview_says_the_sentence_and_saves_nothing(world: World) -> None:
    shown = book(world, {"room_id": world.room(), "title": "", "preview": "y", "days_of_week": ["thursday"]})
    assert shown.status_code == 200
    assert "Every week on Thursday until 17 December 2026, 4 times" in text_of(shown)
    assert "It begins on 26 November 2026." in text_of(shown)
    assert "needs a change" not in text_of(shown)
    assert meetings(world) == []


@BOTH
def test_what_graph_would_refuse_is_said_beside_its_field_and_nothing_is_saved(world: World, htmx: bool) -> None:
    wrong = {"room_id": world.room(), "repeat": "absoluteMonthly", "day_of_month": "32", "interval": "0", "times": ""}
    answer = book(world, wrong, htmx=htmx)
    assert answer.status_code == 422
    for name in ("day_of_month", "interval", "times"):
        assert f'id="{name}-e"' in answer.text
    assert "3 fields need a change" in text_of(answer)
    assert '<option selected value="absoluteMonthly">' in answer.text
    assert meetings(world) == []


def test_a_series_that_would_begin_too_far_ahead_is_refused_at_its_day(world: World) -> None:
    answer = book(world, {"room_id": world.linked_room(), "day": "2028-01-04"})
    assert answer.status_code == 422
    assert 'id="day-e"' in answer.text


def taken_room(world: World) -> int:
    """Alder, in which two of the Tuesdays are taken, one by what is private."""
    room_id = world.linked_room(capacity=8)
    world.booking(
        room_id, at(10, 11, day=8), title="Design review", owner_name="Hanne Vik", owner_email="h@x.example"
    )
    world.imported(room_id, at(10.5, 12, day=15), is_private=True, organizer_name="Tomasz Brandt")
    return room_id


@BOTH
def test_the_taken_dates_are_told_with_names_and_times_and_the_private_ones_as_private(
    world: World, htmx: bool
) -> None:
    answer = book(world, {"room_id": taken_room(world)}, htmx=htmx)
    shown = text_of(answer)
    assert answer.status_code == 409
    assert "Alder is taken on 2 of 4 dates" in shown
    assert "Tue 1 Dec, 10:00 to 11:00 : “ Design review ”, Hanne Vik (made in Maptician)" in shown
    assert "Tue 8 Dec, 10:00 to 11:00 : “ Private ” (made in Outlook)" in shown
    assert "Tomasz" not in re.sub(
        r'(?s)<div class="tt.*?</aside>|<section class="tt-col.*?</section>', "", answer.text
    )
    assert "Book the 2 free dates only" in shown
    assert dates(world) == ["01 Dec 10", "08 Dec 10"]


@BOTH
def test_the_free_dates_alone_are_booked(world: World, htmx: bool) -> None:
    fields = {"room_id": taken_room(world)}
    asked = book(world, fields, htmx=htmx)
    left_out = re.search(r'name="left_out" value="([^"]*)"', asked.text)
    assert left_out is not None
    chosen = fields | {"left_out": left_out[1], "free_only": "y"}
    assert book(world, chosen, htmx=htmx).status_code == (200 if htmx else 303)
    assert dates(world) == ["24 Nov 10", "01 Dec 10", "08 Dec 10", "15 Dec 10"]
    with world.rows() as session:
        series = session.scalars(select(Meeting).where(Meeting.kind == MeetingKind.SERIES)).one()
        assert [one.original_start for one in series.exceptions if one.is_cancelled] == ["2026-12-01", "2026-12-08"]


def test_a_date_taken_meanwhile_is_told_and_left_out_with_the_others_at_the_next_click(world: World) -> None:
    fields = {"room_id": taken_room(world)}
    world.booking(fields["room_id"], at(10, 11, day=22), title="Meanwhile")
    asked = book(world, fields | {"left_out": "2026-12-01 2026-12-08 never 2026-12-09", "free_only": "y"})
    assert asked.status_code == 409
    assert "Alder is taken on 1 of 2 dates" in text_of(asked)
    assert (
        "Meanwhile" in text_of(asked)
        and "Design review" not in text_of(asked).split("Book the")[0].split("taken on")[1]
    )
    assert 'value="2026-12-01 2026-12-08 2026-12-15"' in asked.text


@BOTH
def test_the_taken_dates_go_to_another_room_that_is_free_on_all_of_them(world: World, htmx: bool) -> None:
    fields = {"room_id": taken_room(world)}
    birch, cedar = world.linked_room("Birch", capacity=10), world.linked_room("Cedar", capacity=10)
    world.booking(cedar, at(10, 11, day=15))
    world.linked_room("Dogwood", capacity=4)
    asked = book(world, fields, htmx=htmx)
    assert re.findall(r'name="elsewhere" value="(\d+)"', asked.text) == [str(birch)]
    chosen = fields | {"left_out": "2026-12-01 2026-12-08", "elsewhere": birch}
    assert book(world, chosen, htmx=htmx).status_code == (200 if htmx else 303)
    assert dates(world, "Birch") == ["01 Dec 10", "08 Dec 10"]
    assert "Works committee is booked, 2 dates of it in Birch ." in text_of(world.get("/reservations/")) or htmx
    assert [kind for title, kind in meetings(world) if title == "Works committee"].count(MeetingKind.SINGLE) == 3


def test_nothing_is_booked_where_the_other_room_is_not_free_any_more(world: World) -> None:
    fields = {"room_id": taken_room(world)}
    birch = world.linked_room("Birch", capacity=10)
    world.booking(birch, at(10, 11, day=15), title="Meanwhile")
    before = meetings(world)
    answer = book(world, fields | {"left_out": "2026-12-01 2026-12-08", "elsewhere": birch})
    assert answer.status_code == 409
    assert "Birch is taken from Tue 8 Dec, 10:00 to 11:00" in text_of(answer)
    assert meetings(world) == before


def test_a_series_that_is_taken_on_every_date_offers_no_free_ones(world: World) -> None:
    room_id = world.room()
    for week in range(4):
        world.booking(room_id, at(10, 11, day=1 + 7 * week))
    world.room("Birch")
    shown = book(world, {"room_id": room_id})
    assert "None of its dates is free." in text_of(shown)
    assert "Free on all of them: Birch ." in text_of(shown)
    assert "free_only" not in shown.text
