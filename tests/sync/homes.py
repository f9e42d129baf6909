"""The harsh random world with both homes: people's own calendars as well as the rooms', and the settings that
decide about them. What it adds to `tests.sync.harness` is told there and judged by a ledger of its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from tests.sync.doubled import taken_for_strangers
from tests.sync.harness import PEOPLE
from tests.sync.harsh import FAULTS, Plan
from tests.sync.oracle import Invitation, Wish, live_here, live_there
from tests.sync.owners import Owners, PersonsMeeting
from tests.sync.waking import nobody_comes_for
from tests.tenant import Booked
from tests.tenant.faults import READ_KINDS
from webapp.domain.access import Modes, may_read_organizer
from webapp.domain.intervals import Timed
from webapp.domain.words import Home, SyncState
from webapp.errors import AppError
from webapp.models import Reservation
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.reservations.rows import span_of, title_of
from webapp.sync_settings.modes import modes_of
from worker.sync.recognise import parse_mark

THREE_ROOMS = ("alder", "birch", "cedar")
MORE_FAULTS = (
    *FAULTS,
    *(("cancel", kind) for kind in ("T-", "T+", "429+", "503", "503+")),
    *(("respond", kind) for kind in ("T-", "T+", "503+")),
    *(("list", kind) for kind in ("503", "T-", "empty")),
)
HIDES = ("list", "empty")
UNMARKED = ("create", "partial+503")
"""A filter that finds nothing, or an event without its mark whose owner changes it before it is found, and a
transactionId that is forgotten, at once: a second event is nobody's mistake."""

CHOICES = (
    Modes(),
    Modes(strict=True),
    Modes(delegation=True),
    Modes(delegation=True, strict=True),
    Modes(delegation=True, create_in_owner=True),
    Modes(delegation=True, strict=True, create_in_owner=True),
)
WAITS = (SyncState.AWAITING, SyncState.DECLINED, SyncState.HELD)


