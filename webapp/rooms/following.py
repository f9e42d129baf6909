"""What happens to a room's reservations when sync stops following its calendar, or follows it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, func, not_, or_, select, true, update
from sqlalchemy.orm import Session, joinedload

from webapp.domain.words import BY_OUTLOOK, KEPT_HERE, AttemptState, Home, MeetingKind, Origin, OutboxKind, SyncState
from webapp.models import Attempt, Hold, Link, Mailbox, Meeting, Occurrence, Outbox, Reservation, Room
from webapp.outbox import want_run


def is_own(meeting: Meeting) -> bool:
    """Whether the meeting was made here and its event belongs to the room."""
    return meeting.home is Home.RESOURCE and meeting.origin is Origin.HERE


def stop(session: Session, room: Room, now: datetime) -> None:
    """Imported reservations stay, read-only, marked from when on nobody follows them."""
    session.execute(
        update(Reservation)
        .where(
            Reservation.id.in_(_open_ids(room, now).where(Meeting.origin == Origin.OUTLOOK)),
            Reservation.not_followed_since.is_(None),
        )
        .values(not_followed_since=now)
    )


def resume(session: Session, room: Room, mailbox_id: int) -> None:
    """Imported reservations of this mailbox are followed again."""
    linked = select(Link.reservation_id).where(Link.mailbox_id == mailbox_id, Link.reservation_id.is_not(None))
    session.execute(
        update(Reservation)
        .where(Reservation.room_id == room.id, Reservation.id.in_(linked))
        .values(not_followed_since=None)
    )


def stop_all(session: Session, now: datetime) -> None:
    """Sync was switched off: what came from Outlook is followed in no room."""
    imported = select(Meeting.id).where(Meeting.origin == Origin.OUTLOOK)
    session.execute(
        update(Reservation)
        .where(
            Reservation.meeting_id.in_(imported),
            Reservation.cancelled_at.is_(None),
            Reservation.not_followed_since.is_(None),
        )
        .values(not_followed_since=now)
    )


def resume_all(session: Session) -> None:
    """Sync was switched on: what came from Outlook is followed again in every room under sync."""
    followed = (
        select(Link.reservation_id)
        .join(Room, Room.mailbox_id == Link.mailbox_id)
        .where(Room.sync_active, Room.archived_at.is_(None), Link.reservation_id.is_not(None))
    )
    session.execute(
        update(Reservation)
        .where(Reservation.not_followed_since.is_not(None), Reservation.id.in_(followed))
        .values(not_followed_since=None)
    )


def owed_cancels(session: Session, mailbox_id: int) -> Sequence[Reservation]:
    """Reservations that were cancelled here while nobody followed, and whose event still stands there."""
    linked = select(Link.reservation_id).where(Link.mailbox_id == mailbox_id, Link.reservation_id.is_not(None))
    query = (
        select(Reservation)
        .join(Reservation.meeting)
        .where(
            Reservation.id.in_(linked),
            Reservation.cancelled_at.is_not(None),
            Reservation.cancelled_by != BY_OUTLOOK,
            Meeting.home == Home.RESOURCE,
        )
        .options(joinedload(Reservation.meeting))
    )
    return session.scalars(query.order_by(Reservation.id)).all()


def unsent(session: Session, room: Room, now: datetime) -> Sequence[Reservation]:
    """Own reservations that have not ended and that Outlook does not have: what a new link sends.

    One that lost its slot to an earlier event stays with the person it waits for, and one that a person kept here
    without its event is sent again when a person says so.
    """
    ids = _open_ids(room, now).where(
        Meeting.home == Home.RESOURCE,
        Meeting.origin == Origin.HERE,
        Reservation.sync_state.in_((SyncState.LOCAL, SyncState.FAILED)),
        Reservation.withdrawn_at.is_(None),
        Reservation.sync_code.is_distinct_from(KEPT_HERE),
    )
    query = select(Reservation).where(Reservation.id.in_(ids)).options(joinedload(Reservation.meeting))
    return session.scalars(query.order_by(Reservation.id)).all()


def keep_here(session: Session, room: Room, mailbox_id: int, now: datetime) -> None:
    """After an unlink own reservations live here only; what waited for the mailbox, and holds, are dropped.

    What is wanted of meetings in people's calendars goes on in another room of theirs, or waits for the next link.
    """
    session.execute(delete(Outbox).where(Outbox.mailbox_id == mailbox_id, Outbox.kind == OutboxKind.PUSH))
    _hand_over(session, mailbox_id)
    own = (
        select(Reservation.id)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id == room.id,
            Reservation.cancelled_at.is_(None),
            Reservation.withdrawn_at.is_(None),
            Meeting.home == Home.RESOURCE,
            Meeting.origin == Origin.HERE,
        )
    )
    session.execute(
        update(Reservation)
        .where(Reservation.id.in_(own))
        .values(sync_state=SyncState.LOCAL, sync_code=None, sync_fields={})
    )
    series = own.where(Meeting.kind == MeetingKind.SERIES)  # from now on their rules alone tell further dates
    session.execute(update(Reservation).where(Reservation.id.in_(series)).values(dates_until=now))
    session.execute(update(Hold).where(Hold.room_id == room.id, Hold.closed_at.is_(None)).values(closed_at=now))


def _hand_over(session: Session, mailbox_id: int) -> None:
    """What is still to be done in organizers' calendars is done in the lane of another followed room."""
    rows = session.scalars(
        select(Outbox).where(
            Outbox.mailbox_id == mailbox_id, Outbox.kind.in_((OutboxKind.MEETING, OutboxKind.CANCEL_MEETING))
        )
    )
    for row in rows.all():
        mine = session.get_one(Reservation, row.reservation_id)
        heir = session.execute(
            select(Reservation.id, Room.mailbox_id)
            .join(Reservation.room)
            .where(
                Reservation.meeting_id == mine.meeting_id,
                Room.sync_active,
                Room.archived_at.is_(None),
                Room.mailbox_id.is_not(None),
                Room.mailbox_id != mailbox_id,
                Reservation.id.not_in(select(Outbox.reservation_id).where(Outbox.kind == row.kind)),
            )
            .order_by(Room.id)
            .limit(1)
        ).one_or_none()
        if heir is not None:
            row.reservation_id, row.mailbox_id = heir.id, heir.mailbox_id
            want_run(session, heir.mailbox_id)


