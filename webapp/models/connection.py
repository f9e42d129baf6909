"""Connections to Microsoft 365 tenants, their credentials, checks, and what a tenant told us of its rooms."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain.words import CheckState
from webapp.models.base import Base, word


class Connection(Base):
    """Credentials for one tenant. `tenant_guid` is the `tid` of a token, learned by a check."""

    __tablename__ = "connection"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    client_id: Mapped[str] = mapped_column(String(36))
    tenant_id: Mapped[str] = mapped_column(String(253))
    tenant_guid: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)
    places_wanted: Mapped[int] = mapped_column(default=0)
    """Raised when the list of the tenant's rooms should be fetched again; `places_done` follows."""
    places_done: Mapped[int] = mapped_column(default=0)
    places_listed_at: Mapped[datetime | None]
    places_error: Mapped[str | None] = mapped_column(String(64))

    credential: Mapped[Credential] = relationship(
        back_populates="connection", cascade="all, delete-orphan", uselist=False
    )


class Credential(Base):
    """The client secret of a connection; the value is encrypted and never leaves this row in the clear."""

    __tablename__ = "credential"

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"), unique=True)
    secret_id: Mapped[str] = mapped_column(String(36))
    secret_encrypted: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime]
    expires_on: Mapped[date | None]
    refused_as_expired_at: Mapped[datetime | None]
    """When Microsoft itself said 7000222; counts as expired whatever the date says."""

    connection: Mapped[Connection] = relationship(back_populates="credential")


class ConnectionCheck(Base):
    """One Check connection: its steps as the worker appends them, and how it ended.

    `steps` is a list of `{"key", "state": "done|now|stopped|waiting", "seconds", "fields"}`. `code` is one of
    `webapp.domain.check_codes`, with `fields` for its words. `next_try_at`: the check tries again by itself.
    """

    __tablename__ = "connection_check"
    __table_args__ = (Index(None, "connection_id", "requested_at"), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"))
    state: Mapped[CheckState] = mapped_column(word(CheckState), default=CheckState.WAITING)
    requested_at: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    """Last sign of life of the worker that runs it; a check without one for 45 s is taken up again."""
    finished_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    code: Mapped[str | None] = mapped_column(String(64))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    steps: Mapped[list[Any]] = mapped_column(default=list)


class RoomChoice(Base):
    """A room that the tenant's Places list names, to choose from when a room is linked."""

    __tablename__ = "room_choice"
    __table_args__ = (UniqueConstraint("connection_id", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(320))
    """In lower case."""
    name: Mapped[str] = mapped_column(String(255))
    building: Mapped[str] = mapped_column(String(255), default="")
    floor: Mapped[str] = mapped_column(String(64), default="")
    capacity: Mapped[int | None]
    listed_at: Mapped[datetime]


class TokenCache(Base):
    """Encrypted tokens of a connection, shared by workers; lost without harm."""

    __tablename__ = "token_cache"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    """Digest of what the token was got with, so that a changed secret never meets an old token."""
    cache_encrypted: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
