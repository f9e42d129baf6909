"""What Activity reads: runs with their steps, holds, conflicts, and what was set aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.domain.words import HoldActionState, LinkState, RunKind, RunResult
from webapp.errors import NotFound
from webapp.models import Conflict, Hold, HoldAction, Link, Meeting, Reservation, Room, RoomRun, RunStep

PER_PAGE = 50
HOLDS_SHOWN = 20
ACTIONS_SHOWN = 6
"""So many actions of each hold are listed where all holds are."""
SHOWN = ("", "changes", "failed")
EXPORTED_AT_ONCE = 500
"""So many rows are fetched at a time for a file."""


@dataclass(frozen=True)
class Filter:
    """Which runs are listed: `show` one of `SHOWN`, `kind` of run, `code` of a failure, of one room or of rooms whose
    name has `q`, before a run."""

    show: str = ""
    kind: str = ""
    code: str = ""
    room_id: int | None = None
    q: str = ""
    before: int | None = None

    @property
    def chosen(self) -> bool:
        """Whether anything is left out."""
        return self != Filter()

    def as_args(self, **changed: Any) -> dict[str, Any]:
        """Address arguments of this filter with some changed; defaults are left out."""
        values = {
            "show": self.show,
            "kind": self.kind,
            "code": self.code,
            "room": self.room_id,
            "q": self.q,
            "before": self.before,
            **changed,
        }
        return {name: value for name, value in values.items() if value not in ("", None)}


def runs(session: Session, wanted: Filter) -> tuple[Sequence[tuple[RoomRun, str]], bool]:
    """Runs with their rooms' names, the newest first, and whether there are older ones."""
    query = select(RoomRun, Room.name).join(Room, RoomRun.room_id == Room.id).where(*_chosen(wanted))
    found = [(run, name) for run, name in session.execute(query.order_by(RoomRun.id.desc()).limit(PER_PAGE + 1))]
    return found[:PER_PAGE], len(found) > PER_PAGE


def every_run(session: Session, wanted: Filter) -> Iterable[Row[RoomRun, str]]:
    """All runs that match, fetched in parts, as a file takes them."""
    query = select(RoomRun, Room.name).join(Room, RoomRun.room_id == Room.id).where(*_chosen(wanted))
    return session.execute(query.order_by(RoomRun.id.desc()).execution_options(yield_per=EXPORTED_AT_ONCE))


def every_step(session: Session, wanted: Filter) -> Iterable[Row[RunStep, str, str | None]]:
    """All steps of the runs that match, with the names of their rooms and the public ids of their reservations."""
    query = (
        select(RunStep, Room.name, Reservation.public_id)
        .join(RoomRun, RunStep.run_id == RoomRun.id)
        .join(Room, RoomRun.room_id == Room.id)
        .outerjoin(Reservation, RunStep.reservation_id == Reservation.id)
        .where(*_chosen(wanted))
    )
    return session.execute(query.order_by(RunStep.id.desc()).execution_options(yield_per=EXPORTED_AT_ONCE))


def _chosen(wanted: Filter) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if wanted.room_id is not None:
        chosen.append(RoomRun.room_id == wanted.room_id)
    if wanted.q:
        chosen.append(Room.name.icontains(wanted.q, autoescape=True))
    if wanted.before is not None:
        chosen.append(RoomRun.id < wanted.before)
    if wanted.kind:
        chosen.append(RoomRun.kind == RunKind(wanted.kind))
    if wanted.code:
        chosen.append(RoomRun.code == wanted.code)
    if wanted.show == "changes":
        chosen.append(or_(RoomRun.changed_here > 0, RoomRun.changed_there > 0))
    elif wanted.show == "failed":
        chosen.append(RoomRun.result.in_((RunResult.FAILED, RunResult.LOST)))
    return chosen


def run_with_steps(session: Session, run_id: int) -> tuple[RoomRun, Room, Sequence[RunStep]]:
    """One run; raises `NotFound`."""
    row = session.execute(
        select(RoomRun, Room).join(Room, RoomRun.room_id == Room.id).where(RoomRun.id == run_id)
    ).one_or_none()
    if row is None:
        raise NotFound(what="run", id=run_id)
    steps = session.scalars(select(RunStep).where(RunStep.run_id == run_id).order_by(RunStep.id).limit(500)).all()
    return row[0], row[1], steps


def open_holds(session: Session, room_id: int | None) -> tuple[Sequence[tuple[Hold, Room]], int]:
    """Open holds with their rooms, the oldest first, and how many there are."""
    chosen = [Hold.closed_at.is_(None)] + ([Hold.room_id == room_id] if room_id is not None else [])
    total = session.scalar(select(func.count()).select_from(Hold).where(*chosen)) or 0
    query = select(Hold, Room).join(Room, Hold.room_id == Room.id).where(*chosen).order_by(Hold.opened_at)
    rows = session.execute(query.options(joinedload(Hold.actions)).limit(HOLDS_SHOWN)).unique()
    return [(hold, room) for hold, room in rows], total


def hold_with_actions(session: Session, hold_id: int) -> tuple[Hold, Room]:
    """One hold, open or closed, with its room; raises `NotFound`."""
    query = select(Hold, Room).join(Room, Hold.room_id == Room.id).where(Hold.id == hold_id)
    row = session.execute(query.options(joinedload(Hold.actions))).unique().one_or_none()
    if row is None:
        raise NotFound(what="hold", id=hold_id)
    return row[0], row[1]


def held_ids(holds: Sequence[tuple[Hold, Room]], limit: int | None = None) -> set[int]:
    """The reservations that the actions of these holds name; of each hold the `limit` that are shown first."""
    rows = (row for hold, _ in holds for row in in_order(hold)[:limit])
    return {row.reservation_id for row in rows if row.reservation_id is not None}


def in_order(hold: Hold) -> list[HoldAction]:
    """The actions of a hold that are not carried out yet, those that nobody decided first."""
    rows = [row for row in hold.actions if row.state is not HoldActionState.DONE]
    return sorted(rows, key=lambda row: (row.state is not HoldActionState.OPEN, row.id))


def open_conflicts(session: Session, room_id: int | None) -> Sequence[tuple[Conflict, Room]]:
    """Conflicts that still hold, the newest first."""
    query = select(Conflict, Room).join(Room, Conflict.room_id == Room.id).where(Conflict.ended_at.is_(None))
    if room_id is not None:
        query = query.where(Conflict.room_id == room_id)
    return [(one, room) for one, room in session.execute(query.order_by(Conflict.at.desc()).limit(PER_PAGE))]


def ids_of(conflicts: Sequence[tuple[Conflict, Room]]) -> set[int]:
    """The reservations that these conflicts name."""
    keys = (key for one, _ in conflicts for key in (one.reservation_id, one.other_reservation_id))
    return {key for key in keys if key is not None}


def set_aside(session: Session) -> int:
    """How many events could not be read and are set aside."""
    query = select(func.count()).select_from(Link).where(Link.state == LinkState.QUARANTINED)
    return session.scalar(query) or 0


def reservations_by_id(session: Session, ids: Collection[int]) -> dict[int, Reservation]:
    """Reservations with what their titles need, by id."""
    if not ids:
        return {}
    query = (
        select(Reservation)
        .where(Reservation.id.in_(ids))
        .options(
            joinedload(Reservation.room),
            joinedload(Reservation.meeting).joinedload(Meeting.organizer),
            joinedload(Reservation.meeting).joinedload(Meeting.owner),
        )
    )
    return {one.id: one for one in session.scalars(query)}
