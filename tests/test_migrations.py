"""Migrations on both databases: up, down and up again, and what they leave is what the models say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, inspect, text

from script.lib.environment import ROOT
from webapp import create_app
from webapp.config import load_config
from webapp.extensions import db
from webapp.models import Base

MIGRATIONS = str(ROOT / "migrations")


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The panel on an empty database."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    environ = {
        "SECRET_KEY": "a key for tests only",
        "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": url,
    }
    made = create_app(load_config(environ))
    with made.app_context():
        yield made
        db.engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_migrations_lead_up_down_and_up_again_to_what_the_models_say(app):
    upgrade(directory=MIGRATIONS)
    assert tables(db.engine) == set(Base.metadata.tables)
    downgrade(directory=MIGRATIONS, revision="base")
    assert tables(db.engine) == set()
    upgrade(directory=MIGRATIONS)

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_of_the_models_are_in_the_migrated_tables_by_name(app):
    upgrade(directory=MIGRATIONS)
    inspector = inspect(db.engine)

    for table in Base.metadata.sorted_tables:
        wanted = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        found = {check["name"] for check in inspector.get_check_constraints(table.name)}
        assert wanted <= found, f"{table.name}: {wanted - found}"


def test_a_new_installation_has_a_mark_of_its_own_and_one_row_of_settings_with_sync_off(app):
    marks = set()
    for _ in range(2):
        upgrade(directory=MIGRATIONS)
        with db.engine.connect() as connection:
            (mark,) = connection.execute(text("SELECT mark FROM install")).one()
            assert connection.execute(text("SELECT id, enabled FROM sync_settings")).one() == (1, False)
        assert re.fullmatch("[0-9a-z]{8}", mark)
        marks.add(mark)
        downgrade(directory=MIGRATIONS, revision="base")

    assert len(marks) == 2


def test_what_was_stored_before_a_table_is_made_anew_is_there_after_it(app):
    """SQLite changes a table by making it anew; the rows that hang on the old one must not go with it."""
    upgrade(directory=MIGRATIONS, revision="0001")
    now = "2026-11-23 10:00:00+00"
    with db.engine.begin() as connection:
        room = "INSERT INTO room (id, name, building, floor, time_zone, address_confirmed, sync_active, sync_state,"
        connection.execute(
            text(
                f"{room} sync_fields, progress_done, booking_seq, revision, created_at)"
                f" VALUES (1, 'Alder', '', '', 'Europe/Berlin', false, false, 'off', '{{}}', 0, 0, 1, '{now}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO hold (id, room_id, kind, opened_at, fields)"
                f" VALUES (1, 1, 'mass_cancel', '{now}', '{{}}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO hold_action (id, hold_id, key, action, base_etag) VALUES (1, 1, 'k', 'cancel_here', '')"
            )
        )

    upgrade(directory=MIGRATIONS)
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT key, state FROM hold_action")).all() == [("k", "open")]
    downgrade(directory=MIGRATIONS, revision="0001")
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM hold_action")).scalar() == 1
