"""The lane of a mailbox: one run at a time, fenced, and no wake-up lost (H45).

The claim is a lease by the database's clock. Each commit of a run renews the lease, and refuses if somebody else has
taken it: a paused worker that wakes up late can write nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import Connection as SqlConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webapp.database import Transactions, table_of, table_rows_changed
from webapp.domain.words import AttemptState
from webapp.models import Attempt, Connection, LeftMailbox, Mailbox, Outbox, Room, SyncSettings
from worker.store.leading import has_due_look
from worker.store.unsettled import is_settled

LEASE = timedelta(seconds=45)
ROUND_GAP = timedelta(seconds=2)
"""Rounds of one mailbox begin at least this far apart."""


_CLOCK: BindParameter[datetime] = bindparam("clock")
_NOW: BindParameter[datetime] = bindparam("now")
_BOX = table_of(Mailbox).c
"""Columns of the table: one of the model would make a statement that is sent with every commit the model's."""
"""The database's clock and ours, in statements that are made once."""

_SQLITE_NOW = text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")


class LeaseEnd(FunctionElement[datetime]):
    """When a lease that is renewed now runs out, by the database's clock: every commit of a run asks for it."""

    inherit_cache = True
    name = "lease_end"
    type = Mailbox.claim_expires_at.type


@compiles(LeaseEnd)
def _lease_end(_element: LeaseEnd, _compiler: SQLCompiler, **_more: object) -> str:
    return f"clock_timestamp() + interval '{LEASE.seconds} seconds'"


@compiles(LeaseEnd, "sqlite")
def _lease_end_in_sqlite(_element: LeaseEnd, _compiler: SQLCompiler, **_more: object) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '+{LEASE.seconds} seconds')"  # as instants are kept there


class LaneLost(Exception):
    """Another worker holds this mailbox now; whatever was under way is left to it."""


@dataclass(frozen=True)
class Lane:
    """A claimed mailbox and what a run must know of it.

    `leaving`: the room follows another one by now, and what it wrote in this one is being removed. `identified`:
    this run has read the id of its default calendar.
    """

    transactions: Transactions
    mailbox_id: int
    room_id: int
    connection_id: int
    address: str
    tenant_guid: str | None
    calendar_key: str | None
    zone: str
    fence: int
    leaving: bool = False
    identified: bool = False

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that commits only while the claim is ours, and the mailbox is still to be worked in: a room
        that was unlinked, paused or archived meanwhile, and sync switched off, end a run at its next commit."""
        with self.transactions.writing() as session:
            yield session
            _renew(session, self, _renewal(self.leaving))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with self.transactions.reading() as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[SqlConnection]:
        """A transaction that only reads columns: what every run asks for, mostly to hear that there is nothing."""
        with self.transactions.asking() as connection:
            yield connection


def database_now(session: Session) -> datetime:
    """The present instant by the database's clock, the only one that leases are measured with."""
    if session.get_bind().dialect.name == "sqlite":
        raw = session.scalar(_SQLITE_NOW)
        return datetime.fromisoformat(str(raw)).replace(tzinfo=UTC)
    clock: datetime = session.scalars(select(func.clock_timestamp())).one()
    return clock


def claim(transactions: Transactions, mailbox_id: int, owner: str, now: datetime) -> Lane | None:
    """Take the mailbox if it is free, has something to do, may run and is linked to a room under sync; else None.

    A job that was rung for twice, or long ago, so asks Microsoft nothing.
    """
    with transactions.writing() as session:
        clock = database_now(session)
        values = {"mailbox": mailbox_id, "owner": owner, "clock": clock, "until": clock + LEASE, "now": now}
        if not table_rows_changed(session, _claiming(), values):
            return None
        followed = session.execute(_FOLLOWED_BY, {"mailbox": mailbox_id}).one_or_none()
        row = followed or session.execute(_LEFT_BY, {"mailbox": mailbox_id}).one()
        return Lane(
            transactions=transactions,
            mailbox_id=mailbox_id,
            room_id=row.room_id,
            connection_id=row.connection_id,
            address=row.address,
            tenant_guid=row.tenant_guid,
            calendar_key=row.calendar_key,
            zone=row.time_zone,
            fence=row.fence,
            leaving=followed is None,
        )


