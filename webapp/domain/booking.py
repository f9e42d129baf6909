"""What may be booked at all, before anybody asks whether it is free."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.intervals import Span

WINDOW_BACK = timedelta(days=8)
WINDOW_AHEAD = timedelta(days=356)
"""The sync window: 7 days back and 355 ahead with a day on each side, under a year in one delta session."""

BOOKABLE_AHEAD = WINDOW_AHEAD - timedelta(days=1)
"""A linked room can be booked up to the window's end less a day."""


def sync_window(now: datetime) -> tuple[datetime, datetime]:
    """The window of a delta session begun at `now`, on whole UTC days."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - WINDOW_BACK, day + WINDOW_AHEAD


def fault_of_span(span: Span, zone: ZoneInfo, now: datetime, *, linked: bool) -> tuple[str, str] | None:
    """`(field, code)` of what is wrong with a wanted span, or None."""
    start, end = span.instants(zone)
    if end <= start:
        return "end", "end_before_start"
    if end <= now:
        return "end", "in_the_past"
    if linked and end > now + BOOKABLE_AHEAD:
        return "start", "beyond_window"
    return None
