"""Use cases of connections. Each function takes its session; those that write commit, then ring the bell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, contains_eager

from webapp.database import rows_changed
from webapp.domain.words import CheckState, MailboxKind, Reach
from webapp.enqueue import CHECK_CONNECTION, Bell
from webapp.errors import FieldError, NotFound, Refused, StaleRevision
from webapp.models import Connection, ConnectionCheck, Credential, Mailbox, Room, RoomChoice, TokenCache
from webapp.reservations.rows import lock_room
from webapp.rooms import following, leaving, linking
from webapp.secrets import SecretBox

PER_PAGE = 50
NAMED_ROOMS = 3
"""How many rooms a refusal names."""
SAME_CHECK = timedelta(seconds=30)
"""A second press within this time joins the check that is under way."""


@dataclass(frozen=True)
class Wanted:
    """What a person typed, validated; an empty `secret_value` keeps the stored one."""

    name: str
    client_id: str
    tenant_id: str
    secret_id: str
    secret_value: str
    expires_on: date | None

    def __repr__(self) -> str:
        return f"Wanted(name={self.name!r})"  # the secret value must not reach a log by way of a traceback


@dataclass(frozen=True)
class Row:
    """A connection as the table shows it."""

    connection: Connection
    last_check: ConnectionCheck | None
    rooms: int


def rows(session: Session, page: int = 1) -> tuple[list[Row], int]:
    """One page of connections by name, each with its newest check and number of rooms; and the total."""
    total = session.scalar(select(func.count()).select_from(Connection)) or 0
    rooms = select(Room.connection_id, func.count().label("number")).group_by(Room.connection_id).subquery("rooms")
    newest = select(func.max(ConnectionCheck.id)).group_by(ConnectionCheck.connection_id)
    check = aliased(ConnectionCheck, select(ConnectionCheck).where(ConnectionCheck.id.in_(newest)).subquery())
    found = session.execute(
        select(Connection, check, func.coalesce(rooms.c.number, 0))
        .join(Connection.credential)
        .outerjoin(check, check.connection_id == Connection.id)
        .outerjoin(rooms, rooms.c.connection_id == Connection.id)
        .options(contains_eager(Connection.credential))
        .order_by(Connection.name)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    return [Row(*one) for one in found], total


def get(session: Session, connection_id: int) -> Connection:
    """The connection; raises `NotFound`."""
    connection = session.get(Connection, connection_id)
    if connection is None:
        raise NotFound("connection_not_found")
    return connection


def get_check(session: Session, connection_id: int, check_id: int) -> tuple[Connection, ConnectionCheck]:
    """A check with its connection in one query; raises `NotFound`."""
    found = session.execute(
        select(Connection, ConnectionCheck)
        .join(ConnectionCheck, ConnectionCheck.connection_id == Connection.id)
        .where(Connection.id == connection_id, ConnectionCheck.id == check_id)
    ).first()
    if found is None:
        raise NotFound("check_not_found")
    return found[0], found[1]


def newest_check(session: Session, connection_id: int) -> ConnectionCheck | None:
    """The check that was asked for last."""
    return session.scalar(
        select(ConnectionCheck)
        .where(ConnectionCheck.connection_id == connection_id)
        .order_by(ConnectionCheck.id.desc())
        .limit(1)
    )


def room_names(session: Session, connection_id: int, limit: int = NAMED_ROOMS) -> tuple[int, Sequence[str]]:
    """How many rooms use a connection, and the first names."""
    uses = Room.connection_id == connection_id
    number = session.scalar(select(func.count()).select_from(Room).where(uses)) or 0
    return number, session.scalars(select(Room.name).where(uses).order_by(Room.name).limit(limit)).all()


def add(
    session: Session, bell: Bell, box: SecretBox, wanted: Wanted, by: str, now: datetime
) -> tuple[Connection, ConnectionCheck]:
    """Make a connection and start its check. Raises `FieldError` for a name that is taken."""
    _refuse_taken_name(session, wanted.name, None)
    connection = Connection(
        name=wanted.name,
        client_id=wanted.client_id,
        tenant_id=wanted.tenant_id,
        tenant_guid=None,
        created_at=now,
        places_listed_at=None,
        places_error=None,
        credential=Credential(
            secret_id=wanted.secret_id,
            secret_encrypted=box.encrypt(wanted.secret_value),
            stored_at=now,
            expires_on=wanted.expires_on,
            refused_as_expired_at=None,
        ),
    )
    session.add(connection)
    _flush_name(session, wanted.name)
    return connection, _begin_check(session, bell, connection, by, now)


def change(
    session: Session,
    bell: Bell,
    box: SecretBox,
    connection: Connection,
    wanted: Wanted,
    revision: int,
    by: str,
    now: datetime,
    *,
    agreed: bool = False,
) -> ConnectionCheck:
    """Save a changed connection and start its check.

    Another client ID drops tokens and what was learned of people's mailboxes; links stay. Another tenant links each
    room to another mailbox. Raises `StaleRevision` if somebody saved it since `revision`, `FieldError` for a taken
    name, and `Refused("another_tenant")` with what rooms would leave behind, unless somebody `agreed` to that.
    """
    _refuse_taken_name(session, wanted.name, connection.id)
    moves = wanted.tenant_id not in (connection.tenant_id, connection.tenant_guid)
    if moves:
        _lock_rooms(session, connection)
    _keep_as_it_is(session, connection)
    if moves and not agreed:
        _ask_about_rooms(session, connection, wanted, now)
    is_mine = (Connection.id == connection.id, Connection.revision == revision)
    if rows_changed(session, update(Connection).where(*is_mine).values(revision=revision + 1)) != 1:
        raise StaleRevision("connection_stale", name=connection.name)
    if moves or wanted.client_id != connection.client_id:
        _forget_access(session, connection)
    connection.name = wanted.name
    connection.client_id = wanted.client_id
    connection.tenant_id = wanted.tenant_id
    credential = connection.credential
    credential.secret_id = wanted.secret_id
    credential.expires_on = wanted.expires_on
    if wanted.secret_value:
        credential.secret_encrypted = box.encrypt(wanted.secret_value)
        credential.stored_at = now
        credential.refused_as_expired_at = None
    _flush_name(session, wanted.name)
    if moves:
        _follow_other_tenant(session, connection, now)
    return _begin_check(session, bell, connection, by, now)


def remove(session: Session, connection: Connection) -> None:
    """Delete a connection that nothing refers to; raises `Refused`, naming the rooms."""
    _keep_as_it_is(session, connection)
    number, names = room_names(session, connection.id)
    if number:
        raise Refused("connection_in_use", name=connection.name, number=number, rooms=list(names))
    if session.scalar(select(func.count()).select_from(Mailbox).where(Mailbox.connection_id == connection.id)):
        raise Refused("connection_has_history", name=connection.name)
    session.execute(delete(Connection).where(Connection.id == connection.id))
    session.commit()


def start_check(session: Session, bell: Bell, connection: Connection, by: str, now: datetime) -> ConnectionCheck:
    """Begin a check, or join the one that somebody began a moment ago (a double click is one check)."""
    newest = newest_check(session, connection.id)
    if (
        newest is not None
        and newest.state in (CheckState.WAITING, CheckState.RUNNING)
        and newest.next_try_at is None
        and newest.requested_at > now - SAME_CHECK
    ):
        return newest
    return _begin_check(session, bell, connection, by, now)


def _begin_check(session: Session, bell: Bell, connection: Connection, by: str, now: datetime) -> ConnectionCheck:
    check = ConnectionCheck(
        connection_id=connection.id,
        requested_at=now,
        requested_by=by,
        started_at=None,
        beat_at=None,
        finished_at=None,
        next_try_at=None,
        code=None,
    )
    session.add(check)
    session.commit()
    bell.ring(CHECK_CONNECTION, check.id)
    return check


def _refuse_taken_name(session: Session, name: str, own_id: int | None) -> None:
    """Names are compared without case: two that differ in nothing else would be mistaken for each other."""
    taken = session.scalar(select(Connection.id).where(func.lower(Connection.name) == name.lower()))
    if taken is not None and taken != own_id:
        raise FieldError("name", "connection_name_taken", name=name)


def _flush_name(session: Session, name: str) -> None:
    """Two people may choose one name in the same moment; the database lets one of them have it."""
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        raise FieldError("name", "connection_name_taken", name=name) from None


def _keep_as_it_is(session: Session, connection: Connection) -> None:
    """Nobody links a room to it, or changes it, before this transaction ends: who links takes the same row."""
    session.execute(select(Connection.id).where(Connection.id == connection.id).with_for_update())


def _lock_rooms(session: Session, connection: Connection) -> None:
    """Rooms before the connection: who links one takes them in this order as well."""
    ids = select(Room.id).where(Room.connection_id == connection.id).order_by(Room.id)
    for room_id in session.scalars(ids).all():
        lock_room(session, room_id)


def _ask_about_rooms(session: Session, connection: Connection, wanted: Wanted, now: datetime) -> None:
    parting = following.parting_of_connection(session, connection.id, now)
    if parting.rooms:
        raise Refused("another_tenant", name=connection.name, tenant=wanted.tenant_id, **vars(parting))


def _forget_access(session: Session, connection: Connection) -> None:
    """Another app, or another tenant, reaches other mailboxes; its tokens are its own."""
    session.execute(delete(TokenCache).where(TokenCache.connection_id == connection.id))
    session.execute(
        update(Mailbox)
        .where(Mailbox.connection_id == connection.id, Mailbox.kind == MailboxKind.PERSON)
        .values(reach=Reach.UNKNOWN, reach_asked_at=None)
    )


def _follow_other_tenant(session: Session, connection: Connection, now: datetime) -> None:
    """Nothing that was learned of the former tenant holds in the new one, and nothing there is in reach any more."""
    connection.tenant_guid = None
    connection.places_listed_at, connection.places_error = None, None
    connection.places_wanted += 1
    session.execute(delete(RoomChoice).where(RoomChoice.connection_id == connection.id))
    session.flush()
    leaving.give_up_removals(session, connection.id, "tenant_changed", now)
    linking.follow_other_tenant(session, connection, now)
