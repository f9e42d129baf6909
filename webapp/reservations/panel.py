"""The form of a reservation in its panel: what it is filled in with, what it offers, and what is fixed and why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from webapp.clock import utcnow
from webapp.forms import whole
from webapp.models import Reservation, Room, User
from webapp.reservations import queries
from webapp.reservations.forms import FIRST_DAY, LAST_DAY, ReservationForm
from webapp.reservations.organized import why_not_in_owner_calendar
from webapp.reservations.page import panel_facts
from webapp.reservations.repeat_shown import repeat_said
from webapp.reservations.rights import may_move
from webapp.reservations.shown import short_day
from webapp.reservations.words import FIELD_WORDS

Arguments = MultiDict[str, str]


def new_form(room: Room | None, args: Arguments, by: User) -> ReservationForm:
    """A new form: what was clicked, else the next full hour."""
    now = utcnow().astimezone(ZoneInfo(room.time_zone) if room else None)
    start = _clock(args.get("start", ""))
    soon = now + timedelta(hours=1)
    day = day_of(args.get("day", "")) or (soon if start is None else now).date()
    if start is None:
        start = time(soon.hour) if day == soon.date() else time(9)
    end = _clock(args.get("end", "")) or (datetime.combine(day, start) + timedelta(hours=1)).time()
    form = ReservationForm(
        formdata=None, room_id=str(room.id) if room else "", owner_name=by.name, owner_email=by.email
    )
    form.day.data, form.start.data, form.end.data = day, start, end
    if end <= start:
        form.last_day.data = day + timedelta(days=1)
    return form


def choose(session: Session, form: ReservationForm, args: Arguments) -> Room | None:
    """Fill in another room or time that was offered and clicked; the room, if it was one."""
    day, start, end = day_of(args.get("day", "")), _clock(args.get("start", "")), _clock(args.get("end", ""))
    if day and start and end:
        form.day.data, form.start.data, form.end.data, form.last_day.data = day, start, end, None
    room = wanted_room(session, args)
    if room is not None:
        form.room_id.data = str(room.id)
    return room


def wanted_room(session: Session, args: Arguments) -> Room | None:
    """The room in the address, if there is such a one in use."""
    wanted = args.get("room", 0, whole)
    room = session.get(Room, wanted) if wanted else None
    return room if room is not None and room.archived_at is None else None


def only_room(session: Session, building: str) -> Room | None:
    """The one room that can be booked; nothing where there is a choice."""
    rooms, _ = queries.rooms_to_choose(session, building)
    return rooms[0] if len(rooms) == 1 else None


def new_panel(session: Session, form: ReservationForm, room: Room | None, building: str) -> dict[str, Any]:
    """The panel of a new reservation."""
    rooms, more = queries.rooms_to_choose(session, building)
    missing = [room] if room is not None and room not in rooms and room.archived_at is None else []
    form.offer([*missing, *rooms])
    return {
        "form": form,
        "room": room,
        "more_rooms": more,
        "repeat_said": repeat_said(session, form, room),
        **create_in(session, room),
    }


def edit_panel(session: Session, form: ReservationForm, reservation: Reservation, now: datetime) -> dict[str, Any]:
    """The panel of a reservation that is changed; rooms are offered where it may move at all."""
    facts = panel_facts(session, reservation, now)
    here = ([reservation.room], False)
    rooms, more = queries.rooms_to_move_to(session, reservation) if may_move(facts["rights"]) else here
    form.offer(rooms, needed=True)
    return {"form": form, "room": reservation.room, "may_move": len(rooms) > 1, "more_rooms": more, **facts}


def series_panel(session: Session, form: ReservationForm, reservation: Reservation, zone: str) -> dict[str, Any]:
    """The panel of a series, or of dates of it, which stays in its room; `zone`: by whose clock it is filled in."""
    room = reservation.room
    form.offer([room], needed=True)
    said = {"repeat_said": repeat_said(session, form, room, zone, reservation.id), "short_day": short_day}
    return {"form": form, "room": room, "may_move": False, "clock_zone": zone, **said}


def create_in(session: Session, room: Room | None) -> dict[str, Any]:
    """Whether the owner's calendar can be chosen, and why not."""
    code = why_not_in_owner_calendar(session, room)
    return {
        "owner_calendar": code is None,
        "another_room_could": code == "room_not_followed",
        "why_not_owner": Markup(FIELD_WORDS[code]).format(room=room.name if room else "") if code else "",
    }


def day_of(text: str) -> date | None:
    """A day in an address, if it is one that can be shown."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