def _lane_of(room: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """What a run must know of its mailbox, with the room that follows it, or that left it."""
    tenant = func.coalesce(func.nullif(Mailbox.tenant_guid, ""), Connection.tenant_guid)
    columns = (Mailbox.connection_id, Mailbox.address, Mailbox.calendar_key, Mailbox.fence)
    return (
        select(*columns, tenant.label("tenant_guid"), Room.id.label("room_id"), Room.time_zone)
        .select_from(Mailbox)
        .join(Connection, Mailbox.connection_id == Connection.id)
        .join(Room, room)
        .where(Mailbox.id == bindparam("mailbox"))
    )


_FOLLOWED_BY = _lane_of(Room.mailbox_id == Mailbox.id)
_LEFT_BY = _lane_of(Room.id.in_(select(LeftMailbox.room_id).where(LeftMailbox.mailbox_id == bindparam("mailbox"))))


@cache
def _claiming() -> Update:
    """The statement that takes a claim, made once: each job begins with it."""
    return (
        update(table_of(Mailbox))
        .where(_BOX.id == bindparam("mailbox"), _is_free(), _may_run(), _is_wanted())
        .values(claim_owner=bindparam("owner"), claim_expires_at=bindparam("until"), fence=_BOX.fence + 1)
    )


@cache
def _renewal(leaving: bool | None) -> Update:
    """The statement that renews a claim, made once: every commit ends with it.

    It hits nothing where the claim is not ours, or the mailbox not what the run was for any more: left behind, or
    followed; None: whatever it is now.
    """
    statement = update(table_of(Mailbox)).where(
        _BOX.id == bindparam("mailbox"), _BOX.fence == bindparam("mine"), _BOX.claim_owner.is_not(None)
    )
    if leaving is not None:
        statement = statement.where(_is_left() if leaving else _is_followed())
    return statement.values(claim_expires_at=LeaseEnd())


def keep(session: Session, lane: Lane) -> None:
    """Renew the claim as the last statement of a transaction, whatever the mailbox is for by now; raises `LaneLost`
    when it is not ours."""
    _renew(session, lane, _renewal(None))


def _renew(session: Session, lane: Lane, renewal: Update) -> None:
    session.flush()
    if not table_rows_changed(session, renewal, {"mailbox": lane.mailbox_id, "mine": lane.fence}):
        raise LaneLost


def is_ours(lane: Lane) -> bool:
    """Whether the claim is still this run's own, and the mailbox still what it was for."""
    with lane.reading() as session:
        mine = select(Mailbox.id).where(
            Mailbox.id == lane.mailbox_id,
            Mailbox.fence == lane.fence,
            Mailbox.claim_owner.is_not(None),
            _is_still(lane),
        )
        return session.scalar(mine) is not None


def failures(lane: Lane) -> int:
    """Failed runs in a row so far."""
    with lane.reading() as session:
        return session.scalars(select(Mailbox.failures).where(Mailbox.id == lane.mailbox_id)).one()


def finish(lane: Lane, seen: int) -> bool:
    """Give the claim back if nothing was wanted meanwhile; False: go round again.

    Raises `LaneLost` when the claim is not ours any more.
    """
    with lane.transactions.writing() as session:
        values = {"mailbox": lane.mailbox_id, "mine": lane.fence, "seen": seen}
        if table_rows_changed(session, _FINISHED, values):
            return True
        keep(session, lane)
        return False


_FINISHED = (
    update(table_of(Mailbox))
    .where(_BOX.id == bindparam("mailbox"), _BOX.fence == bindparam("mine"), _BOX.wanted == bindparam("seen"))
    .values(done=bindparam("seen"), claim_owner=None, claim_expires_at=None, failures=0)
)


def give_back(lane: Lane, not_before: datetime | None, *, failed: bool) -> None:
    """Give the claim back with work left over; `not_before` says when it may go on."""
    values: dict[str, object] = {"claim_owner": None, "claim_expires_at": None}
    if not_before is not None:
        values["not_before"] = not_before
    if failed:
        values["failures"] = Mailbox.failures + 1
    with lane.transactions.writing() as session:
        session.execute(
            update(Mailbox).where(Mailbox.id == lane.mailbox_id, Mailbox.fence == lane.fence).values(**values)
        )


def due(session: Session, now: datetime, limit: int, *, only_full: bool | None = None) -> list[int]:
    """Mailboxes with something wanted or due to be looked at, free and allowed to run, the longest waiting first.

    `only_full`: those that wait for nothing but a full run, or those that do not; None: all.
    """
    values = {"clock": database_now(session), "now": now, "most": limit}
    return list(session.scalars(_due(only_full), values))


@cache
def _due(only_full: bool | None) -> Select[int]:
    query = (
        select(Mailbox.id)
        .where(_is_free(), _may_run(), _is_wanted())
        .order_by(Mailbox.last_round_at.asc().nulls_first(), Mailbox.id)
        .limit(bindparam("most"))
    )
    waits_for_full = and_(Mailbox.full_wanted > Mailbox.full_done, ~_has_sends())
    if only_full is None:
        return query
    return query.where(waits_for_full if only_full else ~waits_for_full)


def to_poll(
    session: Session, now: datetime, every: timedelta, limit: int, among: Collection[int] | None = None
) -> list[int]:
    """Mailboxes under sync, at rest, whose last poll is `every` ago; of those in `among`, if given."""
    query = (
        select(Mailbox.id)
        .where(
            _is_free(),
            _may_run(),
            _is_followed(),
            Mailbox.wanted == Mailbox.done,
            or_(Mailbox.last_polled_at.is_(None), Mailbox.last_polled_at <= now - every),
        )
        .order_by(Mailbox.last_polled_at.asc().nulls_first(), Mailbox.id)
        .limit(limit)
    )
    if among is not None:
        query = query.where(Mailbox.id.in_(among))
    return list(session.scalars(query, {"clock": database_now(session), "now": now}))


def _is_free() -> ColumnElement[bool]:
    return or_(_BOX.claim_owner.is_(None), _BOX.claim_expires_at < _CLOCK)


def _may_run() -> ColumnElement[bool]:
    return or_(_BOX.not_before.is_(None), _BOX.not_before <= _NOW)


@cache
def _is_followed() -> ColumnElement[bool]:
    """Sync is on, and the mailbox belongs to a room that is under sync."""
    return and_(
        exists(select(SyncSettings.id).where(SyncSettings.enabled)),
        exists(select(Room.id).where(Room.mailbox_id == Mailbox.id, Room.sync_active, Room.archived_at.is_(None))),
    )


def _is_still(lane: Lane) -> ColumnElement[bool]:
    return _is_left() if lane.leaving else _is_followed()


@cache
def _is_left() -> ColumnElement[bool]:
    """Sync is on, the room follows another mailbox that is known, and what it wrote in this one is to be removed."""
    present = aliased(Mailbox)
    return and_(
        exists(select(SyncSettings.id).where(SyncSettings.enabled)),
        exists(
            select(LeftMailbox.mailbox_id)
            .join(Room, LeftMailbox.room_id == Room.id)
            .join(present, Room.mailbox_id == present.id)
            .where(
                LeftMailbox.mailbox_id == Mailbox.id,
                LeftMailbox.finished_at.is_(None),
                present.id != Mailbox.id,
                present.calendar_key.is_not(None),
            )
        ),
    )


def _is_wanted() -> ColumnElement[bool]:
    return or_(and_(_is_followed(), _has_work()), _is_left())


def _has_work() -> ColumnElement[bool]:
    return or_(
        _BOX.wanted > _BOX.done,
        _BOX.full_wanted > _BOX.full_done,
        _BOX.next_look_at <= _NOW,
        has_due_look(_NOW),
        _has_sends(),
        exists(
            select(Attempt.id).where(
                Attempt.mailbox_id == _BOX.id,
                Attempt.state == AttemptState.OPEN,
                or_(Attempt.next_look_at.is_(None), Attempt.next_look_at <= _NOW),
            )
        ),
    )


def _has_sends() -> ColumnElement[bool]:
    """A row that may be sent now; one whose last write is not settled yet waits for that."""
    return exists(
        select(Outbox.id).where(
            Outbox.mailbox_id == Mailbox.id,
            Outbox.parked.is_(False),
            or_(Outbox.not_before.is_(None), Outbox.not_before <= _NOW),
            is_settled(),
        )
    )
