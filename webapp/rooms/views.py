"""Locations > Manage Rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.words import RoomState
from webapp.enqueue import LIST_PLACES, SYNC_MAILBOXES
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.extensions import db
from webapp.forms import is_whole, whole
from webapp.htmx import answer, done
from webapp.models import Connection, Room
from webapp.rooms import following, linking, many, queries, service
from webapp.rooms.forms import RoomForm, form_of
from webapp.rooms.shown import field_words, shown_differences
from webapp.rooms.words import bulk_words, reason_of
from webapp.running import door_bell
from webapp.words import words_for, words_of

blueprint = Blueprint("rooms", __name__, url_prefix="/rooms")


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"words_for": words_for, "reason_of": reason_of}


def wanted_filter() -> queries.Filter:
    """The list's filter from the address; whatever is not a choice reads as the default."""
    args = request.args
    status, sort = args.get("status", ""), args.get("sort", "name")
    return queries.Filter(
        q=args.get("q", "").strip()[:200],
        building=args.get("building", ""),
        status=status if status in {*RoomState, queries.ARCHIVED} else "",
        sort=sort if sort in queries.SORTS else "name",
        descending=args.get("desc") == "1",
        page=max(1, args.get("page", 1, whole)),
    )


def _work(http_status: int = 200, **panel: Any) -> Response:
    return answer("rooms/index.html", "rooms/_work.html", http_status, **_list(), **panel)


def _list() -> dict[str, Any]:
    wanted = wanted_filter()
    return {"filter": wanted, "listing": queries.list_rooms(db.session(), wanted), "per_page": queries.PER_PAGE}


@blueprint.get("/")
def index() -> Response:
    """The list."""
    return _work()


@blueprint.get("/new")
def new() -> Response:
    """The panel of a new room: in the zone of most rooms, with the connection where there is but one."""
    session = db.session()
    only = _only(queries.connections(session))
    form = RoomForm(formdata=None, time_zone=queries.usual_zone(session), connection_id=str(only.id) if only else "")
    return _work(**_form_panel(form))


@blueprint.post("/new")
def add() -> AnyResponse:
    """SAVE CHANGES of a new room."""
    form = RoomForm()
    if not form.validate_on_submit():
        return _work(422, **_form_panel(form))
    try:
        room = service.create_room(db.session(), form.draft(), utcnow())
    except FieldError as error:
        return _field_refused(form, error)
    return _saved(room, "{} is added.")


@blueprint.get("/<int:room_id>")
def show(room_id: int) -> Response:
    """The panel of a room."""
    return _work(**_room_panel(room_id))


@blueprint.post("/<int:room_id>")
def save(room_id: int) -> AnyResponse:
    """SAVE CHANGES."""
    form = RoomForm()
    if not form.validate_on_submit():
        return _work(422, **_room_panel(room_id, form))
    try:
        draft, agreed = form.draft(), form.agreement
        room = service.save_room(db.session(), room_id, draft, form.seen_revision, utcnow(), agreed)
    except FieldError as error:
        return _field_refused(form, error, room_id)
    except Refused as error:
        db.session.rollback()
        if error.code == "another_mailbox":
            return _ask_to_leave(room_id, error, form)
        return _work(409, **_room_panel(room_id, form), refusal=words_of(error))
    except StaleRevision as error:
        return _stale(room_id, form, error)
    return _saved(room, "{} is saved.")


@blueprint.get("/<int:room_id>/archive")
def ask_archive(room_id: int) -> Response:
    """What archiving would mean, before it is done."""
    status = queries.status_of(db.session(), room_id)
    return _work(asking=status.room, open_count=following.open_count(db.session(), status.room, utcnow()))


@blueprint.post("/<int:room_id>/archive")
def archive(room_id: int) -> AnyResponse:
    """Archive a room."""
    return _saved(service.archive_room(db.session(), room_id, utcnow()), "{} is archived.")


@blueprint.post("/<int:room_id>/restore")
def restore(room_id: int) -> AnyResponse:
    """Bring an archived room back."""
    return _saved(service.restore_room(db.session(), room_id), "{} is back, not linked.")


@blueprint.post("/<int:room_id>/confirm-address")
def confirm_address(room_id: int) -> AnyResponse:
    """A person says that an address outside of Places is a room."""
    return _saved(service.confirm_address(db.session(), room_id, utcnow()), "The calendar of {} is read now.")


@blueprint.post("/<int:room_id>/try-again")
def try_again(room_id: int) -> AnyResponse:
    """Read a room in Error now."""
    return _saved(service.try_again(db.session(), room_id, utcnow()), "The calendar of {} is read again.")


@blueprint.post("/<int:room_id>/same-room")
def same_room(room_id: int) -> AnyResponse:
    """The other calendar that answers at the room's address is the room's."""
    try:
        room = service.same_room(db.session(), room_id, utcnow())
    except Refused as error:
        return _refused(room_id, error)
    return _saved(room, "The calendar of {} is taken up again.")


@blueprint.get("/<int:room_id>/another-mailbox")
def ask_other_mailbox(room_id: int) -> Response:
    """What it would mean that another mailbox answers at the room's address now."""
    room = queries.status_of(db.session(), room_id).room
    try:
        parting = linking.parting_from_former(db.session(), room, utcnow())
    except Refused as error:
        return _refused(room_id, error)
    asked = {"room": room.name, "address": room.external_address, **vars(parting)}
    return _work(leaving=asked, asking=room, send_to=url_for(".other_mailbox", room_id=room_id), typed={})


