"""The health of the sync as the Overview shows it: signs of life, what waits, how fast changes travel, what happened.

All of it is read from what the sync writes down anyway, with five small queries whatever the number of rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import Session, contains_eager, joinedload

from webapp.domain.latency import Latency, latency
from webapp.domain.words import RunKind, RunResult
from webapp.models import Hold, Link, Meeting, Outbox, Reservation, Room, RoomRun, RunStep, WorkerHeartbeat

DAY = timedelta(hours=24)
STEPS_MEASURED = 500
"""Latency is measured on the newest of so many steps at most."""
LATEST = 5
LOOKED_THROUGH = 200
"""News are looked for among so many steps at most."""
CLOCK_MISSED = timedelta(minutes=2)
ARRIVED = ("import", "retime")
"""Steps that brought a slot from Outlook. A title comes on purpose a while after its slot."""
CLOCKS_APART = -5
"""Seconds that two clocks may differ; what took less than that says nothing about the sync."""
TOLD = (*ARRIVED, "change", "cancel", "create", "patch", "delete", "decline")
"""Steps that are news to somebody who manages rooms."""


@dataclass(frozen=True)
class Vitals:
    """Signs of life and what waits. `stopped` rows of the outbox wait for a person."""

    now: datetime
    last_good_run: datetime | None
    clock_seen_at: datetime | None
    oldest_waiting: datetime | None
    stopped: int
    rooms_in_need: int
    holds: int

    @property
    def clock_missing(self) -> bool:
        """No clock has been seen lately: nothing is polled."""
        return self.clock_seen_at is None or self.now - self.clock_seen_at >= CLOCK_MISSED


def vitals(session: Session, now: datetime, rooms_in_need: ColumnElement[bool]) -> Vitals:
    """One query of small scalars; `rooms_in_need` says which rooms need a person."""
    run = select(RoomRun.finished_at).where(RoomRun.result == RunResult.DONE).order_by(RoomRun.id.desc()).limit(1)
    row = session.execute(
        select(
            run.scalar_subquery().label("run"),
            select(func.max(WorkerHeartbeat.seen_at))
            .where(WorkerHeartbeat.kind == "clock")
            .scalar_subquery()
            .label("clock"),
            select(func.min(Outbox.written_at)).where(~Outbox.parked).scalar_subquery().label("oldest"),
            select(func.count()).select_from(Outbox).where(Outbox.parked).scalar_subquery().label("stopped"),
            select(func.count()).select_from(Room).where(rooms_in_need).scalar_subquery().label("in_need"),
            select(func.count()).select_from(Hold).where(Hold.closed_at.is_(None)).scalar_subquery().label("holds"),
        )
    ).one()
    return Vitals(now, row.run, row.clock, row.oldest, row.stopped, row.in_need, row.holds)


@dataclass(frozen=True)
class Speed:
    """How long changes of the last 24 hours took each way; None where there was none."""

    to_here: Latency | None
    to_outlook: Latency | None


def speed(session: Session, now: datetime) -> Speed:
    """Measured on what came from Outlook, and on what was made, changed or cancelled here and written there.

    Full runs do not count: what they bring had not been asked for until then.
    """
    newest = select(RunStep.id).order_by(RunStep.id.desc()).limit(STEPS_MEASURED).subquery()
    lately = (
        select(RunStep.action, RunStep.at)
        .join(newest, newest.c.id == RunStep.id)
        .join(RoomRun, RunStep.run_id == RoomRun.id)
        .where(RunStep.at > now - DAY, RoomRun.kind == RunKind.DELTA)
    )
    arrived = session.execute(
        lately.add_columns(
            Link.observed["created"].as_string(),
            Link.observed["modified"].as_string(),
            Link.mailbox_id == RoomRun.mailbox_id,
        )
        # By reservation alone: joined by both, PostgreSQL reads all links of each room.
        .join(Link, Link.reservation_id == RunStep.reservation_id)
        .where(RunStep.action.in_(ARRIVED), RunStep.side == "here")
    )
    waited = RunStep.fields["waited"].as_float()
    sent = session.scalars(lately.with_only_columns(waited).where(RunStep.side == "there", waited.is_not(None)))
    return Speed(
        latency([took for *step, is_its in arrived if is_its and (took := _took(*step)) is not None]),
        latency([seconds for seconds in sent if seconds > CLOCKS_APART]),
    )


def _took(action: str, at: datetime, created: str | None, modified: str | None) -> float | None:
    """From the change in Outlook until it stood here; None where the event changed again since."""
    changed = created if action == "import" else modified
    if not changed:
        return None
    since = (at - datetime.fromisoformat(changed)).total_seconds()
    return since if since > CLOCKS_APART else None


@dataclass(frozen=True)
class Hour:
    """Changes of one hour: read from Outlook, sent to it, and runs that failed."""

    begins: datetime
    here: int
    there: int
    failed: int


def last_hours(session: Session, now: datetime) -> list[Hour]:
    """The last 24 hours, the oldest first."""
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    begins = [first + timedelta(hours=n) for n in range(24)]
    # One range an hour: PostgreSQL takes twice as long to group them by the hour of their start.
    counted = session.execute(union_all(*(_of_hour(n, at) for n, at in enumerate(begins))))
    return [Hour(begins[n], here or 0, there or 0, failed) for n, here, there, failed in sorted(counted)]


def _of_hour(number: int, begins: datetime) -> Select[int, int, int, int]:
    return select(
        literal(number),
        func.sum(RoomRun.changed_here),
        func.sum(RoomRun.changed_there),
        func.count().filter(RoomRun.result == RunResult.FAILED),
    ).where(RoomRun.started_at >= begins, RoomRun.started_at < begins + timedelta(hours=1))


def latest(session: Session) -> Sequence[tuple[RunStep, Reservation]]:
    """The newest changes of reservations, the newest first."""
    newest = select(RunStep.id).order_by(RunStep.id.desc()).limit(LOOKED_THROUGH).subquery()
    query = (
        select(RunStep, Reservation)
        .join(newest, newest.c.id == RunStep.id)
        .join(Reservation, RunStep.reservation_id == Reservation.id)
        .join(Reservation.room)
        .join(Reservation.meeting)
        .where(RunStep.action.in_(TOLD))
        .options(
            contains_eager(Reservation.room),
            contains_eager(Reservation.meeting).options(joinedload(Meeting.organizer), joinedload(Meeting.owner)),
        )
        .order_by(RunStep.id.desc())
        .limit(LATEST)
    )
    return [(step, reservation) for step, reservation in session.execute(query)]
