"""Series as people make, change and cancel them: as a whole, or one date. Refuses what is not free or not allowed.

"This and following" is in `webapp.reservations.split`. The whole of a series is cancelled and declined as any other
reservation (`webapp.reservations.service`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.access import Allowed
from webapp.domain.booking import fault_of_span
from webapp.domain.intervals import Span
from webapp.domain.recurrence import ChangedDate, Series, live_count
from webapp.domain.series_checks import fault_of_move
from webapp.domain.series_edit import OnMasterEdit, after_edit, anchored, cut
from webapp.domain.words import Home, MeetingKind, OutboxKind
from webapp.errors import FieldError, Refused
from webapp.models import Meeting, Reservation
from webapp.outbox import queue_for_organizer, want_run
from webapp.reservations import service
from webapp.reservations.drafts import SeriesDraft, check_draft, check_title, fill, new_meeting
from webapp.reservations.locked import access_to_series, changeable, locked, refuse_stale
from webapp.reservations.organized import check_owner_calendar, lock_rooms
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import blockers, lock_room, new_reservation, title_of
from webapp.reservations.series_checked import check_free, check_rule, check_still_ahead, with_rule
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_written import save_series, show_series
from webapp.reservations.taken import as_blocker

NOTHING: frozenset[date] = frozenset()


def book_series(
    session: Session, draft: SeriesDraft, by: str, now: datetime, *, without: frozenset[date] = NOTHING
) -> Reservation:
    """Book a room for a series, if it is free on all its dates inside the window but those of `without` (original
    dates), which do not take place.

    Raises `Refused("dates_taken", room=…, room_id=…, dates=…, taken=[Taken, …])`, `Refused("no_date_left")`,
    `Refused("room_archived")`, `FieldError` (of rules: the field and code of `webapp.domain.rule.Fault`), `NotFound`.
    """
    room = lock_room(session, draft.room_id)
    check_draft(room, draft)
    check_rule(draft.rule, room, now)
    if draft.in_owner_calendar:
        check_owner_calendar(session, room, draft.owner_email)
    series = Series(anchored(draft.rule), cancelled=without)
    check_free(session, room, series, now, besides=None)
    meeting = new_meeting(MeetingKind.SERIES, draft.in_owner_calendar, by, now)
    fill(session, meeting, draft)
    show_series(meeting, series)
    session.add(meeting)
    reservation = new_reservation(session, meeting, room, now)
    session.flush()
    if draft.in_owner_calendar:
        meeting.organizer = meeting.owner
    save_series(session, [(room, reservation)], series, now)
    return reservation


def change_series(
    session: Session,
    reservation_id: int,
    draft: SeriesDraft,
    seen_revision: int,
    by: str,
    now: datetime,
    *,
    without: frozenset[date] = NOTHING,
) -> Reservation:
    """Change all of a series: title, rule, or both. With another rule the dates that were changed by themselves go
    where the rule has them, as in Outlook; where only its end is another, they stay. Dates of `without` do not take
    place.

    Raises as `book_series`, and `Refused` with the reason of `webapp.domain.access`, `Refused("not_a_series")`,
    `Refused("rule_unknown")`, `Refused("series_room_fixed")`, `Refused("owner_fixed")`, `StaleRevision`.
    """
    room, reservation = changeable(session, reservation_id, seen_revision, now)
    before = known_series(session, reservation)
    meeting = reservation.meeting
    draft = with_owner(reservation, draft)
    check_draft(room, draft)
    after = with_rule(before, draft.rule, room, now)
    after = replace(after, cancelled=after.cancelled | without)
    placed = lock_rooms(session, meeting)
    if after != before or reservation.withdrawn_at is not None:
        for one_room, one in placed:
            check_free(session, one_room, after, now, besides=one.id)
    fill(session, meeting, draft)
    save_series(session, placed, after, now, before=before)
    return reservation


def change_date(
    session: Session,
    reservation_id: int,
    original: date,
    span: Span,
    title: str,
    seen_revision: int,
    by: str,
    now: datetime,
) -> Reservation:
    """Give one date of a series another time or title; `original` is the day on which the rule has it.

    Raises as `change_series`, and `Refused("no_such_date")`, `Refused("date_over")`, `Refused("room_taken", …)`,
    `FieldError("start", "crosses_previous_date" or "crosses_next_date")` as Outlook refuses it (H25).
    """
    room, reservation = changeable(session, reservation_id, seen_revision, now)
    series, meeting = known_series(session, reservation), reservation.meeting
    check_still_ahead(series, original, room, now)
    check_title(title)
    zone = ZoneInfo(room.time_zone)
    fault = fault_of_span(span, zone, now, linked=room.mailbox_id is not None) or fault_of_move(
        series, original, span, zone
    )
    if fault:
        raise FieldError(*fault)
    placed = lock_rooms(session, meeting)
    for one_room, one in placed:
        taken = blockers(session, one_room.id, span.instants(ZoneInfo(one_room.time_zone)), one.id)
        if taken:
            raise Refused("room_taken", room=one_room.name, blockers=[as_blocker(row) for row in taken])
    planned = series.occurrence(original).planned
    own_title = title.strip() if title.strip() not in (meeting.title, title_of(meeting)) else None
    changed = ChangedDate(original, span if span != planned else None, own_title)
    others = tuple(one for one in series.exceptions if one.original != original)
    is_plain = changed == ChangedDate(original) and original not in series.changed
    after = series if is_plain else replace(series, exceptions=(*others, changed))
    save_series(session, placed, after, now, before=series)
    return reservation


def cancel_date(
    session: Session, reservation_id: int, original: date, seen_revision: int, by: str, now: datetime
) -> Reservation:
    """Cancel one date of a series; with its last one the series is cancelled. Raises as `change_date`."""
    room, reservation = changeable(session, reservation_id, seen_revision, now)
    series = known_series(session, reservation)
    check_still_ahead(series, original, room, now)
    after = replace(series, cancelled=series.cancelled | {original})
    return _save_or_cancel(session, reservation, after, series, by, now)


def cancel_following(
    session: Session, reservation_id: int, at: date, seen_revision: int, by: str, now: datetime
) -> Reservation:
    """Cancel a date of the rule and all after it. Raises as `change_date`."""
    room, reservation = changeable(session, reservation_id, seen_revision, now)
    series = known_series(session, reservation)
    check_still_ahead(series, at, room, now)
    if not rule_dates.count_until(series.rule, at) > 1:
        return _cancel_all(session, reservation, by, now)
    after = after_edit(series, cut(series.rule, at), OnMasterEdit.KEEPS).series
    return _save_or_cancel(session, reservation, after, series, by, now)


def decline_date(
    session: Session, reservation_id: int, original: date, seen_revision: int, by: str, now: datetime
) -> Reservation:
    """Decline one date of a person's series for the room: it is free here and there, the organizer is told.

    Raises `Refused("cannot_decline")` where the series may be changed here, else as `cancel_date`.
    """
    room, reservation = locked(session, reservation_id)
    allowed = access_to_series(reservation, now)
    if isinstance(allowed, Allowed) or not allowed.may_decline:
        raise Refused("cannot_decline" if isinstance(allowed, Allowed) else allowed.code)
    refuse_stale(reservation, seen_revision)
    row = next((one for one in reservation.occurrences if one.original_start == original.isoformat()), None)
    if row is None:
        raise Refused("no_such_date")
    if row.ends_at <= now:
        raise Refused("date_over")
    reservation.meeting.revision += 1
    reservation.declined_dates = sorted({*reservation.declined_dates, original.isoformat()})
    reservation.occurrences.remove(row)
    settle_overlaps(session, reservation, now)
    queue_for_organizer(session, reservation, OutboxKind.DECLINE, room.mailbox_id, now)
    want_run(session, room.mailbox_id)
    return reservation


def known_series(session: Session, reservation: Reservation) -> Series:
    """The series that a reservation is, whose rule is known; raises `Refused` where it is none, or while a "this and
    following" of it is on its way."""
    if reservation.meeting.kind is not MeetingKind.SERIES:
        raise Refused("not_a_series")
    series = series_of(reservation.meeting)
    if series is None:
        raise Refused("rule_unknown")
    if is_splitting(session, reservation.meeting):
        raise Refused("is_splitting")
    return series


