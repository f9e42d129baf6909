"""Use cases of the External Calendar Sync page. Those that write commit, then ring the bell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.database import rows_changed
from webapp.domain.access import Modes, may_read_organizer, refusal_of_modes
from webapp.domain.words import RunResult
from webapp.enqueue import SYNC_MAILBOXES, Bell
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.models import Mailbox, Room, RoomRun, SyncAll, SyncSettings
from webapp.reservations.reading import start_reading, stop_reading
from webapp.rooms import following

REST = timedelta(minutes=10)
"""Sync All Calendars is free again so long after its start."""
ROOMS_A_JOB = 50
NAMED_FAILURES = 5


@dataclass(frozen=True)
class SyncAllStanding:
    """Everything the Sync All card says; `newest` is None before the first one."""

    enabled: bool
    linked: int
    newest: SyncAll | None
    free_at: datetime | None
    failed_rooms: list[tuple[int, str]]
    now: datetime

    @property
    def running(self) -> bool:
        """Not every room has been reached yet."""
        return self.newest is not None and self.newest.finished_at is None

    @property
    def wait_seconds(self) -> int:
        """Seconds until it may be started again; 0 when it may, apart from running."""
        if self.free_at is None:
            return 0
        return max(0, math.ceil((self.free_at - self.now).total_seconds()))

    @property
    def may_start(self) -> bool:
        """Whether the button does anything."""
        return self.enabled and bool(self.linked) and not self.running and not self.wait_seconds

    @property
    def moves(self) -> bool:
        """Whether the card will change by itself."""
        return self.running or self.wait_seconds > 0


def get(session: Session) -> SyncSettings:
    """The one row."""
    return session.scalars(select(SyncSettings)).one()


def _followed_mailboxes() -> Select[int | None]:
    return select(Room.mailbox_id).where(
        Room.archived_at.is_(None), Room.sync_active.is_(True), Room.mailbox_id.is_not(None)
    )


@dataclass(frozen=True)
class Wanted:
    """The settings as they are saved together: the master switch and how far into people's mailboxes."""

    enabled: bool
    modes: Modes


def wanted_now(settings: SyncSettings) -> Wanted:
    """What is saved now."""
    return Wanted(settings.enabled, Modes(settings.delegation, settings.strict, settings.create_in_owner))


def save(session: Session, bell: Bell, wanted: Wanted, revision: int, now: datetime) -> bool:
    """Save all settings at once; True if that changed any. Switched on, every followed room catches up at once;
    what organizers' events told is forgotten, or looked up, in the same transaction.

    Raises `FieldError` with the reason, and `StaleRevision` with both versions if somebody saved since `revision`.
    """
    settings = get(session)
    before = wanted_now(settings)
    if before == wanted:
        return False
    values = {"enabled": wanted.enabled, **vars(wanted.modes), "revision": revision + 1}
    fault = fault_of(before.modes, wanted.modes)
    if fault is not None:
        raise FieldError(*fault)
    if rows_changed(session, update(SyncSettings).where(SyncSettings.revision == revision).values(values)) != 1:
        session.expire(settings)
        raise StaleRevision("settings_stale", theirs=wanted_now(settings), yours=wanted, revision=settings.revision)
    _begin_or_stop_reading(session, before.modes, wanted.modes, now)
    mailboxes = _switch(session, wanted.enabled, now) if before.enabled != wanted.enabled else []
    session.commit()
    _ring(bell, mailboxes, "sync")
    return True


def fault_of(before: Modes, wanted: Modes) -> tuple[str, str] | None:
    """Why these cannot be saved: the box that was just ticked or unticked, and the reason's code."""
    code = refusal_of_modes(wanted)
    if code is None:
        return None
    return ("delegation", "delegation_needed") if before.create_in_owner else ("create_in_owner", code)


def _begin_or_stop_reading(session: Session, before: Modes, wanted: Modes, now: datetime) -> None:
    if may_read_organizer(before) and not may_read_organizer(wanted):
        stop_reading(session)
    elif may_read_organizer(wanted) and not may_read_organizer(before):
        start_reading(session, now)


