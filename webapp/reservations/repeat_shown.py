"""What the fields of a series come to, said while they are filled in."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from webapp.clock import utcnow
from webapp.domain import rule_dates
from webapp.domain.recurrence import Series
from webapp.domain.rule import InvalidRule, Rule
from webapp.models import Room
from webapp.reservations.forms import ReservationForm
from webapp.reservations.series_words import IS_FREE, IS_TAKEN, long_day, sentence
from webapp.reservations.taken import dates_ahead, taken_dates
from webapp.reservations.words import FIELD_WORDS


class RepeatSaid(NamedTuple):
    """The rule as a sentence, its first date where that is not the day of the form, and whether the room is free on
    its dates; or what is still missing."""

    sentence: str = ""
    first: str = ""
    free: str = ""
    missing: str = ""


def repeat_said(
    session: Session, form: ReservationForm, room: Room | None, zone: str = "", besides: int | None = None
) -> RepeatSaid | None:
    """What the form says of its dates; nothing for a reservation that does not repeat.

    `zone`: by whose clock, if not the room's; `besides`: the reservation that is changed, whose own dates are in
    nobody's way.
    """
    if not form.repeats:
        return None
    timed = form.all_day.data or (form.start.data is not None and form.end.data is not None)
    if form.day.data is None or not timed:
        return RepeatSaid(missing=FIELD_WORDS["no_date" if form.day.data is None else "no_time"])
    try:
        rule = form.rule(zone or (room.time_zone if room is not None else "UTC"))
    except InvalidRule as error:
        return RepeatSaid(missing=form.fault_said(error.faults[0]))
    assert rule is not None, "the form repeats"
    first = rule.range.start
    free = _free_said(session, rule, room, besides) if room is not None and room.archived_at is None else ""
    return RepeatSaid(str(sentence(rule)), long_day(first) if first != form.day.data else "", free)


def _free_said(session: Session, rule: Rule, room: Room, besides: int | None) -> str:
    """Whether the room is free on the dates that can be checked now; nothing where none of them can."""
    now, series = utcnow(), Series(rule)
    dates = len(dates_ahead(series, now, ZoneInfo(room.time_zone)))
    if not dates:
        return ""
    taken, total = len(taken_dates(session, room, series, now, besides)), rule_dates.count(rule)
    said = f"{dates:,} date{'' if dates == 1 else 's'}"
    if total is None or total > dates:
        said += " of the coming year"
    return Markup(IS_TAKEN if taken else IS_FREE).format(room=room.name, taken=taken, dates=said)
