"""Changing a series: which dates are meant, then the panel of one date, of it and all after it, or of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp.clock import utcnow
from webapp.domain.recurrence import Series
from webapp.domain.series_edit import split as cut_in_two
from webapp.errors import FieldError, Refused, StaleRevision
from webapp.extensions import db
from webapp.htmx import answer, go_to
from webapp.models import Reservation
from webapp.reservations import panel, series, split
from webapp.reservations.forms import ReservationForm
from webapp.reservations.page import panel_facts, refusal_note
from webapp.reservations.saved import commit_and_ring
from webapp.reservations.series_forms import date_form, series_form
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_taken import dates_taken, days_left_out
from webapp.reservations.series_words import Doing
from webapp.reservations.standing import Standing, standing
from webapp.reservations.which import Choices, Which, choices, which_of
from webapp.reservations.work import board_of, work

SAID = {
    Which.ONE: "One date of {} is saved.",
    Which.FOLLOWING: "{} is saved from that date on.",
    Which.ALL: "{} is saved.",
}


@dataclass(frozen=True)
class Meant:
    """What of which series is to be changed: `which` of it, seen from its date `day`."""

    reservation: Reservation
    series: Series
    which: Which
    day: date | None

    @property
    def zone(self) -> ZoneInfo:
        """By whose clock its form is filled in: one date by the room's, the series by its own."""
        return ZoneInfo(self.reservation.room.time_zone) if self.which is Which.ONE else self.series.rule.rules()

    def form(self) -> ReservationForm:
        """Its form as it is saved."""
        if self.which is Which.ALL:
            return series_form(self.reservation, self.series.rule)
        assert self.day is not None, "the others are offered for a date alone"
        if self.which is Which.ONE:
            return date_form(self.reservation, self.series, self.day)
        return series_form(self.reservation, cut_in_two(self.series, self.day).tail.rule)


def edit(stands: Standing) -> AnyResponse:
    """The question which dates are meant, then their panel."""
    found, now = stands.reservation, utcnow()
    which = which_of(request.args.get("which"))
    known, offered = series_of(found.meeting), _choices(found, which, now)
    facts = panel_facts(db.session(), found, now)
    if known is None or stands.on_the_move or facts["rights"].denied:
        return go_to(url_for("reservations.show", reservation_id=found.id))
    if which is None and len(offered.offered) == 1:
        return go_to(url_for("reservations.edit", reservation_id=found.id, which=offered.first.value))
    if which is None or not offered.has(which):
        page = ("reservations/ask.html", "reservations/_which_dialog.html")
        return answer(*page, question="reservations/_which_ask.html", choices=offered, **facts)
    meant = Meant(found, known, which, offered.day)
    return _panel(200, meant.form(), meant, facts)


def change(reservation: Reservation) -> AnyResponse:
    """Save what was changed."""
    now = utcnow()
    which = which_of(request.args.get("which"))
    known, offered = series_of(reservation.meeting), _choices(reservation, which, now)
    if known is None:
        raise Refused("series_read_only")
    if which is None or not offered.has(which):
        return go_to(url_for("reservations.edit", reservation_id=reservation.id, date=request.args.get("date")))
    meant, form = Meant(reservation, known, which, offered.day), ReservationForm()
    if which is not Which.ONE:
        form.must_repeat()
    is_good = form.validate_on_submit()
    if "preview" in request.form:
        form.forget_errors()
        return _panel(200, form, meant)
    if not is_good:
        return _panel(422, form, meant)
    try:
        saved = _save(form, meant, now)
    except (FieldError, Refused, StaleRevision) as error:
        return _refused(error, form, meant)
    url = url_for("reservations.show", reservation_id=saved.id, date=meant.day if which is Which.ONE else None)
    commit_and_ring(saved, SAID[which])
    return go_to(url)


def _save(form: ReservationForm, meant: Meant, now: datetime) -> Reservation:
    session, one, by = db.session(), meant.reservation, current_user.name
    seen, without = form.seen_revision, _left_out(form)
    if meant.which is Which.ALL:
        draft = form.series_draft(meant.zone, meant.series.rule)
        return series.change_series(session, one.id, draft, seen, by, now, without=without)
    assert meant.day is not None, "the others are offered for a date alone"
    if meant.which is Which.FOLLOWING:
        draft = form.series_draft(meant.zone, meant.series.rule)
        return split.change_following(session, one.id, meant.day, draft, seen, by, now, without=without)
    single = form.draft(meant.zone, meant.series.occurrence(meant.day).span)
    return series.change_date(session, one.id, meant.day, single.span, single.title, seen, by, now)


def _left_out(form: ReservationForm) -> frozenset[date]:
    if "free_only" not in request.form:
        return frozenset()
    return days_left_out(request.form.get("left_out", ""), form.rule("UTC"))


def _refused(error: FieldError | Refused | StaleRevision, form: ReservationForm, meant: Meant) -> Response:
    """The panel again with what stands against it; nothing is saved."""
    own_id, zone = meant.reservation.id, meant.zone
    db.session.rollback()
    found = standing(db.session(), own_id).reservation
    extra: dict[str, Any] = {}
    if isinstance(error, FieldError):
        form.refuse(error, zone)
    elif isinstance(error, Refused) and error.code == "dates_taken":
        extra = {"dates_taken": dates_taken(db.session(), error, form, _left_out(form), is_new=False)}
    else:
        extra = refusal_note(error, form, zone)
    again = Meant(found, series_of(found.meeting) or meant.series, meant.which, meant.day)
    return _panel(error.http_status, form, again, **extra)


def _panel(
    http_status: int, form: ReservationForm, meant: Meant, facts: dict[str, Any] | None = None, **extra: Any
) -> Response:
    found = meant.reservation
    facts = facts or panel_facts(db.session(), found, utcnow())
    shown = {"which": meant.which.value, "day": meant.day}
    beside = {**panel.series_panel(db.session(), form, found, meant.zone.key), **facts, **shown, **extra}
    return work(http_status, board_of(found.room, form.day.data), **beside)


def _choices(reservation: Reservation, which: Which | None, now: datetime) -> Choices:
    day = panel.day_of(request.args.get("date", ""))
    return choices(db.session(), reservation, day, Doing.EDIT, now, is_asked=which is None)
