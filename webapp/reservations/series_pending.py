"""A change of a person's series that a room's copy does not show yet: until it does, old and new dates block the
room, and what the copy tells of the old ones changes nothing here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.domain.booking import sync_window
from webapp.domain.intervals import Timed
from webapp.domain.recurrence import Series, expand
from webapp.domain.rule import InvalidRule
from webapp.domain.rule_json import series_from_json, series_to_json
from webapp.domain.series_edit import as_stored, only_end_differs
from webapp.models import Reservation
from webapp.reservations.rows import PENDING_DATE, Dated, pending_date


@dataclass(frozen=True)
class PendingSeries:
    """The series as it shall be, and as it was when the room's copy was last followed."""

    wanted: Series
    before: Series


def is_of_series(pending_time: dict[str, Any]) -> bool:
    """Whether a pending time is that of a series."""
    return "series" in pending_time


def pending_series(reservation: Reservation) -> PendingSeries | None:
    """What of a series is on its way to this room's copy."""
    data = reservation.pending_time
    if data is None or not is_of_series(data):
        return None
    try:
        return PendingSeries(series_from_json(data["series"]), series_from_json(data["before"]))
    except InvalidRule:  # its zone is not known to this machine any more
        return None


def await_series(reservation: Reservation, pending: PendingSeries) -> PendingSeries:
    """Wait for the room's copy to show this, instead of what was awaited before; what is awaited now."""
    known = pending_series(reservation)
    now = pending if known is None else PendingSeries(pending.wanted, known.before)
    reservation.pending_time = {"series": series_to_json(now.wanted), "before": series_to_json(now.before)}
    return now


def is_followed(pending: PendingSeries, told: Series | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a room's copy does not show any more what was before the change. What somebody else made of a date
    meanwhile, and what the room declined or cut where its booking window ends, is as he wants it."""
    if told is None:
        return True
    wanted_rule, before_rule, told_rule = (as_stored(one.rule) for one in (pending.wanted, pending.before, told))
    if told_rule == before_rule != wanted_rule:
        return False
    begin, end = now, sync_window(now)[1]

    def times(series: Series) -> dict[date, tuple[datetime, datetime]]:
        return {one.original: one.span.instants(zone) for one in expand(series, begin, end, zone)}

    wanted, before = times(pending.wanted), times(pending.before)
    old = (day for day, span in times(told).items() if before.get(day) == span != wanted.get(day))
    return next(old, None) is None


def beside(pending: PendingSeries, held: Iterable[Dated], now: datetime, zone: ZoneInfo) -> list[Dated]:
    """The dates that block the room meanwhile: those that its copy holds, but for what is cancelled here, and those
    that were given another time here, where they lie elsewhere. Of the others the copy has the last word."""
    kept = {one.original_start: one for one in held if not _is_given_up(pending, one.original_start)}
    begin, end = sync_window(now)
    before = {one.original: one.span.instants(zone) for one in expand(pending.before, begin, end, zone)}
    new = []
    for one in expand(pending.wanted, begin, end, zone):
        key, times = one.original.isoformat(), one.span.instants(zone)
        there = kept.get(key)
        if before.get(one.original) == times:
            continue
        if there is None or there.span.instants(zone) != times:
            new.append(Dated(Timed(*times), pending_date(key), is_exception=one.is_exception))
    return [*kept.values(), *new]


def held_now(reservation: Reservation) -> list[Dated]:
    """The dates that the room's copy holds, as they stand here."""
    return [
        Dated(Timed(row.starts_at, row.ends_at), row.original_start, row.blocks, row.answer, row.is_exception)
        for row in reservation.occurrences
        if not row.original_start.startswith(PENDING_DATE)
    ]


def _is_given_up(pending: PendingSeries, original: str) -> bool:
    """Whether a date is not wanted any more: it was cancelled, or lies behind where the series ends now."""
    try:
        day = date.fromisoformat(original)
    except ValueError:
        return False
    wanted = pending.wanted
    is_cut = only_end_differs(pending.before.rule, wanted.rule)
    return day in wanted.cancelled or (is_cut and not wanted.has_date(day))
