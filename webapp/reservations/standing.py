"""How a reservation stands now: its row with all around it that its page shows, read with one query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, load_only

from webapp.domain.access import OUT_OF_REACH, Modes, may_write_organizer
from webapp.domain.words import Home, MailboxKind, OutboxKind, Reach, RoomState, SyncState
from webapp.errors import NotFound
from webapp.models import Link, Mailbox, Meeting, Outbox, Person, Reservation, Room, SyncSettings


@dataclass(frozen=True)
class Standing:
    """A reservation with what its page shows of its present state.

    `outbox` is what waits for it, or for the meeting as a whole. `leaves_for` and `comes_from` name the other room of
    a move under way, with the id of its reservation.
    """

    reservation: Reservation
    outbox: Outbox | None
    link: Link | None
    sync_enabled: bool
    delegation: bool
    reach: Reach | None
    leaves_for: tuple[int, str] | None
    comes_from: tuple[int, str] | None

    @property
    def moving(self) -> bool:
        """Whether its sync state changes by itself soon. A room that did not answer in time does not."""
        room, one = self.reservation.room, self.reservation
        awaited = one.sync_state is SyncState.AWAITING and one.sync_code is None
        under_way = self.outbox or self.on_the_move or one.pending_time
        return (
            self.sync_enabled
            and room.sync_active
            and room.sync_state in (RoomState.PENDING, RoomState.ACTIVE, RoomState.HELD)
            and (self.outbox is None or not self.outbox.parked)
            and bool(awaited or one.sync_state is SyncState.WAITING or under_way)
        )

    @property
    def on_the_move(self) -> bool:
        """Whether it is on its way to another room, or to this one."""
        return self.leaves_for is not None or self.comes_from is not None

    @property
    def may_choose(self) -> bool:
        """Whether another room or time can be chosen here, and not by its organizer alone."""
        if self.reservation.meeting.home is Home.RESOURCE:
            return True
        return may_write_organizer(Modes(delegation=self.delegation)) and self.reach not in OUT_OF_REACH

    @property
    def can_send_again(self) -> bool:
        """Whether a failed reservation waits for a person to send it again."""
        stopped = self.outbox is not None and self.outbox.parked
        return stopped or self.reservation.meeting.home is Home.RESOURCE


def standing(session: Session, reservation_id: int) -> Standing:
    """A reservation with all around it in one query; raises `NotFound`."""
    row = session.execute(_with_all_around(), {"id": reservation_id}).one_or_none()
    if row is None:
        raise NotFound(what="reservation", id=reservation_id)
    one, outbox, link, on, writes, reached, to_name, come_id, come_name = row
    leaves_for = (one.leaves_for_id, to_name) if one.leaves_for_id is not None else None
    comes_from = (come_id, come_name) if come_id is not None else None
    return Standing(one, outbox, link, on, writes, reached, leaves_for, comes_from)


@cache
def _with_all_around() -> Select[Any]:
    """A reservation, what waits for it, its link, the settings, its organizer's reach, and moves under way.

    It is polled for: made once, and with few joins, as PostgreSQL takes ten times as long to plan many as to carry
    them out. What is mostly not there is looked up in the list of columns.
    """
    enabled = func.coalesce(select(SyncSettings.enabled).scalar_subquery(), False)
    delegation = func.coalesce(select(SyncSettings.delegation).scalar_subquery(), False)
    organizer, owner = aliased(Person), aliased(Person)
    return (
        select(Reservation, Outbox, Link, enabled, delegation, _reach(organizer), *_moves())
        .join(Reservation.room)
        .join(Reservation.meeting)
        .outerjoin(organizer, Meeting.organizer_id == organizer.id)
        .outerjoin(owner, Meeting.owner_id == owner.id)
        .outerjoin(Outbox, or_(Outbox.reservation_id == Reservation.id, _waits_for_the_meeting()))
        .outerjoin(Link, and_(Link.reservation_id == Reservation.id, Link.mailbox_id == Room.mailbox_id))
        .where(Reservation.id == bindparam("id"))
        .order_by(Outbox.parked, Link.id.desc())
        .limit(1)
        .options(
            contains_eager(Reservation.room),
            contains_eager(Reservation.meeting).options(
                contains_eager(Meeting.organizer.of_type(organizer)), contains_eager(Meeting.owner.of_type(owner))
            ),
            load_only(Link.event_id, Link.ical_uid, Link.observed, Link.observed_gone, Link.base_remote),
        )
    )


def _waits_for_the_meeting() -> ColumnElement[bool]:
    sibling = aliased(Reservation)
    return and_(
        Outbox.kind.in_((OutboxKind.MEETING, OutboxKind.CANCEL_MEETING)),
        Outbox.reservation_id.in_(select(sibling.id).where(sibling.meeting_id == Reservation.meeting_id)),
    )


def _reach(organizer: type[Person]) -> ScalarSelect[Reach]:
    query = select(Mailbox.reach).where(
        Mailbox.kind == MailboxKind.PERSON,
        Mailbox.connection_id == Room.connection_id,
        Mailbox.address == func.lower(organizer.email),
    )
    return query.scalar_subquery()


def _moves() -> tuple[ScalarSelect[Any], ...]:
    """The name of the room that it leaves for; of the room that it comes from the reservation, and the name."""
    other, its_room = aliased(Reservation), aliased(Room)
    named = select(its_room.name).join(other, other.room_id == its_room.id)
    comes = and_(other.leaves_for_id == Reservation.id, other.cancelled_at.is_(None))
    to_name = named.where(other.id == Reservation.leaves_for_id)
    come_id, come_name = (query.where(comes).order_by(other.id).limit(1) for query in (select(other.id), named))
    return to_name.scalar_subquery(), come_id.scalar_subquery(), come_name.scalar_subquery()
