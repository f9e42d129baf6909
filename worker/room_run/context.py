"""What every part of a run is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from webapp.outbox import want_run
from worker.store.claims import Lane
from worker.store.records import RunLog
from worker.sync.link import Digest
from worker.sync.ports import Calendar


class Stopping(Exception):
    """The process was asked to end: leave the rest to the next run."""


@dataclass(frozen=True)
class Run:
    """A run under way. `now` is the worker's clock, used for waits only, never to order two sides (H33)."""

    lane: Lane
    calendar: Calendar
    log: RunLog
    now: Callable[[], datetime]
    digest: Digest
    install: str
    is_stopping: Callable[[], bool]

    def want_again(self) -> None:
        """Ask for another run: this one leaves something over."""
        with self.lane.writing() as session:
            want_run(session, self.lane.mailbox_id)

    def want_all(self) -> None:
        """Ask for a full run: what was read by id and what the delta told do not agree."""
        with self.lane.writing() as session:
            want_run(session, self.lane.mailbox_id, full=True)

    def go_on(self) -> None:
        """Called between requests; raises `Stopping` when the process should end."""
        if self.is_stopping():
            raise Stopping
