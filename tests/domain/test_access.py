"""Who may change what: the whole table, and which reason is told where several apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from webapp.domain.access import (
    Allowed,
    Denied,
    Facts,
    Modes,
    Through,
    Touch,
    may_change,
    may_change_owner,
    may_create_for_owner,
    may_read_organizer,
    may_write_organizer,
    refusal_of_modes,
    what_is_touched,
)
from webapp.domain.words import Home, MeetingKind, Reach

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)


def facts(**changes: object) -> Facts:
    """A single meeting of the room's own that has not ended."""
    values = {
        "home": Home.RESOURCE,
        "kind": MeetingKind.SINGLE,
        "cancelled": False,
        "followed": True,
        "archived": False,
        "ends_at": SOON,
    }
    return Facts(**values | changes)  # type: ignore[arg-type]


def test_what_the_room_organizes_may_be_changed_and_says_how_many_guests_hear_of_it():
    assert may_change(facts(), NOW) == Allowed(0)
    assert may_change(facts(other_attendees=4), NOW) == Allowed(mails_guests=4)


@pytest.mark.parametrize(
    ("changes", "denied"),
    [
        ({"cancelled": True}, Denied("cancelled")),
        ({"archived": True}, Denied("room_archived")),
        ({"followed": False}, Denied("not_followed")),
        ({"ends_at": NOW}, Denied("already_ended")),
        ({"ends_at": NOW - timedelta(days=1)}, Denied("already_ended")),
        ({"home": Home.USER}, Denied("organized_by_person", may_decline=True)),
        ({"invited": True}, Denied("organized_by_room", may_decline=True)),
        ({"kind": MeetingKind.SERIES}, Denied("series_read_only")),
    ],
)
def test_a_change_is_refused_with_its_reason_and_says_whether_the_room_may_decline(changes, denied):
    assert may_change(facts(**changes), NOW) == denied


def test_exactly_what_has_no_reason_against_it_may_be_changed():
    """Every combination: allowed is only the one without any reason, and the strongest reason is the one told."""
    order = ("cancelled", "room_archived", "already_ended", "not_followed", "organized_by_person", "series_read_only")
    for flags in product((False, True), repeat=6):
        cancelled, archived, ended, left, person, series = flags
        decided = may_change(
            facts(
                cancelled=cancelled,
                archived=archived,
                home=Home.USER if person else Home.RESOURCE,
                followed=not left,
                kind=MeetingKind.SERIES if series else MeetingKind.SINGLE,
                ends_at=NOW if ended else SOON,
            ),
            NOW,
        )
        wanted = next((code for code, applies in zip(order, flags, strict=True) if applies), None)
        assert (decided.code if isinstance(decided, Denied) else None) == wanted


def test_a_persons_meeting_is_changed_through_its_organizer_only_with_delegation_and_within_reach():
    for delegation, strict, create in product((False, True), repeat=3):
        modes = Modes(delegation, strict, create)
        for reach in Reach:
            decided = may_change(facts(home=Home.USER, modes=modes, reach=reach, other_attendees=2), NOW)
            if not delegation:
                assert decided == Denied("organized_by_person", may_decline=True)
            elif reach in (Reach.OUTSIDE, Reach.NO_MAILBOX, Reach.REFUSED):
                assert decided == Denied("organizer_out_of_reach", may_decline=True)
            else:
                assert decided == Allowed(2, Through.ORGANIZER)


def test_no_setting_touches_what_the_room_organizes():
    for delegation, strict, create in product((False, True), repeat=3):
        assert may_change(facts(modes=Modes(delegation, strict, create)), NOW) == Allowed(0, Through.ROOM)


MODES = [
    # delegation, strict, create: read the organizer's event, write it, create for the owner, refusal
    (False, False, False, True, False, False, None),
    (False, True, False, False, False, False, None),
    (True, False, False, True, True, False, None),
    (True, True, False, True, True, False, None),
    (True, False, True, True, True, True, None),
    (True, True, True, True, True, True, None),
    (False, False, True, True, False, False, "create_needs_delegation"),
    (False, True, True, False, False, False, "create_needs_delegation"),
]


@pytest.mark.parametrize(("d", "s", "u", "read", "write", "create", "refusal"), MODES)
def test_the_settings_allow_what_their_table_says(d, s, u, read, write, create, refusal):
    modes = Modes(delegation=d, strict=s, create_in_owner=u)

    assert refusal_of_modes(modes) == refusal
    assert (may_read_organizer(modes), may_write_organizer(modes), may_create_for_owner(modes)) == (
        read,
        write,
        create,
    )


@pytest.mark.parametrize(("d", "s", "u", "read", "write", "create", "refusal"), MODES)
def test_the_sentence_names_exactly_what_is_allowed(d, s, u, read, write, create, refusal):
    touched = what_is_touched(Modes(d, s, u))

    assert (Touch.READ_TITLES in touched, Touch.WRITE_MANAGED in touched, Touch.CREATE in touched) == (
        read,
        write,
        create,
    )
    assert (Touch.NOTHING in touched) == (not read and not write and not create)


def test_the_owner_of_a_persons_meeting_is_fixed():
    assert may_change_owner(Home.RESOURCE)
    assert not may_change_owner(Home.USER)
