"""Runs Alembic inside of the Flask application, on the database that it is configured with."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

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


with database.engine.connect().execution_options(as_writer=True) as connection:
    _upgrade(connection)
    connection.commit()
