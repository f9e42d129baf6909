"""What one worker process holds: made once, at its start, and given to every job."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from webapp.clock import utcnow
from webapp.config import Config, load_config
from webapp.database import Transactions
from webapp.enqueue import Bell, connect_redis
from webapp.foundation import enter, open_database
from webapp.models import Install, WorkerHeartbeat
from webapp.secrets import SecretBox
from worker.clients import Clients
from worker.room_run.run import RoomSync
from worker.sync.link import Digest

stopping = threading.Event()
"""Set when this process was asked to end: runs stop at the next request and give their mailboxes back."""

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Process:
    """The parts that jobs work with."""

    name: str
    config: Config
    transactions: Transactions
    clients: Clients
    room_sync: RoomSync
    bell: Bell

    def now(self) -> datetime:
        """The worker's clock, for waits only."""
        return utcnow()

    def beat(self, kind: str, started_at: datetime) -> None:
        """Write this process's sign of life, and forget those that have been silent for a day."""
        with self.transactions.writing() as session:
            session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < utcnow() - FORGOTTEN_AFTER))
            row = session.get(WorkerHeartbeat, f"{kind}:{self.name}")
            if row is None:
                row = WorkerHeartbeat(process=f"{kind}:{self.name}", kind=kind, started_at=started_at)
                session.add(row)
            row.seen_at = utcnow()


_current: Process | None = None
_making = threading.Lock()


def process() -> Process:
    """This process's parts, made on first use."""
    global _current
    with _making:
        if _current is None:
            _current = _make()
        return _current


def _make() -> Process:
    config = load_config(os.environ)
    enter(config)
    transactions = Transactions(open_database(config))
    clients = Clients(config, transactions, SecretBox(config.secret_encryption_keys))
    name = f"{socket.gethostname()}:{os.getpid()}"
    with transactions.reading() as session:
        install = session.scalars(select(Install.mark)).one()
    room_sync = RoomSync(
        transactions=transactions,
        open_calendar=clients.open_calendar,
        now=utcnow,
        digest=subject_digest(config.secret_key),
        install=install,
        owner=name,
        is_stopping=stopping.is_set,
    )
    return Process(name, config, transactions, clients, room_sync, Bell(connect_redis(config.redis_url)))


def subject_digest(secret_key: str) -> Digest:
    """A keyed digest, so that a subject that is not shown yet cannot be guessed from the database (H49)."""
    key = hashlib.sha256(f"subject digest {secret_key}".encode()).digest()

    def digest(subject: str) -> str:
        return hmac.new(key, subject.encode(), hashlib.sha256).hexdigest()

    return digest
