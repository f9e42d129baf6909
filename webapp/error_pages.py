"""Errors become answers in one place: words on a page, or a banner for htmx; never a stack."""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, make_response
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp.errors import AppError
from webapp.extensions import db
from webapp.htmx import answer, wants_fragment
from webapp.words import Words, words_for, words_of

log = logging.getLogger(__name__)

CODE_OF_STATUS = {400: "unreadable_request", 404: "not_found", 405: "not_allowed_method", 413: "too_large"}


def register(app: Flask) -> None:
    """Install the handlers."""
    app.register_error_handler(AppError, on_app_error)
    app.register_error_handler(CSRFError, on_csrf_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(500, on_crash)


def _error_page(words: Words, status: int) -> Response:
    # What was begun is given up before the page asks the database for its own banners.
    db.session.rollback()
    return _into_note(answer("errors/page.html", "errors/_note.html", status, words=words))


def _into_note(response: Response) -> Response:
    """Whatever htmx wanted to replace stays; the banner goes above it."""
    response.headers["HX-Retarget"] = "#page-note"
    response.headers["HX-Reswap"] = "innerHTML show:top"
    return response


def on_app_error(error: AppError) -> Response:
    """An error nobody caught nearer to the form it came from."""
    return _error_page(words_of(error), error.http_status)


def on_csrf_error(error: CSRFError) -> Response:
    """A form from another session; the reason goes to the log only."""
    log.info("form refused reason=%s", error.description)
    return _error_page(words_for("session_ended"), 400)


def on_http_error(error: HTTPException) -> Response:
    """404, 405 and the like; a redirect that werkzeug raises stays what it is."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    return _error_page(words_for(CODE_OF_STATUS.get(status, "internal")), status)


def on_crash(_error: Exception) -> Response:
    """Flask has logged the stack; the page tells nothing of it, and asks the database, which may be gone, nothing."""
    name = "errors/_note.html" if wants_fragment() else "errors/crash.html"
    # Rendered without Flask's context, which would load the person of the session.
    html = current_app.jinja_env.get_template(name).render(words=words_for("internal"))
    return _into_note(make_response(html, 500))