@dataclass(frozen=True)
class Parting:
    """What another mailbox would mean for a room's reservations that have not ended.

    `ours` are created there; `theirs` are closed as left behind in `left`, the address of the mailbox they are in.
    """

    left: str
    ours: int
    theirs: int


def parting(session: Session, room: Room, mailbox_id: int | None, now: datetime) -> Parting | None:
    """What the room would leave behind if it followed this mailbox (None: one that is not known yet); None: nothing
    is, or may be, in another one."""
    links, unsettled = _linked_elsewhere(mailbox_id), _tried_elsewhere(mailbox_id, AttemptState.OPEN)
    ids = _open_ids(room, now)
    if not _count(session, ids.where(or_(Reservation.id.in_(links), Reservation.id.in_(unsettled)))):
        return None
    left = session.get(Mailbox, mailbox_left(session, room, mailbox_id) or 0)
    return Parting(
        left=left.address if left else room.external_address or "",
        ours=_count(session, ids.where(_IS_OWN, Reservation.withdrawn_at.is_(None))),
        theirs=_count(session, ids.where(_is_strangers_elsewhere(mailbox_id))),
    )


@dataclass(frozen=True)
class TenantParting:
    """What another tenant would mean for the rooms of a connection that were synced before; as `Parting`."""

    rooms: int
    ours: int
    theirs: int


def parting_of_connection(session: Session, connection_id: int, now: datetime) -> TenantParting:
    """What the rooms of a connection would leave behind if it led to another tenant."""
    rooms = (
        select(Room.id)
        .join(Room.mailbox)
        .where(Room.connection_id == connection_id, Mailbox.calendar_key.is_not(None))
    )
    ids = (
        select(Reservation.id)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id.in_(rooms),
            Reservation.cancelled_at.is_(None),
            Reservation.id.in_(select(Occurrence.reservation_id).where(Occurrence.ends_at > now)),
        )
    )
    return TenantParting(
        rooms=_count(session, rooms),
        ours=_count(session, ids.where(_IS_OWN, Reservation.withdrawn_at.is_(None))),
        theirs=_count(session, ids.where(_is_strangers_elsewhere(None))),
    )


def strangers_elsewhere(session: Session, room: Room, mailbox_id: int, now: datetime) -> Sequence[Reservation]:
    """Reservations that have not ended, that are not the room's own, and that another mailbox than this holds."""
    ids = _open_ids(room, now).where(_is_strangers_elsewhere(mailbox_id))
    return session.scalars(select(Reservation).where(Reservation.id.in_(ids)).order_by(Reservation.id)).all()


_IS_OWN = and_(Meeting.home == Home.RESOURCE, Meeting.origin == Origin.HERE)


def _is_strangers_elsewhere(mailbox_id: int | None) -> ColumnElement[bool]:
    """Imported, or made here in its owner's calendar: the event invites the other mailbox, not this one."""
    here = or_(
        Reservation.id.in_(select(Link.reservation_id).where(Link.mailbox_id == mailbox_id)),
        Reservation.id.in_(select(Attempt.reservation_id).where(Attempt.mailbox_id == mailbox_id)),
    )
    elsewhere = or_(
        Reservation.id.in_(_linked_elsewhere(mailbox_id)), Reservation.id.in_(_tried_elsewhere(mailbox_id))
    )
    return and_(not_(_IS_OWN), elsewhere, not_(here) if mailbox_id is not None else true())


def _linked_elsewhere(mailbox_id: int | None) -> Select[int | None]:
    links = select(Link.reservation_id).where(Link.reservation_id.is_not(None))
    return links if mailbox_id is None else links.where(Link.mailbox_id != mailbox_id)


def _tried_elsewhere(mailbox_id: int | None, *states: AttemptState) -> Select[int]:
    attempts = select(Attempt.reservation_id)
    if states:
        attempts = attempts.where(Attempt.state.in_(states))
    return attempts if mailbox_id is None else attempts.where(Attempt.mailbox_id != mailbox_id)


def mailbox_left(session: Session, room: Room, besides: int | None) -> int | None:
    """The mailbox, other than this, that the room's reservations are in, or may be."""
    for model in (Link, Attempt):
        query = (
            select(model.mailbox_id)
            .join(Reservation, model.reservation_id == Reservation.id)
            .where(Reservation.room_id == room.id, Reservation.cancelled_at.is_(None))
            .order_by(model.id.desc())
            .limit(1)
        )
        found = session.scalar(query if besides is None else query.where(model.mailbox_id != besides))
        if found is not None:
            return found
    return None


def _count(session: Session, ids: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def open_count(session: Session, room: Room, now: datetime) -> int:
    """How many reservations of the room have not ended."""
    return _count(session, _open_ids(room, now))


def _open_ids(room: Room, now: datetime) -> Select[int]:
    """Ids of the room's reservations with a date that has not ended (a cancelled one has no dates)."""
    return (
        select(Reservation.id)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id == room.id,
            Reservation.cancelled_at.is_(None),
            Reservation.id.in_(
                select(Occurrence.reservation_id).where(Occurrence.room_id == room.id, Occurrence.ends_at > now)
            ),
        )
    )
