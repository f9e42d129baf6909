"""What the pages of rooms read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from webapp.domain.intervals import Timed, span_from_json
from webapp.domain.words import AuthorityState, Home, LinkState, RoomState
from webapp.errors import NotFound
from webapp.models import (
    Connection,
    LeftMailbox,
    Link,
    Mailbox,
    Meeting,
    Occurrence,
    Outbox,
    Reservation,
    Room,
    RoomChoice,
    SyncSettings,
)

PER_PAGE = 50
CHOICES_SHOWN = 50
ARCHIVED = "archived"
SORTS = ("name", "address", "status")


TOLD_FOR = timedelta(days=14)
"""How long a room's panel tells what stayed in a mailbox that it left."""

ASIDE_SHOWN = 5

ADDRESS_UNLISTED = "address_unlisted"
"""Pending, and not by itself: a person has to say that the address is a room's."""


@dataclass(frozen=True)
class Filter:
    """What a list of rooms shows, as its address says it."""

    q: str = ""
    building: str = ""
    status: str = ""
    sort: str = "name"
    descending: bool = False
    page: int = 1

    def as_args(self, **changed: Any) -> dict[str, Any]:
        """Address arguments of this filter with some changed; defaults are left out."""
        values = {
            "q": self.q,
            "building": self.building,
            "status": self.status,
            "sort": self.sort if self.sort != "name" else "",
            "desc": "1" if self.descending else "",
            "page": self.page if self.page > 1 else "",
            **changed,
        }
        return {name: value for name, value in values.items() if value not in ("", None, False, 1)}


@dataclass(frozen=True)
class Status:
    """How a room's sync stands: what the status cell and the status block show."""

    room: Room
    waiting: int
    wanted: bool
    sync_enabled: bool

    @property
    def looked_at(self) -> datetime | None:
        """When Outlook was last asked: by a run, or by a poll, which writes no run where nothing had changed."""
        mailbox = self.room.mailbox
        asked = (self.room.last_synced_at, mailbox.last_polled_at if mailbox else None)
        return max((at for at in asked if at), default=None)

    @property
    def runs(self) -> bool:
        """Whether anything of this room is done in the background at all."""
        return self.sync_enabled and self.room.sync_active and self.room.mailbox_id is not None

    @property
    def moving(self) -> bool:
        """Whether something changes by itself soon, so that it is worth asking again."""
        pending = self.room.sync_state is RoomState.PENDING and self.room.sync_code != ADDRESS_UNLISTED
        return self.runs and (pending or self.wanted)


@dataclass(frozen=True)
class Listing:
    """A page of rooms with its counts. `counts` are by status within the search; `everything` counts them all."""

    rows: Sequence[Status]
    counts: dict[str, int]
    total: int
    everything: int
    buildings: Sequence[str]


def list_rooms(session: Session, wanted: Filter) -> Listing:
    """A page of rooms: four small queries, whatever the number of rooms."""
    matching = _matching(wanted)
    counts = {state.value: 0 for state in RoomState} | {ARCHIVED: 0}
    archived = Room.archived_at.is_not(None)
    grouped = select(archived, Room.sync_state, func.count()).where(*matching).group_by(archived, Room.sync_state)
    for is_archived, state, number in session.execute(grouped):
        counts[ARCHIVED if is_archived else state.value] += number
    of_status = [*matching, *_of_status(wanted.status)]
    rows = session.execute(_statuses().where(Room.id.in_(_page_of(wanted, of_status))).order_by(*_order(wanted)))
    total = sum(counts[s.value] for s in RoomState) if not wanted.status else counts.get(wanted.status, 0)
    everything = session.scalar(select(func.count()).select_from(Room).where(Room.archived_at.is_(None))) or 0
    return Listing(
        [Status(room, waiting, moves, on) for room, waiting, moves, on in rows],
        counts,
        total,
        everything,
        buildings(session),
    )


def buildings(session: Session) -> Sequence[str]:
    """Names of buildings with rooms in use."""
    query = select(Room.building).where(Room.archived_at.is_(None), Room.building != "").distinct()
    return session.scalars(query.order_by(Room.building)).all()


def usual_zone(session: Session) -> str:
    """The time zone of most rooms in use; empty while there is none."""
    of_use = select(Room.time_zone).where(Room.archived_at.is_(None)).group_by(Room.time_zone)
    return session.scalar(of_use.order_by(func.count().desc(), func.max(Room.id).desc()).limit(1)) or ""


def status_of(session: Session, room_id: int) -> Status:
    """One room's status with one query; raises `NotFound`."""
    row = session.execute(_statuses().where(Room.id == room_id)).one_or_none()
    if row is None:
        raise NotFound(what="room", id=room_id)
    room, waiting, moves, on = row
    return Status(room, waiting, moves, on)


@dataclass(frozen=True)
class SetAside:
    """An event that could not be understood or taken in: why, and when it is, where that is known."""

    reason: str
    starts_at: datetime | None