class BothHomes(Owners):
    """Three rooms, two people, the settings, and everything that can be wanted of a meeting in either home."""

    rooms = THREE_ROOMS

    def __init__(self, seed: int, plan: Plan, draw: random.Random | None = None) -> None:
        self.meetings, self.edited = [], set()
        super().__init__(seed, plan, draw)
        self.set_modes()

    # -- people

    def _somebody_acts(self, where: str = "") -> None:
        owners = self.plan.owners > 0 and self.random.random() < self.plan.owners
        if not owners and self.random.random() < 0.5:
            super()._somebody_acts(where)
            return
        act = self._owner_acts if owners else self._choose_act()
        said = act()
        if said:
            self.outcome.changes += 1
            self._say(where + said)

    def _choose_act(self) -> Callable[[], str | None]:
        return self.random.choice(
            (
                *(self._book_for_owner, self._book_for_owner, self._change_persons, self._change_persons),
                *(self._end_persons, self._move_room, self._invite_many, self._rename_invitation, self._swap_rooms),
            )
        )

    def set_modes(self) -> None:
        """Another of the settings that can be saved."""
        modes = self.random.choice(CHOICES)
        self.world.set_modes(delegation=modes.delegation, strict=modes.strict, create=modes.create_in_owner)
        self._say(f"settings {modes}")

    def trouble(self) -> None:
        """A fault, or lagging reads, from now on."""
        hides = {HIDES, UNMARKED} if self.plan.owners else {HIDES}
        faults = [one for one in MORE_FAULTS if not (self._forgets and one in hides)]
        if self.plan.unreadable and self.random.random() < 0.5:
            faults = [one for one in faults if one[0] == "create"]
        op, kind = self.random.choice(faults)
        self.world.tenant.faults.add(op, kind, times=self.random.choice([1, 1, 2]), retry_after=1)
        self._say(f"fault {op} {kind}")
        if self.random.random() < self.plan.lag:
            room = self.random.choice(self.rooms)
            changes = self.random.randint(0, 3)
            kinds = READ_KINDS - {"view", "list"} if self._forgets else READ_KINDS
            self.world.tenant.faults.lag(self.world.address(room), changes, kinds)
            self._say(f"lag {room} {changes}")

    def sync(self) -> None:
        """Rooms run in some order; workers may die. What was saved meanwhile waits for nothing but its turn."""
        self._sync()
        self.outcome.problems += nobody_comes_for(self.world) + taken_for_strangers(self.world, PEOPLE, self.edited)

    def pass_time(self) -> None:
        """The tenant's clock goes on."""
        self.world.tenant.advance(self.random.choice([1, 5, 70, 900, 4000]))

    def act(self) -> None:
        """Somebody wants something."""
        self._somebody_acts()

    def settle(self) -> None:
        """All troubles end; everything is brought to rest and judged."""
        inside, self._is_inside = self._is_inside, True
        self._heal()
        self._check()
        self._is_inside = inside

    def _book_for_owner(self) -> str | None:
        room, who, title = self.random.choice(self.rooms), self.random.choice(PEOPLE), self._title()
        span = self._slot(room)
        try:
            key = self.world.book(
                room,
                title,
                span,
                owner_name=who.title(),
                owner_email=self.world.address(who),
                in_owner_calendar=True,
            )
        except AppError as error:
            return f"here: book for {who} refused {error.code}"
        made = PersonsMeeting(who, meeting_id=self.world.reservation(key).meeting_id)
        made.wishes["subject"].append(Wish(title, "", "here"))
        made.wishes["time"].append(Wish(span.start.isoformat(), "", "here"))
        self.meetings.append(made)
        return f"here: book #{key} {title} for {who} in {room} {span.start:%d %H:%M}"

    def _pick_persons(self) -> Reservation | None:
        found = [row for row in live_here(self.world) if row.meeting.home is Home.USER]
        return self.random.choice(found) if found else None

    def _change_persons(self) -> str | None:
        row = self._pick_persons()
        if row is None:
            return None
        title = self._title() if self.random.random() < 0.5 else None
        span = self._slot(self._room_of(row)) if title is None else None
        try:
            saw = self._change(row.id, row.room_id, title, span)
        except AppError as error:
            return f"here: change #{row.id} refused {error.code}"
        made = self._of(row.meeting_id)
        if title is not None:
            made.wishes["subject"].append(Wish(title, saw[0], "here"))
        if span is not None:
            made.wishes["time"].append(Wish(span.start.isoformat(), saw[1], "here"))
        return f"here: change #{row.id} (a person's) {title} {span.start if span else ''}"

    def _change(self, key: int, room_id: int, title: str | None, span: Timed | None) -> tuple[str, str]:
        """Change it as it is now; what was seen of title and time before."""
        with self.world.transactions.writing() as session:
            row = session.get_one(Reservation, key)
            meeting = row.meeting
            assert meeting.starts_at is not None, "no whole days here"
            saw = meeting.title, meeting.starts_at.isoformat()
            shown = title_of(meeting)
            owner = meeting.owner.email if meeting.owner else ""
            wanted = span or span_of(meeting)
            draft = Draft(room_id, title or shown, wanted, is_private=meeting.is_private, owner_email=owner)
            service.change(session, key, draft, meeting.revision, "Ines", self.world.now())
            return saw

    def _move_room(self) -> str | None:
        rows = [row for row in live_here(self.world) if row.withdrawn_at is None]
        if not rows:
            return None
        row, room = self.random.choice(rows), self.random.choice(self.rooms)
        if row.room_id == self.world.rooms[room]:
            return None
        try:
            self._change(row.id, self.world.rooms[room], None, None)
        except AppError as error:
            return f"here: move #{row.id} to {room} refused {error.code}"
        if row.meeting.home is Home.RESOURCE:
            self.ledger.moved_here(row)
        return f"here: move #{row.id} to {room}"

    def _end_persons(self) -> str | None:
        row = self._pick_persons()
        if row is None:
            return None
        what = self.random.choice(["cancel", "cancel_meeting", "decline"])
        try:
            with self.world.transactions.writing() as session:
                found = session.get_one(Reservation, row.id)
                getattr(service, what)(session, row.id, found.meeting.revision, "Ines", self.world.now())
        except AppError as error:
            return f"here: {what} #{row.id} refused {error.code}"
        self._of(row.meeting_id).cancels += 1
        return f"here: {what} #{row.id}"

    def _invite_many(self) -> str:
        rooms = self.random.sample(self.rooms, self.random.randint(2, len(self.rooms)))
        who, title = self.random.choice(PEOPLE), self._title()
        span = self._slot(rooms[0])
        person = self.world.tenant.as_person(self.world.address(who))
        guests = ["guest@else.example"] if self.random.random() < 0.3 else []
        event = person.book(
            title, span.start, span.end, rooms=[self.world.address(room) for room in rooms], guests=guests
        )
        self.ledger.invited(event, who, rooms[0], span)
        return f"there: {who} invites {', '.join(rooms)} {span.start:%d %H:%M}"

    def _standing(self) -> Invitation | None:
        standing = [one for one in self.ledger.invitations if not one.cancelled and self._lives(one.event)]
        return self.random.choice(standing) if standing else None

    def _rename_invitation(self) -> str | None:
        one = self._standing()
        if one is None:
            return None
        title = self._title()
        made = self._by_event(one)
        made.wishes["subject"].append(Wish(title, str(one.event.item.subject) if one.event.item else "", "there"))
        self.world.tenant.as_person(self.world.address(one.who)).change(one.event, subject=title)
        return f"there: {one.who} renames an invitation to {title}"

    def _swap_rooms(self) -> str | None:
        one = self._standing()
        if one is None:
            return None
        rooms = self.random.sample(self.rooms, self.random.randint(1, 2))
        person = self.world.tenant.as_person(self.world.address(one.who))
        person.change(one.event, rooms=[self.world.address(room) for room in rooms])
        return f"there: {one.who} takes {', '.join(rooms)} for an invitation"

    # -- what was wanted of people's meetings

    @staticmethod
    def _lives(event: Booked) -> bool:
        return event.item is not None and not event.item.cancelled

    def _by_event(self, one: Invitation) -> PersonsMeeting:
        for made in self.meetings:
            known = made.event is not None and made.event.ical_uid == one.event.ical_uid
            if known or (made.meeting_id is not None and self._uid(made.meeting_id) == one.event.ical_uid):
                made.event = one.event
                return made
        made = PersonsMeeting(one.who, event=one.event)
        self.meetings.append(made)
        return made

    # -- judging

    def _check(self) -> None:
        super()._check()
        found = self.outcome.problems
        named = self.ledger.named()
        with self.world.transactions.reading() as session:
            reads = may_read_organizer(modes_of(session))
        events = self._events_of_people()
        found += self._twins(events)
        for made in self.meetings:
            found += self._judge_meeting(made, events, named, reads)

    def _events_of_people(self) -> dict[str, dict[str, Any]]:
        return {
            event["ical_uid"]: event
            for who in PEOPLE
            for event in live_there(self.world, who)
            if event["is_organizer"]
        }

    def _twins(self, events: dict[str, dict[str, Any]]) -> list[str]:
        """Events of ours in people's calendars that stand for one meeting, by whichever of its reservations."""
        with self.world.transactions.reading() as session:
            rows = session.execute(select(Reservation.public_id, Reservation.meeting_id))
            meetings = {public_id: meeting_id for public_id, meeting_id in rows}
        marks = Counter(
            meetings.get(mark.public_id, mark.public_id)
            for event in events.values()
            if (mark := parse_mark(event["transaction_id"])) is not None
        )
        return [f"{count} events of people stand for meeting {key}" for key, count in marks.items() if count > 1]

    def _judge_meeting(
        self, made: PersonsMeeting, events: dict[str, dict[str, Any]], named: str, reads: bool
    ) -> list[str]:
        """A person's event has the last word: what was wanted here is in it, overruled by who saw it, or named."""
        if made.meeting_id is None:
            return []
        rows = [row for row in live_here(self.world) if row.meeting_id == made.meeting_id]
        explained = any(f"#{row.id}#" in named for row in self._rows(made.meeting_id))
        uid = self._uid(made.meeting_id)
        event = events.get(uid or "")
        if event is None:
            alive = [row.id for row in rows if row.sync_state not in WAITS]
            return [f"reservations {alive} of a person's meeting that is gone"] if alive and not explained else []
        if explained:
            return []
        final = {"subject": event["subject"], "time": event["start"].isoformat()}
        found: list[str] = []
        for row in rows:
            if row.sync_state in WAITS or row.meeting.home is not Home.USER:
                continue
            if reads and row.meeting.title != final["subject"]:
                found.append(f"#{row.id} is called {row.meeting.title}, its event {final['subject']}")
        for group, wishes in made.wishes.items():
            seen = {wish.saw for wish in wishes}
            found += [
                f"lost {group} {wish.value} of {wish.side} of a person's meeting ({uid}, is {final[group]})"
                for wish in wishes
                if wish.side == "here"
                and wish.value not in (final[group], *seen)
                and wish.value not in named
                and not self._changed_there(uid, group)
            ]
        return found

    def _changed_there(self, uid: str | None, group: str) -> bool:
        """Whether the organizer changed that himself: his word is the last, and both values are kept in a conflict
        only where they met."""
        return any(
            wish.side == "there"
            for made in self.meetings
            if made.event is not None and made.event.ical_uid == uid
            for wish in made.wishes[group]
        ) or any(one.event.ical_uid == uid for one in self.ledger.invitations if group == "time" and one.moved)

    def _rows(self, meeting_id: int) -> list[Reservation]:
        with self.world.transactions.reading() as session:
            return list(session.scalars(select(Reservation).where(Reservation.meeting_id == meeting_id)))
