"""Reservations: the timetable with its panel, and the page of one reservation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer, done, go_to
from webapp.models import Reservation, Room
from webapp.reservations import board, ending, panel, queries, sending, service
from webapp.reservations.forms import FIRST_DAY, LAST_DAY, ReservationForm, form_of
from webapp.reservations.page import refusal_note, show_context, state_context
from webapp.reservations.rows import span_of
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.standing import standing
from webapp.rooms.queries import buildings
from webapp.shell import page_standing
from webapp.words import words_for

SEATS = (2, 4, 6, 8, 10, 12, 20, 50)
"""Numbers of seats to choose from in the timetable's filter."""

blueprint = Blueprint("reservations", __name__, url_prefix="/reservations")
ending.register(blueprint)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"words_for": words_for}


def wanted_board(**changed: Any) -> board.Wanted:
    """The timetable from the address; whatever is not a choice reads as the default."""
    args = request.args
    values = {
        "view": board.WEEK if args.get("view") == board.WEEK else board.DAY,
        "day": panel.day_of(args.get("day", "")),
        "building": args.get("building", ""),
        "page": min(10_000, max(1, args.get("page", 1, whole))),
        "room_id": args.get("room", None, whole),
        "seats": args.get("seats", None, whole) or None,
        "free_now": args.get("free") == "now",
    }
    return board.Wanted(**values | changed)


def _board(wanted: board.Wanted) -> dict[str, Any]:
    enabled = page_standing().sync_enabled
    shown = {
        "board": board.make_board(db.session(), wanted, utcnow(), sync_enabled=enabled),
        "buildings": buildings(db.session()),
        "seats_to_choose": sorted({*SEATS, *([wanted.seats] if wanted.seats else ())}),
    }
    if wanted.view == board.WEEK:
        shown["rooms_to_choose"] = queries.rooms_to_choose(db.session(), "")[0]
    return shown


def _work(http_status: int = 200, wanted: board.Wanted | None = None, **beside: Any) -> Response:
    shown = _board(wanted or wanted_board())
    return answer("reservations/index.html", "reservations/_work.html", http_status, **shown, **beside)


@blueprint.get("/")
def index() -> Response:
    """The timetable."""
    return _work()


@blueprint.get("/column")
def column() -> Response:
    """One column, while something in it moves."""
    args = request.args
    hours = (args.get("from", 7, whole), args.get("to", 19, whole))
    view = board.WEEK if args.get("view") == board.WEEK else board.DAY
    day = panel.day_of(args.get("day", ""))
    if day is None:
        raise NotFound(what="column")
    one = board.one_column(db.session(), args.get("room", 0, whole), day, view, hours, utcnow())
    return Response(render_template("reservations/_column.html", column=one))


@blueprint.get("/new")
def new() -> Response:
    """The panel of a new reservation, filled in with what was clicked."""
    building = request.args.get("building", "")
    room = panel.wanted_room(db.session(), request.args) or panel.only_room(db.session(), building)
    form = panel.new_form(room, request.args, current_user)
    return _work(wanted=_board_of(room, wanted_board().day), **_new_panel(form, room))


@blueprint.get("/create-in")
def create_in() -> str:
    """In which calendars a reservation of the chosen room can be made."""
    room = db.session.get(Room, request.args.get("room_id", 0, whole))
    form = ReservationForm(formdata=None)
    return render_template("reservations/_create_in.html", form=form, **panel.create_in(db.session(), room))


@blueprint.post("/new")
def add() -> AnyResponse:
    """Book room."""
    form = ReservationForm()
    whole = form.validate_on_submit()
    room = _room_of(form)
    if not whole or room is None:
        return _work(422, wanted=_board_of(room, form.day.data), **_new_panel(form, room))
    try:
        draft = form.draft(ZoneInfo(room.time_zone))
        reservation = service.book(db.session(), draft, current_user.name, utcnow())
    except (FieldError, Refused) as error:
        return _refused(error, form, room)
    commit_and_ring(reservation, "{} is booked.")
    wanted = _board_of(room, form.day.data)
    url = url_for(".index", **wanted.as_args())
    return done(url, "reservations/_work_and_toasts.html", **_board(wanted))


@blueprint.get("/<int:reservation_id>/edit")
def edit(reservation_id: int) -> AnyResponse:
    """The panel of a reservation that may be changed."""
    stands = standing(db.session(), reservation_id)
    found = stands.reservation
    form = form_of(found.meeting, found.room)
    beside = _edit_panel(form, found)
    if stands.on_the_move or beside["rights"].denied:
        return go_to(url_for(".show", reservation_id=reservation_id))
    room = panel.choose(db.session(), form, request.args) or found.room
    return _work(wanted=_board_of(room, form.day.data), **beside)


