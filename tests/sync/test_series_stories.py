"""A few random stories of series, each a seed; `script/soak --series` plays many more."""

from __future__ import annotations

import pytest

from tests.sync.series_stories import play


@pytest.mark.parametrize("seed", [3, 9, 11])
def test_a_random_story_of_series_ends_well(seed: int) -> None:
    """I1, I3, I4, I7: in both homes, with faults, deaths of the worker, and people on both sides."""
    verdict = play(seed, steps=20)
    assert not verdict.problems, verdict.trace
