"""Changing a reservation in its panel; of a series, whose dates are asked for first, see `series_editing`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.words import MeetingKind
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.extensions import db
from webapp.htmx import go_to
from webapp.models import Reservation, Room
from webapp.reservations import panel, series_editing, service
from webapp.reservations.forms import ReservationForm, form_of
from webapp.reservations.page import refusal_note
from webapp.reservations.rows import span_of
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.standing import standing
from webapp.reservations.work import board_of, work


def register(blueprint: Blueprint) -> None:
    """Add the panel of a reservation that may be changed, and what it does."""
    blueprint.add_url_rule("/<int:reservation_id>/edit", "edit", edit)
    blueprint.add_url_rule("/<int:reservation_id>/edit", "change", change, methods=["POST"])


def edit(reservation_id: int) -> AnyResponse:
    """The panel of a reservation that may be changed."""
    stands = standing(db.session(), reservation_id)
    found = stands.reservation
    if found.meeting.kind is MeetingKind.SERIES:
        return series_editing.edit(stands)
    form = form_of(found.meeting, found.room)
    beside = _edit_panel(form, found)
    if stands.on_the_move or beside["rights"].denied:
        return go_to(url_for(".show", reservation_id=reservation_id))
    room = panel.choose(db.session(), form, request.args) or found.room
    return work(wanted=board_of(room, form.day.data), **beside)


def change(reservation_id: int) -> AnyResponse:
    """Save changes."""
    found = standing(db.session(), reservation_id).reservation
    if found.meeting.kind is MeetingKind.SERIES:
        return series_editing.change(found)
    form = ReservationForm()
    if not form.validate_on_submit():
        return work(422, wanted=board_of(found.room, form.day.data), **_edit_panel(form, found))
    now = utcnow()
    try:
        draft = form.draft(ZoneInfo(found.room.time_zone), span_of(found.meeting))
        saved = service.change(db.session(), reservation_id, draft, form.seen_revision, current_user.name, now)
    except (FieldError, Refused, StaleRevision) as error:
        return _refused(error, form, found)
    saved_id = saved.id
    commit_and_ring(saved, "{} is saved.")
    return go_to(url_for(".show", reservation_id=saved_id))


def _refused(
    error: FieldError | Refused | StaleRevision, form: ReservationForm, reservation: Reservation
) -> Response:
    """The form again with what stands against it; nothing is saved."""
    zone, own_id = ZoneInfo(reservation.room.time_zone), reservation.id
    db.session.rollback()
    extra: dict[str, Any] = {}
    if isinstance(error, FieldError):
        form.refuse(error, zone)
    else:
        extra = refusal_note(error, form, zone)
    found = standing(db.session(), own_id).reservation
    room = db.session.get(Room, int(form.room_id.data)) or found.room
    return work(error.http_status, wanted=board_of(room, form.day.data), **_edit_panel(form, found), **extra)


def _edit_panel(form: ReservationForm, reservation: Reservation) -> dict[str, Any]:
    return panel.edit_panel(db.session(), form, reservation, utcnow())
