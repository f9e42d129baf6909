"""From observations to effects: decide every dirty item, brake what is too much, carry out the rest."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.domain.words import HoldKind, LinkState
from webapp.models import Link
from webapp.reservations.rows import lock_room
from worker.room_run.brakes import Decision, brake, is_retime, writes_there
from worker.room_run.context import Run
from worker.room_run.own import own_event
from worker.room_run.refresh import refresh
from worker.room_run.writing import send_delete, tell_withdrawn
from worker.store import effects, ending, holds, items, writes
from worker.store.claims import LaneLost
from worker.store.effects import Told
from worker.store.holds import HeldAction, key_of
from worker.store.invited_again import ask_whether_invited
from worker.store.items import Item
from worker.store.series import rule_trouble
from worker.store.still import MovedOn
from worker.store.strangers import is_copy_of_unsettled_create
from worker.store.writes import Write
from worker.sync.link import Observation
from worker.sync.plan import (
    ABSENT,
    UNKNOWN,
    Apply,
    Bury,
    CancelHere,
    Import,
    Keep,
    MoveBase,
    Send,
    Side,
    Stop,
    reconcile,
)
from worker.sync.recognise import our_mark
from worker.sync.values import values_to_json

log = logging.getLogger(__name__)

IN_ONE_COMMIT = 200
ROUNDS = 4
"""Carrying out a plan can make another item decidable; it never takes more rounds than this."""


def plan_and_apply(run: Run) -> None:
    """Decide and carry out until nothing more can be decided now."""
    for _ in range(ROUNDS):
        ids = items.dirty(run.lane)
        if not ids:
            break
        run.log.begin()
        refresh(run, [item for item in _load(run, ids) if not item.waits_for_push])
        dirty = _load(run, ids)
        decided = [d for item in dirty if (d := _decide(run, item)) is not None]
        undecided = {key_of(item.reservation_id) for item in dirty} - {one.key for one in decided}
        decided = brake(run, decided, undecided)
        _carry_out_here(run, [one for one in decided if not writes_there(one)])
        _carry_out_there(run, [one for one in decided if writes_there(one)])
        if not decided:
            break


def _load(run: Run, ids: list[int]) -> list[Item]:
    with run.lane.reading() as session:
        return items.load(session, ids)


def _decide(run: Run, item: Item) -> Decision | None:
    """The plan of one item, or None where nothing can be decided from what is known."""
    if item.waits_for_push or item.series_stale or item.must_confirm:
        return None
    remote = _remote_side(item)
    if remote is UNKNOWN:
        return None
    if item.reservation_id is None:
        return _decide_new(run, item, remote)
    plan = reconcile(item.base, item.local, remote, item.ours, item.leaving)
    if item.parked and not all(isinstance(action, Bury | MoveBase | Stop) for action in plan):
        return None
    return Decision(item, plan)


def _decide_new(run: Run, item: Item, remote: Side) -> Decision | None:
    if remote is ABSENT or (item.is_series and item.observed and not item.observed.values.dates):
        return Decision(item, (Bury(),) if item.gone_confirmed else ())
    assert item.observed is not None, "a known side was observed"
    mark = our_mark(run.install, item.observed.transaction_id, item.observed.tag)
    if mark is not None and not own_event(run, item, item.observed, mark):
        return None
    if is_copy_of_unsettled_create(run.lane, item.observed):
        return None
    return Decision(item, (Import(),))


def _remote_side(item: Item) -> Side:
    if item.gone:
        return ABSENT if item.gone_confirmed else UNKNOWN
    if item.observed is None:
        return UNKNOWN
    return item.observed.values if item.observed.live else ABSENT


def _carry_out_here(run: Run, decided: list[Decision]) -> None:
    """Local effects, in parts of at most 200 items a commit; a part that fails is done item by item."""
    decided = sorted(decided, key=_order_of_shared_rows)
    for start in range(0, len(decided), IN_ONE_COMMIT):
        run.go_on()
        part = decided[start : start + IN_ONE_COMMIT]
        try:
            _commit_part(run, part)
        except (LaneLost, DBAPIError):
            raise
        except Exception:
            log.exception("part failed mailbox=%s items=%s", run.lane.mailbox_id, len(part))
            for decision in part:
                _alone(run, decision)


def _order_of_shared_rows(decision: Decision) -> tuple[str, str]:
    """Rooms that run side by side write the same people and meetings: in one order, so that none waits in a ring."""
    seen = decision.item.observed
    status = seen.values.status if seen is not None else None
    return status.organizer_address.lower() if status else "", seen.ical_uid if seen else ""


def _commit_part(run: Run, part: list[Decision]) -> None:
    with run.lane.writing() as session:
        lock_room(session, run.lane.room_id)
        for decision in part:
            try:
                _do(run, session, decision)
                _tell_hold(run, session, decision)
            except MovedOn:
                continue


def _alone(run: Run, decision: Decision) -> None:
    """One item that always fails is set aside and stops no other (H62)."""
    try:
        _commit_part(run, [decision])
    except (LaneLost, DBAPIError):
        raise
    except Exception as error:
        now = run.now()
        with run.lane.writing() as session:
            link = session.get_one(Link, decision.item.link_id)
            link.state, link.dirty, link.reason = LinkState.QUARANTINED, False, type(error).__name__
            run.log.step(session, now, "none", "quarantine", decision.item.reservation_id, type(error).__name__)


def _do(run: Run, session: Session, decision: Decision) -> None:
    item, now = decision.item, run.now()
    by = "approved_" if decision.approved else ""  # what a person approved the brakes do not count
    if session.get(Link, item.link_id) is None:
        raise MovedOn
    if not decision.plan:
        effects.clean(session, item)
        ask_whether_invited(session, item, now)
    for action in decision.plan:
        if isinstance(action, Import):
            told = effects.take_in(session, run.lane, item.link_id, _seen(item), now)
            side, done = ("here", "import") if item.reservation_id is None else ("none", "compared")
            run.log.step(session, now, side, done, told.reservation_id)
            _tell_rule(run, session, item, told.reservation_id)
            tell_withdrawn(run, session, told.withdrawn)
        elif isinstance(action, Apply):
            told = _follow(run, session, decision, action)
            done = f"{by}retime" if is_retime(decision) else "change"
            run.log.step(session, now, "here", done, item.reservation_id, ",".join(sorted(action.groups)))
            _tell_rule(run, session, item, told.reservation_id)
            tell_withdrawn(run, session, told.withdrawn)
        elif isinstance(action, CancelHere):
            ended = ending.end_here(session, item, now)
            run.log.step(session, now, "here", f"{by}cancel" if ended else "unlink", item.reservation_id)
        elif isinstance(action, Keep):
            ending.keep(session, run.lane, item, action.side, now)
            run.log.step(session, now, "none", "keep", item.reservation_id, f"rejected_{action.side}")
        elif isinstance(action, MoveBase):
            effects.move_base(session, item, _seen(item), now)
        elif isinstance(action, Bury):
            ending.bury(session, item.link_id, ending.GONE_THERE, now)
            writes.forget(session, item.reservation_id)
        elif isinstance(action, Stop):
            _hold_one(run, session, item, action.kind)


def _follow(run: Run, session: Session, decision: Decision, action: Apply) -> Told:
    """What is to be sent as well is a change made here: the rest of the event does not overwrite it."""
    item, now = decision.item, run.now()
    if any(isinstance(other, Send) for other in decision.plan):
        return effects.follow_beside(session, run.lane, item, _seen(item), action.groups, now)
    return effects.follow(session, run.lane, item, _seen(item), now)


def _tell_rule(run: Run, session: Session, item: Item, reservation_id: int) -> None:
    """A rule that cannot be read, or that its dates do not fit, is never passed over in silence."""
    trouble = rule_trouble(session, reservation_id) if item.is_series else None
    if trouble is not None:
        code, fields = trouble
        run.log.step(session, run.now(), "none", "rule_aside", reservation_id, code, **fields)


def _tell_hold(run: Run, session: Session, decision: Decision) -> None:
    if decision.approved is not None:
        holds.carried_out(session, run.lane.room_id, decision.approved, decision.key, run.now())


def _hold_one(run: Run, session: Session, item: Item, kind: HoldKind) -> None:
    action = HeldAction(
        key=key_of(item.reservation_id),
        action="cancel_there",
        reservation_id=item.reservation_id,
        before=values_to_json(_seen(item).values),
        base_etag=item.base_change_key,
    )
    holds.add(session, run.lane.room_id, kind, action, run.now())
    effects.clean(session, item)


def _seen(item: Item) -> Observation:
    assert item.observed is not None, "only what was observed is carried out"
    return item.observed


def _carry_out_there(run: Run, decided: list[Decision]) -> None:
    """Withdraw our own events that lost their slot or that nobody wants any more."""
    for decision in decided:
        if remove_there(run, decision.item, "approved_withdrawn" if decision.approved else "withdrawn"):
            with run.lane.writing() as session:
                _tell_hold(run, session, decision)


def remove_there(run: Run, item: Item, action: str) -> bool:
    """DELETE an event of ours, as an attempt, conditional on what was seen of it."""
    assert item.reservation_id is not None, "ours always stands for a reservation"
    with run.lane.writing() as session:
        write = Write(item.reservation_id, item.revision, run.log.begin(), run.now())
        attempt = writes.new_delete(session, run.lane, write, item.event_id, _seen(item).etag)
    return send_delete(run, attempt, item.link_id, _seen(item).etag, action)
