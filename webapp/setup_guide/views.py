"""Help > Setup guide."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.connections.progress import as_shown
from webapp.domain.powershell import ADDRESS_FILE
from webapp.domain.setup_steps import StepState, calendars_grant, places_grant
from webapp.extensions import db
from webapp.forms import is_whole, whole
from webapp.htmx import answer, done
from webapp.running import panel_config
from webapp.setup_guide import facts, step_words, values
from webapp.setup_guide.ticks import set_tick, ticked

blueprint = Blueprint("setup_guide", __name__, url_prefix="/setup-guide")

NEW = "new"
"""In the address: the guide for a connection that is still to be made."""


@blueprint.get("/")
def index() -> Response:
    """The guide for the connection that the address names, else for the first."""
    return answer("setup_guide/index.html", "setup_guide/_work.html", **_guide(request.args.get("connection", "")))


@blueprint.get("/standing")
def standing() -> Response:
    """Asked while something moves: nothing as long as the page would read the same, else the guide anew."""
    if request.args.get("seen") == _known(request.args.get("connection", NEW)).seen:
        return make_response("", 204)
    return index()


@blueprint.post("/ticks")
def tick() -> AnyResponse:
    """A person's own tick of a step that cannot be seen from here, or its end."""
    guide, step = request.form.get("connection", NEW), request.form.get("step", "")
    connection = _known(guide).connection
    name = str(connection.id) if connection else NEW
    set_tick(name, whole(step) if is_whole(step) else 0, on="on" in request.form)
    shown = _guide(guide)
    url = url_for(".index", connection=guide, _anchor=f"step-{shown['next'] or step}")
    return done(url, "setup_guide/_work.html", **shown, has_ticked=True)


@blueprint.get("/rooms.txt")
def rooms() -> Response:
    """Addresses of the linked rooms, one a line, for lines of PowerShell that would be too many to paste."""
    chosen = _chosen(request.args.get("connection", NEW))
    found = facts.addresses(db.session(), chosen) if chosen is not None else ()
    response = make_response("".join(f"{address}\r\n" for address in found))
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f"attachment; filename={ADDRESS_FILE}"
    return response


def _chosen(text: str) -> int | None:
    """The id that an address names; what no page of ours writes is no connection's."""
    if text == NEW:
        return None
    return whole(text) if is_whole(text) else 0


def _known(text: str) -> facts.Known:
    chosen = _chosen(text)
    return facts.known(db.session(), chosen, ticked(NEW if chosen is None else str(chosen)), utcnow())


def _guide(wanted: str) -> dict[str, Any]:
    """Everything on the page for the connection that is `wanted`; without one, for the first."""
    choices = facts.choices(db.session())
    known = _known(wanted or (str(choices[0][0]) if choices else NEW))
    config = panel_config()
    steps = known.steps
    typed = request.args.get("object_id", "")
    object_id = values.object_id_of(typed)
    return {
        "choices": choices,
        "known": known,
        "steps": [
            (one, step_words.title_of(one.number, config.product_name), step_words.reason_of(one, known))
            for one in steps
        ],
        "next": next((one.number for one in steps if one.state is StepState.NEXT), None),
        "done": sum(one.state is StepState.DONE for one in steps),
        "unseen": sum(one.state is StepState.UNSEEN for one in steps),
        "state_words": step_words.STATE_WORDS,
        "last_in_entra": step_words.LAST_IN_ENTRA,
        "grants": {"Calendars.ReadWrite": calendars_grant(known.facts), "Place.Read.All": places_grant(known.facts)},
        "shown": as_shown(known.check, utcnow()) if known.check else None,
        "object_id": object_id,
        "object_id_typed": typed[:100],
        **_to_copy(known, object_id),
    }


def _to_copy(known: facts.Known, object_id: str | None) -> dict[str, Any]:
    config, connection = panel_config(), known.connection
    first = facts.addresses(db.session(), connection.id, values.LISTED_ROOMS) if connection else ()
    linked = known.facts.rooms.linked
    return {
        "manifest": values.manifest(),
        "consent_link": values.consent_link(connection, config.entra_authority),
        "admin_centre": values.admin_centre(config.entra_authority),
        "scripts": values.scripts(connection, first, linked, object_id, config.product_name),
    }
