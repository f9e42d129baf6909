"""Meetings that live in a person's calendar: what waits to be written there, and in whose lane.

The lead room of a meeting is the one with the lowest id among its rooms that are followed; what is to be done in
the organizer's calendar is done in its lane.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.domain.access import OUT_OF_REACH, Modes, may_create_for_owner
from webapp.domain.intervals import Span, Timed, span_to_json
from webapp.domain.recurrence import next_occurrence
from webapp.domain.words import HoldKind, MailboxKind, OutboxKind, Reach, SyncState
from webapp.errors import FieldError
from webapp.models import Hold, HoldAction, Mailbox, Meeting, Reservation, Room, SyncSettings
from webapp.outbox import queue_for_organizer, want_run
from webapp.reservations.rows import PENDING, Dated, lock_room, span_of, write_dates
from webapp.reservations.series_rows import series_of
from webapp.sync_settings.modes import modes_of


def reach_of(session: Session, room: Room, email: str) -> Reach:
    """What was learned of the app's reach to a person's mailbox in the tenant of `room`."""
    return session.scalar(_reach(room, email)) or Reach.UNKNOWN


def modes_and_reach(session: Session, room: Room, email: str) -> tuple[Modes, Reach]:
    """The settings, and what was learned of that mailbox, with one query."""
    settings = (SyncSettings.delegation, SyncSettings.strict, SyncSettings.create_in_owner)
    row = session.execute(select(*settings, _reach(room, email).scalar_subquery().label("reach"))).one()
    return Modes(row.delegation, row.strict, row.create_in_owner), row.reach or Reach.UNKNOWN


def _reach(room: Room, email: str) -> Select[Any]:
    return select(Mailbox.reach).where(
        Mailbox.kind == MailboxKind.PERSON,
        Mailbox.connection_id == room.connection_id,
        Mailbox.address == email.lower(),
    )


def check_owner_calendar(session: Session, room: Room, owner_email: str) -> None:
    """Refuse a new meeting in its owner's calendar where it cannot be; raises `FieldError` with the reason."""
    why_not = why_not_in_owner_calendar(session, room)
    if why_not is not None:
        raise FieldError("in_owner_calendar", why_not, room=room.name)
    if not owner_email.strip():
        raise FieldError("owner_email", "owner_needed")
    reach = reach_of(session, room, owner_email.strip())
    if reach in OUT_OF_REACH:
        raise FieldError("owner_email", "owner_out_of_reach", owner=owner_email.strip(), reach=reach.value)


def why_not_in_owner_calendar(session: Session, room: Room | None) -> str | None:
    """Why nothing new can be made in an owner's calendar with this room invited, or None; without a room yet the
    settings alone decide."""
    if not may_create_for_owner(modes_of(session)):
        return "create_not_allowed"
    if room is not None and (room.mailbox_id is None or not room.sync_active):
        return "room_not_followed"
    return None


def lock_rooms(session: Session, meeting: Meeting) -> list[tuple[Room, Reservation]]:
    """The meeting's live reservations with their rooms, all rooms locked in id order."""
    rows = session.execute(
        select(Reservation.room_id, Reservation.id)
        .where(Reservation.meeting_id == meeting.id, Reservation.cancelled_at.is_(None))
        .order_by(Reservation.room_id)
    ).all()
    return [(lock_room(session, room_id), session.get_one(Reservation, key)) for room_id, key in rows]


def set_new_time(session: Session, placed: list[tuple[Room, Reservation]], span: Span) -> None:
    """A new time of the meeting: in each followed room it blocks besides the old one until the room's copy follows.

    A room that declined is asked anew by it, and blocks the new time only.
    """
    for room, reservation in placed:
        old = [] if reservation.sync_state is SyncState.DECLINED else _held_now(reservation)
        reservation.pending_time = span_to_json(span)
        write_dates(session, reservation, room, [*old, Dated(span, PENDING)] if old else [Dated(span)])


def _held_now(reservation: Reservation) -> list[Dated]:
    """The date that the room's copy still holds, as it stands."""
    return [
        Dated(Timed(row.starts_at, row.ends_at), "", row.blocks, row.answer)
        for row in reservation.occurrences
        if row.original_start == "" and row.blocks
    ]


def wait_for_organizer(
    session: Session, meeting: Meeting, kind: OutboxKind, among: list[tuple[Room, Reservation]], now: datetime
) -> None:
    """Queue a change of the organizer's event in the lane of the lead of `among`, and ask for that run.

    Where a person is asked whether the event was ever made, nothing is sent before the answer: it stays held.
    """
    room, reservation = next((room, one) for room, one in among if room.mailbox_id is not None and room.sync_active)
    queue_for_organizer(session, reservation, kind, room.mailbox_id, now)
    in_doubt = _is_in_doubt(session, meeting)
    state, code = (SyncState.HELD, HoldKind.DOUBTFUL_CREATE.value) if in_doubt else (SyncState.WAITING, None)
    for _, one in among:
        if one.cancelled_at is None:
            one.sync_state, one.sync_code, one.sync_fields = state, code, {}
    want_run(session, room.mailbox_id)


def _is_in_doubt(session: Session, meeting: Meeting) -> bool:
    """Whether an open hold asks whether the meeting's event was made."""
    asked = (
        select(HoldAction.id)
        .join(Hold)
        .join(Reservation, HoldAction.reservation_id == Reservation.id)
        .where(Hold.kind == HoldKind.DOUBTFUL_CREATE, Hold.closed_at.is_(None), Reservation.meeting_id == meeting.id)
    )
    return session.scalar(asked.limit(1)) is not None


def last_end(reservation: Reservation, zone: ZoneInfo, now: datetime) -> datetime:
    """When the last known date of a reservation ends; of a single one, when it ends. A series whose rule has dates
    ahead goes on, also where none of them lies in the window."""
    series = series_of(reservation.meeting)
    later = next_occurrence(series, now, zone) if series is not None else None
    if later is not None:
        return later.span.instants(zone)[1]
    ends = [row.ends_at for row in reservation.occurrences]
    return max(ends) if ends else span_of(reservation.meeting).instants(zone)[1]
