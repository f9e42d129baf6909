"""The tenant's rooms, fetched from Places and kept to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.database import Transactions
from webapp.domain.check_codes import Step
from webapp.models import Connection, RoomChoice
from worker import diagnosis
from worker.graph.client import GraphClient
from worker.graph.places import Place, list_rooms
from worker.sync.errors import SyncError


def list_places(
    transactions: Transactions,
    connection_id: int,
    client_of: Callable[[int], GraphClient],
    now: Callable[[], datetime],
) -> None:
    """Fetch the list if it is wanted. A failure keeps the old list and puts its code on the connection."""
    waiting = select(Connection.places_wanted).where(
        Connection.id == connection_id, Connection.places_wanted != Connection.places_done
    )
    with transactions.reading() as session:
        wanted = session.scalar(waiting)
    if wanted is None:
        return
    roles: tuple[str, ...] = ()
    rooms: tuple[Place, ...] | None = None
    code = None
    try:
        client = client_of(connection_id)
        roles = client.tokens.token().roles
        rooms = list_rooms(client)
    except SyncError as error:
        code = diagnosis.of_error(error, Step.PLACES, roles).code.value
    with transactions.writing() as session:
        if rooms is not None:
            keep_rooms(session, connection_id, rooms, now())
        session.execute(
            update(Connection).where(Connection.id == connection_id).values(places_done=wanted, places_error=code)
        )


def keep_rooms(session: Session, connection_id: int, rooms: Iterable[Place], now: datetime) -> None:
    """Put a complete list in place of the former one."""
    listed = session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(places_listed_at=now, places_error=None)
        .returning(Connection.id)
    )
    if listed.first() is None:
        return
    session.execute(delete(RoomChoice).where(RoomChoice.connection_id == connection_id))
    session.add_all(
        RoomChoice(
            connection_id=connection_id,
            address=room.address[:320],
            name=room.name[:255],
            building=room.building[:255],
            floor=room.floor[:64],
            capacity=room.capacity,
            listed_at=now,
        )
        for room in rooms
    )
