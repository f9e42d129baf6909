"""What a worker process holds: its signs of life, its database, its digest of subjects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from webapp import create_app
from webapp.clock import utcnow
from webapp.config import load_config
from webapp.database import Transactions
from webapp.enqueue import Bell
from webapp.extensions import db
from webapp.models import Install, Person, WorkerHeartbeat
from worker.clients import Clients
from worker.process import Process, subject_digest
from worker.room_run.run import RoomSync


@pytest.fixture
def here(database: Engine) -> Process:
    """A process that only beats."""
    config = load_config({"SECRET_KEY": "0123456789abcdef", "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode()})
    parts = (cast(Clients, None), cast(RoomSync, None), cast(Bell, None))
    return Process("host:1", config, Transactions(database), *parts)


def beats(here: Process) -> list[WorkerHeartbeat]:
    with here.transactions.reading() as session:
        rows = list(session.scalars(select(WorkerHeartbeat).order_by(WorkerHeartbeat.process)))
        session.expunge_all()
        return rows


def test_a_process_has_one_sign_of_life_of_each_kind_that_is_renewed(here: Process):
    began = utcnow()
    here.beat("worker", began)
    here.beat("clock", began)
    first = beats(here)
    here.beat("worker", began)

    rows = beats(here)
    assert [(row.process, row.kind, row.started_at) for row in rows] == [
        ("clock:host:1", "clock", began),
        ("worker:host:1", "worker", began),
    ]
    assert rows[1].seen_at > first[1].seen_at


def test_a_process_that_was_silent_for_a_day_is_forgotten(here: Process):
    now = utcnow()
    with here.transactions.writing() as session:
        for name, hours in (("worker:old:1", 25), ("worker:late:1", 23)):
            seen = now - timedelta(hours=hours)
            session.add(WorkerHeartbeat(process=name, kind="worker", started_at=seen, seen_at=seen))

    here.beat("worker", now)

    assert [row.process for row in beats(here)] == ["worker:host:1", "worker:late:1"]


@pytest.fixture
def engine(migrated_url, tmp_path: Path) -> Iterator[Engine]:
    """PostgreSQL as web, worker and clock open it."""
    environ = {
        "SECRET_KEY": "0123456789abcdef",
        "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": migrated_url("postgresql"),
    }
    app = create_app(load_config(environ))
    with app.app_context():
        yield db.engine
        db.engine.dispose()


def test_a_connection_that_the_database_dropped_is_replaced_before_anybody_notices(engine: Engine):
    transactions = Transactions(engine)
    with transactions.reading() as session:
        mark = session.scalars(select(Install.mark)).one()

    with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as other:
        dropped = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert dropped == [(True,)]

    with transactions.reading() as session:
        assert session.scalars(select(Install.mark)).one() == mark


def test_an_error_of_the_database_does_not_repeat_what_the_statement_carried(engine: Engine):
    transactions = Transactions(engine)
    row = {"email": "ada@contoso.example", "name": "Appraisal of Ada"}

    with pytest.raises(IntegrityError) as error:
        for _ in range(2):
            with transactions.writing() as session:
                session.add(Person(**row))

    assert "Appraisal" not in str(error.value)


def test_the_same_subject_has_the_same_digest_under_the_same_key_only_h49():
    one, other = subject_digest("a key"), subject_digest("another key")

    assert one("Budget") == subject_digest("a key")("Budget")
    assert one("Budget") != one("Budget ")
    assert one("Budget") != other("Budget")
    assert "Budget" not in one("Budget")
    assert len(one("Budget")) == 64
