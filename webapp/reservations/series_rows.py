"""The rule of a series and what differs from it, as rows of its meeting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import rule_dates
from webapp.domain.intervals import span_from_json, span_to_json
from webapp.domain.recurrence import ChangedDate, Series
from webapp.domain.rule import InvalidRule, Rule
from webapp.domain.rule_json import rule_from_json, rule_to_json
from webapp.domain.series_edit import as_stored, only_end_differs
from webapp.domain.words import AuthorityState, Home
from webapp.models import Meeting, MeetingException, Occurrence, Reservation

RULE_UNREADABLE = "rule_unreadable"
RULE_ZONE_UNKNOWN = "rule_zone_unknown"
RULE_DIFFERS = "rule_differs"


@dataclass(frozen=True)
class RemoteSeries:
    """The series as a room's calendar tells it: all dates from `known_from` on. `series` is none where no rule could
    be made of it; `code` and `fields` say why, or what does not fit. Its dates count all the same."""

    known_from: datetime
    series: Series | None
    code: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def write_series(session: Session, reservation: Reservation, remote: RemoteSeries | None, zone: ZoneInfo) -> bool:
    """Make the meeting's rule and what differs from it those of `remote`; None: it is no series any more. Whether
    anything changed; rows that stay the same are not touched (I4)."""
    meeting = reservation.meeting
    if remote is None and meeting.rule is None and meeting.rule_code is None:
        return False
    series = remote.series if remote is not None else None
    rule = rule_to_json(_as_known(meeting, _with_organizers_end(meeting, series.rule))) if series else None
    code, fields = (remote.code, remote.fields) if remote is not None else (None, {})
    said = (rule, code, fields)
    changed = (meeting.rule, meeting.rule_code, meeting.rule_fields) != said
    if changed:
        meeting.rule, meeting.rule_code, meeting.rule_fields = said
    wanted = _exceptions(session, reservation, series)
    if series is not None and remote is not None:
        wanted = _left_behind(meeting, series.rule, remote.known_from, zone) | wanted
    return _write_exceptions(meeting, wanted) or changed


def set_series(meeting: Meeting, series: Series) -> None:
    """Make the meeting this series, as a person here wants it."""
    meeting.rule, meeting.rule_code, meeting.rule_fields = rule_to_json(series.rule), None, {}
    wanted: Wanted = {day.isoformat(): (True, None, None) for day in series.cancelled}
    _write_exceptions(meeting, wanted | _changed(series))


def follow_organizer(meeting: Meeting, rule: Rule) -> bool:
    """The organizer's own rule is the meeting's: a room may have cut its copy where its booking window ends. The
    times of day are those that the dates showed. Whether anything changed."""
    known = rule_of(meeting)
    if known is None:
        return False
    told = rule_to_json(_as_known(meeting, replace(rule, times=known.times) if rule.zone == known.zone else rule))
    changed = meeting.rule != told
    if changed:
        meeting.rule = told
    return changed


def _with_organizers_end(meeting: Meeting, rule: Rule) -> Rule:
    """The rule of a room's copy, with the end that the organizer's own event told of it, if it was read."""
    known = rule_of(meeting)
    organizer_told = meeting.home is Home.USER and meeting.authority_state is AuthorityState.KNOWN
    return known if organizer_told and known is not None and only_end_differs(known, rule) else rule


def _as_known(meeting: Meeting, rule: Rule) -> Rule:
    """The rule as it was written here, where what Outlook tells of it is the same in other words: it calls one zone
    by another's name, and begins a range at its first date."""
    known = rule_of(meeting)
    return known if known is not None and as_stored(known) == as_stored(rule) else rule


def series_of(meeting: Meeting) -> Series | None:
    """The series that a meeting is; none for a single one, and where its rule is not known."""
    rule = rule_of(meeting)
    if rule is None:
        return None
    changed, cancelled = [], set()
    for row in meeting.exceptions:
        day = date.fromisoformat(row.original_start)
        if row.is_cancelled:
            cancelled.add(day)
        else:
            changed.append(ChangedDate(day, span_from_json(row.span) if row.span else None, row.title))
    return Series(rule, tuple(changed), frozenset(cancelled))


def rule_of(meeting: Meeting) -> Rule | None:
    """The rule of a series; none for a single meeting, and where it is not known, or not any more."""
    try:
        return rule_from_json(meeting.rule) if meeting.rule is not None else None
    except InvalidRule:
        return None


Wanted = dict[str, tuple[bool, dict[str, str] | None, str | None]]
"""Of a date: whether it is cancelled, its own span, its own title."""


def _exceptions(session: Session, reservation: Reservation, series: Series | None) -> Wanted:
    """A date that this room lacks and another room of a person's meeting has is declined for this one, not
    cancelled. Of a series that the room organizes its own calendar decides."""
    if series is None:
        return {}
    asks = bool(series.cancelled) and reservation.meeting.home is Home.USER
    elsewhere = _dates_elsewhere(session, reservation) if asks else frozenset()
    cancelled = {day.isoformat() for day in series.cancelled} - elsewhere
    return {day: (True, None, None) for day in cancelled} | _changed(series)


def _changed(series: Series) -> Wanted:
    return {
        one.original.isoformat(): (False, span_to_json(one.span) if one.span is not None else None, one.title)
        for one in series.exceptions
    }


def _dates_elsewhere(session: Session, reservation: Reservation) -> frozenset[str]:
    query = (
        select(Occurrence.original_start)
        .join(Reservation, Occurrence.reservation_id == Reservation.id)
        .where(Reservation.meeting_id == reservation.meeting_id, Reservation.id != reservation.id)
    )
    return frozenset(session.scalars(query))


def _left_behind(meeting: Meeting, rule: Rule, known_from: datetime, zone: ZoneInfo) -> Wanted:
    """What is known of dates that were over before what was read begins, as far as the rule still has them."""

    def is_left(day: date) -> bool:
        return (
            rule_dates.has_date(rule, day) and rule.times.span_on(day, rule.rules()).instants(zone)[1] <= known_from
        )

    rows = [row for row in meeting.exceptions if is_left(date.fromisoformat(row.original_start))]
    return {row.original_start: (row.is_cancelled, row.span, row.title) for row in rows}


def _write_exceptions(meeting: Meeting, wanted: Wanted) -> bool:
    present = {row.original_start: row for row in meeting.exceptions}
    changed = False
    for day, values in wanted.items():
        row = present.pop(day, None)
        if row is None:
            row = MeetingException(original_start=day)
            meeting.exceptions.append(row)
        elif (row.is_cancelled, row.span, row.title) == values:
            continue
        row.is_cancelled, row.span, row.title = values
        changed = True
    for row in present.values():
        meeting.exceptions.remove(row)
        changed = True
    return changed
