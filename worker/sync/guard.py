"""The brakes: what sync decides from what it read, and is too much at once, waits for a person."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

ROOM_FLOOR, ROOM_SHARE = 5, 0.20
TENANT_FLOOR, TENANT_SHARE = 25, 0.02
QUARANTINE_SHARE = 0.10
JITTER = 0.5


@dataclass(frozen=True)
class Tally:
    """Counts over the last 60 minutes and what there is to lose; a series counts as one."""

    room_recent: int
    room_future: int
    tenant_recent: int
    tenant_future: int


def room_limit(future: int) -> float:
    """More than this many in an hour stop a room."""
    return max(ROOM_FLOOR, ROOM_SHARE * future)


def tenant_limit(future: int) -> float:
    """More than this many in an hour stop a tenant."""
    return max(TENANT_FLOOR, TENANT_SHARE * future)


def too_much(wanted: int, tally: Tally) -> bool:
    """Whether `wanted` more cancels or retimes now would be too much at once (H70)."""
    if not wanted:
        return False
    return wanted + tally.room_recent > room_limit(tally.room_future) or wanted + tally.tenant_recent > tenant_limit(
        tally.tenant_future
    )


def listing_is_suspect(seen: int, known: int) -> bool:
    """Whether a full listing is empty although events are known: never believed by itself (H70)."""
    return seen == 0 and known > 0


def too_many_unusable(unusable: int, total: int) -> bool:
    """Whether so many items cannot be read that the fault is more likely ours: the room stops."""
    return unusable > 1 and unusable > QUARANTINE_SHARE * total


def share_of(mailbox_id: int) -> float:
    """A number from 0 to 1 that is always the same for one mailbox: what many do, each does at its own moment."""
    return zlib.crc32(str(mailbox_id).encode()) / 2**32


def spread(seconds: float, mailbox_id: int) -> float:
    """A wait, or up to half as long again: told to wait the same, mailboxes do not come back in step (H67)."""
    return seconds * (1 + JITTER * share_of(mailbox_id))
