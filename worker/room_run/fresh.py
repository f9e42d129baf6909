"""A fresh read of one followed event, as the other side of a plan: what is there, gone, or not known now."""

from __future__ import annotations

from datetime import datetime, timedelta

from worker.room_run.context import Run
from worker.room_run.whole import observe_whole
from worker.store.items import Item
from worker.sync.errors import Gone
from worker.sync.link import Observation, is_older
from worker.sync.plan import ABSENT, Side
from worker.sync.values import LOCAL_GROUPS, changed

GRACE = timedelta(seconds=180)
"""So long after our own write a 404 says nothing: it may not be readable yet (H40)."""

UNSHOWN_GRACE = timedelta(hours=24)
"""So long, if no read has shown it since and no delta row told its removal: the reads may lag (I5)."""


def read_fresh(run: Run, item: Item) -> tuple[Observation | None, Side | None]:
    """A fresh read of the event. None as the side: not known now, look again later.

    A 404 alone is not a deletion: the delta must have told of it, or a complete listing must lack it (H07).
    """
    try:
        seen = observe_whole(run, run.calendar.read(item.event_id))
    except Gone:
        agreed = item.gone and not may_be_unreadable(item, run.now())
        return None, (ABSENT if agreed else None)
    if item.observed is not None and is_older(seen, item.observed.modified):
        if seen.is_series:
            return seen, None
        lags = changed(item.observed.values, seen.values, LOCAL_GROUPS)
        return seen, (None if lags else item.observed.values)
    return seen, (seen.values if seen.live else ABSENT)


def may_be_unreadable(item: Item, now: datetime) -> bool:
    """Whether a 404 of this event says nothing yet: we wrote it lately, or nothing has shown it since we did."""
    if item.written_at is None:
        return False
    unproven = not item.shown_since and not item.removed_told
    return now - item.written_at < UNSHOWN_GRACE if unproven else was_just_written(item.written_at, now)


def was_just_written(written_at: datetime | None, now: datetime) -> bool:
    """Whether our own last write is so young that a 404 says nothing."""
    return written_at is not None and now - written_at < GRACE
