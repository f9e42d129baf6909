"""`flask doctor`: whether this installation has what it needs; each trouble has a stable code and a mend."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload

from webapp.clock import utcnow
from webapp.connections.expiry import secret_state
from webapp.enqueue import QUEUE_ORDER
from webapp.extensions import db
from webapp.filters import count
from webapp.models import Credential, Outbox, Room, WorkerHeartbeat
from webapp.overview.health import CLOCK_MISSED
from webapp.running import door_bell, panel_config, secret_box
from webapp.secrets import SecretUnreadable
from webapp.shell import WORKER_MISSED

WAITS_LONG = timedelta(minutes=15)


@dataclass(frozen=True)
class Trouble:
    """Something that keeps the product from working, or soon will."""

    code: str
    what: str


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check this installation; the exit code is 1 if something is wrong."""
    troubles = list(_troubles(utcnow()))
    for trouble in troubles:
        click.echo(f"{trouble.code}: {trouble.what}")
    if troubles:
        raise SystemExit(1)
    click.echo("OK: everything that can be checked from here is as it should be.")


def _troubles(now: datetime) -> Iterator[Trouble]:
    if not os.access(panel_config().data_dir, os.W_OK):
        yield Trouble("DATA_DIR_READ_ONLY", f"{panel_config().data_dir} cannot be written. Mend its permissions.")
    try:
        behind = _is_behind()
    except SQLAlchemyError as error:
        reason = type(error).__name__
        yield Trouble("DATABASE_UNREACHABLE", f"The database does not answer ({reason}). Check DATABASE_URL.")
        return
    if behind:
        yield Trouble(
            "DATABASE_BEHIND", "Its tables are of another version. Run: flask --app webapp:create_app db upgrade"
        )
        return
    if door_bell().waiting(QUEUE_ORDER[0]) is None:
        yield Trouble("REDIS_UNREACHABLE", "Redis does not answer: changes wait for the clock. Check REDIS_URL.")
    for check in _CHECKS:
        yield from check(now)


def _is_behind() -> bool:
    script = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    with db.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) != set(script.get_heads())


def _processes(now: datetime) -> Iterator[Trouble]:
    seen = dict(
        db.session.execute(
            select(WorkerHeartbeat.kind, func.max(WorkerHeartbeat.seen_at)).group_by(WorkerHeartbeat.kind)
        )
        .tuples()
        .all()
    )
    for kind, missed in (("worker", WORKER_MISSED), ("clock", CLOCK_MISSED)):
        last = seen.get(kind)
        if last is None or now - last >= missed:
            since = f"none was seen since {last:%Y-%m-%d %H:%M} UTC" if last else "none was ever seen"
            yield Trouble(f"{kind.upper()}_MISSING", f"No {kind} is running: {since}. Start it (see Procfile).")


def _secrets(now: datetime) -> Iterator[Trouble]:
    for row in db.session.scalars(select(Credential).options(joinedload(Credential.connection))):
        name, state = row.connection.name, secret_state(row, now)
        try:
            secret_box().decrypt(row.secret_encrypted)
        except SecretUnreadable:
            yield Trouble("SECRET_UNREADABLE", f"No key decrypts the client secret of {name}. Enter it again.")
        if state.expired:
            yield Trouble("SECRET_EXPIRED", f"The client secret of {name} has expired. Make a new one in Entra ID.")
        elif state.step is not None:
            left = count(state.days or 0, "day")
            yield Trouble("SECRET_EXPIRES", f"The client secret of {name} expires in {left}. Make a new one in time.")


def _waiting(now: datetime) -> Iterator[Trouble]:
    oldest = db.session.scalar(select(func.min(Outbox.written_at)).where(~Outbox.parked))
    if oldest is not None and now - oldest >= WAITS_LONG:
        since = f"{oldest:%Y-%m-%d %H:%M} UTC"
        yield Trouble("CHANGES_WAIT", f"Changes wait since {since} to be sent to Outlook. See Activity.")
    stopped = db.session.scalar(select(func.count()).select_from(Outbox).where(Outbox.parked)) or 0
    if stopped:
        waits = count(stopped, "change waits", "changes wait")
        yield Trouble("CHANGES_STOPPED", f"{waits} for a person. See Activity.")


def _rooms(_now: datetime) -> Iterator[Trouble]:
    linked = Room.mailbox_id.is_not(None), Room.sync_active, Room.archived_at.is_(None)
    for room in db.session.scalars(select(Room).where(*linked, Room.sync_code.is_not(None)).order_by(Room.name)):
        yield Trouble("ROOM_IN_TROUBLE", f"{room.name} is {room.sync_state.value} ({room.sync_code}). See its page.")


_CHECKS: tuple[Callable[[datetime], Iterator[Trouble]], ...] = (_processes, _secrets, _waiting, _rooms)
