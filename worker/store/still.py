"""Whether what was planned is still so: whoever acts on a plan asks here first, inside of the same transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import AttemptKind, AttemptState, OutboxKind
from webapp.models import Attempt, Meeting, Outbox, Reservation
from webapp.reservations.rows import lock_room
from worker.store.items import Item
from worker.sync.plan import ABSENT


class MovedOn(Exception):
    """The item changed here since it was planned: nothing of it is carried out, it is planned again."""


def check_saved(session: Session, room_id: int, reservation_id: int, revision: int) -> None:
    """Refuse to act on what was to be sent if a person saved again since; takes the room's lock."""
    lock_room(session, room_id)
    saved = session.scalar(select(Meeting.revision).join(Reservation).where(Reservation.id == reservation_id))
    if saved != revision:
        raise MovedOn


def check_still(session: Session, item: Item) -> None:
    """Refuse to act on an item that a person changed, or that a write is under way for, since it was planned."""
    reservation = session.get_one(Reservation, item.reservation_id, populate_existing=True)
    check_wanted(item, reservation)
    revision = session.scalars(select(Meeting.revision).where(Meeting.id == reservation.meeting_id)).one()
    unsent = session.scalar(
        select(Outbox.id).where(
            Outbox.reservation_id == item.reservation_id,
            Outbox.parked.is_(False),
            Outbox.kind == OutboxKind.PUSH,
        )
    )
    unsettled = session.scalar(
        select(Attempt.id).where(
            Attempt.reservation_id == item.reservation_id,
            Attempt.state == AttemptState.OPEN,
            Attempt.target_mailbox_id.is_(None),
            Attempt.kind != AttemptKind.DECLINE,
        )
    )
    if revision != item.revision or (unsent is not None and not item.waits_for_push) or unsettled is not None:
        raise MovedOn


def check_wanted(item: Item, reservation: Reservation) -> None:
    """Refuse where the reservation lost or got back its wish for an event since: another item's import may have
    taken its slot in this very transaction."""
    unwanted = reservation.cancelled_at is not None or reservation.withdrawn_at is not None
    if unwanted != (item.local is ABSENT):
        raise MovedOn
