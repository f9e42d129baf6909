"""A daily endless series in each of many rooms while the window rolls on: rows and memory stay bounded.

script/bench endless                    50 rooms and 60 days; writes docs/endless.md, fails where something grows
script/bench endless --rooms 5          a quick look, nothing is written
"""

from __future__ import annotations

import argparse
import resource
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from script.lib.environment import ROOT
from tests.sync.checks import invite
from tests.sync.world import World
from webapp.domain.booking import WINDOW_AHEAD, WINDOW_BACK
from webapp.domain.intervals import Timed
from webapp.models import Link, Occurrence, StagedRow

PAGE = ROOT / "docs" / "endless.md"
ROOMS, DAYS, STEP = 50, 60, 10
GROWS_AT_MOST = 1.2
"""What the process may need of memory in the end, by what it needed after the first round."""


@dataclass(frozen=True)
class Reading:
    """What the database held after a round of full runs, and what the process had needed of memory, in MB."""

    day: int
    dates: int
    ahead: int
    links: int
    staged: int
    peak: float


def measure(world: World, day: int) -> Reading:
    """One full run of every room."""
    for name in world.rooms:
        world.want(name, full=True)
    world.run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    with world.transactions.reading() as session:
        begins = world.now() - WINDOW_BACK
        counts = [
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Occurrence, Link, StagedRow)
        ]
        ahead = session.scalar(select(func.count()).select_from(Occurrence).where(Occurrence.ends_at > begins)) or 0
    return Reading(day, counts[0], ahead, counts[1], counts[2], peak)


def play(rooms: int) -> list[Reading]:
    """The readings, one every ten days."""
    world = World(seed=0)
    try:
        names = [f"room{number}" for number in range(rooms)]
        world.tenant.add_person(world.address("ada"), "Ada")
        for name in names:
            world.add_room(name)
            world.tenant.set_policy(world.address(name), booking_window_in_days=500, enforce_scheduling_horizon=False)
        world.run()
        start = datetime(2026, 11, 24, 9, tzinfo=UTC)
        span = Timed(start, start + timedelta(hours=1))
        pattern = {"type": "daily", "interval": 1}
        daily = {"pattern": pattern, "range": {"type": "noEnd", "startDate": start.date().isoformat()}}
        for name in names:
            invite(world, name, "Daily", span, recurrence=daily)
        world.run()
        readings = [measure(world, 0)]
        for day in range(STEP, DAYS + 1, STEP):
            world.tenant.advance(STEP * 86400)
            readings.append(measure(world, day))
        return readings
    finally:
        world.close()


def faults(readings: list[Reading], rooms: int) -> list[str]:
    """What grew that should not."""
    window = (WINDOW_AHEAD + WINDOW_BACK).days
    found = [] if readings[0].dates >= rooms * (WINDOW_AHEAD.days - 2) else ["the series did not come in"]
    for one in readings:
        if one.ahead > rooms * (window + 1):
            found.append(f"day {one.day}: {one.ahead} dates in the window")
        if one.dates > rooms * (window + one.day + 1):
            found.append(f"day {one.day}: {one.dates} dates, more than the days gone by")
        if one.links != readings[0].links or one.staged:
            found.append(f"day {one.day}: {one.links} links, {one.staged} staged rows")
        if one.peak > GROWS_AT_MOST * readings[0].peak:
            found.append(f"day {one.day}: {one.peak:.1f} MB")
    return found


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="script/bench endless")
    parser.add_argument("--rooms", type=int, default=ROOMS)
    rooms = parser.parse_args().rooms
    readings = play(rooms)
    rows = [
        f"| {one.day} | {one.dates} | {one.ahead} | {one.links} | {one.staged} | {one.peak:.1f} |" for one in readings
    ]
    lines = [
        "# What endless series cost as time goes on",
        "",
        f"Written by `script/bench endless` on {datetime.now(UTC):%Y-%m-%d}: a daily series without an end in each",
        f"of {rooms} rooms, while the window rolls on by {DAYS} days, with a full run of every room each {STEP}",
        "days. Dates that are past stay, one a day and room; within the window, links and memory stay as they are.",
        "",
        "| day | dates | of them in the window | links | staged rows | MB of memory at most so far |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(lines[6:]))
    if rooms == ROOMS:
        PAGE.write_text("\n".join(lines) + "\n")
    wrong = faults(readings, rooms)
    print("\n".join(wrong) or "nothing grows but the past")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
