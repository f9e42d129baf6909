"""Random stories over both homes, the first half (see `test_machine_more`); `script/soak` plays thousands."""

from __future__ import annotations

import pytest

from tests.sync import machine, planted

SEEDS = range(20, 40)
"""Stories of which the first few notice it: 24 does."""


@pytest.mark.parametrize("part", range(5))
def test_what_people_wanted_is_there_or_named_in_both_homes(part: int) -> None:
    """I1-I9, H53, H54, H57, H79, H80: with its other half 200 examples, each brought to rest and judged."""
    machine.run_examples(part, 20)


def test_a_seed_tells_the_same_story_twice() -> None:
    assert machine.play(7, 12).trace == machine.play(7, 12).trace


def test_importing_the_copy_of_an_unsettled_create_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """H80: planted, and found from a plain seed."""
    planted.copy_of_unsettled_create_imported(monkeypatch)
    assert any(machine.play(seed, 30).problems for seed in SEEDS)