def _switch(session: Session, enabled: bool, now: datetime) -> list[int]:
    """The master switch was turned; mailboxes that catch up at once."""
    if not enabled:
        following.stop_all(session, now)
        return []
    following.resume_all(session)
    mailboxes = [one for one in session.scalars(_followed_mailboxes().order_by(Room.mailbox_id)) if one]
    session.execute(update(Mailbox).where(Mailbox.id.in_(_followed_mailboxes())).values(wanted=Mailbox.wanted + 1))
    return mailboxes


def start_sync_all(session: Session, bell: Bell, by: str, now: datetime) -> SyncAll:
    """Ask every followed room for a full run. One UPDATE decides who starts it; raises `Refused`."""
    running = select(SyncAll.id).where(SyncAll.finished_at.is_(None)).exists()
    won = rows_changed(
        session,
        update(SyncSettings)
        .where(
            SyncSettings.id == 1,
            SyncSettings.enabled.is_(True),
            or_(SyncSettings.sync_all_not_before.is_(None), SyncSettings.sync_all_not_before <= now),
            ~running,
            _followed_mailboxes().exists(),
        )
        .values(sync_all_not_before=now + REST)
        .execution_options(synchronize_session=False),
    )
    if won != 1:
        session.rollback()
        raise _why_not(session, now)
    mailboxes = [one for one in session.scalars(_followed_mailboxes().order_by(Room.mailbox_id)) if one]
    sync_all = SyncAll(started_at=now, started_by=by, finished_at=None, rooms_total=len(mailboxes))
    session.add(sync_all)
    session.execute(
        update(Mailbox)
        .where(Mailbox.id.in_(_followed_mailboxes()))
        .values(wanted=Mailbox.wanted + 1, full_wanted=Mailbox.full_wanted + 1)
        .execution_options(synchronize_session=False)
    )
    session.commit()
    _ring(bell, mailboxes, "background")
    return sync_all


def _why_not(session: Session, now: datetime) -> Refused:
    how = sync_all_standing(session, now)
    if not how.enabled:
        return Refused("sync_all_while_off")
    if how.running and how.newest:
        return Refused("sync_all_running", started_by=how.newest.started_by)
    if how.wait_seconds:
        return Refused("sync_all_too_early", minutes_left=math.ceil(how.wait_seconds / 60))
    return Refused("sync_all_no_rooms")


def sync_all_standing(session: Session, now: datetime) -> SyncAllStanding:
    """How Sync All Calendars stands, with at most two queries."""
    newest_id = select(func.max(SyncAll.id)).scalar_subquery()
    linked = select(func.count()).select_from(_followed_mailboxes().subquery()).scalar_subquery()
    settings, newest, rooms = session.execute(
        select(SyncSettings, SyncAll, linked).outerjoin(SyncAll, SyncAll.id == newest_id)
    ).one()
    failed: list[tuple[int, str]] = []
    if newest is not None and newest.rooms_failed:
        failed = [
            (room_id, name)
            for room_id, name in session.execute(
                select(Room.id, Room.name)
                .join(RoomRun, RoomRun.room_id == Room.id)
                .where(RoomRun.sync_all_id == newest.id, RoomRun.result == RunResult.FAILED)
                .distinct()
                .order_by(Room.name)
                .limit(NAMED_FAILURES)
            )
        ]
    return SyncAllStanding(settings.enabled, rooms, newest, settings.sync_all_not_before, failed, now)


def _ring(bell: Bell, mailboxes: Iterable[int], queue: str) -> None:
    """One job for each part; if the bell is dead the clock finds them, so the first failure ends it."""
    for part in _parts(list(mailboxes)):
        if not bell.ring(SYNC_MAILBOXES, part, queue=queue):
            return


def _parts(ids: list[int]) -> list[list[int]]:
    return [ids[at : at + ROOMS_A_JOB] for at in range(0, len(ids), ROOMS_A_JOB)]
