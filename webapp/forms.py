"""What every form and address of the panel has in common: trimmed texts, ids, and the revision it was opened with."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from werkzeug.routing import IntegerConverter
from wtforms import HiddenField

LARGEST = 2**31 - 1
"""What a number or id can be: a column of the database holds no more."""


def trimmed(value: str | None) -> str:
    """Without surrounding white space."""
    return (value or "").strip()


def whole(text: str) -> int:
    """A number from 0 to `LARGEST`, as a page of ours writes it; raises `ValueError` for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST):
        raise ValueError("not a number that a column holds")
    return int(text)


def is_whole(text: str | None) -> bool:
    """Whether `whole` takes it."""
    try:
        whole(text or "")
    except ValueError:
        return False
    return True


class RowId(IntegerConverter):
    """An id in a path; one that no row can have is an address that does not exist."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max": LARGEST, **kwargs})


class RevisedForm(FlaskForm):  # type: ignore[misc]
    """A form of something with a revision, so that one that was opened before somebody else saved is told."""

    revision = HiddenField(default="0")

    @property
    def seen_revision(self) -> int:
        """The revision it was opened with; 0, which nothing has, for what no page of ours wrote."""
        return whole(self.revision.data) if is_whole(self.revision.data) else 0
