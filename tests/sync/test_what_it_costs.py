"""What the sync costs other people: writes in their calendars for each change, and mails; printed by `pytest -s`."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import pytest

from tests.sync.checks import assert_quiet, book_for, invite, put, reservations
from tests.sync.test_linking import save
from tests.sync.test_moves_between_rooms import move
from tests.sync.world import World
from webapp.domain.intervals import Timed
from webapp.models import Reservation

EACH = 4
"""How often each kind of change is made, one after the other."""


@pytest.fixture
def world(world: World) -> World:
    """Two rooms under sync; people's meetings may be changed and made from here."""
    world.begin_with("alder", "birch", delegation=True, create=True)
    return world


class Hours:
    """Slots that are free in both rooms, each given once."""

    def __init__(self, world: World) -> None:
        self.world, self.given = world, 0

    def next(self) -> Timed:
        self.given += 1
        return self.world.at(2 * self.given)


def fill(world: World, hours: Hours) -> None:
    """Meetings of all kinds to change: ours, a delegate's, a person's, one made here for a person,
    one in both rooms."""
    for number in range(10 * EACH):
        world.book("alder", f"Ours {number}", hours.next())
    for number in range(2 * EACH):
        put(world, "alder", f"Theirs {number}", hours.next())
        invite(world, "alder", f"Adas {number}", hours.next(), guests=["guest@else.example"])
        book_for(world, "alder", f"For Ada {number}", hours.next())
    for number in range(2 * EACH):
        span = hours.next()
        rooms = [world.address(name) for name in ("alder", "birch")]
        person = world.tenant.as_person(world.address("ada"))
        person.book(f"Both {number}", span.start, span.end, rooms=rooms)
    world.run()
    world.tenant.advance(400)
    world.run()


def titled(world: World, kind: str) -> list[Reservation]:
    """Live reservations of one kind in alder, by their titles."""
    return [row for row in reservations(world, "alder") if row.meeting.title.startswith(kind)]


def costs(world: World, changes: list[Callable[[], object]]) -> list[int]:
    """Writes that had an effect anywhere, for each change by itself."""
    each: list[int] = []
    for change in changes:
        writes = world.writes()
        change()
        world.run()
        each.append(world.writes() - writes)
    return each


def test_a_change_costs_one_write_and_a_move_of_ours_two(world: World) -> None:
    """I4: median 1, at most 2; and what was written is quiet afterwards."""
    hours = Hours(world)
    fill(world, hours)
    ours, delegates = titled(world, "Ours"), titled(world, "Theirs")
    adas, fors, both = titled(world, "Adas"), titled(world, "For Ada"), titled(world, "Both")

    def each(rows: list[Reservation], act: Callable[[int], object]) -> list[int]:
        assert len(rows) == EACH
        return costs(world, [lambda key=row.id: act(key) for row in rows])  # type: ignore[misc]

    def at(key: int) -> None:
        world.change(key, span=hours.next())

    def all_of_it(key: int) -> None:
        world.change(key, title=f"All of it {key}", span=hours.next())

    written = {
        "book": costs(world, [lambda: world.book("birch", "New", hours.next())] * EACH),
        "book for its owner": costs(world, [lambda: book_for(world, "birch", "New", hours.next())] * EACH),
        "rename": each(ours[:EACH], lambda key: world.change(key, title=f"Renamed {key}")),
        "another time": each(ours[EACH : 2 * EACH], at),
        "title and time": each(ours[2 * EACH : 3 * EACH], all_of_it),
        "cancel": each(ours[3 * EACH : 4 * EACH], world.cancel),
        "edit a delegate's": each(delegates[:EACH], all_of_it),
        "cancel a delegate's": each(delegates[EACH:], world.cancel),
        "edit a person's": each(adas[:EACH], all_of_it),
        "cancel a person's": each(adas[EACH:], world.cancel),
        "edit one made for its owner": each(fors[:EACH], all_of_it),
        "cancel one made for its owner": each(fors[EACH:], world.cancel),
        "leave one room of two": each(both[:EACH], world.cancel),
        "cancel a meeting in two rooms": each(both[EACH:], lambda key: world.act(key, "cancel_meeting")),
        "another room": each(ours[4 * EACH : 5 * EACH], lambda key: move(world, key, "birch")),
    }
    print(written)
    everything = [count for counts in written.values() for count in counts]
    assert (median(everything), max(everything)) == (1, 2)
    assert written.pop("another room") == [2] * EACH
    assert {name: set(counts) for name, counts in written.items()} == {name: {1} for name in written}
    assert_quiet(world)


def test_reading_everything_again_mails_and_writes_nothing(world: World) -> None:
    """I6: Sync All, a room that is linked anew, and a delta link that Graph has forgotten."""
    fill(world, Hours(world))
    mails, writes = len(world.tenant.mails), world.writes()

    for name in world.rooms:
        world.want(name, full=True)
    world.run()
    after_resync = (len(world.tenant.mails), world.writes())

    for linked in (False, True):
        save(world, "alder", linked=linked)
        world.tenant.advance(4000)
        world.run()
    after_reconnect = (len(world.tenant.mails), world.writes())

    world.tenant.faults.add("delta", "410", times=2)
    world.run()
    after_410 = (len(world.tenant.mails), world.writes())

    print({"resync": after_resync, "reconnect": after_reconnect, "410": after_410, "before": (mails, writes)})
    assert after_resync == after_reconnect == after_410 == (mails, writes)
    assert len(titled(world, "Ours")) == 10 * EACH
    assert_quiet(world)
