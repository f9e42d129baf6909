"""The first page after signing in."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.clock import utcnow
from webapp.extensions import db
from webapp.overview.summary import summary
from webapp.words import words_for

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
def index() -> str:
    """How things stand."""
    return render_template("overview/index.html", sum=summary(db.session(), utcnow()), words_for=words_for)
