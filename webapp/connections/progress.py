"""A check as it is shown: its steps in order, what moves, and how it ended in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.domain.check_codes import Step as CheckStep
from webapp.domain.words import CheckState
from webapp.models import ConnectionCheck
from webapp.words import Words, words_for

STEPS = tuple(step.value for step in CheckStep)
"""The steps every check takes, in order; those that the worker has not written yet are shown as still to come."""


@dataclass(frozen=True)
class Step:
    """`state` is done, now, stopped or waiting."""

    key: str
    state: str
    seconds: float | None
    fields: dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """`at_rest`: nothing moves any more, so the page stops asking. `words`: only for what failed or waits."""

    steps: list[Step]
    at_rest: bool
    confirmed: bool
    failed: bool
    retrying: bool
    poll_seconds: int
    words: Words | None
    seconds: float | None

    @property
    def stopped_at(self) -> str | None:
        """The key of the step that stopped."""
        return next((step.key for step in self.steps if step.state == "stopped"), None)


def _steps(check: ConnectionCheck) -> list[Step]:
    written = {step["key"]: step for step in check.steps}
    keys = [*STEPS, *(key for key in written if key not in STEPS)]
    return [
        Step(
            key,
            written.get(key, {}).get("state", "waiting"),
            written.get(key, {}).get("seconds"),
            written.get(key, {}).get("fields") or {},
        )
        for key in keys
    ]


def _words(check: ConnectionCheck) -> Words | None:
    """A check that failed without a cause was overtaken by a newer one."""
    if check.code:
        return words_for(check.code, check.fields)
    return words_for("check_overtaken") if check.state is CheckState.FAILED else None


def as_shown(check: ConnectionCheck, now: datetime) -> Shown:
    """What a page says of a check at `now`."""
    at_rest = check.state in (CheckState.CONFIRMED, CheckState.FAILED)
    retrying = not at_rest and check.next_try_at is not None and check.next_try_at > now
    return Shown(
        steps=_steps(check),
        at_rest=at_rest,
        confirmed=check.state is CheckState.CONFIRMED,
        failed=check.state is CheckState.FAILED,
        retrying=retrying,
        poll_seconds=10 if retrying else 1,
        words=_words(check),
        seconds=(check.finished_at - check.requested_at).total_seconds() if check.finished_at else None,
    )
