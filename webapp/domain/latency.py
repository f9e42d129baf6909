"""How long changes take, as two numbers that people compare: the usual time, and the one that nearly all keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FEW = 5
"""Below this, percentiles would say more than is known."""


@dataclass(frozen=True)
class Latency:
    """Of `count` changes half took no more than `p50` seconds, and 95 of 100 no more than `p95`."""

    count: int
    p50: float
    p95: float

    @property
    def is_telling(self) -> bool:
        """Whether there are enough of them."""
        return self.count >= FEW


def latency(seconds: Sequence[float]) -> Latency | None:
    """None without a change. Two clocks are compared: what seems to arrive before it was sent took no time."""
    if not seconds:
        return None
    ordered = sorted(max(0.0, one) for one in seconds)
    return Latency(len(ordered), _at(ordered, 50), _at(ordered, 95))


def _at(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    place = -(-len(ordered) * percent // 100)
    return ordered[max(1, place) - 1]
