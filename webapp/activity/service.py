"""Deciding what sync keeps back: who chose what, when, and about exactly what was shown to him.

Nothing is carried out here. The next run of the room plans once more and carries out only what still is as it was
shown; anything else waits anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.choices import choices_for, is_decided_as_a_whole
from webapp.domain.words import KEPT_HERE, Choice, HoldActionState, HoldKind, SyncState
from webapp.errors import NotFound, Refused
from webapp.models import Hold, HoldAction, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import end_reservation, lock_room
from webapp.rooms.following import is_own


@dataclass(frozen=True)
class Decided:
    """How many actions were decided, in which room, and whose mailbox carries them out."""

    count: int
    room: str
    mailbox_id: int | None


def token(actions: Sequence[HoldAction]) -> str:
    """A digest of actions as they stand: what would be done, from what, to what, and what was decided so far."""
    shown = [
        (row.key, row.action, row.before, row.after, row.base_etag, row.state.value, row.choice, row.decided_by)
        for row in sorted(actions, key=lambda row: row.key)
    ]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def offered(hold: Hold, action_ids: Collection[int] | None, choice: Choice) -> list[HoldAction]:
    """The actions of a hold that this choice is about: those named, or all that are undecided and allow it."""
    return [
        row
        for row in hold.actions
        if choice in choices_for(hold.kind, row.action)
        and (row.state is HoldActionState.OPEN if action_ids is None else row.id in action_ids)
        and row.state is not HoldActionState.DONE
    ]


def decide(
    session: Session,
    hold_id: int,
    action_ids: Collection[int] | None,
    choice: Choice,
    by: str,
    seen: str,
    now: datetime,
) -> Decided:
    """Record what a person chose for these actions (None: for all that nobody decided), and ask for a run.

    `seen` is the token of what was shown. Raises `Refused("hold_over")` where the hold is closed,
    `Refused("hold_changed")` where it is not any more what was shown, `Refused("hold_choice")` where its kind does
    not allow the choice; `NotFound`.
    """
    hold = _locked(session, hold_id)
    if hold.closed_at is not None:
        raise Refused("hold_over")
    if action_ids is not None and is_decided_as_a_whole(hold.kind):
        raise Refused("hold_choice")
    chosen = offered(hold, action_ids, choice)
    if action_ids is not None and len(chosen) != len(set(action_ids)):
        raise Refused("hold_changed" if _some_left(hold, action_ids) else "hold_choice")
    if not chosen or token(chosen) != seen:
        raise Refused("hold_changed")
    for row in chosen:
        row.state = HoldActionState.REJECTED if choice is Choice.REJECT else HoldActionState.APPROVED
        row.choice, row.decided_by, row.decided_at = choice, by, now
    room = session.get_one(Room, hold.room_id)
    want_run(session, room.mailbox_id, full=choice is Choice.REJECT or hold.kind is HoldKind.EMPTY_LISTING)
    return Decided(len(chosen), room.name, room.mailbox_id)


def create_again(session: Session, reservation_id: int, now: datetime) -> Reservation:
    """Send a reservation that was kept here without its event to Outlook once more, as a new event.

    Raises `Refused("not_kept")`, `Refused("not_made_here")`, `NotFound`.
    """
    reservation = _kept(session, reservation_id)
    if not is_own(reservation.meeting):
        raise Refused("not_made_here")
    room = session.get_one(Room, reservation.room_id)
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def cancel_kept(session: Session, reservation_id: int, by: str, now: datetime) -> Reservation:
    """End a reservation that was kept here without its event; there is nothing of it in Outlook. Raises as
    `create_again` does."""
    reservation = _kept(session, reservation_id)
    reservation.meeting.revision += 1
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    return reservation


def is_kept(reservation: Reservation) -> bool:
    """Whether its event is gone in Outlook and a person kept it here."""
    kept = reservation.sync_state is SyncState.LOCAL and reservation.sync_code == KEPT_HERE
    return kept and reservation.cancelled_at is None


def _some_left(hold: Hold, action_ids: Collection[int]) -> bool:
    """Whether one of these is not there any more, so that the page was old rather than the request odd."""
    waiting = {row.id for row in hold.actions if row.state is not HoldActionState.DONE}
    return not set(action_ids) <= waiting


def _locked(session: Session, hold_id: int) -> Hold:
    query = select(Hold).where(Hold.id == hold_id).with_for_update().execution_options(populate_existing=True)
    hold = session.scalars(query).one_or_none()
    if hold is None:
        raise NotFound(what="hold", id=hold_id)
    return hold


def _kept(session: Session, reservation_id: int) -> Reservation:
    found = session.get(Reservation, reservation_id)
    if found is None:
        raise NotFound(what="reservation", id=reservation_id)
    lock_room(session, found.room_id)
    session.refresh(found)
    if not is_kept(found):
        raise Refused("not_kept")
    return found
