"""Sending a series of the room's own calendar: one write after the other until what is there is what is wanted here.

Each write is planned from what both sides agreed on so far, so a run that dies goes on where it was. What Outlook
has in the end counts: its dates are read back and become those that block the room.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from webapp.domain.intervals import span_to_json
from webapp.domain.recurrence import Series
from webapp.domain.words import Choice, ConflictKind, HoldKind, SyncState
from worker.room_run.context import Run
from worker.room_run.fresh import read_fresh
from worker.room_run.outcomes import give_slot_up, is_tail, make, take_split_back, tell_disagreement
from worker.room_run.series_one_date import Later, change_one
from worker.room_run.series_writing import send_all
from worker.room_run.series_yielding import check_slots, yield_later_dates
from worker.room_run.stopped import ask, is_at_war, let_go, take_theirs
from worker.room_run.writing import tell_withdrawn
from worker.store import effects, records, series_out, writes
from worker.store.items import Item
from worker.store.still import check_saved
from worker.store.writes import Push
from worker.sync.link import Observation
from worker.sync.plan import Base, Bury, CancelHere, Disagree, Plan, RemoveThere, Send, Stop
from worker.sync.series_plan import (
    END,
    RULE,
    CancelDate,
    ChangeAll,
    Step,
    has_rule,
    next_step,
    still_as_before,
)
from worker.sync.values import REMOTE_GROUPS, Values, changed

LAGGING = timedelta(seconds=60)
"""So long after our own write a series that denies it is taken for a read that lags."""


def is_about_series(push: Push, plan: Plan) -> bool:
    """Whether a series is to be brought to what is wanted here: both sides live, and nobody has to be asked."""
    is_series = isinstance(push.local, Values) and push.local.series is not None
    return is_series and not any(isinstance(one, Stop | RemoveThere | CancelHere | Bury) for one in plan)


def push_series(run: Run, push: Push, item: Item, seen: Observation, plan: Plan) -> None:
    """Send what was changed here of a series that was just read with its dates."""
    for action in plan:
        if isinstance(action, Disagree):
            tell_disagreement(run, push, action, seen)
    if any(isinstance(action, Send) for action in plan) and is_at_war(run, push):
        choice = ask(run, push, HoldKind.CHANGE_LOOP, seen)
        if choice is not Choice.SEND_OURS:
            if choice is Choice.TAKE_THEIRS:
                take_theirs(run, push, item, seen)
            return
        push = replace(push, decided=HoldKind.CHANGE_LOOP)
    _send(run, push, item, seen)
    let_go(run, push, SyncState.SYNCED)


def push_new_series(run: Run, push: Push, values: Values) -> None:
    """One event for the whole series; dates that do not take place, or differ, follow by writes of their own."""
    found = check_slots(run, push)
    if found.taken and found.own is None and is_tail(push):
        take_split_back(run, push)
    elif found.taken and found.own is None:
        give_slot_up(run, push, values)
    elif make(run, push, values, found.own):
        made = writes.load_push(run.lane, push.outbox_id, run.now())
        if made is None or made.item is None:
            raise Later
        yield_later_dates(run, made, made.item)
        _send(run, made, made.item, _read_again(run, made.item))
        let_go(run, made, SyncState.SYNCED)


def _send(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """Bring a series that was just read to what is wanted here, and take over what it is then.

    Raises `Later`, and what refuses it.
    """
    if not seen.is_series:
        _is_no_series(run, push, seen)
    told = series_out.told_series(run.lane, seen)
    _tell_lost(run, push, item, told)
    while (step := _send_next(run, push, item, seen, told)) is not None:
        fresh = writes.load_push(run.lane, push.outbox_id, run.now())
        if fresh is None or fresh.item is None:
            raise Later
        push, item = fresh, fresh.item
        if isinstance(step, ChangeAll):
            seen = _read_again(run, item)
            told = series_out.told_series(run.lane, seen)
            _tell_lost(run, push, item, told)
        elif isinstance(step, CancelDate) and told is not None:
            told = replace(told, cancelled=told.cancelled | {step.original})
    assert item.base is not None, "only a followed series is sent"
    if item.base.remote.dates is None or item.series_stale or changed(item.base.remote, seen.values, REMOTE_GROUPS):
        _take_over(run, push, item, _read_again(run, item) if item.series_stale else seen)


def _read_again(run: Run, item: Item) -> Observation:
    seen, remote = read_fresh(run, item)
    if seen is None or not isinstance(remote, Values):
        raise Later(soon=False)
    return seen


def _is_no_series(run: Run, push: Push, seen: Observation) -> None:
    """It was changed here, and is no series any more there: that stands, and what was wanted is kept."""
    assert isinstance(push.local, Values), "only values are sent"
    here, there, now = span_to_json(push.local.time), span_to_json(seen.values.time), run.now()
    with run.lane.writing() as session:
        room_id, kind = run.lane.room_id, ConflictKind.TIME
        records.disagree(session, room_id, push.reservation_id, kind, "there", here, there, now)
        run.log.step(session, now, "here", "conflict", push.reservation_id, kind.value)


def _send_next(run: Run, push: Push, item: Item, seen: Observation, told: Series | None) -> Step | None:
    """Send what is next of a series that was read with its dates; None when nothing is left."""
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    if not seen.is_series:
        return None
    step = next_step(item.base.local, push.local, told)
    if isinstance(step, ChangeAll):
        if told is not None and not step.groups.isdisjoint((RULE, END)):
            _heed_unseen(run, push, item, told)
        _change_all(run, push, item, seen, step)
    elif step is not None:
        change_one(run, push, item, seen, step)
    return step


def _heed_unseen(run: Run, push: Push, item: Item, told: Series) -> None:
    """What somebody did in Outlook to single dates since both sides agreed, before the whole is changed: a date that
    he called off stays so, and one that he changed loses to ours and is told."""
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    known, wanted, now = item.base.local.series, push.local.series, run.now()
    if known is None or wanted is None:
        return
    cancels = series_out.unseen_cancels(known, told, wanted)
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        if series_out.record_overruled(session, run.lane, push.reservation_id, known, told, wanted, now):
            run.log.step(session, now, "none", "conflict", push.reservation_id, "dates_lost")
        for day in cancels:
            series_out.follow_cancel(session, run.lane, item.link_id, day, known, now)
    if cancels:
        raise Later


def _take_over(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """What Outlook has now is what is here; raises `Later` while a read may lag what we wrote."""
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    fresh = item.written_at is not None and run.now() - item.written_at < LAGGING
    if fresh and push.local.series is not None and still_as_before(item.base.remote, seen.values, push.local.series):
        raise Later(soon=False)
    now = run.now()
    with run.lane.writing() as session:
        followed = effects.follow(session, run.lane, item, seen, now)
        tell_withdrawn(run, session, followed.withdrawn)


def _tell_lost(run: Run, push: Push, item: Item, told: Series | None) -> None:
    """What our own change of the whole cost single dates (H24), once its dates are read again."""
    assert item.base is not None, "only a followed series is sent"
    agreed = item.base.local.series
    if item.base.remote.dates is not None or agreed is None or told is None:
        return
    now = run.now()
    with run.lane.writing() as session:
        if series_out.record_lost(session, run.lane, push.reservation_id, agreed, told, now):
            run.log.step(session, now, "none", "conflict", push.reservation_id, "dates_lost")


def _change_all(run: Run, push: Push, item: Item, seen: Observation, step: ChangeAll) -> None:
    assert item.base is not None, "only a followed series is sent"
    if not step.groups.isdisjoint((RULE, END)):
        _tell_rule_conflict(run, push, item, seen)
        check_slots(run, push, item.event_id)
    if not send_all(run, push, item, seen, step):
        raise Later


def _tell_rule_conflict(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """The rule was changed on both sides: ours stands, as the room organizes; both are kept."""
    assert item.base is not None and isinstance(push.local, Values), "only a followed series is sent"
    if not _has_other_rule(item.base, seen):
        return
    now = run.now()
    here, there = span_to_json(push.local.time), span_to_json(seen.values.time)
    with run.lane.writing() as session:
        room_id, kind = run.lane.room_id, ConflictKind.TIME
        records.disagree(session, room_id, push.reservation_id, kind, "here", here, there, now)
        run.log.step(session, now, "none", "conflict", push.reservation_id, kind.value)


def _has_other_rule(base: Base, seen: Observation) -> bool:
    """Whether somebody changed the rule in Outlook since both sides agreed; where its dates were not read since our
    last write, what was agreed here is what it is compared with."""
    if base.remote.dates is not None:
        return bool(changed(base.remote, seen.values, ("rule",)))
    agreed = base.local.series
    return agreed is not None and not has_rule(seen.values, agreed.rule)
