"""Shapes of JSON answers: which members there are, of which kind; and in what two shapes differ.

A shape is flat: path to the kinds that were seen there, `value[exception].start.dateTime` -> {"wall"}. Lists of
events are told apart by the events' `type`, other lists are taken together.
"""

from __future__ import annotations

import re
from typing import Any

Shape = dict[str, frozenset[str]]
# Members whose values are part of the shape: enumerations, and the codes of errors.
_NAMED = frozenset(
    [
        "type", "showAs", "importance", "sensitivity", "response", "contentType", "locationType", "uniqueIdType",
        "firstDayOfWeek", "index", "bookingType", "@odata.type", "reason", "code", "error", "error_codes",
    ]
)  # fmt: skip
_FORMS = (
    ("etag", re.compile(r'W/"[A-Za-z0-9+/]+=*"\Z')),
    ("never", re.compile(r"0001-01-01T00:00:00Z\Z")),
    ("instant", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z\Z")),
    ("wall", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\Z")),
    ("second", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\Z")),
    ("day", re.compile(r"\d{4}-\d\d-\d\d\Z")),
    ("guid", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)),
    ("uid", re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]+\Z")),
    ("url", re.compile(r"https://\S+\Z")),
)


def shape(body: Any) -> Shape:
    """The shape of an answer's body."""
    found: dict[str, set[str]] = {}
    _walk(body, "", "", found)
    return {path: frozenset(kinds) for path, kinds in found.items()}


def _walk(value: Any, path: str, name: str, found: dict[str, set[str]]) -> None:
    if isinstance(value, dict):
        for member, inner in value.items():
            _walk(inner, f"{path}.{member}" if path else member, member, found)
        if not value:
            found.setdefault(path, set()).add("{}")
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, f"{path}[{_sort(inner)}]", name, found)
        if not value:
            found.setdefault(path, set()).add("[]")
    else:
        found.setdefault(path, set()).add(_kind(value, name))


def _sort(value: Any) -> str:
    """What a list's element is: an event's type, an attendee's."""
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


def _kind(value: Any, name: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if name in _NAMED:
        return f"={value}"
    if isinstance(value, int | float):
        return "number"
    return next((form for form, pattern in _FORMS if pattern.match(value)), "text" if value else "empty")


def spec(wanted: Any) -> Shape:
    """A shape written by hand: nested members, kinds as words ("null text" for either), lists by their sorts."""
    found: Shape = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict) and value:
            for member, inner in value.items():
                step = member if member.startswith("[") else f".{member}"
                walk(inner, f"{path}{step}" if path else member)
        else:
            found[path] = frozenset(["{}"] if value == {} else value.split())

    walk(wanted, "")
    return found


def differences(wanted: Shape, seen: Shape) -> set[str]:
    """How a shape differs from the wanted one, a line each."""
    lines = {f"missing {path}" for path in wanted.keys() - seen.keys()}
    lines |= {f"added {path}" for path in seen.keys() - wanted.keys()}
    for path in wanted.keys() & seen.keys():
        strange = seen[path] - wanted[path]
        if strange:
            lines.add(f"{path}: {_said(seen[path])} instead of {_said(wanted[path])}")
    return lines


def _said(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds))
