"""A panel with a database of its own, signed in, and short ways to fill it; for tests of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.webapp.conftest import KeptSession, ListeningBell, Person
from webapp.database import Transactions
from webapp.domain.intervals import Span, Timed
from webapp.domain.words import Answer, Home, LinkRole, LinkState, MailboxKind, MeetingKind, Reach, RoomState
from webapp.models import Connection, Credential, Link, Mailbox, Reservation, Room, RoomChoice, SyncSettings
from webapp.reservations.remote import RemoteMeeting, import_remote
from webapp.reservations.rows import Dated
from webapp.reservations.service import Draft, book

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday; 09:00 in London and 10:00 in Berlin."""


class World:
    """The panel, Ines Okafor signed in, and rows to look at."""

    def __init__(self, app: Flask, data: Transactions, admin: Person, bell: ListeningBell) -> None:
        self.app, self.data, self.admin, self.bell = app, data, admin, bell

    @contextmanager
    def rows(self) -> Iterator[Session]:
        """A session of the panel's database, committed at the end."""
        with self.data.writing() as session:
            yield session

    def get(self, path: str, *, htmx: bool = False) -> TestResponse:
        return self.admin.get(path, hx=htmx)

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> TestResponse:
        return self.admin.post(path, data, hx=htmx)

    def jobs(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What was rung: (job, arguments)."""
        return [(job, args) for job, args, _queue in self.bell.rung]

    def connection(self, name: str = "larkfield-hq") -> int:
        with self.rows() as session:
            made = Connection(
                name=name,
                client_id="4d7f20c9-61be-4a0e-9c55-7be1f0a2d683",
                tenant_id="larkfield.example",
                created_at=NOW,
                credential=Credential(secret_id="", secret_encrypted="x", stored_at=NOW),
            )
            session.add(made)
            session.flush()
            return made.id

    def choice(self, connection_id: int, address: str, name: str) -> None:
        with self.rows() as session:
            session.add(RoomChoice(connection_id=connection_id, address=address, name=name, listed_at=NOW))

    def room(self, name: str = "Alder", **fields: Any) -> int:
        with self.rows() as session:
            made = Room(**{"name": name, "time_zone": "Europe/London", "created_at": NOW} | fields)
            session.add(made)
            session.flush()
            return made.id

    def linked_room(self, name: str = "Alder", state: RoomState = RoomState.ACTIVE, **fields: Any) -> int:
        with self.rows() as session:
            found = session.scalar(select(Connection.id).limit(1))
        connection_id = found or self.connection()
        address = fields.pop("address", f"{name.lower().replace(' ', '-')}@larkfield.example")
        with self.rows() as session:
            mailbox = Mailbox(connection_id=connection_id, address=address.lower())
            session.add(mailbox)
            session.flush()
            made = Room(
                **{
                    "name": name,
                    "time_zone": "Europe/London",
                    "created_at": NOW,
                    "connection_id": connection_id,
                    "external_address": address,
                    "mailbox_id": mailbox.id,
                    "sync_active": state is not RoomState.OFF,
                    "sync_state": state,
                    "sync_state_since": NOW,
                }
                | fields
            )
            session.add(made)
            session.flush()
            return made.id

    def sync_on(self, on: bool = True) -> None:
        with self.rows() as session:
            session.get_one(SyncSettings, 1).enabled = on

    def modes(self, *, delegation: bool = False, strict: bool = False, create: bool = False) -> None:
        """What may be read and written in people's calendars."""
        with self.rows() as session:
            row = session.get_one(SyncSettings, 1)
            row.delegation, row.strict, row.create_in_owner = delegation, strict, create

    def person_mailbox(self, email: str, reach: Reach) -> None:
        """What was learned of a person's mailbox."""
        with self.rows() as session:
            connection_id = session.scalars(select(Connection.id).limit(1)).one()
            mailbox = Mailbox(connection_id=connection_id, kind=MailboxKind.PERSON, address=email, reach=reach)
            session.add(mailbox)

    def booking(self, room_id: int, span: Span | None = None, **draft: Any) -> int:
        """A reservation made here; by default today from 10:00 to 11:00 UTC."""
        with self.rows() as session:
            values = {"title": "Works committee", "span": span or at(10, 11)} | draft
            return book(session, Draft(room_id=room_id, **values), "Ines", NOW).id

    def imported(self, room_id: int, span: Span | None = None, uid: str = "uid-1", **remote: Any) -> int:
        """A reservation that came from Outlook, with its link."""
        span = span or at(13, 14)
        values: dict[str, Any] = {
            "home": Home.USER,
            "kind": MeetingKind.SINGLE,
            "dates": (Dated(span),),
            "answer": Answer.ORGANIZER if remote.get("home") == Home.RESOURCE else Answer.ACCEPTED,
            "organizer_name": "Tomasz Brandt",
            "organizer_email": "tomasz@larkfield.example",
        }
        with self.rows() as session:
            meeting = RemoteMeeting(tenant_guid="t", ical_uid=uid, span=span, **values | remote)
            reservation = import_remote(session, room_id, meeting, NOW)
            self.link(session, reservation, uid)
            return reservation.id

    def link(self, session: Session, reservation: Reservation, event_id: str) -> Link:
        made = Link(
            mailbox_id=reservation.room.mailbox_id,
            event_id=event_id,
            role=LinkRole.COPY,
            state=LinkState.LINKED,
            reservation_id=reservation.id,
            created_at=NOW,
        )
        session.add(made)
        session.flush()
        return made


def at(start: float, end: float, day: int = 0) -> Timed:
    """A span on the test's Monday (plus `day` days), in hours UTC."""
    midnight = NOW.replace(hour=0) + timedelta(days=day)
    return Timed(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


def text_of(response: TestResponse) -> str:
    """What a reader sees: no tags, entities resolved, white space squeezed."""
    return squeezed(response.text)


def squeezed(html: str) -> str:
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|title)\b.*?</\1>", " ", html))
    return " ".join(unescape(bare).split())


@pytest.fixture
def world(app: Flask, data: Transactions, bell: ListeningBell, kept_on_monday: KeptSession) -> Iterator[World]:
    """The panel on Monday morning, with sync switched on."""
    with time_machine.travel(NOW, tick=False):
        made = World(app, data, kept_on_monday.enter(app), bell)
        made.sync_on()
        yield made
