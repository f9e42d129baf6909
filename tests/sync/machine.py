"""A state machine over people, workers, faults and switches, on three rooms and in both homes.

Hypothesis chooses the rules and a seed for each world, the same ones each time; `script/soak` plays the same rules
from plain seeds, where one line replays a failure. After every quiescence both sides are judged (I1-I9).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.sync.harsh import Plan
from tests.sync.homes import BothHomes

SWITCHES: tuple[tuple[str, object], ...] = (
    ("honour_if_match", False),
    ("duplicate_transaction_status", 409),
    ("transaction_after_delete", "not_found"),
    ("transaction_after_delete", "duplicate"),
    ("patch_answers_empty", True),
    ("show_uid", False),
    ("ical_uid_per_occurrence", False),
    ("empty_first_page", True),
    ("trailing_empty_page", True),
    ("shuffle_delta", True),
    ("leak_internal_members", True),
    ("delta_updates_complete", False),
    ("attendee_copy_patchable", False),
    ("every_read_makes_a_generation", True),
)
"""What the facts leave open; each world has at most two of them other than they are likely to be."""

RULES = ("act", "act", "act", "trouble", "sync", "sync", "sync", "pass_time", "pass_time", "set_modes")


@dataclass
class Verdict:
    """How an example ended: problems, edits that only If-Match would have saved, and what people did."""

    problems: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    changes: int = 0
    writes: int = 0
    trace: list[str] = field(default_factory=list)


class Example:
    """One world and the switches it was given."""

    def __init__(self, draw: random.Random, seed: int = 0, plan: Plan | None = None) -> None:
        self.homes = BothHomes(seed, plan or Plan(), draw)
        self.without_if_match = False
        for name, value in draw.sample(SWITCHES, draw.randint(0, 2)):
            setattr(self.homes.world.tenant.switches, name, value)
            self.without_if_match |= name == "honour_if_match"
            self.homes.outcome.trace.append(f"switch {name} {value}")

    def judge(self) -> Verdict:
        """Bring everything to rest and judge it."""
        self.homes.settle()
        outcome = self.homes.outcome
        found = list(outcome.problems)
        if outcome.peak_twins > 1:
            found.append(f"{outcome.peak_twins} events stood for one reservation")
        lost = [one for one in found if one.startswith("lost ") and self.without_if_match]
        problems = [one for one in found if one not in lost]
        return Verdict(problems, lost, outcome.changes, outcome.writes, outcome.trace)

    def close(self) -> None:
        """Throw the world away."""
        self.homes.world.close()


def _plan(draw: random.Random, number: int) -> Plan:
    """How harsh an example is. Full runs heal what delta rounds miss, so some go without, and half of those with
    workers that often die; in half people save between commits, in some two ids differ in the case of a letter; in
    some people often change the very event that a worker writes, in some new events cannot be read for a while;
    in some owners change in Outlook what was made here for them."""
    full = draw.random() < 0.6
    kills = 0.06 if full or draw.random() < 0.5 else 0.5
    between, twin_ids = draw.choice([0, 0.04]), draw.random() < 0.3
    apart = random.Random(f"plan {number}")
    contested = 0.6 if apart.random() < 0.3 else 0
    unreadable = apart.choice([5, 30, 120]) if apart.random() < 0.3 else 0
    owners = 0.15 if apart.random() < 0.4 else 0
    return Plan(
        full=full,
        kills=kills,
        between=between,
        twin_ids=twin_ids,
        contested=contested,
        unreadable=unreadable,
        owners=owners,
    )


def play(number: int, steps: int, *, harsh: bool = False) -> Verdict:
    """One example from a plain seed."""
    draw = random.Random(number)
    example = Example(draw, number, _plan(draw, number) if harsh else None)
    try:
        for _ in range(steps):
            getattr(example.homes, draw.choice(RULES))()
        return example.judge()
    finally:
        example.close()


class Rooms(RuleBasedStateMachine):
    """The same rules, chosen and shrunk by Hypothesis."""

    example: Example | None = None

    @initialize(number=st.integers(0, 2**32 - 1))
    def begin(self, number: int) -> None:
        """A world with three rooms, two people, some settings and switches.

        It draws from a seed of its own: choices drawn one by one overran what an example may draw in a third of them.
        """
        self.example = Example(random.Random(number))

    @rule(many=st.integers(1, 3))
    def people_act(self, many: int) -> None:
        """People on both sides."""
        for _ in range(many):
            self._homes().act()

    @rule()
    def trouble(self) -> None:
        """Faults and lag from now on."""
        self._homes().trouble()

    @rule()
    def rooms_sync(self) -> None:
        """All rooms run; workers may die."""
        self._homes().sync()

    @rule()
    def time_passes(self) -> None:
        """The clock goes on."""
        self._homes().pass_time()

    @rule()
    def settings_change(self) -> None:
        """Somebody saves the settings page."""
        self._homes().set_modes()

    def _homes(self) -> BothHomes:
        assert self.example is not None, "begin() comes first"
        return self.example.homes

    def teardown(self) -> None:
        """Everything heals and is judged."""
        if self.example is None:
            return
        try:
            verdict = self.example.judge()
            assert not verdict.problems, "\n".join([*verdict.trace, *verdict.problems])
        finally:
            self.example.close()


def run_examples(part: int, examples: int, steps: int = 6) -> None:
    """Let Hypothesis play so many examples, the same ones each time; `part` names another set of them."""
    chosen = settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate],  # a failure tells its whole story; shrinking it takes minutes
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    stories = seed(part)(type(f"Rooms{part}", (Rooms,), {}))
    run_state_machine_as_test(stories, settings=chosen)
