"""A date of a series is changed or cancelled after the question which dates are meant, told before the click."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import select

from tests.webapp.reservations.test_series_pages import imported, rule, weeks
from tests.webapp.rooms.world import NOW, World, at, text_of
from webapp.domain.recurrence import Series
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import WallTimes
from webapp.domain.words import Answer, Home, Origin
from webapp.models import Meeting, Occurrence, Person, Reservation
from webapp.reservations.drafts import SeriesDraft
from webapp.reservations.series import book_series
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_words import sentence

BOTH = pytest.mark.parametrize("htmx", [False, True])
SECOND = "2026-12-01"
TIMES = {"title": "Works committee", "start": "10:00", "end": "11:00"}
WEEKLY = {"repeat": "weekly", "interval": "1", "first_day_of_week": "monday", "ends": "numbered", "times": "4"}


def tuesdays(world: World, room_id: int, hour: int = 10) -> int:
    """Four Tuesdays from tomorrow on."""
    pattern = Pattern(PatternType.WEEKLY, 1, (Weekday.TUESDAY,), Weekday.MONDAY)
    made = Rule(pattern, Range.times(date(2026, 11, 24), 4), "Europe/London", WallTimes(time(hour), time(hour + 1)))
    with world.rows() as session:
        return book_series(session, SeriesDraft(room_id, "Works committee", rule=made), "Ines", NOW).id


def change(
    world: World, own: int, which: str, fields: dict[str, Any], *, day: str = SECOND, htmx: bool = False
) -> Any:
    url = f"/reservations/{own}/edit?which={which}&date={day}"
    shown = world.get(url)
    room_id, revision = (
        re.search(rf'name="{name}"[^>]*value="(\d+)"', shown.text) for name in ("room_id", "revision")
    )
    assert room_id and revision
    sent = TIMES | {"day": day, "room_id": room_id[1], "revision": revision[1]} | fields
    return world.post(url, sent, htmx=htmx)


def end(world: World, own: int, fields: dict[str, Any], *, ending: str = "cancel", htmx: bool = False) -> Any:
    world.get(f"/reservations/{own}/{ending}?date={SECOND}")
    with world.rows() as session:
        revision = session.get_one(Reservation, own).meeting.revision
    return world.post(f"/reservations/{own}/{ending}", {"revision": revision} | fields, htmx=htmx)


def dates(world: World, own: int | None = None) -> list[str]:
    query = select(Occurrence.starts_at).order_by(Occurrence.starts_at)
    with world.rows() as session:
        found = session.scalars(query.where(Occurrence.reservation_id == own) if own else query)
        return [f"{one:%d %b %H}" for one in found]


def rules(world: World) -> list[str]:
    with world.rows() as session:
        lively = session.scalars(select(Meeting).where(Meeting.cancelled_at.is_(None)).order_by(Meeting.id))
        return [str(sentence(one.rule)) for one in map(series_of, lively) if one is not None]


def test_a_date_in_the_timetable_leads_to_its_series_and_says_which_date_it_is(world: World) -> None:
    own = tuesdays(world, world.room())
    timetable = world.get("/reservations/?day=2026-12-01").text
    assert f'href="/reservations/{own}?date={SECOND}"' in timetable
    page = world.get(f"/reservations/{own}?date={SECOND}")
    assert "Tue 1 Dec, 10:00 to 11:00, one date of a series" in text_of(page)
    assert f'href="/reservations/{own}/edit?date={SECOND}"' in page.text
    assert f'href="/reservations/{own}/cancel?date={SECOND}"' in page.text
    whole = world.get(f"/reservations/{own}?date=2026-12-02")
    assert "one date of a series" not in text_of(whole)
    assert f'href="/reservations/{own}/edit?which=all"' in whole.text


@BOTH
def test_before_an_edit_the_three_choices_say_what_each_does(world: World, htmx: bool) -> None:
    own = tuesdays(world, world.room())
    asked = world.get(f"/reservations/{own}/edit?date={SECOND}", htmx=htmx)
    shown = text_of(asked)
    assert "Edit which dates?" in shown
    assert "Only this date The time or title of Tue 1 Dec, 10:00 to 11:00 alone." in shown
    assert "From Tue 1 Dec, 10:00 to 11:00 on it goes on as a series of its own" in shown
    assert "All dates Title, times and days of the whole series." in shown
    assert ("<dialog data-modal" in asked.text) is htmx
    assert asked.text.count('name="which"') == 3


def test_the_first_date_has_no_this_and_following_and_without_a_date_all_are_meant(world: World) -> None:
    own = tuesdays(world, world.room())
    assert 'value="following"' not in world.get(f"/reservations/{own}/edit?date=2026-11-24").text
    assert world.get(f"/reservations/{own}/edit").headers["Location"] == f"/reservations/{own}/edit?which=all"
    assert "Edit the series" in text_of(world.get(f"/reservations/{own}/edit?which=all"))


def test_a_series_with_guests_says_why_it_is_not_cut_in_two(world: World) -> None:
    own = tuesdays(world, world.linked_room())
    with world.rows() as session:
        session.get_one(Reservation, own).meeting.other_attendees = 2
    shown = world.get(f"/reservations/{own}/edit?date={SECOND}")
    assert 'value="following"' not in shown.text
    assert "a new event would be made, which its guests were not invited to" in text_of(shown)


@BOTH
def test_one_date_gets_a_time_and_title_of_its_own_and_is_marked(world: World, htmx: bool) -> None:
    own = tuesdays(world, world.room())
    saved = change(world, own, "one", {"title": "Auditors", "start": "14:00", "end": "15:00"}, htmx=htmx)
    assert saved.headers["HX-Redirect" if htmx else "Location"] == f"/reservations/{own}?date={SECOND}"
    assert dates(world) == ["24 Nov 10", "01 Dec 14", "08 Dec 10", "15 Dec 10"]
    shown = text_of(world.get(f"/reservations/{own}?date={SECOND}"))
    assert "Changed, Auditors , planned Tue 1 Dec, 10:00 to 11:00." in shown
    assert "Auditors" in text_of(world.get("/reservations/?day=2026-12-01"))
    again = world.get(f"/reservations/{own}/edit?which=one&date={SECOND}").text
    assert 'value="Auditors"' in again and 'value="14:00"' in again


@BOTH
@pytest.mark.parametrize("day", ["2026-11-24", "2026-12-08"])
def test_a_date_is_not_moved_onto_its_neighbours_day_which_is_said_beside_the_day(
    world: World, day: str, htmx: bool
) -> None:
    """H25."""
    own = tuesdays(world, world.room())
    refused = change(world, own, "one", {"day": day, "start": "15:00", "end": "16:00"}, htmx=htmx)
    assert refused.status_code == 422
    assert re.search(r'id="day-e">.*?choose a day between its neighbours', refused.text, re.S)
    assert dates(world) == ["24 Nov 10", "01 Dec 10", "08 Dec 10", "15 Dec 10"]


def test_a_date_moved_to_where_the_room_is_taken_is_refused_with_who_has_it(world: World) -> None:
    room_id = world.room()
    own = tuesdays(world, room_id)
    world.booking(room_id, at(14, 15, day=8), title="In the way")
    refused = change(world, own, "one", {"start": "14:00", "end": "15:00"})
    assert refused.status_code == 409
    assert "“ In the way ”, 14:00 to 15:00" in text_of(refused)


@BOTH
def test_this_and_following_go_on_as_a_series_of_their_own(world: World, htmx: bool) -> None:
    own = tuesdays(world, world.room())
    form = world.get(f"/reservations/{own}/edit?which=following&date={SECOND}")
    assert "Edit this and all following dates" in text_of(form)
    assert re.search(r'name="times"[^>]*value="3"', form.text)
    saved = change(world, own, "following", WEEKLY | {"times": "3", "start": "12:00", "end": "13:00"}, htmx=htmx)
    assert saved.status_code == (200 if htmx else 303)
    assert dates(world) == ["24 Nov 10", "01 Dec 12", "08 Dec 12", "15 Dec 12"]
    assert rules(world) == [
        "Every week on Tuesday until 24 November 2026, once",
        "Every week on Tuesday until 15 December 2026, 3 times",
    ]


@BOTH
def test_all_dates_get_another_rule(world: World, htmx: bool) -> None:
    own = tuesdays(world, world.room())
    form = world.get(f"/reservations/{own}/edit?which=all").text
    assert "Does not repeat" not in form
    assert '<option selected value="weekly">' in form
    fields = WEEKLY | {"day": "2026-11-26", "times": "2", "title": "Jour fixe"}
    assert change(world, own, "all", fields, htmx=htmx).status_code == (200 if htmx else 303)
    assert dates(world) == ["26 Nov 10", "03 Dec 10"]
    assert "Jour fixe" in text_of(world.get(f"/reservations/{own}"))


def test_a_series_of_another_zone_is_shown_by_its_own_clock_and_stays_as_it_is_when_saved_unchanged(
    world: World,
) -> None:
    """H29: seconds, which the form does not show, are kept as well."""
    times = WallTimes(time(13, 0, 30), time(14))
    own = imported(world, Series(rule("Europe/Berlin", times)), weeks(0, 1, 2, 3), home=Home.RESOURCE)
    with world.rows() as session:
        meeting = session.get_one(Reservation, own).meeting
        before, title = meeting.rule, meeting.title or "Reserved"
    shown = world.get(f"/reservations/{own}/edit?which=all")
    assert "by the clock of Europe/Berlin" in text_of(shown)
    unchanged = WEEKLY | {"day": "2026-11-23", "start": "13:00", "end": "14:00", "title": title}
    unchanged["first_day_of_week"] = "sunday"
    assert change(world, own, "all", unchanged).status_code == 303
    with world.rows() as session:
        assert session.get_one(Reservation, own).meeting.rule == before


def test_a_preview_of_a_changed_rule_saves_nothing(world: World) -> None:
    own = tuesdays(world, world.room())
    shown = change(world, own, "all", WEEKLY | {"day": "2026-11-24", "interval": "3", "preview": "y"})
    assert "Every 3 weeks on Tuesday until 26 January 2027, 4 times" in text_of(shown)
    assert rules(world) == ["Every week on Tuesday until 15 December 2026, 4 times"]


def test_what_is_taken_of_a_changed_rule_can_be_left_out(world: World) -> None:
    room_id = world.room()
    own = tuesdays(world, room_id)
    world.booking(room_id, at(14, 15, day=8))
    fields = WEEKLY | {"day": "2026-11-24", "start": "14:00", "end": "15:00"}
    asked = change(world, own, "all", fields)
    assert asked.status_code == 409
    assert "Save the 3 free dates only" in text_of(asked)
    assert 'name="elsewhere"' not in asked.text
    assert change(world, own, "all", fields | {"left_out": SECOND, "free_only": "y"}).status_code == 303
    assert dates(world, own) == ["24 Nov 14", "08 Dec 14", "15 Dec 14"]


def test_two_tabs_the_second_save_of_a_series_shows_both_versions(world: World) -> None:
    own = tuesdays(world, world.room())
    change(world, own, "one", {"title": "First tab"})
    stale = change(world, own, "all", WEEKLY | {"day": "2026-11-24", "title": "Second tab", "revision": "1"})
    assert stale.status_code == 409
    assert "Title: theirs Works committee , yours Second tab" in text_of(stale)


@BOTH
@pytest.mark.parametrize(
    ("which", "left"),
    [
        ("one", ["24 Nov 10", "08 Dec 10", "15 Dec 10"]),
        ("following", ["24 Nov 10"]),
        ("all", []),
    ],
)
def test_a_date_it_and_all_after_it_or_all_are_cancelled(
    world: World, which: str, left: list[str], htmx: bool
) -> None:
    own = tuesdays(world, world.room())
    asked = text_of(world.get(f"/reservations/{own}/cancel?date={SECOND}", htmx=htmx))
    assert "Only this date Tue 1 Dec, 10:00 to 11:00 alone is cancelled; all other dates stay." in asked
    assert "The series ends before Tue 1 Dec" in asked and "All dates The whole series is cancelled." in asked
    assert "Nobody is mailed." in asked
    assert end(world, own, {"which": which, "date": SECOND}, htmx=htmx).status_code == (200 if htmx else 303)
    assert dates(world) == left


@pytest.mark.parametrize("fields", [{}, {"which": "one"}, {"which": "following", "date": "2026-11-24"}])
def test_a_series_is_not_cancelled_before_it_is_said_which_dates_are_meant(
    world: World, fields: dict[str, str]
) -> None:
    own = tuesdays(world, world.room())
    asked = end(world, own, fields)
    assert asked.status_code == 409
    assert "Cancel dates?" in text_of(asked)
    assert len(dates(world)) == 4


def test_a_date_that_was_cancelled_meanwhile_is_told(world: World) -> None:
    own = tuesdays(world, world.room())
    end(world, own, {"which": "one", "date": SECOND})
    assert 'value="one"' not in world.get(f"/reservations/{own}/cancel?date={SECOND}").text
    assert "Does not take place here: Tue 1 Dec." in text_of(world.get(f"/reservations/{own}"))


def persons_series(world: World) -> int:
    """A series of Tomasz Brandt, read from Outlook."""
    own = tuesdays(world, world.linked_room())
    with world.rows() as session:
        meeting = session.get_one(Reservation, own).meeting
        meeting.home, meeting.origin = Home.USER, Origin.OUTLOOK
        meeting.organizer = Person(email="tomasz@larkfield.example", name="Tomasz Brandt")
    return own


@BOTH
def test_one_date_of_a_persons_series_is_declined_for_the_room(world: World, htmx: bool) -> None:
    own = persons_series(world)
    asked = text_of(world.get(f"/reservations/{own}/decline?date={SECOND}", htmx=htmx))
    assert "Alder is free on Tue 1 Dec, 10:00 to 11:00; it keeps all other dates." in asked
    assert "This and all following" not in asked
    declined = end(world, own, {"which": "one", "date": SECOND}, ending="decline", htmx=htmx)
    assert declined.status_code == (200 if htmx else 303)
    assert dates(world, own) == ["24 Nov 10", "08 Dec 10", "15 Dec 10"]
    assert "Declined here for the room: Tue 1 Dec." in text_of(world.get(f"/reservations/{own}"))


def test_dates_that_a_room_declined_are_shown_one_by_one(world: World) -> None:
    own = persons_series(world)
    with world.rows() as session:
        for row in session.get_one(Reservation, own).occurrences[1:3]:
            row.answer, row.blocks = Answer.DECLINED, False
    shown = text_of(world.get(f"/reservations/{own}"))
    assert "Alder declined 2 dates of it" in shown
    assert "the meeting itself goes on. Tue 1 Dec, 10:00 to 11:00 Tue 8 Dec, 10:00 to 11:00" in shown
    assert "Tue 1 Dec, 10:00 to 11:00 Declined by the room" in shown
    one = text_of(world.get(f"/reservations/{own}?date={SECOND}"))
    assert "Alder declined this date; the room is free." in one


def test_dates_that_the_organizer_has_and_the_room_does_not_are_declined_too(world: World) -> None:
    """H50."""
    own = persons_series(world)
    with world.rows() as session:
        one = session.get_one(Reservation, own)
        one.occurrences.remove(one.occurrences[2])
        one.declined_dates = ["2026-12-15"]
        one.occurrences.remove(one.occurrences[2])
    shown = text_of(world.get(f"/reservations/{own}"))
    assert "Alder declined 1 date of it" in shown
    assert "The room is free on it; the meeting itself goes on. Tue 8 Dec, 10:00 to 11:00 Its dates" in shown
    assert "Declined here for the room: Tue 15 Dec." in shown


def test_while_the_room_has_not_followed_a_new_time_both_are_shown_and_lead_to_the_date(world: World) -> None:
    own = persons_series(world)
    world.modes(delegation=True)
    with world.rows() as session:
        session.get_one(Reservation, own).meeting.ical_uid = "uid"
    owner = {"owner_email": "", "start": "14:00", "end": "15:00"}
    assert change(world, own, "one", owner).status_code == 303
    shown = text_of(world.get(f"/reservations/{own}?date={SECOND}"))
    assert "Tue 1 Dec, 14:00 to 15:00, one date of a series" in shown
    assert "Tue 1 Dec, 10:00 to 11:00 Old time, until the new one is confirmed" in shown
    assert "Tue 1 Dec, 14:00 to 15:00 New time, not confirmed yet Changed planned Tue 1 Dec, 10:00 to 11:00" in shown
    assert world.get("/reservations/?day=2026-12-01").text.count(f"/reservations/{own}?date={SECOND}") == 2
    assert "Only this date The time or title of Tue 1 Dec, 14:00" in text_of(
        world.get(f"/reservations/{own}/edit?date={SECOND}")
    )


def test_the_dates_are_asked_for_anew_once_the_state_came_to_rest(world: World) -> None:
    own = tuesdays(world, world.room())
    page = world.get(f"/reservations/{own}?date={SECOND}")
    assert f'hx-get="/reservations/{own}/dates?date={SECOND}" hx-trigger="reservation-rests from:body"' in page.text
    part = world.get(f"/reservations/{own}/dates?date={SECOND}", htmx=True)
    assert "Coming dates Tue 24 Nov, 10:00 to 11:00" in text_of(part) and "<!doctype" not in part.text
    assert 'aria-current="true">Tue 1 Dec' in part.text
    assert world.get(f"/reservations/{world.booking(world.room('Birch'))}/dates", htmx=True).text == ""
