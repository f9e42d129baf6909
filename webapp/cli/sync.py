"""`flask sync`: runs by hand."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from webapp.database import begin_writing
from webapp.enqueue import SYNC_MAILBOXES
from webapp.extensions import db
from webapp.models import Room, SyncSettings
from webapp.outbox import want_run
from webapp.running import door_bell

sync = AppGroup("sync", help="Sync of rooms with their calendars.")


@sync.command("run")
@click.argument("room")
def run(room: str) -> None:
    """Read everything of ROOM (its name or its number) again, as soon as a worker is free."""
    found = _room(room)
    if found.mailbox_id is None:
        raise click.ClickException(f"{found.name} is not linked to a calendar. Link it under Manage Rooms.")
    if found.archived_at is not None or not found.sync_active:
        raise click.ClickException(f"Sync of {found.name} is off. Switch it on under Manage Rooms.")
    if not db.session.scalars(select(SyncSettings.enabled)).one():
        raise click.ClickException("External calendar sync is off. Switch it on under External Calendar Sync.")
    begin_writing(db.session())
    want_run(db.session(), found.mailbox_id, full=True)
    db.session.commit()
    if door_bell().ring(SYNC_MAILBOXES, [found.mailbox_id]):
        click.echo(f"{found.name} is read again by the next free worker.")
    else:
        click.echo(f"Redis cannot be reached: {found.name} is read again once the clock reaches it.")


def _room(said: str) -> Room:
    by_name = select(Room).where(func.lower(Room.name) == said.strip().lower()).order_by(Room.id)
    rooms = list(db.session.scalars(by_name))
    if not rooms and said.isdecimal():
        rooms = [room for room in [db.session.get(Room, int(said))] if room is not None]
    if not rooms:
        raise click.ClickException(f"There is no room with the name or number {said}.")
    if len(rooms) > 1:
        numbers = ", ".join(str(room.id) for room in rooms)
        raise click.ClickException(f"{len(rooms)} rooms have this name. Say which by its number: {numbers}.")
    return rooms[0]
