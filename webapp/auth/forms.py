"""The sign-in form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Both fields are checked together: which one was wrong is not said."""

    email = StringField("Email")
    password = PasswordField("Password")
