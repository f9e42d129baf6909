"""Who may change what: the one source of what a page offers and what a service refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.domain.words import Home, MeetingKind


@dataclass(frozen=True)
class Allowed:
    """The change may be made; `mails_guests` people in Outlook are told of it."""

    mails_guests: int = 0


@dataclass(frozen=True)
class Denied:
    """The change may not be made; `code` names the reason for its words."""

    code: str


@dataclass(frozen=True)
class Facts:
    """What the decision stands on. `ends_at` is an instant; `other_attendees` are guests that are not rooms."""

    home: Home
    kind: MeetingKind
    cancelled: bool
    followed: bool
    archived: bool
    ends_at: datetime
    other_attendees: int = 0
    invited: bool = False
    """Another room organizes the meeting; this one holds an attendee's copy."""


def may_change(facts: Facts, now: datetime) -> Allowed | Denied:
    """Whether time, title and state of a reservation may be changed here, now.

    A meeting that a person organizes can only be changed by that person (docs/graph.md#attendee-copy); one that is
    not followed any more would change here and stay as it is in Outlook.
    """
    reasons = (
        (facts.cancelled, "cancelled"),
        (facts.archived, "room_archived"),
        (facts.home is Home.USER, "organized_by_person"),
        (facts.invited, "organized_by_room"),
        (not facts.followed, "not_followed"),
        (facts.kind is MeetingKind.SERIES, "series_read_only"),
        (facts.ends_at <= now, "already_ended"),
    )
    for applies, code in reasons:
        if applies:
            return Denied(code)
    return Allowed(mails_guests=facts.other_attendees)
