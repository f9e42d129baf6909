"""Two rooms in a migrated database, of each kind in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from webapp.database import Transactions
from webapp.domain.intervals import Span, Timed
from webapp.models import Connection, Mailbox, Occurrence, Reservation, Room
from webapp.reservations import service
from webapp.reservations.drafts import Draft

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"


@dataclass
class House:
    """What people do in it. Room 1, Aspen, is linked to mailbox 1; room 2, Birch, is not."""

    data: Transactions
    now: datetime = NOW

    def at(self, hour: float, until: float | None = None, day: int = 24) -> Timed:
        """A span of 24 November 2026, UTC hours; an hour long unless said otherwise."""
        start = datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour)
        return Timed(start, start + timedelta(hours=1 if until is None else until - hour))

    def book(self, span: Span, title: str = "Budget", room_id: int = 1, **more: Any) -> int:
        """Book; the reservation's id."""
        with self.data.writing() as session:
            return service.book(session, Draft(room_id, title, span, **more), "Ines", self.now).id

    def change(self, reservation_id: int, span: Span, seen: int, title: str = "Budget") -> int:
        """Change what was seen at that revision; the new revision."""
        with self.data.writing() as session:
            changed = service.change(session, reservation_id, Draft(1, title, span), seen, "Ines", self.now)
            return changed.meeting.revision

    def cancel(self, reservation_id: int, seen: int = 1) -> None:
        """Cancel what was seen at that revision."""
        with self.data.writing() as session:
            service.cancel(session, reservation_id, seen, "Ines", self.now)

    def starts(self, room_id: int = 1) -> list[datetime]:
        """Starts of what blocks the room."""
        query = select(Occurrence.starts_at).where(Occurrence.room_id == room_id, Occurrence.blocks)
        with self.data.reading() as session:
            return sorted(session.scalars(query))

    def reservation(self, reservation_id: int) -> Reservation:
        """A reservation with its meeting, detached."""
        with self.data.reading() as session:
            row = session.get_one(Reservation, reservation_id)
            _ = row.meeting.title, row.occurrences
            session.expunge_all()
            return row

    def count(self, what: Any) -> int:
        """Rows of a table."""
        with self.data.reading() as session:
            return len(session.scalars(select(what)).all())

    def write(self, act: Callable[[Session], Any]) -> None:
        """One transaction."""
        with self.data.writing() as session:
            act(session)


@pytest.fixture
def house(database: Engine) -> House:
    """The rooms."""
    data = Transactions(database)
    with data.writing() as session:
        session.add(Connection(id=1, name="contoso", client_id="c", tenant_id="t", created_at=NOW))
        session.flush()
        session.add(Mailbox(id=1, connection_id=1, address="aspen@contoso.example"))
        session.flush()
        session.add(
            Room(
                id=1,
                name="Aspen",
                time_zone=ZONE,
                created_at=NOW,
                connection_id=1,
                external_address="aspen@contoso.example",
                mailbox_id=1,
                sync_active=True,
            )
        )
        session.add(Room(id=2, name="Birch", time_zone=ZONE, created_at=NOW))
    return House(data)


def all_at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Call each in a thread of its own, all let go together; results in order, an exception being a result too."""
    results: list[Any] = [None] * len(acts)
    barrier = Barrier(len(acts))

    def call(number: int) -> None:
        barrier.wait()
        try:
            results[number] = acts[number]()
        except Exception as error:
            results[number] = error

    threads = [Thread(target=call, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
