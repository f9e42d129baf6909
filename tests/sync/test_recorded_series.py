"""Delta rounds of a series, recorded from a live mailbox and replayed in order: what stays are the dates they tell.

The recordings are not part of the project. Where their folder lies beside the checkout they are replayed; in a plain
clone rounds of the same rows, re-expressed from them, stand in.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from tests.sync.checks import reservations, steps
from tests.sync.series_world import only_series
from tests.sync.world import INSTALL, World
from tests.worker.graph import samples
from tests.worker.graph.test_recorded import recordings
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import ChangedDate
from webapp.domain.rule import PatternType, Range
from worker.graph import mapping
from worker.room_run.run import RoomSync
from worker.sync.errors import Gone
from worker.sync.event import Event, Page, Row
from worker.sync.ports import Calendar

MONDAY = date(2020, 5, 4)
BEFORE, AFTER = MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)
Told = list[tuple[date, float, str]]
"""Of each date: its day, how long it is in hours, and its subject where it is an exception. Not all rounds were kept:
between two of these the date in the middle was restored twice, and the first date deleted."""

ROUNDS: dict[str, Told] = {
    "a0-initial": [(BEFORE, 1.5, ""), (MONDAY, 1.5, ""), (AFTER, 1.5, "")],
    "a1-one-deleted": [(BEFORE, 1.5, ""), (AFTER, 1.5, "")],
    "a2-one-renamed": [(BEFORE, 1.5, ""), (MONDAY, 1.5, "My recurrent event 2"), (AFTER, 1.5, "")],
    "a4-one-longer": [(BEFORE, 1.5, ""), (MONDAY, 2.5, "My recurrent event"), (AFTER, 1.5, "")],
    "a6-last-deleted": [(MONDAY, 1.5, "")],
}
ZONE = {"originalStartTimeZone": "Romance Standard Time", "isOrganizer": True, "attendees": []}


def begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)


def times(day: date, hours: float) -> dict[str, Any]:
    start = begins(day)
    end = start + timedelta(hours=hours)
    return {"start": samples.moment(f"{start:%Y-%m-%dT%H:%M:%S}"), "end": samples.moment(f"{end:%Y-%m-%dT%H:%M:%S}")}


def stand_in(number: int, told: Told) -> list[dict[str, Any]]:
    """The rows of one round, as delta delivers them."""
    recurrence = {
        "pattern": {"type": "daily", "interval": 1, "month": 0, "dayOfMonth": 0, "index": "first"},
        "range": {
            "type": "endDate",
            "startDate": BEFORE.isoformat(),
            "endDate": AFTER.isoformat(),
            "recurrenceTimeZone": "Romance Standard Time",
            "numberOfOccurrences": 0,
        },
    }
    stamp = {"lastModifiedDateTime": f"2020-05-06T0{number + 1}:00:00Z", "changeKey": f"key-{number}"}
    more = {**ZONE, **stamp, "subject": "My recurrent event"}
    rows = [samples.master(recurrence=recurrence, **more, **times(BEFORE, 1.5))]
    for day, hours, subject in told:
        sparse = samples.sparse(day.day, day.isoformat()) | times(day, hours)
        if subject:
            original = {"originalStart": f"{begins(day):%Y-%m-%dT%H:%M:%SZ}", "iCalUId": samples.uid()}
            own = {"id": sparse["id"], "seriesMasterId": sparse["seriesMasterId"], **original}
            sparse = samples.delta_exception(**more | own | {"subject": subject} | times(day, hours))
        rows.append(sparse)
    return rows


def rounds() -> list[tuple[str, list[dict[str, Any]]]]:
    """The recorded rounds in order, else what stands in for them."""
    found = recordings("recorded")
    return [
        (name, found[f"delta-series.{name}"]["response"]["body"]["value"])
        if f"delta-series.{name}" in found
        else (name, stand_in(number, told))
        for number, (name, told) in enumerate(ROUNDS.items())
    ]


class Replayed:
    """A mailbox that answers with one recorded round after the other. What is read by id is what the last round told:
    a sparse date has all else from its master."""

    def __init__(self, bodies: list[list[dict[str, Any]]]) -> None:
        self.left = bodies
        self.rows: list[dict[str, Any]] = []

    def calendar_key(self) -> str:
        return "the calendar"

    def first_page(self, start: datetime, end: datetime) -> Page:
        return self.follow("")

    def follow(self, link: str) -> Page:
        self.rows = self.left.pop(0)
        mapped, _, _ = mapping.page({"value": self.rows, "@odata.deltaLink": "https://graph/next"})
        return Page(cast(tuple[Row, ...], mapped), delta_link="https://graph/next")

    def listing(self, start: datetime, end: datetime) -> tuple[Row, ...]:
        return cast(tuple[Row, ...], tuple(mapping.row(self._whole(row)) for row in self.rows[1:]))

    def read(self, event_id: str) -> Event:
        if event_id != self.rows[0]["id"]:
            raise Gone
        return mapping.event(self.rows[0])

    def series_dates(self, master_id: str, start: datetime, end: datetime) -> tuple[Event, ...]:
        return tuple(mapping.event(self._whole(row)) for row in self.rows[1:])

    def _whole(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**self.rows[0], "recurrence": None, **row}


class Replay:
    """The room's worker on these rounds, in the week in which they were recorded."""

    def __init__(self, world: World) -> None:
        self.world, self.at = world, datetime(2020, 5, 6, 12, tzinfo=UTC)
        world.add_room("alder", zone="Europe/Paris")
        bodies = [rows for _, rows in rounds()]
        self.mailbox = Replayed(bodies)
        self.worker = RoomSync(
            transactions=world.transactions,
            open_calendar=lambda _connection, _address: (cast(Calendar, self.mailbox), world.tenant.tenant_id),
            now=lambda: self.at,
            digest=str,
            install=INSTALL,
            owner="replay",
        )

    def round(self) -> None:
        self.world.want("alder")
        assert self.worker.run(self.world.mailbox_id("alder"))
        self.at += timedelta(minutes=2)


