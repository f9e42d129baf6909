"""What people wanted, and whether it came true: the judge of the harness, independent of the sync's own tables."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from tests.sync import asked_about
from tests.sync.world import World
from tests.tenant import Booked
from webapp.domain.intervals import Timed
from webapp.domain.words import AttemptState, Home, SyncState
from webapp.models import (
    Attempt,
    Base,
    Conflict,
    Hold,
    HoldAction,
    Link,
    Meeting,
    MeetingException,
    Occurrence,
    Outbox,
    Reservation,
    Tombstone,
)
from worker.sync.recognise import parse_mark

QUIET = (Meeting, MeetingException, Reservation, Occurrence, Link, Outbox, Hold, HoldAction, Conflict, Tombstone)
NOT_CONTENT = {
    "seen_at",
    "shown_since",
    "removed_told",
    "observed",
    "looks",
    "subject_seen_at",
    "next_look_at",
    "authority_look_at",
    "authority_looks",
    "tries",
    "base_change_key",
}


def live_here(world: World) -> list[Reservation]:
    """Reservations that are not cancelled, detached."""
    with world.transactions.reading() as session:
        rows = list(
            session.scalars(
                select(Reservation)
                .where(Reservation.cancelled_at.is_(None))
                .options(joinedload(Reservation.meeting))
                .order_by(Reservation.id)
            )
        )
        session.expunge_all()
        return rows


def live_there(world: World, room: str) -> list[dict[str, Any]]:
    """Events of a room's calendar that are neither cancelled nor declined."""
    return [
        event
        for event in world.tenant.events(world.address(room))
        if not event["is_cancelled"] and event["response"] != "declined"
    ]


def dump(world: World) -> dict[str, list[str]]:
    """The rows that a quiet run must not touch (I4)."""
    found: dict[str, list[str]] = {}
    with world.transactions.reading() as session:
        for model in QUIET:
            table: type[Base] = model
            columns = [c for c in table.__table__.columns if c.name not in NOT_CONTENT]
            rows = session.execute(select(*columns).order_by(*table.__table__.primary_key.columns))
            found[table.__tablename__] = [repr(tuple(row)) for row in rows]
    return found


@dataclass
class Wish:
    """One thing that somebody wanted: a value of a group, and what he saw there before."""

    value: str
    saw: str
    side: str


@dataclass
class Thing:
    """One meeting of a room's own calendar, by its mark or its iCalUId, and all that people wanted of it."""

    key: str
    wishes: dict[str, list[Wish]] = field(default_factory=lambda: {"subject": [], "time": []})
    cancels: int = 0
    cancelled_here: bool = False
    unasked: list[str] = field(default_factory=list)
    """What people changed there after it was cancelled here: it goes only if a person says so (§2.7)."""
    given_up: set[str] = field(default_factory=set)
    """What was seen by those who cancelled it: nobody misses that, even where it goes on as something else."""


@dataclass
class Invitation:
    """A person's meeting in a room."""

    event: Booked
    who: str
    room: str
    span: Timed
    cancelled: bool = False
    moved: bool = False


