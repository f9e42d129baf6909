"""Removing what a room wrote in a mailbox that it follows no more, because a person ticked that it shall go.

The lane is that mailbox's own. What is to go is found by our mark in a complete listing, so a crash, a lost answer or
a create that turned up late needs nothing else: the next listing shows what is left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.booking import sync_window
from webapp.domain.words import RunKind, RunResult
from worker.store import claims, left
from worker.store.claims import Lane, LaneLost
from worker.store.records import RunLog
from worker.sync.errors import Changed, Gone, Refused, SyncError, Throttled, Unavailable
from worker.sync.event import Event
from worker.sync.ports import Calendar
from worker.sync.recognise import our_mark

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=7)
AGAIN = timedelta(seconds=5)
RARELY = timedelta(minutes=5)
"""How long to wait between listings that only wait for a create that may turn up late."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)

Open = Callable[[int, str], tuple[Calendar, str | None]]


@dataclass(frozen=True)
class _Removal:
    lane: Lane
    calendar: Calendar
    log: RunLog
    now: Callable[[], datetime]


def remove_left(lane: Lane, open_calendar: Open, install: str, now: Callable[[], datetime]) -> None:
    """One pass over a mailbox that was left. Whatever happens in it is no trouble of the room that left it."""
    run_log = RunLog(lane, RunKind.DELTA, now())
    try:
        calendar, guid = open_calendar(lane.connection_id, lane.address)
        pause = AGAIN
        if guid not in (None, lane.tenant_guid) or calendar.calendar_key() != lane.calendar_key:
            _finish(lane, now(), "calendar_changed")
        else:
            pause = _pass(_Removal(lane, calendar, run_log, now), install)
        run_log.close(RunResult.DONE, now())
        claims.give_back(lane, now() + pause, failed=False)
    except LaneLost:
        if run_log.run_id is not None:
            run_log.close(RunResult.LOST, now())
        claims.give_back(lane, None, failed=False)
    except SyncError as error:
        _put_off(lane, run_log, error, now())
    except Exception:
        log.exception("removal failed mailbox=%s", lane.mailbox_id)
        claims.give_back(lane, now() + LONGEST_WAIT, failed=True)
        raise


def _pass(removal: _Removal, install: str) -> timedelta:
    """Remove what a complete listing shows of ours; how long to wait for the next.

    Done once a listing shows nothing, and no create can turn up late.
    """
    lane, now = removal.lane, removal.now()
    left.drop_open_attempts(lane, now)
    rows = removal.calendar.listing(*sync_window(now))
    ours = [row for row in rows if isinstance(row, Event) and _is_ours(row, lane, install, now)]
    guests = [event for event in ours if event.other_attendees or event.resources]
    for event in ours:
        if event not in guests:
            _remove(removal, event, install)
    if len(ours) > len(guests):
        return AGAIN
    if not left.may_turn_up(lane, now):
        _finish(lane, removal.now(), None, kept=len(guests))
    return RARELY


def _is_ours(event: Event, lane: Lane, install: str, now: datetime) -> bool:
    """Made by this room's sync, and not over: what has ended stays as a record."""
    mark = our_mark(install, event.transaction_id, event.tag)
    ahead = event.span.instants(ZoneInfo(lane.zone))[1] > now
    return mark is not None and mark.room_id == lane.room_id and ahead and not event.is_cancelled


def _remove(removal: _Removal, event: Event, install: str) -> None:
    """DELETE one event, if it is still as it was listed; a lost answer is settled by the next listing."""
    lane, now = removal.lane, removal.now()
    mark = our_mark(install, event.transaction_id, event.tag)
    assert mark is not None, "only ours is removed"
    run_id = removal.log.begin()
    with lane.writing() as session:
        attempt = left.new_delete(session, lane, mark.public_id, run_id, event.id, event.etag, now)
    try:
        removal.calendar.delete(event.id, event.etag)
    except (Changed, Gone, Refused) as error:
        with lane.writing() as session:
            left.settle(session, attempt, removal.now(), error)
        return
    except SyncError as error:
        with lane.writing() as session:
            left.settle(session, attempt, removal.now(), error)
        raise
    with lane.writing() as session:
        left.settle(session, attempt, removal.now(), None)
        left.count_removed(session, lane)
        reservation_id, (status, request_id) = left.reservation_of(session, mark.public_id), removal.calendar.written
        removal.log.step(
            session, removal.now(), "there", "delete", reservation_id, "left_behind",
            status=status, request_id=request_id,
        )  # fmt: skip


def _finish(lane: Lane, now: datetime, code: str | None, kept: int = 0) -> None:
    with lane.transactions.writing() as session:
        left.finish(session, lane, now, code, kept)
        claims.keep(session, lane)  # finished, there is nothing left that the lane is for


def _put_off(lane: Lane, run_log: RunLog, error: SyncError, now: datetime) -> None:
    """Try again after a while; in the end it is told that the rest could not be removed."""
    waits = FIRST_WAIT * 2 ** min(claims.failures(lane), 8)
    pause = min(waits, LONGEST_WAIT)
    if isinstance(error, Throttled | Unavailable) and error.wait_seconds:
        pause = timedelta(seconds=error.wait_seconds)
    given_up = left.note_trouble(lane, type(error).__name__, now, GIVE_UP_AFTER)
    if run_log.run_id is not None:
        run_log.close(RunResult.DONE, now)
    claims.give_back(lane, None if given_up else now + pause, failed=not isinstance(error, Throttled))
