"""What the page of a series and the timetable say of its rule, its exceptions and what does not fit."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.webapp.rooms.world import World, at, text_of
from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import Pattern, PatternType, Range, Rule, Weekday
from webapp.domain.wall import DayTimes, WallTimes, WholeDays
from webapp.domain.words import Home, MeetingKind
from webapp.models import Reservation
from webapp.reservations.rows import Dated
from webapp.reservations.series_rows import RemoteSeries, series_of

MONDAY = date(2026, 11, 23)
TODAY = "/reservations/?day=2026-11-23"
LONDON = "Europe/London"


def weeks(*numbers: int) -> list[date]:
    return [MONDAY + timedelta(weeks=number) for number in numbers]


def rule(zone: str = LONDON, times: DayTimes | None = None) -> Rule:
    made = Pattern(PatternType.WEEKLY, 1, (Weekday.MONDAY,))
    return Rule(made, Range.times(MONDAY, 4), zone, times or WallTimes(time(13), time(14)))


def imported(
    world: World, series: Series | None, days: list[date], changed: dict[date, Span] | None = None, **more: Any
) -> int:
    """A series of Mondays from Outlook with these dates; `changed` dates are where they say."""
    spans = {day: at(13, 14, day=(day - MONDAY).days) for day in days} | (changed or {})
    exceptions = {one.original for one in series.exceptions} if series else set()
    dates = tuple(Dated(span, day.isoformat(), is_exception=day in exceptions) for day, span in sorted(spans.items()))
    told = RemoteSeries(datetime(2026, 11, 16, tzinfo=UTC), series, **more.pop("told", {}))
    return world.imported(
        world.linked_room(), dates[0].span, kind=MeetingKind.SERIES, dates=dates, series=told, **more
    )


def test_the_page_says_the_rule_as_a_sentence_and_where_it_is_changed(world: World) -> None:
    made = imported(world, Series(rule()), weeks(0, 1, 2, 3))
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "Alder : Every week on Monday until 14 December 2026, 4 times, 13:00 to 14:00." in shown
    assert "Its dates and its rule are changed in Outlook" in shown
    assert "Coming dates Mon 23 Nov, 13:00 to 14:00 Mon 30 Nov, 13:00 to 14:00" in shown
    assert "Changed" not in shown and "Does not take place" not in shown
    state = text_of(world.get(f"/reservations/{made}/state"))
    assert "Alder : Every week on Monday until 14 December 2026" in state


def test_a_series_of_the_room_is_said_to_be_changed_here(world: World) -> None:
    made = imported(world, Series(rule()), weeks(0), home=Home.RESOURCE)
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "You can change its dates, rule and title, and cancel" in shown
    assert "Room No A series stays in its room." in shown
    assert "Its dates and its rule are changed in Outlook" not in shown


def test_a_series_whose_rule_is_not_known_is_said_to_be_changed_in_outlook_once(world: World) -> None:
    made = imported(world, None, weeks(0), home=Home.RESOURCE, told={"code": "rule_unreadable"})
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "Change the series in Outlook; it follows here by itself." in shown
    assert "Its dates and its rule are changed in Outlook" not in shown


def test_another_zone_of_the_series_is_named(world: World) -> None:
    shown = text_of(world.get(f"/reservations/{imported(world, Series(rule('Europe/Berlin')), weeks(0))}"))
    assert "13:00 to 14:00 by the clock of Europe/Berlin" in shown


def test_exceptions_are_marked_in_the_list_with_where_they_were_planned(world: World) -> None:
    second, third = weeks(1, 2)
    moved = at(15, 16, day=8)
    series = Series(rule(), (ChangedDate(second, moved), ChangedDate(third, title="Auditors")), frozenset(weeks(3)))
    made = imported(world, series, weeks(0, 1, 2), {second: moved}, home=Home.RESOURCE, title="Weekly")
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "Tue 1 Dec, 15:00 to 16:00 Changed planned Mon 30 Nov, 13:00 to 14:00" in shown
    assert "Mon 7 Dec, 13:00 to 14:00 Changed" in shown
    assert "Does not take place here: Mon 14 Dec." in shown


def test_exceptions_are_marked_in_the_timetable_and_the_key_says_the_mark(world: World) -> None:
    moved = at(15, 16)
    imported(world, Series(rule(), (ChangedDate(MONDAY, moved),)), weeks(0, 1), {MONDAY: moved})
    first, second = world.get(TODAY), world.get("/reservations/?day=2026-11-30")
    mark = '<span class="vh">Changed date</span>'
    assert (first.text.count(mark), second.text.count(mark)) == (1, 0)
    for page in (first, second):
        assert "Changed date of a series" in text_of(page)


def test_the_timetable_calls_a_date_as_its_organizer_does(world: World) -> None:
    series = Series(rule(), (ChangedDate(MONDAY, title="Auditors"),))
    made = imported(world, series, weeks(0, 1), home=Home.RESOURCE)
    with world.rows() as session:
        meeting = session.get_one(Reservation, made).meeting
        meeting.title, meeting.title_source = "Weekly", meeting.title_source.ORGANIZER
    assert "Auditors" in text_of(world.get(TODAY)) and "Weekly" not in text_of(world.get(TODAY))
    assert "Weekly" in text_of(world.get("/reservations/?day=2026-11-30"))
    assert "Changed Auditors" in text_of(world.get(f"/reservations/{made}"))
    with world.rows() as session:
        session.get_one(Reservation, made).meeting.is_private = True
    for path in (TODAY, f"/reservations/{made}"):
        assert "Auditors" not in text_of(world.get(path))


@pytest.mark.parametrize(
    ("code", "fields", "said"),
    [
        ("rule_zone_unknown", {"detail": "tzone://Microsoft/Custom"}, "nobody knows the time zone tzone://Microsoft"),
        ("rule_unreadable", {"detail": "recurrence <b>type"}, "it could not be read"),
    ],
)
def test_a_rule_that_is_set_aside_is_told_with_its_reason_and_its_dates_are_listed_h30(
    world: World, code: str, fields: dict[str, Any], said: str
) -> None:
    made = imported(world, None, weeks(0, 1), told={"code": code, "fields": fields})
    page = world.get(f"/reservations/{made}")
    assert said in text_of(page)
    assert "<b>type" not in page.text
    assert "Mon 23 Nov, 13:00 to 14:00" in text_of(page)
    assert "Every week" not in text_of(page)


def test_dates_that_do_not_fit_their_rule_are_named(world: World) -> None:
    fields = {"count": 7, "dates": ["2026-11-23", "2026-11-30"]}
    made = imported(world, Series(rule()), weeks(0), told={"code": "rule_differs", "fields": fields})
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "at other times or on other days: 7, among them Mon 23 Nov, Mon 30 Nov" in shown


def test_an_all_day_series_says_days(world: World) -> None:
    made = imported(
        world,
        Series(rule(times=WholeDays(2))),
        [],
        {day: AllDay(day, day + timedelta(days=2)) for day in weeks(0, 1)},
    )
    shown = text_of(world.get(f"/reservations/{made}"))
    assert "4 times, 2 whole days." in shown
    assert "Mon 23 Nov to Tue 24 Nov, all day Mon 30 Nov to Tue 1 Dec, all day" in shown


def test_a_series_with_exceptions_costs_no_more_than_twelve_queries(world: World, count_queries: Any) -> None:
    changed = tuple(ChangedDate(day, title="x") for day in weeks(0, 1, 2))
    made = imported(world, Series(rule(), changed), weeks(0, 1, 2), home=Home.RESOURCE)
    for path, budget in ((f"/reservations/{made}", 12), (f"/reservations/{made}/state", 3), (TODAY, 12)):
        with count_queries() as seen:
            assert world.get(path, htmx=budget == 3).status_code == 200
        assert len(seen) <= budget, (path, seen)


def test_what_was_written_of_a_series_is_read_back(world: World) -> None:
    span = Timed(datetime(2026, 12, 1, 15, tzinfo=UTC), datetime(2026, 12, 1, 16, tzinfo=UTC))
    series = Series(rule(), (ChangedDate(weeks(1)[0], span, "Auditors"),), frozenset(weeks(2)))
    made = imported(world, series, weeks(0, 3), {weeks(1)[0]: span})
    with world.rows() as session:
        assert series_of(session.get_one(Reservation, made).meeting) == series
