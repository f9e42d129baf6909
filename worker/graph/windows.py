"""The two ends of a view, as Graph wants them."""

from __future__ import annotations

from datetime import UTC, datetime


def window(start: datetime, end: datetime) -> str:
    """Both parameters, which a view and a list of dates need."""
    return f"startDateTime={_utc(start)}&endDateTime={_utc(end)}"


def _utc(moment: datetime) -> str:
    """An instant with a Z: a plus sign of an offset would be read as a space (docs/graph.md#view-range)."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime was given where an instant is needed")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
