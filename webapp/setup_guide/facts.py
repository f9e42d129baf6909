"""What the guide needs to know of a connection, read with one query, and the rooms' addresses for the PowerShell."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session, contains_eager

from webapp.connections.expiry import secret_state
from webapp.connections.progress import as_shown
from webapp.domain.check_codes import CheckCode
from webapp.domain.check_codes import Step as Asked
from webapp.domain.setup_steps import Facts, GuideStep, Rooms, calendars_grant, checklist, places_grant
from webapp.domain.words import CheckState, RoomState
from webapp.errors import NotFound
from webapp.models import Connection, ConnectionCheck, Room, SyncSettings

CHOICES = 200
"""So many connections at most are offered to choose from."""
WHILE_CHECKING, WHILE_WAITING, WHILE_PENDING = 2, 10, 5
"""Seconds between two looks at what moves by itself."""


@dataclass(frozen=True)
class Known:
    """The facts, with the rows that the guide shows values of and the steps that a person ticked.

    `look_again`: seconds, while something moves.
    """

    connection: Connection | None
    check: ConnectionCheck | None
    facts: Facts
    look_again: int | None
    ticked: Collection[int]

    @property
    def steps(self) -> list[GuideStep]:
        """The checklist."""
        return checklist(self.facts, self.ticked)

    @property
    def seen(self) -> str:
        """Changes whenever something on the page would read differently."""
        facts = self.facts
        said = [(step.state, step.why) for step in self.steps]
        grants = (calendars_grant(facts), places_grant(facts))
        check = (self.check.id, self.check.next_try_at, facts.code) if self.check else None
        return hashlib.sha256(repr((said, grants, facts.rooms, check, self.look_again)).encode()).hexdigest()[:12]


def choices(session: Session) -> Sequence[tuple[int, str]]:
    """Connections by name, to choose from."""
    found = session.execute(select(Connection.id, Connection.name).order_by(Connection.name).limit(CHOICES))
    return [(one.id, one.name) for one in found]


def known(session: Session, connection_id: int | None, ticked: Collection[int], now: datetime) -> Known:
    """What is known of a connection; None: of one that is still to be made. Raises `NotFound`."""
    if connection_id is None:
        return Known(None, None, Facts(sync_on=bool(session.scalar(select(SyncSettings.enabled)))), None, ticked)
    rooms = _rooms(connection_id)
    newest = select(func.max(ConnectionCheck.id)).where(ConnectionCheck.connection_id == connection_id)
    row = session.execute(
        select(Connection, ConnectionCheck, SyncSettings.enabled, rooms)
        .join(Connection.credential)
        .outerjoin(ConnectionCheck, ConnectionCheck.id == newest.scalar_subquery())
        .join(SyncSettings, true())
        .join(rooms, true())
        .options(contains_eager(Connection.credential))
        .where(Connection.id == connection_id)
    ).first()
    if row is None:
        raise NotFound("connection_not_found")
    connection, check, enabled, *numbers = row
    facts = _facts(connection, check, bool(enabled), Rooms(*numbers), now)
    return Known(connection, check, facts, _look_again(facts, check, now), ticked)


def addresses(session: Session, connection_id: int, limit: int | None = None) -> Sequence[str]:
    """Addresses of the linked rooms, in the order in which they were linked."""
    rooms = select(Room.external_address).where(_is_linked(connection_id)).order_by(Room.id).limit(limit)
    return [address for address in session.scalars(rooms) if address]


def _is_linked(connection_id: int) -> ColumnElement[bool]:
    return and_(Room.connection_id == connection_id, Room.mailbox_id.is_not(None), Room.archived_at.is_(None))


def _rooms(connection_id: int) -> Any:
    """One row of counts: linked, switched on, Active, Pending."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    return (
        select(
            func.count().label("linked"),
            number(Room.sync_active.is_(True)).label("switched_on"),
            number(Room.sync_state == RoomState.ACTIVE).label("active"),
            number(Room.sync_state == RoomState.PENDING).label("pending"),
        )
        .where(_is_linked(connection_id))
        .subquery("rooms")
    )


def _facts(
    connection: Connection, check: ConnectionCheck | None, enabled: bool, rooms: Rooms, now: datetime
) -> Facts:
    known_codes = set(CheckCode)
    return Facts(
        connected=True,
        checking=check is not None and check.code is None and not as_shown(check, now).at_rest,
        confirmed=check is not None and check.state is CheckState.CONFIRMED,
        code=CheckCode(check.code) if check and check.code in known_codes else None,
        passed=frozenset(Asked(step["key"]) for step in check.steps if step["state"] == "done")
        if check
        else frozenset(),
        secret_expired=secret_state(connection.credential, now).expired,
        sync_on=enabled,
        rooms=rooms,
    )


def _look_again(facts: Facts, check: ConnectionCheck | None, now: datetime) -> int | None:
    if check is not None and not (shown := as_shown(check, now)).at_rest:
        return WHILE_WAITING if shown.retrying else WHILE_CHECKING
    return WHILE_PENDING if facts.sync_on and facts.rooms.pending else None
