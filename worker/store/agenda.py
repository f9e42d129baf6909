"""Whether a run has anything to do besides its read: asked at once, as nearly every run of a room has nothing.

What comes up while a run is under way is wanted anew, and leads to another round (`worker.store.claims.finish`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from webapp.models import Mailbox
from worker.store.authority import DUE_MEETINGS
from worker.store.claims import Lane
from worker.store.holds import DECIDED_ACTIONS
from worker.store.items import DIRTY_LINKS, DUE_LOOKS
from worker.store.moving import DECIDED_MOVES
from worker.store.writes import OPEN_ATTEMPTS, PUSHES


def _any(*found: Select[*tuple[object, ...]]) -> ColumnElement[bool]:
    return or_(*(one.order_by(None).exists() for one in found))


_BEFORE = select(Mailbox.wanted, _any(DECIDED_ACTIONS, OPEN_ATTEMPTS, PUSHES)).where(
    Mailbox.id == bindparam("mailbox")
)
_AFTER = select(_any(DUE_LOOKS, DUE_MEETINGS, DIRTY_LINKS, PUSHES, DECIDED_MOVES))


@dataclass(frozen=True)
class Agenda:
    """What has been asked of a mailbox so far, and whether something waits to be settled, decided or sent."""

    wanted: int
    has_work: bool


def before_reading(lane: Lane, now: datetime) -> Agenda:
    """What a run begins with. `wanted` is noted before anything is read."""
    with lane.asking() as connection:
        wanted, has_work = connection.execute(_BEFORE, _values(lane, now)).one()
        return Agenda(wanted, bool(has_work))


def has_work_after_reading(lane: Lane, now: datetime) -> bool:
    """Whether something is to be looked at, decided, carried out or sent now that the round was read."""
    with lane.asking() as connection:
        return bool(connection.scalars(_AFTER, _values(lane, now)).one())


def _values(lane: Lane, now: datetime) -> dict[str, object]:
    return {"mailbox": lane.mailbox_id, "room": lane.room_id, "now": now}
