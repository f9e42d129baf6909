"""Reservations: the timetable with its panel, and the page of one reservation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.words import MeetingKind
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import go_to
from webapp.reservations import board, booking, editing, ending, panel, queries, sending
from webapp.reservations.page import panel_facts, show_context, state_context
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.series_shown import shown_series
from webapp.reservations.standing import standing
from webapp.reservations.work import work
from webapp.words import words_for

blueprint = Blueprint("reservations", __name__, url_prefix="/reservations")
for part in (booking, editing, ending):
    part.register(blueprint)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"words_for": words_for}


@blueprint.get("/")
def index() -> Response:
    """The timetable."""
    return work()


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


@blueprint.get("/<int:reservation_id>")
def show(reservation_id: int) -> str:
    """The page of a reservation: both sides, who may change what, and what happened."""
    before, day = _instant(request.args.get("before", "")), panel.day_of(request.args.get("date", ""))
    context = show_context(db.session(), reservation_id, utcnow(), before, day)
    return render_template("reservations/show.html", **context)


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


@blueprint.get("/<int:reservation_id>/dates")
def dates(reservation_id: int) -> str:
    """The dates of a series, once the state came to rest; nothing where it has become a single meeting."""
    reservation, day = standing(db.session(), reservation_id).reservation, panel.day_of(request.args.get("date", ""))
    if reservation.meeting.kind is not MeetingKind.SERIES:
        return ""
    facts = panel_facts(db.session(), reservation, utcnow())
    series = shown_series(db.session(), reservation, utcnow(), day)
    return render_template("reservations/_series.html", series=series, **facts)


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


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