def rows_here(world: World) -> list[tuple[str, datetime, datetime, bool]]:
    [here] = reservations(world, "alder")
    return [(one.original_start, one.starts_at, one.ends_at, one.is_exception) for one in here.occurrences]


@pytest.fixture
def replay(world: World) -> Replay:
    return Replay(world)


def test_the_recorded_rounds_leave_exactly_the_dates_that_they_tell_h03_h04(world: World, replay: Replay) -> None:
    for name, told in ROUNDS.items():
        replay.round()
        assert rows_here(world) == [
            (day.isoformat(), begins(day), begins(day) + timedelta(hours=hours), bool(subject))
            for day, hours, subject in told
        ], name
    assert world.holds() == [] and "quarantine" not in steps(world)


def test_the_recorded_rounds_leave_a_rule_its_exceptions_and_its_cancelled_dates_h04(
    world: World, replay: Replay
) -> None:
    longer = Timed(begins(MONDAY), begins(MONDAY) + timedelta(hours=2.5))
    differs: list[tuple[tuple[ChangedDate, ...], frozenset[date]]] = [
        ((), frozenset()),
        ((), frozenset({MONDAY})),
        ((ChangedDate(MONDAY, title="My recurrent event 2"),), frozenset()),
        ((ChangedDate(MONDAY, longer),), frozenset()),
        ((), frozenset({BEFORE, AFTER})),
    ]
    for (name, _), expected in zip(rounds(), differs, strict=True):
        replay.round()
        series = only_series(world)
        assert (series.rule.pattern.type, series.rule.zone) == (PatternType.DAILY, "Europe/Paris")
        assert series.rule.range == Range.until(BEFORE, AFTER), name
        assert (series.exceptions, series.cancelled) == expected, name


@pytest.mark.parametrize("recorded", [True, False])
def test_what_stands_in_for_the_recordings_tells_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    if not recorded:
        monkeypatch.setattr("tests.sync.test_recorded_series.recordings", lambda *_folders: {})
    replay = Replay(world)
    for _ in ROUNDS:
        replay.round()
    assert [one[0] for one in rows_here(world)] == [MONDAY.isoformat()]
    assert only_series(world).cancelled == {BEFORE, AFTER}
