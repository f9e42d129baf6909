"""Settings > Environment > Office 365 Integration."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.connections import service
from webapp.connections.expiry import is_beyond_entra, secret_state
from webapp.connections.forms import ConnectionForm
from webapp.connections.progress import as_shown
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.extensions import db
from webapp.filters import count
from webapp.forms import whole
from webapp.htmx import answer, done, wants_fragment
from webapp.models import Connection, ConnectionCheck
from webapp.running import door_bell, secret_box
from webapp.shell import page_standing
from webapp.words import words_for, words_of

blueprint = Blueprint("connections", __name__, url_prefix="/settings/office-365-integration")

COMPARED = ("name", "client_id", "tenant_id")


def _work(status: int = 200, **panel: Any) -> Response:
    return answer("connections/index.html", "connections/_work.html", status, **_list(), **panel)


def _list() -> dict[str, Any]:
    page = max(1, request.args.get("page", 1, whole))
    found, total = service.rows(db.session(), page)
    now = utcnow()
    return {
        "rows": [(row, secret_state(row.connection.credential, now)) for row in found],
        "total": total,
        "page": page,
        "per_page": service.PER_PAGE,
        "as_shown": as_shown,
    }


@blueprint.get("/")
def index() -> Response:
    """The table."""
    return _work()


@blueprint.get("/new")
def new() -> Response:
    """The panel of a new connection."""
    return _work(form=ConnectionForm())


@blueprint.post("/new")
def add() -> AnyResponse:
    """Set: save a new connection and start its check."""
    form = ConnectionForm()
    if not form.validate_on_submit():
        return _work(422, form=form)
    try:
        connection, check = service.add(
            db.session(), door_bell(), secret_box(), _wanted(form), current_user.name, utcnow()
        )
    except FieldError as error:
        return _refused(form, error)
    return _checking(connection, check)


@blueprint.get("/<int:connection_id>")
def show(connection_id: int) -> Response:
    """The panel of a connection."""
    connection = service.get(db.session(), connection_id)
    return _work(**_panel(connection, _form_of(connection)))


@blueprint.post("/<int:connection_id>")
def change(connection_id: int) -> AnyResponse:
    """Set: save a changed connection and start its check."""
    connection = service.get(db.session(), connection_id)
    form = ConnectionForm(has_secret=True)
    if not form.validate_on_submit():
        return _work(422, **_panel(connection, form))
    try:
        check = service.change(
            db.session(),
            door_bell(),
            secret_box(),
            connection,
            _wanted(form),
            form.seen_revision,
            current_user.name,
            utcnow(),
            agreed=bool(form.agreed.data),
        )
    except FieldError as error:
        return _refused(form, error, connection)
    except Refused as error:
        db.session.rollback()
        return _work(409, **_panel(connection, form), refusal=words_of(error), moving=error.fields)
    except StaleRevision as error:
        return _stale(form, error, connection)
    return _checking(connection, check)


@blueprint.post("/<int:connection_id>/remove")
def remove(connection_id: int) -> AnyResponse:
    """Remove a connection that no room uses."""
    connection = service.get(db.session(), connection_id)
    name = connection.name
    try:
        service.remove(db.session(), connection)
    except Refused as error:
        db.session.rollback()
        panel = _panel(connection, _form_of(connection))
        return _work(409, **panel, refusal=words_for(error.code, _said(error.fields)))
    flash(Markup("<bdi>{}</bdi> is removed.").format(name))
    return done(url_for(".index"), "connections/_work_and_toasts.html", **_list())


@blueprint.post("/<int:connection_id>/checks")
def start_check(connection_id: int) -> AnyResponse:
    """CHECK CONNECTION: a row and a job; the dialog shows what the worker writes."""
    connection = service.get(db.session(), connection_id)
    check = service.start_check(db.session(), door_bell(), connection, current_user.name, utcnow())
    url = url_for(".check", connection_id=connection.id, check_id=check.id)
    if not wants_fragment():
        return done(url, "")
    return _no_push(render_template("connections/_check_dialog.html", **_check(connection, check)))


@blueprint.get("/<int:connection_id>/checks/<int:check_id>")
def check(connection_id: int, check_id: int) -> Response:
    """A check: a page, or the moving part of the dialog."""
    connection, found = service.get_check(db.session(), connection_id, check_id)
    response = answer("connections/check.html", "connections/_check.html", **_check(connection, found))
    if wants_fragment() and as_shown(found, utcnow()).at_rest:
        response.headers["HX-Trigger"] = f"check-ended-{connection.id}"
    return response


@blueprint.get("/<int:connection_id>/last-check")
def last_check(connection_id: int) -> str:
    """How the newest check of a connection stands: the part of a row that moves."""
    newest = service.newest_check(db.session(), connection_id)
    return render_template(
        "connections/_last_check.html", connection_id=connection_id, last=newest, as_shown=as_shown
    )


def _checking(connection: Connection, check: ConnectionCheck) -> AnyResponse:
    """After Set: the panel as saved, with the dialog of its check above it."""
    url = url_for(".show", connection_id=connection.id)
    if not wants_fragment():
        return done(url_for(".check", connection_id=connection.id, check_id=check.id), "")
    context = {**_list(), **_panel(connection, _form_of(connection)), **_check(connection, check)}
    return done(url, "connections/_work_and_dialog.html", **context)


def _no_push(html: str) -> Response:
    response = make_response(html)
    response.vary.add("HX-Request")
    return response


def _refused(form: ConnectionForm, error: FieldError, connection: Connection | None = None) -> Response:
    form[error.field].errors = [words_for(error.code, _said(error.fields)).what]
    db.session.rollback()
    return _work(422, **(_panel(connection, form) if connection else {"form": form}))


def _stale(form: ConnectionForm, error: StaleRevision, connection: Connection) -> Response:
    """Both versions; sending the form once more keeps what was typed here."""
    db.session.rollback()  # what is compared with is what the other one saved
    differing = [
        (form[field].label.text, getattr(connection, field), form[field].data)
        for field in COMPARED
        if getattr(connection, field) != form[field].data
    ]
    credential = connection.credential
    for field, stored in (("secret_id", credential.secret_id), ("expires_on", credential.expires_on)):
        if stored != form[field].data:
            differing.append((form[field].label.text, stored or "empty", form[field].data or "empty"))
    form.revision.data = str(connection.revision)
    return _work(409, **_panel(connection, form), stale=words_of(error), differing=differing)


def _panel(connection: Connection, form: ConnectionForm) -> dict[str, Any]:
    return {
        "connection": connection,
        "form": form,
        "secret": secret_state(connection.credential, utcnow()),
        "beyond_entra": is_beyond_entra(connection.credential),
    }


def _check(connection: Connection, check: ConnectionCheck) -> dict[str, Any]:
    shown = as_shown(check, utcnow())
    no_worker = not shown.at_rest and check.started_at is None and page_standing().worker_missing
    return {"connection": connection, "check": check, "shown": shown, "no_worker": no_worker}


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a refusal with rooms counted and named."""
    names = [Markup("<bdi>{}</bdi>").format(name) for name in fields.get("rooms", [])]
    number = fields.get("number", 0)
    listed = Markup(", ").join(names)
    if number > len(names) and names:
        listed += escape(f" and {number - len(names)} more")
    return {**fields, "rooms": listed, "number_of_rooms": count(number, "room uses it", "rooms use it")}


def _form_of(connection: Connection) -> ConnectionForm:
    credential = connection.credential
    return ConnectionForm(
        formdata=None,
        has_secret=True,
        name=connection.name,
        client_id=connection.client_id,
        tenant_id=connection.tenant_id,
        secret_id=credential.secret_id,
        expires_on=credential.expires_on,
        revision=str(connection.revision),
    )


def _wanted(form: ConnectionForm) -> service.Wanted:
    return service.Wanted(
        name=form.name.data or "",
        client_id=form.client_id.data or "",
        tenant_id=form.tenant_id.data or "",
        secret_id=form.secret_id.data or "",
        secret_value=form.secret_value.data or "",
        expires_on=form.expires_on.data,
    )
