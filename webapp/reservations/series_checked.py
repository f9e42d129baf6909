"""Whether a series may be as a person wants it: its rule, its dates, and whether its rooms are free on them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from webapp.domain.booking import BOOKABLE_AHEAD
from webapp.domain.recurrence import Series, live_count, next_occurrence
from webapp.domain.rule import Rule
from webapp.domain.series_checks import faults_of_rule
from webapp.domain.series_edit import OnMasterEdit, after_edit, anchored, as_stored
from webapp.errors import FieldError, Refused
from webapp.models import Room
from webapp.reservations.taken import dates_ahead, taken_dates


def check_rule(rule: Rule, room: Room, now: datetime) -> None:
    """Refuse a new rule that Outlook would refuse, or whose first date is over or beyond what can be booked."""
    _check_faults(rule)
    zone = ZoneInfo(room.time_zone)
    start, end = Series(anchored(rule)).occurrence(anchored(rule).range.start).span.instants(zone)
    if end <= start:
        raise FieldError("end_time", "end_before_start")
    if end <= now:
        raise FieldError("start", "in_the_past")
    if room.mailbox_id is not None and end > now + BOOKABLE_AHEAD:
        raise FieldError("start", "beyond_window")


def with_rule(series: Series, rule: Rule, room: Room, now: datetime) -> Series:
    """A series under another rule; its own where both say the same. Dates must be ahead of it.

    Cancelled dates that the new rule still has stay cancelled.
    """
    if as_stored(rule) == as_stored(series.rule):
        return series
    _check_faults(rule)
    after = after_edit(series, anchored(rule), OnMasterEdit.KEEPS).series
    if next_occurrence(after, now, ZoneInfo(room.time_zone)) is None:
        raise FieldError("end", "in_the_past")
    return after


def check_free(session: Session, room: Room, series: Series, now: datetime, besides: int | None) -> None:
    """Refuse a series that takes place on no date, or for which its room is not free on all of them."""
    if live_count(series) == 0:
        raise Refused("no_date_left")
    taken = taken_dates(session, room, series, now, besides)
    if taken:
        dates = len(dates_ahead(series, now, ZoneInfo(room.time_zone)))
        raise Refused("dates_taken", room=room.name, room_id=room.id, dates=dates, taken=taken)


def check_still_ahead(series: Series, original: date, room: Room, now: datetime) -> None:
    """Refuse a date that the series does not have, or that is over."""
    if not series.has_date(original):
        raise Refused("no_such_date")
    if series.occurrence(original).span.instants(ZoneInfo(room.time_zone))[1] <= now:
        raise Refused("date_over")


def _check_faults(rule: Rule) -> None:
    for fault in faults_of_rule(rule):
        raise FieldError(*fault)
