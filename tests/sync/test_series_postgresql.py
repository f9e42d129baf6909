"""Series on the database that checks the length of every text and orders no row by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from tests.sync.checks import assert_quiet
from tests.sync.series_world import (
    HOMES,
    Here,
    Organizer,
    assert_followed,
    dates_here,
    dates_there,
    only_series,
    rule_trouble,
    week,
)
from tests.sync.series_world import weekly as weekly_rule
from tests.sync.test_series_rules import BERLIN_THERE, NINE, TEN, TUESDAY, daily, weekly
from tests.sync.world import World
from webapp.config import sqlalchemy_url
from webapp.models import Base


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    engine = create_engine(sqlalchemy_url(postgres_url))
    Base.metadata.create_all(engine)
    made = World(engine=engine)
    made.tenant.add_person(made.address("ada"), "Ada")
    made.add_room("alder")
    made.run()
    yield made
    engine.dispose()


@pytest.mark.parametrize("home", HOMES)
def test_a_series_with_all_that_can_differ_is_kept_and_followed_h04_h22(world: World, home: str) -> None:
    organizer = Organizer(world, home)
    event = organizer.book("Weekly", NINE, TEN, zone=BERLIN_THERE, recurrence=weekly())
    world.run()
    organizer.hand.cancel_occurrence(event, TUESDAY + timedelta(weeks=2))
    start = datetime(2026, 12, 2, 14, tzinfo=UTC)
    day = TUESDAY + timedelta(weeks=1)
    organizer.hand.change_occurrence(event, day, start=start, end=start + timedelta(hours=1), subject="Ä" * 255)
    world.run()
    series = only_series(world)
    assert ([one.original for one in series.exceptions], series.cancelled) == ([day], {TUESDAY + timedelta(weeks=2)})
    assert_followed(world)
    assert_quiet(world)
    organizer.hand.cancel(event)
    world.run()
    assert dates_here(world) == []


def test_a_zone_name_without_end_is_told_as_far_as_there_is_room_h30(world: World) -> None:
    recurrence = weekly()
    recurrence["range"]["recurrenceTimeZone"] = name = "tzone://Microsoft/Custom/" + "x" * 200
    Organizer(world, HOMES[1]).book("Odd", NINE, TEN, zone=BERLIN_THERE, recurrence=recurrence, shown_zone=name)
    world.run()
    assert rule_trouble(world) == [("rule_zone_unknown", {"detail": name[:80]})]
    assert len(dates_here(world)) == 6
    assert_quiet(world)


def test_dates_of_an_endless_series_come_and_stay_as_the_window_rolls_h26(world: World) -> None:
    start = datetime(2026, 11, 20, 6, tzinfo=UTC)
    daily_there = daily(start.date())
    Organizer(world, HOMES[1]).book("Daily", start, start + timedelta(hours=1), recurrence=daily_there)
    world.run()
    before = len(dates_here(world))
    world.tenant.advance(30 * 86400)
    world.want("alder", full=True)
    world.run()
    assert len(dates_here(world)) == before + 30


@pytest.mark.parametrize("owner", ["", "ada"])
def test_a_series_made_here_is_sent_changed_and_split_h23(world: World, owner: str) -> None:
    world.set_modes(delegation=True, create=True)
    here = Here(world, owner=world.address(owner) if owner else "")
    here.book(weekly_rule(), without=frozenset({week(4)}))
    world.run()
    here.move(week(1), datetime(2026, 12, 2, 14, tzinfo=UTC), title="Ä" * 255)
    here.follow(week(3), weekly_rule(3, first=week(3)), "Later")
    world.run()
    assert [one[0] for one in dates_here(world)] == [week(n).isoformat() for n in (0, 1, 2, 3, 5)]
    assert dates_here(world) == dates_there(world)
    assert_quiet(world)