class Ledger:
    """All wishes, by thing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.things: dict[str, Thing] = {}
        self.invitations: list[Invitation] = []
        self.aliases: dict[str, str] = {}
        """Keys of reservations that moved between rooms, by the key of the thing they stand for."""

    # -- writing it down

    def made_here(self, reservation_id: int, title: str, span: Timed) -> None:
        """Somebody booked here."""
        thing = self._thing(self._key_here(reservation_id))
        thing.wishes["subject"].append(Wish(title, "", "here"))
        thing.wishes["time"].append(Wish(_text(span), "", "here"))

    def changed_here(self, row: Reservation, title: str | None, span: Timed | None) -> None:
        """Somebody changed a reservation here; `row` is what he saw."""
        thing = self._thing(self._key_here(row.id))
        if title is not None:
            thing.wishes["subject"].append(Wish(title, row.meeting.title, "here"))
        if span is not None:
            thing.wishes["time"].append(Wish(_text(span), _text_of(row.meeting), "here"))

    def moved_here(self, row: Reservation) -> None:
        """Somebody moved a reservation to another room: the new one stands for the same thing."""
        thing = self._thing(self._key_here(row.id))
        with self.world.transactions.reading() as session:
            query = select(Reservation).where(Reservation.meeting_id == row.meeting_id, Reservation.id != row.id)
            for other in session.scalars(query):
                self.aliases[self._key_here(other.id)] = thing.key
        self.aliases.setdefault(self._key_here(row.id), thing.key)

    def cancelled_here(self, row: Reservation) -> None:
        """Somebody cancelled here."""
        thing = self._thing(self._key_here(row.id))
        thing.cancels, thing.cancelled_here = thing.cancels + 1, True
        thing.given_up |= {row.meeting.title, _text_of(row.meeting)}

    def made_there(self, event: Booked, room: str, title: str, span: Timed) -> None:
        """A delegate booked in the room's calendar."""
        thing = self._thing(event.ical_uid)
        thing.wishes["subject"].append(Wish(title, "", "there"))
        thing.wishes["time"].append(Wish(_text(span), "", "there"))

    def changed_there(self, event: dict[str, Any], title: str | None, span: Timed | None) -> None:
        """Somebody changed an event of the room's; `event` is what he saw."""
        thing = self._thing(_key_there(event))
        if title is not None:
            thing.wishes["subject"].append(Wish(title, event["subject"], "there"))
        if span is not None:
            thing.wishes["time"].append(Wish(_text(span), _text(Timed(event["start"], event["end"])), "there"))
        if thing.cancelled_here:
            thing.unasked.append(title or _text(span or Timed(event["start"], event["end"])))

    def cancelled_there(self, event: dict[str, Any]) -> None:
        """Somebody deleted an event of the room's."""
        thing = self._thing(_key_there(event))
        thing.cancels, thing.unasked = thing.cancels + 1, []
        thing.given_up |= {event["subject"], _text(Timed(event["start"], event["end"]))}

    def is_in_doubt(self, event: dict[str, Any]) -> bool:
        """Whether our create or our removal of this event was never answered: nobody could tell its deletion by a
        person from its absence, or from ours, so the harness lets nobody delete it."""
        made, removed = event["transaction_id"], event["immutable_id"]
        ours = Attempt.event_id == removed
        if made is not None:
            ours = ours | (Attempt.transaction_id == made)
        with self.world.transactions.reading() as session:
            query = select(Attempt.id).where(ours, Attempt.state == AttemptState.OPEN)
            return session.scalar(query.limit(1)) is not None

    def invited(self, event: Booked, who: str, room: str, span: Timed) -> None:
        """A person invited a room."""
        self.invitations.append(Invitation(event, who, room, span))

    def some_invitation(self, draw: random.Random) -> Invitation | None:
        """One that still stands."""
        open_ones = [
            one
            for one in self.invitations
            if not one.cancelled and one.event.item is not None and not one.event.item.cancelled
        ]
        return draw.choice(open_ones) if open_ones else None

    def _thing(self, key: str) -> Thing:
        key = self.aliases.get(key, key)
        return self.things.setdefault(key, Thing(key))

    def _key_here(self, reservation_id: int) -> str:
        """Made here: the reservation's random id. Made there: the iCalUId that joins it."""
        row = self.world.reservation(reservation_id)
        if row.meeting.origin == "outlook" and row.meeting.ical_uid:
            return row.meeting.ical_uid
        return row.public_id

    # -- judging

    def problems(self) -> list[str]:
        """Everything that went wrong, in words."""
        found: list[str] = []
        named = self._named()
        here = self._things_here(found)
        there = self._things_there(here, found)
        for key, thing in self.things.items():
            found += self._judge(thing, here.get(key), there.get(key), named)
        found += [f"ghost here: #{row.id} {key}" for key, row in here.items() if key not in self.things]
        found += [f"ghost there: {event['subject']} {key}" for key, event in there.items() if key not in self.things]
        found += self._judge_invitations()
        found += self._unexplained_overlaps()
        return found

    def _things_here(self, found: list[str]) -> dict[str, Reservation]:
        """Live reservations of the rooms' own meetings, by thing; a move that is over leaves one."""
        here: dict[str, Reservation] = {}
        for row in live_here(self.world):
            if row.meeting.home is not Home.RESOURCE:
                continue
            key = self._alias(self._key_here(row.id))
            if key in here:
                found.append(f"duplicate here: #{here[key].id} and #{row.id} ({key})")
            here[key] = row
        return here

    def _things_there(self, here: dict[str, Reservation], found: list[str]) -> dict[str, dict[str, Any]]:
        """Live events of the rooms' own, by thing. One more than one may be there while a person is asked: that of
        the room which the thing left, edited in Outlook before it could be removed (§2.7)."""
        there: dict[str, dict[str, Any]] = {}
        asked = asked_about.edited_events(self.world)
        for room in self.world.rooms:
            for event in live_there(self.world, room):
                if not event["is_organizer"]:
                    continue
                # A twin that somebody changed before it was healed is a meeting of its own, by its iCalUId.
                key = event["ical_uid"] if event["ical_uid"] in here else _key_there(event)
                key = self._alias(key)
                if key in there and event["transaction_id"] in asked:
                    continue
                if key in there and there[key]["transaction_id"] not in asked:
                    found.append(f"duplicate there: {event['subject']} ({key})")
                there[key] = event
        return there

    def _alias(self, key: str) -> str:
        return self.aliases.get(key, key)

    def named(self) -> str:
        """Everything that conflicts and holds name, as one text to search in."""
        return self._named()

    def _judge(self, thing: Thing, here: Reservation | None, there: dict[str, Any] | None, named: str) -> list[str]:
        explained = thing.key in named or (here is not None and f"#{here.id}#" in named)
        if here is None and there is None:
            if explained:
                return []
            if thing.unasked:
                return [f"lost {thing.unasked[-1]} of there, cancelled here without asking ({thing.key})"]
            return [] if thing.cancels else [f"lost on both sides: {thing.key} {_last(thing)}"]
        if here is None or there is None:
            if explained or (here is not None and here.withdrawn_at is not None):
                return []
            return [f"only {'here' if here else 'there'}: {thing.key} {_last(thing)} cancels={thing.cancels}"]
        found = []
        if thing.cancels and not explained:
            found.append(f"revived: {thing.key} {_last(thing)}")
        final = {"subject": here.meeting.title, "time": _text_of(here.meeting)}
        other = {"subject": there["subject"], "time": _text(Timed(there["start"], there["end"]))}
        held = self._is_held_back(here.id)
        for group in ("subject", "time"):
            if final[group] != other[group] and not held:
                found.append(f"differs in {group}: #{here.id} here {final[group]} there {other[group]}")
            found += self._lost_wishes(thing, group, final[group], named)
        return found

    def _lost_wishes(self, thing: Thing, group: str, final: str, named: str) -> list[str]:
        seen = {wish.saw for wish in thing.wishes[group]} | thing.given_up
        return [
            f"lost {group} {wish.value} of {wish.side} ({thing.key}, is {final})"
            for wish in thing.wishes[group]
            if wish.value not in (final, *seen) and wish.value not in named
        ]

    def _named(self) -> str:
        """Everything that conflicts and holds name, as one text to search in."""
        parts: list[str] = []
        with self.world.transactions.reading() as session:
            for conflict in session.scalars(select(Conflict)):
                ids = [conflict.reservation_id, conflict.other_reservation_id]
                if conflict.kind == "overlap":
                    continue
                parts += [json.dumps([conflict.here, conflict.there]), *(f"#{i}#" for i in ids)]
                parts += [self._alias(self._key_here(i)) for i in ids if i is not None]
            for action in session.scalars(select(HoldAction)):
                parts += [json.dumps([action.before, action.after]), f"#{action.reservation_id}#"]
                if action.reservation_id is not None:
                    parts.append(self._alias(self._key_here(action.reservation_id)))
        return "\n".join(parts)

    def _is_held_back(self, reservation_id: int) -> bool:
        """Whether an open hold names this reservation."""
        with self.world.transactions.reading() as session:
            query = (
                select(HoldAction.id)
                .join(Hold)
                .where(Hold.closed_at.is_(None), HoldAction.reservation_id == reservation_id)
            )
            return session.scalar(query.limit(1)) is not None

    def _judge_invitations(self) -> list[str]:
        """Each invitation that the room holds is here once, at its time; none that it does not hold is."""
        found: list[str] = []
        rows = [row for row in live_here(self.world) if row.meeting.home is Home.USER]
        here = Counter((row.room_id, row.meeting.ical_uid) for row in rows)
        held = {(row.room_id, row.meeting.ical_uid) for row in rows if self._is_held_back(row.id)}
        blocks, doubted, ending = self._blocks(), asked_about.doubted(self.world), asked_about.being_ended(self.world)
        for room, room_id in self.world.rooms.items():
            copies = [e for e in live_there(self.world, room) if not e["is_organizer"]]
            for event in copies:
                count = here.pop((room_id, event["ical_uid"]), 0)
                waits = (room_id, event["start"], event["end"]) in doubted or (room_id, event["ical_uid"]) in ending
                if count == 0 and waits:
                    continue
                if count != 1:
                    found.append(f"invitation of {room} is here {count} times: {event['start']}")
                elif (room_id, event["start"], event["end"]) not in blocks and (
                    room_id,
                    event["ical_uid"],
                ) not in held:
                    found.append(f"invitation of {room} blocks another time: {event['start']}")
        unsent = asked_about.doubted_meetings(self.world)
        waits = {
            (row.room_id, row.meeting.ical_uid)
            for row in rows
            if row.sync_state in (SyncState.AWAITING, SyncState.DECLINED, SyncState.HELD) or row.meeting_id in unsent
        }
        found += [f"invitation that the room does not hold: {key}" for key in here if key not in held | waits]
        return found

    def _blocks(self) -> set[tuple[int, datetime, datetime]]:
        with self.world.transactions.reading() as session:
            rows = session.execute(select(Occurrence.room_id, Occurrence.starts_at, Occurrence.ends_at))
            return {(row[0], row[1], row[2]) for row in rows}

    def _unexplained_overlaps(self) -> list[str]:
        """I7: no two blocking reservations overlap without an open conflict that names both."""
        with self.world.transactions.reading() as session:
            rows = session.scalars(select(Occurrence).where(Occurrence.blocks)).all()
            pairs = {
                frozenset((a.reservation_id, b.reservation_id))
                for a in rows
                for b in rows
                if a.room_id == b.room_id
                and a.reservation_id < b.reservation_id
                and a.starts_at < b.ends_at
                and b.starts_at < a.ends_at
            }
            told = {
                frozenset((c.reservation_id, c.other_reservation_id or 0))
                for c in session.scalars(select(Conflict).where(Conflict.ended_at.is_(None)))
            }
        return [f"overlap without a conflict: {sorted(pair)}" for pair in pairs - told]


def _key_there(event: dict[str, Any]) -> str:
    mark = parse_mark(event["transaction_id"])
    return mark.public_id if mark is not None else str(event["ical_uid"])


def _text(span: Timed) -> str:
    return span.start.isoformat()


def _text_of(meeting: Meeting) -> str:
    assert meeting.starts_at is not None, "the harness books no whole days"
    return meeting.starts_at.isoformat()


def _last(thing: Thing) -> str:
    return thing.wishes["subject"][-1].value if thing.wishes["subject"] else "?"
