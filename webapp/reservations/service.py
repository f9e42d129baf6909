"""Reservations as people make, change and cancel them: refuses what is not free or not allowed.

The other door, for what is read from Outlook, is `webapp.reservations.remote`; it never refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session, object_session

from webapp.domain.access import Allowed, Denied, Facts, may_change
from webapp.domain.booking import fault_of_span
from webapp.domain.intervals import Span
from webapp.domain.titles import shown_title
from webapp.domain.words import KEPT_HERE, Home, MeetingKind, Origin, OutboxKind, SyncState, TitleSource
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Meeting, Occurrence, Reservation, Room
from webapp.outbox import queue_for_organizer, queue_for_push, want_run
from webapp.reservations.moves import move_own, on_the_move, other_room, swap_room
from webapp.reservations.organized import (
    check_owner_calendar,
    last_end,
    lock_rooms,
    modes_and_reach,
    set_new_time,
    wait_for_organizer,
)
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
    in_owner_calendar: bool = False
    """Create in the owner's calendar, with the room invited; else in the room's own."""


def book(session: Session, draft: Draft, by: str, now: datetime) -> Reservation:
    """Book a room, if it is free.

    Raises `Refused("room_archived")`, `Refused("room_taken", blockers=…)`, `FieldError`, `NotFound`.
    """
    room = lock_room(session, draft.room_id)
    _check(session, room, draft, now, besides=None)
    if draft.in_owner_calendar:
        check_owner_calendar(session, room, draft.owner_email)
    meeting = Meeting(
        title_source=TitleSource.TYPED,
        kind=MeetingKind.SINGLE,
        home=Home.USER if draft.in_owner_calendar else Home.RESOURCE,
        origin=Origin.HERE,
        created_at=now,
        created_by=by,
    )
    _fill(session, meeting, draft)
    session.add(meeting)
    reservation = new_reservation(session, meeting, room, now)
    write_dates(session, reservation, room, [Dated(draft.span)])
    if draft.in_owner_calendar:
        meeting.organizer = meeting.owner
        wait_for_organizer(session, meeting, OutboxKind.MEETING, [(room, reservation)], now)
        return reservation
    queue_for_push(session, reservation, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def change(
    session: Session, reservation_id: int, draft: Draft, seen_revision: int, by: str, now: datetime
) -> Reservation:
    """Change a reservation that may be changed here.

    A meeting that a person organizes changes in all its rooms, so its new time must be free in each.
    Another room moves it. Raises `Refused` with the reason of `webapp.domain.access`, `Refused("room_elsewhere")`,
    `Refused("already_in_room")`, `Refused("room_not_followed")`, `Refused("is_moving")`, `Refused("owner_fixed")`,
    `Refused("room_taken", …)`, `StaleRevision`, `FieldError`, `NotFound`.
    """
    room, reservation = _changeable(session, reservation_id, seen_revision, now, other_room_id=draft.room_id)
    if reservation.meeting.home is Home.USER:
        return _change_organized(session, room, reservation, draft, by, now)
    if draft.room_id != room.id:
        return _move_own(session, room, reservation, draft, by, now)
    if on_the_move(session, reservation):
        raise Refused("is_moving")
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
    """Cancel a reservation that may be changed here; its event follows. Raises as `change` does.

    Of a meeting with several rooms that a person organizes, this frees the one room: all others stay.
    """
    room, reservation = _changeable(session, reservation_id, seen_revision, now)
    if reservation.meeting.home is Home.USER:
        return _leave_room(session, room, reservation, by, now)
    reservation.meeting.revision += 1
    for one_room, one in [(room, reservation), *on_the_move(session, reservation)]:
        end_reservation(session, one, by, now)
        settle_overlaps(session, one, now)
        queue_for_push(session, one, one_room.mailbox_id, now)
        want_run(session, one_room.mailbox_id)
    return reservation


def cancel_meeting(session: Session, reservation_id: int, seen_revision: int, by: str, now: datetime) -> Reservation:
    """Cancel a person's whole meeting in his calendar: every room is freed, every guest told. Raises as `change`."""
    _, reservation = _changeable(session, reservation_id, seen_revision, now)
    meeting = reservation.meeting
    if meeting.home is not Home.USER:
        raise Refused("not_organized_by_person")
    placed = lock_rooms(session, meeting)
    meeting.revision += 1
    wait_for_organizer(session, meeting, OutboxKind.CANCEL_MEETING, placed, now)
    for _, one in placed:
        end_reservation(session, one, by, now)
        settle_overlaps(session, one, now)
    return reservation


