"""Spans and sides of reservations as pages say them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.domain.intervals import AllDay, Span, Timed
from webapp.models import Link


def day_name(day: date) -> str:
    """`Monday 23 November 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """`Mon 23 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def when(span: Span, zone: ZoneInfo) -> str:
    """A span in the room's zone: `Monday 23 November 2026, 15:00 – 17:00`."""
    if isinstance(span, AllDay):
        last = span.end - timedelta(days=1)
        days = day_name(span.start) if last <= span.start else f"{day_name(span.start)} – {day_name(last)}"
        return f"{days}, all day"
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if start.date() == end.date():
        return f"{day_name(start.date())}, {start:%H:%M} – {end:%H:%M}"
    return f"{day_name(start.date())}, {start:%H:%M} – {day_name(end.date())}, {end:%H:%M}"


def clock_range(start: datetime, end: datetime, zone: ZoneInfo, *, with_day: bool) -> str:
    """`09:30 to 11:00`, with the day where it is not the one on the page."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() != last.date():
        return f"{short_day(first.date())}, {first:%H:%M} to {short_day(last.date())}, {last:%H:%M}"
    return f"{short_day(first.date()) + ', ' if with_day else ''}{first:%H:%M} to {last:%H:%M}"


@dataclass(frozen=True)
class Side:
    """What Outlook holds of a reservation, as it was read last; a title of None was not read."""

    title: str | None
    when: str
    is_private: bool
    organizer: str


def outlook_side(link: Link | None, zone: ZoneInfo) -> Side | None:
    """Outlook's side as last observed, or None while there is no event."""
    if link is None or link.observed_gone:
        return None
    values = (link.observed or {}).get("values") or link.base_remote
    if not values:
        return None
    status = values.get("status") or {}
    return Side(
        title=values.get("subject"),
        when=when(_span(values["time"]), zone),
        is_private=bool(values.get("private")),
        organizer=status.get("organizer_name", ""),
    )


def _span(time: dict[str, str]) -> Span:
    if "start_date" in time:
        return AllDay(date.fromisoformat(time["start_date"]), date.fromisoformat(time["end_date"]))
    return Timed(datetime.fromisoformat(time["start"]), datetime.fromisoformat(time["end"]))


def held_values(values: dict[str, Any] | None, zone: ZoneInfo) -> str:
    """What one side of a conflict or hold wants, in words; never a subject."""
    if not values:
        return "–"
    time = values if "start" in values or "start_date" in values else values.get("time")
    return when(_span(time), zone) if isinstance(time, dict) else "–"
