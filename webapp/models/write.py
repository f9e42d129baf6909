"""What waits to be written to Graph, and every write that was tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.words import AttemptKind, AttemptState, OutboxKind
from webapp.models.base import Base, word


class Outbox(Base):
    """What should be written to Microsoft 365 for a reservation; one row a kind however often it changed.

    `push`: its present state in its room's calendar. `meeting`, `cancel_meeting`: through the organizer's own
    event, on the reservation and in the lane of the meeting's lead room. `decline`: the room's refusal.

    Only services write it, only the worker's store reads and clears it. `revision` is the meeting's when it was
    last saved: a row is cleared only if that has not moved since.
    """

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("reservation_id", "kind"), Index(None, "mailbox_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id", ondelete="CASCADE"))
    kind: Mapped[OutboxKind] = mapped_column(word(OutboxKind), default=OutboxKind.PUSH)
    revision: Mapped[int]
    written_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    parked: Mapped[bool] = mapped_column(default=False)
    """Stopped for a person (held or failed for good); a new save sets it free."""


class Attempt(Base):
    """One write to Graph: committed before the call, settled after it.

    A create's `body` is frozen: a repeat sends the same. A patch's names the groups it sends and the values here.
    `etag` is what a conditional write was planned from.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        Index(None, "mailbox_id", "state"),
        Index(None, "reservation_id"),
        Index(None, "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    """The lane that settles it."""
    target_mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id"))
    """A person's mailbox that it went to; None: the lane's own."""
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("room_run.id", ondelete="SET NULL"))
    kind: Mapped[AttemptKind] = mapped_column(word(AttemptKind))
    state: Mapped[AttemptState] = mapped_column(word(AttemptState), default=AttemptState.OPEN)
    fence: Mapped[int]
    event_id: Mapped[str | None] = mapped_column(Text)
    transaction_id: Mapped[str | None] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int]
    sends: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    next_look_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    status: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(String(128), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
