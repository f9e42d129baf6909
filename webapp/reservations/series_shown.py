"""What the page of a reservation says of its series: the rule, its dates, what differs, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.booking import sync_window
from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.recurrence import Series, expand
from webapp.domain.rule import Rule
from webapp.domain.titles import shown_title
from webapp.domain.wall import WholeDays
from webapp.domain.words import Answer, Home
from webapp.models import Meeting, Occurrence, Reservation
from webapp.reservations import queries
from webapp.reservations.rows import is_pending, original_of
from webapp.reservations.series_rows import rule_of, series_of
from webapp.reservations.series_words import RULE_WORDS, sentence
from webapp.reservations.shown import clock_range, short_day
from webapp.words import Words

DATES_SHOWN = 20
LEFT_OUT_SHOWN = 10
UNREAD = timedelta(days=9)
"""The window moves once a week, so that its last days may not have been read yet."""


@dataclass(frozen=True)
class ShownDate:
    """One date in the list. Of an exception: where its rule has it, if elsewhere, and its own title, if any."""

    original: str
    when: str
    is_exception: bool
    is_declined: bool
    time_is: str = ""
    """While the room has not followed a new time: `new_time` or `old_time`."""
    planned: str = ""
    title: str = ""


@dataclass(frozen=True)
class ShownSeries:
    """The dates of a series that are still to come, which of them the room declined, and what does not fit its rule.

    `lacking` are dates that its organizer has and the room's calendar does not: declined too, without a word of it.
    `chosen` is the date that its page was opened for, whether it is over or not.
    """

    trouble: Words | None
    dates: tuple[ShownDate, ...]
    more: bool
    declined: tuple[ShownDate, ...]
    lacking: tuple[str, ...]
    left_out: tuple[str, ...]
    declined_here: tuple[str, ...]
    chosen: ShownDate | None


def shown_series(session: Session, reservation: Reservation, now: datetime, day: date | None) -> ShownSeries:
    """What differs from its rule, its dates that are not over, the next first, and the date `day` of it."""
    meeting, zone = reservation.meeting, ZoneInfo(reservation.room.time_zone)
    rows = queries.dates_of(session, reservation.id, now)
    moving = {original_of(row.original_start) for row in rows if is_pending(row.original_start)}
    chosen = queries.date_of(session, reservation.id, day) if day is not None else None
    series, today = series_of(meeting), now.astimezone(zone).date()

    def shown(row: Occurrence) -> ShownDate:
        one = shown_row(row, reservation, series)
        return replace(one, time_is="old_time") if one.original in moving and not one.time_is else one

    return ShownSeries(
        trouble=_trouble(meeting),
        dates=tuple(shown(row) for row in rows[:DATES_SHOWN]),
        more=len(rows) > DATES_SHOWN,
        declined=tuple(shown(row) for row in rows if row.answer is Answer.DECLINED),
        lacking=_lacking(reservation, series, rows, now),
        left_out=_coming(series.cancelled if series is not None else (), today),
        declined_here=_coming(map(date.fromisoformat, reservation.declined_dates), today),
        chosen=shown(chosen) if chosen is not None else None,
    )


def repeats(meeting: Meeting, zone: ZoneInfo) -> str:
    """`Every week on Tuesday until 29 December 2026, 6 times, 09:00 to 10:00`; empty where no rule is known."""
    rule = rule_of(meeting)
    return f"{sentence(rule)}, {_times_said(rule, zone)}" if rule is not None else ""


def _times_said(rule: Rule, zone: ZoneInfo) -> str:
    times = rule.times
    if isinstance(times, WholeDays):
        return "all day" if times.days == 1 else f"{times.days} whole days"
    later = {0: "", 1: " the next day"}.get(times.days_later, f" {times.days_later} days later")
    there = "" if rule.zone == zone.key else f" by the clock of {rule.zone}"
    return f"{times.start:%H:%M} to {times.end:%H:%M}{later}{there}"


def _trouble(meeting: Meeting) -> Words | None:
    if meeting.rule_code is None:
        return None
    fields: dict[str, Any] = dict(meeting.rule_fields)
    if "dates" in fields:
        fields["dates"] = ", ".join(short_day(date.fromisoformat(day)) for day in fields["dates"])
    return RULE_WORDS[meeting.rule_code].filled(fields)


def shown_row(row: Occurrence, reservation: Reservation, series: Series | None) -> ShownDate:
    """One date of a series."""
    meeting, zone = reservation.meeting, ZoneInfo(reservation.room.time_zone)
    span = _span_of(row, meeting, zone)
    time_is = "new_time" if is_pending(row.original_start) else ""
    original, is_declined = original_of(row.original_start), row.answer is Answer.DECLINED
    plain = ShownDate(original, _said(span, zone), row.is_exception, is_declined, time_is)
    if not row.is_exception or series is None or not series.has_date(date.fromisoformat(original)):
        return plain
    one = series.occurrence(date.fromisoformat(original))
    moved = one.planned.instants(zone) != span.instants(zone)
    title = shown_title(one.title, meeting.title_source, meeting.is_private, None) if one.title else ""
    return replace(plain, planned=_said(one.planned, zone) if moved else "", title=title)


def _span_of(row: Occurrence, meeting: Meeting, zone: ZoneInfo) -> Span:
    if not meeting.all_day:
        return Timed(row.starts_at, row.ends_at)
    return AllDay(row.starts_at.astimezone(zone).date(), row.ends_at.astimezone(zone).date())


def _said(span: Span, zone: ZoneInfo) -> str:
    if isinstance(span, Timed):
        return clock_range(span.start, span.end, zone, with_day=True)
    last = span.end - timedelta(days=1)
    days = short_day(span.start) if last <= span.start else f"{short_day(span.start)} to {short_day(last)}"
    return f"{days}, all day"


def _lacking(
    reservation: Reservation, series: Series | None, rows: Sequence[Occurrence], now: datetime
) -> tuple[str, ...]:
    """The dates of a person's series that the room's copy, read as far as it follows, does not hold."""
    by_person = reservation.meeting.home is Home.USER and reservation.cancelled_at is None
    if series is None or not by_person or not rows or reservation.pending_time is not None:
        return ()
    zone, held = ZoneInfo(reservation.room.time_zone), {row.original_start for row in rows}
    known = held | set(reservation.declined_dates)
    dates = expand(series, now, sync_window(now)[1] - UNREAD, zone)
    return tuple(
        _said(one.span, zone)
        for one in dates
        if one.original.isoformat() not in known and one.span.instants(zone)[1] > now
    )


def _coming(days: Iterable[date], today: date) -> tuple[str, ...]:
    """The next of some days."""
    return tuple(short_day(day) for day in islice(sorted(day for day in days if day >= today), LEFT_OUT_SHOWN))
