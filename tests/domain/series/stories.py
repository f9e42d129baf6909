"""Random series as Graph would tell them, and the same one for the oracle, the product and the tenant."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.domain.series import oracle
from tests.tenant import recurrence
from tests.tenant.state import Item
from webapp.domain.intervals import AllDay, Span, Timed
from webapp.domain.recurrence import ChangedDate, Series
from worker.graph.members import Members
from worker.graph.recurrence import rule_of

ZONES = {
    "W. Europe Standard Time": "Europe/Berlin",
    "Eastern Standard Time": "America/New_York",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "E. South America Standard Time": "America/Sao_Paulo",
    "UTC": "UTC",
    "India Standard Time": "Asia/Kolkata",
    "Lord Howe Standard Time": "Australia/Lord_Howe",
    "Newfoundland Standard Time": "America/St_Johns",
    "Pacific/Auckland": "Pacific/Auckland",
    "America/Los_Angeles": "America/Los_Angeles",
}
"""As Exchange writes them, and what they are."""


@dataclass
class Story:
    """A series told three times, and the window in which it is looked at."""

    told: oracle.Told
    zone_name: str
    begin: datetime
    end: datetime

    @property
    def first(self) -> date | None:
        """The first date, which a master shows as its start."""
        return next(oracle.dates(self.told.recurrence, self.end.date() + timedelta(days=4000)), None)

    def span(self, moments: tuple[datetime, datetime]) -> Span:
        if not self.told.all_day:
            return Timed(*moments)
        start, end = (moment.astimezone(self.told.zone).date() for moment in moments)
        return AllDay(start, end)

    def series(self) -> Series:
        """As the product reads it."""
        assert self.first is not None
        recurrence = self.told.recurrence
        master = Members({"recurrence": recurrence, "originalStartTimeZone": self.zone_name})
        rule = rule_of(master, self.span(oracle.span_on(self.told, self.first)))
        changed = tuple(ChangedDate(day, self.span(at)) for day, at in self.told.moved.items())
        return Series(rule, changed, frozenset(self.told.cancelled))

    def item(self) -> Item:
        """As the tenant stores it."""
        assert self.first is not None
        start, end = oracle.span_on(self.told, self.first)
        days: dict[str, Any] = {}
        if self.told.all_day:
            days = {"start_day": self.first, "end_day": self.first + self.told.lasts}
        return Item(
            number=1,
            created=start,
            modified=start,
            change=1,
            start=start,
            end=end,
            start_zone=self.zone_name,
            all_day=self.told.all_day,
            recurrence=recurrence.normalise(self.told.recurrence, self.zone_name),
            exceptions={day: {"start": at[0], "end": at[1]} for day, at in self.told.moved.items()},
            missing=frozenset(self.told.cancelled),
            **days,
        )


def story(seed: int) -> Story:
    """One of all series, the same for the same seed; never one that has no date near its start."""
    rng = random.Random(seed)
    while True:
        made = _story(rng)
        if made.first is not None and _first_time_exists(made):
            return made


def _first_time_exists(made: Story) -> bool:
    """A master whose first date falls into hours that the clocks skip shows another time than it repeats at."""
    assert made.first is not None
    begins = datetime.combine(made.first, made.told.starts.time())
    walls = [begins, begins + made.told.lasts]
    return all(
        oracle.moment(wall, made.told.zone).astimezone(made.told.zone).replace(tzinfo=None) == wall for wall in walls
    )


def _story(rng: random.Random) -> Story:
    zone_name = rng.choice(list(ZONES))
    all_day = rng.random() < 0.2
    start = date(rng.choice((2012, 2017, 2018, 2019, 2026, 2027)), 1, 1) + timedelta(days=rng.randrange(366))
    wall = datetime.combine(
        start, time() if all_day else time(rng.choice((0, 1, 2, 3, 9, 23)), rng.choice((0, 15, 30)))
    )
    lasts = (
        timedelta(days=rng.randint(1, 3)) if all_day else timedelta(minutes=rng.choice((0, 15, 60, 90, 600, 3000)))
    )
    begin = datetime.combine(start, time(), UTC) + timedelta(days=rng.randint(-40, 900), hours=rng.randrange(24))
    told = oracle.Told(_recurrence(rng, start), ZoneInfo(ZONES[zone_name]), wall, lasts, all_day)
    made = Story(told, zone_name, begin, begin + timedelta(days=rng.randint(1, 356)))
    _change_dates(rng, made)
    return made


def _recurrence(rng: random.Random, start: date) -> dict[str, Any]:
    kind = rng.choice(list(oracle.PREDICATES))
    days = rng.sample(oracle.DAYS, rng.choice((1, 1, 2, 3, 5, 7)))
    pattern: dict[str, Any] = {"type": kind, "interval": rng.choice((1, 1, 1, 2, 3, 4, 7))}
    if kind == "weekly":
        pattern |= {"daysOfWeek": days, "firstDayOfWeek": rng.choice(oracle.DAYS)}
    elif kind.startswith("relative"):
        pattern |= {"daysOfWeek": days, "index": rng.choice(("first", "second", "third", "fourth", "last"))}
    elif kind.startswith("absolute"):
        pattern["dayOfMonth"] = rng.choice((rng.randint(1, 31), 29, 30, 31))
    if kind.endswith("Yearly"):
        pattern["month"] = rng.choice((rng.randint(1, 12), 2))
    span: dict[str, Any] = {"type": rng.choice(("endDate", "noEnd", "numbered")), "startDate": start.isoformat()}
    if span["type"] == "endDate":
        span["endDate"] = (start + timedelta(days=rng.randint(0, 1200))).isoformat()
    elif span["type"] == "numbered":
        span["numberOfOccurrences"] = rng.choice((1, 2, 5, 30, 400))
    return {"pattern": pattern, "range": span}


def _change_dates(rng: random.Random, made: Story) -> None:
    """Some dates of the window are moved, some cancelled, by people who do both to the same one now and then."""
    told = made.told
    near = [day for day in oracle.dates(told.recurrence, made.end.date()) if day >= made.begin.date()]
    for day in rng.sample(near, min(len(near), rng.randrange(4))):
        start, end = oracle.span_on(told, day)
        by = timedelta(days=rng.randint(-2, 2)) if told.all_day else timedelta(minutes=rng.randint(-900, 900))
        if told.all_day:
            start, end = oracle.span_on(told, day + by)
            by = timedelta(0)
        told.moved[day] = (start + by, end + by)
    told.cancelled = set(rng.sample(near, min(len(near), rng.randrange(4))))
