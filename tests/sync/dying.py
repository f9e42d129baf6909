"""A worker that dies at a chosen commit, just before it or just after; and people who save between its commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from webapp.database import Transactions


class Killed(BaseException):
    """The process is gone: nothing in the product may catch this."""


class DyingTransactions(Transactions):
    """Transactions that count commits and die at the planned one."""

    @dataclass
    class Deaths:
        """When to die: at the n-th commit from now, before or after it."""

        left: int = 0
        before: bool = True

        def plan(self, commits: int, before: bool) -> None:
            """Die at that commit from now."""
            self.left, self.before = commits, before

        def spare(self) -> None:
            """Do not die any more."""
            self.left = 0

        def is_now(self) -> bool:
            """Count a commit; whether it is the last."""
            if self.left == 0:
                return False
            self.left -= 1
            return self.left == 0

    def __init__(
        self, engine: Engine, deaths: DyingTransactions.Deaths, between: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(engine)
        self._deaths, self._between = deaths, between

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """As the real one, but for the death, and for who comes in between."""
        self._between()
        die = False
        with super().writing() as session:
            yield session
            die = self._deaths.is_now()
            if die and self._deaths.before:
                raise Killed
        if die:
            raise Killed
