"""What a write that succeeded leaves for people: Microsoft's id of the request, and how long it had been wanted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.sync.checks import book_for, invite, reservations
from tests.sync.series_world import Here, week, weekly
from tests.sync.test_mailbox_left import GREEN, move, room_mailbox
from tests.sync.test_series_out_people import invited
from tests.sync.world import World
from webapp.models import RunStep


def ids_told(world: World) -> list[str]:
    """The request ids in the steps that took effect in Microsoft 365."""
    with world.transactions.reading() as session:
        return list(session.scalars(select(RunStep.request_id).where(RunStep.side == "there").order_by(RunStep.id)))


def ids_sent(world: World) -> list[str]:
    """The ids that the tenant gave to requests of ours that had an effect."""
    return [one.request_id for one in world.tenant.requests if one.had_effect]


def in_the_room(world: World) -> None:
    changed_and_cancelled(world, world.book("alder", "Plan", world.at(10)))


def in_the_owners_calendar(world: World) -> None:
    world.set_modes(delegation=True, create=True)
    changed_and_cancelled(world, book_for(world, "alder", "Plan", world.at(10)))


def changed_and_cancelled(world: World, key: int) -> None:
    """A reservation that was just made goes out, is changed, and is cancelled."""
    world.run()
    world.change(key, title="Plans", span=world.at(12))
    world.run()
    world.cancel(key)
    world.run()


def declined_for_the_room(world: World) -> None:
    invite(world, "alder", "Budget", world.at(10))
    world.run()
    world.act(reservations(world, "alder")[0].id, "decline")
    world.run()


def in_a_series(world: World) -> None:
    here = Here(world)
    here.book(weekly())
    world.run()
    here.change(weekly(), title="Daily")
    world.run()
    here.move(week(1), datetime(2026, 12, 3, 14, tzinfo=UTC))
    world.run()
    here.cancel(week(2))
    world.run()


def in_a_series_of_its_owner(world: World) -> None:
    world.set_modes(delegation=True, create=True)
    here = Here(world, owner=world.address("ada"))
    here.book(weekly())
    world.run()
    here.rename(week(1), "Kick-off")
    here.cancel(week(2))
    world.run()


def one_date_declined(world: World) -> None:
    invited(world).decline(week(2))
    world.run()


def in_a_mailbox_that_was_left(world: World) -> None:
    room_mailbox(world, GREEN)
    world.book("alder", "Plan", world.at(48))
    world.run()
    move(world, GREEN, remove=True)
    world.run()


EVERY = (
    in_the_room,
    in_the_owners_calendar,
    declined_for_the_room,
    in_a_series,
    in_a_series_of_its_owner,
    one_date_declined,
    in_a_mailbox_that_was_left,
)


@pytest.mark.parametrize("happens", EVERY, ids=lambda happens: happens.__name__)
def test_every_write_is_told_with_the_id_by_which_microsoft_knows_it(
    world: World, happens: Callable[[World], None]
) -> None:
    world.begin_with("alder")
    happens(world)
    assert ids_told(world) == ids_sent(world)
    assert all(ids_told(world))


@pytest.mark.parametrize("happens", EVERY[:-1], ids=lambda happens: happens.__name__)
def test_every_write_that_somebody_asked_for_here_is_told_with_the_seconds_it_waited(
    world: World, happens: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a removed room left behind is asked for by nobody's change."""
    world.begin_with("alder")
    run = world.run
    monkeypatch.setattr(world, "run", lambda: (world.tenant.advance(7), run()))
    happens(world)
    with world.transactions.reading() as session:
        fields = session.scalars(select(RunStep.fields).where(RunStep.side == "there")).all()
    assert fields
    assert all(7 <= one["waited"] < 60 for one in fields), fields
