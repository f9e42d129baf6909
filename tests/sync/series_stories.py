"""Random stories of series: people here and in Outlook change them in every way, requests fail, workers die.

In the end both sides must hold the same dates, and another run must find nothing to do. One seed is one story:

    python -m tests.sync.series_stories FIRST [LAST]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine, select

from tests.sync.checks import assert_quiet
from tests.sync.dying import DyingTransactions, Killed
from tests.sync.series_world import Here, dates_here, dates_there, week, weekly
from tests.sync.world import World
from tests.tenant import Booked
from tests.tenant.personal import improper_requests
from tests.tenant.switches import Switches
from webapp.database import Transactions
from webapp.domain.recurrence import Series
from webapp.domain.rule import Range
from webapp.domain.wall import WallTimes
from webapp.domain.words import Home, MeetingKind, SyncState
from webapp.errors import AppError
from webapp.models import Reservation
from webapp.reservations.series_rows import series_of
from worker.sync.recognise import parse_mark

FAULTS = tuple((op, kind) for op in ("create", "patch", "delete", "cancel") for kind in ("T+", "T-", "503", "503+"))
HOURS = (9, 11, 13, 15)
COUNT = 8


class Story:
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.deaths = DyingTransactions.Deaths()
        self.trace: list[str] = []
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

    def play(self, steps: int = 6) -> list[str]:
        """People act and the room syncs, in turn; then all heals. What is wrong in the end."""
        try:
            for _ in range(steps):
                for _ in range(self.random.randint(1, 2)):
                    self._act()
                self._sync()
                self.world.tenant.advance(self.random.choice([1, 5, 70, 900]))
            self.world.tenant.faults.clear()
            try:
                for _ in range(4):
                    self.world.run(patience=200)
                    self.world.tenant.advance(100)
            except AssertionError:
                if not self._waits_for_people():
                    raise
                return []
            return self._problems()
        finally:
            self.world.close()

    def _sync(self) -> None:
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

    def _act(self) -> None:
        acts: tuple[Callable[[], str | None], ...] = (
            *(self._book, self._change_all, self._move, self._cancel_date, self._split, self._cancel_from),
            *(
                self._move_there,
                self._cancel_there,
                self._rename_there,
                self._shift_there,
                self._move,
                self._cancel_all,
            ),
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

    def _book(self) -> str:
        here = Here(self.world, owner=self.random.choice(["", self.world.address("ada")]))
        without = frozenset(week(n) for n in range(COUNT) if self.random.random() < 0.15)
        here.book(weekly(COUNT, self._times()), f"S{len(self.trace)}", without=without)
        return f"book {here.reservation_id} {here.owner} without {len(without)}"

    def _change_all(self) -> str:
        here, series = self._pick()
        kind = self.random.randrange(3)
        rule = series.rule
        if kind == 0:
            rule = replace(rule, times=self._times())
        elif kind == 1 and rule.range.count is not None:
            rule = replace(rule, range=Range.times(rule.range.start, rule.range.count + self.random.choice([-1, 1])))
        here.change(rule, f"T{len(self.trace)}")
        return f"change all {here.reservation_id} {kind}"

    def _move(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        start = datetime.combine(day, time(self.random.choice((17, 18))), tzinfo=UTC) + timedelta(
            days=self.random.choice([0, 1, 2])
        )
        here.move(day, start, title=self.random.choice(["Weekly", "Own"]))
        return f"move {here.reservation_id} {day}"

    def _cancel_date(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        here.cancel(day)
        return f"cancel {here.reservation_id} {day}"

    def _cancel_from(self) -> str | None:
        if self.random.random() < 0.5:
            return None
        here, series = self._pick()
        day = self._day(series)
        here.cancel_from(day)
        return f"cancel from {here.reservation_id} {day}"

    def _cancel_all(self) -> str | None:
        if self.random.random() < 0.7:
            return None
        here, _ = self._pick()
        self.world.cancel(here.reservation_id)
        return f"cancel all {here.reservation_id}"

    def _split(self) -> str:
        here, series = self._pick()
        day = self._day(series)
        rule = replace(weekly(3, self._times()), range=Range.times(day, 3))
        made = here.follow(day, rule, f"F{len(self.trace)}")
        return f"split {here.reservation_id} {day} -> {made.reservation_id}"

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

    def _move_there(self) -> str | None:
        found = self._there()
        day = self._day_there(found[2]) if found else None
        if found is None or day is None:
            return None
        start = datetime.combine(day, time(self.random.choice((19, 20))), tzinfo=UTC)
        found[0].change_occurrence(found[1], day, start=start, end=start + timedelta(hours=1))
        return f"there: move {day}"

    def _cancel_there(self) -> str | None:
        found = self._there()
        day = self._day_there(found[2]) if found else None
        if found is None or day is None:
            return None
        if len([one for one, _, _ in found[2].rule_dates(week(COUNT + 3)) if one not in found[2].missing]) < 2:
            return None
        found[0].cancel_occurrence(found[1], day)
        return f"there: cancel {day}"

    def _rename_there(self) -> str | None:
        found = self._there()
        if found is None:
            return None
        found[0].change(found[1], subject=f"R{len(self.trace)}")
        return "there: rename"

    def _shift_there(self) -> str | None:
        found = self._there()
        if found is None or self.random.random() < 0.5:
            return None
        item = found[2]
        by = timedelta(minutes=self.random.choice([15, 30]))
        found[0].change(found[1], start=item.start + by, end=item.end + by)
        return "there: shift"

    # -- the end

    def _problems(self) -> list[str]:
        problems = []
        here, there = dates_here(self.world), dates_there(self.world)
        plain = sorted((one[1], one[2]) for one in here), sorted((one[1], one[2]) for one in there)
        if plain[0] != plain[1] and not self._waits_for_people():
            only_here = sorted(set(plain[0]) - set(plain[1]))
            only_there = sorted(set(plain[1]) - set(plain[0]))
            problems.append(f"only here {only_here} only there {only_there}")
        marks = [
            str(mark)
            for name in ("alder", "ada")
            for item in self.world.tenant.mailbox(self.world.address(name)).items.values()
            if item.is_organizer and not item.cancelled and (mark := parse_mark(item.transaction_id)) is not None
        ]
        owners = [mark.split(".")[1] for mark in marks]
        if len(set(owners)) != len(owners):
            problems.append(f"two events for one reservation: {marks}")
        problems += [f"improper: {one}" for one in improper_requests(self.world.tenant)]
        problems += self._unsaid_overlaps()
        try:
            assert_quiet(self.world)
        except AssertionError as error:
            problems.append(f"not quiet: {error}")
        return problems

    def _waits_for_people(self) -> bool:
        """Whether something was held or stopped: until somebody decides, the two sides differ."""
        with self.world.transactions.reading() as session:
            stopped = Reservation.sync_state.in_((SyncState.HELD, SyncState.FAILED))
            found = session.scalar(select(Reservation.id).where(stopped).limit(1))
        return found is not None or bool(self.world.holds())

    def _unsaid_overlaps(self) -> list[str]:
        slots = self.world.slots_here("alder")
        twice = [one for one, other in pairwise(slots) if other[0] < one[1]]
        said = [one for one in self.world.conflicts() if one.kind == "overlap"]
        return [f"overlap without a conflict {twice}"] if twice and not said else []


def play(seed: int) -> tuple[list[str], list[str]]:
    """One story: what is wrong, and how it went."""
    story = Story(seed)
    try:
        return story.play(), story.trace
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:800]], story.trace


def main() -> int:
    """Play some seeds and tell which end wrong."""
    first = int(sys.argv[1])
    last = int(sys.argv[2]) if len(sys.argv) > 2 else first
    wrong = 0
    for seed in range(first, last + 1):
        problems, trace = play(seed)
        if problems:
            wrong += 1
            print(f"seed {seed}: {problems}")
            if first == last:
                print("\n".join(trace))
    print(f"{last - first + 1} stories, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
