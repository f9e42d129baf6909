"""How hard one mailbox may be asked: two requests at a time, and none before a wait that Microsoft asked for.

Exchange allows an app four requests at once for a mailbox and counts what is sent during a wait
(docs/graph.md#throttling). One gate serves the whole process; every other process has its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from worker.sync.errors import Throttled, Trouble

IN_FLIGHT = 2
LONGEST_WAIT = 5.0
"""A worker never waits longer than this in a call; beyond it the caller is told to come back."""


@dataclass
class _Lane:
    in_flight: int = 0
    not_before: float = 0.0


class Gate:
    """Lets requests to mailboxes through. `now` and `pause` are a monotonic clock in seconds and its waiting."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Condition, float], object] = lambda condition, seconds: condition.wait(seconds),
    ) -> None:
        self._now = now
        self._pause = pause
        self._changed = threading.Condition()
        self._lanes: dict[str, _Lane] = {}

    @contextmanager
    def through(self, mailbox: str) -> Iterator[None]:
        """Pass while holding one of the mailbox's places; raises `Throttled` when that takes over 5 s."""
        self._enter(mailbox)
        try:
            yield
        finally:
            self._leave(mailbox)

    def closed_for(self, mailbox: str, seconds: float) -> None:
        """Microsoft asked for a wait; nothing passes for so long, and a shorter wait does not undo a longer one."""
        with self._changed:
            lane = self._lanes.setdefault(mailbox, _Lane())
            lane.not_before = max(lane.not_before, self._now() + seconds)

    def _enter(self, mailbox: str) -> None:
        with self._changed:
            give_up = self._now() + LONGEST_WAIT
            while (wait := self._wait(mailbox)) > 0:
                left = give_up - self._now()
                if left <= 0 or wait > left:
                    raise Throttled(Trouble(code="Waiting", operation="gate"), wait_seconds=wait)
                self._pause(self._changed, wait)
            self._lanes.setdefault(mailbox, _Lane()).in_flight += 1

    def _wait(self, mailbox: str) -> float:
        """Seconds to look again after; 0 when the way is free. A full lane is looked at when one leaves."""
        lane = self._lanes.get(mailbox)
        if lane is None:
            return 0.0
        closed = lane.not_before - self._now()
        if closed > 0:
            return closed
        return 0.5 if lane.in_flight >= IN_FLIGHT else 0.0

    def _leave(self, mailbox: str) -> None:
        with self._changed:
            lane = self._lanes[mailbox]
            lane.in_flight -= 1
            if not lane.in_flight and lane.not_before <= self._now():
                del self._lanes[mailbox]
            self._changed.notify_all()


GATE = Gate()
"""The gate of this process."""
