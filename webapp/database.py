"""How this product opens its database: the same promises from SQLite and from PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

ENGINE_OPTIONS: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True}
"""A host moves or restarts its database now and then: a connection that it dropped is replaced before it is used.
What a statement carried (titles, addresses, encrypted tokens) stays out of errors and so out of logs."""
SQLITE_BUSY_SECONDS = 20
"""How long a writer waits for the one write lock of SQLite."""


def prepare_engine(engine: Engine) -> None:
    """Give an engine our promises; safe to call once for each engine.

    SQLite: WAL, foreign keys on, transactions begun by us (pysqlite's own begin comes too late and lets a
    reader that turns writer fail with a stale snapshot).
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={SQLITE_BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("as_writer")
        driver = connection.connection.driver_connection  # asked itself: a statement of ours costs three times that
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")


def begin_writing(session: Session) -> None:
    """Begin this session's transaction as a writer; call it before anything is read.

    On SQLite the write lock is taken now, so that what is read stays true until the commit. PostgreSQL
    needs nothing: there a row lock does it (see `Room.booking_seq`).
    """
    if session.in_transaction():
        session.rollback()
    session.connection(execution_options={"as_writer": True})


def rows_changed(session: Session, statement: Executable, values: dict[str, Any] | None = None) -> int:
    """Execute an UPDATE or DELETE and say how many rows it hit: who won, in a compare-and-set."""
    result = session.execute(statement, values)
    assert isinstance(result, CursorResult)
    return result.rowcount


def table_rows_changed(session: Session, statement: Executable, values: dict[str, Any]) -> int:
    """The same for an UPDATE of a table (`table_of`), past the session, which takes as long again to find that it has
    nothing to do with it."""
    return session.connection().execute(statement, values).rowcount


def table_of(model: type[DeclarativeBase]) -> Table:
    """The model's table, for statements that are sent with nearly every commit: an UPDATE of a table costs a third
    of one of a model, which looks for objects to change along. One column of the model in its WHERE makes it one of
    the model: take all from the table's `c`."""
    assert isinstance(model.__table__, Table)
    return model.__table__


class Transactions:
    """Short transactions for code that runs outside of a web request."""

    def __init__(self, engine: Engine) -> None:
        self._factory = sessionmaker(engine, expire_on_commit=False)
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; what it loaded stays readable after its end."""
        with self._factory() as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """A transaction that only reads columns: a session, which keeps track of objects, would double its cost."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that writes; committed at the end, rolled back if anything is raised."""
        with self._factory() as session:
            begin_writing(session)
            yield session
            session.commit()
