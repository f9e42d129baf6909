"""Which mailbox this is: known by tenant and default calendar, not by its address (H55)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import RoomState
from webapp.models import Connection, Mailbox, Outbox, Room, RoomChoice
from worker.store.claims import Lane
from worker.store.records import set_room_state
from worker.sync.ports import Calendar

ASK_AGAIN = timedelta(minutes=10)
SOON = timedelta(seconds=5)


class NotOurs(Exception):
    """This mailbox must not be read for this room; the room's status says why."""


def identify(lane: Lane, calendar: Calendar, tenant_guid: str | None, now: datetime) -> Lane:
    """Learn or confirm the mailbox's identity; raises `NotOurs` when it is another room's, or nobody knows it
    for a room, or another calendar answers at its address."""
    guid = tenant_guid or lane.tenant_guid or ""
    if lane.calendar_key is not None:
        return replace(lane, tenant_guid=guid or lane.tenant_guid)
    _refuse_unlisted(lane, now)
    key = calendar.calendar_key()
    with lane.writing() as session:
        same = session.scalar(
            select(Mailbox).where(
                Mailbox.tenant_guid == guid, Mailbox.calendar_key == key, Mailbox.id != lane.mailbox_id
            )
        )
        if same is not None:
            refused = _same_calendar(session, lane, same, now)
        else:
            refused = False
            session.execute(
                update(Mailbox).where(Mailbox.id == lane.mailbox_id).values(tenant_guid=guid, calendar_key=key)
            )
            session.execute(
                update(Connection)
                .where(Connection.id == lane.connection_id, Connection.tenant_guid.is_(None))
                .values(tenant_guid=guid)
            )
    if refused or same is not None:
        raise NotOurs
    return replace(lane, tenant_guid=guid, calendar_key=key)


def _refuse_unlisted(lane: Lane, now: datetime) -> None:
    """An address that Places does not list may be a person's: nothing is read until somebody says it is a room."""
    with lane.writing() as session:
        room = session.get_one(Room, lane.room_id)
        connection = session.get_one(Connection, lane.connection_id)
        listed = session.scalar(
            select(RoomChoice.id).where(
                RoomChoice.connection_id == lane.connection_id,
                func.lower(RoomChoice.address) == lane.address.lower(),
            )
        )
        if listed is not None or room.address_confirmed:
            return
        unknown = connection.places_listed_at is None
        if connection.places_wanted == connection.places_done:
            connection.places_wanted += 1
        if not unknown:
            set_room_state(session, room.id, RoomState.PENDING, now, "address_unlisted", {"address": lane.address})
        session.execute(
            update(Mailbox)
            .where(Mailbox.id == lane.mailbox_id)
            .values(not_before=now + (SOON if unknown else ASK_AGAIN))
        )
    raise NotOurs


def _same_calendar(session: Session, lane: Lane, same: Mailbox, now: datetime) -> bool:
    """Another mailbox row is this calendar: another room's (refuse), or this room's own from before (take it)."""
    other = session.scalar(select(Room).where(Room.mailbox_id == same.id))
    if other is not None:
        connection = session.get_one(Connection, same.connection_id)
        set_room_state(
            session,
            lane.room_id,
            RoomState.ERROR,
            now,
            "same_calendar",
            {"room": other.name, "connection": connection.name},
        )
        session.execute(update(Mailbox).where(Mailbox.id == lane.mailbox_id).values(not_before=now + ASK_AGAIN))
        return True
    session.execute(update(Room).where(Room.id == lane.room_id).values(mailbox_id=same.id))
    session.execute(update(Outbox).where(Outbox.mailbox_id == lane.mailbox_id).values(mailbox_id=same.id))
    session.execute(
        update(Mailbox)
        .where(Mailbox.id == same.id)
        .values(
            address=lane.address,
            connection_id=lane.connection_id,
            wanted=Mailbox.wanted + 1,
            full_wanted=Mailbox.full_wanted + 1,
        )
    )
    return False
