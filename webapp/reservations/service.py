"""Reservations as people make, change and cancel them: refuses what is not free or not allowed.

The other door, for what is read from Outlook, is `webapp.reservations.remote`; it never refuses.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.access import Allowed
from webapp.domain.booking import fault_of_span
from webapp.domain.words import Home, MeetingKind, Origin, OutboxKind, SyncState
from webapp.errors import FieldError, Refused
from webapp.models import Meeting, Reservation, Room
from webapp.outbox import queue_for_organizer, queue_for_push, want_run
from webapp.reservations.drafts import Draft, check_draft, fill, new_meeting
from webapp.reservations.locked import access_to, changeable, locked, refuse_stale
from webapp.reservations.moves import move_own, on_the_move, other_room, swap_room
from webapp.reservations.organized import (
    check_owner_calendar,
    lock_rooms,
    set_new_time,
    wait_for_organizer,
)
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import (
    Dated,
    blockers,
    end_reservation,
    lock_room,
    new_reservation,
    set_span,
    span_of,
    write_dates,
)
from webapp.reservations.taken import as_blocker


def book(session: Session, draft: Draft, by: str, now: datetime) -> Reservation:
    """Book a room, if it is free.

    Raises `Refused("room_archived")`, `Refused("room_taken", blockers=…)`, `FieldError`, `NotFound`.
    """
    room = lock_room(session, draft.room_id)
    _check(session, room, draft, now, besides=None)
    if draft.in_owner_calendar:
        check_owner_calendar(session, room, draft.owner_email)
    meeting = new_meeting(MeetingKind.SINGLE, draft.in_owner_calendar, by, now)
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
    room, reservation = changeable(session, reservation_id, seen_revision, now, other_room_id=draft.room_id)
    if reservation.meeting.kind is MeetingKind.SERIES:
        raise Refused("series_read_only")
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
    room, reservation = changeable(session, reservation_id, seen_revision, now)
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
    _, reservation = changeable(session, reservation_id, seen_revision, now)
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
    room, reservation = locked(session, reservation_id)
    allowed = access_to(reservation, now)
    if isinstance(allowed, Allowed) or not allowed.may_decline:
        raise Refused("cannot_decline" if isinstance(allowed, Allowed) else allowed.code)
    refuse_stale(reservation, seen_revision)
    reservation.meeting.revision += 1
    end_reservation(session, reservation, by, now)
    settle_overlaps(session, reservation, now)
    queue_for_organizer(session, reservation, OutboxKind.DECLINE, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


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
    check_draft(room, draft)
    zone = ZoneInfo(room.time_zone)
    fault = fault_of_span(draft.span, zone, now, linked=room.mailbox_id is not None)
    if fault:
        raise FieldError(*fault)
    taken = blockers(session, room.id, draft.span.instants(zone), besides)
    if taken:
        raise Refused("room_taken", room=room.name, blockers=[as_blocker(row) for row in taken])


def _fill(session: Session, meeting: Meeting, draft: Draft) -> None:
    fill(session, meeting, draft)
    set_span(meeting, draft.span)
