"""Every page with 10,000 rooms and 1,000,000 dates on PostgreSQL: its queries, and the time the server takes for it.

script/bench pages                      measures and writes docs/pages.md; fails where a budget is not kept
script/bench pages --rooms 100 --dates 10000 --times 3     a quick look, nothing is written
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Engine, event, text
from werkzeug.test import run_wsgi_app

from bench import large
from script.lib.environment import ROOT
from tests.support.postgres import PostgresServer
from webapp import create_app
from webapp.auth.passwords import hash_password
from webapp.config import load_config
from webapp.extensions import db
from webapp.serving import settle_memory

PAGE = ROOT / "docs" / "pages.md"
PAGE_MS, PAGE_QUERIES = 100, 12
POLL_MS, POLL_QUERIES = 10, 3
EMAIL, PASSWORD = "bench@localhost", "a password for this bench only"


@dataclass(frozen=True)
class Address:
    """What is asked for, under the name of its screen; a poll asks for a part alone."""

    name: str
    path: str
    poll: bool = False

    @property
    def budget(self) -> tuple[int, int]:
        """Milliseconds and queries that it may take."""
        return (POLL_MS, POLL_QUERIES) if self.poll else (PAGE_MS, PAGE_QUERIES)


ADDRESSES = (
    Address("Overview", "/"),
    Address("Office 365 Integration", "/settings/office-365-integration/"),
    Address("External Calendar Sync", "/settings/external-calendar-sync/"),
    Address("Manage Rooms", "/rooms/"),
    Address("Manage Rooms, last page by status", "/rooms/?page=200&sort=status"),
    Address("Manage Rooms, search", "/rooms/?q=room+0999&status=active"),
    Address("Manage Rooms, a room", "/rooms/777"),
    Address("Manage Rooms, a room in Error", "/rooms/101"),
    Address("Import rooms, all linked", "/rooms/import/?connection=1"),
    Address("Import rooms, none linked", "/rooms/import/?connection=3"),
    Address("Reservations, a day", "/reservations/"),
    Address("Reservations, free now", "/reservations/?free=now&seats=8&building=House+7"),
    Address("Reservations, free now anywhere", "/reservations/?free=now"),
    Address("Reservations, a week", "/reservations/?view=week&room=777"),
    Address("Reservations, new", "/reservations/new?room=777"),
    Address("A reservation", "/reservations/777"),
    Address("A series", "/reservations/{series}"),
    Address("Activity", "/activity/"),
    Address("Activity, failed", "/activity/?show=failed"),
    Address("Activity, runs of a cause", "/activity/?code=mailbox_missing"),
    Address("Activity, runs of a room", "/activity/?room=777"),
    Address("Activity, search", "/activity/?q=room+0999"),
    Address("A run", "/activity/runs/777"),
    Address("Mailbox ledger", "/activity/mailboxes/"),
    Address("Setup guide", "/setup-guide/?connection=1"),
    Address("Poll: a row's status", "/rooms/777/status?part=cell", poll=True),
    Address("Poll: a room's status", "/rooms/777/status", poll=True),
    Address("Poll: a reservation's state", "/reservations/777/state", poll=True),
    Address("Poll: a column of the timetable", "/reservations/column?room=777&day={day}&from=7&to=19", poll=True),
)


@dataclass(frozen=True)
class Measured:
    """What one address took: queries, and milliseconds of work and by the clock, at 95 of 100.

    Work is what the panel and its database were busy for, together: a machine that does other things as well makes
    the clock run on, and the work no longer.
    """

    address: Address
    queries: int
    work: float
    clock: float
    kilobytes: float

    @property
    def is_kept(self) -> bool:
        """Whether it is within its budget."""
        most_ms, most_queries = self.address.budget
        return self.work <= most_ms and self.queries <= most_queries


def main() -> int:
    """Make the installation, measure every page, and say which is over its budget."""
    wanted = _arguments()
    server = PostgresServer()
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            app = panel(server.url(server.create_database()), Path(folder))
            size = large.Size(wanted.rooms, wanted.dates)
            now = datetime.now(UTC)
            fill(app, size, now)
            measured = measure(app, size, now, wanted.times)
            version = server.version()
    finally:
        server.stop()
    _tell(measured)
    if (size, wanted.times) == (large.Size(), TIMES):
        PAGE.write_text(_written(measured, version, now))
    return 0 if all(one.is_kept for one in measured) else 1


TIMES = 40


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    reader.add_argument("--rooms", type=int, default=large.Size.rooms)
    reader.add_argument("--dates", type=int, default=large.Size.dates)
    reader.add_argument("--times", type=int, default=TIMES)
    return reader.parse_args()


def panel(url: str, folder: Path) -> Flask:
    """The panel on an empty database."""
    environ = {
        "SECRET_KEY": "a key for this bench only",
        "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "LOG_LEVEL": "WARNING",
    }
    app = create_app(load_config(environ))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    return app


def fill(app: Flask, size: large.Size, now: datetime) -> None:
    """Make everything of that size, and somebody who may sign in."""
    began = time.monotonic()
    user = {"email": EMAIL, "name": "Bench", "password_hash": hash_password(PASSWORD)}
    with app.app_context():
        with db.engine.begin() as database:
            large.fill(database, size, now, user)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as database:
            database.execute(text("VACUUM ANALYZE"))
            # One process does all the work of a query, so that it can be measured there.
            alone = f'ALTER DATABASE "{db.engine.url.database}" SET max_parallel_workers_per_gather = 0'
            database.execute(text(alone))
        db.engine.dispose()
    print(f"{size.rooms:,} rooms and {size.dates:,} dates made in {time.monotonic() - began:.0f} s", flush=True)


def measure(app: Flask, size: large.Size, now: datetime, times: int) -> list[Measured]:
    """Every address, so many times."""
    client = app.test_client()
    _sign_in(client)
    settle_memory()
    with app.app_context():
        engine = db.engine
        backend = db.session.scalar(text("SELECT pg_backend_pid()"))
    words = {"day": now.date().isoformat(), "series": str(size.singles + 1)}
    return [_measured(client, engine, backend, address, address.path.format(**words), times) for address in ADDRESSES]


def _sign_in(client: FlaskClient) -> None:
    page = client.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post("/sign-in", data={"csrf_token": token, "email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303, "the bench can sign in"


def _measured(client: FlaskClient, engine: Engine, backend: int, address: Address, path: str, times: int) -> Measured:
    headers = {"HX-Request": "true"} if address.poll else {}
    with _counting(engine) as seen:
        first = client.get(path, headers=headers)
    assert first.status_code == 200, f"{path} answers {first.status_code}"
    work, clock = [], []
    asked = client.get(path, headers=headers).request.environ
    for _ in range(times):
        environ = asked | {"wsgi.input": BytesIO()}
        began, busy = time.perf_counter(), _busy(backend)
        run_wsgi_app(client.application, environ, buffered=True)
        work.append(_busy(backend) - busy)
        clock.append((time.perf_counter() - began) * 1000)
    return Measured(address, len(seen), _p95(work), _p95(clock), len(first.data) / 1000)


def _busy(backend: int) -> float:
    """Milliseconds that this process and that of its one database connection have worked so far."""
    database = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0])
    return time.process_time() * 1000 + database / 1_000_000


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


@contextmanager
def _counting(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def on_execute(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", on_execute)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", on_execute)


def _tell(measured: list[Measured]) -> None:
    for one in measured:
        mark = "   " if one.is_kept else "!! "
        print(f"{mark}{one.address.name:36} {one.queries:3} queries  {one.work:6.1f} ms of work  {one.clock:6.1f} ms")


def _written(measured: list[Measured], version: str, now: datetime) -> str:
    rows = "".join(
        f"| {one.address.name} | {one.queries} | {one.work:.0f} | {one.clock:.0f} | {one.kilobytes:.0f} |\n"
        for one in measured
    )
    return f"""# What the pages cost in a large installation

Written by `script/bench pages` on {now:%Y-%m-%d}: 10,000 rooms and 1,000,000 dates in PostgreSQL {version}, each
page {TIMES} times, on a machine with two cores. *Work* is the time that the panel and its database were busy for it,
together, in 95 of 100 cases; by the clock it takes longer where the machine does other things. A page may take
{PAGE_QUERIES} queries and {PAGE_MS} ms, a poll {POLL_QUERIES} queries and {POLL_MS} ms.

| page | queries | ms of work, p95 | ms by the clock, p95 | kB before compression |
|---|---|---|---|---|
{rows}"""


if __name__ == "__main__":
    sys.exit(main())
