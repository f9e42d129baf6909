"""Settings > Environment > External Calendar Sync."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.connections import service as connections
from webapp.connections.progress import as_shown
from webapp.domain.access import may_read_organizer, may_write_organizer
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.extensions import db
from webapp.htmx import answer, done, wants_fragment
from webapp.running import door_bell
from webapp.sync_settings import service
from webapp.sync_settings.forms import SettingsForm
from webapp.sync_settings.people import people
from webapp.sync_settings.words import FIELD_WORDS, REACH_WORDS, differences, people_said
from webapp.words import words_for, words_of

blueprint = Blueprint("sync_settings", __name__, url_prefix="/settings/external-calendar-sync")

PAGE = "sync_settings/index.html"


def _meaning(form: SettingsForm) -> dict[str, Any]:
    """What the boxes mean as they are ticked, beside what is saved."""
    saved = service.wanted_now(service.get(db.session()))
    found = people(db.session())
    fault = service.fault_of(saved.modes, form.modes)
    stops = may_read_organizer(saved.modes) and not may_read_organizer(form.modes)
    return {
        "form": form,
        "said": people_said(form.modes),
        "reads": may_read_organizer(form.modes),
        "writes": may_write_organizer(form.modes),
        "people": found,
        "reach_words": REACH_WORDS,
        "fault": (fault[0], FIELD_WORDS[fault[1]]) if fault else None,
        "titles_lost": found.titles if stops else 0,
    }


def _context(form: SettingsForm) -> dict[str, Any]:
    found, total = connections.rows(db.session())
    return {
        "how_all": service.sync_all_standing(db.session(), utcnow()),
        "rows": found,
        "total": total,
        "as_shown": as_shown,
        **_meaning(form),
    }


def _form() -> SettingsForm:
    settings = service.get(db.session())
    return SettingsForm.of(service.wanted_now(settings), settings.revision)


def _work(form: SettingsForm, status: int = 200, **more: Any) -> Response:
    return answer(PAGE, "sync_settings/_work.html", status, **_context(form), **more)


@blueprint.get("/")
def index() -> Response:
    """The settings, Sync All Calendars, and the connections' checks."""
    return _work(_form())


@blueprint.get("/ticked")
def ticked() -> Response:
    """What the boxes mean as they are ticked in the address, before anything is saved."""
    form = SettingsForm(formdata=request.args, meta={"csrf": False})
    form.revision.data = str(service.get(db.session()).revision)
    return answer(PAGE, "sync_settings/_ticked.html", **(_meaning(form) if wants_fragment() else _context(form)))


@blueprint.post("/")
def save() -> AnyResponse:
    """SAVE CHANGES."""
    form = SettingsForm()
    was_on = service.get(db.session()).enabled
    try:
        changed = service.save(db.session(), door_bell(), form.wanted, form.seen_revision, utcnow())
    except FieldError as error:
        form[error.field].errors = [FIELD_WORDS[error.code]]
        return _work(form, 422)
    except StaleRevision as error:
        db.session.rollback()
        form.revision.data = str(error.fields["revision"])
        labels = {name: form[name].label.text for name in ("enabled", "delegation", "strict", "create_in_owner")}
        both = differences(error.fields["theirs"], error.fields["yours"], labels)
        return _work(form, 409, stale=words_for(error.code, {"differences": both}))
    if changed and form.enabled.data != was_on:
        flash("External Calendar Sync is on." if form.enabled.data else "External Calendar Sync is off.")
    else:
        flash("The settings are saved." if changed else "Saved. Nothing had changed.")
    return done(url_for(".index"), "sync_settings/_work_and_toasts.html", **_context(_form()))


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
    return _work(_form(), status, **more)
