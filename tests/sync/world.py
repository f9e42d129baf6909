"""A small world for tests of the sync: one tenant in memory, one database, one worker, one clock for all.

`U` people act through `world.tenant.as_person(...)`; people here through `world.book(...)` and its like;
`world.run()` syncs until nothing is left to do, advancing the fake clock over waits.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, bindparam, create_engine, select, union_all, update

from tests.support.compiled import sharing_statements
from tests.sync import beginnings
from tests.tenant import Tenant
from webapp.database import Transactions, prepare_engine
from webapp.domain.access import may_read_organizer
from webapp.domain.intervals import Span, Timed
from webapp.domain.words import LinkState, RoomState
from webapp.models import (
    Attempt,
    Base,
    Conflict,
    Connection,
    Hold,
    Install,
    Link,
    Mailbox,
    Meeting,
    Occurrence,
    Outbox,
    Reservation,
    Room,
    RoomChoice,
    SyncSettings,
)
from webapp.outbox import want_run
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.reservations.reading import start_reading, stop_reading
from webapp.reservations.rows import span_of, title_of
from webapp.sync_settings.modes import modes_of
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient
from worker.graph.throttle import Gate
from worker.graph.token import Credentials, TokenSource
from worker.process import subject_digest
from worker.room_run.run import RoomSync
from worker.store import claims

ZONE = "Europe/Berlin"
INSTALL = "a1b2c3d4"

IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where a world's database lives, if there is such a place: what a disk does is no matter of these tests."""

_LINK = select(Room.mailbox_id, Room.sync_active).where(Room.id == bindparam("room"))
_PUT_OFF = union_all(
    select(Mailbox.next_look_at),
    select(Mailbox.not_before),
    select(Outbox.not_before).where(Outbox.parked.is_(False)),
    select(Attempt.next_look_at).where(Attempt.next_look_at <= bindparam("soon")),
    select(Meeting.authority_look_at).where(Meeting.authority_look_at <= bindparam("soon")),
)
"""What every story asks after every run, made once."""

_template: Path | None = None


