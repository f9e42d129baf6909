"""What every part of a run is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.outbox import want_run
from worker.store.claims import Lane
from worker.store.records import RunLog
from worker.store.writes import asked_for_at
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

    def wrote(
        self, session: Session, action: str, reservation_id: int | None, reason: str = "", **extra: Any
    ) -> None:
        """Write down a write that was just made: the id by which Microsoft knows the request, and for how many
        seconds it had been asked for. To be called before its row of the outbox is cleared."""
        status, request_id = self.calendar.written
        asked_at = asked_for_at(session, reservation_id)
        if asked_at is not None:
            extra["waited"] = round((self.now() - asked_at).total_seconds(), 1)
        self.log.step(
            session,
            self.now(),
            "there",
            action,
            reservation_id,
            reason,
            status=status,
            request_id=request_id[:64],
            **extra,
        )

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
