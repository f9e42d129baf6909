"""Recurrences as Graph writes them, read and written back."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any

import pytest

from tests.domain.series.calendars import CALENDARS, Calendar
from tests.domain.series.rules import TUESDAY, rule, timed, weekly
from tests.domain.series.stories import story
from tests.tenant import recurrence as tenant
from tests.tenant import references
from webapp.domain.intervals import AllDay
from webapp.domain.rule import Pattern, PatternType, Range
from webapp.domain.wall import WallTimes, WholeDays
from worker.graph.members import Members
from worker.graph.recurrence import cancelled_dates, recurrence_body, rule_of, series_body
from worker.sync.errors import Unreadable

NINE = timed("2026-11-24T08:00", "2026-11-24T09:00")
STORED = {
    "pattern": {
        "type": "weekly", "interval": 2, "month": 0, "dayOfMonth": 0, "daysOfWeek": ["sunday", "tuesday"],
        "firstDayOfWeek": "monday", "index": "first",
    },
    "range": {
        "type": "endDate", "startDate": "2026-11-24", "endDate": "2027-03-18",
        "recurrenceTimeZone": "W. Europe Standard Time", "numberOfOccurrences": 0,
    },
}  # fmt: skip


def read(recurrence: Any, span: Any = NINE, zone: str = "") -> Any:
    return rule_of(Members({"recurrence": recurrence, "originalStartTimeZone": zone}), span)


def stored(pattern: dict[str, Any], span: dict[str, Any]) -> dict[str, Any]:
    return {"pattern": STORED["pattern"] | pattern, "range": STORED["range"] | span}


def test_a_stored_recurrence_is_read_and_written_back_unchanged() -> None:
    made = read(STORED)
    assert made.pattern == weekly("sunday", "tuesday", interval=2, first_day_of_week="monday")
    assert (made.range, made.zone) == (Range.until(TUESDAY, date(2027, 3, 18)), "Europe/Berlin")
    assert made.times == WallTimes(time(9), time(10))
    assert recurrence_body(made) == STORED


@pytest.mark.parametrize("one", CALENDARS, ids=lambda one: one.name)
def test_every_calendar_is_read_and_written_back_as_the_tenant_stores_it(one: Calendar) -> None:
    as_stored = tenant.normalise(one.recurrence, "W. Europe Standard Time")
    assert recurrence_body(read(as_stored)) == as_stored


@pytest.mark.parametrize("seed", range(100))
def test_random_recurrences_are_written_back_as_they_were_stored(seed: int) -> None:
    as_stored = tenant.normalise(story(seed).told.recurrence, "AUS Eastern Standard Time")
    assert recurrence_body(read(as_stored)) == as_stored


def _recurrences(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict):
        own = [found] if isinstance(found.get("recurrence"), dict) else []
        return own + [one for value in found.values() for one in _recurrences(value)]
    return [one for value in found for one in _recurrences(value)] if isinstance(found, list) else []


def _referenced() -> list[tuple[str, dict[str, Any]]]:
    answers = {name: references.recording(name) for name in references.recordings()}
    answers |= {name: references.example(name) for name in references.examples()}
    return [(name, master) for name in sorted(answers) for master in _recurrences(answers[name])]


def _whole(recurrence: dict[str, Any]) -> dict[str, Any]:
    """What Graph leaves out of a request or an answer, filled in as it fills it in elsewhere."""
    lowered = json.loads(json.dumps(recurrence))
    pattern = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"} | lowered["pattern"]
    if "daysOfWeek" in pattern:
        pattern["daysOfWeek"] = [day.lower() for day in pattern["daysOfWeek"]]
    filled = {"endDate": "0001-01-01", "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0} | lowered["range"]
    filled["recurrenceTimeZone"] = filled["recurrenceTimeZone"].replace("tzone://Microsoft/Utc", "UTC")
    return {"pattern": pattern, "range": filled}


@pytest.mark.skipif(not references.recordings(), reason=references.ABSENT)
@pytest.mark.parametrize(("name", "master"), _referenced())
def test_official_examples_and_recorded_series_are_written_back_unchanged(name: str, master: dict[str, Any]) -> None:
    made = read(master["recurrence"], zone=master.get("originalStartTimeZone") or "UTC")
    assert recurrence_body(made) == _whole(master["recurrence"])


@pytest.mark.skipif(not references.recordings(), reason=references.ABSENT)
def test_every_pattern_and_range_of_the_documentation_is_written_back_unchanged() -> None:
    official = references.example("recurrence.patterns-and-ranges")
    for pattern in official["patterns"]:
        for span in official["ranges"]:
            given = {"pattern": pattern, "range": span}
            assert recurrence_body(read(given, zone="UTC")) == _whole(given)


@pytest.mark.parametrize(
    ("pattern", "span", "member"),
    [
        ({"type": "hourly"}, {}, "recurrence type"),
        ({"type": None}, {}, "recurrence type"),
        ({"interval": 0}, {}, "recurrence interval"),
        ({"interval": "2"}, {}, "recurrence interval"),
        ({"interval": True}, {}, "recurrence interval"),
        ({"daysOfWeek": []}, {}, "recurrence daysOfWeek"),
        ({"daysOfWeek": None}, {}, "recurrence daysOfWeek"),
        ({"daysOfWeek": ["someday"]}, {}, "recurrence daysOfWeek"),
        ({"daysOfWeek": [3]}, {}, "recurrence daysOfWeek"),
        ({"daysOfWeek": 3}, {}, "recurrence daysOfWeek"),
        ({"firstDayOfWeek": "someday"}, {}, "recurrence firstDayOfWeek"),
        ({"type": "relativeMonthly", "index": "fifth"}, {}, "recurrence index"),
        ({"type": "absoluteMonthly", "dayOfMonth": 0}, {}, "recurrence dayOfMonth"),
        ({"type": "absoluteYearly", "dayOfMonth": 1, "month": 13}, {}, "recurrence month"),
        ({}, {"type": "sometimes"}, "recurrence type"),
        ({}, {"startDate": "soon"}, "recurrence startDate"),
        ({}, {"startDate": "0001-01-01"}, "recurrence startDate"),
        ({}, {"startDate": None}, "recurrence startDate"),
        ({}, {"endDate": "2020-01-01"}, "recurrence endDate"),
        ({}, {"type": "numbered"}, "recurrence numberOfOccurrences"),
        ({}, {"recurrenceTimeZone": "tzone://Microsoft/Custom"}, "timeZone tzone://Microsoft/Custom"),
        ({}, {"recurrenceTimeZone": "Customized Time Zone"}, "timeZone Customized Time Zone"),
        ({}, {"recurrenceTimeZone": "Mitteleuropäische Zeit"}, "timeZone Mitteleuropäische Zeit"),
        ({}, {"recurrenceTimeZone": ""}, "timeZone "),
        ({}, {"recurrenceTimeZone": 5}, "recurrenceTimeZone"),
    ],
)
def test_what_nobody_can_follow_is_named_and_never_guessed_at_h30_h32(
    pattern: dict[str, Any], span: dict[str, Any], member: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        read(stored(pattern, span))
    assert caught.value.detail == member


@pytest.mark.parametrize("recurrence", [{}, {"pattern": 3}, {"pattern": STORED["pattern"]}, 3])
def test_a_recurrence_that_is_none_is_unreadable_h32(recurrence: Any) -> None:
    with pytest.raises(Unreadable):
        read(recurrence)


def test_names_are_read_in_any_letter_case() -> None:
    loud = stored(
        {"type": "WEEKLY", "daysOfWeek": ["Sunday", "TUESDAY"], "firstDayOfWeek": "Monday"}, {"type": "EndDate"}
    )
    assert recurrence_body(read(loud)) == STORED


def test_unused_members_are_not_looked_at() -> None:
    odd = {"type": "daily", "daysOfWeek": ["someday"], "index": "fifth", "month": 99, "firstDayOfWeek": None}
    assert read(stored(odd, {"numberOfOccurrences": -1})).pattern == Pattern(PatternType.DAILY, 2)


def test_the_zone_of_the_event_counts_where_the_range_names_none_h30() -> None:
    assert read(stored({}, {"recurrenceTimeZone": None}), zone="Eastern Standard Time").zone == "America/New_York"


def test_dates_come_from_the_range_whatever_start_a_master_shows_h03() -> None:
    made = read(stored({"daysOfWeek": ["thursday"]}, {}), timed("2026-11-26T08:00", "2026-11-26T09:30"))
    assert (made.range.start, made.times) == (TUESDAY, WallTimes(time(9), time(10, 30)))


def test_times_are_those_on_the_wall_of_the_range_s_zone_even_over_midnight() -> None:
    late = read(
        stored({}, {"recurrenceTimeZone": "India Standard Time"}), timed("2026-11-24T17:30", "2026-11-24T19:30")
    )
    assert late.times == WallTimes(time(23), time(1), 1)


def test_a_first_date_in_the_night_that_clocks_are_turned_back_is_as_long_as_it_is() -> None:
    night = timed("2026-10-25T00:50", "2026-10-25T01:10")
    made = read(stored({"type": "daily", "interval": 1}, {"startDate": "2026-10-25"}), night)
    assert made.times == WallTimes(time(2, 50), time(3, 10))


def test_whole_days_are_counted_by_their_dates_h31() -> None:
    assert read(STORED, AllDay(TUESDAY, date(2026, 11, 26))).times == WholeDays(2)


def test_a_series_is_written_at_the_clock_of_its_zone_never_in_utc_h29() -> None:
    body = series_body(rule(weekly("tuesday"), Range.times(TUESDAY, 3), times=WallTimes(time(23), time(1), 1)))
    assert body["start"] == {"dateTime": "2026-11-24T23:00:00", "timeZone": "W. Europe Standard Time"}
    assert body["end"] == {"dateTime": "2026-11-25T01:00:00", "timeZone": "W. Europe Standard Time"}
    assert (body["isAllDay"], body["recurrence"]["range"]["recurrenceTimeZone"]) == (False, "W. Europe Standard Time")


def test_a_series_is_written_from_its_first_date_as_graph_wants_it() -> None:
    body = series_body(rule(weekly("thursday"), Range.times(TUESDAY, 3)))
    assert (body["start"]["dateTime"], body["recurrence"]["range"]["startDate"]) == (
        "2026-11-26T09:00:00",
        "2026-11-26",
    )


def test_whole_days_are_written_as_midnights_with_the_end_left_out_h31() -> None:
    body = series_body(rule(weekly("tuesday"), times=WholeDays(2)))
    assert (body["start"]["dateTime"], body["end"]["dateTime"]) == ("2026-11-24T00:00:00", "2026-11-26T00:00:00")
    assert body["isAllDay"] is True


def test_cancelled_dates_end_the_ids_of_a_master_h04() -> None:
    ids = ["OID.AAMk=.2020-04-30", "OID.AAMk.x=.2020-05-07"]
    assert cancelled_dates(Members({"cancelledOccurrences": ids})) == {date(2020, 4, 30), date(2020, 5, 7)}
    assert cancelled_dates(Members({})) == frozenset()


@pytest.mark.parametrize("ids", [["x"], [3], 3, ["OID.AAMk"]])
def test_cancelled_dates_that_name_none_are_unreadable_h32(ids: Any) -> None:
    with pytest.raises(Unreadable):
        cancelled_dates(Members({"cancelledOccurrences": ids}))


def test_a_series_read_from_what_was_written_is_the_same() -> None:
    for seed in range(60):
        series = story(seed).series()
        body = series_body(series.rule)
        first = datetime.fromisoformat(body["start"]["dateTime"]).date()
        span = series.rule.times.span_on(first, series.rule.rules())
        again = rule_of(Members(body), span)
        assert recurrence_body(again) == body["recurrence"]
        assert again.times == series.rule.times