@blueprint.post("/<int:reservation_id>/edit")
def change(reservation_id: int) -> AnyResponse:
    """Save changes."""
    found = standing(db.session(), reservation_id).reservation
    form = ReservationForm()
    if not form.validate_on_submit():
        return _work(422, wanted=_board_of(found.room, form.day.data), **_edit_panel(form, found))
    now = utcnow()
    try:
        draft = form.draft(ZoneInfo(found.room.time_zone), span_of(found.meeting))
        saved = service.change(db.session(), reservation_id, draft, form.seen_revision, current_user.name, now)
    except (FieldError, Refused, StaleRevision) as error:
        return _refused(error, form, found.room, found)
    saved_id = saved.id
    commit_and_ring(saved, "{} is saved.")
    return go_to(url_for(".show", reservation_id=saved_id))


@blueprint.get("/<int:reservation_id>")
def show(reservation_id: int) -> str:
    """The page of a reservation: both sides, who may change what, and what happened."""
    before = _instant(request.args.get("before", ""))
    return render_template("reservations/show.html", **show_context(db.session(), reservation_id, utcnow(), before))


@blueprint.get("/<int:reservation_id>/state")
def state(reservation_id: int) -> Response:
    """The moving part of the page."""
    context = state_context(db.session(), standing(db.session(), reservation_id), utcnow())
    response = Response(render_template("reservations/_state.html", **context))
    if not context["stands"].moving:
        response.headers["HX-Trigger"] = "reservation-rests"
    return response


@blueprint.get("/<int:reservation_id>/rooms")
def rooms(reservation_id: int) -> str:
    """The rooms of the meeting, once the state came to rest."""
    reservation = standing(db.session(), reservation_id).reservation
    others = queries.other_rooms(db.session(), reservation)
    return render_template("reservations/_rooms.html", reservation=reservation, others=others)


@blueprint.get("/<int:reservation_id>/story")
def story(reservation_id: int) -> str:
    """What happened, once the state came to rest."""
    context = show_context(db.session(), reservation_id, utcnow(), None)
    return render_template("reservations/_story.html", **context)


@blueprint.post("/<int:reservation_id>/retry")
def retry(reservation_id: int) -> AnyResponse:
    """Send a failed reservation once more."""
    commit_and_ring(sending.send_again(db.session(), reservation_id, utcnow()), "{} is sent again.")
    return go_to(url_for(".show", reservation_id=reservation_id))


def _refused(
    error: FieldError | Refused | StaleRevision,
    form: ReservationForm,
    room: Room,
    reservation: Reservation | None = None,
) -> Response:
    """The form again with what stands against it; nothing is saved."""
    zone, room_id, own_id = ZoneInfo(room.time_zone), room.id, reservation.id if reservation else None
    db.session.rollback()
    extra: dict[str, Any] = {}
    if isinstance(error, FieldError):
        form.refuse(error, zone)
    else:
        extra = refusal_note(error, form, zone)
    room = db.session.get_one(Room, room_id)
    if own_id is None:
        beside = _new_panel(form, room)
    else:
        beside = _edit_panel(form, standing(db.session(), own_id).reservation)
        room = db.session.get(Room, int(form.room_id.data)) or room
    return _work(error.http_status, wanted=_board_of(room, form.day.data), **beside, **extra)


def _new_panel(form: ReservationForm, room: Room | None) -> dict[str, Any]:
    return panel.new_panel(db.session(), form, room, request.args.get("building", ""))


def _edit_panel(form: ReservationForm, reservation: Reservation) -> dict[str, Any]:
    return panel.edit_panel(db.session(), form, reservation, utcnow())


def _room_of(form: ReservationForm) -> Room | None:
    """The chosen room; an unknown one is said at its field."""
    if form.room_id.errors:
        return None
    room = db.session.get(Room, int(form.room_id.data))
    if room is None:
        form.refuse(FieldError("room_id", "no_room"), ZoneInfo("UTC"))
    return room


def _board_of(room: Room | None, day: date | None) -> board.Wanted:
    """The timetable beside the panel: the form's day, and the rooms among which its room stands."""
    wanted = wanted_board(view=board.DAY, room_id=None, free_now=False)
    day = day if day is not None and FIRST_DAY <= day <= LAST_DAY else wanted.day
    if room is None or room.archived_at is not None:
        return replace(wanted, day=day)
    shown = wanted.rooms(utcnow())
    if not shown.takes(room):
        wanted, shown = board.Wanted(), queries.RoomFilter()
    return replace(wanted, day=day, page=queries.page_of_room(db.session(), room, shown))


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
