"""The form of a reservation, filled in with a series, or with one date of it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from webapp.domain.recurrence import Series
from webapp.domain.rule import Rule
from webapp.models import Reservation
from webapp.reservations.forms import ReservationForm, form_of
from webapp.reservations.rows import title_of


def series_form(reservation: Reservation, rule: Rule) -> ReservationForm:
    """The form of a series, by the clock of its own zone: the days and times of its first date, and its rule."""
    form = form_of(reservation.meeting, reservation.room)
    form.fill_span(rule.times.span_on(rule.range.start, rule.rules()), rule.rules())
    form.fill_rule(rule)
    form.must_repeat()
    return form


def date_form(reservation: Reservation, series: Series, day: date) -> ReservationForm:
    """The form of one date of a series, by the clock of its room: its own time and title, if it has any."""
    form, one = form_of(reservation.meeting, reservation.room), series.occurrence(day)
    form.fill_span(one.span, ZoneInfo(reservation.room.time_zone))
    form.title.data = one.title or title_of(reservation.meeting)
    return form
