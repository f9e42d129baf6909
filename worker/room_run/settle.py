"""Finding out how open attempts ended, before anything else of their items."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.domain.intervals import span_from_json
from webapp.domain.words import AttemptKind, AttemptState, SyncState
from webapp.models import Link
from worker.room_run.context import Run
from worker.room_run.organizer.settling import settle_decline, settle_organizers
from worker.room_run.series_slots import masters_of
from worker.room_run.series_writing import settle_step
from worker.room_run.writing import bind, send_create
from worker.store import effects, ending, series_out, writes
from worker.store.writes import OpenAttempt
from worker.sync.errors import Gone, SyncError
from worker.sync.event import Event
from worker.sync.link import Observation, observation_from_json, observe
from worker.sync.values import changed, values_from_json

LOOKS = tuple(timedelta(seconds=s) for s in (3, 10))
"""A create that cannot be found is looked for this often again before the same POST is sent; twice as patiently
after each send."""

LATE_LOOKS = (*LOOKS, *(timedelta(seconds=s) for s in (30, 60, 300, 600)))
"""The horizon for a create that nobody wants any more: found until then, it is removed (H79)."""

LONGEST_LOOK = timedelta(minutes=10)
TOLD_AFTER = 5
"""After so many sends without an answer the reservation says that it failed so far; it is tried on all the same."""

DAY = timedelta(days=1)


def settle_all(run: Run) -> None:
    """Settle every open attempt that is due. One that cannot be settled now does not stop the others."""
    for attempt in writes.open_attempts(run.lane, run.now()):
        run.go_on()
        run.log.begin()
        if attempt.target_mailbox_id is not None:
            settle_organizers(run, attempt)
        elif attempt.kind is AttemptKind.DECLINE:
            settle_decline(run, attempt)
        elif attempt.kind is AttemptKind.CREATE:
            _settle_create(run, attempt)
        elif (sent := series_out.sent_of(attempt)) is not None:
            settle_step(run, attempt, sent)
        elif attempt.kind is AttemptKind.PATCH:
            _settle_patch(run, attempt)
        else:
            _settle_delete(run, attempt)


def _settle_create(run: Run, attempt: OpenAttempt) -> None:
    """Look first; found: adopt. Not found: look again, then the same POST, same transactionId, same body."""
    found = _find(run, attempt)
    if found is not None:
        bind(run, attempt, *found, "adopt", found_later=True)
        return
    unwanted = attempt.cancelled or attempt.ended
    waits = LATE_LOOKS if unwanted else tuple(wait * 2 ** (attempt.sends - 1) for wait in LOOKS)
    if attempt.looks < len(waits):
        _look_later(run, attempt, min(waits[attempt.looks], LONGEST_LOOK))
    elif unwanted:
        _give_up(run, attempt)
    else:
        _send_again(run, attempt)


def _send_again(run: Run, attempt: OpenAttempt) -> None:
    """The same POST, counted before it is sent. Its incarnation stays: a new one could make a second event."""
    with run.lane.writing() as session:
        writes.count_send(session, attempt.id)
        if attempt.sends >= TOLD_AFTER:
            writes.tell(session, attempt.reservation_id, SyncState.FAILED, "no_answer")
    send_create(run, attempt)


def _find(run: Run, attempt: OpenAttempt) -> tuple[str, Observation] | None:
    """The event of a create: as the delta brought it, else in the slot. Not found is unknown, not absent."""
    with run.lane.reading() as session:
        link = session.scalar(
            select(Link).where(
                Link.mailbox_id == run.lane.mailbox_id,
                Link.transaction_id == attempt.transaction_id,
                Link.observed.is_not(None),
            )
        )
        if link is not None and link.observed is not None:
            return link.event_id, observation_from_json(link.observed)
    start, end = span_from_json(attempt.body["time"]).instants(ZoneInfo(run.lane.zone))
    rows = [row for row in run.calendar.listing(start - DAY, end + DAY) if isinstance(row, Event)]
    candidates = masters_of(run, rows) if "rule" in attempt.body else rows
    for row in candidates:
        if attempt.transaction_id in (row.transaction_id, row.tag):
            return row.id, observe(row, run.digest)
    return None


def _settle_patch(run: Run, attempt: OpenAttempt) -> None:
    """Read: what was sent is there, or the item is planned again."""
    assert attempt.event_id is not None, "a patch has an event"
    try:
        event = run.calendar.read(attempt.event_id)
    except Gone as error:
        _drop_after_looks(run, attempt, error)
        return
    seen = observe(event, run.digest)
    sent = values_from_json(attempt.body["values"])
    groups = tuple(attempt.body["groups"])
    now = run.now()
    with run.lane.writing() as session:
        link_id = session.scalar(
            select(Link.id).where(Link.mailbox_id == run.lane.mailbox_id, Link.event_id == attempt.event_id)
        )
        there = link_id is not None and not changed(sent, seen.values, groups)
        if there and link_id is not None:
            effects.wrote(session, link_id, seen, sent, groups, now)
        writes.settle(session, attempt.id, AttemptState.DONE if there else AttemptState.DROPPED, now)
        run.log.step(
            session,
            now,
            "there" if there else "none",
            "patch_found" if there else "patch_missing",
            attempt.reservation_id,
        )


def _settle_delete(run: Run, attempt: OpenAttempt) -> None:
    """Gone: done. Still there: the item is planned again, and asks for its removal again. A single 404 proves nothing
    (H07): the delta told of it as well, or a later look finds the same."""
    assert attempt.event_id is not None, "a delete has an event"
    gone = False
    try:
        run.calendar.read(attempt.event_id)
    except Gone:
        gone = True
    now = run.now()
    with run.lane.writing() as session:
        link = session.scalar(
            select(Link).where(Link.mailbox_id == run.lane.mailbox_id, Link.event_id == attempt.event_id)
        )
        if gone and link is not None and not link.removed_told and attempt.looks < len(LOOKS):
            writes.look_later(session, attempt.id, now + LOOKS[attempt.looks])
            run.log.step(session, now, "none", "not_found_yet", attempt.reservation_id, "delete")
            return
        if gone and link is not None:
            ending.bury(session, link.id, "removed", now)
        writes.settle(session, attempt.id, AttemptState.DONE if gone else AttemptState.DROPPED, now)
        run.log.step(
            session,
            now,
            "there" if gone else "none",
            "delete_found" if gone else "delete_missing",
            attempt.reservation_id,
        )


def _look_later(run: Run, attempt: OpenAttempt, wait: timedelta) -> None:
    now = run.now()
    with run.lane.writing() as session:
        writes.look_later(session, attempt.id, now + wait)
        run.log.step(session, now, "none", "not_found_yet", attempt.reservation_id, "create")


def _give_up(run: Run, attempt: OpenAttempt) -> None:
    """The horizon passed. If the event shows up later it is known by its mark, and removed or adopted then."""
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DROPPED, now)
        run.log.step(session, now, "none", "given_up", attempt.reservation_id, "create")


def _drop_after_looks(run: Run, attempt: OpenAttempt, error: SyncError) -> None:
    if attempt.looks < len(LOOKS):
        _look_later(run, attempt, LOOKS[attempt.looks])
        return
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DROPPED, now, error)