def is_splitting(session: Session, meeting: Meeting) -> bool:
    """Whether a "this and following" of this series is still on its way to Outlook."""
    tail = select(Meeting.id).where(Meeting.split_of_id == meeting.id, Meeting.cancelled_at.is_(None))
    return meeting.split_of_id is not None or session.scalar(tail.limit(1)) is not None


def with_owner(reservation: Reservation, draft: SeriesDraft) -> SeriesDraft:
    """Of a person's meeting the owner is fixed; a series stays in its room."""
    meeting = reservation.meeting
    if draft.room_id != reservation.room_id:
        raise Refused("series_room_fixed")
    if meeting.home is not Home.USER:
        return draft
    if draft.owner_email.strip().lower() != (meeting.owner.email if meeting.owner else ""):
        raise Refused("owner_fixed")
    return replace(draft, owner_name=meeting.owner.name if meeting.owner else "")


def _save_or_cancel(
    session: Session, reservation: Reservation, after: Series, before: Series, by: str, now: datetime
) -> Reservation:
    if live_count(after) == 0:
        return _cancel_all(session, reservation, by, now)
    save_series(session, lock_rooms(session, reservation.meeting), after, now, before=before)
    return reservation


def _cancel_all(session: Session, reservation: Reservation, by: str, now: datetime) -> Reservation:
    end = service.cancel_meeting if reservation.meeting.home is Home.USER else service.cancel
    return end(session, reservation.id, reservation.meeting.revision, by, now)
