"""The root of every error this product raises on purpose.

Errors carry fields, never sentences: the words a person reads are in templates and in
`webapp/words.py`, chosen by `code` and filled in from `fields`.
"""

from __future__ import annotations

from typing import Any


class AppError(Exception):
    """Something a person or a caller can act on.

    `code` names the case (stable, lower case with underscores); `fields` are plain values for its words;
    `http_status` is what a page answers when nobody catches it.
    """

    code = "error"
    http_status = 400

    def __init__(self, code: str | None = None, /, **fields: Any) -> None:
        self.code = code or type(self).code
        self.fields = fields
        super().__init__(self.code)

    def __str__(self) -> str:
        return f"{self.code} {self.fields}" if self.fields else self.code


class FieldError(AppError):
    """One field of a form cannot be accepted; `field` is its name in the form."""

    http_status = 422

    def __init__(self, field: str, code: str, /, **fields: Any) -> None:
        self.field = field
        super().__init__(code, **fields)


class NotFound(AppError):
    """The thing asked for does not exist."""

    code = "not_found"
    http_status = 404


class StaleRevision(AppError):
    """Somebody else saved the same thing since the form was opened; `fields` hold both versions."""

    code = "stale_revision"
    http_status = 409


class Refused(AppError):
    """The rules do not allow this now; `code` names the reason."""

    code = "refused"
    http_status = 409
