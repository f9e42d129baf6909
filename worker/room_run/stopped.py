"""What both sides changed against each other: neither is written, and a person decides (H48, H76)."""

from __future__ import annotations

from dataclasses import replace

from webapp.domain.words import Choice, HoldActionState, HoldKind, SyncState
from worker.room_run.context import Run
from worker.room_run.writing import tell_withdrawn
from worker.store import effects, holds, moving, records, splitting, writes
from worker.store.holds import HeldAction, key_of
from worker.store.items import Item
from worker.store.loops import is_a_war
from worker.store.writes import Push
from worker.sync.link import Observation
from worker.sync.plan import ABSENT
from worker.sync.values import Values, values_to_json


def ask(run: Run, push: Push, kind: HoldKind, seen: Observation | None) -> Choice | None:
    """What a person chose for exactly this, as it was just read; while nobody did, the row stops and is shown."""
    action = _held_back(push, kind, seen)
    choice = holds.decision(run.lane, kind, action)
    if choice is None:
        now = run.now()
        with run.lane.writing() as session:
            holds.add(session, run.lane.room_id, kind, action, now)
            writes.park(session, push, SyncState.HELD, kind.value, {})
            run.log.step(session, now, "none", "hold", push.reservation_id, kind.value)
    return choice


def is_decided(run: Run, push: Push, kind: HoldKind) -> bool:
    """Whether a person chose something for this reservation, be it still as it was shown or not."""
    row = holds.held(run.lane, kind)[kind].get(key_of(push.reservation_id))
    return row is not None and row.state is not HoldActionState.OPEN


def is_at_war(run: Run, push: Push) -> bool:
    """Whether another product takes back what we write, or did when a person was asked about it."""
    return is_a_war(run.lane, push.reservation_id, run.now()) or is_decided(run, push, HoldKind.CHANGE_LOOP)


def let_go(run: Run, push: Push, state: SyncState | None) -> None:
    """The reservation is planned to the end: its holds are over, and what its two sides disputed is settled."""
    kinds = [HoldKind.EDITED_AND_CANCELLED, HoldKind.CHANGE_LOOP]
    now, room_id = run.now(), run.lane.room_id
    with run.lane.writing() as session:
        if push.cancelled or (state is not None and not moving.was_refused(session, push.reservation_id)):
            kinds.append(HoldKind.SLOT_TAKEN)
        writes.clear(session, push, state)
        splitting.is_there(session, push.reservation_id)
        if push.decided is not None:
            holds.carried_out(session, room_id, push.decided, key_of(push.reservation_id), now)
        holds.release(session, room_id, tuple(kinds), push.reservation_id, now)
        records.end_dispute(session, push.reservation_id, "here" if state is SyncState.SYNCED else "there", now)


def keep(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """An event that was changed there and cancelled here stays."""
    now = run.now()
    with run.lane.writing() as session:
        effects.keep_event(session, run.lane, item, seen, now)
        run.log.step(session, now, "here", "keep", push.reservation_id, "approved")
    let_go(run, push, SyncState.SYNCED)


def take_theirs(run: Run, push: Push, item: Item, seen: Observation) -> None:
    """What another product writes over and over stands, here as well."""
    now = run.now()
    with run.lane.writing() as session:
        told = effects.follow(session, run.lane, item, seen, now)
        run.log.step(session, now, "here", "change", push.reservation_id, "approved")
        tell_withdrawn(run, session, told.withdrawn)
    let_go(run, replace(push, decided=HoldKind.CHANGE_LOOP), SyncState.SYNCED)


def _held_back(push: Push, kind: HoldKind, seen: Observation | None) -> HeldAction:
    wanted = "change_there" if kind is HoldKind.CHANGE_LOOP else "create_again"
    return HeldAction(
        key=key_of(push.reservation_id),
        action="cancel_there" if push.local is ABSENT else wanted,
        reservation_id=push.reservation_id,
        before=values_to_json(seen.values) if seen is not None else None,
        after=values_to_json(push.local) if isinstance(push.local, Values) else None,
        base_etag=push.item.base_change_key if push.item is not None else "",
    )
