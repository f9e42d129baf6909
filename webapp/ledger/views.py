"""Activity > Mailbox ledger: every request to a person's mailbox, written before it was sent. Names, no values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from webapp.csv_file import csv_answer
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer
from webapp.ledger import queries, shown
from webapp.models import Reservation
from webapp.reservations.rows import span_of, title_of
from webapp.reservations.shown import when

blueprint = Blueprint("ledger", __name__, url_prefix="/activity/mailboxes")


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {
        "operations": shown.OPERATIONS,
        "allowed_by": shown.ALLOWED_BY,
        "outcomes": shown.OUTCOMES,
        "title_of": lambda one: title_of(one.meeting),
        "when_of": _when,
    }


def _when(reservation: Reservation) -> str:
    return when(span_of(reservation.meeting), ZoneInfo(reservation.room.time_zone))


def wanted_filter() -> queries.Filter:
    """The list's filter from the address; whatever is not a choice reads as the default."""
    args = request.args

    def choice(name: str, among: dict[str, str]) -> str:
        return args.get(name, "") if args.get(name, "") in among else ""

    return queries.Filter(
        q=args.get("q", "").strip()[:200],
        operation=choice("operation", shown.OPERATIONS),
        outcome=choice("outcome", shown.OUTCOMES),
        meeting=args.get("meeting", None, whole),
        before=args.get("before", None, whole),
    )


@blueprint.get("/")
def index() -> Response:
    """The newest requests that match."""
    session, wanted = db.session(), wanted_filter()
    found, older = queries.entries(session, wanted)
    named = queries.reservations_of(session, found)
    return answer("ledger/index.html", "ledger/_work.html", filter=wanted, entries=found, older=older, named=named)


@blueprint.get("/requests.csv")
def export() -> Response:
    """All requests that the filter leaves; of meetings only the number, as titles may be private."""
    wanted = wanted_filter()

    def rows() -> Iterator[tuple[object, ...]]:
        return (shown.row_of(one) for one in queries.every_entry(db.session(), wanted))

    return csv_answer("mailbox-requests.csv", shown.HEAD, rows)
