"""A harsh random world: people on both sides, faults, lagging reads and dying workers, all drawn from one seed.

The oracle is the list of what people wanted, not only that both sides are equal: each last wish is there, or was
overruled by somebody who saw it, or is named in a conflict or a hold (I1-I4, I7). `replay` runs one seed and
prints what happened:

    python -m tests.sync.harness SEED [worst]
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from tests.sync import beginnings
from tests.sync.checks import decide
from tests.sync.dying import DyingTransactions, Killed
from tests.sync.harsh import FAULTS, WORST, Outcome, Plan
from tests.sync.oracle import Ledger, dump, live_here, live_there
from tests.sync.world import World
from tests.tenant import Booked, RequestInfo
from tests.tenant.faults import READ_KINDS
from tests.tenant.personal import improper_requests
from webapp.database import Transactions
from webapp.domain.intervals import Timed
from webapp.domain.words import Choice, HoldActionState, HoldKind, Home
from webapp.errors import AppError
from webapp.models import Reservation
from worker.sync.recognise import parse_mark

ROOMS = ("alder", "birch")
PEOPLE = ("ada", "bob")
HEALING_ROUNDS = 1
"""How often the rooms, at rest, are looked at again some minutes later before they are judged."""


class Harness:
    """One seed, or whatever else draws the choices."""

    rooms: tuple[str, ...] = ROOMS

    def __init__(self, seed: int, plan: Plan, draw: random.Random | None = None) -> None:
        self.random = draw or random.Random(seed)
        self.plan = plan
        self.outcome = Outcome(seed)
        self.deaths = DyingTransactions.Deaths()
        self._is_inside, self._at_work = False, False
        self.world = World(wrap_transactions=self._transactions)
        beginnings.begin(self.world, ("stories", self.rooms, plan.twin_ids), self._begin)
        self.world.tenant.random.seed(seed)
        self.ledger = Ledger(self.world)
        self._slots: Counter[str] = Counter()
        self._names = 0
        self.world.tenant.on_request(self._on_request)
        self._forgets = self.random.random() < 0.5 if plan.forget is None else plan.forget
        if self._forgets:
            self.world.tenant.faults.forget_transaction_ids(after=self.random.choice([True, 5, 3600]))
        elif plan.unreadable:
            self.world.tenant.faults.hide_created(seconds=plan.unreadable)

    def _transactions(self, engine: Engine) -> Transactions:
        return DyingTransactions(engine, self.deaths, self._between_commits)

    def _begin(self, world: World) -> None:
        for name in self.rooms:
            world.add_room(name)
            if self.plan.twin_ids:
                world.tenant.plan_twins(world.address(name), "case")
        for name in PEOPLE:
            world.tenant.add_person(world.address(name), name.title())
        world.run()

    # -- the run

    def play(self) -> Outcome:
        """People act and rooms sync in turn; then everything heals, and the ledger is checked."""
        try:
            for _ in range(self.plan.steps):
                self._step()
            self._heal()
            self._check()
        finally:
            self.world.close()
        return self.outcome

    def _step(self) -> None:
        for _ in range(self.random.randint(1, 2)):
            self._somebody_acts()
        self._draw_troubles()
        self._sync()
        self.world.tenant.advance(self.random.choice([1, 5, 70, 900, 2400, 4000]))

    def _draw_troubles(self) -> None:
        tenant = self.world.tenant
        if self.random.random() < self.plan.faults:
            op, kind = self.random.choice(FAULTS)
            tenant.faults.add(op, kind, times=self.random.choice([1, 1, 2]), retry_after=self.random.choice([1, 3]))
            self._say(f"fault {op} {kind}")
        if self.random.random() < self.plan.lag:
            room = self.random.choice(self.rooms)
            changes = self.random.randint(0, 3)
            kinds = READ_KINDS - {"view", "list"} if self._forgets and not self.plan.hide else READ_KINDS
            tenant.faults.lag(self.world.address(room), changes, kinds)
            self._say(f"lag {room} {changes}")
        if self.plan.hide and self.random.random() < 0.2:
            tenant.faults.hide_created(reads=self.random.randint(1, 4))

    def _sync(self) -> None:
        for name in self.random.sample(self.rooms, len(self.rooms)):
            self.world.want(name, full=self.plan.full and self.random.random() < 0.05)
            if self.random.random() < self.plan.kills:
                self.deaths.plan(self.random.randint(1, 8), self.random.random() < 0.5)
            self._at_work = True
            try:
                self.world.worker.run(self.world.mailbox_id(name))
            except Killed:
                self._say(f"worker died in {name}")
                self.world.expire_claims()
            finally:
                self._at_work = False
                self.deaths.spare()

    def _on_request(self, phase: str, info: RequestInfo) -> None:
        """People act inside of runs too: before a request has its effect, or after it and before its answer."""
        if self._is_inside:
            return
        self._count_twins()
        written = self._about_to_be_written(info) if phase == "before" and self.plan.contested else None
        if written is not None and self.random.random() < self.plan.contested:
            self._act_inside(f"before its {info.method}", lambda: self._change_event(*written))
        elif self.random.random() < self.plan.inside / 2:
            self._act_inside(f"{phase} {info.method}")

    def _about_to_be_written(self, info: RequestInfo) -> tuple[str, dict[str, Any]] | None:
        """The room's own event that this request changes or deletes, and its room."""
        if info.op not in ("patch", "delete"):
            return None
        for room in self.rooms:
            if self.world.address(room) == info.mailbox:
                events = [event for event in live_there(self.world, room) if event["is_organizer"]]
                return next(((room, event) for event in events if event["immutable_id"] in info.segments), None)
        return None

    def _between_commits(self) -> None:
        """People act between two commits of a worker as well: what it planned by the one is old at the next."""
        if self._at_work and not self._is_inside and self.plan.between and self.random.random() < self.plan.between:
            self._act_inside("between commits")

    def _act_inside(self, when: str, act: Callable[[], str] | None = None) -> None:
        self._is_inside = True
        commits_to_live = self.deaths.left
        self.deaths.spare()
        try:
            if act is None:
                self._somebody_acts(f"  inside {when} ")
            else:
                self._say(f"  inside {when} {act()}")
        finally:
            self._is_inside = False
            self.deaths.left = commits_to_live

    # -- people

    def _somebody_acts(self, where: str = "") -> None:
        act = self.random.choice(
            (
                *(self._book_here, self._book_here, self._change_here, self._change_here, self._cancel_here),
                *(self._invite, self._delegate_books, self._change_there, self._change_there, self._cancel_there),
            )
        )
        said = act()
        if said:
            self.outcome.changes += 1
            self._say(where + said)

    def _slot(self, room: str) -> Timed:
        """Mostly a new slot of this room; sometimes one that was used before, so that sides collide."""
        last = self._slots[room]
        number = self.random.randint(max(0, last - 3), last) if self.random.random() < 0.15 and last else last
        self._slots[room] = max(last, number + 1)
        return self.world.at(24 + 2 * number, self.random.choice([30, 60, 90]))

    def _title(self) -> str:
        self._names += 1
        return f"Title {self._names}"

    def _book_here(self) -> str | None:
        room, title = self.random.choice(self.rooms), self._title()
        span = self._slot(room)
        try:
            reservation = self.world.book(room, title, span)
        except AppError as error:
            return f"here: book {title} refused {error.code}"
        self.ledger.made_here(reservation, title, span)
        return f"here: book #{reservation} {title} {room} {span.start:%d %H:%M}"

    def _pick_here(self) -> Reservation | None:
        found = [r for r in live_here(self.world) if r.meeting.home is Home.RESOURCE]
        return self.random.choice(found) if found else None

    def _change_here(self) -> str | None:
        row = self._pick_here()
        if row is None:
            return None
        title = self._title() if self.random.random() < 0.6 else None
        span = self._slot(self._room_of(row)) if title is None or self.random.random() < 0.2 else None
        try:
            self.world.change(row.id, title=title, span=span)
        except AppError as error:
            return f"here: change #{row.id} refused {error.code}"
        self.ledger.changed_here(row, title, span)
        return f"here: change #{row.id} {title} {span.start if span else ''}"

    def _cancel_here(self) -> str | None:
        row = self._pick_here()
        if row is None or self.random.random() < 0.5:
            return None
        try:
            self.world.cancel(row.id)
        except AppError as error:
            return f"here: cancel #{row.id} refused {error.code}"
        self.ledger.cancelled_here(row)
        return f"here: cancel #{row.id}"

    def _invite(self) -> str:
        room, who, title = self.random.choice(self.rooms), self.random.choice(PEOPLE), self._title()
        span = self._slot(room)
        person = self.world.tenant.as_person(self.world.address(who))
        event = person.book(title, span.start, span.end, rooms=[self.world.address(room)])
        self.ledger.invited(event, who, room, span)
        return f"there: {who} invites {room} {span.start:%d %H:%M}"

    def _delegate_books(self) -> str:
        room, title = self.random.choice(self.rooms), self._title()
        span = self._slot(room)
        event = self.world.tenant.as_delegate(self.world.address(room)).book(title, span.start, span.end)
        self.ledger.made_there(event, room, title, span)
        return f"there: delegate books {title} {room} {span.start:%d %H:%M}"

    def _pick_there(self) -> tuple[str, dict[str, Any]] | None:
        found = [(room, e) for room in self.rooms for e in live_there(self.world, room) if e["is_organizer"]]
        return self.random.choice(found) if found else None

    def _change_there(self) -> str | None:
        if self.random.random() < 0.35:
            return self._move_invitation()
        picked = self._pick_there()
        if picked is None:
            return None
        return self._change_event(*picked)

    def _change_event(self, room: str, event: dict[str, Any]) -> str:
        title = self._title() if self.random.random() < 0.6 else None
        span = self._slot(room) if title is None else None
        changes: dict[str, Any] = {"subject": title} if title else {}
        if span:
            changes |= {"start": span.start, "end": span.end}
        self.world.tenant.as_delegate(self.world.address(room)).change(self._booked(room, event), **changes)
        self.ledger.changed_there(event, title, span)
        return f"there: change {event['subject']} in {room} to {title} {span.start if span else ''}"

    def _move_invitation(self) -> str | None:
        invitation = self.ledger.some_invitation(self.random)
        if invitation is None:
            return None
        span = self._slot(invitation.room)
        person = self.world.tenant.as_person(self.world.address(invitation.who))
        person.change(invitation.event, start=span.start, end=span.end)
        invitation.span, invitation.moved = span, True
        return f"there: {invitation.who} moves an invitation of {invitation.room}"

    def _cancel_there(self) -> str | None:
        invitation = self.ledger.some_invitation(self.random) if self.random.random() < 0.4 else None
        if invitation is not None:
            self.world.tenant.as_person(self.world.address(invitation.who)).cancel(invitation.event)
            invitation.cancelled = True
            return f"there: {invitation.who} cancels an invitation of {invitation.room}"
        picked = self._pick_there()
        if picked is None or self.random.random() < 0.5:
            return None
        room, event = picked
        if self.ledger.is_in_doubt(event):
            return None
        self.world.tenant.as_delegate(self.world.address(room)).delete(self._booked(room, event))
        self.ledger.cancelled_there(event)
        return f"there: delete {event['subject']} in {room}"

    def _booked(self, room: str, event: dict[str, Any]) -> Booked:
        box = self.world.tenant.mailbox(self.world.address(room))
        item = next(i for i in box.items.values() if i.uid == event["ical_uid"])
        return Booked(self.world.tenant, self.world.address(room), item.number, item.uid)

    def _room_of(self, row: Reservation) -> str:
        return next(name for name, room_id in self.world.rooms.items() if room_id == row.room_id)

    # -- the end

    def _heal(self) -> None:
        self._is_inside = True
        self.world.tenant.faults.clear()
        for _ in range(HEALING_ROUNDS):
            self.world.run(patience=400, meanwhile=self._approve_empty_listings)
            self.world.tenant.advance(200)
            for name in self.rooms:
                self.world.want(name, full=self.plan.full)
        self.world.run(patience=400, meanwhile=self._approve_empty_listings)

    def _approve_empty_listings(self) -> None:
        """A calendar that really is empty by now waits for nothing but a person."""
        for hold in self.world.holds():
            if hold.kind is HoldKind.EMPTY_LISTING and any(row.state is HoldActionState.OPEN for row in hold.actions):
                decide(self.world, Choice.APPROVE, hold_id=hold.id)

    def _check(self) -> None:
        problems = self.outcome.problems
        problems += self.ledger.problems()
        before, writes = dump(self.world), self.world.writes()
        for name in self.rooms:
            self.world.want(name, full=self.plan.full)
        self.world.run(patience=50)
        if self.world.writes() != writes:
            problems.append(f"the second run wrote {self.world.writes() - writes} times")
        after = dump(self.world)
        problems += [f"the second run changed {table}" for table in before if before[table] != after[table]]
        problems += [f"improper in a person's mailbox: {one}" for one in improper_requests(self.world.tenant)]
        self.outcome.writes = writes

    def _count_twins(self) -> None:
        for room in self.rooms:
            marks = Counter(
                mark.public_id
                for item in self.world.tenant.mailbox(self.world.address(room)).items.values()
                if not item.cancelled and (mark := parse_mark(item.transaction_id)) is not None
            )
            self.outcome.peak_twins = max(self.outcome.peak_twins, *marks.values(), 1)

    def _say(self, text: str) -> None:
        self.outcome.trace.append(f"{self.world.now():%d %H:%M:%S} {text}")


def play(seed: int, plan: Plan | None = None) -> Outcome:
    """Run one seed to its end."""
    return Harness(seed, plan or Plan()).play()


def main() -> int:
    """Replay one seed and tell what happened."""
    outcome = play(int(sys.argv[1]), WORST if "worst" in sys.argv[2:] else None)
    print("\n".join(outcome.trace))
    print(f"seed {outcome.seed}: {outcome.problems or 'went well'}; twins at most {outcome.peak_twins}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
