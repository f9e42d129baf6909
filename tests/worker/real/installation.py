"""An installation without its web process: real database, Valkey and tenant; worker and clock as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.fernet import Fernet
from redis import Redis
from rq import Queue
from sqlalchemy import create_engine, select

from script.lib import process
from script.lib.environment import ROOT
from tests.support.network import OFFLINE
from tests.support.valkey import ValkeyServer
from tests.tenant.server import TenantServer
from webapp.clock import utcnow
from webapp.config import Config, load_config
from webapp.database import Transactions, prepare_engine
from webapp.domain.intervals import Timed
from webapp.domain.words import RoomState
from webapp.enqueue import SYNC_MAILBOXES, Bell
from webapp.models import (
    Connection,
    Credential,
    Mailbox,
    Occurrence,
    Reservation,
    Room,
    RoomChoice,
    SyncSettings,
    WorkerHeartbeat,
)
from webapp.outbox import want_run
from webapp.reservations import service
from webapp.reservations.drafts import Draft
from webapp.secrets import SecretBox

PATIENCE = 40.0
"""Seconds until a condition that ends within few is taken as failed; nothing is measured with it."""

Value = TypeVar("Value")


class Installation:
    """Starts processes and looks into the database. `close` ends what still runs."""

    def __init__(self, database_url: str, valkey: ValkeyServer, server: TenantServer, folder: Path) -> None:
        self.server, self.tenant, self.valkey, self.folder = server, server.tenant, valkey, folder
        self.environ = {
            **OFFLINE,
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": "a key for tests only",
            "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "DATA_DIR": str(folder),
            "ENTRA_AUTHORITY": server.tenant.authority_origin,
            "GRAPH_BASE_URL": server.tenant.graph_base_url,
            "REQUESTS_CA_BUNDLE": str(server.ca_path),
            "SYNC_POLL_SECONDS": "5",
        }
        self.config: Config = load_config(self.environ)
        engine = create_engine(self.config.database_url)
        prepare_engine(engine)
        self.transactions = Transactions(engine)
        self.redis = Redis.from_url(valkey.url)
        self.bell = Bell(self.redis)
        self.children: list[subprocess.Popen[bytes]] = []
        self._connect()

    def _connect(self) -> None:
        self.tenant.add_person(self.address("ada"), "Ada Lindholm")
        app = self.tenant.register_app()
        box = SecretBox(self.config.secret_encryption_keys)
        with self.transactions.writing() as session:
            session.get_one(SyncSettings, 1).enabled = True
            credential = Credential(
                secret_id=app.secret_id, secret_encrypted=box.encrypt(app.secret), stored_at=utcnow()
            )
            session.add(
                Connection(
                    id=1,
                    name="contoso",
                    client_id=app.client_id,
                    tenant_id=self.tenant.tenant_id,
                    created_at=utcnow(),
                    credential=credential,
                )
            )

    def add_room(self, name: str) -> int:
        """A room under sync, here and in the tenant; its first full run is wanted. Gives its id."""
        address = self.address(name)
        self.tenant.add_room(address, name.title())
        with self.transactions.writing() as session:
            mailbox = Mailbox(connection_id=1, address=address)
            session.add(mailbox)
            session.flush()
            room = Room(
                name=name.title(),
                time_zone="Europe/Berlin",
                created_at=utcnow(),
                connection_id=1,
                external_address=address,
                mailbox_id=mailbox.id,
                sync_active=True,
                sync_state=RoomState.PENDING,
            )
            session.add_all([room, RoomChoice(connection_id=1, address=address, name=name, listed_at=utcnow())])
            session.flush()
            want_run(session, mailbox.id, full=True)
            return room.id

    def address(self, name: str) -> str:
        """The address of a room or person."""
        return f"{name}@{self.tenant.domain}"

    # -- processes

    def start(self, name: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start `worker` or `clock`."""
        module = {"worker": "worker.main", "clock": "worker.schedule"}[name]
        with self.log(name).open("ab") as log:
            child = process.spawn(
                [sys.executable, "-m", module], env=self.environ | environ, cwd=ROOT, stdout=log, stderr=log
            )
        self.children.append(child)
        return child

    def log(self, name: str) -> Path:
        """Where processes of this kind write to."""
        return self.folder / f"{name}.log"

    def close(self) -> None:
        """End every process that was started."""
        for child in self.children:
            process.stop(child, signal.SIGKILL)
        self.redis.close()
        self.transactions.engine.dispose()

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Until the condition holds; fails with what the processes wrote."""
        if not process.wait_until(condition, seconds):
            logs = "".join(f"--- {path.name}\n{path.read_text()[-4000:]}" for path in self.folder.glob("*.log"))
            raise AssertionError(f"did not come true within {seconds} s\n{logs}")

    def ring(self, *mailbox_ids: int) -> bool:
        """What the panel does after a commit."""
        return self.bell.ring(SYNC_MAILBOXES, list(mailbox_ids))

    def queued(self, queue: str) -> int:
        """Jobs that wait."""
        return Queue(queue, connection=self.redis, serializer="json").count

    # -- people

    def soon(self, hours: float) -> Timed:
        """An hour that begins so many hours after the next full one, far enough from now."""
        start = utcnow().replace(minute=0, second=0, microsecond=0) + timedelta(hours=24 + hours)
        return Timed(start, start + timedelta(hours=1))

    def book_here(self, room_id: int, title: str, hours: float) -> int:
        """A person here books; the bell is not rung."""
        with self.transactions.writing() as session:
            return service.book(session, Draft(room_id, title, self.soon(hours)), "Ines", utcnow()).id

    def book_there(self, room: str, subject: str, hours: float) -> None:
        """Ada books in Outlook."""
        span = self.soon(hours)
        self.tenant.as_person(self.address("ada")).book(subject, span.start, span.end, rooms=[self.address(room)])

    # -- looking

    def read(self, query: Callable[..., Value]) -> Value:
        """What `query(session)` gives."""
        with self.transactions.reading() as session:
            return query(session)

    def is_active(self, room_id: int) -> bool:
        """Whether the room's first full run has ended well."""
        return self.read(lambda s: s.get_one(Room, room_id).sync_state) is RoomState.ACTIVE

    def slots(self, room_id: int) -> set[object]:
        """The starts of what blocks the room here."""
        query = select(Occurrence.starts_at).where(Occurrence.room_id == room_id, Occurrence.blocks)
        return set(self.read(lambda s: s.scalars(query).all()))

    def state_of(self, reservation_id: int) -> str:
        """The sync state of a reservation."""
        return str(self.read(lambda s: s.get_one(Reservation, reservation_id).sync_state))

    def events(self, room: str) -> list[str]:
        """Subjects of what is in the room's calendar, in order."""
        return sorted(str(event["subject"]) for event in self.tenant.events(self.address(room)))

    def processes(self, kind: str) -> set[int]:
        """Process ids that have shown a sign of life."""
        query = select(WorkerHeartbeat.process).where(WorkerHeartbeat.kind == kind)
        return {int(name.rpartition(":")[2]) for name in self.read(lambda s: s.scalars(query).all())}

    def claims_of(self, room_id: int) -> int:
        """How often the room's mailbox has been claimed so far."""
        query = select(Mailbox.fence).join(Room, Room.mailbox_id == Mailbox.id).where(Room.id == room_id)
        return self.read(lambda s: s.scalars(query).one())

    def is_claimed(self) -> bool:
        """Whether some mailbox is claimed."""
        query = select(Mailbox.id).where(Mailbox.claim_owner.is_not(None))
        return bool(self.read(lambda s: s.scalars(query).all()))
