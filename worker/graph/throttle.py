"""How hard Microsoft may be asked: two requests at a time for a mailbox, and none before a wait that was asked for.

Exchange allows an app four requests at once for a mailbox and counts what is sent during a wait
(docs/graph.md#throttling). Where many mailboxes of a connection are told to wait and none gets an answer, it is the
tenant that is throttled: then one request at a time asks whether that is over, and all others wait for its answer
(H67). One gate serves the whole process; every other process has its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from worker.sync.errors import Throttled, Trouble

IN_FLIGHT = 2
LONGEST_WAIT = 5.0
"""A worker never waits longer than this in a call; beyond it the caller is told to come back."""

MANY = 5
"""So many mailboxes told to wait, and no answer between them, close their connection."""


@dataclass
class _Lane:
    in_flight: int = 0
    not_before: float = 0.0


@dataclass
class _Connection:
    told_to_wait: set[str] = field(default_factory=set)
    """Mailboxes told to wait since one of this connection was last answered."""
    not_before: float = 0.0
    wait: float = 0.0
    is_asking: bool = False

    def is_closed(self) -> bool:
        """Whether so many wait that only one may ask."""
        return len(self.told_to_wait) >= MANY


class Gate:
    """Lets requests to mailboxes through. `now` and `pause` are a monotonic clock in seconds and its waiting.

    `of` names the connection that a mailbox is reached by.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Condition, float], object] = lambda condition, seconds: condition.wait(seconds),
    ) -> None:
        self._now = now
        self._pause = pause
        self._changed = threading.Condition()
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._connections: dict[str, _Connection] = {}

    @contextmanager
    def through(self, mailbox: str, of: str = "") -> Iterator[None]:
        """Pass while holding one of the mailbox's places; raises `Throttled` when that takes over 5 s."""
        self._enter(mailbox, of)
        try:
            yield
        finally:
            self._leave(mailbox, of)

    def closed_for(self, mailbox: str, seconds: float, of: str = "") -> None:
        """Microsoft asked for a wait; nothing passes for so long, and a shorter wait does not undo a longer one."""
        with self._changed:
            until = self._now() + seconds
            lane = self._lanes.setdefault((of, mailbox), _Lane())
            lane.not_before = max(lane.not_before, until)
            connection = self._connections.setdefault(of, _Connection())
            connection.told_to_wait.add(mailbox)
            connection.not_before, connection.wait = max(connection.not_before, until), seconds

    def answered(self, of: str = "") -> None:
        """A mailbox of this connection got an answer: whatever waits, waits for its own sake."""
        with self._changed:
            if self._connections.pop(of, None) is not None:
                self._changed.notify_all()

    def _enter(self, mailbox: str, of: str) -> None:
        with self._changed:
            give_up = self._now() + LONGEST_WAIT
            while (wait := max(self._wait(mailbox, of), of_all := self._wait_of_all(of))) > 0:
                left = give_up - self._now()
                if left <= 0 or wait > left:
                    trouble = Trouble(code="Waiting", operation="gate")
                    raise Throttled(trouble, wait_seconds=wait, of_all=of_all > 0)
                self._pause(self._changed, wait)
            self._lanes.setdefault((of, mailbox), _Lane()).in_flight += 1
            if of in self._connections:
                self._connections[of].is_asking = True

    def _wait(self, mailbox: str, of: str) -> float:
        """Seconds to look again after; 0 when the way is free. A full lane is looked at when one leaves."""
        lane = self._lanes.get((of, mailbox))
        if lane is None:
            return 0.0
        closed = lane.not_before - self._now()
        if closed > 0:
            return closed
        return 0.5 if lane.in_flight >= IN_FLIGHT else 0.0

    def _wait_of_all(self, of: str) -> float:
        """The same for the connection: while it is closed, one asks after each wait."""
        connection = self._connections.get(of)
        if connection is None or not connection.is_closed():
            return 0.0
        return connection.wait if connection.is_asking else max(0.0, connection.not_before - self._now())

    def _leave(self, mailbox: str, of: str) -> None:
        with self._changed:
            lane = self._lanes[of, mailbox]
            lane.in_flight -= 1
            if not lane.in_flight and lane.not_before <= self._now():
                del self._lanes[of, mailbox]
            if of in self._connections:
                self._connections[of].is_asking = False
            self._changed.notify_all()


GATE = Gate()
"""The gate of this process."""
