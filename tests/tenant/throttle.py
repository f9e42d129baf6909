"""Exchange's limits per app and mailbox: four requests at once, 10,000 in ten minutes."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from tests.tenant.errors import GraphError

WINDOW_SECONDS = 600


@dataclass
class Throttle:
    """Counts what is in flight and what was asked; off unless enabled."""

    enabled: bool = False
    concurrent: int = 4
    per_window: int = 10_000
    retry_after: int = 1
    peak: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    refused: int = 0
    _flying: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _asked: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, app: str, mailbox: str, now: float) -> tuple[str, str] | None:
        """Take a slot. Raises GraphError 429; refused requests count against the window too."""
        if not self.enabled:
            return None
        key = (app, mailbox)
        with self._lock:
            since, asked = self._asked.get(key, (now, 0))
            if now - since >= WINDOW_SECONDS:
                since, asked = now, 0
            self._asked[key] = (since, asked + 1)
            if asked >= self.per_window:
                self.refused += 1
                raise _too_many("RequestCount", max(1, int(since + WINDOW_SECONDS - now)))
            if self._flying[key] >= self.concurrent:
                self.refused += 1
                raise _too_many("MailboxConcurrency", self.retry_after)
            self._flying[key] += 1
            self.peak[key] = max(self.peak[key], self._flying[key])
        return key

    def leave(self, key: tuple[str, str] | None) -> None:
        """Give a slot back."""
        if key is not None:
            with self._lock:
                self._flying[key] -= 1

    def __getstate__(self) -> dict[str, object]:
        return {"enabled": self.enabled, "concurrent": self.concurrent, "per_window": self.per_window}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _too_many(limit: str, wait: int) -> GraphError:
    return GraphError(
        429, "ApplicationThrottled", f"Application is over its {limit} limit.", {"Retry-After": str(wait)}
    )
