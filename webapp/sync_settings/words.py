"""Words of the External Calendar Sync page."""

from __future__ import annotations

from markupsafe import Markup, escape

from webapp.domain.access import Modes, Touch, may_write_organizer, what_is_touched
from webapp.domain.words import Reach
from webapp.sync_settings.service import Wanted
from webapp.words import Words

FIELD_WORDS = {
    "create_needs_delegation": (
        "Create User Calendar Reservations needs Enable User Calendar Delegation. Tick both, or leave both."
    ),
    "delegation_needed": (
        "Create User Calendar Reservations is on and needs this. Untick both, or leave both ticked."
    ),
}
"""Sentences beside a field."""

TOUCHED = {
    Touch.NOTHING: "Nobody’s personal calendar is read or written.",
    Touch.READ_TITLES: (
        "Of meetings in linked rooms, the event in the organizer’s own calendar is read for its title and details."
    ),
    Touch.WRITE_MANAGED: "These meetings can be changed and cancelled there too.",
    Touch.CREATE: "A new reservation can be made in its owner’s calendar.",
}

REACH_WORDS = {
    Reach.OUTSIDE: "outside the tenant",
    Reach.NO_MAILBOX: "without a mailbox",
    Reach.REFUSED: "refused by Microsoft",
}
"""Why an organizer's mailbox is out of reach."""


def people_said(modes: Modes) -> str:
    """One statement of what these settings read and write in people's calendars."""
    touched = what_is_touched(modes)
    said = [TOUCHED[touch] for touch in touched]
    if Touch.NOTHING not in touched and not may_write_organizer(modes):
        said.append("Nobody’s personal calendar is written.")
    return " ".join(said)


def differences(theirs: Wanted, yours: Wanted, labels: dict[str, str]) -> Markup:
    """Both versions of each setting in which two people differ."""
    one, other = ({"enabled": each.enabled, **vars(each.modes)} for each in (theirs, yours))
    word = {True: "on", False: "off"}
    return Markup(" ").join(
        escape(f"{label} is now {word[one[name]]}; you wanted it {word[other[name]]}.")
        for name, label in labels.items()
        if one[name] != other[name]
    )


WORDS: dict[str, Words] = {
    "settings_stale": Words(
        "Not saved: someone else changed these settings",
        "{differences}",
        ("Press SAVE CHANGES again to keep yours.",),
    ),
    "sync_all_while_off": Words(
        "External Calendar Sync is off", "Sync All Calendars can start once it is on.", ("Switch it on first.",)
    ),
    "sync_all_no_rooms": Words(
        "No room is linked yet", "There is no calendar to read.", ("Link a room in Manage Rooms first.",)
    ),
    "sync_all_running": Words(
        "Sync All Calendars is running",
        "It was started by <bdi>{started_by}</bdi> and has not reached every room yet.",
    ),
    "sync_all_too_early": Words(
        "Sync All Calendars rests for 10 minutes after each start", "It can be started again in {minutes_left} min."
    ),
}
