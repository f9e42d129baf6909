"""What sync did and what it left to people: runs, steps, Sync All, holds, conflicts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from webapp.domain.words import ConflictKind, HoldActionState, HoldKind, RunKind, RunResult
from webapp.models.base import Base, word


class SyncAll(Base):
    """One press of Sync All Calendars; rooms are done when their `full_done` reached what it asked for."""

    __tablename__ = "sync_all"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    started_by: Mapped[str] = mapped_column(String(200))
    finished_at: Mapped[datetime | None]
    rooms_total: Mapped[int]
    rooms_done: Mapped[int] = mapped_column(default=0)
    rooms_failed: Mapped[int] = mapped_column(default=0)
    changes: Mapped[int] = mapped_column(default=0)


class RoomRun(Base):
    """One execution of sync for one room. An empty poll writes none."""

    __tablename__ = "room_run"
    __table_args__ = (
        Index(None, "room_id", "started_at"),
        Index(None, "started_at"),
        Index(None, "result"),
        Index(
            "ix_room_run_by_cause",
            "code",
            "id",
            postgresql_where=text("code IS NOT NULL"),
            sqlite_where=text("code IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    sync_all_id: Mapped[int | None] = mapped_column(ForeignKey("sync_all.id", ondelete="SET NULL"), index=True)
    kind: Mapped[RunKind] = mapped_column(word(RunKind))
    result: Mapped[RunResult] = mapped_column(word(RunResult), default=RunResult.RUNNING)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    code: Mapped[str | None] = mapped_column(String(64))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    events_read: Mapped[int] = mapped_column(default=0)
    changed_here: Mapped[int] = mapped_column(default=0)
    changed_there: Mapped[int] = mapped_column(default=0)
    requests: Mapped[int] = mapped_column(default=0)
    drift: Mapped[int] = mapped_column(default=0)
    """Of a full run: what it found that no delta had told."""

    steps: Mapped[list[RunStep]] = relationship(
        back_populates="run", cascade="all, delete-orphan", order_by="RunStep.id"
    )


class RunStep(Base):
    """One thing a run did or decided. `side` is where it took effect (`here`, `there`, or `none`).

    `action` is what was done (`import`, `change`, `cancel`, `create`, `patch`, `delete`, `adopt`, `hold`,
    `conflict`, `quarantine`, `skip`, …), `reason` why. Never a title or a name: only ids and numbers.
    """

    __tablename__ = "run_step"
    __table_args__ = (Index(None, "reservation_id", "at"), Index(None, "room_id", "action", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("room_run.id", ondelete="CASCADE"), index=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    side: Mapped[str] = mapped_column(String(8))
    action: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(64), default="")
    status: Mapped[int] = mapped_column(default=0)
    request_id: Mapped[str] = mapped_column(String(64), default="")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)

    run: Mapped[RoomRun] = relationship(back_populates="steps")


class HoldAction(Base):
    """One action of a hold: what it would change, from what, to what."""

    __tablename__ = "hold_action"
    __table_args__ = (UniqueConstraint("hold_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hold_id: Mapped[int] = mapped_column(ForeignKey("hold.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(32))
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id", ondelete="SET NULL"), index=True)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    base_etag: Mapped[str] = mapped_column(String(255), default="")
    state: Mapped[HoldActionState] = mapped_column(word(HoldActionState), default=HoldActionState.OPEN)
    choice: Mapped[str] = mapped_column(String(32), default="")
    """What a person chose for it; carried out by the next run if it is still the same."""
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[datetime | None]

    hold: Mapped[Hold] = relationship(back_populates="actions")


class Hold(Base):
    """Actions that sync refuses to carry out alone. One open hold a room and kind; it closes when empty."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "ix_hold_one_open",
            "room_id",
            "kind",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), index=True)
    kind: Mapped[HoldKind] = mapped_column(word(HoldKind))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(String(200), default="")
    """Who decided; empty where it closed by itself."""
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)

    kept_back: Mapped[int] = column_property(
        select(func.count(HoldAction.id))
        .where(HoldAction.hold_id == id, HoldAction.state != HoldActionState.DONE)
        .correlate_except(HoldAction)
        .scalar_subquery()
    )
    """How many of its actions are not carried out, as of when it was read."""

    actions: Mapped[list[HoldAction]] = relationship(
        back_populates="hold", cascade="all, delete-orphan", order_by="HoldAction.id"
    )

    @property
    def said(self) -> dict[str, Any]:
        """What fills in its words."""
        return self.fields | {"count": self.kept_back}


class Conflict(Base):
    """What two sides disagreed about, with both values and who prevailed; `ended_at` once it no longer holds."""

    __tablename__ = "conflict"
    __table_args__ = (Index(None, "room_id", "ended_at"), Index(None, "reservation_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id", ondelete="CASCADE"))
    other_reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id", ondelete="SET NULL"))
    kind: Mapped[ConflictKind] = mapped_column(word(ConflictKind))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    here: Mapped[dict[str, Any]] = mapped_column(default=dict)
    there: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prevailed: Mapped[str] = mapped_column(String(8), default="")
    """`here`, `there`, or empty while nobody decided."""