def decline(session: Session, reservation_id: int, seen_revision: int, by: str, now: datetime) -> Reservation:
    """Take the room out of a meeting that is not ours to change: it is free here and there, its organizer is told.

    Raises `Refused("cannot_decline")` where the reservation may be changed, or is over; else as `change`.
    """
    room, reservation = _locked(session, reservation_id)
    allowed = access_to(reservation, now)
    if isinstance(allowed, Allowed) or not allowed.may_decline:
        raise Refused("cannot_decline" if isinstance(allowed, Allowed) else allowed.code)
    _refuse_stale(reservation, seen_revision)
    reservation.meeting.revision += 1
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    queue_for_organizer(session, reservation, OutboxKind.DECLINE, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def access_to(reservation: Reservation, now: datetime) -> Allowed | Denied:
    """What `webapp.domain.access` says of this reservation, for pages to show before the click."""
    meeting, room = reservation.meeting, reservation.room
    session = object_session(reservation)
    assert session is not None, "a reservation is read in a session"
    organizer = meeting.organizer if meeting.home is Home.USER else None
    modes, reach = modes_and_reach(session, room, organizer.email if organizer else "")
    facts = Facts(
        home=meeting.home,
        kind=meeting.kind,
        cancelled=reservation.cancelled_at is not None,
        followed=reservation.not_followed_since is None,
        archived=room.archived_at is not None,
        ends_at=last_end(reservation, ZoneInfo(room.time_zone)),
        other_attendees=meeting.other_attendees,
        kept=reservation.sync_code == KEPT_HERE and meeting.origin is not Origin.HERE,
        invited=is_invited(reservation),
        modes=modes,
        reach=reach,
    )
    return may_change(facts, now)


def title_of(meeting: Meeting) -> str:
    """The meeting's title for people (see `webapp.domain.titles`)."""
    organizer = meeting.organizer.name if meeting.organizer else None
    return shown_title(meeting.title, meeting.title_source, meeting.is_private, organizer)


def _changeable(
    session: Session, reservation_id: int, seen_revision: int, now: datetime, other_room_id: int | None = None
) -> tuple[Room, Reservation]:
    room, reservation = _locked(session, reservation_id, other_room_id)
    allowed = access_to(reservation, now)
    if isinstance(allowed, Denied):
        raise Refused(allowed.code)
    _refuse_stale(reservation, seen_revision)
    return room, reservation


def _locked(session: Session, reservation_id: int, other_room_id: int | None = None) -> tuple[Room, Reservation]:
    """The reservation as it is under its lock; of a person's meeting all rooms are locked, in id order."""
    found = session.get(Reservation, reservation_id)
    if found is None:
        raise NotFound(what="reservation", id=reservation_id)
    rooms = {found.room_id, found.room_id if other_room_id is None else other_room_id}
    if found.meeting.home is Home.USER or found.leaves_for_id is not None or len(rooms) > 1:
        rooms |= {one.room_id for one in found.meeting.reservations}
    for room_id in sorted(rooms):
        lock_room(session, room_id)
    room = session.get_one(Room, found.room_id)
    reservation = session.get_one(Reservation, reservation_id, populate_existing=True)
    session.refresh(reservation.meeting)
    return room, reservation


def _refuse_stale(reservation: Reservation, seen_revision: int) -> None:
    if reservation.meeting.revision != seen_revision:
        raise StaleRevision(saved=_as_fields(reservation.meeting), revision=reservation.meeting.revision)


def _change_organized(
    session: Session, room: Room, reservation: Reservation, draft: Draft, by: str, now: datetime
) -> Reservation:
    """Change a person's meeting: title, time and room go to his calendar; the new time must be free in all rooms."""
    meeting = reservation.meeting
    if draft.owner_email.strip().lower() != (meeting.owner.email if meeting.owner else ""):
        raise Refused("owner_fixed")
    draft = replace(draft, owner_name=meeting.owner.name if meeting.owner else "")
    if draft.room_id != room.id:
        other = other_room(session, room, draft.room_id)
        reservation = swap_room(session, reservation, other, draft.span, by, now)
    placed = lock_rooms(session, meeting)
    for one_room, one in placed:
        _check(session, one_room, draft, now, besides=one.id)
    moves = draft.span != span_of(meeting) or reservation.sync_state is SyncState.DECLINED
    if moves:
        set_new_time(session, placed, draft.span)
    _fill(session, meeting, draft)
    meeting.revision += 1
    for _, one in placed:
        settle_overlaps(session, one, now)
    wait_for_organizer(session, meeting, OutboxKind.MEETING, placed, now)
    return reservation


def _move_own(
    session: Session, room: Room, reservation: Reservation, draft: Draft, by: str, now: datetime
) -> Reservation:
    """Another room, and perhaps another time and title, for a reservation that is the room's own."""
    if on_the_move(session, reservation):
        raise Refused("is_moving")
    if reservation.meeting.origin is not Origin.HERE:  # made anew elsewhere it would lose the guests it may have
        raise Refused("cannot_move_room")
    other = other_room(session, room, draft.room_id)
    _check(session, other, draft, now, besides=None)
    _fill(session, reservation.meeting, draft)
    reservation.meeting.revision += 1
    return move_own(session, reservation, other, draft.span, by, now)


def _leave_room(session: Session, room: Room, reservation: Reservation, by: str, now: datetime) -> Reservation:
    """Free one room of a person's meeting; with its last room the meeting is cancelled."""
    meeting = reservation.meeting
    placed = lock_rooms(session, meeting)
    meeting.revision += 1
    kind = OutboxKind.MEETING if len(placed) > 1 else OutboxKind.CANCEL_MEETING
    stays = [(one_room, one) for one_room, one in placed if one.id != reservation.id]
    followed = [(one_room, one) for one_room, one in stays if one_room.mailbox_id and one_room.sync_active]
    states = {one.id: (one.sync_state, one.sync_code, one.sync_fields) for _, one in stays}
    wait_for_organizer(session, meeting, kind, followed or [(room, reservation)], now)
    for _, one in stays:  # nothing of theirs waits
        one.sync_state, one.sync_code, one.sync_fields = states[one.id]
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    return reservation


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
    if title not in (meeting.title, title_of(meeting)):
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
