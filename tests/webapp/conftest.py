"""The panel under test: a real SQLite file, a bell that is listened to, an administrator and a stranger."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, event, update
from werkzeug.test import TestResponse

from tests.support.compiled import sharing_statements
from webapp import create_app
from webapp.clock import utcnow
from webapp.config import Config, load_config
from webapp.database import Transactions
from webapp.extensions import db
from webapp.models import Base, Install, SyncSettings, User, WorkerHeartbeat

PASSWORD = "correct horse battery"
EMAIL = "ines@larkfield.example"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class ListeningBell:
    """Stands at the seam to Redis: keeps what was rung. `on_ring` looks at the world at that moment."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, tuple[Any, ...], str | None]] = []
        self.on_ring: Callable[[], None] = lambda: None
        self.is_dead = False

    def ring(self, job: str, *args: Any, queue: str | None = None) -> bool:
        self.on_ring()
        if not self.is_dead:
            self.rung.append((job, args, queue))
        return not self.is_dead

    def waiting(self, queue: str) -> int | None:
        return None if self.is_dead else 0


class Person:
    """Somebody with a browser: with htmx (`hx=True`) or without a script."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, url: str, hx: bool = False, **kwargs: Any) -> TestResponse:
        """Open an address, or the part of it that htmx asks for."""
        response = self.client.get(url, headers={"HX-Request": "true"} if hx else {}, **kwargs)
        found = CSRF.search(response.text)
        self.token = found[1] if found else self.token
        return response

    def post(self, url: str, data: dict[str, Any] | None = None, hx: bool = False) -> TestResponse:
        """Send a form with the token of the page seen last."""
        sent = {"csrf_token": self.token} | (data or {})
        return self.client.post(url, data=sent, headers={"HX-Request": "true"} if hx else {})

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, **kwargs: Any) -> TestResponse:
        """Through the form, as people do."""
        self.get("/sign-in")
        response = self.client.post(
            "/sign-in", data={"csrf_token": self.token, "email": email, "password": password}, **kwargs
        )
        self.get("/")
        return response


@pytest.fixture(scope="session")
def password_hash() -> str:
    """A cheap hash: argon2 is slow on purpose, and its costs stand in the hash."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def fill(engine: Engine, password_hash: str) -> None:
    """Tables and the rows that every installation has, with one administrator and a living worker."""
    Base.metadata.create_all(engine)
    now = utcnow()
    with Transactions(engine).writing() as session:
        session.add(SyncSettings(id=1, sync_all_not_before=None))
        session.add(Install(id=1, mark="abcd1234", made_at=now))
        session.add(
            User(email=EMAIL, name="Ines Okafor", password_hash=password_hash, created_at=now, last_login_at=None)
        )
        session.add(WorkerHeartbeat(process="worker:test:1", kind="worker", started_at=now, seen_at=now))


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Path:
    """Made once and copied for each test."""
    path = tmp_path_factory.mktemp("database") / "filled.db"
    engine = create_engine(f"sqlite:///{path}")
    fill(engine, password_hash)
    engine.dispose()
    return path


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """A configuration as the environment would give it."""

    def make(**environ: str) -> Config:
        return load_config(
            {
                "SECRET_KEY": "a key for tests only",
                "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
                "DATA_DIR": str(tmp_path / "data"),
                **environ,
            }
        )

    return make


@pytest.fixture
def bell() -> ListeningBell:
    """What the panel rings."""
    return ListeningBell()


@pytest.fixture
def app(make_config: Callable[..., Config], filled_database: Path, bell: ListeningBell) -> Iterator[Flask]:
    """The panel on a SQLite file of its own."""
    config = make_config()
    config.data_dir.mkdir(parents=True)
    shutil.copy(filled_database, config.data_dir / "app.db")
    application = create_app(config)
    application.extensions["bell"] = bell
    with application.app_context(), Transactions(sharing_statements(db.engine)).writing() as session:
        session.execute(update(WorkerHeartbeat).values(seen_at=utcnow()))  # the copied one was alive long ago
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def data(app: Flask) -> Transactions:
    """The database behind the panel: `with data.writing() as session`."""
    with app.app_context():
        return Transactions(db.engine)


@pytest.fixture
def stranger(app: Flask) -> Person:
    """Nobody we know."""
    return Person(app.test_client())


class KeptSession:
    """Cookie and token of Ines Okafor's first sign-in: her account and the key are the same in every test, and the
    form is tested in `auth`."""

    def __init__(self) -> None:
        self._kept: tuple[str, str] | None = None

    def enter(self, app: Flask) -> Person:
        """Ines Okafor, signed in."""
        person = Person(app.test_client())
        if self._kept:
            cookie, person.token = self._kept
            person.client.set_cookie("session", cookie)
            return person
        person.sign_in()
        made = person.client.get_cookie("session")
        assert made is not None, "signed in"
        self._kept = made.value, person.token
        return person


@pytest.fixture(scope="session")
def kept_session() -> KeptSession:
    """A session of today."""
    return KeptSession()


@pytest.fixture(scope="session")
def kept_on_monday() -> KeptSession:
    """A session that began on Monday morning: one that begins after it would not be believed."""
    return KeptSession()


@pytest.fixture
def admin(app: Flask, kept_session: KeptSession) -> Person:
    """Ines Okafor, signed in."""
    return kept_session.enter(app)


@pytest.fixture
def count_queries(data: Transactions) -> Callable[[], Any]:
    """`with count_queries() as seen:` collects the SQL that was sent, apart from begin and commit."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def on_execute(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        event.listen(data.engine, "before_cursor_execute", on_execute)
        try:
            yield seen
        finally:
            event.remove(data.engine, "before_cursor_execute", on_execute)

    return counting
