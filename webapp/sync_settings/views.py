"""Settings > Environment > External Calendar Sync."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.connections import service as connections
from webapp.connections.progress import as_shown
from webapp.errors import Refused, StaleRevision
from webapp.extensions import db
from webapp.htmx import answer, done, wants_fragment
from webapp.running import door_bell
from webapp.sync_settings import service
from webapp.sync_settings.forms import SettingsForm
from webapp.words import words_for, words_of

blueprint = Blueprint("sync_settings", __name__, url_prefix="/settings/external-calendar-sync")

PAGE = "sync_settings/index.html"


def _context() -> dict[str, Any]:
    found, total = connections.rows(db.session())
    return {
        "how_all": service.sync_all_standing(db.session(), utcnow()),
        "rows": found,
        "total": total,
        "as_shown": as_shown,
    }


def _form() -> SettingsForm:
    settings = service.get(db.session())
    return SettingsForm(formdata=None, enabled=settings.enabled, revision=str(settings.revision))


def _work(status: int = 200, **more: Any) -> Response:
    return answer(PAGE, "sync_settings/_work.html", status, **_context(), **more)


@blueprint.get("/")
def index() -> Response:
    """The settings, Sync All Calendars, and the connections' checks."""
    return _work(form=_form())


@blueprint.post("/")
def save() -> AnyResponse:
    """SAVE CHANGES."""
    form = SettingsForm()
    bell = door_bell()
    try:
        changed = service.switch(db.session(), bell, bool(form.enabled.data), form.seen_revision, utcnow())
    except StaleRevision as error:
        db.session.rollback()
        form.revision.data = str(error.fields["revision"])
        said = {"theirs": "on" if error.fields["theirs"] else "off", "yours": "on" if form.enabled.data else "off"}
        return _work(409, form=form, stale=words_for(error.code, said))
    if changed:
        flash("External Calendar Sync is on." if form.enabled.data else "External Calendar Sync is off.")
    else:
        flash("Saved. Nothing had changed.")
    return done(url_for(".index"), "sync_settings/_work_and_toasts.html", **_context(), form=_form())


@blueprint.get("/sync-all")
def sync_all() -> Response:
    """The Sync All card: the part that moves, or the page around it."""
    how = service.sync_all_standing(db.session(), utcnow())
    return _card(how)


@blueprint.post("/sync-all")
def start_sync_all() -> AnyResponse:
    """Sync All Calendars; two clicks at once start one."""
    refusal = None
    try:
        service.start_sync_all(db.session(), door_bell(), current_user.name, utcnow())
    except Refused as error:
        refusal = words_of(error)
    how = service.sync_all_standing(db.session(), utcnow())
    if refusal:
        return _card(how, 409, refusal=refusal)
    return done(url_for(".index"), "sync_settings/_sync_all.html", how_all=how)


def _card(how: service.SyncAllStanding, status: int = 200, **more: Any) -> Response:
    """The card alone for htmx, else the whole page with it."""
    if wants_fragment():
        response = make_response(render_template("sync_settings/_sync_all.html", how_all=how, **more), status)
        response.vary.add("HX-Request")
        return response
    return _work(status, form=_form(), **more)
