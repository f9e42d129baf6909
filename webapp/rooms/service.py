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

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.database import rows_changed
from webapp.domain.words import RoomState
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Connection, Meeting, Occurrence, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import lock_room
from webapp.rooms import following, linking
from webapp.rooms.linking import Agreed, Link, bring_link, start_at_once

ADDRESS = re.compile(r"[^\s@<>\",;]+@[^\s@.<>\"',;]+(\.[^\s@.<>\"',;]+)+")
"""People and rooms can have an apostrophe in their address (H69)."""
ADDRESS_LIMIT = 320
CAPACITY_LIMIT = 100_000


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
    bring_link(session, room, draft.link, None, now)
    return room


def save_room(
    session: Session,
    room_id: int,
    draft: RoomDraft,
    seen_revision: int,
    now: datetime,
    agreed: Agreed | None = None,
) -> Room:
    """Save a room's fields and its link.

    Raises `FieldError`, `NotFound`, `StaleRevision`, `Refused("room_archived")`, and `Refused("another_mailbox")`
    with what would be left behind, unless somebody `agreed` to that.
    """
    room = open_room(session, room_id)
    if room.revision != seen_revision:
        raise StaleRevision(room=room.name, saved=draft_of(room), revision=room.revision)
    _check(draft)
    old_zone = room.time_zone
    _describe(room, draft)
    room.revision += 1
    moved = old_zone != room.time_zone and _move_all_day(session, room, ZoneInfo(old_zone), now)
    bring_link(session, room, draft.link, agreed, now)
    if moved:
        want_run(session, room.mailbox_id)
    return room


def archive_room(session: Session, room_id: int, now: datetime) -> Room:
    """Take a room out of use: unlinked, no more bookings; its reservations stay. Raises `NotFound`, `Refused`."""
    room = open_room(session, room_id)
    bring_link(session, room, None, None, now)
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
        start_at_once(session, room, now)
    return room


def try_again(session: Session, room_id: int, now: datetime) -> Room:
    """Read the whole calendar of a room in Error now, without waiting for its back-off. Raises `NotFound`."""
    room = open_room(session, room_id)
    if room.mailbox_id is not None and room.sync_active and room.sync_state is RoomState.ERROR:
        start_at_once(session, room, now)
    return room


def same_room(session: Session, room_id: int, now: datetime) -> Room:
    """The other calendar that answers at the room's address is the room's. Raises `NotFound`, `Refused`."""
    room = open_room(session, room_id)
    linking.same_room(session, room, now)
    return room


def other_mailbox(session: Session, room_id: int, now: datetime) -> Room:
    """The other calendar that answers at the room's address is a new one. Raises `NotFound`, `Refused`."""
    room = open_room(session, room_id)
    linking.other_mailbox(session, room, now)
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
