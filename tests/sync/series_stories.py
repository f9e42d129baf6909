"""Random stories of series: people here and in Outlook change them in every way, requests fail, workers die.

In the end both sides must hold the same dates, the last word on each series must stand or be named, and another run
must find nothing to do. One seed is one story; `script/soak --series` plays many of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from tests.sync.dying import DyingTransactions, Killed
from tests.sync.machine import Verdict
from tests.sync.series_judge import Check, Word, problems_of, waits_for_people
from tests.sync.series_world import HOMES, Here, Organizer, week, weekly
from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.switches import Switches
from webapp.database import Transactions
from webapp.domain.recurrence import Series
from webapp.domain.rule import Range, Rule
from webapp.domain.wall import WallTimes
from webapp.domain.words import Home, MeetingKind
from webapp.errors import AppError
from webapp.models import Meeting, Reservation
from webapp.reservations.series_rows import series_of

FAULTS = tuple((op, kind) for op in ("create", "patch", "delete", "cancel") for kind in ("T+", "T-", "503", "503+"))
HOURS = (9, 11, 13, 15)
COUNT = 8

_BERLIN, _UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
RULES = ("act", "act", "act", "sync", "sync", "pass_time")


class Story:
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.deaths = DyingTransactions.Deaths()
        self.trace: list[str] = []
        self.words: list[Word] = []
        self.world = World(seed=seed, wrap_transactions=self._transactions)
        switches = self.world.tenant.switches
        switches.master_change_wipes_exceptions = self.random.random() < 0.5
        for name, other in self.random.sample(Switches.alternatives(), 3):
            setattr(switches, name, other)
            self.trace.append(f"{name} is {other}")
        self.world.tenant.add_person(self.world.address("ada"), "Ada")
        self.world.set_modes(delegation=True, create=True)
        self.world.add_room("alder")
        long_ahead = {"booking_window_in_days": 500, "enforce_scheduling_horizon": False}
        self.world.tenant.set_policy(self.world.address("alder"), **long_ahead)
        self.world.run()

    def _transactions(self, engine: Engine) -> Transactions:
        return DyingTransactions(engine, self.deaths, lambda: None)

    def play(self, steps: int) -> list[str]:
        """People act, the room syncs and time passes as chance has it; then all heals. What is wrong in the end."""
        try:
            for _ in range(steps):
                getattr(self, self.random.choice(RULES))()
            self.world.tenant.faults.clear()
            return problems_of(self.world, self.words, at_rest=self._settle())
        finally:
            self.world.close()

    def _settle(self) -> bool:
        """Sync until nothing is left to do; False where something that people were told of is tried for ever."""
        try:
            for _ in range(4):
                self.world.run(patience=200)
                self.world.tenant.advance(100)
        except AssertionError:
            if not waits_for_people(self.world):
                raise
            return False
        return True

    def pass_time(self) -> None:
        """Seconds to minutes."""
        self.world.tenant.advance(self.random.choice([1, 5, 70, 900]))

    def sync(self) -> None:
        """One run of the room: at times a request fails, or the worker dies in it."""
        if self.random.random() < 0.4:
            op, kind = self.random.choice(FAULTS)
            self.world.tenant.faults.add(op, kind, times=1)
            self.trace.append(f"fault {op} {kind}")
        if self.random.random() < 0.4:
            self.deaths.plan(self.random.randint(1, 14), self.random.random() < 0.5)
        try:
            self.world.run_once("alder")
        except Killed:
            self.trace.append("worker died")
            self.world.expire_claims()
        finally:
            self.deaths.spare()
        self.world.tenant.settle()

    # -- people

    def act(self) -> None:
        """Somebody does something, here or in Outlook."""
        acts: tuple[Callable[[], str | None], ...] = (
            *(self._book, self._change_all, self._move, self._cancel_date, self._split, self._cancel_from),
            *(self._move, self._cancel_all, self._book_there, self._move_there, self._cancel_there),
            *(self._rename_there, self._shift_there),
        )
        act = self.random.choice(acts) if self._live() else self._book
        try:
            said = act()
        except AppError as error:
            said = f"{act.__name__} refused {error.code}"
        if said:
            self.trace.append(said)

    def _live(self) -> list[tuple[int, Series, bool]]:
        with self.world.transactions.reading() as session:
            rows = session.scalars(select(Reservation).where(Reservation.cancelled_at.is_(None)))
            found = [(row, series_of(row.meeting)) for row in rows if row.meeting.kind is MeetingKind.SERIES]
            return [(row.id, one, row.meeting.home is Home.USER) for row, one in found if one is not None]

    def _pick(self) -> tuple[Here, Series]:
        key, series, persons = self.random.choice(self._live())
        return Here(self.world, key, owner=self.world.address("ada") if persons else ""), series

    def _day(self, series: Series) -> date:
        days = [day for day in (week(n) for n in range(COUNT + 3)) if series.has_date(day)]
        return self.random.choice(days or [week(0)])

    def _times(self) -> WallTimes:
        hour = self.random.choice(HOURS)
        return WallTimes(time(hour), time(hour + 1))

    def _say(self, key: int | str, said: str, stands: Check, split_from: int | None = None) -> str:
        self.words.append(Word(key, said, stands, split_from))
        return said

    def _book(self) -> str:
        here = Here(self.world, owner=self.random.choice(["", self.world.address("ada")]))
        without = frozenset(week(n) for n in range(COUNT) if self.random.random() < 0.15)
        here.book(weekly(COUNT, self._times()), f"S{len(self.trace)}", without=without)
        said = f"book {here.reservation_id} {here.owner} without {len(without)}"
        return self._say(here.reservation_id, said, _lives)

    def _change_all(self) -> str:
        here, series = self._pick()
        kind = self.random.randrange(3)
        rule = series.rule
        if kind == 0:
            rule = replace(rule, times=self._times())
        elif kind == 1 and rule.range.count is not None:
            rule = replace(rule, range=Range.times(rule.range.start, rule.range.count + self.random.choice([-1, 1])))
        here.change(rule, f"T{len(self.trace)}")
        return self._say(
            here.reservation_id,
            f"change all {here.reservation_id} {kind}",
            _has_what_changed(series.rule, rule),
        )

    def _move(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        start = datetime.combine(day, time(self.random.choice((17, 18))), tzinfo=UTC) + timedelta(
            days=self.random.choice([0, 1, 2])
        )
        here.move(day, start, title=self.random.choice(["Weekly", "Own"]))
        return self._say(here.reservation_id, f"move {here.reservation_id} {day}", _is_at(day, start))

    def _cancel_date(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        here.cancel(day)
        said = f"cancel {here.reservation_id} {day}"
        return self._say(here.reservation_id, said, _is_without(day))

    def _cancel_from(self) -> str | None:
        if self.random.random() < 0.5:
            return None
        here, series = self._pick()
        day = self._day(series)
        here.cancel_from(day)
        return self._say(here.reservation_id, f"cancel from {here.reservation_id} {day}", _ends_before(day))

    def _cancel_all(self) -> str | None:
        if self.random.random() < 0.7:
            return None
        here, _ = self._pick()
        self.world.cancel(here.reservation_id)
        return self._say(here.reservation_id, f"cancel all {here.reservation_id}", lambda one: one is None)

    def _split(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        rule = replace(weekly(3, self._times()), range=Range.times(day, 3))
        made = here.follow(day, rule, f"F{len(self.trace)}")
        said = f"split {here.reservation_id} {day} -> {made.reservation_id}"
        if made.reservation_id != here.reservation_id:
            self._say(here.reservation_id, said, _ends_before(day))
            return self._say(made.reservation_id, said, _has_times(rule.times), here.reservation_id)
        return self._say(made.reservation_id, said, _has_what_changed(series.rule, rule), here.reservation_id)

    def _there(self) -> tuple[Any, Booked, Any] | None:
        found = []
        for name in ("alder", "ada"):
            address = self.world.address(name)
            for item in self.world.tenant.mailbox(address).items.values():
                if item.recurrence and item.is_organizer and not item.cancelled:
                    found.append((address, item))
        if not found:
            return None
        address, item = self.random.choice(found)
        is_room = address == self.world.address("alder")
        hand = self.world.tenant.as_delegate(address) if is_room else self.world.tenant.as_person(address)
        return hand, Booked(self.world.tenant, address, item.number, item.uid), item

    def _day_there(self, item: Any) -> date | None:
        days = [day for day, _, _ in item.rule_dates(week(COUNT + 3)) if day not in item.missing]
        return self.random.choice(days) if days else None

    def _book_there(self) -> str:
        organizer = Organizer(self.world, self.random.choice(HOMES))
        start = datetime.combine(week(0), self._times().start)
        pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "sunday"}
        range_ = {"type": "numbered", "startDate": week(0).isoformat(), "numberOfOccurrences": COUNT}
        made = organizer.book(
            f"B{len(self.trace)}",
            start,
            start + timedelta(hours=1),
            zone="W. Europe Standard Time",
            recurrence={"pattern": pattern, "range": range_},
        )
        return self._say(made.ical_uid, f"there: book in {organizer.home} calendar", _lives)

    def _move_there(self) -> str | None:
        found = self._there()
        day = self._day_there(found[2]) if found else None
        if found is None or day is None:
            return None
        start = datetime.combine(day, time(self.random.choice((19, 20))), tzinfo=UTC)
        around = found[2].occurrences(start - timedelta(days=8), start + timedelta(days=8))
        if any(one.original == day and one.start == start for one in around):
            return None
        found[0].change_occurrence(found[1], day, start=start, end=start + timedelta(hours=1))
        return self._say(found[2].uid, f"there: move {day}", self._unless_known(found[2].uid, _is_at(day, start)))

    def _unless_known(self, uid: str, stands: Check) -> Check:
        """Back to what people here know of a series: it tells them nothing that they have not seen."""
        with self.world.transactions.reading() as session:
            row = session.scalar(select(Reservation).join(Meeting).where(Meeting.ical_uid == uid))
            return (lambda _: True) if row is not None and stands(series_of(row.meeting)) else stands

    def _cancel_there(self) -> str | None:
        found = self._there()
        day = self._day_there(found[2]) if found else None
        if found is None or day is None:
            return None
        if len([one for one, _, _ in found[2].rule_dates(week(COUNT + 3)) if one not in found[2].missing]) < 2:
            return None
        found[0].cancel_occurrence(found[1], day)
        return self._say(found[2].uid, f"there: cancel {day}", _is_without(day))

    def _rename_there(self) -> str | None:
        found = self._there()
        if found is None:
            return None
        found[0].change(found[1], subject=f"R{len(self.trace)}")
        return self._say(found[2].uid, "there: rename", _lives)

    def _shift_there(self) -> str | None:
        found = self._there()
        if found is None or self.random.random() < 0.5:
            return None
        item = found[2]
        by = timedelta(minutes=self.random.choice([15, 30]))
        start = item.start + by
        found[0].change(found[1], start=start, end=item.end + by)
        wall = start.astimezone(_BERLIN).time()
        return self._say(item.uid, "there: shift", self._unless_known(item.uid, _begins_at(wall)))


def _lives(series: Series | None) -> bool:
    return series is not None


def _has_times(times: WallTimes) -> Check:
    return lambda series: series is not None and series.rule.times == times


def _has_what_changed(before: Rule, rule: Rule) -> Check:
    """What was not changed here is as Outlook has it."""
    times = rule.times if rule.times != before.times else None
    dates = rule.range if rule.range != before.range else None
    return lambda one: one is not None and times in (None, one.rule.times) and dates in (None, one.rule.range)


def _is_at(day: date, start: datetime) -> Check:
    def holds(series: Series | None) -> bool:
        if series is None or not series.has_date(day):
            return False
        return series.occurrence(day).span.instants(_UTC)[0] == start

    return holds


def _begins_at(wall: time) -> Check:
    return lambda series: series is not None and series.rule.times.start == wall


def _is_without(day: date) -> Check:
    return lambda series: series is None or not series.has_date(day)


def _ends_before(day: date) -> Check:
    later = [day + timedelta(days=days) for days in range(7 * COUNT)]
    return lambda series: series is None or not any(series.has_date(one) for one in later)


def play(seed: int, steps: int = 40) -> Verdict:
    """One story from a plain seed."""
    story = Story(seed)
    problems = story.play(steps)
    return Verdict(problems, changes=len(story.words), writes=story.world.writes(), trace=story.trace)
