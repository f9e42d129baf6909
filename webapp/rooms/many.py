"""The same for many rooms: bulk work and the import of a tenant's rooms, one short transaction a room.

One room's trouble stops no other, and no lock is kept while the next room's is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.database import begin_writing
from webapp.domain.words import RoomState
from webapp.errors import AppError, NotFound, Refused
from webapp.models import Room, RoomChoice
from webapp.outbox import want_run
from webapp.rooms.linking import Link, bring_link, start_at_once
from webapp.rooms.service import RoomDraft, create_room, draft_of, open_room, save_room

Wanted = TypeVar("Wanted")


@dataclass
class Done(Generic[Wanted]):
    """What became of many rooms: those done, those that were so already, and those refused, with the reason.

    `mailboxes` are the ids of those that a worker should look at.
    """

    done: int = 0
    already: int = 0
    refused: list[tuple[Wanted, AppError]] = field(default_factory=list)
    mailboxes: list[int] = field(default_factory=list)


def for_each(session: Session, wanted: Iterable[Wanted], act: Callable[[Wanted], Room | None]) -> Done[Wanted]:
    """Do `act` for each, and commit each; `act` gives the room, or None where nothing was to be done."""
    result: Done[Wanted] = Done()
    for one in wanted:
        begin_writing(session)
        try:
            room = act(one)
        except AppError as error:
            session.rollback()
            result.refused.append((one, error))
            continue
        if room is None:
            result.already += 1
        else:
            result.done += 1
            if room.sync_active and room.mailbox_id is not None:
                result.mailboxes.append(room.mailbox_id)
        session.commit()
    return result


class Bulk(StrEnum):
    """What can be done to many rooms at once."""

    ACTIVATE = "activate"
    PAUSE = "pause"
    RESYNC = "resync"


def bulk(session: Session, room_id: int, what: Bulk, now: datetime) -> Room | None:
    """Do it to one room; None where it is so already. Raises `NotFound`, `Refused("room_archived")`, and
    `Refused("room_not_linked")`, `Refused("room_not_active")` where there is nothing to switch or to read."""
    room = open_room(session, room_id)
    if room.mailbox_id is None:
        raise Refused("room_not_linked", room=room.name)
    if what is Bulk.RESYNC:
        return _resync(session, room, now)
    active = what is Bulk.ACTIVATE
    if room.sync_active == active:
        return None
    link = draft_of(room).link
    assert link is not None, "a room with a mailbox has a connection and an address"
    bring_link(session, room, replace(link, active=active), None, now)
    room.revision += 1
    return room


def _resync(session: Session, room: Room, now: datetime) -> Room:
    """Read the whole calendar again; a room in Error begins anew, without its back-off."""
    if not room.sync_active:
        raise Refused("room_not_active", room=room.name)
    if room.sync_state is RoomState.ERROR:
        start_at_once(session, room, now)
    else:
        want_run(session, room.mailbox_id, full=True)
    return room


@dataclass(frozen=True)
class Import:
    """One of a tenant's rooms (a `RoomChoice`) that becomes a room here: `room_id`, or a new one."""

    choice_id: int
    room_id: int | None = None
    seats_from_there: bool = False


@dataclass(frozen=True)
class Terms:
    """What holds for all rooms of an import: the zone of new ones, and whether sync starts at once."""

    connection_id: int
    time_zone: str
    active: bool


def import_room(session: Session, wanted: Import, terms: Terms, now: datetime) -> Room:
    """Link a room to one of the tenant's, or make it. Raises `NotFound`, `FieldError`, and `Refused`."""
    choice = session.scalar(
        select(RoomChoice).where(RoomChoice.id == wanted.choice_id, RoomChoice.connection_id == terms.connection_id)
    )
    if choice is None:
        raise NotFound(what="room choice", id=wanted.choice_id)
    link = Link(terms.connection_id, choice.address, terms.active)
    if wanted.room_id is None:
        return create_room(session, _draft(choice, terms.time_zone, link), now)
    room = open_room(session, wanted.room_id)
    if room.mailbox_id is not None:
        raise Refused("room_linked_meanwhile", room=room.name, address=room.external_address)
    capacity = choice.capacity if wanted.seats_from_there else room.capacity
    return save_room(session, room.id, replace(draft_of(room), link=link, capacity=capacity), room.revision, now)


def _draft(choice: RoomChoice, time_zone: str, link: Link) -> RoomDraft:
    """A new room as the tenant describes it, cut to what a room's fields hold."""
    return RoomDraft(
        name=choice.name.strip()[:200] or choice.address,
        time_zone=time_zone,
        building=choice.building.strip()[:200],
        floor=choice.floor.strip()[:64],
        capacity=choice.capacity,
        link=link,
    )
