"""Thousands of random series, expanded by the product, by the tenant and by an oracle that walks day by day.

`SERIES_EXAMPLES=20000 script/test tests/domain/series -k random` compares so many.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.domain.series import oracle
from tests.domain.series.calendars import CALENDARS, NIGHTS, Calendar, Night
from tests.domain.series.stories import Story, story
from tests.tenant import recurrence as tenant_recurrence
from webapp.domain import rule_dates
from webapp.domain.recurrence import Series, expand
from webapp.domain.rule import Pattern, PatternType, Range, Rule
from webapp.domain.wall import WallTimes
from worker.graph.members import Members
from worker.graph.recurrence import pattern_of, range_of

EXAMPLES = int(os.environ.get("SERIES_EXAMPLES", "300"))
SHARES = 4
FAR = date(2200, 1, 1)
MORNING = WallTimes(time(9), time(10))

Seen = list[tuple[date, datetime, datetime]]


def ours(told: Story) -> Seen:
    found = expand(told.series(), told.begin, told.end)
    return sorted(((one.original, *one.span.instants(told.told.zone)) for one in found), key=_order)


def tenants(told: Story) -> Seen:
    found = told.item().occurrences(told.begin, told.end)
    return sorted(((one.original, one.start, one.end) for one in found if one.original), key=_order)


def _order(one: tuple[date, datetime, datetime]) -> tuple[datetime, datetime, date]:
    return one[1], one[2], one[0]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("share", range(SHARES))
def test_random_series_have_the_same_instants_here_in_the_tenant_and_by_the_oracle_h26_h29_h30(share: int) -> None:
    for seed in range(share, EXAMPLES, SHARES):
        told = story(seed)
        expected = oracle.takes_place(told.told, told.begin, told.end)
        assert ours(told) == expected, f"the product, seed {seed}: {told}"
        assert tenants(told) == expected, f"the tenant, seed {seed}: {told}"


def rule_of_calendar(one: Calendar) -> Rule:
    return Rule(pattern_of(Members(one.pattern)), range_of(Members(one.span)), "UTC", MORNING)


def _first(dates: Any, one: Calendar) -> list[str]:
    return [day.isoformat() for day in islice(dates, len(one.expected) + one.is_whole)]


@pytest.mark.parametrize("one", CALENDARS, ids=lambda one: one.name)
def test_a_calendar_checked_by_hand_has_its_dates_here_in_the_tenant_and_by_the_oracle(one: Calendar) -> None:
    rule = rule_of_calendar(one)
    assert _first(rule_dates.dates_between(rule, date.min, FAR), one) == one.expected
    assert _first(oracle.dates(one.recurrence, FAR), one) == one.expected
    assert (
        _first(tenant_recurrence.dates(tenant_recurrence.normalise(one.recurrence, "UTC"), FAR), one) == one.expected
    )
    if one.is_whole:
        assert rule_dates.count(rule) == len(one.expected)
        assert rule_dates.last_date(rule) == (date.fromisoformat(one.expected[-1]) if one.expected else None)


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: night.name)
def test_a_night_on_which_clocks_change_keeps_the_time_on_the_wall_h29(night: Night) -> None:
    start, end = (time.fromisoformat(text) for text in night.wall)
    first = date.fromisoformat(night.day)
    rule = Rule(Pattern(PatternType.DAILY), Range.times(first, 3), night.zone, WallTimes(start, end))
    around = datetime.combine(first, time(), UTC)
    found = expand(Series(rule), around - timedelta(days=3), around + timedelta(days=6))
    told = oracle.Told(
        {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": night.day}},
        ZoneInfo(night.zone),
        datetime.combine(first, start),
        datetime.combine(first, end) - datetime.combine(first, start),
    )
    by_oracle = [(one.original, *oracle.span_on(told, one.original)) for one in found]

    assert " ".join(_written(one.original, *one.span.instants(ZoneInfo("UTC"))) for one in found) == night.instants
    assert " ".join(_written(*one) for one in by_oracle) == night.instants


def _written(original: date, start: datetime, end: datetime) -> str:
    return f"{original:%m-%d}T{start:%H:%M}/{end:%H:%M}"
