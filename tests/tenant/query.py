"""OData options: which are allowed where, and the small part of $filter that calendars understand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote_plus

from tests.tenant import times
from tests.tenant.body import property_id
from tests.tenant.errors import GraphError, bad_request
from tests.tenant.state import Item

_SYSTEM = frozenset(
    {"$select", "$filter", "$expand", "$top", "$skip", "$orderby", "$count", "$search", "$skiptoken", "$deltatoken"}
)


@dataclass
class Options:
    """The query of a request, decoded; names of system options in lower case."""

    system: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)

    def instant(self, name: str) -> datetime | None:
        """A date-time parameter, or None where it is missing. Raises GraphError."""
        text = self.plain.get(name.lower())
        if text is None:
            return None
        try:
            return times.query_instant(text)
        except (ValueError, OverflowError) as error:
            raise GraphError(
                400, "ErrorInvalidParameter", f"The value '{text}' of parameter '{name}' is invalid."
            ) from error

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A numeric option within bounds. Raises GraphError."""
        text = self.system.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d+", text) or not low <= int(text) <= high:
            raise GraphError(
                400,
                "ErrorInvalidUrlQueryFilter" if name == "$filter" else "BadRequest",
                f"The limit of '{high}' for {name[1:].title()} query has been exceeded or is invalid: '{text}'.",
            )
        return int(text)

    def select(self) -> list[str] | None:
        """The names of $select."""
        text = self.system.get("$select")
        return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def parse(raw: str) -> Options:
    """A query string; the same option twice or an unknown `$` option is refused."""
    options = Options()
    for part in raw.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        if name.startswith("$"):
            key = name.lower()
            if key not in _SYSTEM:
                raise bad_request(f"The query parameter '{name}' is not supported.")
            if key in options.system:
                raise bad_request(
                    f"Query option '{name}' was specified more than once, but it must be specified once."
                )
            options.system[key] = value
        else:
            options.plain[name.lower()] = value
    return options


def only(options: Options, *allowed: str) -> None:
    """Refuse system options that this resource does not support."""
    for name in options.system:
        if name not in allowed:
            raise bad_request(f"The query parameter '{name}' is not supported.")


def encoded(name: str, value: str) -> str:
    """One option of a nextLink, as Graph writes them."""
    return f"{quote(name, safe='')}={quote(value, safe='')}"


# -- $filter

_CLAUSES = re.compile(r"\s+and\s+(?![^()]*\))(?=(?:[^']*'[^']*')*[^']*\Z)", re.IGNORECASE)
_PROPERTY = re.compile(
    r"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'((?:[^']|'')*)'\s+and\s+\1/value\s+eq\s+'((?:[^']|'')*)'\s*\)\Z",
    re.IGNORECASE,
)
_COMPARE = re.compile(r"([\w/]+)\s+(eq|ne|ge|gt|le|lt)\s+(?:'((?:[^']|'')*)'|([\w.:+-]+))\Z", re.IGNORECASE)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}
_FIELDS: dict[str, Callable[[Item], Any]] = {
    "icaluid": lambda item: item.uid,
    "subject": lambda item: item.subject,
    "iscancelled": lambda item: item.cancelled,
    "isorganizer": lambda item: item.is_organizer,
    "isallday": lambda item: item.all_day,
    "type": lambda item: item.kind,
    "showas": lambda item: item.show_as,
    "sensitivity": lambda item: item.sensitivity,
    "start/datetime": lambda item: item.start,
    "end/datetime": lambda item: item.end,
    "createddatetime": lambda item: item.created,
    "lastmodifieddatetime": lambda item: item.modified,
}
_MOMENTS = frozenset({"start/datetime", "end/datetime", "createddatetime", "lastmodifieddatetime"})


def invalid_filter(text: str) -> GraphError:
    """A $filter that the service does not do."""
    return GraphError(400, "ErrorInvalidUrlQueryFilter", f"The filter '{text}' is not supported.")


def _property_test(match: re.Match[str]) -> Callable[[Item], bool]:
    wanted = property_id(match.group(2).replace("''", "'"))
    value = match.group(3).replace("''", "'").casefold()
    return lambda item: item.properties.get(wanted, "\0").casefold() == value


def _compare_test(clause: str) -> Callable[[Item], bool]:
    match = _COMPARE.match(clause)
    name = match.group(1).lower() if match else ""
    if not match or name not in _FIELDS:
        raise invalid_filter(clause)
    _, operator, quoted, bare = match.groups()
    value: Any = quoted.replace("''", "'") if quoted is not None else bare
    if name in _MOMENTS:
        try:
            value = times.query_instant(value)
        except ValueError as error:
            raise invalid_filter(clause) from error
    elif bare is not None:
        if bare.lower() not in ("true", "false"):
            raise invalid_filter(clause)
        value = bare.lower() == "true"
    read, test = _FIELDS[name], _TESTS[operator.lower()]
    return lambda item: test(read(item), value)


def matcher(text: str | None) -> Callable[[Item], bool]:
    """A $filter as a test on items; clauses joined by `and`. Raises GraphError on what is not supported."""
    if text is None:
        return lambda item: True
    whole = _PROPERTY.match(text.strip())
    if whole:
        return _property_test(whole)
    tests = []
    for clause in _CLAUSES.split(text.strip()):
        found = _PROPERTY.match(clause)
        tests.append(_property_test(found) if found else _compare_test(clause))
    return lambda item: all(test(item) for test in tests)


def orderer(text: str | None) -> tuple[Callable[[Item], Any], bool] | None:
    """$orderby as a key and a direction."""
    if text is None:
        return None
    name, _, direction = text.strip().partition(" ")
    if name.lower() not in _FIELDS or direction.strip().lower() not in ("", "asc", "desc"):
        raise bad_request(f"The $orderby '{text}' is not supported.")
    return _FIELDS[name.lower()], direction.strip().lower() == "desc"
