"""Ending a reservation: cancelled, the whole meeting cancelled, or declined for the room; each after a question that
says what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.words import Home
from webapp.errors import Refused, StaleRevision
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer, go_to
from webapp.models import Reservation
from webapp.reservations import service
from webapp.reservations.page import panel_facts
from webapp.reservations.rights import Rights
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.standing import standing


@dataclass(frozen=True)
class Ending:
    """One way to end a reservation: what does it, what is said after, and where it is offered."""

    carry_out: Callable[[Session, int, int, str, datetime], Reservation]
    said: str
    offered: Callable[[Reservation, Rights], bool]


ENDINGS = {
    "cancel": Ending(service.cancel, "{} is cancelled.", lambda _, rights: rights.allowed),
    "cancel-meeting": Ending(
        service.cancel_meeting,
        "{} is cancelled in all its rooms.",
        lambda one, rights: rights.allowed and one.meeting.home is Home.USER,
    ),
    "decline": Ending(service.decline, "{} is declined for the room.", lambda _, rights: rights.may_decline),
}


def register(blueprint: Blueprint) -> None:
    """Add the questions and what they do."""
    path = "/<int:reservation_id>/<any(" + ", ".join(f'"{name}"' for name in ENDINGS) + "):ending>"
    blueprint.add_url_rule(path, "ask_end", ask_end, methods=["GET"])
    blueprint.add_url_rule(path, "end", end, methods=["POST"])


def ask_end(reservation_id: int, ending: str) -> AnyResponse:
    """What it means, before it is done; where it is not offered, the page says why."""
    facts = panel_facts(db.session(), standing(db.session(), reservation_id).reservation, utcnow())
    if not ENDINGS[ending].offered(facts["reservation"], facts["rights"]):
        return go_to(url_for("reservations.show", reservation_id=reservation_id))
    return answer("reservations/ask.html", "reservations/_ask_dialog.html", ending=ending, offered=True, **facts)


def end(reservation_id: int, ending: str) -> AnyResponse:
    """Do it, or ask again with what stands against it."""
    chosen, seen = ENDINGS[ending], request.form.get("revision", 0, whole)
    try:
        saved = chosen.carry_out(db.session(), reservation_id, seen, current_user.name, utcnow())
    except (StaleRevision, Refused) as error:
        return _ask_again(reservation_id, ending, stale=isinstance(error, StaleRevision))
    commit_and_ring(saved, chosen.said)
    return go_to(url_for("reservations.show", reservation_id=reservation_id))


def _ask_again(reservation_id: int, ending: str, *, stale: bool) -> Response:
    db.session.rollback()
    facts = panel_facts(db.session(), standing(db.session(), reservation_id).reservation, utcnow())
    offered = ENDINGS[ending].offered(facts["reservation"], facts["rights"])
    page = ("reservations/ask.html", "reservations/_ask_dialog.html")
    return answer(*page, 409, ending=ending, offered=offered, stale=stale, **facts)
