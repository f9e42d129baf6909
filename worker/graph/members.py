"""JSON objects of Graph, read leniently by name and strictly by type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.sync.errors import Unreadable


class Members:
    """A JSON object read by member name in any letter case (docs/graph.md#member-names), with checked types."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = {str(name).lower(): value for name, value in raw.items()}

    def has(self, name: str) -> bool:
        """Whether the member is there, even as null."""
        return name.lower() in self._raw

    def raw(self, name: str) -> Any:
        """Whatever is there; None when absent."""
        return self._raw.get(name.lower())

    def text(self, name: str) -> str:
        """A string; empty when absent or null."""
        value = self._raw.get(name.lower())
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Unreadable(name)
        return value

    def flag(self, name: str) -> bool:
        """A boolean; False when absent or null."""
        value = self._raw.get(name.lower())
        if value is not None and not isinstance(value, bool):
            raise Unreadable(name)
        return bool(value)

    def part(self, name: str) -> Members:
        """A nested object; empty when absent or null."""
        value = self._raw.get(name.lower())
        if value is not None and not isinstance(value, dict):
            raise Unreadable(name)
        return Members(value or {})

    def parts(self, name: str) -> list[Members]:
        """A list of objects; empty when absent or null."""
        value = self._raw.get(name.lower())
        if value is not None and not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            raise Unreadable(name)
        return [Members(v) for v in value or []]
