"""The clock process: `python -m worker.schedule`. Finds what is due in the database and rings for it.

Several may run; a lease in the database lets one act. Everything it rings for is safe to be rung for twice.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from webapp.clock import utcnow
from webapp.config import load_config
from webapp.domain.words import CheckState
from webapp.enqueue import (
    BACKGROUND,
    CHECK_CONNECTION,
    LIST_PLACES,
    POLL_MAILBOXES,
    QUEUE_OF_JOB,
    SYNC_MAILBOXES,
)
from webapp.models import Connection, ConnectionCheck, DeltaSession, Mailbox
from webapp.reservations.series_roll import extend_series
from worker.process import Process, process, stopping
from worker.store import claims, leases
from worker.store.sync_all import close_finished
from worker.sync.guard import share_of

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
AT_ONCE = 20
"""Mailboxes in one job."""

MOST_IN_A_TICK = 2_000
MOST_WAITING = MOST_IN_A_TICK // AT_ONCE
"""Jobs of a queue that wait before no more are put there."""

SILENT = timedelta(seconds=45)
"""A check without a sign of life for so long has lost its worker."""

REANCHOR = timedelta(days=7)
"""The window of a delta session is fixed; a new session with a newer window follows at this age at the latest."""

SPREAD = timedelta(days=1)
"""Each mailbox has its own moment in this time before `REANCHOR`, so that rooms linked together come one by one."""

TRY_DELTA_AGAIN = timedelta(days=1)
"""A mailbox that had to be listed in slices is asked for its changes again after this long (H10)."""


@dataclass(frozen=True)
class Entry:
    """One thing the clock does, and how often."""

    name: str
    every: timedelta
    act: Callable[[Process, datetime], None]


def ring_due(here: Process, now: datetime) -> None:
    """Mailboxes with something wanted, something to look at, or something to send."""
    with here.transactions.reading() as session:
        urgent = claims.due(session, now, MOST_IN_A_TICK, only_full=False)
        full = claims.due(session, now, MOST_IN_A_TICK, only_full=True)
    _ring_for(here, SYNC_MAILBOXES, urgent)
    _ring_for(here, SYNC_MAILBOXES, full, BACKGROUND)


def ring_polls(here: Process, now: datetime) -> None:
    """Mailboxes at rest that were not asked for a poll interval."""
    every = timedelta(seconds=here.config.poll_seconds)
    with here.transactions.reading() as session:
        ids = claims.to_poll(session, now, every, MOST_IN_A_TICK)
    _ring_for(here, POLL_MAILBOXES, ids)


def _ring_for(here: Process, job: str, ids: list[int], queue: str | None = None) -> None:
    """Ring for mailboxes in lists; what finds no place, or no Redis, is found in the database at a later tick.

    While no worker takes jobs, the queue so grows to a bound and not for as long as that lasts.
    """
    for start in range(0, len(ids), AT_ONCE):
        waiting = here.bell.waiting(queue or QUEUE_OF_JOB[job])
        if waiting is None or waiting >= MOST_WAITING:
            return
        here.bell.ring(job, ids[start : start + AT_ONCE], queue=queue)


def ring_checks(here: Process, now: datetime) -> None:
    """Checks that nobody runs: never taken up, lost with their worker, or due to be tried again."""
    check = ConnectionCheck
    waiting = (check.state == CheckState.WAITING) & (or_(check.next_try_at.is_(None), check.next_try_at <= now))
    lost = (check.state == CheckState.RUNNING) & (or_(check.beat_at.is_(None), check.beat_at < now - SILENT))
    with here.transactions.reading() as session:
        for check_id in session.scalars(select(check.id).where(or_(waiting, lost))):
            here.bell.ring(CHECK_CONNECTION, check_id)


def ring_places(here: Process, now: datetime) -> None:
    """Connections whose list of rooms is wanted."""
    with here.transactions.reading() as session:
        query = select(Connection.id).where(Connection.places_wanted > Connection.places_done)
        for connection_id in session.scalars(query):
            here.bell.ring(LIST_PLACES, connection_id)


def reanchor(here: Process, now: datetime) -> None:
    """Ask for a full run of mailboxes whose window has aged, or that may have become fast enough for delta."""
    with here.transactions.writing() as session:
        rows = session.execute(
            select(DeltaSession.mailbox_id, DeltaSession.started_at, DeltaSession.slice_days)
            .join(Mailbox, Mailbox.id == DeltaSession.mailbox_id)
            .where(DeltaSession.active, DeltaSession.started_at < now - TRY_DELTA_AGAIN)
            .where(Mailbox.full_wanted == Mailbox.full_done)
            .order_by(DeltaSession.started_at, DeltaSession.mailbox_id)
        )
        due = [id_ for id_, began, sliced in rows if sliced is not None or now - began > longest_age(id_)][:AT_ONCE]
        for mailbox in session.scalars(select(Mailbox).where(Mailbox.id.in_(due))):
            mailbox.full_wanted += 1
            mailbox.wanted += 1


def longest_age(mailbox_id: int) -> timedelta:
    """How old a mailbox's window may become: always the same for one mailbox, and another for the next."""
    return REANCHOR - SPREAD * share_of(mailbox_id)


def roll_series(here: Process, now: datetime) -> None:
    """Make the dates of series that Outlook does not know up to the window's new end."""
    extend_series(here.transactions, now)


def finish_sync_all(here: Process, now: datetime) -> None:
    """Write how far Sync All Calendars has come, and its end."""
    with here.transactions.writing() as session:
        close_finished(session, now)


SCHEDULE = (
    Entry("checks", timedelta(seconds=5), ring_checks),
    Entry("due", timedelta(seconds=5), ring_due),
    Entry("places", timedelta(seconds=5), ring_places),
    Entry("sync_all", timedelta(seconds=2), finish_sync_all),
    Entry("polls", timedelta(seconds=5), ring_polls),
    Entry("series", timedelta(minutes=10), roll_series),
    Entry("reanchor", timedelta(minutes=10), reanchor),
)


class Clock:
    """Acts on the schedule while it holds the lease."""

    def __init__(self, here: Process, schedule: tuple[Entry, ...] = SCHEDULE) -> None:
        self._here, self._schedule = here, schedule
        self._last: dict[str, datetime] = {}

    def tick(self, now: datetime) -> None:
        """Do what is due now. One entry that fails stops no other."""
        if not leases.hold(self._here.transactions, "clock", self._here.name, LEASE):
            return
        for entry in self._schedule:
            last = self._last.get(entry.name)
            if last is not None and now - last < entry.every:
                continue
            self._last[entry.name] = now
            try:
                entry.act(self._here, now)
            except Exception:
                log.exception("clock entry failed entry=%s", entry.name)


def main() -> int:
    """Tick until told to stop; a lost database is waited for."""
    config = load_config(os.environ)
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    here, started_at = process(), utcnow()
    clock = Clock(here)
    while not stopping.is_set():
        try:
            clock.tick(utcnow())
            here.beat("clock", started_at)
        except SQLAlchemyError:
            log.exception("the database did not answer")
        stopping.wait(1)
    leases.give_back(here.transactions, "clock", here.name)
    return 0


def _stop(_signum: int, _frame: FrameType | None) -> None:
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
