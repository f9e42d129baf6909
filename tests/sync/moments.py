"""Every moment at which a worker can die with a difference: just before a commit, and just before a request.

Between two of these nothing is written anywhere, so dying after one is dying before the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.sync.dying import Killed
from tests.tenant import RequestInfo
from webapp.database import Transactions


@dataclass
class Moments:
    """Counts moments while it `counts`; dies at number `fatal`."""

    passed: int = 0
    fatal: int | None = None
    counts: bool = False
    last: str = ""

    def start(self, fatal: int | None) -> None:
        """Count from now."""
        self.passed, self.fatal, self.counts = 0, fatal, True

    def stop(self) -> None:
        """Do not count any more."""
        self.counts = False

    def come(self, what: str) -> None:
        """A moment; raises `Killed` at the fatal one."""
        if not self.counts:
            return
        self.passed += 1
        self.last = what
        if self.passed == self.fatal:
            raise Killed(what)

    def on_request(self, phase: str, info: RequestInfo) -> None:
        """For the tenant's listeners."""
        if phase == "before":
            self.come(f"{info.method} {info.op}")


class MomentousTransactions(Transactions):
    """Transactions whose commits are moments."""

    def __init__(self, engine: Engine, moments: Moments) -> None:
        super().__init__(engine)
        self._moments = moments

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """As the real one."""
        with super().writing() as session:
            yield session
            self._moments.come("commit")
