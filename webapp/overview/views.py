"""The first page after signing in."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.clock import utcnow
from webapp.extensions import db
from webapp.overview import health
from webapp.overview.chart import bars
from webapp.overview.summary import summary
from webapp.reservations.rows import title_of
from webapp.reservations.story import step_words
from webapp.words import words_for

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
def index() -> str:
    """How things stand."""
    session, now = db.session(), utcnow()
    return render_template(
        "overview/index.html",
        sum=summary(session, now),
        speed=health.speed(session, now),
        chart=bars(health.last_hours(session, now)),
        latest=health.latest(session),
        words_for=words_for,
        step_words=step_words,
        title_of=lambda one: title_of(one.meeting),
    )
