"""Runs Alembic inside of the Flask application, on the database that it is configured with."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine

database = current_app.extensions["migrate"].db


def _upgrade(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        compare_type=True,
        render_as_batch=True,
        user_module_prefix="models.",
    )
    with context.begin_transaction():
        context.run_migrations()


def _switch_foreign_keys(engine: Engine, connection: Connection, state: str) -> None:
    """SQLite changes a table by making it anew: the old one's end must not take its children along."""
    if engine.dialect.name == "sqlite":
        connection.connection.driver_connection.execute(f"PRAGMA foreign_keys={state}")  # type: ignore[union-attr]


with database.engine.connect().execution_options(as_writer=True) as connection:
    _switch_foreign_keys(database.engine, connection, "OFF")
    _upgrade(connection)
    connection.commit()
    _switch_foreign_keys(database.engine, connection, "ON")
