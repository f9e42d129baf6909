"""Reading one event so that it can be compared: a series with its dates, always together (H03, H04)."""

from __future__ import annotations

from worker.room_run import windows
from worker.room_run.context import Run
from worker.store import rounds
from worker.sync.event import Event
from worker.sync.link import Observation, observe, with_dates


def observe_whole(run: Run, event: Event) -> Observation:
    """An event as an observation; of a series master its dates in the window are read as well."""
    seen = observe(event, run.digest)
    if not seen.is_series:
        return seen
    window, days = rounds.window_of(run.lane, run.now()), rounds.slice_days(run.lane)
    return with_dates(seen, windows.series_dates(run, event.id, window, days), window)
