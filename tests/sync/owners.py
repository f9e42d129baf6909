"""Meetings in people's calendars as the random world knows them, and what owners do there to those made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from tests.sync.harness import PEOPLE, Harness
from tests.sync.oracle import Wish
from tests.tenant import Booked
from webapp.models import Meeting, Reservation
from worker.sync.recognise import parse_mark


@dataclass
class PersonsMeeting:
    """A meeting in a person's calendar and what people wanted of it, on both sides."""

    who: str
    meeting_id: int | None = None
    event: Booked | None = None
    wishes: dict[str, list[Wish]] = field(default_factory=lambda: {"subject": [], "time": []})
    cancels: int = 0


class Owners(Harness):
    """Owners rename, move, or give other rooms to the events that were made here in their calendars."""

    meetings: list[PersonsMeeting]
    edited: set[str]
    """iCalUIds of these: while our create is in doubt they may look like a stranger's."""

    def _owner_acts(self) -> str | None:
        found = [
            (who, event)
            for who in PEOPLE
            for event in self.world.tenant.events(self.world.address(who))
            if event["is_organizer"] and not event["is_cancelled"] and parse_mark(event["transaction_id"]) is not None
        ]
        if not found:
            return None
        who, event = self.random.choice(found)
        self.edited.add(event["ical_uid"])
        made = self._made_here(event)
        made.event = self.world.tenant.booked(self.world.address(who), event["immutable_id"])
        did = self.random.choice([self._rename, self._move, self._rename, self._move, self._invite_others])(
            made, event
        )
        return f"there: {who} {did} {event['subject']}, made here"

    def _rename(self, made: PersonsMeeting, event: dict[str, Any]) -> str:
        title = self._title()
        made.wishes["subject"].append(Wish(title, event["subject"], "there"))
        self._change_as_owner(made, subject=title)
        return f"gives the title {title} to"

    def _move(self, made: PersonsMeeting, event: dict[str, Any]) -> str:
        span = self._slot(self.random.choice(self.rooms))
        made.wishes["time"].append(Wish(span.start.isoformat(), event["start"].isoformat(), "there"))
        self._change_as_owner(made, start=span.start, end=span.end)
        return f"moves to {span.start:%d %H:%M}"

    def _invite_others(self, made: PersonsMeeting, _event: dict[str, Any]) -> str:
        rooms = self.random.sample(self.rooms, self.random.randint(1, 2))
        self._change_as_owner(made, rooms=[self.world.address(room) for room in rooms])
        return f"takes {', '.join(rooms)} for"

    def _change_as_owner(self, made: PersonsMeeting, **changes: Any) -> None:
        assert made.event is not None, "its owner sees it"
        self.world.tenant.as_person(made.event.address).change(made.event, **changes)

    def _made_here(self, event: dict[str, Any]) -> PersonsMeeting:
        mark = parse_mark(event["transaction_id"])
        assert mark is not None, "it was made here"
        with self.world.transactions.reading() as session:
            query = select(Reservation.meeting_id).where(Reservation.public_id == mark.public_id)
            return self._of(session.scalars(query).one())

    def _of(self, meeting_id: int) -> PersonsMeeting:
        for made in self.meetings:
            if made.meeting_id == meeting_id:
                return made
        uid = self._uid(meeting_id)
        for made in self.meetings:
            if made.event is not None and made.event.ical_uid == uid:
                made.meeting_id = meeting_id
                return made
        made = PersonsMeeting("", meeting_id=meeting_id)
        self.meetings.append(made)
        return made

    def _uid(self, meeting_id: int) -> str | None:
        with self.world.transactions.reading() as session:
            return session.scalars(select(Meeting.ical_uid).where(Meeting.id == meeting_id)).one()
