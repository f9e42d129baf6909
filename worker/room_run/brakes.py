"""The brakes of a run: what is too much at once waits for a person, and what he decided is carried out (H70).

Nothing else of a room waits with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from webapp.domain.words import HoldActionState, HoldKind
from worker.room_run.context import Run
from worker.store import holds, records, rounds
from worker.store.holds import Held, HeldAction
from worker.store.items import Item
from worker.sync.guard import too_much
from worker.sync.plan import Apply, CancelHere, Keep, Plan, RemoveThere
from worker.sync.series import dates_moved
from worker.sync.values import values_to_json


@dataclass(frozen=True)
class Decision:
    """What to do about one item; `approved` names the hold in which a person decided it."""

    item: Item
    plan: Plan
    approved: HoldKind | None = None

    @property
    def key(self) -> str:
        """Its key in a hold."""
        return holds.key_of(self.item.reservation_id)


def is_cancel(decision: Decision) -> bool:
    """Whether it ends something: a reservation here, or an event of ours there."""
    return any(isinstance(action, CancelHere | RemoveThere) for action in decision.plan)


def is_retime(decision: Decision) -> bool:
    """Whether it moves a reservation here, which nobody here asked for. That the window rolled on moves no date of a
    series (H13)."""
    if decision.item.follows_wish:
        return False
    groups = frozenset[str]().union(*(action.groups for action in decision.plan if isinstance(action, Apply)))
    base, seen = decision.item.base, decision.item.observed
    if groups & {"time", "dates"} != {"dates"} or base is None or seen is None:
        return bool(groups & {"time", "dates"})
    return dates_moved(base.remote, seen.values, seen.window[0] if seen.window else None)


def writes_there(decision: Decision) -> bool:
    """Whether it removes an event of ours."""
    return any(isinstance(action, RemoveThere) for action in decision.plan)


_BRAKES: tuple[tuple[HoldKind, Callable[[Decision], bool]], ...] = (
    (HoldKind.MASS_CANCEL, is_cancel),
    (HoldKind.MASS_RETIME, is_retime),
)


def brake(run: Run, decided: list[Decision], undecided: set[str]) -> list[Decision]:
    """What may be carried out now. `undecided`: keys of what cannot be planned at this moment.

    What a hold keeps back stays back when its hour has passed: only a person, or an event that is found again,
    ends it. What he approved or rejected is what was shown; anything that became another waits anew.
    """
    kept_back = holds.held(run.lane, *(kind for kind, _ in _BRAKES))
    for kind, counts in _BRAKES:
        held = kept_back[kind]
        mine = [one for one in decided if counts(one)]
        if mine or held:
            others = [one for one in decided if not counts(one)]
            decided = others + _weigh(run, kind, mine, held, undecided)
    return decided


def _weigh(
    run: Run, kind: HoldKind, mine: list[Decision], held: dict[str, Held], undecided: set[str]
) -> list[Decision]:
    as_decided = [one for one in mine if one.key in held and held[one.key].is_decided(_as_action(one))]
    fresh = [one for one in mine if one not in as_decided]
    shown = {one.key for one in fresh} & held.keys()
    if fresh and (shown or too_much(len(fresh), records.tally(run.lane, run.now()))):
        waiting, go = fresh, []
    else:
        waiting, go = [], fresh
    _show(run, kind, waiting, stay=undecided | {one.key for one in as_decided})
    full = rounds.full_is_due(run.lane)
    return go + [done for one in as_decided if (done := _as_chosen(one, kind, held[one.key], full)) is not None]


def _as_chosen(decision: Decision, kind: HoldKind, held: Held, full_is_due: bool) -> Decision | None:
    """What a person decided of one action. A rejected cancel is believed missing only after a full run said so too; a
    rejected move is not made, and stays in its hold for as long as both sides differ."""
    if held.state is HoldActionState.APPROVED:
        return replace(decision, approved=kind)
    if kind is HoldKind.MASS_RETIME or full_is_due:
        return None
    return replace(decision, plan=(Keep("there" if writes_there(decision) else "here"),), approved=kind)


def _as_action(decision: Decision) -> HeldAction:
    item = decision.item
    base = values_to_json(item.base.remote) if item.base else None
    if writes_there(decision):
        return HeldAction(decision.key, "cancel_there", item.reservation_id, _seen(item), None, item.base_change_key)
    if is_retime(decision):
        return HeldAction(decision.key, "retime_here", item.reservation_id, base, _seen(item), item.base_change_key)
    return holds.cancel_here(item.reservation_id, base, item.base_change_key)


def _seen(item: Item) -> dict[str, object] | None:
    return values_to_json(item.observed.values) if item.observed else None


def _show(run: Run, kind: HoldKind, waiting: list[Decision], stay: set[str]) -> None:
    now, actions = run.now(), [_as_action(one) for one in waiting]
    with run.lane.writing() as session:
        if holds.follow(session, run.lane.room_id, kind, actions, now, stay=stay, count=len(waiting)):
            run.log.step(session, now, "none", "hold", reason=kind.value, count=len(waiting))
