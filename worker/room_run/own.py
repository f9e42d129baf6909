"""Events that carry our mark but that no link leads to: adopt them, or remove what nobody wants (H79, H80)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import BY_OUTLOOK, AttemptKind, AttemptState, LinkState
from webapp.models import Attempt, Link, Reservation
from webapp.outbox import want_run
from webapp.reservations.rows import lock_room
from worker.room_run.context import Run
from worker.room_run.fresh import may_be_unreadable
from worker.room_run.writing import send_delete, tell_withdrawn
from worker.store import effects, ending, items, writes, yielding
from worker.store.items import Item
from worker.store.writes import Write
from worker.sync.errors import Gone
from worker.sync.link import Observation
from worker.sync.recognise import Mark
from worker.sync.values import LOCAL_GROUPS, Values, changed


def own_event(run: Run, item: Item, seen: Observation, mark: Mark) -> bool:
    """Deal with a new event that this installation made; True: it is to be imported like a stranger's.

    Its reservation is waiting for an open create: that attempt adopts it. It has another event: this twin goes,
    if people have not touched it. It has none: adopt, and the planner decides what follows.
    One that was believed gone from Outlook and is there after all lives again. A copy of a person's event that kept
    our mark is joined by its iCalUId like any other copy: it is nothing that we write to (H57).
    """
    if mark.room_id != run.lane.room_id:
        return True
    with run.lane.reading() as session:
        reservation = session.scalar(select(Reservation).where(Reservation.public_id == mark.public_id))
        if reservation is None or reservation.cancelled_by == BY_OUTLOOK:
            return True
        unsettled = session.scalar(
            select(Attempt.id).where(Attempt.reservation_id == reservation.id, Attempt.state == AttemptState.OPEN)
        )
        if unsettled is not None:
            return False
        if not seen.is_organizer:
            return True
        twin = session.scalar(
            select(Link.id).where(
                Link.mailbox_id == run.lane.mailbox_id,
                Link.reservation_id == reservation.id,
                Link.state == LinkState.LINKED,
                Link.id != item.link_id,
            )
        )
        asked = _asked_for(session, reservation.id, str(mark)) or seen.values
    if twin is not None:
        return _heal_twin(run, item, seen, twin, reservation.id, asked)
    _adopt(run, item, seen, reservation.id, asked)
    return False


def _adopt(
    run: Run, item: Item, seen: Observation, reservation_id: int, asked: Values, instead_of: int | None = None
) -> None:
    """Bind the event to its reservation, in place of one that is no more; the planner decides what follows."""
    now = run.now()
    with run.lane.writing() as session:
        lock_room(session, run.lane.room_id)
        if instead_of is not None:
            ending.bury(session, instead_of, ending.GONE_THERE, now)
        effects.adopt(session, run.lane, reservation_id, item.event_id, seen, asked, now)
        session.get_one(Link, item.link_id).dirty = True
        losers = yielding.to_earlier(session, run.lane, reservation_id, item.event_id, seen, now)
        tell_withdrawn(run, session, losers)
        run.log.step(session, now, "none", "adopt", reservation_id, "found_by_mark")
        want_run(session, run.lane.mailbox_id)  # what follows from it need not wait for the next poll


def _heal_twin(run: Run, item: Item, seen: Observation, twin: int, reservation_id: int, asked: Values) -> bool:
    """Two events of ours for one reservation: the one just found goes, as the other carries what was changed
    since. If somebody changed it, it is a meeting of its own by now: True.

    Only if the other is seen to live: after a mailbox was restored, the ids of before lead nowhere.
    """
    with run.lane.reading() as session:
        other = items.load(session, [twin])[0]
    try:
        run.calendar.read(other.event_id)
    except Gone:
        if not may_be_unreadable(other, run.now()):
            _adopt(run, item, seen, reservation_id, asked, instead_of=twin)
        return False
    created = (asked, other.base.remote) if other.base else (asked,)
    if all(changed(values, seen.values, LOCAL_GROUPS) for values in created):
        return True
    with run.lane.writing() as session:
        write = Write(reservation_id, other.revision, run.log.begin(), run.now())
        attempt = writes.new_delete(session, run.lane, write, item.event_id, seen.etag)
    send_delete(run, attempt, item.link_id, seen.etag, "twin_removed")
    return False


def _asked_for(session: Session, reservation_id: int, transaction_id: str) -> Values | None:
    body = session.scalar(
        select(Attempt.body).where(
            Attempt.reservation_id == reservation_id,
            Attempt.kind == AttemptKind.CREATE,
            Attempt.transaction_id == transaction_id,
        )
    )
    if body is None:
        return None
    return writes.created_values(body)
