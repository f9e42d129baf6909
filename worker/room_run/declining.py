"""The room's refusal of somebody's meeting: sent in its own calendar, its organizer is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.words import Answer, AttemptKind, AttemptState, SyncState
from webapp.models import Reservation
from webapp.reservations.series_rows import series_of
from worker.room_run.context import Run
from worker.room_run.writing import asking
from worker.store import ending, organizing, writes
from worker.store.organizing import Task
from worker.store.writes import OpenAttempt, Write
from worker.sync.errors import Gone, Refused, SyncError
from worker.sync.event import Event

AROUND = timedelta(days=8)
"""A date is looked for this far around where it should be."""


def send_decline(run: Run, outbox_id: int) -> None:
    """Decline for the room; what is gone already needs no refusal."""
    task = organizing.load_task(run.lane, outbox_id, run.now())
    if task is None:
        return
    run.log.begin()
    if task.copy is None:
        with run.lane.writing() as session:
            organizing.clear(session, task, run.now())
        return
    if task.declined_dates:
        _decline_dates(run, task, task.copy[1])
        return
    link_id, event_id = task.copy
    attempt = _decline(run, task, event_id)
    if attempt is None:
        return
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        ending.bury(session, link_id, "declined", now)
        run.wrote(session, "decline", task.reservation_id)
        organizing.clear(session, task, run.now())


def _decline_dates(run: Run, task: Task, master_id: str) -> None:
    """Decline single dates of a series for the room; those that it does not hold any more need no refusal."""
    for day in task.declined_dates:
        event = _date_of(run, master_id, date.fromisoformat(day), task.reservation_id)
        if event is None:
            continue
        attempt = _decline(run, task, event.id)
        if attempt is None:
            return
        now = run.now()
        with run.lane.writing() as session:
            writes.settle(session, attempt.id, AttemptState.DONE, now)
            run.wrote(session, "decline", task.reservation_id, "date")
    with run.lane.writing() as session:
        organizing.clear(session, task, run.now())


def _decline(run: Run, task: Task, event_id: str) -> OpenAttempt | None:
    """Decline one event; the attempt, still to be settled as done, or None where Outlook refuses the refusal. What is
    gone by now needs none."""
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        attempt = organizing.new_act(session, run.lane, write, AttemptKind.DECLINE, None, event_id)
    try:
        with asking(run, attempt, "decline"), suppress(Gone):
            run.calendar.decline(event_id)
    except Refused as error:
        _take_back(run, task, error)
        return None
    return attempt


def _date_of(run: Run, master_id: str, original: date, reservation_id: int) -> Event | None:
    """One date that the room's copy still holds; None where it does not, or was declined already."""
    with run.lane.reading() as session:
        series = series_of(session.get_one(Reservation, reservation_id).meeting)
    if series is None:
        middle = datetime.combine(original, time(12), tzinfo=UTC)
    else:
        middle = series.occurrence(original).span.instants(ZoneInfo(run.lane.zone))[0]
    around = run.calendar.series_dates(master_id, middle - AROUND, middle + AROUND)
    found = (one for one in around if one.original_date == original)
    return next((one for one in found if not one.is_cancelled and one.answer is not Answer.DECLINED), None)


def _take_back(run: Run, task: Task, error: SyncError) -> None:
    """Outlook refuses the refusal: the room stays taken, here as well, and the reservation says why."""
    with run.lane.writing() as session:
        organizing.revive(session, task)
        writes.tell(
            session,
            task.reservation_id,
            SyncState.FAILED,
            "decline_refused",
            {"code": error.trouble.code, "status": error.trouble.status},
        )