def empty_database() -> Engine:
    """A new SQLite file with all tables, copied from one that is made once."""
    global _template
    folder = Path(tempfile.mkdtemp(prefix="world-", dir=IN_MEMORY))
    if _template is None:
        _template = Path(tempfile.mkdtemp(prefix="world-template-", dir=IN_MEMORY)) / "template.db"
        engine = create_engine(f"sqlite:///{_template}")
        prepare_engine(engine)
        Base.metadata.create_all(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
    path = folder / "world.db"
    shutil.copy(_template, path)
    return sharing_statements(create_engine(f"sqlite:///{path}"))


@dataclass
class World:
    """Everything a sync test needs; rooms are named by their first name, e.g. `alder`."""

    seed: int = 0
    engine: Engine | None = None
    rooms: dict[str, int] = field(default_factory=dict)
    wrap_transactions: Callable[[Engine], Transactions] = Transactions

    def __post_init__(self) -> None:
        self.engine = self.engine or empty_database()
        prepare_engine(self.engine)
        self.tenant = Tenant(seed=self.seed)
        self.app = self.tenant.register_app()
        self.transactions = self.wrap_transactions(self.engine)
        self.client = self.new_client()
        with self.transactions.writing() as session:
            session.add_all(
                [
                    SyncSettings(id=1, enabled=True),
                    Install(id=1, mark=INSTALL, made_at=self.now()),
                    Connection(
                        id=1,
                        name="contoso",
                        client_id=self.app.client_id,
                        tenant_id=self.tenant.tenant_id,
                        created_at=self.now(),
                        places_listed_at=self.now(),
                    ),
                ]
            )
        self.worker = self.new_worker("worker-1")

    def new_client(self) -> GraphClient:
        """A client that has asked for nothing yet."""
        session = self.tenant.session()
        credentials = Credentials(self.tenant.tenant_id, self.app.client_id, self.app.secret)
        origin = self.tenant.graph_origin
        tokens = TokenSource(credentials, self.tenant.authority_origin, f"{origin}/.default", session, now=self.now)
        return GraphClient(self.tenant.graph_base_url, tokens, session, self._gate())

    def _gate(self) -> Gate:
        """Waits pass on the world's clock."""
        return Gate(now=self.seconds, pause=lambda _condition, seconds: self.tenant.advance(max(seconds, 0.001)))

    def now(self) -> datetime:
        """The world's one clock."""
        return self.tenant.clock.now()

    def seconds(self) -> float:
        """The same clock for code that measures waits."""
        return self.now().timestamp()

    def new_worker(self, owner: str) -> RoomSync:
        """Another worker on the same database and tenant."""
        return RoomSync(
            transactions=self.transactions,
            open_calendar=lambda _connection, address: (
                GraphCalendar(self.client, address),
                self.client.tokens.token().tenant_guid,
            ),
            now=self.now,
            digest=subject_digest("a secret of the tests"),
            install=INSTALL,
            owner=owner,
        )

    # -- rooms

    def add_room(self, name: str, *, link: bool = True, zone: str = ZONE, **room: object) -> int:
        """A room here and in the tenant, linked and under sync unless said otherwise."""
        address = f"{name}@{self.tenant.domain}"
        self.tenant.add_room(address, name=name.title(), **room)
        with self.transactions.writing() as session:
            session.add(RoomChoice(connection_id=1, address=address, name=name.title(), listed_at=self.now()))
            row = Room(name=name.title(), time_zone=zone, created_at=self.now(), sync_fields={})
            session.add(row)
            session.flush()
            self.rooms[name] = row.id
        if link:
            self.link(name)
        return self.rooms[name]

    def begin_with(
        self, *names: str, delegation: bool = False, strict: bool = False, create: bool = False, **policy: Any
    ) -> None:
        """These rooms linked, and their first full runs over; what a scenario that tells of something else begins
        with. `policy` is that of the rooms' assistants."""

        def make(world: World) -> None:
            for name in names:
                world.add_room(name)
                if policy:
                    world.tenant.set_policy(world.address(name), **policy)
            if delegation or strict or create:
                world.set_modes(delegation=delegation, strict=strict, create=create)
            world.run()

        beginnings.begin(self, (names, delegation, strict, create, *sorted(policy.items())), make)

    def link(self, name: str) -> None:
        """Link the room to its calendar and ask for the first full run."""
        with self.transactions.writing() as session:
            room = session.get_one(Room, self.rooms[name])
            mailbox = Mailbox(connection_id=1, address=self.address(name))
            session.add(mailbox)
            session.flush()
            room.connection_id, room.external_address, room.mailbox_id = 1, self.address(name), mailbox.id
            room.sync_active, room.sync_state = True, RoomState.PENDING
            want_run(session, mailbox.id, full=True)

    def address(self, name: str) -> str:
        """The room's address in the tenant."""
        return f"{name}@{self.tenant.domain}"

    def mailbox_id(self, name: str) -> int:
        """The id of the room's mailbox row."""
        found, _ = self._link(name)
        assert found is not None, "the room is linked"
        return found

    def _link(self, name: str) -> tuple[int | None, bool]:
        with self.transactions.reading() as session:
            mailbox_id, active = session.execute(_LINK, {"room": self.rooms[name]}).one()
        return mailbox_id, active

    # -- people here

    def at(self, hours: float, minutes: float = 60) -> Timed:
        """A span that starts so many hours from the clock's start of tomorrow, UTC."""
        day = self.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        start = day + timedelta(hours=hours)
        return Timed(start, start + timedelta(minutes=minutes))

    def book(self, room: str, title: str, span: Span, **more: object) -> int:
        """A person here books; returns the reservation's id. Raises what the service raises."""
        draft = Draft(self.rooms[room], title, span, **more)  # type: ignore[arg-type]
        with self.transactions.writing() as session:
            return service.book(session, draft, "Ines", self.now()).id

    def change(self, reservation_id: int, *, title: str | None = None, span: Span | None = None) -> None:
        """A person here changes a reservation as it is now."""
        with self.transactions.writing() as session:
            row = session.get_one(Reservation, reservation_id)
            meeting = row.meeting
            draft = Draft(
                row.room_id,
                title_of(meeting) if title is None else title,
                span_of(meeting) if span is None else span,
                is_private=meeting.is_private,
                owner_email=meeting.owner.email if meeting.owner else "",
            )
            service.change(session, row.id, draft, meeting.revision, "Ines", self.now())

    def cancel(self, reservation_id: int) -> None:
        """A person here cancels a reservation as it is now."""
        self.act(reservation_id, "cancel")

    def act(self, reservation_id: int, what: str) -> None:
        """`cancel`, `cancel_meeting` or `decline`, as a person here does it."""
        with self.transactions.writing() as session:
            row = session.get_one(Reservation, reservation_id)
            getattr(service, what)(session, row.id, row.meeting.revision, "Ines", self.now())

    def set_modes(self, *, delegation: bool = False, strict: bool = False, create: bool = False) -> None:
        """The three settings about people's mailboxes."""
        with self.transactions.writing() as session:
            read = may_read_organizer(modes_of(session))
            session.execute(update(SyncSettings).values(delegation=delegation, strict=strict, create_in_owner=create))
            reads = may_read_organizer(modes_of(session))
            if read and not reads:
                stop_reading(session)
            elif reads and not read:
                start_reading(session, self.now())

    # -- syncing

    def want(self, name: str, *, full: bool = False) -> None:
        """Somebody (the poll, a person) asks for a run."""
        with self.transactions.writing() as session:
            want_run(session, self.mailbox_id(name), full=full)

    def run_once(self, *names: str) -> None:
        """One run of each room that is due for it, after asking for one."""
        for name in names or self.rooms:
            self.want(name)
            self.worker.run(self.mailbox_id(name))

    def run(self, patience: int = 40, *, settle: bool = True, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Sync until nothing is left to do, advancing the clock over every wait; `meanwhile` somebody looks in."""
        for name in self.rooms:
            if self.is_linked(name):
                self.want(name)
        for _ in range(patience):
            if settle:
                self.tenant.settle()
            meanwhile()
            due = self.due()
            if not due:
                wait = self._next_wait()
                if wait is None:
                    return
                self.tenant.advance(max(wait, 0.001))
                continue
            for mailbox_id in due:
                self.worker.run(mailbox_id)
        raise AssertionError(f"still work after {patience} rounds: {self.due()} wait {self._next_wait()}")

    def is_linked(self, name: str) -> bool:
        """Whether the room is under sync."""
        mailbox_id, active = self._link(name)
        return mailbox_id is not None and active

    def due(self) -> list[int]:
        """Mailboxes that the clock would ring for now."""
        with self.transactions.reading() as session:
            return claims.due(session, self.now(), 100)

    def _next_wait(self) -> float | None:
        """Seconds until something falls due, of what sync itself put off; None at rest."""
        soon = self.now() + timedelta(minutes=16)  # what is looked at later than that is no work in progress
        with self.transactions.reading() as session:
            times = session.scalars(_PUT_OFF, {"soon": soon}).all()
        waits = [(t - self.now()).total_seconds() for t in times if t is not None]
        return min((seconds for seconds in waits if seconds > 0), default=None)

    def wake_after_a_kill(self) -> None:
        """In a fork of the worker's process: everything that a process has in memory is made anew, on a copy of what
        was committed; leases have run out."""
        assert self.engine is not None and self.engine.url.database, "made at the start"
        path = Path(tempfile.mkdtemp(prefix="world-", dir=IN_MEMORY)) / "world.db"
        for end in ("", "-wal"):
            shutil.copy(f"{self.engine.url.database}{end}", f"{path}{end}")
        self.engine = sharing_statements(create_engine(f"sqlite:///{path}"))
        prepare_engine(self.engine)
        self.transactions = self.wrap_transactions(self.engine)
        self.client = self.new_client()
        self.expire_claims()

    def expire_claims(self) -> None:
        """The leases of dead workers run out."""
        with self.transactions.writing() as session:
            session.execute(update(Mailbox).values(claim_expires_at=datetime(2000, 1, 1, tzinfo=UTC)))

    # -- looking

    def there(self, name: str) -> list[dict[str, object]]:
        """What is true in the room's calendar."""
        return self.tenant.events(self.address(name))

    def slots_here(self, name: str, *, blocking: bool = True) -> list[tuple[datetime, datetime]]:
        """The occurrences of a room here, in order."""
        with self.transactions.reading() as session:
            query = select(Occurrence.starts_at, Occurrence.ends_at).where(
                Occurrence.room_id == self.rooms[name], Occurrence.blocks.is_(blocking)
            )
            return sorted((row[0], row[1]) for row in session.execute(query))

    def reservation(self, reservation_id: int) -> Reservation:
        """A reservation with its meeting, detached."""
        with self.transactions.reading() as session:
            row = session.get_one(Reservation, reservation_id)
            _ = (row.meeting.title, row.meeting.organizer, row.occurrences, row.room.name)
            session.expunge_all()
            return row

    def titles_here(self, name: str) -> list[str]:
        """Titles as people see them, of live reservations, in order of time."""
        with self.transactions.reading() as session:
            rows = session.scalars(
                select(Reservation)
                .join(Occurrence)
                .where(Reservation.room_id == self.rooms[name], Reservation.cancelled_at.is_(None))
                .order_by(Occurrence.starts_at)
            )
            return [title_of(row.meeting) for row in rows]

    def count(self, model: type[Base]) -> int:
        """Rows of a table."""
        with self.transactions.reading() as session:
            return len(session.scalars(select(model)).all())

    def room(self, name: str) -> Room:
        """The room's row, detached."""
        with self.transactions.reading() as session:
            row = session.get_one(Room, self.rooms[name])
            session.expunge(row)
            return row

    def holds(self) -> list[Hold]:
        """Open holds."""
        with self.transactions.reading() as session:
            rows = list(session.scalars(select(Hold).where(Hold.closed_at.is_(None))))
            for row in rows:
                _ = row.actions
            session.expunge_all()
            return rows

    def conflicts(self) -> list[Conflict]:
        """All conflicts ever recorded."""
        with self.transactions.reading() as session:
            rows = list(session.scalars(select(Conflict)))
            session.expunge_all()
            return rows

    def links(self, *states: LinkState) -> list[Link]:
        """Links, of some states."""
        with self.transactions.reading() as session:
            query = select(Link).where(Link.state.in_(states)) if states else select(Link)
            rows = list(session.scalars(query))
            session.expunge_all()
            return rows

    def writes(self) -> int:
        """Writes to Graph that had an effect so far."""
        return sum(1 for r in self.tenant.requests if r.had_effect)

    def close(self) -> None:
        """Throw the database away."""
        assert self.engine is not None, "made at the start"
        self.engine.dispose()
        name = self.engine.url.database
        if name and Path(name).exists():
            shutil.rmtree(Path(name).parent, ignore_errors=True)
