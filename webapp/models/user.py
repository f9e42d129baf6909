"""People who may sign in to the panel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class User(Base):
    """An administrator; `email` is kept in lower case.

    The flags and `get_id` are what Flask-Login asks of a person who is signed in; they stand here, and not in its
    mixin, so that a worker that reads models starts without the panel's libraries.
    """

    __tablename__ = "user"
    is_authenticated, is_active, is_anonymous = True, True, False

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]

    def get_id(self) -> str:
        """What the session remembers of the person."""
        return str(self.id)
