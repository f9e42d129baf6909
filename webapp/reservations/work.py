"""The timetable as a page, with a form beside it where one is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask import Response, request

from webapp.clock import utcnow
from webapp.extensions import db
from webapp.forms import whole
from webapp.htmx import answer
from webapp.models import Room
from webapp.reservations import board, panel, queries
from webapp.reservations.forms import FIRST_DAY, LAST_DAY
from webapp.rooms.queries import buildings
from webapp.shell import page_standing

SEATS = (2, 4, 6, 8, 10, 12, 20, 50)
"""Numbers of seats to choose from in the timetable's filter."""


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


def board_of(room: Room | None, day: date | None) -> board.Wanted:
    """The timetable beside the panel: the form's day, and the rooms among which its room stands."""
    wanted = wanted_board(view=board.DAY, room_id=None, free_now=False)
    day = day if day is not None and FIRST_DAY <= day <= LAST_DAY else wanted.day
    if room is None or room.archived_at is not None:
        return replace(wanted, day=day)
    shown = wanted.rooms(utcnow())
    if not shown.takes(room):
        wanted, shown = board.Wanted(), queries.RoomFilter()
    return replace(wanted, day=day, page=queries.page_of_room(db.session(), room, shown))


def shown_board(wanted: board.Wanted) -> dict[str, Any]:
    """What the timetable shows."""
    enabled = page_standing().sync_enabled
    shown = {
        "board": board.make_board(db.session(), wanted, utcnow(), sync_enabled=enabled),
        "buildings": buildings(db.session()),
        "seats_to_choose": sorted({*SEATS, *([wanted.seats] if wanted.seats else ())}),
    }
    if wanted.view == board.WEEK:
        shown["rooms_to_choose"] = queries.rooms_to_choose(db.session(), "")[0]
    return shown


def work(http_status: int = 200, wanted: board.Wanted | None = None, **beside: Any) -> Response:
    """The page, or its work alone for htmx; `beside`: what the panel shows."""
    shown = shown_board(wanted or wanted_board())
    return answer("reservations/index.html", "reservations/_work.html", http_status, **shown, **beside)
