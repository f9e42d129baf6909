"""Ending a reservation: cancelled, the whole meeting cancelled, or declined for the room; each after a question that
says what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.words import Home, MeetingKind
from webapp.errors import Refused, StaleRevision
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer, go_to
from webapp.models import Reservation
from webapp.reservations import series, service
from webapp.reservations.page import panel_facts
from webapp.reservations.panel import day_of
from webapp.reservations.rights import Rights
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.series_words import Doing
from webapp.reservations.standing import standing
from webapp.reservations.which import Which, choices, which_of
from webapp.words import words_of

CarryOutDate = Callable[[Session, int, date, int, str, datetime], Reservation]


@dataclass(frozen=True)
class Ending:
    """One way to end a reservation: what does it, what is said after, and where it is offered.

    `doing` and `dates`: of a series it can be done to a date alone, or to it and all after it; what is said then.
    """

    carry_out: Callable[[Session, int, int, str, datetime], Reservation]
    said: str
    offered: Callable[[Reservation, Rights], bool]
    doing: Doing | None = None
    dates: Mapping[Which, tuple[CarryOutDate, str]] = field(default_factory=dict)


ENDINGS = {
    "cancel": Ending(
        service.cancel,
        "{} is cancelled.",
        lambda _, rights: rights.allowed,
        Doing.CANCEL,
        {
            Which.ONE: (series.cancel_date, "One date of {} is cancelled."),
            Which.FOLLOWING: (series.cancel_following, "{} is cancelled from that date on."),
        },
    ),
    "cancel-meeting": Ending(
        service.cancel_meeting,
        "{} is cancelled in all its rooms.",
        lambda one, rights: rights.allowed and one.meeting.home is Home.USER,
    ),
    "decline": Ending(
        service.decline,
        "{} is declined for the room.",
        lambda _, rights: rights.may_decline,
        Doing.DECLINE,
        {Which.ONE: (series.decline_date, "One date of {} is declined for the room.")},
    ),
}


def register(blueprint: Blueprint) -> None:
    """Add the questions and what they do."""
    path = "/<int:reservation_id>/<any(" + ", ".join(f'"{name}"' for name in ENDINGS) + "):ending>"
    blueprint.add_url_rule(path, "ask_end", ask_end, methods=["GET"])
    blueprint.add_url_rule(path, "end", end, methods=["POST"])


def ask_end(reservation_id: int, ending: str) -> AnyResponse:
    """What it means, before it is done; where it is not offered, the page says why."""
    facts = _facts(reservation_id, ending, request.args)
    if not facts["offered"]:
        return go_to(url_for("reservations.show", reservation_id=reservation_id))
    return answer("reservations/ask.html", "reservations/_ask_dialog.html", **facts)


def end(reservation_id: int, ending: str) -> AnyResponse:
    """Do it, or ask again with what stands against it."""
    facts = _facts(reservation_id, ending, request.form)
    meant, which = facts["choices"], which_of(request.form.get("which"))
    if not facts["offered"] or (meant is not None and (which is None or not meant.has(which))):
        return _ask_again(reservation_id, ending)
    try:
        saved, said = _carry_out(reservation_id, ENDINGS[ending], which, meant.day if meant is not None else None)
    except StaleRevision:
        return _ask_again(reservation_id, ending, stale=True)
    except Refused as error:
        return _ask_again(reservation_id, ending, refusal=words_of(error))
    commit_and_ring(saved, said)
    return go_to(url_for("reservations.show", reservation_id=reservation_id))


def _carry_out(reservation_id: int, ending: Ending, which: Which | None, day: date | None) -> tuple[Reservation, str]:
    seen, now = request.form.get("revision", 0, whole), utcnow()
    if which is not None and which in ending.dates and day is not None:
        carry_out, said = ending.dates[which]
        return carry_out(db.session(), reservation_id, day, seen, current_user.name, now), said
    return ending.carry_out(db.session(), reservation_id, seen, current_user.name, now), ending.said


def _ask_again(reservation_id: int, ending: str, **why: Any) -> Response:
    db.session.rollback()
    facts = _facts(reservation_id, ending, request.form)
    return answer("reservations/ask.html", "reservations/_ask_dialog.html", 409, **facts, **why)


def _facts(reservation_id: int, ending: str, sent: MultiDict[str, str]) -> dict[str, Any]:
    """What the question shows; of a series also which dates can be meant."""
    chosen, now = ENDINGS[ending], utcnow()
    facts = panel_facts(db.session(), standing(db.session(), reservation_id).reservation, now)
    one: Reservation = facts["reservation"]
    offered, possible = chosen.offered(one, facts["rights"]), None
    if offered and chosen.doing is not None and one.meeting.kind is MeetingKind.SERIES:
        day, others = day_of(sent.get("date", "")), one.meeting.home is Home.USER and bool(facts["others"])
        possible = choices(db.session(), one, day, chosen.doing, now, others=others)
    return {"ending": ending, "offered": offered, "choices": possible, **facts}
