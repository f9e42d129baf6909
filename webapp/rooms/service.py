"""Use cases of rooms: create, save, archive, and their link to an external calendar.

Each function takes its session and leaves the commit, and ringing for a worker, to its caller. A room's own row
is the lock of its bookings, so whatever changes its link takes that lock first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.database import rows_changed
from webapp.domain.words import RoomState
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Connection, Mailbox, Meeting, Occurrence, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import lock_room
from webapp.rooms import following

ADDRESS = re.compile(r"[^\s@<>\"',;]+@[^\s@.<>\"',;]+(\.[^\s@.<>\"',;]+)+")
ADDRESS_LIMIT = 320
CAPACITY_LIMIT = 100_000


@dataclass(frozen=True)
class Link:
    """The external calendar a room shall follow; `address` as typed, `active` whether its sync runs."""

    connection_id: int
    address: str
    active: bool


@dataclass(frozen=True)
class RoomDraft:
    """What a person wants a room to be; without `link` it is not linked."""

    name: str
    time_zone: str
    building: str = ""
    floor: str = ""
    capacity: int | None = None
    link: Link | None = None


def create_room(session: Session, draft: RoomDraft, now: datetime) -> Room:
    """Make a room, linked at once if the draft says so. Raises `FieldError`, `NotFound`."""
    _check(draft)
    room = Room(name="", time_zone=draft.time_zone, created_at=now)
    _describe(room, draft)
    session.add(room)
    session.flush()
    _bring_link(session, room, draft.link, now)
    return room


def save_room(session: Session, room_id: int, draft: RoomDraft, seen_revision: int, now: datetime) -> Room:
    """Save a room's fields and its link.

    Raises `FieldError`, `NotFound`, `StaleRevision`, `Refused("room_archived")`, `Refused("another_mailbox")`.
    """
    room = open_room(session, room_id)
    if room.revision != seen_revision:
        raise StaleRevision(room=room.name, saved=draft_of(room), revision=room.revision)
    _check(draft)
    old_zone = room.time_zone
    _describe(room, draft)
    room.revision += 1
    moved = old_zone != room.time_zone and _move_all_day(session, room, ZoneInfo(old_zone), now)
    _bring_link(session, room, draft.link, now)
    if moved:
        want_run(session, room.mailbox_id)
    return room


def archive_room(session: Session, room_id: int, now: datetime) -> Room:
    """Take a room out of use: unlinked, no more bookings; its reservations stay. Raises `NotFound`, `Refused`."""
    room = open_room(session, room_id)
    _bring_link(session, room, None, now)
    room.archived_at = now
    room.revision += 1
    return room


def restore_room(session: Session, room_id: int) -> Room:
    """Bring an archived room back, not linked. Raises `NotFound`."""
    room = lock_room(session, room_id)
    if room.archived_at is not None:
        room.archived_at = None
        room.revision += 1
    return room


def confirm_address(session: Session, room_id: int, now: datetime) -> Room:
    """A person says that the room's address, which Places does not list, is a room. Raises `NotFound`."""
    room = open_room(session, room_id)
    if room.mailbox_id is not None and not room.address_confirmed:
        room.address_confirmed = True
        _start_at_once(session, room, now)
    return room


def try_again(session: Session, room_id: int, now: datetime) -> Room:
    """Read the whole calendar of a room in Error now, without waiting for its back-off. Raises `NotFound`."""
    room = open_room(session, room_id)
    if room.mailbox_id is not None and room.sync_active and room.sync_state is RoomState.ERROR:
        _start_at_once(session, room, now)
    return room


def list_places_again(session: Session, connection_id: int) -> None:
    """Ask for a new list of a tenant's rooms; the caller rings for it. Raises `NotFound`."""
    done = rows_changed(
        session,
        update(Connection)
        .where(Connection.id == connection_id)
        .values(places_wanted=Connection.places_wanted + 1, places_error=None),
    )
    if done == 0:
        raise NotFound(what="connection", id=connection_id)


def open_room(session: Session, room_id: int) -> Room:
    """The room under its lock; raises `NotFound`, or `Refused("room_archived")`."""
    room = lock_room(session, room_id)
    if room.archived_at is not None:
        raise Refused("room_archived", room=room.name)
    return room


def draft_of(room: Room) -> RoomDraft:
    """A room as it is, as a draft."""
    link = None
    if room.connection_id is not None and room.external_address is not None:
        link = Link(room.connection_id, room.external_address, room.sync_active)
    return RoomDraft(room.name, room.time_zone, room.building, room.floor, room.capacity, link)


def differences(saved: RoomDraft, mine: RoomDraft) -> list[tuple[str, Any, Any]]:
    """(field, saved value, my value) of what differs between two versions of a room."""
    pairs = ((field.name, getattr(saved, field.name), getattr(mine, field.name)) for field in fields(RoomDraft))
    return [pair for pair in pairs if pair[1] != pair[2]]


