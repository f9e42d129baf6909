"""Manage Rooms > Import rooms: a mapping to look at, a preview, and only then rooms are linked and made.

The mapping is a form: whatever button is pressed, all choices come along, and nothing is stored before the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.room_matching import Becomes
from webapp.enqueue import LIST_PLACES, SYNC_MAILBOXES
from webapp.errors import AppError, FieldError, NotFound
from webapp.extensions import db
from webapp.filters import count
from webapp.forms import is_whole, whole
from webapp.htmx import answer, done, go_to
from webapp.models import Connection
from webapp.room_import.mapping import AT_ONCE, PER_PAGE, SHOWN, RoomMapping, Row, linked_rows
from webapp.room_import.words import WHY
from webapp.rooms import many, queries, service
from webapp.rooms.forms import zone_options
from webapp.rooms.shown import field_words
from webapp.running import door_bell
from webapp.words import Words, words_for, words_of

blueprint = Blueprint("room_import", __name__, url_prefix="/rooms/import")


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"words_for": words_for, "why_words": WHY}


@blueprint.get("/")
def index() -> Response:
    """The tenant's rooms with what each would become."""
    return _mapping(request.args)


@blueprint.post("/")
def choose() -> AnyResponse:
    """Another page, filter or search of the mapping, with all that was chosen so far."""
    return _mapping(request.form)


@blueprint.post("/preview")
def preview() -> AnyResponse:
    """What would be done; nothing is."""
    return _preview(request.form)


@blueprint.post("/confirm")
def confirm() -> AnyResponse:
    """Link and make the rooms that the preview showed."""
    form, session = request.form, db.session()
    every = queries.connections(session)
    connection = _connection(every, form)
    mapping = RoomMapping(session, connection.id, form)
    refusal = _refusal(mapping, form)
    if refusal is not None:
        return _mapping(form, refusal=refusal, http_status=422)
    terms = many.Terms(connection.id, form.get("time_zone", "UTC"), "active" in form)
    names = {one.key: one.name for one in mapping.wanted}
    wanted, now = mapping.imports(AT_ONCE), utcnow()
    result = many.for_each(session, wanted, lambda one: many.import_room(session, one, terms, now))
    if result.mailboxes:
        door_bell().ring(SYNC_MAILBOXES, result.mailboxes)
    if result.refused:
        refused = [(names[one.choice_id], _said(error)) for one, error in result.refused]
        return _mapping(form, refused=refused, imported=result.done, http_status=409)
    rest = len(names) - result.done
    flash(f"{count(result.done, 'room')} imported." + (f" {count(rest, 'room')} left to import." if rest else ""))
    return go_to(url_for(".index", connection=connection.id) if rest else url_for("rooms.index"))


@blueprint.post("/list")
def list_again() -> AnyResponse:
    """Ask Microsoft for the tenant's rooms."""
    every = queries.connections(db.session())
    connection = _connection(every, request.form)
    service.list_places_again(db.session(), connection.id)
    db.session.commit()
    door_bell().ring(LIST_PLACES, connection.id)
    context = _context({}, every, connection)
    return done(url_for(".index", connection=connection.id), "room_import/_work.html", **context)


def _mapping(form: Mapping[str, str], *, http_status: int = 200, **said: Any) -> Response:
    every = queries.connections(db.session())
    context = _context(form, every, _connection(every, form)) if every else {"connections": every}
    return answer("room_import/index.html", "room_import/_work.html", http_status, **context, **said)


def _context(form: Mapping[str, str], every: Sequence[Connection], connection: Connection) -> dict[str, Any]:
    session = db.session()
    mapping = RoomMapping(session, connection.id, form)
    show, q = _show(form), form.get("q", "").strip()[:200]
    time_zone = form.get("time_zone") or queries.usual_zone(session)
    page, rows, total = _page_of(mapping, connection.id, show, q, _page(form))
    return {
        "connection": connection,
        "connections": every,
        "per_page": PER_PAGE,
        "mapping": mapping,
        "show": show,
        "q": q,
        "page": page,
        "total": total,
        "rows": rows,
        "carried": mapping.changed(besides={row.listed.key for row in rows}),
        "zones": zone_options(time_zone),
        "time_zone": time_zone,
        "active": "active" in form or "time_zone" not in form,
    }


def _page_of(mapping: RoomMapping, connection_id: int, show: str, q: str, page: int) -> tuple[int, list[Row], int]:
    """A page of rows: which one, its rows, and how many there are on all pages."""
    if show == Becomes.LINKED:
        return page, *linked_rows(db.session(), connection_id, q, page)
    shown = mapping.shown(show, q)
    page = min(page, max(1, -(-len(shown) // PER_PAGE)))
    return page, mapping.rows(shown[(page - 1) * PER_PAGE : page * PER_PAGE]), len(shown)


def _preview(form: Mapping[str, str]) -> Response:
    every = queries.connections(db.session())
    context = _context(form, every, _connection(every, form))
    mapping: RoomMapping = context["mapping"]
    refusal = _refusal(mapping, form)
    if refusal is not None:
        return _mapping(form, refusal=refusal, http_status=422)
    chosen, changed = mapping.wanted, mapping.changed()
    context |= {
        "chosen": mapping.rows(chosen[:AT_ONCE]),
        "total": len(chosen),
        "at_once": AT_ONCE,
        "carried": changed,
        "seats": sum(row.seats_differ and row.chosen.seats_from_there for row in changed),
    }
    return answer("room_import/preview.html", "room_import/_preview.html", **context)


def _refusal(mapping: RoomMapping, form: Mapping[str, str]) -> Words | None:
    """Why this cannot be imported as it was chosen."""
    if mapping.clashes:
        row = mapping.clashes[0]
        same = sum(one.chosen.room == row.chosen.room for one in mapping.clashes)
        name = row.room.name if row.room else ""
        return words_for("import_clash", {"room": name, "number": count(same, "calendar")})
    if not mapping.wanted:
        return words_for("import_nothing")
    return (
        words_for("import_zone")
        if mapping.counts[Becomes.NEW] and form.get("time_zone") not in available_timezones()
        else None
    )


def _said(error: AppError) -> str:
    if isinstance(error, FieldError):
        return field_words(error)
    words = words_of(error)
    return f"{words.what}. {words.why}"


def _connection(every: Sequence[Connection], form: Mapping[str, str]) -> Connection:
    """The connection that is named, else the first; raises `NotFound`."""
    wanted = form.get("connection", "")
    found = next((one for one in every if str(one.id) == wanted), every[0] if every and not wanted else None)
    if found is None:
        raise NotFound(what="connection", id=wanted)
    return found


def _go(form: Mapping[str, str]) -> tuple[str, str]:
    """What the pressed button asks for: `show:new`, `page:2`."""
    what, _, value = form.get("go", "").partition(":")
    return what, value


def _show(form: Mapping[str, str]) -> str:
    what, value = _go(form)
    wanted = value if what == "show" else form.get("show", "")
    return wanted if wanted in SHOWN else ""


def _page(form: Mapping[str, str]) -> int:
    """The page asked for; a new filter or search begins with the first."""
    what, value = _go(form)
    return max(1, whole(value)) if what == "page" and is_whole(value) else 1
