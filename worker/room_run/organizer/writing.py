"""The writes to people's calendars, each as an attempt: committed before the call, its outcome committed after it.

As in the room's own calendar, a write that was not clearly refused is in doubt and is settled by looking.
"""

from __future__ import annotations

from contextlib import suppress

from webapp.domain.words import AttemptKind, AttemptState
from worker.room_run.context import Run
from worker.room_run.organizer.mailbox import PersonMailbox
from worker.room_run.writing import NOT_DONE, asking, in_doubt, not_done, returned, sending
from worker.store import authority as authorities
from worker.store import organizing, writes
from worker.store.authority import Authority, Reading, RoomOfMeeting
from worker.store.organizing import Task
from worker.store.writes import OpenAttempt, Write
from worker.sync.errors import Changed, DuplicateTransaction, Gone, SyncError
from worker.sync.event import Event, MeetingPatch, Party
from worker.sync.link import Observation, observe
from worker.sync.series_plan import event_patch
from worker.sync.values import Values


def send_create(run: Run, authority: Authority, mailbox: PersonMailbox, attempt: OpenAttempt) -> bool:
    """POST the frozen body; True once the event is bound to its meeting."""
    try:
        event = mailbox.create(writes.new_meeting(attempt, run.lane.zone))
    except DuplicateTransaction as error:
        in_doubt(run, attempt, error)
        return False
    except NOT_DONE as error:
        if isinstance(error, Changed | Gone):
            in_doubt(run, attempt, error)
            return False
        not_done(run, attempt, "create", error)
        raise
    except SyncError as error:
        in_doubt(run, attempt, error)
        raise
    bind(run, authority, mailbox.id, attempt, event, "create")
    return True


def bind(run: Run, authority: Authority, mailbox_id: int, attempt: OpenAttempt, event: Event, action: str) -> None:
    """The event is the outcome of a create: link, base and the key of its copies in one step."""
    now = run.now()
    reading = Reading(mailbox_id, event.id, observe(event, run.digest))
    asked, first_answer = writes.created_values(attempt.body), attempt.looks == 0 and action == "create"
    with run.lane.writing() as session:
        authorities.bind_created(session, run.lane, authority, reading, asked, now, answered=first_answer)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        if action == "create":
            run.wrote(session, action, attempt.reservation_id, "organizer")
        else:
            run.log.step(session, now, "there", action, attempt.reservation_id, "organizer")


def send_patch(
    run: Run,
    task: Task,
    mailbox: PersonMailbox,
    event: tuple[int, str],
    groups: frozenset[str],
    values: Values,
    remove: tuple[str, ...],
    add: tuple[RoomOfMeeting, ...],
) -> Observation | None:
    """PATCH the changed groups and rooms; what the server returned, or None when it must be planned again."""
    link_id, event_id = event
    with run.lane.reading() as session:
        before = authorities.seen_before(session, link_id)
    guests = mailbox.guests(event_id) if remove or add else None
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        target = (mailbox.id, event_id, guests.etag if guests is not None else before.etag)
        attempt = organizing.new_patch(session, run.lane, write, target, groups, values, remove)
    patch = MeetingPatch(
        event=event_patch(values, groups, run.lane.zone),
        remove_rooms=remove,
        add_rooms=tuple(Party(room.name, room.address) for room in add),
    )
    fields = tuple(sorted(groups)) + (("rooms",) if remove or add else ())
    with sending(run, attempt, "patch") as call:
        answer = mailbox.patch(event_id, patch, attempt.etag, guests, fields)
        seen = returned(run, answer, before, values, groups)
    if call.overtaken:
        return None
    now = run.now()
    with run.lane.writing() as session:
        authorities.wrote(session, link_id, seen, values, groups, now)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, "patch", task.reservation_id, ",".join(fields), through="organizer")
    return seen


def act(run: Run, task: Task, mailbox: PersonMailbox, kind: AttemptKind, event_id: str) -> bool:
    """Cancel the meeting in its organizer's calendar; already gone is done."""
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        attempt = organizing.new_act(session, run.lane, write, kind, mailbox.id, event_id)
    with asking(run, attempt, kind.value), suppress(Gone):
        mailbox.cancel(event_id)
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, kind.value, task.reservation_id, "organizer")
    return True
