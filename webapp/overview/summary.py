"""What the Overview says, read with a handful of small queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.connections.expiry import SecretState, secret_state
from webapp.domain.words import RoomState
from webapp.models import Connection, Hold, Room
from webapp.overview.health import Vitals, vitals
from webapp.rooms.queries import ADDRESS_UNLISTED

SHOWN = 5
"""At most so many things that need a person are listed."""


@dataclass(frozen=True)
class Summary:
    """`states` counts rooms that are not archived; `linked` those with an external calendar.

    `rooms_in_need` (the first few) are those in Error, and those whose address a person has to confirm.
    """

    states: dict[RoomState, int]
    linked: int
    connections: list[tuple[Connection, SecretState, int]]
    rooms_in_need: list[Room]
    holds: list[tuple[Hold, Room]]
    vitals: Vitals

    @property
    def need(self) -> int:
        """How many things need a person."""
        expired = sum(secret.expired for _, secret, _ in self.connections)
        return self.vitals.holds + self.vitals.rooms_in_need + expired

    @property
    def rooms(self) -> int:
        """All rooms that are not archived."""
        return sum(self.states.values())

    @property
    def followed(self) -> int:
        """Rooms that should agree with Outlook: those that are not Off."""
        return self.rooms - self.states[RoomState.OFF]


def summary(session: Session, now: datetime) -> Summary:
    """Read the summary at `now`."""
    states, linked = _rooms_by_state(session)
    connections = _connections(session, now)
    in_need = and_(Room.archived_at.is_(None), or_(Room.sync_state == RoomState.ERROR, _is_unconfirmed()))
    rooms_in_need = session.scalars(
        select(Room).where(in_need).order_by(Room.sync_state_since, Room.id).limit(SHOWN)
    ).all()
    open_holds = select(Hold, Room).join(Room, Room.id == Hold.room_id).where(Hold.closed_at.is_(None))
    holds = [(hold, room) for hold, room in session.execute(open_holds.order_by(Hold.opened_at).limit(SHOWN))]
    return Summary(states, linked, connections, list(rooms_in_need), holds, vitals(session, now, in_need))


def _is_unconfirmed() -> ColumnElement[bool]:
    return and_(Room.sync_state == RoomState.PENDING, Room.sync_code == ADDRESS_UNLISTED)


def _rooms_by_state(session: Session) -> tuple[dict[RoomState, int], int]:
    counted = session.execute(
        select(Room.sync_state, func.count(), func.sum(case((Room.mailbox_id.is_not(None), 1), else_=0)))
        .where(Room.archived_at.is_(None))
        .group_by(Room.sync_state)
    ).all()
    states = dict.fromkeys(RoomState, 0) | {state: number for state, number, _ in counted}
    return states, sum(linked for *_, linked in counted)


def _connections(session: Session, now: datetime) -> list[tuple[Connection, SecretState, int]]:
    rooms = select(Room.connection_id, func.count().label("number")).group_by(Room.connection_id).subquery()
    found = session.execute(
        select(Connection, func.coalesce(rooms.c.number, 0))
        .outerjoin(rooms, rooms.c.connection_id == Connection.id)
        .options(joinedload(Connection.credential))
        .order_by(Connection.name)
    )
    return [(connection, secret_state(connection.credential, now), number) for connection, number in found]
