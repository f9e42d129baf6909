"""One-row tables and the processes' signs of life."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class SyncSettings(Base):
    """The External Calendar Sync page; exactly one row, made by the first migration."""

    __tablename__ = "sync_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("delegation OR NOT create_in_owner", name="create_needs_delegation"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    enabled: Mapped[bool] = mapped_column(default=False)
    delegation: Mapped[bool] = mapped_column(default=False)
    """Enable User Calendar Delegation."""
    strict: Mapped[bool] = mapped_column(default=False)
    """User Calendar Strict Mode."""
    create_in_owner: Mapped[bool] = mapped_column(default=False)
    """Create User Calendar Reservations; needs `delegation`."""
    sync_all_not_before: Mapped[datetime | None]
    """Sync All Calendars may be started again then; compared and set in one UPDATE."""
    revision: Mapped[int] = mapped_column(default=1)


class Install(Base):
    """This installation: 8 random characters that mark what it writes; exactly one row."""

    __tablename__ = "install"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    mark: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[datetime]


class Lease(Base):
    """Lets one process of a kind act, by the database's clock."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class WorkerHeartbeat(Base):
    """Last sign of life of a worker or clock process."""

    __tablename__ = "worker_heartbeat"

    process: Mapped[str] = mapped_column(String(96), primary_key=True)
    """`worker:<host>:<pid>` or `clock:<host>:<pid>`."""
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
