"""What a run leaves for people: its row and steps, holds, conflicts, and the room's sync status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from webapp.database import table_of
from webapp.domain.words import ConflictKind, RoomState, RunKind, RunResult
from webapp.models import Conflict, Credential, Hold, Mailbox, Occurrence, Room, RoomRun, RunStep
from worker.store.claims import Lane
from worker.sync.guard import Tally

BRAKED = ("cancel", "retime", "withdrawn")
"""Steps that the brakes count: what sync decided from what it read, here and there; never what a person here asked
for, nor what one approved."""

BRAKE_SPAN = timedelta(minutes=60)

_RUN = table_of(RoomRun)
_ENDED = update(_RUN).where(_RUN.c.id == bindparam("run"))
"""What it is set to comes with its execution, by the names of columns."""


@dataclass
class RunLog:
    """One run as it is written down. The row is made with the first step, so an empty poll leaves none."""

    lane: Lane
    kind: RunKind
    started_at: datetime
    run_id: int | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"here": 0, "there": 0, "read": 0, "requests": 0})

    def begin(self) -> int:
        """The run's id; makes the row when there is none yet."""
        if self.run_id is None:
            with self.lane.writing() as session:
                row = RoomRun(
                    room_id=self.lane.room_id,
                    mailbox_id=self.lane.mailbox_id,
                    kind=self.kind,
                    started_at=self.started_at,
                    fields={},
                )
                session.add(row)
                session.flush()
                self.run_id = row.id
        return self.run_id

    def step(
        self,
        session: Session,
        now: datetime,
        side: str,
        action: str,
        reservation_id: int | None = None,
        reason: str = "",
        **extra: Any,
    ) -> None:
        """Write down one thing that was done or decided. `begin` must have been called."""
        assert self.run_id is not None, "begin() comes before the first step"
        if side in self.counts:
            self.counts[side] += 1
        columns = {name: extra.pop(name) for name in ("status", "request_id") if name in extra}
        session.add(
            RunStep(
                run_id=self.run_id,
                room_id=self.lane.room_id,
                reservation_id=reservation_id,
                at=now,
                side=side,
                action=action,
                reason=reason,
                fields=extra,
                **columns,
            )
        )

    def close(
        self, result: RunResult, now: datetime, code: str | None = None, fields: Mapping[str, Any] = {}
    ) -> None:
        """Write how the run ended; a run that did nothing and went well leaves no row."""
        if self.run_id is None and (result is not RunResult.DONE or self.kind is RunKind.FULL):
            self.begin()
        if self.run_id is None:
            return
        with self.lane.transactions.writing() as session:
            values = {
                "run": self.run_id,
                "kind": self.kind,
                "result": result,
                "finished_at": now,
                "code": code,
                "fields": dict(fields),
                "events_read": self.counts["read"],
                "changed_here": self.counts["here"],
                "changed_there": self.counts["there"],
                "requests": self.counts["requests"],
            }
            session.execute(_ENDED, values)


def tally(lane: Lane, now: datetime) -> Tally:
    """What the brakes weigh: counted steps of the last hour, and what there is to lose, here and in the tenant."""
    with lane.reading() as session:
        rooms = (
            select(Room.id)
            .join(Mailbox, Room.mailbox_id == Mailbox.id)
            .where(Mailbox.connection_id == lane.connection_id)
        )
        recent = (
            select(func.count())
            .select_from(RunStep)
            .where(RunStep.action.in_(BRAKED), RunStep.at >= now - BRAKE_SPAN)
        )
        future = select(func.count(Occurrence.reservation_id.distinct())).where(Occurrence.ends_at > now)

        def count(query: Any) -> int:
            return int(session.scalar(query) or 0)

        return Tally(
            room_recent=count(recent.where(RunStep.room_id == lane.room_id)),
            room_future=count(future.where(Occurrence.room_id == lane.room_id)),
            tenant_recent=count(recent.where(RunStep.room_id.in_(rooms))),
            tenant_future=count(future.where(Occurrence.room_id.in_(rooms))),
        )


def disagree(
    session: Session,
    room_id: int,
    reservation_id: int,
    kind: ConflictKind,
    prevailed: str,
    here: dict[str, Any],
    there: dict[str, Any],
    now: datetime,
) -> None:
    """Keep both values of what two sides wanted; a run that died after it and comes again tells it once."""
    told = session.scalars(select(Conflict).where(Conflict.reservation_id == reservation_id, Conflict.kind == kind))
    if any((row.here, row.there, row.prevailed) == (here, there, prevailed) for row in told):
        return
    session.add(
        Conflict(
            room_id=room_id,
            reservation_id=reservation_id,
            kind=kind,
            at=now,
            ended_at=now if prevailed else None,
            here=here,
            there=there,
            prevailed=prevailed,
        )
    )


def end_dispute(session: Session, reservation_id: int, prevailed: str, now: datetime) -> None:
    """Cancelled on one side, changed on the other: one of them stands now."""
    session.execute(
        update(Conflict)
        .where(
            Conflict.reservation_id == reservation_id,
            Conflict.kind == ConflictKind.CANCELLED_AND_EDITED,
            Conflict.ended_at.is_(None),
        )
        .values(ended_at=now, prevailed=prevailed)
    )


def set_room_state(
    session: Session,
    room_id: int,
    state: RoomState,
    now: datetime,
    code: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Write the room's sync status for people; `sync_state_since` moves only with the state."""
    room = session.get_one(Room, room_id)
    if room.sync_state != state:
        room.sync_state, room.sync_state_since = state, now
    if (room.sync_code, room.sync_fields) != (code, fields or {}):
        room.sync_code, room.sync_fields = code, dict(fields or {})
    session.flush()


_FIRST_HOLD = (
    select(Hold).where(Hold.room_id == bindparam("room"), Hold.closed_at.is_(None)).order_by(Hold.opened_at).limit(1)
)


def room_went_well(session: Session, room_id: int, now: datetime) -> None:
    """After a complete run: Held while a hold of the room is open, with how much the first one keeps back."""
    room = session.get_one(Room, room_id)
    room.last_synced_at, room.progress_total = now, None
    hold = session.scalars(_FIRST_HOLD, {"room": room_id}).first()
    if hold is None:
        set_room_state(session, room_id, RoomState.ACTIVE, now)
    else:
        session.refresh(hold, ["kept_back"])
        set_room_state(session, room_id, RoomState.HELD, now, hold.kind.value, hold.said)


def room_stopped(
    session: Session, room_id: int, state: RoomState | None, now: datetime, code: str, fields: dict[str, Any]
) -> None:
    """A run could not go on: why, and when it is tried again. Without a `state` the room keeps its own."""
    room = session.get_one(Room, room_id)
    set_room_state(session, room_id, state or room.sync_state, now, code, fields)


def secret_refused_as_expired(session: Session, connection_id: int, now: datetime) -> None:
    """Microsoft itself says that the secret expired; that counts whatever the entered date says."""
    session.execute(
        update(Credential)
        .where(Credential.connection_id == connection_id, Credential.refused_as_expired_at.is_(None))
        .values(refused_as_expired_at=now)
    )


def show_progress(session: Session, room_id: int, done: int) -> None:
    """How many events the first run has read so far."""
    session.execute(update(Room).where(Room.id == room_id).values(progress_done=done))
