"""Rows of a delta page as plain values: what may be kept of them before their round is complete.

Mapped rows only: never a raw answer, a body, a private subject, or a room copy's subject in the clear (H56).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from worker.sync.event import Event, EventKind, Removed, Row, SeriesTouched, Unusable
from worker.sync.link import Digest, Observation, observation_from_json, observation_to_json, observe


@dataclass(frozen=True)
class Seen:
    """An event that the row told in full."""

    event_id: str
    observation: Observation


@dataclass(frozen=True)
class Missing:
    """The row said that this id is not in the window any more."""

    event_id: str


@dataclass(frozen=True)
class Touched:
    """Something in this series changed; `date_id` is the row's own id."""

    master_id: str
    date_id: str


@dataclass(frozen=True)
class Broken:
    """The row could not be understood."""

    event_id: str
    reason: str


Staged = Seen | Missing | Touched | Broken


def stage_row(row: Row, digest: Digest) -> dict[str, Any]:
    """One row of a page as plain values."""
    return staged_to_json(_as_staged(row, digest))


def _as_staged(row: Row, digest: Digest) -> Staged:
    if isinstance(row, Removed):
        return Missing(row.id)
    if isinstance(row, SeriesTouched):
        return Touched(row.master_id, row.occurrence_id)
    if isinstance(row, Unusable):
        return Broken(row.id, row.reason)
    if row.kind in (EventKind.OCCURRENCE, EventKind.EXCEPTION):
        return _date_of_series(row)
    return Seen(row.id, observe(row, digest))


def _date_of_series(event: Event) -> Staged:
    """A date is never an item of its own: its series is read again as a whole (H04)."""
    if event.series_master_id is None:
        return Broken(event.id, "date_without_series")
    return Touched(event.series_master_id, event.id)


def staged_to_json(staged: Staged) -> dict[str, Any]:
    """The plain form of a staged row."""
    if isinstance(staged, Seen):
        return {"seen": staged.event_id, "observation": observation_to_json(staged.observation)}
    if isinstance(staged, Missing):
        return {"missing": staged.event_id}
    if isinstance(staged, Touched):
        return {"touched": staged.master_id, "date": staged.date_id}
    return {"broken": staged.event_id, "reason": staged.reason}


def staged_from_json(data: dict[str, Any]) -> Staged:
    """The staged row that `staged_to_json` wrote."""
    if "seen" in data:
        return Seen(data["seen"], observation_from_json(data["observation"]))
    if "missing" in data:
        return Missing(data["missing"])
    if "touched" in data:
        return Touched(data["touched"], data["date"])
    return Broken(data["broken"], data["reason"])
