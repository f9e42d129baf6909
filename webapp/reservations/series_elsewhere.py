"""A series of which some dates take place in another room, where its own is taken."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from webapp.models import Reservation
from webapp.reservations.drafts import Draft, SeriesDraft
from webapp.reservations.rows import lock_room
from webapp.reservations.series import book_series
from webapp.reservations.service import book


def book_in_two_rooms(
    session: Session, draft: SeriesDraft, other_room_id: int, elsewhere: frozenset[date], by: str, now: datetime
) -> list[Reservation]:
    """Book a series but for the dates `elsewhere`, each of which becomes a reservation of the other room.

    The first of them is the series. Raises as `book_series` and `book`, then nothing is booked.
    """
    for room_id in sorted({draft.room_id, other_room_id}):
        lock_room(session, room_id)
    series = book_series(session, draft, by, now, without=elsewhere)
    return [series, *(book(session, _date_of(draft, day, other_room_id), by, now) for day in sorted(elsewhere))]


def _date_of(draft: SeriesDraft, day: date, room_id: int) -> Draft:
    return Draft(
        room_id,
        draft.title,
        draft.rule.times.span_on(day, draft.rule.rules()),
        is_private=draft.is_private,
        description=draft.description,
        owner_name=draft.owner_name,
        owner_email=draft.owner_email,
        in_owner_calendar=draft.in_owner_calendar,
    )
