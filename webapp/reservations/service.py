"""Reservations as people make, change and cancel them: refuses what is not free or not allowed.

The other door, for what is read from Outlook, is `webapp.reservations.remote`; it never refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.access import Allowed, Denied, Facts, may_change
from webapp.domain.booking import fault_of_span
from webapp.domain.intervals import Span
from webapp.domain.titles import shown_title
from webapp.domain.words import Home, MeetingKind, Origin, TitleSource
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Meeting, Occurrence, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import (
    Dated,
    blockers,
    end_reservation,
    is_invited,
    lock_room,
    new_reservation,
    person,
    set_span,
    span_of,
    write_dates,
)

TITLE_LIMIT = 1024


@dataclass(frozen=True)
class Draft:
    """What a person wants. `span` is in UTC instants, or in dates for all-day."""

    room_id: int
    title: str
    span: Span
    is_private: bool = False
    description: str = ""
    owner_name: str = ""
    owner_email: str = ""


def book(session: Session, draft: Draft, by: str, now: datetime) -> Reservation:
    """Book a room, if it is free.

    Raises `Refused("room_archived")`, `Refused("room_taken", blockers=…)`, `FieldError`, `NotFound`.
    """
    room = lock_room(session, draft.room_id)
    _check(session, room, draft, now, besides=None)
    meeting = Meeting(
        title_source=TitleSource.TYPED,
        kind=MeetingKind.SINGLE,
        home=Home.RESOURCE,
        origin=Origin.HERE,
        created_at=now,
        created_by=by,
    )
    _fill(session, meeting, draft)
    session.add(meeting)
    reservation = new_reservation(session, meeting, room, now)
    write_dates(session, reservation, room, [Dated(draft.span)])
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def change(
    session: Session, reservation_id: int, draft: Draft, seen_revision: int, by: str, now: datetime
) -> Reservation:
    """Change a reservation that may be changed here.

    Raises `Refused` with the reason of `webapp.domain.access`, `Refused("cannot_move_room")`,
    `Refused("room_taken", …)`, `StaleRevision`, `FieldError`, `NotFound`.
    """
    room, reservation = _changeable(session, reservation_id, seen_revision, now)
    if draft.room_id != room.id:
        raise Refused("cannot_move_room")
    _check(session, room, draft, now, besides=reservation.id)
    meeting = reservation.meeting
    _fill(session, meeting, draft)
    meeting.revision += 1
    reservation.withdrawn_at = None
    write_dates(session, reservation, room, [Dated(draft.span)])
    settle_overlaps(session, reservation, now)
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def cancel(session: Session, reservation_id: int, seen_revision: int, by: str, now: datetime) -> Reservation:
    """Cancel a reservation that may be changed here; its event follows. Raises as `change` does."""
    room, reservation = _changeable(session, reservation_id, seen_revision, now)
    reservation.meeting.revision += 1
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def access_to(reservation: Reservation, now: datetime) -> Allowed | Denied:
    """What `webapp.domain.access` says of this reservation, for pages to show before the click."""
    meeting, room = reservation.meeting, reservation.room
    _, ends_at = span_of(meeting).instants(ZoneInfo(room.time_zone))
    facts = Facts(
        home=meeting.home,
        kind=meeting.kind,
        cancelled=reservation.cancelled_at is not None,
        followed=reservation.not_followed_since is None,
        archived=room.archived_at is not None,
        ends_at=ends_at,
        other_attendees=meeting.other_attendees,
        invited=is_invited(reservation),
    )
    return may_change(facts, now)


def title_of(meeting: Meeting) -> str:
    """The meeting's title for people (see `webapp.domain.titles`)."""
    organizer = meeting.organizer.name if meeting.organizer else None
    return shown_title(meeting.title, meeting.title_source, meeting.is_private, organizer)


def _changeable(session: Session, reservation_id: int, seen_revision: int, now: datetime) -> tuple[Room, Reservation]:
    found = session.get(Reservation, reservation_id)
    if found is None:
        raise NotFound(what="reservation", id=reservation_id)
    room = lock_room(session, found.room_id)
    reservation = session.get_one(Reservation, reservation_id, populate_existing=True)
    session.refresh(reservation.meeting)
    allowed = access_to(reservation, now)
    if isinstance(allowed, Denied):
        raise Refused(allowed.code)
    if reservation.meeting.revision != seen_revision:
        raise StaleRevision(saved=_as_fields(reservation.meeting), revision=reservation.meeting.revision)
    return room, reservation


def _check(session: Session, room: Room, draft: Draft, now: datetime, besides: int | None) -> None:
    if room.archived_at is not None:
        raise Refused("room_archived", room=room.name)
    if not draft.title.strip():
        raise FieldError("title", "missing")
    if len(draft.title) > TITLE_LIMIT:
        raise FieldError("title", "too_long", limit=TITLE_LIMIT)
    zone = ZoneInfo(room.time_zone)
    fault = fault_of_span(draft.span, zone, now, linked=room.mailbox_id is not None)
    if fault:
        raise FieldError(*fault)
    taken = blockers(session, room.id, draft.span.instants(zone), besides)
    if taken:
        raise Refused("room_taken", room=room.name, blockers=[_as_blocker(row) for row in taken])


def _fill(session: Session, meeting: Meeting, draft: Draft) -> None:
    title = draft.title.strip()
    if title != meeting.title:
        meeting.title, meeting.title_source = title, TitleSource.TYPED
    meeting.is_private = draft.is_private
    meeting.description = draft.description
    meeting.owner = person(session, draft.owner_name, draft.owner_email)
    set_span(meeting, draft.span)


def _as_blocker(row: Occurrence) -> dict[str, Any]:
    meeting = row.reservation.meeting
    hidden = meeting.is_private
    who = meeting.organizer or meeting.owner
    return {
        "reservation_id": row.reservation_id,
        "title": "Private" if hidden else title_of(meeting),
        "organizer": "" if hidden or who is None else who.name,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "origin": meeting.origin,
    }


def _as_fields(meeting: Meeting) -> dict[str, Any]:
    return {"title": title_of(meeting), "span": span_of(meeting), "is_private": meeting.is_private}
