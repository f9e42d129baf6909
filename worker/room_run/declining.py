"""The room's refusal of somebody's meeting: sent in its own calendar, its organizer is told."""

from __future__ import annotations

from webapp.domain.words import AttemptKind, AttemptState, SyncState
from worker.room_run.context import Run
from worker.room_run.writing import NOT_DONE, in_doubt, not_done
from worker.store import ending, organizing, writes
from worker.store.organizing import Task
from worker.store.writes import Write
from worker.sync.errors import Gone, Refused, SyncError


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
    link_id, event_id = task.copy
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        attempt = organizing.new_act(session, run.lane, write, AttemptKind.DECLINE, None, event_id)
    try:
        run.calendar.decline(event_id)
    except Gone:
        pass
    except Refused as error:
        not_done(run, attempt, "decline", error)
        _take_back(run, task, error)
        return
    except NOT_DONE as error:
        not_done(run, attempt, "decline", error)
        raise
    except SyncError as error:
        in_doubt(run, attempt, error)
        raise
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        ending.bury(session, link_id, "declined", now)
        organizing.clear(session, task, run.now())
        run.log.step(session, now, "there", "decline", task.reservation_id)


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
