"""Whether the dates of a series are free in the room's own calendar, as far as can be seen there now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from webapp.domain.intervals import overlap
from webapp.domain.recurrence import Series, expand
from worker.room_run import windows
from worker.room_run.context import Run
from worker.room_run.slot import is_of, judge
from worker.store import rounds
from worker.sync.errors import Gone, Unreadable
from worker.sync.event import Event, Unusable

Times = tuple[datetime, datetime]


@dataclass(frozen=True)
class FoundDates:
    """Which dates are taken, and by what; whether one of ours is about to leave some; and a master that carries the
    mark of this reservation already."""

    taken: dict[date, tuple[Event, ...]] = field(default_factory=dict)
    clearing: bool = False
    own: Event | None = None
    looked_at: int = 0


def look_at_dates(run: Run, series: Series, public_id: str, besides: str | None = None) -> FoundDates:
    """Read the room's view over the dates of a series that are not over, and judge what blocks them, but for the
    dates of the series `besides` (its master's id). What cannot be understood may be in the way, so it is."""
    zone = ZoneInfo(run.lane.zone)
    begin, end = max(rounds.window_of(run.lane, run.now())[0], run.now()), rounds.window_of(run.lane, run.now())[1]
    wanted = {one.original: one.span.instants(zone) for one in expand(series, begin, end, zone)}
    if not wanted:
        return FoundDates()
    whole = min(times[0] for times in wanted.values()), max(times[1] for times in wanted.values())
    rows, _days = windows.listing(run, whole, rounds.slice_days(run.lane))
    unclear = any(isinstance(row, Unusable) for row in rows)
    others = (row for row in rows if isinstance(row, Event) and row.blocks)
    events = [row for row in others if besides is None or row.series_master_id != besides]
    by_day = _by_day({event.id: event for event in events}.values(), zone)
    taken: dict[date, tuple[Event, ...]] = {}
    clearing = False
    for original, times in wanted.items():
        near = {e.id: e for day in _days_of(times) for e in by_day.get(day, ())}
        in_the_way = [event for event in near.values() if overlap(event.span.instants(zone), times)]
        blocking, leaving = judge(run, in_the_way, times, zone)
        clearing = clearing or bool(leaving)
        if blocking or unclear:
            taken[original] = tuple(blocking)
    own = _own_master(run, taken, public_id)
    if own is not None:
        taken = _without(taken, own.id)
    return FoundDates(taken, clearing, own, len(wanted))


def masters_of(run: Run, events: Iterable[Event]) -> Iterator[Event]:
    """The series of the room's own calendar that these are dates of. The marks are on them; dates themselves may
    carry none (docs/graph.md#marks-of-dates)."""
    ids = {event.series_master_id for event in events if event.series_master_id and event.is_organizer}
    for master_id in sorted(one for one in ids if one):
        try:
            yield run.calendar.read(master_id)
        except (Gone, Unreadable):
            continue


def _own_master(run: Run, taken: dict[date, tuple[Event, ...]], public_id: str) -> Event | None:
    """A series of this reservation that is there already: an earlier create came through after all (H79)."""
    in_the_way = (event for events in taken.values() for event in events)
    return next((one for one in masters_of(run, in_the_way) if is_of(run, one, public_id)), None)


def _without(taken: dict[date, tuple[Event, ...]], master_id: str) -> dict[date, tuple[Event, ...]]:
    left = {day: tuple(one for one in events if one.series_master_id != master_id) for day, events in taken.items()}
    return {day: events for day, events in left.items() if events or not taken[day]}


def _by_day(events: Iterable[Event], zone: ZoneInfo) -> dict[date, list[Event]]:
    found: dict[date, list[Event]] = defaultdict(list)
    for event in events:
        for day in _days_of(event.span.instants(zone)):
            found[day].append(event)
    return found


def _days_of(times: Times) -> list[date]:
    """The UTC days that a span touches."""
    first = times[0].toordinal()
    return [date.fromordinal(first + number) for number in range((times[1].date() - times[0].date()).days + 1)]
