"""Single dates of a series in its organizer's calendar: called off or changed one by one, each from a fresh read.

He has the last word there: a date that he moved or called off meanwhile stays so, and what was wanted is kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.intervals import Span, span_to_json
from webapp.domain.recurrence import Series, expand
from webapp.domain.words import AttemptState, ConflictKind
from worker.room_run.context import Run
from worker.room_run.organizer.mailbox import PersonMailbox
from worker.room_run.series_writing import is_done
from worker.room_run.writing import sending
from worker.store import answers, records, rounds, series_out, writes
from worker.store import authority as authorities
from worker.store.organizing import Task
from worker.store.series_out import Sent
from worker.store.writes import OpenAttempt, Write
from worker.sync.errors import Gone
from worker.sync.event import Event, MeetingPatch
from worker.sync.link import observe
from worker.sync.series_plan import CancelDate, ChangeAll, ChangeDate, date_patch, next_step
from worker.sync.values import Values

AROUND = timedelta(days=3)
"""A date is looked for this far around where the rule has it."""

SLICE = timedelta(days=28)


def has_dates_to_send(run: Run, task: Task) -> bool:
    """Whether something of single dates is still to be sent."""
    with run.lane.reading() as session:
        return _next(run, session, task) is not None


def send_dates(run: Run, task: Task, mailbox: PersonMailbox, master_id: str) -> bool:
    """Send what is wanted of single dates, one after the other; False when it must be planned again."""
    while True:
        with run.lane.reading() as session:
            found = _next(run, session, task)
        if found is None:
            return True
        agreed, wanted, step = found
        if not _send(run, task, mailbox, master_id, agreed, wanted, step):
            return False


def was_changed_unseen(run: Run, mailbox: PersonMailbox, master_id: str, known: tuple[Series, ...]) -> bool:
    """Whether he moved a date, or called one off, that none of the series that are `known` here tells: a change of
    the whole series would undo it (docs/graph.md#series-change)."""
    start, end = rounds.window_of(run.lane, run.now())
    zone = ZoneInfo(run.lane.zone)
    told = [{one.original: one.span for one in expand(series, start, end, zone)} for series in known]
    there: dict[date, Span] = {}
    for begin, finish in _slices(told, zone):
        dates = mailbox.dates(master_id, begin, finish)
        there |= {one.original_date: one.span for one in dates if one.original_date and not one.is_cancelled}
    return any(there.get(day) not in [one.get(day) for one in told] for day in set(there).union(*told))


def _slices(told: list[dict[date, Span]], zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The days that these dates take, in parts that a slow mailbox can answer for (H10)."""
    spans = [span.instants(zone) for one in told for span in one.values()]
    if not spans:
        return []
    begin, end = min(start for start, _ in spans) - AROUND, max(finish for _, finish in spans) + AROUND
    parts = range(-(-(end - begin) // SLICE))
    return [(begin + part * SLICE, min(begin + (part + 1) * SLICE, end)) for part in parts]


def settle_date(run: Run, mailbox: PersonMailbox, attempt: OpenAttempt, sent: Sent, meeting_id: int) -> None:
    """Find out how a write of one date ended."""
    assert attempt.event_id is not None, "a step has an event"
    try:
        seen = observe(mailbox.read(attempt.event_id), run.digest)
    except Gone:
        seen = None
    done, now = is_done(sent, seen), run.now()
    with run.lane.writing() as session:
        if done and not isinstance(sent.step, ChangeAll):
            authorities.agree_date(session, meeting_id, sent.wanted, sent.step, now)
        writes.settle(session, attempt.id, AttemptState.DONE if done else AttemptState.DROPPED, now)
        if done:
            run.log.step(session, now, "there", "patch_found", attempt.reservation_id, "organizer")
        else:
            run.log.step(session, now, "none", "patch_missing", attempt.reservation_id, "organizer")


Planned = tuple[Values, Values, ChangeDate | CancelDate]


def _next(run: Run, session: Session, task: Task) -> Planned | None:
    """What both sides agree on, what is wanted here, and the next date of it to send."""
    meeting_id = writes.meeting_of(session, task.reservation_id)
    known = authorities.load(session, run.lane, meeting_id, run.now())
    if known is None or known.base is None or known.local.series is None:
        return None
    wanted = replace(known.local, **{group: getattr(known.base.local, group) for group in ("subject", "private")})
    step = next_step(known.base.local, wanted, None)
    if step is None or isinstance(step, ChangeAll):
        return None
    return known.base.local, known.local, step


def _send(
    run: Run,
    task: Task,
    mailbox: PersonMailbox,
    master_id: str,
    agreed: Values,
    wanted: Values,
    step: ChangeDate | CancelDate,
) -> bool:
    event = _read_date(run, mailbox, master_id, wanted, step.original)
    if event is None or _was_moved(agreed, event, step):
        _keep_his(run, task, event, wanted, step)
        return True
    if isinstance(step, ChangeDate):
        patch = date_patch(agreed, wanted, step, event)
        if patch.span is None and patch.subject is None:
            _agree(run, task, wanted, step)
            return True
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        attempt = series_out.new_step_there(session, run.lane, write, step, event, wanted, mailbox.id)
    action = "cancel" if isinstance(step, CancelDate) else "patch"
    with sending(run, attempt, action) as call:
        if isinstance(step, CancelDate):
            mailbox.cancel_date(event.id)
        else:
            fields = tuple(
                name for name, one in (("subject", patch.subject), ("time", patch.span)) if one is not None
            )
            mailbox.patch(event.id, MeetingPatch(patch), event.etag, None, (*fields, "one date"))
    if call.overtaken:
        return False
    now = run.now()
    with run.lane.writing() as session:
        meeting_id = writes.meeting_of(session, task.reservation_id)
        authorities.agree_date(session, meeting_id, wanted, step, now)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, "patch", task.reservation_id, "date", through="organizer")
    return True


def _read_date(run: Run, mailbox: PersonMailbox, master_id: str, wanted: Values, original: date) -> Event | None:
    """One date as it is now, found by its original date; None where it does not take place."""
    assert wanted.series is not None, "only series have dates"
    zone = ZoneInfo(run.lane.zone)
    start, end = wanted.series.occurrence(original).planned.instants(zone)
    around = mailbox.dates(master_id, start - AROUND, end + AROUND)
    found = next((one for one in around if one.original_date == original and not one.is_cancelled), None)
    if found is None:
        return None
    try:
        event = mailbox.read(found.id)
    except Gone:
        return None
    return None if event.is_cancelled else event


def _was_moved(agreed: Values, event: Event, step: ChangeDate | CancelDate) -> bool:
    """Whether its organizer moved this date since both sides agreed on it."""
    assert agreed.series is not None, "only series have dates"
    before = agreed.series.occurrence(step.original).span
    return event.span not in (before, getattr(step, "span", before))


def _keep_his(run: Run, task: Task, event: Event | None, wanted: Values, step: ChangeDate | CancelDate) -> None:
    """He called it off, or moved it: that stands, and what was wanted is kept where it is another thing."""
    now = run.now()
    kind = ConflictKind.TIME if event is not None and isinstance(step, ChangeDate) else None
    kind = kind or ConflictKind.CANCELLED_AND_EDITED
    both_gone = event is None and isinstance(step, CancelDate)
    with run.lane.writing() as session:
        if not both_gone:
            here = {"original": step.original.isoformat()}
            here |= span_to_json(step.span) if isinstance(step, ChangeDate) else {}
            there = span_to_json(event.span) if event is not None else {}
            records.disagree(session, run.lane.room_id, task.reservation_id, kind, "there", here, there, now)
            run.log.step(session, now, "none", "conflict", task.reservation_id, kind.value)
        meeting_id = writes.meeting_of(session, task.reservation_id)
        if both_gone:
            authorities.agree_date(session, meeting_id, wanted, step, now)
            return
        his = event.span if event is not None else None
        authorities.agree_date_as(session, meeting_id, step.original, his)
        answers.give_up_date(session, meeting_id, step.original, his, now)


def _agree(run: Run, task: Task, wanted: Values, step: ChangeDate) -> None:
    now = run.now()
    with run.lane.writing() as session:
        authorities.agree_date(session, writes.meeting_of(session, task.reservation_id), wanted, step, now)
