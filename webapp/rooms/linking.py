"""A room's link to its external calendar: made, changed, paused and undone, with all that follows for reservations.

Callers hold the room's lock and commit. Which mailbox an address leads to is known to the worker alone, so what a
room leaves behind is left by the first run in the new mailbox (`webapp.rooms.leaving`), after a person agreed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import MailboxKind, RoomState
from webapp.errors import FieldError, Refused
from webapp.models import Connection, DeltaSession, Mailbox, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.rows import lock_room
from webapp.rooms import following, leaving


@dataclass(frozen=True)
class Link:
    """The external calendar a room shall follow; `address` as typed, `active` whether its sync runs."""

    connection_id: int
    address: str
    active: bool


@dataclass(frozen=True)
class Agreed:
    """A person agreed that a room leaves its mailbox; `remove`: what was written there goes as well."""

    remove: bool = False


def bring_link(session: Session, room: Room, link: Link | None, agreed: Agreed | None, now: datetime) -> None:
    """Make the room's link what `link` says.

    Raises `FieldError`, and `Refused("another_mailbox")` with the counts unless somebody `agreed`.
    """
    if link is None:
        _unlink(session, room, now)
        return
    if _connect(session, room, link, agreed, now):
        room.sync_active = False
    if room.sync_active == link.active:
        return
    room.sync_active = link.active
    if link.active:
        _follow(session, room, now)
    else:
        following.stop(session, room, now)
        set_state(room, RoomState.OFF, now)


def same_room(session: Session, room: Room, now: datetime) -> None:
    """A person says that the other calendar at the room's address is the room's all the same: its events are known
    again by what does not change with their ids. Raises `Refused("calendar_settled")`."""
    mailbox = _in_question(session, room)
    session.execute(
        update(Mailbox)
        .where(Mailbox.tenant_guid == mailbox.tenant_guid, Mailbox.calendar_key == mailbox.calendar_seen)
        .values(calendar_key=None, tenant_guid=None)
    )
    mailbox.calendar_key = mailbox.calendar_seen
    session.execute(delete(DeltaSession).where(DeltaSession.mailbox_id == mailbox.id))
    start_at_once(session, room, now)


def parting_from_former(session: Session, room: Room, now: datetime) -> following.Parting:
    """What it would mean if the other calendar at the room's address were a new one. Raises
    `Refused("calendar_settled")`."""
    _in_question(session, room)
    return following.parting(session, room, None, now) or following.Parting(room.external_address or "", 0, 0)


def other_mailbox(session: Session, room: Room, now: datetime) -> None:
    """A person says that the other calendar at the room's address is a new one: all is as after a link to another
    mailbox. What was written in the former cannot be removed: it is out of reach. Raises `Refused`."""
    mailbox = _in_question(session, room)
    key, guid = mailbox.calendar_seen, mailbox.tenant_guid
    mailbox.calendar_seen = None
    session.flush()
    other = session.scalar(select(Mailbox).where(Mailbox.tenant_guid == guid, Mailbox.calendar_key == key))
    if other is None:
        other = Mailbox(
            connection_id=mailbox.connection_id, address=mailbox.address, tenant_guid=guid, calendar_key=key
        )
        session.add(other)
        session.flush()
    _move(session, room, other, room.external_address or "", now)
    _follow(session, room, now)


def follow_other_tenant(session: Session, connection: Connection, now: datetime) -> None:
    """The connection may lead to another tenant: its rooms are linked to other mailboxes of the same addresses."""
    identified = (
        select(Room.id)
        .join(Room.mailbox)
        .where(Room.connection_id == connection.id, Mailbox.calendar_key.is_not(None))
        .order_by(Room.id)
    )
    for room_id in session.scalars(identified).all():
        room = lock_room(session, room_id)
        other = Mailbox(connection_id=connection.id, address=(room.external_address or "").lower())
        session.add(other)
        session.flush()
        _move(session, room, other, room.external_address or "", now)
        room.address_confirmed = False
        if room.sync_active:
            _follow(session, room, now)


def start_at_once(session: Session, room: Room, now: datetime) -> None:
    """A person asked for it: what the mailbox waits for does not count."""
    session.execute(update(Mailbox).where(Mailbox.id == room.mailbox_id).values(not_before=None))
    _start_again(session, room, now)


def set_state(room: Room, state: RoomState, now: datetime) -> None:
    """A room's sync status as it is after a person's decision: nothing is known yet of what comes of it."""
    room.sync_state, room.sync_state_since = state, now
    room.sync_code, room.sync_fields = None, {}
    room.progress_done, room.progress_total = 0, None


def _connect(session: Session, room: Room, link: Link, agreed: Agreed | None, now: datetime) -> bool:
    """Point the room at the mailbox of `link`; whether that is another one than before.

    A former mailbox row of the same connection and address is found again, with its links: what was synced
    before is recognised and nothing is made twice.
    """
    address = link.address.strip()
    same_mailbox = room.connection_id == link.connection_id and _same(room.external_address, address)
    if room.mailbox_id is not None and same_mailbox:
        return False
    # Two rooms that ask for one calendar at once queue up at the connection's row.
    connection = session.scalar(select(Connection).where(Connection.id == link.connection_id).with_for_update())
    if connection is None:
        raise FieldError("connection_id", "connection_missing")
    _refuse_taken(session, room, address)
    mailbox = _former_mailbox(session, connection, address)
    parting = following.parting(session, room, mailbox.id if mailbox else None, now)
    if parting is not None and agreed is None:
        raise Refused("another_mailbox", room=room.name, address=address, **vars(parting))
    if mailbox is None:
        mailbox = Mailbox(connection_id=connection.id, address=address.lower())
        session.add(mailbox)
        session.flush()
    left = _left_mailbox(session, room, mailbox) if parting is not None else None
    _move(session, room, mailbox, address, now)
    room.address_confirmed = False
    if left is not None and agreed is not None and agreed.remove:
        leaving.ask_removal(session, room, left, now)
    return True


def _refuse_taken(session: Session, room: Room, address: str) -> None:
    holder = session.scalar(
        select(Room).where(
            func.lower(Room.external_address) == address.lower(), Room.archived_at.is_(None), Room.id != room.id
        )
    )
    if holder is not None:
        raise FieldError("external_address", "address_taken", room=holder.name, room_id=holder.id)


def _former_mailbox(session: Session, connection: Connection, address: str) -> Mailbox | None:
    """The row of this address in this tenant, the one that is known for sure and is the newest first."""
    return session.scalar(
        select(Mailbox)
        .where(
            Mailbox.connection_id == connection.id,
            Mailbox.address == address.lower(),
            Mailbox.kind == MailboxKind.ROOM,
            or_(Mailbox.tenant_guid.is_(None), Mailbox.tenant_guid == connection.tenant_guid),
        )
        .order_by(Mailbox.calendar_key.is_(None), Mailbox.id.desc())
        .limit(1)
    )


def _left_mailbox(session: Session, room: Room, mailbox: Mailbox) -> int | None:
    """The mailbox that holds what the room leaves: its present one, or the one it was unlinked from."""
    return room.mailbox_id if room.mailbox_id is not None else following.mailbox_left(session, room, mailbox.id)


def _move(session: Session, room: Room, mailbox: Mailbox, address: str, now: datetime) -> None:
    """The room follows this mailbox now; what came from another is not followed until it is known which it is."""
    if room.mailbox_id is not None:
        following.stop(session, room, now)
        following.keep_here(session, room, room.mailbox_id, now)
    leaving.call_off_removal(session, mailbox.id)
    leaving.drop_links_of_others(session, room.id, mailbox.id, now)
    room.connection_id, room.external_address, room.mailbox_id = mailbox.connection_id, address, mailbox.id
    mailbox.not_before = None
    session.flush()


def _follow(session: Session, room: Room, now: datetime) -> None:
    assert room.mailbox_id is not None, "the room has just been linked"
    following.resume(session, room, room.mailbox_id)
    for reservation in (*following.unsent(session, room, now), *following.owed_cancels(session, room.mailbox_id)):
        queue_for_push(session, reservation, room.mailbox_id, now)
    _start_again(session, room, now)


def _unlink(session: Session, room: Room, now: datetime) -> None:
    if room.mailbox_id is None:
        return
    following.stop(session, room, now)
    following.keep_here(session, room, room.mailbox_id, now)
    room.connection_id = room.external_address = room.mailbox_id = None
    room.address_confirmed = room.sync_active = False
    set_state(room, RoomState.OFF, now)
    session.flush()


def _in_question(session: Session, room: Room) -> Mailbox:
    """The room's mailbox while another calendar answers at its address."""
    mailbox = session.get(Mailbox, room.mailbox_id, populate_existing=True) if room.mailbox_id else None
    if mailbox is None or mailbox.calendar_seen in (None, mailbox.calendar_key):
        raise Refused("calendar_settled", room=room.name)
    return mailbox


def _start_again(session: Session, room: Room, now: datetime) -> None:
    set_state(room, RoomState.PENDING, now)
    want_run(session, room.mailbox_id, full=True)


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()
