"""Who may change what: the whole table, and which reason is told where several apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from webapp.domain.access import Allowed, Denied, Facts, may_change
from webapp.domain.words import Home, MeetingKind

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
    ("changes", "code"),
    [
        ({"cancelled": True}, "cancelled"),
        ({"archived": True}, "room_archived"),
        ({"home": Home.USER}, "organized_by_person"),
        ({"followed": False}, "not_followed"),
        ({"kind": MeetingKind.SERIES}, "series_read_only"),
        ({"ends_at": NOW}, "already_ended"),
        ({"ends_at": NOW - timedelta(days=1)}, "already_ended"),
    ],
)
def test_a_change_is_refused_with_its_reason(changes, code):
    assert may_change(facts(**changes), NOW) == Denied(code)


def test_exactly_what_has_no_reason_against_it_may_be_changed():
    """Every combination: allowed is only the one without any reason, and the strongest reason is the one told."""
    order = ("cancelled", "room_archived", "organized_by_person", "not_followed", "series_read_only", "already_ended")
    for flags in product((False, True), repeat=6):
        cancelled, archived, person, left, series, ended = flags
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
        assert decided == (Denied(wanted) if wanted else Allowed(0))
