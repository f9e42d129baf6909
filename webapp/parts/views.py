"""All components in all states on one page."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.clock import utcnow
from webapp.parts import samples
from webapp.words import words_for

blueprint = Blueprint("parts", __name__, url_prefix="/parts")


@blueprint.get("/")
def index() -> str:
    """The page; nothing on it does anything."""
    now = utcnow()
    return render_template(
        "parts/index.html",
        form=samples.sample_form(),
        rooms=samples.room_states(now),
        column=samples.column(now),
        check=samples.check_steps(),
        results=samples.run_results(),
        chart=samples.day_of_changes(now),
        long=samples.LONG,
        arabic=samples.ARABIC,
        now=now,
        words_for=words_for,
    )
