"""Bookable rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain.words import RoomState
from webapp.models.base import Base, word
from webapp.models.connection import Connection
from webapp.models.mailbox import Mailbox


class Room(Base):
    """A bookable room; archived, never deleted.

    It is linked while `connection_id`, `external_address` and `mailbox_id` are set. `booking_seq` is the lock of
    its bookings: every transaction that books the room first adds 1 to it, rooms in id order.
    """

    __tablename__ = "room"
    __table_args__ = (
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity"),
        CheckConstraint(
            "(mailbox_id IS NULL) = (connection_id IS NULL OR external_address IS NULL)", name="linked_whole"
        ),
        Index(None, "sync_state"),
        Index(None, "name"),
        Index(
            "ix_room_by_name",
            text("lower(name)"),
            "id",
            postgresql_where=text("archived_at IS NULL"),
            sqlite_where=text("archived_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    building: Mapped[str] = mapped_column(String(200), default="")
    floor: Mapped[str] = mapped_column(String(64), default="")
    capacity: Mapped[int | None]
    time_zone: Mapped[str] = mapped_column(String(64))
    connection_id: Mapped[int | None] = mapped_column(ForeignKey("connection.id"), index=True)
    external_address: Mapped[str | None] = mapped_column(String(320))
    """As typed or chosen; compared in lower case."""
    address_confirmed: Mapped[bool] = mapped_column(default=False)
    """A person said that this address is a room although Places does not list it."""
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id"), unique=True)
    sync_active: Mapped[bool] = mapped_column(default=False)
    sync_state: Mapped[RoomState] = mapped_column(word(RoomState), default=RoomState.OFF)
    sync_code: Mapped[str | None] = mapped_column(String(64))
    """Why the room is in Error, Held, or still Pending; `sync_fields` fill in the words."""
    sync_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sync_state_since: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int | None]
    drift_count: Mapped[int | None]
    """What the last full run found that no delta had told; the target is 0."""
    drift_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    booking_seq: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    connection: Mapped[Connection | None] = relationship()
    mailbox: Mapped[Mailbox | None] = relationship()
