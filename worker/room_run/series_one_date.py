"""One date of a series in the room's own calendar, cancelled or changed, from a fresh read of it."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.intervals import span_to_json
from webapp.domain.words import ConflictKind
from worker.room_run.context import Run
from worker.room_run.series_writing import send_date
from worker.room_run.slot import Slot, look_at_slot
from worker.store import records, series_out
from worker.store.items import Item
from worker.store.still import check_saved
from worker.store.writes import Push
from worker.sync.errors import Gone
from worker.sync.event import Event
from worker.sync.link import Observation
from worker.sync.series_plan import CancelDate, ChangeDate, date_patch
from worker.sync.values import Values

MOST_CLEARING = 3
AROUND = timedelta(days=3)
"""A date that is not among those of the window is looked for this far around where the rule has it."""


class Later(Exception):
    """Nothing more can be sent now; it is planned again, soon or each time after a longer wait."""

    def __init__(self, *, soon: bool = True) -> None:
        self.soon = soon
        super().__init__()


def change_one(run: Run, push: Push, item: Item, seen: Observation, step: ChangeDate | CancelDate) -> None:
    """One date, from a fresh read of it."""
    event = _read_date(run, item, seen, step.original, push)
    if event is None:
        _is_not_there(run, push, item, step)
    elif _was_moved_there(item, event, step):
        _keep_theirs(run, push, item, event, step)
    elif isinstance(step, ChangeDate) and not _differs(push, item, event, step):
        _agree(run, push, item, step)
    elif isinstance(step, ChangeDate) and event.span != step.span and _is_taken(run, push, event, step):
        _keep_theirs(run, push, item, event, step)
    elif not send_date(run, push, item, event, step):
        raise Later


def _differs(push: Push, item: Item, event: Event, step: ChangeDate) -> bool:
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    patch = date_patch(item.base.local, push.local, step, event)
    return patch.span is not None or patch.subject is not None


def _read_date(run: Run, item: Item, seen: Observation, original: date, push: Push) -> Event | None:
    """One date of a series as it is now, found by its original date (H22); None where it does not take place."""
    known = {one.original: one.event_id for one in seen.values.dates or ()}
    event_id = known.get(original.isoformat())
    if event_id is None and isinstance(push.local, Values) and push.local.series is not None:
        zone = ZoneInfo(run.lane.zone)
        start, end = push.local.series.occurrence(original).planned.instants(zone)
        around = run.calendar.series_dates(item.event_id, start - AROUND, end + AROUND)
        event_id = next((one.id for one in around if one.original_date == original and not one.is_cancelled), None)
    if event_id is None:
        return None
    try:
        event = run.calendar.read(event_id)
    except Gone:
        return None
    return None if event.is_cancelled else event


def _was_moved_there(item: Item, event: Event, step: ChangeDate | CancelDate) -> bool:
    """Whether somebody moved this date in Outlook since both sides agreed on it."""
    assert item.base is not None, "only a followed series is sent"
    base, day = item.base, step.original
    agreed = {one.original: one.span for one in base.remote.dates or ()}
    before = agreed.get(day.isoformat())
    if base.remote.dates is None and base.local.series is not None:  # unread since our change of the whole
        before = base.local.series.occurrence(day).span
    return before is not None and event.span not in (before, getattr(step, "span", before))


def _is_taken(run: Run, push: Push, event: Event, step: ChangeDate) -> bool:
    """Whether somebody has the room at a date's new time."""
    found = look_at_slot(run, step.span.instants(ZoneInfo(run.lane.zone)), push.public_id, besides=event.id)
    if found.slot is Slot.CLEARING and push.tries < MOST_CLEARING:
        raise Later
    return found.slot is Slot.TAKEN


def _is_not_there(run: Run, push: Push, item: Item, step: ChangeDate | CancelDate) -> None:
    """A date that Outlook does not have: cancelled is agreed then; changed here, it was cancelled there."""
    if isinstance(step, CancelDate):
        _agree(run, push, item, step)
        return
    now = run.now()
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        kind, here = ConflictKind.CANCELLED_AND_EDITED, {"original": step.original.isoformat()}
        here |= span_to_json(step.span)
        records.disagree(session, run.lane.room_id, push.reservation_id, kind, "there", here, {}, now)
        series_out.follow_date(session, item.link_id, step.original, None, now)
        run.log.step(session, now, "here", "conflict", push.reservation_id, kind.value)
    raise Later


def _keep_theirs(run: Run, push: Push, item: Item, event: Event, step: ChangeDate | CancelDate) -> None:
    """A date that stays as Outlook has it: it was changed there too, or its new time is taken. Both are kept."""
    now = run.now()
    cancels = isinstance(step, CancelDate)
    kind = ConflictKind.CANCELLED_AND_EDITED if cancels else ConflictKind.TIME
    here: dict[str, str] = {"original": step.original.isoformat()}
    if isinstance(step, ChangeDate):
        here |= span_to_json(step.span)
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        there = span_to_json(event.span)
        records.disagree(session, run.lane.room_id, push.reservation_id, kind, "there", here, there, now)
        series_out.follow_date(session, item.link_id, step.original, event.span, now)
        run.log.step(session, now, "here", "conflict", push.reservation_id, kind.value)
    raise Later


def _agree(run: Run, push: Push, item: Item, step: ChangeDate | CancelDate) -> None:
    """It is there already, by no write of ours."""
    assert isinstance(push.local, Values), "only values are sent"
    now = run.now()
    with run.lane.writing() as session:
        series_out.agree(session, item.link_id, push.local, step, now)
