"""Sending what people here changed: one outbox row after the other, each from a fresh read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from webapp.domain.intervals import span_to_json
from webapp.domain.words import Choice, ConflictKind, HoldKind, OutboxKind, SyncState
from worker.room_run.context import Run
from worker.room_run.declining import send_decline
from worker.room_run.fresh import read_fresh
from worker.room_run.organizer.sending import send_task
from worker.room_run.outcomes import give_slot_up, is_tail, make, take_split_back, tell_disagreement
from worker.room_run.series_one_date import Later
from worker.room_run.series_push import is_about_series, push_new_series, push_series
from worker.room_run.slot import Slot, look_at_slot
from worker.room_run.stopped import ask, is_at_war, is_decided, keep, let_go, take_theirs
from worker.room_run.writing import send_delete, send_patch
from worker.store import effects, ending, holds, records, writes
from worker.store.holds import key_of
from worker.store.items import Item
from worker.store.splitting import Stage
from worker.store.still import MovedOn, check_saved
from worker.store.writes import Push, Write
from worker.sync.conflict import ours_yields
from worker.sync.errors import Refused, Unavailable
from worker.sync.link import Observation
from worker.sync.plan import (
    ABSENT,
    Apply,
    Bury,
    CancelHere,
    Disagree,
    MoveBase,
    Plan,
    RemoveThere,
    Send,
    Stop,
    reconcile,
)
from worker.sync.values import Values

SOON = timedelta(seconds=2)
ASK_FOR_ALL = 4
"""After so many reads that do not find a followed event, a full run decides."""

OFTEN = 8
RARELY = timedelta(minutes=30)
"""How long to wait between looks for an event that was not found so often already."""

MOST_CLEARING = 3
"""So often a slot is waited for that only ours will leave; two that change places would wait for ever."""

PATIENCE = 3
"""After this many items in a row without an answer the whole run waits."""


def push_all(run: Run) -> None:
    """Send every outbox row that may be sent. One that fails does not stop the others (H62)."""
    unanswered = 0
    for outbox_id, kind in writes.pushes(run.lane, run.now()):
        run.go_on()
        if kind is OutboxKind.DECLINE:
            send_decline(run, outbox_id)
            continue
        if kind is not OutboxKind.PUSH:
            send_task(run, outbox_id)
            continue
        push = writes.load_push(run.lane, outbox_id, run.now())
        if push is None:
            continue
        run.log.begin()
        if push.split is Stage.WAITS:
            _put_off(run, push, SOON if push.tries < MOST_CLEARING else None)
            continue
        try:
            _block_its_time(run, push)
            _push(run, push)
            unanswered = 0
        except Refused as error:
            if is_tail(push):
                take_split_back(run, push)
                continue
            _park(run, push, SyncState.FAILED, "refused", code=error.trouble.code, status=error.trouble.status)
        except Unavailable as error:
            unanswered += 1
            _put_off(run, push, timedelta(seconds=error.wait_seconds) if error.wait_seconds else None)
            if unanswered >= PATIENCE:
                raise
        except MovedOn:
            _put_off(run, push, SOON)
        except Later as error:
            _put_off(run, push, SOON if error.soon else None)


def _push(run: Run, push: Push) -> None:
    item = push.item
    if item is None:
        _push_new(run, push)
        return
    seen, remote = read_fresh(run, item)
    if remote is None:
        _put_off(run, push, RARELY if push.tries > OFTEN else None)
        if seen is None and push.tries == ASK_FOR_ALL:
            run.want_all()
        return
    plan = reconcile(item.base, push.local, remote, push.ours)
    if seen is not None and is_about_series(push, plan):
        push_series(run, push, item, seen, plan)
    else:
        _carry_out(run, push, item, seen, plan)


def _carry_out(run: Run, push: Push, item: Item, seen: Observation | None, plan: Plan) -> None:
    for action in plan:
        if isinstance(action, Disagree):
            tell_disagreement(run, push, action, seen)
        elif isinstance(action, Stop):
            _as_chosen(run, push, item, action.kind, seen)
            return
        elif isinstance(action, Apply):
            assert seen is not None, "only what was read can be applied"
            push = _apply(run, push, item, seen, action)
        elif isinstance(action, Send):
            assert seen is not None, "only what was read can be changed"
            _send(run, push, item, seen, action)
            return
        elif isinstance(action, RemoveThere):
            assert seen is not None, "only what was read can be removed"
            _remove(run, push, item, seen)
            return
        elif isinstance(action, CancelHere | Bury):
            _end(run, push, item)
            return
        elif isinstance(action, MoveBase) and seen is not None:
            with run.lane.writing() as session:
                effects.move_base(session, item, seen, run.now())
    let_go(run, push, SyncState.SYNCED)


def _block_its_time(run: Run, push: Push) -> None:
    """The time that was read in the room which it leaves is its time here as well, before it is sent."""
    if not push.blocks_elsewhen or not isinstance(push.local, Values):
        return
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        effects.block_time(session, push.reservation_id, push.local.time, run.now())


def _push_new(run: Run, push: Push) -> None:
    """No event yet: nothing to do for what is cancelled or over, else create it if the slot is free."""
    if push.split is Stage.FAILED and isinstance(push.local, Values):
        take_split_back(run, push)
        return
    if not push.ours or not isinstance(push.local, Values) or push.ended:
        let_go(run, push, None if push.local is ABSENT else SyncState.LOCAL)
        return
    if push.local.series is not None:
        push_new_series(run, push, push.local)
        return
    found = look_at_slot(run, push.times, push.public_id)
    if found.slot is Slot.CLEARING and push.tries < MOST_CLEARING:
        _put_off(run, push, SOON)
        return
    if found.slot is Slot.TAKEN and found.own is None:
        give_slot_up(run, push, push.local)
        return
    if make(run, push, push.local, found.own):
        let_go(run, push, SyncState.SYNCED)
        _look_after_create(run, push)


def _look_after_create(run: Run, push: Push) -> None:
    """Somebody may have booked between our look and our write, which nothing refuses (docs/graph.md#direct-write):
    the later of two yields (H51)."""
    found = look_at_slot(run, push.times, push.public_id)
    if found.slot is not Slot.TAKEN or found.own is None:
        return
    ours = (found.own.created, found.own.id)
    late = any(ours_yields(ours, (event.created, event.id)) for event in found.blockers)
    if late and isinstance(push.local, Values):
        give_slot_up(run, push, push.local)


def _send(run: Run, push: Push, item: Item, seen: Observation, action: Send) -> None:
    values = push.local
    assert isinstance(values, Values), "only values can be sent"
    if is_at_war(run, push):
        choice = ask(run, push, HoldKind.CHANGE_LOOP, seen)
        if choice is not Choice.SEND_OURS:
            if choice is Choice.TAKE_THEIRS:
                take_theirs(run, push, item, seen)
            return
        push = replace(push, decided=HoldKind.CHANGE_LOOP)
    groups = action.groups
    if "time" in groups:
        found = look_at_slot(run, push.times, push.public_id, besides=item.event_id)
        if found.slot is Slot.CLEARING and push.tries < MOST_CLEARING:
            _put_off(run, push, SOON)
            return
        if found.slot is Slot.TAKEN:
            _take_time_back(run, push, item, seen)
            return
    with run.lane.writing() as session:
        write = Write(push.reservation_id, push.revision, run.log.begin(), run.now())
        attempt = writes.new_patch(session, run.lane, write, item.event_id, groups, values, seen.etag)
    if send_patch(run, attempt, item.link_id, seen) is None:
        _put_off(run, push, SOON)
        return
    let_go(run, push, SyncState.SYNCED)


def _take_time_back(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """The new time is taken in Outlook: the reservation stays where its event is, and both times are kept."""
    assert isinstance(push.local, Values), "a time was to be sent"
    now = run.now()
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        records.disagree(
            session,
            run.lane.room_id,
            push.reservation_id,
            ConflictKind.TIME,
            "there",
            span_to_json(push.local.time),
            span_to_json(seen.values.time),
            now,
        )
        effects.keep_time_of_event(session, push.reservation_id, seen.values.time, now)
        run.log.step(session, now, "here", "conflict", push.reservation_id, "time_taken")
    _put_off(run, push, SOON)


def _remove(run: Run, push: Push, item: Item, seen: Observation) -> None:
    if push.decided is None and is_decided(run, push, HoldKind.EDITED_AND_CANCELLED):
        _as_chosen(run, push, item, HoldKind.EDITED_AND_CANCELLED, seen)  # it is not any more what was decided
        return
    with run.lane.writing() as session:
        write = Write(push.reservation_id, push.revision, run.log.begin(), run.now())
        attempt = writes.new_delete(session, run.lane, write, item.event_id, seen.etag)
    if send_delete(run, attempt, item.link_id, seen.etag):
        let_go(run, push, None)
    else:
        _put_off(run, push, SOON)


def _apply(run: Run, push: Push, item: Item, seen: Observation, action: Apply) -> Push:
    """Bring what changed there here, without losing what is still to be sent: the push, at its new revision."""
    now = run.now()
    with run.lane.writing() as session:
        revision = effects.follow_some(session, item, seen, action.groups, now)
        run.log.step(session, now, "here", "change", push.reservation_id, ",".join(sorted(action.groups)))
    return replace(push, revision=revision, saved=revision)


def _end(run: Run, push: Push, item: Item) -> None:
    now = run.now()
    with run.lane.writing() as session:
        ending.end_here(session, item, now)
        run.log.step(session, now, "here", "gone", push.reservation_id)
    let_go(run, push, None)


def _as_chosen(run: Run, push: Push, item: Item, kind: HoldKind, seen: Observation | None) -> None:
    """Cancelled on one side and changed on the other: as a person chose; held while nobody did (H76)."""
    choice = ask(run, push, kind, seen)
    push = replace(push, decided=kind)
    if choice is Choice.KEEP and seen is not None:
        keep(run, push, item, seen)
    elif choice is Choice.CANCEL_THERE and seen is not None:
        _remove(run, push, item, seen)
    elif choice is Choice.CREATE_AGAIN:
        _create_again(run, push, item)
    elif choice is Choice.CANCEL_HERE:
        _end(run, push, item)


def _create_again(run: Run, push: Push, item: Item) -> None:
    """A new event, by the next incarnation, if its slot is still free: else it waits for another one."""
    now, key = run.now(), key_of(push.reservation_id)
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        ending.bury(session, item.link_id, ending.GONE_THERE, now)
        holds.carried_out(session, run.lane.room_id, HoldKind.EDITED_AND_CANCELLED, key, now)
        records.end_dispute(session, push.reservation_id, "here", now)
    _push_new(run, replace(push, item=None))


def _park(run: Run, push: Push, state: SyncState, reason: str, **fields: object) -> None:
    now = run.now()
    with run.lane.writing() as session:
        writes.park(session, push, state, reason, fields)
        run.log.step(session, now, "none", "failed", push.reservation_id, reason)


def _put_off(run: Run, push: Push, wait: timedelta | None) -> None:
    with run.lane.writing() as session:
        writes.put_off(session, push, run.now(), wait)