@blueprint.post("/<int:room_id>/another-mailbox")
def other_mailbox(room_id: int) -> AnyResponse:
    """Another mailbox answers at the room's address now: the room follows that one."""
    try:
        room = service.other_mailbox(db.session(), room_id, utcnow())
    except Refused as error:
        return _refused(room_id, error)
    return _saved(room, "{} follows the new mailbox.")


@blueprint.post("/bulk")
def bulk() -> AnyResponse:
    """The same for all ticked rooms: activate, pause, or read everything again."""
    what, now = request.form.get("do", ""), utcnow()
    ids = sorted({whole(text) for text in request.form.getlist("room") if is_whole(text)})[: queries.PER_PAGE]
    if what not in {*many.Bulk} or not ids:
        return _work(422, refusal=words_for("bulk_nothing"))
    session = db.session()
    result = many.for_each(session, ids, lambda one: many.bulk(session, one, many.Bulk(what), now))
    if result.mailboxes:
        door_bell().ring(SYNC_MAILBOXES, result.mailboxes)
    flash(bulk_words(many.Bulk(what), result.done, result.already))
    left = [words_of(error) for _, error in result.refused]
    if left:
        return _work(409, left_out=left)
    return done(url_for(".index", **wanted_filter().as_args()), "rooms/_work_and_toasts.html", **_list())


@blueprint.get("/<int:room_id>/status")
def status(room_id: int) -> Response:
    """The moving part of a row (`part=cell`) or of the panel; a row that comes to rest has the counts read again."""
    is_cell, sync = request.args.get("part") == "cell", queries.status_of(db.session(), room_id)
    response = Response(render_template("rooms/_cell.html" if is_cell else "rooms/_status.html", sync=sync))
    if is_cell and not sync.moving:
        response.headers["HX-Trigger"] = "room-rests"
    return response


@blueprint.get("/places")
def places() -> Response:
    """The rooms of the chosen connection's tenant that match what is typed, as choices."""
    connection = _chosen_connection(request.args.get("connection_id", ""))
    typed = request.args.get("external_address", "")
    return Response(render_template("rooms/_places.html", **_places(connection, typed)))


@blueprint.post("/places")
def list_places_again() -> AnyResponse:
    """List again: ask Microsoft for the tenant's rooms."""
    connection_id = request.form.get("connection_id", 0, whole)
    service.list_places_again(db.session(), connection_id)
    db.session.commit()
    door_bell().ring(LIST_PLACES, connection_id)
    connection = db.session.get_one(Connection, connection_id)
    room_id = request.form.get("room_id", 0, whole)
    back = url_for(".show", room_id=room_id) if room_id else url_for(".new")
    return done(back, "rooms/_places.html", **_places(connection, ""))


def _saved(room: Room, message: str) -> AnyResponse:
    room_id, mailbox_id, runs = room.id, room.mailbox_id, room.sync_active
    flash(Markup(message).format(Markup("<bdi>{}</bdi>").format(room.name)))
    db.session.commit()
    if runs:
        door_bell().ring(SYNC_MAILBOXES, [mailbox_id])
    url = url_for(".show", room_id=room_id, **wanted_filter().as_args())
    return done(url, "rooms/_work_and_toasts.html", **_list(), **_room_panel(room_id))


def _ask_to_leave(room_id: int, error: Refused, form: RoomForm) -> Response:
    """The question, with counts, and the form once more as it was typed; nothing is saved yet."""
    db.session.rollback()
    room = queries.status_of(db.session(), room_id).room
    asked = {"leaving": error.fields, "asking": room, "send_to": url_for(".save", room_id=room_id)}
    return _work(409, **asked, typed=form.as_typed())


def _refused(room_id: int, error: Refused) -> Response:
    db.session.rollback()
    return _work(409, **_room_panel(room_id), refusal=words_of(error))


def _field_refused(form: RoomForm, error: FieldError, room_id: int | None = None) -> Response:
    db.session.rollback()
    form[error.field].errors = [field_words(error)]
    return _work(422, **(_form_panel(form) if room_id is None else _room_panel(room_id, form)))


def _stale(room_id: int, form: RoomForm, error: StaleRevision) -> Response:
    """Both versions; sending the form once more keeps what was typed here."""
    differing = service.differences(error.fields["saved"], form.draft())
    db.session.rollback()
    form.revision.data = str(error.fields["revision"])
    panel = _room_panel(room_id, form)
    names = {connection.id: connection.name for connection in panel["connections"]}
    stale = words_for("room_stale", error.fields)
    return _work(409, **panel, stale=stale, differing=shown_differences(differing, names))


def _room_panel(room_id: int, form: RoomForm | None = None) -> dict[str, Any]:
    status = queries.status_of(db.session(), room_id)
    health = queries.health_of(db.session(), status.room, utcnow())
    return {"sync": status, "room": status.room, "health": health, **_form_panel(form or form_of(status.room))}


def _form_panel(form: RoomForm) -> dict[str, Any]:
    connections = queries.connections(db.session())
    form.offer(connections)
    chosen = next((c for c in connections if str(c.id) == form.connection_id.data), None)
    return {"form": form, "connections": connections, **_places(chosen or _only(connections), "")}


def _only(connections: Sequence[Connection]) -> Connection | None:
    return connections[0] if len(connections) == 1 else None


def _places(connection: Connection | None, q: str) -> dict[str, Any]:
    found = queries.choices(db.session(), connection.id, q.strip()[:200]) if connection else ()
    return {"choices": found, "places_of": connection}


def _chosen_connection(text: str) -> Connection | None:
    return db.session.get(Connection, whole(text)) if is_whole(text) else None
