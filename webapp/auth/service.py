"""Use cases of accounts. Each function takes its session and leaves the commit to its caller."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.passwords import MINIMUM, hash_password, is_right, random_password
from webapp.errors import AppError
from webapp.models import User

FIRST_ADMIN = "admin@localhost"


class AccountError(AppError):
    """An account cannot be made or changed; `code`: email_taken, email_wrong, no_such_user, password_short."""


def normal_email(email: str) -> str:
    """Emails are compared in lower case, without surrounding white space."""
    return email.strip().lower()


def has_users(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return bool(session.scalar(select(func.count()).select_from(User)))


def authenticate(session: Session, email: str, password: str) -> User | None:
    """The person, if both are right. Takes as long for an unknown email as for a wrong password."""
    user = session.scalar(select(User).where(User.email == normal_email(email)))
    return user if is_right(user.password_hash if user else None, password) else None


def add_user(session: Session, email: str, name: str, password: str, now: datetime) -> User:
    """Make an account; raises `AccountError`."""
    email = normal_email(email)
    if "@" not in email or len(email) > 254:
        raise AccountError("email_wrong", email=email)
    if len(password) < MINIMUM:
        raise AccountError("password_short", minimum=MINIMUM)
    if session.scalar(select(User.id).where(User.email == email)):
        raise AccountError("email_taken", email=email)
    user = User(
        email=email,
        name=name.strip() or email,
        password_hash=hash_password(password),
        created_at=now,
        last_login_at=None,
    )
    session.add(user)
    return user


def reset_password(session: Session, email: str, password: str) -> User:
    """Give an account another password; every session of it ends. Raises `AccountError`."""
    user: User | None = session.scalar(select(User).where(User.email == normal_email(email)))
    if user is None:
        raise AccountError("no_such_user", email=normal_email(email))
    if len(password) < MINIMUM:
        raise AccountError("password_short", minimum=MINIMUM)
    user.password_hash = hash_password(password)
    return user


def ensure_admin(session: Session, now: datetime) -> tuple[str, str] | None:
    """Make the first administrator if there is no account: (email, password), else None."""
    if has_users(session):
        return None
    password = random_password()
    add_user(session, FIRST_ADMIN, "Administrator", password, now)
    return FIRST_ADMIN, password
