"""A person's mailbox is worked in by one room's run at a time, and whoever wakes up late finds it taken (H45)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from tests.sync.world import World
from webapp.models import Mailbox
from worker.store import persons


@pytest.fixture
def hers(world: World) -> Iterator[int]:
    """Ada's mailbox."""
    with world.transactions.writing() as session:
        row = persons.mailbox_of(session, 1, world.address("ada"))
        session.flush()
        mailbox_id = row.id
    yield mailbox_id


def keep(world: World, lane: persons.PersonLane) -> None:
    with world.transactions.writing() as session:
        persons.keep(session, lane)


def test_a_second_run_waits_until_the_first_gives_her_mailbox_back(world: World, hers: int) -> None:
    first = persons.claim(world.transactions, hers, "first")
    keep(world, first)
    with pytest.raises(persons.PersonBusy):
        persons.claim(world.transactions, hers, "second")

    persons.give_back(world.transactions, first)
    keep(world, persons.claim(world.transactions, hers, "second"))


def test_a_run_that_wakes_up_late_neither_keeps_her_mailbox_nor_gives_it_away(world: World, hers: int) -> None:
    late = persons.claim(world.transactions, hers, "late")
    with world.transactions.writing() as session:
        session.execute(update(Mailbox).values(claim_expires_at=datetime(2000, 1, 1, tzinfo=UTC)))
    present = persons.claim(world.transactions, hers, "present")

    with pytest.raises(persons.PersonBusy):
        keep(world, late)
    persons.give_back(world.transactions, late)
    keep(world, present)
