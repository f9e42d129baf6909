"""Recurrence: every pattern and range, expanded; and time zones, DST and all-day events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.tenant import Tenant, recurrence
from tests.tenant.conftest import ADA, DAY, ROOM, Asker, code_of, event, wall, weekly


def dates(pattern: dict[str, Any], start: str, count: int = 4, **span: Any) -> list[str]:
    rule = {"pattern": pattern, "range": {"type": "noEnd", "startDate": start} | span}
    found = recurrence.dates(recurrence.normalise(rule, "UTC"), date(2030, 1, 1))
    return [day.isoformat() for _, day in zip(range(count), found, strict=False)]


@pytest.mark.parametrize(
    ("pattern", "start", "expected"),
    [
        ({"type": "daily", "interval": 3}, "2026-01-30", ["2026-01-30", "2026-02-02", "2026-02-05", "2026-02-08"]),
        (
            {"type": "weekly", "interval": 2, "daysOfWeek": ["Monday", "Wednesday"]},
            "2026-11-25",
            ["2026-11-25", "2026-12-07", "2026-12-09", "2026-12-21"],
        ),
        (
            {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
            "2026-01-31",
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"],
        ),
        (
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["thursday", "friday"], "index": "first"},
            "2026-10-01",
            ["2026-10-01", "2026-11-05", "2026-12-03", "2027-01-01"],
        ),
        (
            {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["wednesday"], "index": "last"},
            "2026-11-01",
            ["2026-11-25", "2027-01-27", "2027-03-31", "2027-05-26"],
        ),
        (
            {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 29, "month": 2},
            "2024-02-29",
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"],
        ),
        (
            {"type": "relativeYearly", "interval": 1, "daysOfWeek": ["wednesday"], "index": "last", "month": 11},
            "2026-11-25",
            ["2026-11-25", "2027-11-24", "2028-11-29", "2029-11-28"],
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_each_pattern_gives_its_dates(pattern: dict[str, Any], start: str, expected: list[str]) -> None:
    assert dates(pattern, start) == expected


def test_weeks_are_counted_from_the_first_day_of_the_week() -> None:
    pattern = {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "tuesday"]}
    assert dates(pattern | {"firstDayOfWeek": "sunday"}, "2026-11-24", 3) == [
        "2026-11-24",
        "2026-12-06",
        "2026-12-08",
    ]
    assert dates(pattern | {"firstDayOfWeek": "monday"}, "2026-11-24", 3) == [
        "2026-11-24",
        "2026-11-29",
        "2026-12-08",
    ]


def test_ranges_end_by_date_inclusive_by_number_or_never() -> None:
    daily = {"type": "daily", "interval": 2}
    assert dates(daily, "2026-11-24", 9, type="endDate", endDate="2026-11-28") == [
        "2026-11-24",
        "2026-11-26",
        "2026-11-28",
    ]
    assert dates(daily, "2026-11-24", 9, type="endDate", endDate="2026-11-27") == ["2026-11-24", "2026-11-26"]
    assert len(dates(daily, "2026-11-24", 9, type="numbered", numberOfOccurrences=3)) == 3
    assert len(dates(daily, "2026-11-24", 400)) == 400


def test_short_months_can_be_skipped_instead() -> None:
    rule = {
        "pattern": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
        "range": {"type": "numbered", "startDate": "2026-01-31", "numberOfOccurrences": 3},
    }
    found = list(recurrence.dates(recurrence.normalise(rule, "UTC"), date(2030, 1, 1), clamps=False))
    assert [day.month for day in found] == [1, 3, 5]


def test_unused_fields_of_a_rule_come_back_filled(asker: Asker) -> None:
    made = asker.create(recurrence=weekly(3))
    assert made["recurrence"]["pattern"] == {
        "type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": ["tuesday"],
        "firstDayOfWeek": "sunday", "index": "first",
    }  # fmt: skip
    assert made["recurrence"]["range"]["endDate"] == "0001-01-01"
    assert made["recurrence"]["range"]["recurrenceTimeZone"] == "UTC"


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": {"type": "hourly", "interval": 1}},
        {"pattern": {"type": "weekly", "interval": 1}},
        {"pattern": {"type": "daily", "interval": 0}},
        {"range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 0}},
        {"range": {"type": "noEnd", "startDate": "2026-11-30"}},
    ],
    ids=["no such type", "no days", "no interval", "no occurrence", "start on another day"],
)
def test_a_rule_that_is_not_one_is_refused(asker: Asker, change: dict[str, Any]) -> None:
    answer = asker.ask("POST", f"/users/{ROOM}/events", event(recurrence=weekly() | change))
    assert (answer.status_code, code_of(answer)) == (400, "ErrorPropertyValidationFailure")


def starts(asker: Asker, box: str, window: str) -> list[str]:
    return sorted(row["start"]["dateTime"][:16] for row in asker.view(box, window))


def test_a_series_in_a_zone_keeps_its_wall_time_and_one_in_utc_does_not_h29(asker: Asker, tenant: Tenant) -> None:
    window = "startDateTime=2027-03-20T00:00:00Z&endDateTime=2027-04-05T00:00:00Z"
    rule = weekly(3, date(2027, 3, 23))
    tenant.as_person(ADA).book(
        "x", wall(9, day=23, month=3, year=2027), wall(10, day=23, month=3, year=2027), recurrence=rule
    )
    assert starts(asker, ADA, window) == ["2027-03-23T08:00", "2027-03-30T07:00"]
    body = event(recurrence=rule)
    body["start"]["dateTime"], body["end"]["dateTime"] = "2027-03-23T08:00:00", "2027-03-23T09:00:00"
    asker.ask("POST", f"/users/{ROOM}/events", body)
    assert starts(asker, ROOM, window) == ["2027-03-23T08:00", "2027-03-30T08:00"]


def test_a_wall_time_that_does_not_exist_moves_forward(asker: Asker, tenant: Tenant) -> None:
    rule = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2027-03-27", "numberOfOccurrences": 3},
    }
    at = {"day": 27, "month": 3, "year": 2027}
    tenant.as_person(ADA).book("x", wall(2, 30, **at), wall(3, **at), recurrence=rule)
    window = "startDateTime=2027-03-26T00:00:00Z&endDateTime=2027-03-31T00:00:00Z"
    assert starts(asker, ADA, window) == ["2027-03-27T01:30", "2027-03-28T01:30", "2027-03-29T00:30"]


def test_an_event_shows_the_zone_of_its_creation_and_answers_in_the_one_asked_for(
    asker: Asker, tenant: Tenant
) -> None:
    tenant.as_person(ADA).book("x", wall(9), wall(10), zone="W. Europe Standard Time")
    tenant.as_person(ADA).book("y", wall(11), wall(12), shown_zone="tzone://Microsoft/Custom")
    shown = {row["subject"]: (row["originalStartTimeZone"], row["start"]["dateTime"][:16]) for row in asker.view(ADA)}
    assert shown == {
        "x": ("W. Europe Standard Time", "2026-11-24T08:00"),
        "y": ("tzone://Microsoft/Custom", "2026-11-24T10:00"),
    }


@pytest.mark.parametrize("zone", ["UTC", "Pacific Standard Time", "Tonga Standard Time"])
def test_all_day_prints_its_dates_at_midnight_under_any_zone_unconverted_h31(
    asker: Asker, tenant: Tenant, zone: str
) -> None:
    tenant.as_person(ADA).book("off", DAY, DAY + timedelta(days=2), all_day=True)
    asker.prefer = f'outlook.timezone="{zone}"'
    row = asker.view(ADA)[0]
    assert row["start"] == {"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": zone}
    assert row["end"] == {"dateTime": "2026-11-26T00:00:00.0000000", "timeZone": zone}


def test_an_all_day_event_matches_windows_by_its_real_instants(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("off", DAY, DAY + timedelta(days=1), all_day=True)
    before = "startDateTime=2026-11-23T23:00:00Z&endDateTime=2026-11-23T23:30:00Z"
    assert len(asker.view(ADA, before)) == 1


def test_original_start_of_an_all_day_series_is_the_real_instant(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("off", DAY, DAY + timedelta(days=1), all_day=True, recurrence=weekly(2))
    window = "startDateTime=2026-11-20T00:00:00Z&endDateTime=2026-12-20T00:00:00Z"
    rows = asker.get(f"/users/{ADA}/calendarView?{window}&$select=start,originalStart").json()["value"]
    assert [row["originalStart"] for row in rows] == ["2026-11-23T23:00:00Z", "2026-11-30T23:00:00Z"]


def test_a_series_whose_start_does_not_fit_begins_at_its_first_date(asker: Asker) -> None:
    made = asker.create(recurrence=weekly(2, days=("thursday",)))
    assert made["start"]["dateTime"][:10] == "2026-11-26"
    assert [row["start"]["dateTime"][:10] for row in asker.view()] == ["2026-11-26", "2026-12-03"]


def _moved_to(asker: Asker, start: str, end: str) -> int:
    body = {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
    return asker.ask("PATCH", f"/users/{ROOM}/events/{asker.view()[1]['id']}", body).status_code


def test_a_date_may_last_into_its_neighbours_day_but_not_into_its_neighbour_h25(asker: Asker) -> None:
    asker.create(recurrence=weekly(3))
    first = asker.view()[0]["start"]["dateTime"][11:19]
    assert _moved_to(asker, "2026-12-07T20:00:00", f"2026-12-08T{first}") == 200
    assert _moved_to(asker, "2026-12-07T20:00:00", f"2026-12-08T{first[:2]}:30:00") == 400


def test_a_date_that_skipped_hours_would_leave_nothing_of_keeps_its_length(asker: Asker, tenant: Tenant) -> None:
    rule = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2027-03-27", "numberOfOccurrences": 2},
    }
    at = {"day": 27, "month": 3, "year": 2027}
    tenant.as_person(ADA).book("x", wall(2, 30, **at), wall(3, 30, **at), recurrence=rule)
    rows = asker.view(ADA, "startDateTime=2027-03-26T00:00:00Z&endDateTime=2027-03-31T00:00:00Z")
    ends = sorted(row["end"]["dateTime"][:16] for row in rows)
    assert ends == ["2027-03-27T02:30", "2027-03-28T02:30"]
