"""This and following: a series is cut before one of its dates and goes on from there as a series of its own.

Here that is one transaction, so every date is booked once at each moment. In Outlook it takes several writes; the
worker makes the cut first, then the rest, and takes the cut back should the rest fail for good
(docs/decisions/0012-series-go-out-as-their-state.md).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.recurrence import Series, live_count
from webapp.domain.rule_json import series_to_json
from webapp.domain.series_edit import split
from webapp.domain.words import Home, MeetingKind, Origin
from webapp.errors import Refused
from webapp.models import Reservation
from webapp.reservations.drafts import SeriesDraft, check_draft, fill, new_meeting
from webapp.reservations.locked import changeable
from webapp.reservations.organized import lock_rooms, why_not_in_owner_calendar
from webapp.reservations.rows import new_reservation
from webapp.reservations.series import NOTHING, change_series, is_splitting, known_series, with_owner
from webapp.reservations.series_checked import check_free, check_still_ahead, with_rule
from webapp.reservations.series_written import save_series, show_series


def change_following(
    session: Session,
    reservation_id: int,
    at: date,
    draft: SeriesDraft,
    seen_revision: int,
    by: str,
    now: datetime,
    *,
    without: frozenset[date] = NOTHING,
) -> Reservation:
    """Change a date of the rule (`at`, original) and all after it; the reservation of the new series. At the first
    date that is a change of all.

    Raises as `webapp.reservations.series.change_series` and `change_date`, `Refused("cannot_split")` where the event
    was made in Outlook and would lose its guests, or cannot be made now, and `Refused("is_splitting")` while an
    earlier one is on its way.
    """
    room, reservation = changeable(session, reservation_id, seen_revision, now)
    before, meeting = known_series(session, reservation), reservation.meeting
    check_still_ahead(before, at, room, now)
    if not rule_dates.has_date(before.rule, at):
        raise Refused("no_such_date")
    if not _has_dates_before(before, at):
        return change_series(session, reservation_id, draft, seen_revision, by, now, without=without)
    _check_splittable(session, reservation)
    draft = with_owner(reservation, draft)
    check_draft(room, draft)
    parts = split(before, at)
    assert parts.head is not None, "there are dates before it"
    tail = with_rule(parts.tail, draft.rule, room, now)
    tail = replace(tail, cancelled=tail.cancelled | without)
    placed = lock_rooms(session, meeting)
    save_series(session, placed, parts.head, now, before=before)
    for one_room, _ in placed:
        check_free(session, one_room, tail, now, besides=None)
    return _go_on(session, reservation, draft, tail, before, by, now)


def _has_dates_before(series: Series, at: date) -> bool:
    """Whether anything takes place before a date of the rule."""
    head = split(series, at).head
    return head is not None and live_count(head) != 0


def why_not_split(session: Session, reservation: Reservation) -> str | None:
    """Why "this and following" cannot be changed now, for pages to say before the click; None where it can."""
    if is_splitting(session, reservation.meeting):
        return "is_splitting"
    try:
        _check_splittable(session, reservation)
    except Refused as refusal:
        return refusal.code
    return None


def _check_splittable(session: Session, reservation: Reservation) -> None:
    meeting, room = reservation.meeting, reservation.room
    if meeting.origin is not Origin.HERE or meeting.other_attendees:
        raise Refused("cannot_split")
    if meeting.home is Home.USER and why_not_in_owner_calendar(session, room) is not None:
        raise Refused("cannot_split")


def _go_on(
    session: Session, head: Reservation, draft: SeriesDraft, tail: Series, before: Series, by: str, now: datetime
) -> Reservation:
    """The meeting that goes on from there, in the same rooms. It waits for the cut where that has to be sent."""
    cut = head.meeting
    meeting = new_meeting(MeetingKind.SERIES, cut.home is Home.USER, by, now)
    fill(session, meeting, draft)
    show_series(meeting, tail)
    meeting.organizer = cut.organizer
    placed = lock_rooms(session, cut)
    if any(room.mailbox_id is not None for room, _ in placed):
        meeting.split_of_id, meeting.split_from = cut.id, series_to_json(before)
    session.add(meeting)
    made = [(room, new_reservation(session, meeting, room, now)) for room, _ in placed]
    session.flush()
    save_series(session, made, tail, now)
    return next(one for room, one in made if room.id == head.room_id)
