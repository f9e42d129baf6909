"""How far Sync All Calendars has come: its runs are those that ended since it began."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import RunKind, RunResult
from webapp.models import Mailbox, Room, RoomRun, SyncAll

NOT_DONE = (RunResult.FAILED, RunResult.THROTTLED, RunResult.HELD)
"""A room that ended so counts as done, with that result."""

NOT_READ = ("address_unlisted", "same_calendar", "calendar_changed", "other_tenant")
"""Why a room is not read at all before a person decides: nothing waits for it."""


def close_finished(session: Session, now: datetime) -> None:
    """Bring the running Sync All up to date, and end it when no room of it is left."""
    running = session.scalar(select(SyncAll).where(SyncAll.finished_at.is_(None)).order_by(SyncAll.id).limit(1))
    if running is None:
        return
    session.execute(
        update(RoomRun)
        .where(
            RoomRun.sync_all_id.is_(None),
            RoomRun.finished_at >= running.started_at,
            or_(RoomRun.kind == RunKind.FULL, RoomRun.result.in_(NOT_DONE)),
            RoomRun.result != RunResult.LOST,
        )
        .values(sync_all_id=running.id)
    )
    mine = RoomRun.sync_all_id == running.id
    running.rooms_done, running.changes = session.execute(
        select(
            func.count(RoomRun.mailbox_id.distinct()),
            func.coalesce(func.sum(RoomRun.changed_here + RoomRun.changed_there), 0),
        ).where(mine)
    ).one()
    running.rooms_failed = session.scalars(
        select(func.count(RoomRun.mailbox_id.distinct())).where(mine, RoomRun.result.in_(NOT_DONE))
    ).one()
    if running.rooms_done >= running.rooms_total or not _is_left(session, running.id):
        running.finished_at = now


def _is_left(session: Session, sync_all_id: int) -> bool:
    """Whether a room under sync still waits for its full run."""
    ran = exists(select(RoomRun.id).where(RoomRun.mailbox_id == Mailbox.id, RoomRun.sync_all_id == sync_all_id))
    waiting = (
        select(Mailbox.id)
        .join(Room, Room.mailbox_id == Mailbox.id)
        .where(and_(Room.sync_active, Mailbox.full_wanted > Mailbox.full_done, ~ran))
        .where(or_(Room.sync_code.is_(None), Room.sync_code.not_in(NOT_READ)))
    )
    return session.scalar(waiting.limit(1)) is not None
