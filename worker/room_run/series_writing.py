"""The writes of a series in its room's own calendar after its create, each an attempt like any other."""

from __future__ import annotations

from webapp.domain.words import AttemptState
from worker.room_run.context import Run
from worker.room_run.writing import returned, sending
from worker.store import series_out, writes
from worker.store.items import Item
from worker.store.series_out import Sent
from worker.store.writes import OpenAttempt, Push, Write
from worker.sync.errors import Gone
from worker.sync.event import Event
from worker.sync.link import Observation, observe
from worker.sync.series_plan import (
    CancelDate,
    ChangeAll,
    ChangeDate,
    Step,
    date_patch,
    event_patch,
    is_date_shown,
    is_shown,
)
from worker.sync.values import Values


def send_all(run: Run, push: Push, item: Item, seen: Observation, step: ChangeAll) -> bool:
    """PATCH the series as a whole; False when it must be planned again."""
    assert isinstance(push.local, Values), "only values are sent"
    attempt = _commit_to(run, push, step, item.event_id, seen.etag)
    with sending(run, attempt, "patch") as call:
        event = run.calendar.patch(item.event_id, event_patch(push.local, step.groups, run.lane.zone), seen.etag)
        answer = returned(run, event, seen, push.local, step.groups)
    if call.overtaken:
        return False
    now = run.now()
    with run.lane.writing() as session:
        series_out.agree(session, item.link_id, push.local, step, now, answer)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, "patch", push.reservation_id, ",".join(sorted(step.groups)))
    return True


def send_date(run: Run, push: Push, item: Item, event: Event, step: ChangeDate | CancelDate) -> bool:
    """PATCH or DELETE one date, as it was just read; False when it must be planned again."""
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    attempt = _commit_to(run, push, step, event.id, event.etag)
    action = "delete" if isinstance(step, CancelDate) else "patch"
    with sending(run, attempt, action) as call:
        if isinstance(step, CancelDate):
            run.calendar.delete(event.id, event.etag)
        else:
            run.calendar.patch(event.id, date_patch(item.base.local, push.local, step, event), event.etag)
    if call.overtaken:
        return False
    now = run.now()
    with run.lane.writing() as session:
        series_out.agree(session, item.link_id, push.local, step, now)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, action, push.reservation_id, "date", date=step.original.isoformat())
    return True


def settle_step(run: Run, attempt: OpenAttempt, sent: Sent) -> None:
    """Find out how a step ended: what was sent is there, or it is planned again from a fresh read."""
    assert attempt.event_id is not None, "a step has an event"
    try:
        seen: Observation | None = observe(run.calendar.read(attempt.event_id), run.digest)
    except Gone:
        seen = None
    done, now = is_done(sent, seen), run.now()
    action = "delete" if isinstance(sent.step, CancelDate) else "patch"
    with run.lane.writing() as session:
        link_id = series_out.link_of(session, run.lane, attempt.reservation_id)
        if done and link_id is not None:
            of_all = seen if isinstance(sent.step, ChangeAll) else None
            series_out.agree(session, link_id, sent.wanted, sent.step, now, of_all)
        writes.settle(session, attempt.id, AttemptState.DONE if done else AttemptState.DROPPED, now)
        if done:
            run.log.step(session, now, "there", f"{action}_found", attempt.reservation_id)
        else:
            run.log.step(session, now, "none", f"{action}_missing", attempt.reservation_id)


def is_done(sent: Sent, seen: Observation | None) -> bool:
    """Whether the event as it was read shows what a step sent."""
    if isinstance(sent.step, CancelDate):
        return seen is None or not seen.live
    if seen is None or not seen.live:
        return False
    if isinstance(sent.step, ChangeAll):
        return is_shown(sent.wanted, seen.values, sent.step.groups)
    return is_date_shown(seen.values.time, seen.values.subject, sent.step)


def _commit_to(run: Run, push: Push, step: Step, event_id: str, etag: str) -> OpenAttempt:
    run.go_on()
    assert isinstance(push.local, Values), "only values are sent"
    with run.lane.writing() as session:
        write = Write(push.reservation_id, push.revision, run.log.begin(), run.now())
        return series_out.new_step(session, run.lane, write, step, event_id, push.local, etag)
