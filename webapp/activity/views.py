"""Activity: what the sync did, room by room, and what it will not do without a person. Only shown, not decided."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request

from webapp.activity import queries
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer
from webapp.models import Reservation, Room
from webapp.reservations.rows import span_of
from webapp.reservations.service import title_of
from webapp.reservations.shown import when
from webapp.reservations.story import step_detail, step_words
from webapp.reservations.words import CONFLICT_WORDS
from webapp.words import words_for

blueprint = Blueprint("activity", __name__, url_prefix="/activity")


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {
        "words_for": words_for,
        "step_words": step_words,
        "step_detail": step_detail,
        "conflict_words": CONFLICT_WORDS,
        "title_of": lambda one: title_of(one.meeting),
        "when_of": _when,
    }


def _when(reservation: Reservation) -> str:
    return when(span_of(reservation.meeting), ZoneInfo(reservation.room.time_zone))


def wanted_filter() -> queries.Filter:
    """The list's filter from the address; whatever is not a choice reads as the default."""
    args = request.args
    return queries.Filter(
        show=args.get("show", "") if args.get("show", "") in queries.SHOWN else "",
        room_id=args.get("room", None, whole),
        q=args.get("q", "").strip()[:200],
        before=args.get("before", None, whole),
    )


@blueprint.get("/")
def index() -> Response:
    """Holds, conflicts and runs."""
    session, wanted = db.session(), wanted_filter()
    found, older = queries.runs(session, wanted)
    room = session.get(Room, wanted.room_id) if wanted.room_id is not None else None
    holds, total = queries.open_holds(session, wanted.room_id)
    conflicts = queries.open_conflicts(session, wanted.room_id)
    named = queries.held_reservations(session, holds) | queries.reservations_of(session, conflicts)
    return answer(
        "activity/index.html",
        "activity/_work.html",
        filter=wanted,
        room=room,
        runs=found,
        older=older,
        holds=holds,
        hold_count=total,
        conflicts=conflicts,
        named=named,
        set_aside=queries.set_aside(session),
    )


@blueprint.get("/runs/<int:run_id>")
def run(run_id: int) -> str:
    """One run, step by step."""
    found, room, steps = queries.run_with_steps(db.session(), run_id)
    return render_template("activity/run.html", run=found, room=room, steps=steps)
