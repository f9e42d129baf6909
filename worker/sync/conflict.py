"""Who yields where two events overlap (H51, I7)."""

from __future__ import annotations

from datetime import datetime


def ours_yields(ours: tuple[datetime | None, str], theirs: tuple[datetime | None, str]) -> bool:
    """Whether our event is the later of the two, by the room mailbox's own createdDateTime, then by id.

    Without both times nothing is decided by itself: both stay, and a person decides.
    """
    if ours[0] is None or theirs[0] is None:
        return False
    return (ours[0], ours[1]) > (theirs[0], theirs[1])
