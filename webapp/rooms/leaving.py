"""A room follows another mailbox than before: what it leaves behind there, and what is removed of it.

Nothing here is done before the new mailbox is known to be another one: an address can be the new name of the same.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import AttemptState, OutboxKind, SyncState
from webapp.models import (
    Attempt,
    LeftMailbox,
    Link,
    Mailbox,
    Meeting,
    Occurrence,
    Outbox,
    Reservation,
    Room,
    Tombstone,
)
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import end_reservation
from webapp.rooms import following

LEFT_BEHIND = "left_behind"
"""Why a reservation was closed, or an event is a room's no more: the room follows another mailbox."""


def ask_removal(session: Session, room: Room, mailbox_id: int, now: datetime) -> None:
    """What the room wrote in the mailbox that it leaves shall be removed."""
    row = session.get(LeftMailbox, mailbox_id) or LeftMailbox(mailbox_id=mailbox_id)
    row.room_id, row.asked_at = room.id, now
    row.removed = row.kept = 0
    row.finished_at, row.code = None, None
    session.add(row)


def call_off_removal(session: Session, mailbox_id: int) -> None:
    """A room follows this mailbox (again): its events are not to be removed."""
    session.execute(delete(LeftMailbox).where(LeftMailbox.mailbox_id == mailbox_id))


def give_up_removals(session: Session, connection_id: int, code: str, now: datetime) -> None:
    """What was to be removed through this connection is out of reach."""
    mailboxes = select(Mailbox.id).where(Mailbox.connection_id == connection_id)
    session.execute(
        update(LeftMailbox)
        .where(LeftMailbox.finished_at.is_(None), LeftMailbox.mailbox_id.in_(mailboxes))
        .values(finished_at=now, code=code)
    )


def leave_others(session: Session, room: Room, mailbox_id: int, now: datetime) -> list[int]:
    """The room follows this mailbox and no other: what it had elsewhere is left behind there.

    Own reservations are as if they had never been in Outlook; imported ones that have not ended are closed, and
    say where they were left. Returns the ids of those. Called under the room's lock.
    """
    if not session.scalars(_HAS_ANYTHING_ELSEWHERE, {"room": room.id, "mailbox": mailbox_id}).one():
        return []  # asked in every full run, and nearly never so
    mine = select(Reservation.id).where(Reservation.room_id == room.id)
    _send_from_here(session, mine, mailbox_id)
    closed = [
        _close(session, reservation, mailbox_id, now)
        for reservation in following.strangers_elsewhere(session, room, mailbox_id, now)
    ]
    ahead = select(Occurrence.reservation_id).where(Occurrence.ends_at > now)
    lives_or_was_cancelled = or_(Reservation.id.in_(ahead), Reservation.cancelled_at.is_not(None))
    links = _LINKS.where(Link.mailbox_id != mailbox_id, Reservation.room_id == room.id, lives_or_was_cancelled)
    _let_go(session, links, now)
    _drop_waiting(session, mine, Attempt.mailbox_id != mailbox_id, Outbox.mailbox_id != mailbox_id, now)
    return closed


def _is_of_room_elsewhere(model: type[Link] | type[Attempt] | type[Outbox]) -> ColumnElement[bool]:
    return (
        exists()
        .where(model.reservation_id == Reservation.id, Reservation.room_id == bindparam("room"))
        .where(model.mailbox_id != bindparam("mailbox"))
    )


_HAS_ANYTHING_ELSEWHERE = select(or_(*(_is_of_room_elsewhere(model) for model in (Link, Attempt, Outbox))))


def drop_links_of_others(session: Session, room_id: int, mailbox_id: int, now: datetime) -> None:
    """A mailbox that another room followed before: for this room its events are strangers."""
    _let_go(session, _LINKS.where(Link.mailbox_id == mailbox_id, Reservation.room_id != room_id), now)
    others = select(Reservation.id).where(Reservation.room_id != room_id)
    _drop_waiting(session, others, Attempt.mailbox_id == mailbox_id, Outbox.mailbox_id == mailbox_id, now)


_LINKS = (
    select(Link, Meeting)
    .join(Reservation, Link.reservation_id == Reservation.id)
    .join(Meeting, Reservation.meeting_id == Meeting.id)
)


def _send_from_here(session: Session, mine: Select[int], mailbox_id: int) -> None:
    """A meeting for its owner's calendar that was never sent invites the new mailbox."""
    tried = select(Attempt.reservation_id)
    linked = select(Link.reservation_id).where(Link.reservation_id.is_not(None))
    session.execute(
        update(Outbox)
        .where(Outbox.reservation_id.in_(mine), Outbox.kind == OutboxKind.MEETING)
        .where(Outbox.reservation_id.not_in(tried), Outbox.reservation_id.not_in(linked))
        .values(mailbox_id=mailbox_id)
    )


def _close(session: Session, reservation: Reservation, mailbox_id: int, now: datetime) -> int:
    address = session.scalar(
        select(Mailbox.address)
        .join(Link, Link.mailbox_id == Mailbox.id)
        .where(Link.reservation_id == reservation.id, Mailbox.id != mailbox_id)
        .order_by(Mailbox.id.desc())
        .limit(1)
    )
    reservation.meeting.revision += 1
    end_reservation(session, reservation, "", now)
    settle_overlaps(session, reservation, now)
    reservation.not_followed_since = reservation.awaiting_since = reservation.pending_time = None
    reservation.sync_state, reservation.sync_code = SyncState.LOCAL, LEFT_BEHIND
    reservation.sync_fields = {"address": address or ""}
    return reservation.id


def _let_go(session: Session, links: Select[Link, Meeting], now: datetime) -> None:
    """Links become tombstones. A meeting made here forgets the id of the event that stays behind, so that the event
    is a stranger to whoever reads it next."""
    for link, meeting in session.execute(links).all():
        session.add(Tombstone.of(link, LEFT_BEHIND, now))
        if following.is_own(meeting):
            meeting.tenant_guid = meeting.ical_uid = None
        session.delete(link)
    session.flush()


def _drop_waiting(
    session: Session,
    reservations: Select[int],
    attempts: ColumnElement[bool],
    outbox: ColumnElement[bool],
    now: datetime,
) -> None:
    """Writes whose outcome is not known are not asked after any more, and nothing is sent any more."""
    session.execute(
        update(Attempt)
        .where(Attempt.state == AttemptState.OPEN, Attempt.reservation_id.in_(reservations), attempts)
        .values(state=AttemptState.DROPPED, finished_at=now, next_look_at=None, code=LEFT_BEHIND)
    )
    session.execute(delete(Outbox).where(Outbox.reservation_id.in_(reservations), outbox))
