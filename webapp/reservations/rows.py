"""The rows of meetings and reservations, and the one function that writes the dates that block a room."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.database import table_of, table_rows_changed
from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.titles import shown_title
from webapp.domain.words import Answer, Home
from webapp.errors import NotFound
from webapp.models import Meeting, Occurrence, Person, Reservation, Room

PENDING = "pending"
"""Names the date that a single meeting is to move to, while the old one still blocks."""

PENDING_DATE = "~"
"""Begins the name of such a date of a series: `~20261124` is what 24 November of it is to move to."""


@dataclass(frozen=True)
class Dated:
    """One date of a reservation. `original_start` is the ISO date inside a series, empty for a single."""

    span: Span
    original_start: str = ""
    blocks: bool = True
    answer: Answer = Answer.NONE
    is_exception: bool = False


_ROOM = table_of(Room)
_LOCK_ROOM = update(_ROOM).where(_ROOM.c.id == bindparam("room")).values(booking_seq=_ROOM.c.booking_seq + 1)


def lock_room(session: Session, room_id: int) -> Room:
    """Take the room's booking lock until the commit and read the room as it is under it."""
    session.flush()
    if not table_rows_changed(session, _LOCK_ROOM, {"room": room_id}):
        raise NotFound(what="room", id=room_id)
    return session.get_one(Room, room_id, populate_existing=True)


def span_of(meeting: Meeting) -> Span:
    """The meeting's span as a value."""
    if meeting.all_day:
        assert meeting.start_date and meeting.end_date, "the table's check constraint says so"
        return AllDay(meeting.start_date, meeting.end_date)
    assert meeting.starts_at and meeting.ends_at, "the table's check constraint says so"
    return Timed(meeting.starts_at, meeting.ends_at)


def title_of(meeting: Meeting) -> str:
    """The meeting's title for people (see `webapp.domain.titles`)."""
    organizer = meeting.organizer.name if meeting.organizer else None
    return shown_title(meeting.title, meeting.title_source, meeting.is_private, organizer)


def set_span(meeting: Meeting, span: Span) -> None:
    """Write a span into the meeting's columns."""
    timed = span if isinstance(span, Timed) else None
    days = span if isinstance(span, AllDay) else None
    meeting.all_day = days is not None
    meeting.starts_at, meeting.ends_at = (timed.start, timed.end) if timed else (None, None)
    meeting.start_date, meeting.end_date = (days.start, days.end) if days else (None, None)


def new_reservation(session: Session, meeting: Meeting, room: Room, now: datetime) -> Reservation:
    """A reservation with a random public id; a restored database can never hand out a used one."""
    reservation = Reservation(
        meeting=meeting, room=room, public_id=secrets.token_hex(12), created_at=now, sync_fields={}
    )
    session.add(reservation)
    return reservation


def write_dates(
    session: Session,
    reservation: Reservation,
    room: Room,
    dates: Iterable[Dated],
    known_from: datetime | None = None,
) -> None:
    """Make `dates` the dates of the reservation; rows that stay the same are not touched (I4).

    Dates of a series that ended before `known_from` are not among them, and stay as they were (H13).
    """
    zone = ZoneInfo(room.time_zone)
    session.flush()
    present = {row.original_start: row for row in reservation.occurrences}
    for dated in dates:
        start, end = dated.span.instants(zone)
        wanted = (start, end, dated.blocks, dated.answer, dated.is_exception)
        row = present.pop(dated.original_start, None)
        if row is None:
            row = Occurrence(room_id=room.id, original_start=dated.original_start)
            _set_date(row, *wanted)
            reservation.occurrences.append(row)
        elif (row.starts_at, row.ends_at, row.blocks, row.answer, row.is_exception) != wanted:
            _set_date(row, *wanted)
    for row in present.values():
        if known_from is None or row.ends_at > known_from or not _is_of_series(row):
            reservation.occurrences.remove(row)
    session.flush()


def is_pending(original_start: str) -> bool:
    """Whether a date is what another one is to move to, while both block."""
    return original_start == PENDING or original_start.startswith(PENDING_DATE)


def original_of(original_start: str) -> str:
    """The date of its series (ISO) that a row stands for, also where it is what that date is to move to; empty for
    a single meeting."""
    if original_start.startswith(PENDING_DATE):
        day = original_start.removeprefix(PENDING_DATE)
        return f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return "" if original_start == PENDING else original_start


def pending_date(original: str) -> str:
    """Names what a date of a series (ISO) is to move to."""
    return PENDING_DATE + original.replace("-", "")


def _is_of_series(row: Occurrence) -> bool:
    return row.original_start != "" and not is_pending(row.original_start)


def _set_date(
    row: Occurrence, start: datetime, end: datetime, blocks: bool, answer: Answer, is_exception: bool
) -> None:
    row.starts_at, row.ends_at, row.blocks, row.answer, row.is_exception = start, end, blocks, answer, is_exception


def end_reservation(session: Session, reservation: Reservation, by: str, now: datetime) -> None:
    """Cancel the reservation; the meeting ends with its last one."""
    reservation.cancelled_at = now
    reservation.cancelled_by = by
    session.execute(delete(Occurrence).where(Occurrence.reservation_id == reservation.id))
    session.expire(reservation, ["occurrences"])
    session.flush()
    left = session.scalar(
        select(Reservation.id)
        .where(Reservation.meeting_id == reservation.meeting_id, Reservation.cancelled_at.is_(None))
        .limit(1)
    )
    if left is None:
        reservation.meeting.cancelled_at = now


def blockers(
    session: Session, room_id: int, times: tuple[datetime, datetime], besides: int | None
) -> list[Occurrence]:
    """The occurrences that block the room in the half-open `times`, in order, but for one reservation's own."""
    start, end = times
    query = (
        select(Occurrence)
        .where(
            Occurrence.room_id == room_id, Occurrence.blocks, Occurrence.starts_at < end, Occurrence.ends_at > start
        )
        .where(Occurrence.starts_at < Occurrence.ends_at)
        .order_by(Occurrence.starts_at)
    )
    if besides is not None:
        query = query.where(Occurrence.reservation_id != besides)
    return list(session.scalars(query))


def person(session: Session, name: str, email: str) -> Person | None:
    """The person with this email, made or renamed as needed; None without an email.

    Two transactions may meet a new person at the same moment: the later finds whom the earlier made.
    """
    email = email.strip().lower()
    if not email:
        return None
    query = select(Person).where(Person.email == email)
    found = session.scalar(query)
    if found is None:
        found = Person(email=email, name=name.strip() or email)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:
            found = session.scalars(query).one()
    elif name.strip() and found.name != name.strip():
        found.name = name.strip()
    return found


def is_invited(reservation: Reservation) -> bool:
    """Whether another room organizes the meeting, and this one holds an attendee's copy of its event (H57)."""
    return reservation.meeting.home is Home.RESOURCE and reservation.answer not in (Answer.ORGANIZER, Answer.NONE)


def is_ours(reservation: Reservation) -> bool:
    """Whether the event belongs to this reservation's own room, so that it can be changed here."""
    return reservation.meeting.home is Home.RESOURCE and not is_invited(reservation)
