"""The two numbers that say how fast changes travel."""

from __future__ import annotations

import pytest

from webapp.domain.latency import latency


def test_without_a_change_there_is_nothing_to_say() -> None:
    assert latency([]) is None


@pytest.mark.parametrize(
    ("seconds", "p50", "p95"),
    [
        ([3.0], 3.0, 3.0),
        ([1.0, 2.0], 1.0, 2.0),
        (list(range(1, 101)), 50, 95),
        (list(range(100, 0, -1)), 50, 95),
        ([1.0] * 19 + [60.0], 1.0, 1.0),
        ([1.0] * 18 + [60.0, 60.0], 1.0, 60.0),
    ],
)
def test_half_and_nearly_all_are_within_the_two_numbers(seconds: list[float], p50: float, p95: float) -> None:
    made = latency(seconds)
    assert made is not None
    assert (made.count, made.p50, made.p95) == (len(seconds), p50, p95)


def test_a_clock_that_runs_ahead_makes_no_negative_time() -> None:
    made = latency([-0.4, 2.0])
    assert made is not None
    assert made.p50 == 0.0


def test_a_handful_is_needed_before_it_tells_anything() -> None:
    few, enough = latency([1.0] * 4), latency([1.0] * 5)
    assert few is not None and not few.is_telling
    assert enough is not None and enough.is_telling
