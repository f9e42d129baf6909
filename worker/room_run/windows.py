"""Plain lists over a window, in slices where a mailbox is too slow to answer for the whole of it (H10).

Microsoft's gateway gives up on long windows of some mailboxes, most of all where endless series are expanded
(docs/graph.md#long-windows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeVar

from worker.room_run.context import Run
from worker.sync.errors import SyncError, Unavailable
from worker.sync.event import Event, Row

SLICES = (92, 31)
"""Days that are asked for at once when the whole window is too much, and when that is too much again."""

_TOO_SLOW = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})

Window = tuple[datetime, datetime]
Found = TypeVar("Found")


def is_too_slow(error: SyncError) -> bool:
    """Whether a gateway gave up on the answer. One that asks to wait is busy, and a shorter window helps nothing."""
    return isinstance(error, Unavailable) and error.trouble.status in _TOO_SLOW and not error.wait_seconds


def listing(run: Run, window: Window, days: int | None) -> tuple[tuple[Row, ...], int | None]:
    """Everything that overlaps the window, and the days of a slice that got answers; None: the whole at once.

    Complete, or it raises (I5): a slice that fails fails the list. What overlaps two slices comes twice.
    """
    found = _shrinking(lambda part: run.calendar.listing(*part), run, window, days)
    return tuple(row for rows in found[0] for row in rows), found[1]


def series_dates(run: Run, master_id: str, window: Window, days: int | None) -> tuple[Event, ...]:
    """The dates of a series in the window, each once, sorted by start."""
    found, _days = _shrinking(lambda part: run.calendar.series_dates(master_id, *part), run, window, days)
    dates = {event.id: event for events in found for event in events}
    return tuple(sorted(dates.values(), key=lambda event: (event.span.start.isoformat(), event.id)))


def _shrinking(
    ask: Callable[[Window], Found], run: Run, window: Window, days: int | None
) -> tuple[list[Found], int | None]:
    while True:
        try:
            return [_asked(ask, run, part) for part in _slices(window, days)], days
        except Unavailable as error:
            shorter = next((step for step in SLICES if days is None or step < days), None)
            if shorter is None or not is_too_slow(error):
                raise
            days = shorter


def _asked(ask: Callable[[Window], Found], run: Run, part: Window) -> Found:
    """One slice; a list of many of them outlasts the claim, which is renewed with each."""
    run.go_on()
    with run.lane.writing():
        pass
    return ask(part)


def _slices(window: Window, days: int | None) -> Iterator[Window]:
    start, end = window
    step = end - start if days is None else timedelta(days=days)
    while start < end:
        yield start, min(start + step, end)
        start += step
