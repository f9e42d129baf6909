"""Random worlds: what people wanted is there afterwards, or is named; and planted mistakes are found.

A failure names its seed; `python -m tests.sync.harness SEED` replays it and tells the story.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sync import planted
from tests.sync.harness import play
from tests.sync.harsh import WORST, Plan

SEEDS = (*range(1000, 1012), 629)
"""With the worst ones 16 worlds, each with over 31 changes: 500 at least."""
TRIES = 40


@pytest.mark.parametrize("seed", SEEDS)
def test_what_people_wanted_is_there_or_named_whatever_happens(seed: int) -> None:
    """I1-I5, I7, H09, H35-H37, H40, H43: both sides agree, nothing is lost, doubled, revived; then it is quiet."""
    outcome = play(seed)
    assert not outcome.problems, _story(outcome.trace, outcome.problems, str(seed))
    assert outcome.peak_twins == 1, f"seed {seed}: {outcome.peak_twins} events stood for one reservation"
    assert outcome.changes >= 32


@pytest.mark.parametrize("seed", range(2000, 2003))
def test_a_create_that_is_hidden_and_forgotten_at_once_heals(seed: int) -> None:
    """H35, H38, H77: twins can arise then for a moment; in the end there is one event a reservation."""
    outcome = play(seed, WORST)
    assert not outcome.problems, _story(outcome.trace, outcome.problems, f"{seed} worst")


@pytest.mark.parametrize(
    ("plant", "plan"),
    [
        (planted.delta_link_stored_early, Plan(kills=0.5, faults=0, lag=0, forget=False, full=False)),
        (planted.posted_again_without_a_look, Plan(faults=0.8, lag=0, forget=True)),
        (planted.unknown_taken_for_absent, Plan(faults=0.5)),
        (planted.ids_compared_case_blind, Plan(twin_ids=True, faults=0, lag=0)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_planted_mistake_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same harness, with the mistake in the code, fails within a few seeds."""
    plant(monkeypatch)
    for seed in range(3000, 3000 + TRIES):
        try:
            outcome = play(seed, plan)
        except (AssertionError, LookupError):
            return
        if outcome.problems or outcome.peak_twins > 1:
            return
    pytest.fail(f"{TRIES} seeds did not notice {plant.__name__}")


def test_a_seed_tells_the_same_story_twice() -> None:
    """A replay is only worth something if it is the same run."""
    assert play(4000, Plan(steps=10)).trace == play(4000, Plan(steps=10)).trace


def _story(trace: list[str], problems: list[str], seed: str) -> str:
    lines = "\n".join(trace)
    return f"{lines}\nseed {seed}: {problems}\nreplay: python -m tests.sync.harness {seed}"
