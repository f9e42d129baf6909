"""A person saves here at every moment of a run that brings a change from there: both end up on both sides (I2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.sync import beginnings
from tests.sync.checks import assert_quiet, assert_same, ours_there
from tests.sync.oracle import live_there
from tests.sync.world import World
from webapp.database import Transactions


class Watched(Transactions):
    """Transactions that tell of each one before it begins: others may write between what was read and it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.told: Callable[[], None] | None = None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """As the real one."""
        if self.told is not None:
            self.told()
        with super().writing() as session:
            yield session


def fill(world: World) -> int:
    """One of ours, known on both sides."""
    world.add_room("alder")
    made = world.book("alder", "Standup", world.at(10))
    world.run()
    world.tenant.advance(400)
    return made


def play(moment: int) -> bool:
    """A delegate moves our event; somebody here renames it just before then. Whether the run came so far."""
    world = World(wrap_transactions=Watched)
    try:
        made = beginnings.begin(world, "a reservation of ours", fill)
        [event] = ours_there(world, "alder")
        booked = world.tenant.booked(world.address("alder"), event["immutable_id"])
        later = world.at(16)
        world.tenant.as_delegate(world.address("alder")).change(booked, start=later.start, end=later.end)
        world.want("alder")
        passed = 0
        watched = world.transactions
        assert isinstance(watched, Watched)

        def rename() -> None:
            nonlocal passed
            passed += 1
            if passed == moment:
                watched.told = None
                world.change(made, title="Retro")

        watched.told = rename
        world.worker.run(world.mailbox_id("alder"))
        came, watched.told = passed >= moment, None
        if came:
            world.run()
            assert [(e["subject"], e["start"]) for e in live_there(world, "alder")] == [("Retro", later.start)], (
                moment
            )
            assert world.titles_here("alder") == ["Retro"], moment
            assert_same(world, "alder")
            assert_quiet(world)
        return came
    finally:
        world.close()


def test_a_save_at_any_moment_of_a_pull_is_not_lost() -> None:
    """I2, section 7: what was planned from an older revision is not carried out, but planned again."""
    moments = 0
    while play(moments + 1):
        moments += 1
    assert moments > 4
