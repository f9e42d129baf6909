"""Pytest plugin: migrated databases of both kinds. `database` runs a test twice, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine

from script.lib.environment import ROOT
from tests.support.postgres import PostgresServer
from webapp import create_app
from webapp.config import load_config, sqlalchemy_url
from webapp.database import prepare_engine
from webapp.extensions import db

KINDS = ("sqlite", "postgresql")


def migrate(url: str, folder: Path) -> None:
    """Bring the database at `url` to the newest migration, as the release command does."""
    environ = {
        "SECRET_KEY": "a key for tests only",
        "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
    }
    app = create_app(load_config(environ))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(f"sqlite:///{folder / 'app.db'}", folder)
    return folder / "app.db"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with all tables, to be used as a template."""
    name = postgres_server.create_database()
    migrate(postgres_server.url(name), tmp_path_factory.mktemp("migrated"))
    return name


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """`migrated_url(kind)`: the address of a migrated database of the test's own."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            path = tmp_path / "own.db"
            shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
            return f"sqlite:///{path}"
        template: str = request.getfixturevalue("migrated_postgres")
        url: str = request.getfixturevalue("postgres_database")(template=template)
        return url

    return make


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, migrated_url: Callable[[str], str]) -> str:
    """The address of a migrated database: of each kind in turn."""
    return migrated_url(request.param)


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A migrated database, opened as the product opens it: of each kind in turn."""
    engine = create_engine(sqlalchemy_url(database_url))
    prepare_engine(engine)
    yield engine
    engine.dispose()
