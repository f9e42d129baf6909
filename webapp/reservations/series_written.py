"""A series that a person saved, as rows: its rule, the dates that block its rooms, and what waits to be sent."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.booking import sync_window
from webapp.domain.recurrence import Series, expand
from webapp.domain.words import Home, OutboxKind
from webapp.models import Meeting, Reservation, Room
from webapp.outbox import queue_for_push, want_run
from webapp.reservations.organized import wait_for_organizer
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import Dated, set_span, write_dates
from webapp.reservations.series_pending import PendingSeries, await_series, beside, held_now
from webapp.reservations.series_rows import set_series

Placed = list[tuple[Room, Reservation]]


def save_series(
    session: Session, placed: Placed, series: Series, now: datetime, before: Series | None = None
) -> None:
    """Write a series as a person wants it into its meeting and its rooms, and queue it for its calendar.

    All rooms are locked by the caller. `before` is the series as it was; none where it is new.
    """
    meeting = placed[0][1].meeting
    if before is not None:
        meeting.revision += 1
    show_series(meeting, series)
    for room, reservation in placed:
        reservation.withdrawn_at = None
        _block(session, room, reservation, series, before, now)
        settle_overlaps(session, reservation, now)
    if meeting.home is Home.USER:
        wait_for_organizer(session, meeting, OutboxKind.MEETING, placed, now)
        return
    for room, reservation in placed:
        queue_for_push(session, reservation, room.mailbox_id, now)
        want_run(session, room.mailbox_id)


def show_series(meeting: Meeting, series: Series) -> None:
    """Make the meeting this series; its own span is that of its first date."""
    first = rule_dates.first_date(series.rule)
    assert first is not None, "a series without a date is refused"
    set_span(meeting, series.rule.times.span_on(first, series.rule.rules()))
    set_series(meeting, series)


def block_from_rule(session: Session, reservation: Reservation, room: Room, series: Series, now: datetime) -> None:
    """The dates that block the room are those of the rule: until Outlook has told its own, and for as long as the
    room is not linked. Those that the window has left behind stay as they were."""
    begin, end = sync_window(now)
    dates = [
        Dated(one.span, one.original.isoformat(), is_exception=one.is_exception)
        for one in expand(series, begin, end, ZoneInfo(room.time_zone))
    ]
    write_dates(session, reservation, room, dates, begin)
    reservation.dates_until = end


def _block(
    session: Session, room: Room, reservation: Reservation, series: Series, before: Series | None, now: datetime
) -> None:
    """In the room's own calendar a saved time counts at once; an invited room's copy has to follow it first."""
    invited = reservation.meeting.home is Home.USER
    if not invited or reservation.meeting.ical_uid is None or before is None:
        block_from_rule(session, reservation, room, series, now)
        if invited:
            await_series(reservation, PendingSeries(series, Series(series.rule)))
        return
    if series == before:  # another title moves no date
        return
    zone = ZoneInfo(room.time_zone)
    pending = await_series(reservation, PendingSeries(series, before))
    write_dates(session, reservation, room, beside(pending, held_now(reservation), now, zone), sync_window(now)[0])
