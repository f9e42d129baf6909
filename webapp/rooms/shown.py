"""Values of rooms as a page says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from markupsafe import Markup

from webapp.errors import FieldError
from webapp.rooms.linking import Link
from webapp.rooms.words import FIELD_WORDS

LABELS = {
    "name": "Name",
    "time_zone": "Time zone",
    "building": "Building",
    "floor": "Floor",
    "capacity": "Capacity",
    "link": "External Calendar",
}


def field_words(error: FieldError) -> Markup:
    """The sentence of a refused field, with a link to the room that it names."""
    other = error.fields.get("room_id")
    url = url_for("rooms.show", room_id=other) if other else ""
    return Markup(FIELD_WORDS[error.code]).format(url=url, **error.fields)


def shown_differences(
    differing: Iterable[tuple[str, Any, Any]], connection_names: Mapping[int, str]
) -> list[tuple[str, str, str]]:
    """(label, theirs, yours) of what two versions of a room differ in."""
    return [
        (LABELS[field], _shown(theirs, connection_names), _shown(yours, connection_names))
        for field, theirs, yours in differing
    ]


def _shown(value: Any, connection_names: Mapping[int, str]) -> str:
    if isinstance(value, Link):
        name = connection_names.get(value.connection_id, "–")
        return f"{value.address} ({name}, sync {'active' if value.active else 'not active'})"
    return "empty" if value is None or value == "" else str(value)
