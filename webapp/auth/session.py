"""The signed session: who is in it, and what ends it."""

from __future__ import annotations

import hashlib
import hmac

from flask import Flask, session
from flask_login import login_user, logout_user

from webapp.extensions import db, login_manager
from webapp.models import User

SEAL = "seal"


def _seal(user: User) -> str:
    """Changes with the password, so that a reset ends every session."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:32]


def begin(user: User) -> None:
    """Sign in: everything of the session before is dropped, its CSRF token with it."""
    session.clear()
    login_user(user)
    session[SEAL] = _seal(user)


def end() -> None:
    """Sign out: nothing of the session is left."""
    logout_user()
    session.clear()


def load_user(user_id: str) -> User | None:
    """The person of this session, unless the password was changed since."""
    user = db.session.get(User, int(user_id)) if user_id.isdigit() else None
    if user is None or not hmac.compare_digest(session.get(SEAL, ""), _seal(user)):
        return None
    return user


def init_login(app: Flask) -> None:
    """Install Flask-Login; the door itself is `webapp.security`."""
    login_manager.init_app(app)
    login_manager.user_loader(load_user)
