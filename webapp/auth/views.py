"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.auth import service, session
from webapp.auth.forms import SignInForm
from webapp.clock import utcnow
from webapp.database import begin_writing
from webapp.extensions import db
from webapp.security import safe_next

blueprint = Blueprint("auth", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | tuple[str, int] | str:
    """Show the form, or begin a session."""
    next_path = safe_next(request.args.get("next"))
    onward = next_path or url_for("overview.index")
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(onward, 303)
    form = SignInForm()
    page = {"form": form, "next_path": next_path}
    if not form.validate_on_submit():
        return render_template("auth/sign_in.html", no_users=not service.has_users(db.session()), **page)
    user = service.authenticate(db.session(), form.email.data or "", form.password.data or "")
    if user is None:
        return render_template("auth/sign_in.html", refused=True, **page), 422
    begin_writing(db.session())
    user.last_login_at = utcnow()
    session.begin(user)
    db.session.commit()
    return redirect(onward, 303)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    session.end()
    return redirect(url_for("auth.sign_in"), 303)
