"""Every moment at which a worker can die with a difference: just before a commit, and just before a request.

Between two of these nothing is written anywhere, so dying after one is dying before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.sync.dying import Killed
from tests.tenant import RequestInfo
from webapp.database import Transactions


@dataclass
class Moments:
    """Counts the moments inside of `counting`."""

    passed: int = 0
    _at_each: list[Callable[[int, str], None]] = field(default_factory=list)

    @contextmanager
    def counting(self, at_each: Callable[[int, str], None]) -> Iterator[None]:
        """Count from now, and call this with each moment's number and what was about to happen."""
        self.passed, self._at_each = 0, [at_each]
        try:
            yield
        finally:
            self._at_each = []

    def come(self, what: str) -> None:
        """A moment. What is done at it has none."""
        at_each, self._at_each = self._at_each, []
        for act in at_each:
            self.passed += 1
            act(self.passed, what)
        self._at_each = at_each

    def on_request(self, phase: str, info: RequestInfo) -> None:
        """For the tenant's listeners."""
        if phase == "before":
            self.come(f"{info.method} {info.op}")


def die_at(fatal: int) -> Callable[[int, str], None]:
    """For `counting`: the end of the worker at that moment."""

    def act(number: int, what: str) -> None:
        if number == fatal:
            raise Killed(what)

    return act


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
