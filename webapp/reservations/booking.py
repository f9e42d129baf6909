"""Booking a room: once, or as a series; of a series also the free dates alone, or the taken ones in another room."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.errors import FieldError, Refused
from webapp.extensions import db
from webapp.forms import is_whole, whole
from webapp.htmx import done
from webapp.models import Reservation, Room
from webapp.reservations import panel, service
from webapp.reservations.forms import ReservationForm
from webapp.reservations.page import refusal_note
from webapp.reservations.repeat_shown import repeat_said
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.series import book_series
from webapp.reservations.series_elsewhere import book_in_two_rooms
from webapp.reservations.series_taken import dates_taken, days_left_out
from webapp.reservations.work import board_of, shown_board, wanted_board, work


def register(blueprint: Blueprint) -> None:
    """Add the form of a new reservation, its moving parts, and what it does."""
    blueprint.add_url_rule("/new", "new", new)
    blueprint.add_url_rule("/create-in", "create_in", create_in)
    blueprint.add_url_rule("/repeats", "repeats", repeats)
    blueprint.add_url_rule("/new", "add", add, methods=["POST"])


def new() -> Response:
    """The panel of a new reservation, filled in with what was clicked."""
    building = request.args.get("building", "")
    room = panel.wanted_room(db.session(), request.args) or panel.only_room(db.session(), building)
    form = panel.new_form(room, request.args, current_user)
    return work(wanted=board_of(room, wanted_board().day), **_new_panel(form, room))


def create_in() -> str:
    """In which calendars a reservation of the chosen room can be made."""
    room = db.session.get(Room, request.args.get("room_id", 0, whole))
    form = ReservationForm(formdata=None)
    return render_template("reservations/_create_in.html", form=form, **panel.create_in(db.session(), room))


def repeats() -> str:
    """What the fields of a series come to, while they are filled in."""
    args, form = request.args, ReservationForm(formdata=request.args, meta={"csrf": False})
    room, besides = db.session.get(Room, args.get("room_id", 0, whole)), args.get("besides", None, whole)
    said = repeat_said(db.session(), form, room, args.get("zone", ""), besides)
    return render_template("reservations/_repeat_says.html", repeat_said=said)


def add() -> AnyResponse:
    """Book room."""
    form = ReservationForm()
    is_good = form.validate_on_submit()
    room = _room_of(form)
    if "preview" in request.form:
        form.forget_errors()
        return work(wanted=board_of(room, form.day.data), **_new_panel(form, room))
    if not is_good or room is None:
        return work(422, wanted=board_of(room, form.day.data), **_new_panel(form, room))
    try:
        booked = _book(form, room)
    except (FieldError, Refused) as error:
        return _refused(error, form, room)
    commit_and_ring(booked[0], _said(booked), *booked[1:])
    wanted = board_of(room, form.day.data)
    url = url_for(".index", **wanted.as_args())
    return done(url, "reservations/_work_and_toasts.html", **shown_board(wanted))


def _book(form: ReservationForm, room: Room) -> list[Reservation]:
    """What the form wants; of a series the dates that it showed as taken are left out, or go to another room."""
    by, now, zone = current_user.name, utcnow(), ZoneInfo(room.time_zone)
    if not form.repeats:
        return [service.book(db.session(), form.draft(zone), by, now)]
    draft, elsewhere = form.series_draft(zone), request.form.get("elsewhere", "")
    left_out = _left_out(form)
    if left_out and is_whole(elsewhere):
        return book_in_two_rooms(db.session(), draft, whole(elsewhere), left_out, by, now)
    return [book_series(db.session(), draft, by, now, without=left_out)]


def _left_out(form: ReservationForm) -> frozenset[date]:
    """The dates to go on without, once somebody chose to."""
    chosen = "free_only" in request.form or "elsewhere" in request.form
    return days_left_out(request.form.get("left_out", ""), form.rule("UTC")) if chosen else frozenset()


def _said(booked: list[Reservation]) -> str:
    if len(booked) == 1:
        return "{} is booked."
    dates = "1 date" if len(booked) == 2 else f"{len(booked) - 1} dates"
    return Markup("{{}} is booked, {} of it in <bdi>{}</bdi>.").format(dates, booked[1].room.name)


def _refused(error: FieldError | Refused, form: ReservationForm, room: Room) -> Response:
    """The form again with what stands against it; nothing is saved."""
    zone, room_id = ZoneInfo(room.time_zone), room.id
    db.session.rollback()
    extra: dict[str, Any] = {}
    if isinstance(error, FieldError):
        form.refuse(error, zone)
    elif error.code == "dates_taken":
        extra = {"dates_taken": dates_taken(db.session(), error, form, _left_out(form), is_new=True)}
    else:
        extra = refusal_note(error, form, zone)
    room = db.session.get_one(Room, room_id)
    return work(error.http_status, wanted=board_of(room, form.day.data), **_new_panel(form, room), **extra)


def _new_panel(form: ReservationForm, room: Room | None) -> dict[str, Any]:
    return panel.new_panel(db.session(), form, room, request.args.get("building", ""))


def _room_of(form: ReservationForm) -> Room | None:
    """The chosen room; an unknown one is said at its field."""
    if form.room_id.errors:
        return None
    room = db.session.get(Room, int(form.room_id.data))
    if room is None:
        form.refuse(FieldError("room_id", "no_room"), ZoneInfo("UTC"))
    return room
