"""The connection form. What is wrong is said at its field; the secret value is never given back."""

from __future__ import annotations

import re
import unicodedata

from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import BooleanField, DateField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from webapp.clock import utcnow
from webapp.connections.expiry import earliest_today
from webapp.domain.identifiers import DOMAIN, GUID
from webapp.forms import RevisedForm

NAME_HAS_SPACE = "The name has a space. Use letters, digits, dot, dash or underscore, for example larkfield-hq."
NAME_MISSING = "The connection needs a name, for example larkfield-hq."
NAME_LONG = "The name has more than 64 characters. Choose a shorter one."
CLIENT_ID = "This is not a GUID. Copy the Application (client) ID from the app’s Overview page; it has 36 characters."
TENANT_ID = (
    "This is neither a GUID nor a domain. Copy the Directory (tenant) ID from the app’s Overview page, "
    "or write a verified domain such as larkfield.onmicrosoft.com."
)
SECRET_ID = "This is not a GUID. Copy the Secret ID column from Certificates & secrets, or leave it empty."  # noqa: S105
SECRET_IS_ID = Markup(
    "This looks like the Secret ID. Paste the <b>Value</b> column from Entra instead. What you pasted was not kept."
)
SECRET_MISSING = "The Secret Value is needed. Paste the Value column from Entra."  # noqa: S105
SECRET_LONG = "This is too long for a Secret Value. What you pasted was not kept."  # noqa: S105
DATE_WRONG = "This is not a date. Write it as year, month, day, for example 2028-11-20, or leave it empty."
DATE_PAST = "The date is in the past. Enter the day the new secret expires, or leave it empty."


def trimmed(value: str | None) -> str:
    """Without what a paste brings along at the ends: any white space, and characters that show nothing."""
    letters = value or ""
    start, end = 0, len(letters)
    while start < end and _is_blank(letters[start]):
        start += 1
    while end > start and _is_blank(letters[end - 1]):
        end -= 1
    return letters[start:end]


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in ("Cf", "Cc", "Zs", "Zl", "Zp")


def _lowered(value: str | None) -> str:
    return trimmed(value).lower()


def no_blank(_form: FlaskForm, field: StringField) -> None:
    """Refuse every kind of white space, also what cannot be seen."""
    if any(_is_blank(letter) for letter in field.data or ""):
        raise StopValidation(NAME_HAS_SPACE)


def matches(pattern: re.Pattern[str], message: str, *others: re.Pattern[str]):  # type: ignore[no-untyped-def]
    """The whole value matches one of the patterns."""

    def validate(_form: FlaskForm, field: StringField) -> None:
        if not any(one.fullmatch(field.data or "") for one in (pattern, *others)):
            raise StopValidation(message)

    return validate


class ConnectionForm(RevisedForm):
    """A connection being made or changed; `has_secret`: one is stored, so the value may be left empty."""

    name = StringField("Name", [no_blank, InputRequired(NAME_MISSING), Length(max=64, message=NAME_LONG)])
    client_id = StringField("Application/Client ID", [matches(GUID, CLIENT_ID)], filters=[_lowered])
    tenant_id = StringField("Tenant ID", [matches(GUID, TENANT_ID, DOMAIN)], filters=[_lowered])
    secret_id = StringField("Secret ID", [Optional(), matches(GUID, SECRET_ID)], filters=[_lowered])
    secret_value = PasswordField("Secret Value", filters=[trimmed])
    expires_on = DateField("Secret Expiration", [Optional()])
    agreed = BooleanField("Link these rooms to the other tenant")

    def __init__(self, *args, has_secret: bool = False, **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **kwargs)
        self.has_secret = has_secret

    def validate_secret_value(self, field: PasswordField) -> None:
        """The value, not the id; needed unless one is stored."""
        if not field.data:
            if not self.has_secret:
                raise ValidationError(SECRET_MISSING)
        elif GUID.fullmatch(field.data):
            raise ValidationError(SECRET_IS_ID)
        elif len(field.data) > 512:
            raise ValidationError(SECRET_LONG)

    def validate_expires_on(self, field: DateField) -> None:
        """A new secret cannot have expired already; a stored one may."""
        if field.errors:
            field.errors[:] = [DATE_WRONG]
        elif field.data and self.secret_value.data and field.data < earliest_today(utcnow()):
            raise ValidationError(DATE_PAST)
