"""Steps that a person ticked because they cannot be seen from here: kept in the browser's session, a list a guide."""

from __future__ import annotations

from flask import session

from webapp.domain.setup_steps import STEPS

_KEY = "setup_guide_ticks"
_GUIDES = 5
"""Of so many guides, those used last, ticks are kept: a cookie holds little."""


def ticked(guide: str) -> frozenset[int]:
    """The steps that were ticked in a guide, named as in its address."""
    return frozenset(session.get(_KEY, {}).get(guide, ()))


def set_tick(guide: str, step: int, on: bool) -> None:
    """Tick a step, or take the tick away; a number that is no step changes nothing."""
    if step not in STEPS:
        return
    others = {name: steps for name, steps in session.get(_KEY, {}).items() if name != guide}
    kept = dict(list(others.items())[1 - _GUIDES :])
    session[_KEY] = {**kept, guide: sorted(ticked(guide) | {step} if on else ticked(guide) - {step})}
