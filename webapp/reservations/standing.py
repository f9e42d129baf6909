"""How a reservation stands now: its row with all around it that its page shows, read with one query."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

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
    enabled = func.coalesce(select(SyncSettings.enabled).scalar_subquery(), False)
    delegation = func.coalesce(select(SyncSettings.delegation).scalar_subquery(), False)
    sibling, to, come = aliased(Reservation), aliased(Reservation), aliased(Reservation)
    to_room, come_room, organizer = aliased(Room), aliased(Room), aliased(Person)
    waits_for_all = and_(
        Outbox.kind.in_((OutboxKind.MEETING, OutboxKind.CANCEL_MEETING)),
        Outbox.reservation_id.in_(select(sibling.id).where(sibling.meeting_id == Reservation.meeting_id)),
    )
    reach = (
        select(Mailbox.reach)
        .where(
            Mailbox.kind == MailboxKind.PERSON,
            Mailbox.connection_id == Room.connection_id,
            Mailbox.address == func.lower(organizer.email),
        )
        .scalar_subquery()
    )
    query = (
        select(Reservation, Outbox, Link, enabled, delegation, reach, to.id, to_room.name, come.id, come_room.name)
        .join(Reservation.room)
        .join(Reservation.meeting)
        .outerjoin(organizer, Meeting.organizer_id == organizer.id)
        .outerjoin(Outbox, or_(Outbox.reservation_id == Reservation.id, waits_for_all))
        .outerjoin(Link, and_(Link.reservation_id == Reservation.id, Link.mailbox_id == Room.mailbox_id))
        .outerjoin(to, to.id == Reservation.leaves_for_id)
        .outerjoin(to_room, to.room_id == to_room.id)
        .outerjoin(come, and_(come.leaves_for_id == Reservation.id, come.cancelled_at.is_(None)))
        .outerjoin(come_room, come.room_id == come_room.id)
        .where(Reservation.id == reservation_id)
        .order_by(Outbox.parked, Link.id.desc())
        .limit(1)
        .options(
            joinedload(Reservation.room).joinedload(Room.connection),
            joinedload(Reservation.room).joinedload(Room.mailbox),
            joinedload(Reservation.meeting).joinedload(Meeting.organizer),
            joinedload(Reservation.meeting).joinedload(Meeting.owner),
        )
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(what="reservation", id=reservation_id)
    one, outbox, link, on, writes, reached, to_id, to_name, come_id, come_name = row
    leaves_for = (to_id, to_name) if to_id is not None else None
    comes_from = (come_id, come_name) if come_id is not None else None
    return Standing(one, outbox, link, on, writes, reached, leaves_for, comes_from)
