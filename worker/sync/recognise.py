"""Marks by which this installation knows its own events again (docs/graph.md#transaction-id)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OURS = re.compile(r"([0-9a-z]{8})\.([0-9a-f]{24})\.(\d{1,9})\.(\d{1,6})")


@dataclass(frozen=True)
class Mark:
    """What a transactionId or tag of ours says. Under 64 characters when written."""

    install: str
    public_id: str
    room_id: int
    incarnation: int

    def __str__(self) -> str:
        return f"{self.install}.{self.public_id}.{self.room_id}.{self.incarnation}"


def parse_mark(text: str | None) -> Mark | None:
    """The mark in a transactionId, or None: Outlook's own clients set that field as well, so a value alone
    proves nothing (docs/graph.md#transaction-id-of-outlook)."""
    found = _OURS.fullmatch(text or "")
    if found is None:
        return None
    install, public_id, room_id, incarnation = found.groups()
    return Mark(install, public_id, int(room_id), int(incarnation))


def our_mark(install: str, transaction_id: str | None, tag: str | None) -> Mark | None:
    """The mark that this installation put on an event; another installation's is foreign (I9)."""
    for text in (transaction_id, tag):
        mark = parse_mark(text)
        if mark is not None and mark.install == install:
            return mark
    return None
