"""Headers, session cookie and the one door: nobody passes without an account."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.config import Config
from webapp.database import begin_writing
from webapp.extensions import csrf, db
from webapp.htmx import go_to, wants_fragment

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_ENDPOINTS = frozenset({"static", "auth.sign_in"})
"""What a stranger may ask for."""
OWN_TRANSACTION = frozenset({"auth.sign_in"})
"""Views that begin to write by themselves: a slow password hash must not keep the write lock."""


def secure(app: Flask, config: Config) -> None:
    """Install cookie settings, the door, the check of forms, and the headers."""
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if config.serves_https else "session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.serves_https,
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open as long as the session
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    app.before_request(ask_for_account)
    app.before_request(refuse_nul)
    csrf.init_app(app)
    app.before_request(begin_to_write)  # last: who is sent away must not take the write lock
    app.after_request(set_headers)
    if config.serves_https:
        app.after_request(keep_to_https)


def begin_to_write() -> None:
    """What a form's view reads from now on stays true until it commits (see `begin_writing`)."""
    if request.method not in SAFE_METHODS and request.endpoint not in OWN_TRANSACTION:
        begin_writing(db.session())


def ask_for_account() -> ResponseReturnValue | None:
    """Send a stranger to the sign-in page; htmx is told so by 401 and `HX-Redirect`."""
    if request.endpoint in OPEN_ENDPOINTS or current_user.is_authenticated:
        return None
    sign_in = url_for("auth.sign_in", next=own_path())
    if wants_fragment():
        return "", 401, {"HX-Redirect": sign_in, "Vary": "HX-Request"}
    return go_to(sign_in)


def refuse_nul() -> None:
    """Nobody types a NUL, and PostgreSQL keeps none in a text."""
    if any("\0" in text for _, text in request.values.items(multi=True)):
        abort(400)


def own_path() -> str | None:
    """Where to go on after signing in: the page that was asked for, or, for htmx, the one it stood on."""
    if wants_fragment():
        try:
            parts = urlsplit(request.headers.get("HX-Current-URL", ""))
        except ValueError:
            return None
        path = urlunsplit(("", "", parts.path, parts.query, ""))
    elif request.method in SAFE_METHODS:
        path = request.full_path.rstrip("?")
    else:
        return None
    return safe_next(path) if path != "/" else None


def safe_next(target: str | None) -> str | None:
    """`target` if it is a path of this panel, else None: no other host, no scheme, no backslash trick."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(letter) < 32 for letter in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def set_headers(response: Response) -> Response:
    """Headers that every answer carries."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def keep_to_https(response: Response) -> Response:
    """Only where people reach the panel by https."""
    response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
