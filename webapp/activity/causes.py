"""What fails now, grouped by cause: rooms in Error and reservations that Failed, each group with one mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.activity.queries import reservations_by_id
from webapp.domain.words import RoomState, SyncState
from webapp.models import Reservation, Room
from webapp.reservations.state_words import STATE_WORDS, named
from webapp.words import Words, words_for

NAMED = 5
"""So many rooms or reservations of each group are named."""
RETRIED = 100
"""So many of a group are tried again with one press."""
ROOMS, RESERVATIONS = "rooms", "reservations"


@dataclass(frozen=True)
class Cause:
    """Why `count` rooms or reservations (`of`) fail; the first few of them."""

    of: str
    code: str
    count: int
    words: Words
    rooms: Sequence[Room] = ()
    reservations: Sequence[Reservation] = ()


def causes(session: Session) -> list[Cause]:
    """Groups of what fails, the largest first: three queries at most."""
    found = [*_of_rooms(session), *_of_reservations(session)]
    return sorted(found, key=lambda cause: (-cause.count, cause.of, cause.code))


def failing(session: Session, of: str, code: str) -> Sequence[int]:
    """Ids of the first `RETRIED` rooms or reservations of a group."""
    query = _rooms_failing(Room.id) if of == ROOMS else _reservations_failing(Reservation.id)
    column = Room if of == ROOMS else Reservation
    return session.scalars(query.where(column.sync_code == code).order_by(column.id).limit(RETRIED)).all()


def _of_rooms(session: Session) -> list[Cause]:
    groups: dict[str, list[Room]] = {}
    counts: dict[str, int] = {}
    first = _first(_rooms_failing(Room.id), Room, Room.sync_state_since, Room.id)
    for room, count in session.execute(select(Room, first.c.size).join(first, first.c.id == Room.id)):
        groups.setdefault(room.sync_code, []).append(room)
        counts[room.sync_code] = count
    return [
        Cause(ROOMS, code, counts[code], words_for(code, rooms[0].sync_fields), rooms=rooms)
        for code, rooms in groups.items()
    ]


def _of_reservations(session: Session) -> list[Cause]:
    first = _first(_reservations_failing(Reservation.id), Reservation, Reservation.id)
    counts = {row.id: row.size for row in session.execute(select(first.c.id, first.c.size))}
    groups: dict[str, list[Reservation]] = {}
    for one in reservations_by_id(session, set(counts)).values():
        groups.setdefault(one.sync_code or "", []).append(one)
    return [
        Cause(RESERVATIONS, code, counts[ones[0].id], _words(code, ones[0]), reservations=ones)
        for code, ones in groups.items()
    ]


def _words(code: str, reservation: Reservation) -> Words:
    fields = named(reservation) | reservation.sync_fields
    return STATE_WORDS[code].filled(fields) if code in STATE_WORDS else words_for(code, fields)


def _rooms_failing(column: Any) -> Select[Any]:
    return select(column).where(
        Room.sync_state == RoomState.ERROR, Room.archived_at.is_(None), Room.sync_code.is_not(None)
    )


def _reservations_failing(column: Any) -> Select[Any]:
    return select(column).where(
        Reservation.sync_state == SyncState.FAILED,
        Reservation.cancelled_at.is_(None),
        Reservation.sync_code.is_not(None),
    )


def _first(failing: Select[Any], model: Any, *order: Any) -> Any:
    """Ids of the first `NAMED` of each group, each with the size of its group."""
    place = func.row_number().over(partition_by=model.sync_code, order_by=order).label("place")
    size = func.count().over(partition_by=model.sync_code).label("size")
    ranked = failing.add_columns(place, size).subquery()
    return select(ranked.c.id, ranked.c.size).where(ranked.c.place <= NAMED).subquery()