def _check(draft: RoomDraft) -> None:
    if not draft.name.strip():
        raise FieldError("name", "name_missing")
    if draft.time_zone not in available_timezones():
        raise FieldError("time_zone", "time_zone_unknown")
    if draft.capacity is not None and not 0 <= draft.capacity <= CAPACITY_LIMIT:
        raise FieldError("capacity", "capacity_wrong", limit=CAPACITY_LIMIT)
    link = draft.link
    if link is not None and (len(link.address) > ADDRESS_LIMIT or not ADDRESS.fullmatch(link.address.strip())):
        raise FieldError("external_address", "address_wrong")


def _describe(room: Room, draft: RoomDraft) -> None:
    room.name = draft.name.strip()
    room.building = draft.building.strip()
    room.floor = draft.floor.strip()
    room.capacity = draft.capacity
    room.time_zone = draft.time_zone


def _bring_link(session: Session, room: Room, link: Link | None, now: datetime) -> None:
    """Make the room's link what `link` says, with all that follows for its reservations."""
    if link is None:
        _unlink(session, room, now)
        return
    if _connect(session, room, link, now):
        room.sync_active = False
    if room.sync_active == link.active:
        return
    room.sync_active = link.active
    if not link.active:
        following.stop(session, room, now)
        _set_state(room, RoomState.OFF, now)
        return
    assert room.mailbox_id is not None, "_connect has just linked it"
    following.resume(session, room, room.mailbox_id)
    for reservation in (*following.unsent(session, room, now), *following.owed_cancels(session, room.mailbox_id)):
        queue_for_push(session, reservation, room.mailbox_id, now)
    _start_again(session, room, now)


def _connect(session: Session, room: Room, link: Link, now: datetime) -> bool:
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
    holder = session.scalar(
        select(Room).where(
            func.lower(Room.external_address) == address.lower(), Room.archived_at.is_(None), Room.id != room.id
        )
    )
    if holder is not None:
        raise FieldError("external_address", "address_taken", room=holder.name, room_id=holder.id)
    mailbox = session.scalar(
        select(Mailbox)
        .where(Mailbox.connection_id == connection.id, Mailbox.address == address.lower())
        .order_by(Mailbox.id)
        .limit(1)
    )
    left_behind = following.held_elsewhere(session, room, mailbox.id if mailbox else None, now)
    if left_behind:
        raise Refused("another_mailbox", room=room.name, count=left_behind)
    if mailbox is None:
        mailbox = Mailbox(connection_id=connection.id, address=address.lower())
        session.add(mailbox)
        session.flush()
    if room.mailbox_id is not None:
        following.keep_here(session, room, room.mailbox_id, now)
    room.connection_id, room.external_address, room.mailbox_id = connection.id, address, mailbox.id
    room.address_confirmed = False
    return True


def _unlink(session: Session, room: Room, now: datetime) -> None:
    if room.mailbox_id is None:
        return
    following.stop(session, room, now)
    following.keep_here(session, room, room.mailbox_id, now)
    room.connection_id = room.external_address = room.mailbox_id = None
    room.address_confirmed = room.sync_active = False
    _set_state(room, RoomState.OFF, now)
    session.flush()


def _start_at_once(session: Session, room: Room, now: datetime) -> None:
    """A person asked for it: what the mailbox waits for does not count."""
    session.execute(update(Mailbox).where(Mailbox.id == room.mailbox_id).values(not_before=None))
    _start_again(session, room, now)


def _start_again(session: Session, room: Room, now: datetime) -> None:
    _set_state(room, RoomState.PENDING, now)
    want_run(session, room.mailbox_id, full=True)


def _set_state(room: Room, state: RoomState, now: datetime) -> None:
    room.sync_state, room.sync_state_since = state, now
    room.sync_code, room.sync_fields = None, {}
    room.progress_done, room.progress_total = 0, None


def _move_all_day(session: Session, room: Room, old_zone: ZoneInfo, now: datetime) -> bool:
    """All-day dates keep their days when the room's zone changes: their midnights move, here and in Outlook.

    Whether there were any.
    """
    zone = ZoneInfo(room.time_zone)
    rows = session.scalars(
        select(Occurrence)
        .join(Occurrence.reservation)
        .join(Reservation.meeting)
        .where(Occurrence.room_id == room.id, Meeting.all_day)
    )
    moved = {}
    for row in rows:
        row.starts_at = _same_midnight(row.starts_at, old_zone, zone)
        row.ends_at = _same_midnight(row.ends_at, old_zone, zone)
        moved[row.reservation_id] = row.reservation
    for reservation in moved.values():
        settle_overlaps(session, reservation, now)
        if room.mailbox_id is not None and following.is_own(reservation.meeting):
            reservation.meeting.revision += 1
            queue_for_push(session, reservation, room.mailbox_id, now)
    return bool(moved)


def _same_midnight(instant: datetime, old: ZoneInfo, new: ZoneInfo) -> datetime:
    return datetime.combine(instant.astimezone(old).date(), time(), tzinfo=new).astimezone(UTC)


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.lower()
