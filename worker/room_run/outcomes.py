"""What comes of a push in either shape, of a single meeting or of a series: made, slot given up, both values kept."""

from __future__ import annotations

from webapp.domain.words import HoldKind
from worker.room_run.context import Run
from worker.room_run.writing import bind, send_create
from worker.store import records, splits_undone, writes, yielding
from worker.store.splitting import Stage
from worker.store.still import check_saved
from worker.store.writes import Push, Write
from worker.sync.event import Event
from worker.sync.link import Observation, observe
from worker.sync.plan import Disagree
from worker.sync.values import Values, values_to_json


def make(run: Run, push: Push, values: Values, own: Event | None) -> bool:
    """Create the event, or adopt the one that is there already; whether it is bound."""
    with run.lane.writing() as session:
        write = Write(push.reservation_id, push.revision, run.log.begin(), run.now())
        attempt = writes.new_create(session, run.lane, write, push.public_id, values)
    if own is not None:
        return bind(run, attempt, own.id, observe(own, run.digest), "adopt")
    return send_create(run, attempt)


def give_slot_up(run: Run, push: Push, values: Values) -> None:
    """Its slot is taken in Outlook: it is Held, and waits for a person."""
    now = run.now()
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        yielding.give_up_slot(session, run.lane, push.reservation_id, values.time, now)
        writes.drop(session, push)
        run.log.step(session, now, "here", "hold", push.reservation_id, HoldKind.SLOT_TAKEN.value)


def tell_disagreement(run: Run, push: Push, action: Disagree, seen: Observation | None) -> None:
    """Keep both values of what two sides changed, and who prevailed."""
    here = values_to_json(push.local) if isinstance(push.local, Values) else {}
    there = values_to_json(seen.values) if seen is not None else {}
    now = run.now()
    with run.lane.writing() as session:
        records.disagree(
            session, run.lane.room_id, push.reservation_id, action.kind, action.prevailed, here, there, now
        )
        run.log.step(session, now, "none", "conflict", push.reservation_id, action.kind.value)


def is_tail(push: Push) -> bool:
    """Whether it is the second half of a "this and following" that is not there yet."""
    return push.split is not Stage.NONE and push.item is None


def take_split_back(run: Run, push: Push) -> None:
    """The second half cannot be made: the series is whole again."""
    now = run.now()
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        for reservation_id in splits_undone.take_back(session, push.reservation_id, now):
            run.log.step(session, now, "here", "split_refused", reservation_id)
