"""The three writes to Graph, each as an attempt: committed before the call, its outcome committed after it.

A write that was not clearly refused is in doubt: its attempt stays open and is settled by looking, never by
sending again blindly (H35, H37, docs/graph.md#unknown-outcome).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import AttemptState, HoldKind, LinkState, SyncState
from webapp.models import Link
from webapp.reservations.rows import lock_room
from worker.room_run.context import Run
from worker.store import effects, ending, writes, yielding
from worker.store.writes import OpenAttempt
from worker.sync.errors import (
    AccessDenied,
    Changed,
    CredentialsRefused,
    DuplicateTransaction,
    Gone,
    MailboxMissing,
    Refused,
    SyncError,
    Throttled,
    Trouble,
    Unavailable,
)
from worker.sync.event import Event
from worker.sync.link import Observation, lags_write, observe
from worker.sync.series_plan import event_patch
from worker.sync.values import Values, values_from_json

FIRST_LOOK = timedelta(seconds=3)

NOT_DONE = (Refused, AccessDenied, MailboxMissing, CredentialsRefused, Changed, Gone)
"""Answers that say for sure that a write had no effect."""


@dataclass
class Call:
    """One call that is under way. `overtaken`: it met a newer event and had no effect; to be planned again."""

    overtaken: bool = False


@contextmanager
def asking(run: Run, attempt: OpenAttempt, action: str) -> Iterator[None]:
    """Writes down what became of an attempt whose call did not succeed: clearly refused, or in doubt; raises it."""
    try:
        yield
    except NOT_DONE as error:
        not_done(run, attempt, action, error)
        raise
    except SyncError as error:
        in_doubt(run, attempt, error)
        raise


@contextmanager
def sending(
    run: Run, attempt: OpenAttempt, action: str, *, overtaken_by: tuple[type[SyncError], ...] = (Changed, Gone)
) -> Iterator[Call]:
    """`asking` for a call with If-Match, which may be overtaken by another change: that is told instead of raised."""
    call = Call()
    with asking(run, attempt, action):
        try:
            yield call
        except overtaken_by as error:
            drop(run, attempt, action, error)
            call.overtaken = True


def send_create(run: Run, attempt: OpenAttempt) -> bool:
    """POST the frozen body; True once the event is bound to its reservation."""
    run.go_on()
    try:
        event = run.calendar.create(writes.new_event(attempt, run.lane.zone))
    except NOT_DONE as error:
        if isinstance(error, Changed | Gone):
            in_doubt(run, attempt, error)
            return False
        not_done(run, attempt, "create", error)
        raise
    except DuplicateTransaction as error:
        in_doubt(run, attempt, error)
        return False
    except SyncError as error:
        in_doubt(run, attempt, error)
        raise
    return bind(run, attempt, event.id, observe(event, run.digest), "create")


def bind(
    run: Run, attempt: OpenAttempt, event_id: str, seen: Observation, action: str, *, found_later: bool = False
) -> bool:
    """Adopt an event as the outcome of a create; refused when it already stands for something else (H38).

    `found_later`: time passed since it was sent, so what came in meanwhile may have the older right to the slot.
    """
    now = run.now()
    with run.lane.writing() as session:
        lock_room(session, run.lane.room_id)
        link = session.scalar(select(Link).where(Link.mailbox_id == run.lane.mailbox_id, Link.event_id == event_id))
        taken = link is not None and link.reservation_id not in (None, attempt.reservation_id)
        if taken and link is not None and link.state == LinkState.LINKED:
            writes.settle(session, attempt.id, AttemptState.REFUSED, now)
            writes.tell(session, attempt.reservation_id, SyncState.FAILED, "event_of_another")
            run.log.step(session, now, "none", "quarantine", attempt.reservation_id, "event_of_another")
            return False
        asked = writes.created_values(attempt.body)
        first_answer = attempt.looks == 0 and not found_later
        effects.adopt(session, run.lane, attempt.reservation_id, event_id, seen, asked, now, answered=first_answer)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        if action == "create":
            run.wrote(session, action, attempt.reservation_id)
        else:
            run.log.step(session, now, "there", action, attempt.reservation_id)
        if found_later:
            tell_withdrawn(
                run,
                session,
                yielding.to_earlier(session, run.lane, attempt.reservation_id, event_id, seen, now),
            )
    return True


def tell_withdrawn(run: Run, session: Session, losers: tuple[int, ...]) -> None:
    """Write down whose slot went to an earlier event."""
    for reservation_id in losers:
        run.log.step(session, run.now(), "here", "withdraw", reservation_id, HoldKind.SLOT_TAKEN.value)


def send_patch(run: Run, attempt: OpenAttempt, link_id: int, before: Observation) -> Observation | None:
    """PATCH the changed groups of what was read `before`; what the server returned, or None when the item must be
    planned again."""
    run.go_on()
    assert attempt.event_id is not None, "a patch has an event"
    values = values_from_json(attempt.body["values"])
    groups = attempt.body["groups"]
    with sending(run, attempt, "patch") as call:
        patch = event_patch(values, frozenset(groups), run.lane.zone)
        event = run.calendar.patch(attempt.event_id, patch, before.etag)
        seen = returned(run, event, before, values, groups)
    if call.overtaken:
        return None
    now = run.now()
    with run.lane.writing() as session:
        effects.wrote(session, link_id, seen, values, tuple(groups), now)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, "patch", attempt.reservation_id, ",".join(groups))
    return seen


def returned(run: Run, event: Event, before: Observation, sent: Values, groups: Iterable[str]) -> Observation:
    """What the server made of a PATCH. Where it answers without the event, that was read back, and a read may lag
    the write it follows: then the write is done and its result unread."""
    seen = observe(event, run.digest)
    if lags_write(seen, before, sent, groups):
        raise Unavailable(Trouble(operation="read_back"))
    return seen


def send_delete(run: Run, attempt: OpenAttempt, link_id: int, etag: str, action: str = "delete") -> bool:
    """DELETE the event and bury its link; False when the item must be planned again."""
    run.go_on()
    assert attempt.event_id is not None, "a delete has an event"
    with sending(run, attempt, "delete", overtaken_by=(Changed,)) as call:
        was_there = run.calendar.delete(attempt.event_id, etag)
    if call.overtaken:
        return False
    now = run.now()
    with run.lane.writing() as session:
        if not was_there:
            ending.tell_if_called_off(session, link_id, now)
        ending.bury(session, link_id, "removed", now)
        writes.settle(session, attempt.id, AttemptState.DONE, now)
        run.wrote(session, action, attempt.reservation_id)
    return True


def not_done(run: Run, attempt: OpenAttempt, action: str, error: SyncError) -> None:
    """A clear refusal: nothing was done, and it says why."""
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.REFUSED, now, error)
        run.log.step(session, now, "none", f"{action}_refused", attempt.reservation_id, **_as_step(error))


def drop(run: Run, attempt: OpenAttempt, action: str, error: SyncError) -> None:
    """Conditional writes that met a newer event had no effect: plan again from a fresh read (H43)."""
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DROPPED, now, error)
        run.log.step(session, now, "none", f"{action}_overtaken", attempt.reservation_id, **_as_step(error))


def in_doubt(run: Run, attempt: OpenAttempt, error: SyncError) -> None:
    """Leave the attempt open, unless it is certain that nothing was sent."""
    now = run.now()
    with run.lane.writing() as session:
        if isinstance(error, Unavailable) and error.never_sent and attempt.sends <= 1:
            writes.settle(session, attempt.id, AttemptState.DROPPED, now, error)
        else:
            wait = timedelta(seconds=error.wait_seconds) if isinstance(error, Throttled) else FIRST_LOOK
            writes.look_later(session, attempt.id, now + wait, error)
        run.log.step(session, now, "none", "in_doubt", attempt.reservation_id, attempt.kind.value, **_as_step(error))


def _as_step(error: SyncError) -> dict[str, Any]:
    trouble = error.trouble
    return {"status": trouble.status, "request_id": trouble.request_id[:64], "code": trouble.code}
