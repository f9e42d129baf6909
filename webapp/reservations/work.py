"""The timetable as a page, with a form beside it where one is open."""

from __future__ import annotations

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


def wanted_board(**changed: Any) -> board.Wanted:
    """The timetable from the address; whatever is not a choice reads as the default."""
    args = request.args
    values = {
        "view": board.WEEK if args.get("view") == board.WEEK else board.DAY,
        "day": panel.day_of(args.get("day", "")),
        "building": args.get("building", ""),
        "page": min(10_000, max(1, args.get("page", 1, whole))),
        "room_id": args.get("room", None, whole),
    }
    return board.Wanted(**values | changed)


def board_of(room: Room | None, day: date | None) -> board.Wanted:
    """The timetable beside the panel: the form's day, and the rooms among which its room stands."""
    wanted = wanted_board(view=board.DAY, room_id=None)
    day = day if day is not None and FIRST_DAY <= day <= LAST_DAY else wanted.day
    if room is None or room.archived_at is not None:
        return wanted_board(view=board.DAY, room_id=None, day=day)
    building = wanted.building if wanted.building == room.building else ""
    page = queries.page_of_room(db.session(), room, building)
    return board.Wanted(board.DAY, day, building, page)


def shown_board(wanted: board.Wanted) -> dict[str, Any]:
    """What the timetable shows."""
    enabled = page_standing().sync_enabled
    return {
        "board": board.make_board(db.session(), wanted, utcnow(), sync_enabled=enabled),
        "buildings": buildings(db.session()),
    }


def work(http_status: int = 200, wanted: board.Wanted | None = None, **beside: Any) -> Response:
    """The page, or its work alone for htmx; `beside`: what the panel shows."""
    shown = shown_board(wanted or wanted_board())
    return answer("reservations/index.html", "reservations/_work.html", http_status, **shown, **beside)