@dataclass(frozen=True)
class Health:
    """What a linked room's panel says besides its status.

    `unreachable` counts meetings whose organizer's mailbox the app does not reach; `left` are mailboxes whose
    events are being removed, or where something of that is to be told.
    """

    set_aside: Sequence[SetAside] = ()
    set_aside_total: int = 0
    unreachable: int = 0
    left: Sequence[tuple[LeftMailbox, str]] = ()


def health_of(session: Session, room: Room, now: datetime) -> Health:
    """How a room's events stand beyond its status: three small queries."""
    left = session.execute(
        select(LeftMailbox, Mailbox.address)
        .join(Mailbox, LeftMailbox.mailbox_id == Mailbox.id)
        .where(LeftMailbox.room_id == room.id)
        .where(or_(LeftMailbox.finished_at.is_(None), LeftMailbox.finished_at > now - TOLD_FOR))
        .order_by(LeftMailbox.asked_at)
    )
    told = [(row, address) for row, address in left]
    if room.mailbox_id is None:
        return Health(left=told)
    aside = select(Link.reason, Link.observed).where(
        Link.mailbox_id == room.mailbox_id, Link.state == LinkState.QUARANTINED
    )
    total = session.scalar(select(func.count()).select_from(aside.subquery())) or 0
    rows = session.execute(aside.order_by(Link.id.desc()).limit(ASIDE_SHOWN)) if total else ()
    unreachable = (
        select(func.count())
        .select_from(Reservation)
        .join(Reservation.meeting)
        .where(
            Reservation.room_id == room.id,
            Reservation.cancelled_at.is_(None),
            Meeting.home == Home.USER,
            Meeting.authority_state == AuthorityState.UNREACHABLE,
            Reservation.id.in_(select(Occurrence.reservation_id).where(Occurrence.ends_at > now)),
        )
    )
    return Health(
        set_aside=[SetAside(reason or "", _starts_at(observed)) for reason, observed in rows],
        set_aside_total=total,
        unreachable=session.scalar(unreachable) or 0,
        left=told,
    )


def _starts_at(observed: dict[str, Any] | None) -> datetime | None:
    if not observed:
        return None
    span = span_from_json(observed["values"]["time"])
    return span.start if isinstance(span, Timed) else datetime.combine(span.start, time(), tzinfo=UTC)


def connections(session: Session) -> Sequence[Connection]:
    """All connections by name."""
    return session.scalars(select(Connection).order_by(Connection.name)).all()


def choices(session: Session, connection_id: int, q: str) -> Sequence[RoomChoice]:
    """The tenant's rooms that match `q` and that no room in use has yet, the first `CHOICES_SHOWN`."""
    used = select(func.lower(Room.external_address)).where(
        Room.archived_at.is_(None), Room.external_address.is_not(None)
    )
    query = select(RoomChoice).where(RoomChoice.connection_id == connection_id, RoomChoice.address.not_in(used))
    if q:
        query = query.where(
            or_(
                RoomChoice.name.icontains(q, autoescape=True),
                RoomChoice.address.icontains(q, autoescape=True),
                RoomChoice.building.icontains(q, autoescape=True),
            )
        )
    return session.scalars(query.order_by(RoomChoice.name, RoomChoice.id).limit(CHOICES_SHOWN)).all()


def _statuses() -> Select[Room, int, bool, bool]:
    waiting = (
        select(func.count())
        .select_from(Outbox)
        .where(Outbox.mailbox_id == Room.mailbox_id)
        .correlate(Room)
        .scalar_subquery()
    )
    wanted = func.coalesce(Mailbox.wanted > Mailbox.done, False)
    enabled = func.coalesce(select(SyncSettings.enabled).scalar_subquery(), False)
    return (
        select(Room, waiting, wanted, enabled)
        .outerjoin(Room.mailbox)
        .outerjoin(Room.connection)
        .options(contains_eager(Room.mailbox), contains_eager(Room.connection))
    )


def _matching(wanted: Filter) -> list[ColumnElement[bool]]:
    matching: list[ColumnElement[bool]] = []
    if wanted.q:
        matching.append(
            or_(*(c.icontains(wanted.q, autoescape=True) for c in (Room.name, Room.external_address, Room.building)))
        )
    if wanted.building:
        matching.append(Room.building == wanted.building)
    return matching


def _of_status(status: str) -> list[ColumnElement[bool]]:
    if status == ARCHIVED:
        return [Room.archived_at.is_not(None)]
    in_use: list[ColumnElement[bool]] = [Room.archived_at.is_(None)]
    return [*in_use, Room.sync_state == RoomState(status)] if status else in_use


def _page_of(wanted: Filter, chosen: list[ColumnElement[bool]]) -> Select[int]:
    """Ids of a page: only these rooms are looked up with all around them, however many there are to be sorted."""
    ids = select(Room.id).where(*chosen).order_by(*_order(wanted))
    return select(ids.limit(PER_PAGE).offset((wanted.page - 1) * PER_PAGE).subquery().c.id)


def _order(wanted: Filter):  # type: ignore[no-untyped-def]
    column = {
        "name": func.lower(Room.name),
        "address": func.lower(func.coalesce(Room.external_address, "")),
        "status": Room.sync_state,
    }[wanted.sort]
    return (column.desc() if wanted.descending else column.asc(), func.lower(Room.name), Room.id)
