"""The tenant's clocks: one that tests move, one that follows the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DEFAULT_START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until somebody advances it."""

    is_fake = True

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = start

    def now(self) -> datetime:
        """The tenant's present, aware UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the present forward; it never goes back."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        self._now += timedelta(seconds=seconds)

    def advance_to(self, moment: datetime) -> None:
        """Move the present to a moment, unless that is past already."""
        self._now = max(self._now, moment)


class RealClock:
    """The machine's clock, with an offset so that a harness can still jump ahead."""

    is_fake = False

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The tenant's present, aware UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Jump ahead of the machine's time by so many seconds."""
        self._offset += timedelta(seconds=seconds)
