"""What the facts leave open may be either way: each the other way, two unlike ones at a time, and the same story ends
the same."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pytest

from tests.sync.checks import assert_quiet, book_for, invite, persons_events, put, reservations, spans_there
from tests.sync.world import World
from tests.tenant import Switches
from webapp.domain.intervals import Timed
from webapp.domain.words import SyncState

OF_THE_CHECK = {
    "disabled_app_status",
    "conditional_access_status",
    "conditional_access_error",
    "no_secret_status",
    "malformed_tenant_status",
    "unknown_tenant_error",
    "no_permissions_status",
    "places_denied_code",
}
"""Open facts about tokens and Places, which the check of a connection meets (tests/worker/test_check_causes.py)."""

OF_THE_SYNC = [one for one in Switches.alternatives() if one[0] not in OF_THE_CHECK]
_HALF = (len(OF_THE_SYNC) + 1) // 2
IN_PAIRS = [dict(OF_THE_SYNC[number::_HALF]) for number in range(_HALF)]
"""Far apart in the list of switches are facts of different requests: one of how events are written beside one of how
they are read."""
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 4},
}


def test_every_open_fact_is_one_of_the_sync_or_of_the_check() -> None:
    assert {one.name for one in fields(Switches)} > OF_THE_CHECK
    assert {name for name, _ in OF_THE_SYNC} | OF_THE_CHECK == {one.name for one in fields(Switches)}
    assert sum(map(len, IN_PAIRS)) == len(OF_THE_SYNC), "no pair is of one fact with itself"


def play(world: World) -> list[Timed]:
    """Both homes from here and from there, answers lost at creates: made, changed on both sides, called off on both
    sides; the times that are left.
    """
    world.tenant.faults.add("create", "T+", times=2)
    ours = world.book("alder", "Ours", world.at(9))
    adas = book_for(world, "alder", "For Ada", world.at(10))
    theirs = put(world, "alder", "A delegate's", world.at(11))
    invited = invite(world, "alder", "Invited", world.at(12))
    series = invite(world, "alder", "Weekly", world.at(14), recurrence=WEEKLY)
    world.run(patience=120)
    assert {one.meeting.title for one in reservations(world, "alder")} >= {"Ours", "For Ada", "A delegate's"}
    world.tenant.advance(60)

    ada, delegate = world.tenant.as_person(world.address("ada")), world.tenant.as_delegate(world.address("alder"))
    world.change(ours, title="Ours, later", span=world.at(15))
    world.change(adas, span=world.at(16))
    delegate.change(theirs, start=world.at(17).start, end=world.at(17).end)
    ada.change(invited, start=world.at(18).start, end=world.at(18).end)
    ada.cancel_occurrence(series, date(2026, 12, 1))
    world.run(patience=120)
    agree(world, [world.at(hour) for hour in (15, 16, 17, 18)] + dates(world))
    assert {world.reservation(key).sync_state for key in (ours, adas)} == {SyncState.SYNCED}

    world.tenant.advance(3700)
    world.cancel(ours)
    world.act(adas, "cancel_meeting")
    delegate.delete(theirs)
    ada.cancel(invited)
    put(world, "alder", "Last", world.at(20))
    world.run(patience=120)
    return [world.at(20), *dates(world)]


def dates(world: World) -> list[Timed]:
    """What is left of the series."""
    days = (date(2026, 11, 24), date(2026, 12, 8), date(2026, 12, 15))
    start = world.at(14).start
    return [Timed(at, at + (world.at(14).end - start)) for at in (datetime.combine(d, start.timetz()) for d in days)]


def agree(world: World, times: list[Timed]) -> None:
    """These times block the room here, each once, and the room's calendar holds the same."""
    wanted = sorted((span.start, span.end) for span in times)
    assert world.slots_here("alder") == wanted
    assert sorted({*spans_there(world, "alder"), *wanted}) == wanted
    assert (world.holds(), world.conflicts()) == ([], [])


@pytest.mark.parametrize("others", [{}, *IN_PAIRS], ids=str)
def test_open_facts_the_other_way_change_nothing_of_the_end(world: World, others: dict[str, Any]) -> None:
    """I1, I3, I4: agreement, nothing twice, a quiet second run, for each fact that no official text settles."""
    for name, value in others.items():
        setattr(world.tenant.switches, name, value)
    world.add_room("alder")
    world.set_modes(delegation=True, create=True)
    times = play(world)
    world.want("alder", full=True)
    world.run()
    agree(world, times)
    assert [event["subject"] for event in persons_events(world)] == ["Weekly"]
    assert len(reservations(world, "alder")) == 2
    assert_quiet(world, (False,))
