"""What the product foresees of an edit, and what the simulated tenant then does."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests.domain.series.rules import TUESDAY, monthly, rule, utc, weekly
from tests.tenant import Tenant
from tests.tenant.errors import GraphError
from tests.tenant.people import Booked, Person
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import ChangedDate, Series, expand
from webapp.domain.rule import Pattern, PatternType, Range, Rule
from webapp.domain.series_checks import fault_of_move
from webapp.domain.series_edit import OnMasterEdit, after_edit
from webapp.domain.wall import WallTimes
from worker.graph.recurrence import recurrence_body

ADA = "ada@contoso.example"
WINDOW = utc("2026-11-01T00:00"), utc("2027-10-01T00:00")
WEEKS = [TUESDAY + timedelta(weeks=week) for week in range(8)]


@pytest.fixture
def tenant() -> Tenant:
    made = Tenant(seed=7)
    made.add_person(ADA, "Ada Lindholm", "Europe/Berlin")
    return made


@pytest.fixture
def ada(tenant: Tenant) -> Person:
    return tenant.as_person(ADA)


def booked(ada: Person, made: Rule) -> Booked:
    start, end = wall(made, made.range.start)
    return ada.book("x", start, end, recurrence=recurrence_body(made))


def wall(made: Rule, day: date) -> tuple[datetime, datetime]:
    span = made.times.span_on(day, made.rules())
    start, end = (moment.astimezone(made.rules()).replace(tzinfo=None) for moment in span.instants(made.rules()))
    return start, end


def there(tenant: Tenant, event: Booked) -> list[tuple[date, datetime, datetime, bool]]:
    item = tenant.mailbox(ADA).copy_of(event.ical_uid)
    assert item is not None
    found = [(one.original, one.start, one.end, one.is_exception) for one in item.occurrences(*WINDOW)]
    return sorted(found)  # type: ignore[type-var]


def here(series: Series) -> list[tuple[date, datetime, datetime, bool]]:
    found = expand(series, *WINDOW)
    return sorted((one.original, *one.span.instants(series.rule.rules()), one.is_exception) for one in found)


EDITS: dict[str, Any] = {
    "cut": {"range": Range.times(TUESDAY, 3)},
    "prolonged": {"range": Range.times(TUESDAY, 20)},
    "without end": {"range": Range.endless(TUESDAY)},
    "later": {"times": WallTimes(time(11), time(12))},
    "every second week": {"pattern": weekly("tuesday", interval=2)},
    "other days": {"pattern": weekly("wednesday", "friday"), "range": Range.times(date(2026, 11, 25), 8)},
}


@pytest.mark.parametrize("wipes", [True, False])
@pytest.mark.parametrize("edit", EDITS)
def test_what_remains_of_a_series_after_an_edit_is_foreseen_h24(
    tenant: Tenant, ada: Person, edit: str, wipes: bool
) -> None:
    tenant.switches.master_change_wipes_exceptions = wipes
    before = rule(weekly("tuesday"), Range.times(TUESDAY, 8))
    event = booked(ada, before)
    moved = wall(before, WEEKS[4])[0] + timedelta(hours=3)
    ada.change_occurrence(event, WEEKS[1], subject="special")
    ada.change_occurrence(event, WEEKS[4], subject="moved", start=moved, end=moved + timedelta(hours=1))
    ada.cancel_occurrence(event, WEEKS[2])
    at = Timed(*(moment.replace(tzinfo=before.rules()) for moment in (moved, moved + timedelta(hours=1))))
    series = Series(
        before,
        (ChangedDate(WEEKS[1], title="special"), ChangedDate(WEEKS[4], at, "moved")),
        frozenset({WEEKS[2]}),
    )
    assert here(series) == there(tenant, event)

    after = replace(before, **EDITS[edit])
    start, end = wall(after, after.range.start)
    ada.change(event, recurrence=recurrence_body(after), start=start, end=end)

    foreseen = after_edit(series, after, OnMasterEdit.WIPES if wipes else OnMasterEdit.KEEPS)
    assert here(foreseen.series) == there(tenant, event)


DAY = 24 * 60
PATTERNS = [
    (Pattern(PatternType.DAILY), 2 * DAY),
    (Pattern(PatternType.DAILY, 3), 5 * DAY),
    (weekly("tuesday", "friday"), 6 * DAY),
    (monthly(24), 50 * DAY),
]
"""And by how many minutes dates are moved at most."""


@pytest.mark.parametrize(("pattern", "reach"), PATTERNS)
def test_a_move_is_refused_here_where_graph_would_refuse_it_and_nowhere_else_h25(
    tenant: Tenant, ada: Person, pattern: Pattern, reach: int
) -> None:
    rng = random.Random(pattern.interval)
    series = Series(rule(pattern, Range.times(TUESDAY, 12)))
    event = booked(ada, series.rule)
    outcomes = set()
    for _ in range(150):
        original = rng.choice([one.original for one in expand(series, *WINDOW)])
        if rng.random() < 0.03:
            ada.cancel_occurrence(event, original)
            series = replace(series, cancelled=series.cancelled | {original})
            continue
        start = wall(series.rule, original)[0] + timedelta(minutes=rng.randrange(-reach, reach, 15))
        end = start + timedelta(minutes=rng.choice((15, 60, 600, 1500)))
        span = Timed(*(moment.replace(tzinfo=series.rule.rules()) for moment in (start, end)))
        fault = fault_of_move(series, original, span)
        outcomes.add(fault.code if fault else "")
        if fault is None:
            ada.change_occurrence(event, original, start=start, end=end)
            kept = tuple(one for one in series.exceptions if one.original != original)
            series = replace(series, exceptions=(*kept, ChangedDate(original, span)))
        else:
            with pytest.raises(GraphError) as caught:
                ada.change_occurrence(event, original, start=start, end=end)
            assert caught.value.code == "ErrorOccurrenceCrossingBoundary"
        assert here(series) == there(tenant, event)
    assert outcomes == {"", "crosses_previous_date", "crosses_next_date"}
