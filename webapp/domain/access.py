"""Who may change what, and what of people's mailboxes is read and written: the one source of what a page offers,
what a service refuses and what a worker still carries out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from webapp.domain.words import Home, MeetingKind, Reach


@dataclass(frozen=True)
class Modes:
    """The three settings that decide about people's mailboxes."""

    delegation: bool = False
    """Enable User Calendar Delegation."""
    strict: bool = False
    """User Calendar Strict Mode."""
    create_in_owner: bool = False
    """Create User Calendar Reservations."""


OUT_OF_REACH = (Reach.OUTSIDE, Reach.NO_MAILBOX, Reach.REFUSED)
"""What was learned of a mailbox that the app may not, or cannot, read."""


def may_read_organizer(modes: Modes) -> bool:
    """Whether an organizer's own event may be read for title and details."""
    return modes.delegation or not modes.strict


def may_write_organizer(modes: Modes) -> bool:
    """Whether a meeting may be changed or cancelled in its organizer's own calendar."""
    return modes.delegation


def may_create_for_owner(modes: Modes) -> bool:
    """Whether a new reservation may be created in its owner's calendar."""
    return modes.delegation and modes.create_in_owner


def refusal_of_modes(modes: Modes) -> str | None:
    """Why these settings cannot be saved, or None."""
    return "create_needs_delegation" if modes.create_in_owner and not modes.delegation else None


class Touch(StrEnum):
    """What the settings let the sync do in people's mailboxes; each is a sentence of its own on screen."""

    NOTHING = "nothing"
    READ_TITLES = "read_titles"
    WRITE_MANAGED = "write_managed"
    CREATE = "create"


def what_is_touched(modes: Modes) -> tuple[Touch, ...]:
    """What is read and written in people's mailboxes under these settings."""
    touched = [
        touch
        for touch, applies in (
            (Touch.READ_TITLES, may_read_organizer(modes)),
            (Touch.WRITE_MANAGED, may_write_organizer(modes)),
            (Touch.CREATE, may_create_for_owner(modes)),
        )
        if applies
    ]
    return tuple(touched) or (Touch.NOTHING,)


class Through(StrEnum):
    """Whose calendar carries a change out."""

    ROOM = "room"
    ORGANIZER = "organizer"


@dataclass(frozen=True)
class Allowed:
    """The change may be made; `mails_guests` people in Outlook are told of it, `through` names whose calendar."""

    mails_guests: int = 0
    through: Through = Through.ROOM


@dataclass(frozen=True)
class Denied:
    """The change may not be made; `code` names the reason for its words.

    `may_decline`: the room may still be taken out of the meeting; its organizer is told.
    """

    code: str
    may_decline: bool = False


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
    modes: Modes = Modes()
    reach: Reach = Reach.UNKNOWN
    """Of the organizer's mailbox, for a meeting that a person organizes."""
    kept: bool = False
    """It came from Outlook, its event is gone there, and a person kept it here."""


def may_change(facts: Facts, now: datetime) -> Allowed | Denied:
    """Whether time, title and state of a reservation may be changed here, now.

    A meeting that a person organizes is changed in that person's calendar or not at all
    (docs/graph.md#attendee-copy); one that is not followed any more would change here and stay as it is in Outlook.
    """
    by_person = facts.home is Home.USER
    over = (
        (facts.cancelled, "cancelled"),
        (facts.archived, "room_archived"),
        (facts.ends_at <= now, "already_ended"),
        (facts.kept, "kept_here"),
        (not facts.followed, "not_followed"),
    )
    not_ours = (
        (by_person and not may_write_organizer(facts.modes), "organized_by_person"),
        (by_person and facts.reach in OUT_OF_REACH, "organizer_out_of_reach"),
        (facts.invited and not by_person, "organized_by_room"),
        (facts.kind is MeetingKind.SERIES, "series_read_only"),
    )
    for applies, code in over:
        if applies:
            return Denied(code)
    for applies, code in not_ours:
        if applies:
            return Denied(code, may_decline=by_person or facts.invited)
    return Allowed(facts.other_attendees, Through.ORGANIZER if by_person else Through.ROOM)


def may_change_series(facts: Facts, now: datetime) -> Allowed | Denied:
    """Whether a series may be changed here, now: as a whole, or dates of it. As for any other meeting."""
    return may_change(replace(facts, kind=MeetingKind.SINGLE), now)


def may_change_owner(home: Home) -> bool:
    """Whether the owner may be changed here: of a meeting that a person organizes he is fixed."""
    return home is Home.RESOURCE
