"""The organizer's own event of a meeting: when it is looked at, what is known of it, and what it decides here.

All of it happens in the lane of the meeting's lead room: the lowest id among its rooms that are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from webapp.domain.intervals import span_from_json
from webapp.domain.words import (
    Answer,
    AttemptKind,
    AttemptState,
    AuthorityState,
    Home,
    LinkRole,
    LinkState,
    OutboxKind,
    SyncState,
    TitleSource,
)
from webapp.models import Attempt, Link, Mailbox, Meeting, Outbox, Reservation, Room
from webapp.reservations.remote import cancel_remote, decline_remote
from webapp.reservations.rows import lock_room, set_span, span_of
from worker.store.claims import Lane
from worker.store.items import base_of, local_values
from worker.sync.event import Party, ResourceAnswer
from worker.sync.link import Observation, observation_from_json, observation_to_json
from worker.sync.plan import Base
from worker.sync.recognise import parse_mark
from worker.sync.values import Values, values_to_json

AWAITED_AFTER = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900))
"""While a room's answer is awaited the organizer's event is read again after these waits."""

HOURLY = timedelta(hours=1)
UNCONFIRMED_AFTER = timedelta(minutes=15)
"""A room that has not answered for so long is shown as unconfirmed (H58)."""

AWAITED_AT_MOST = timedelta(days=1)
AT_ONCE = 50


@dataclass(frozen=True)
class Authority:
    """A meeting that a person organizes, and what is known of his own event."""

    meeting_id: int
    revision: int
    organizer: Party
    ical_uid: str
    link_id: int | None
    event_id: str | None
    base: Base | None
    etag: str
    local: Values
    looks: int
    awaiting: bool
    """A room's answer, or its following of a new time, is awaited."""
    ended: bool
    made_here: bool
    copies_private: bool


@dataclass(frozen=True)
class RoomOfMeeting:
    """One room of a meeting and how its reservation stands."""

    reservation_id: int
    room_id: int
    name: str
    address: str
    wanted: bool
    """It lives here; otherwise it was cancelled here and is to be taken off."""


def is_lead(room: type[Room], reservation: type[Reservation]) -> ColumnElement[bool]:
    """Whether `room` is the lead of `reservation`'s meeting: no followed room of it has a lower id."""
    other, lower = aliased(Reservation), aliased(Room)
    return ~exists(
        select(other.id)
        .join(lower, other.room_id == lower.id)
        .where(
            other.meeting_id == reservation.meeting_id,
            other.cancelled_at.is_(None),
            lower.id < room.id,
            lower.mailbox_id.is_not(None),
            lower.sync_active,
            lower.archived_at.is_(None),
        )
    )


def has_due_look(now: datetime) -> ColumnElement[bool]:
    """Whether a mailbox's room leads a meeting whose organizer's event should be read now."""
    return exists(
        select(Meeting.id)
        .join(Reservation, Reservation.meeting_id == Meeting.id)
        .join(Room, Reservation.room_id == Room.id)
        .where(
            Meeting.authority_look_at <= now,
            Room.mailbox_id == Mailbox.id,
            Reservation.cancelled_at.is_(None),
            is_lead(Room, Reservation),
        )
    )


def due(lane: Lane, now: datetime) -> list[int]:
    """Meetings that this lane leads and whose organizer's event should be read now, the longest waiting first."""
    with lane.reading() as session:
        query = (
            select(Meeting.id)
            .join(Reservation, Reservation.meeting_id == Meeting.id)
            .join(Room, Reservation.room_id == Room.id)
            .where(
                Meeting.authority_look_at <= now,
                Reservation.room_id == lane.room_id,
                Reservation.cancelled_at.is_(None),
                is_lead(Room, Reservation),
            )
            .order_by(Meeting.authority_look_at)
            .limit(AT_ONCE)
        )
        return list(session.scalars(query))


def load(session: Session, lane: Lane, meeting_id: int, now: datetime) -> Authority | None:
    """What is known of a meeting's authority; None where no person organizes it any more."""
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or meeting.home is not Home.USER or meeting.organizer is None:
        return None
    link = session.scalar(select(Link).where(Link.meeting_id == meeting_id, Link.role == LinkRole.AUTHORITY))
    observed = observation_from_json(link.observed) if link is not None and link.observed else None
    waiting = session.scalar(
        select(Reservation.id).where(
            Reservation.meeting_id == meeting_id,
            Reservation.cancelled_at.is_(None),
            Reservation.awaiting_since.is_not(None),
        )
    )
    private = session.scalar(
        select(Link.id)
        .join(Reservation, Link.reservation_id == Reservation.id)
        .where(Reservation.meeting_id == meeting_id, Link.private_seen)
        .limit(1)
    )
    return Authority(
        meeting_id=meeting_id,
        revision=meeting.revision,
        organizer=Party(meeting.organizer.name, meeting.organizer.email),
        ical_uid=meeting.ical_uid or "",
        link_id=link.id if link else None,
        event_id=link.event_id if link else None,
        base=base_of(link) if link else None,
        etag=observed.etag if observed else "",
        local=local_values(meeting),
        looks=meeting.authority_looks,
        awaiting=waiting is not None,
        ended=span_of(meeting).instants(ZoneInfo(lane.zone))[1] <= now,
        made_here=meeting.title_source is TitleSource.TYPED,
        copies_private=private is not None,
    )


def look_again_at(session: Session, meeting_id: int, at: datetime | None, *, looked: bool = False) -> None:
    """When the organizer's event is read next; None: not before something changes. `looked` counts a look."""
    values: dict[str, Any] = {"authority_look_at": at}
    if looked:
        values["authority_looks"] = Meeting.authority_looks + 1
    session.execute(update(Meeting).where(Meeting.id == meeting_id).values(**values))


def await_answer(session: Session, reservation: Reservation, now: datetime) -> None:
    """The room was asked now: its answer is awaited from here on."""
    reservation.awaiting_since = now
    reservation.sync_state, reservation.sync_code, reservation.sync_fields = SyncState.AWAITING, None, {}
    reservation.meeting.authority_look_at = now + AWAITED_AFTER[0]
    reservation.meeting.authority_looks = 0


def next_look(session: Session, authority: Authority, now: datetime) -> datetime | None:
    """When to look again: while an answer is awaited by the schedule, else not before a copy changes."""
    since = session.scalar(
        select(func.min(Reservation.awaiting_since)).where(
            Reservation.meeting_id == authority.meeting_id, Reservation.cancelled_at.is_(None)
        )
    )
    if since is None or authority.ended:
        return None
    if authority.looks < len(AWAITED_AFTER) - 1:
        return now + AWAITED_AFTER[authority.looks + 1]
    return now + HOURLY if now - since < AWAITED_AT_MOST else None


def tell_unconfirmed(session: Session, meeting_id: int, now: datetime) -> None:
    """A room that did not answer in time is shown for what it is (H58); the reservation goes on blocking."""
    session.execute(
        update(Reservation)
        .where(
            Reservation.meeting_id == meeting_id,
            Reservation.cancelled_at.is_(None),
            Reservation.awaiting_since <= now - UNCONFIRMED_AFTER,
            Reservation.sync_state == SyncState.AWAITING,
            Reservation.sync_code.is_(None),
        )
        .values(sync_code="unconfirmed")
    )


def note(
    session: Session,
    lane: Lane,
    mailbox_id: int,
    authority: Authority,
    event_id: str,
    seen: Observation,
    now: datetime,
) -> None:
    """The organizer's event as it was read becomes this meeting's: link, base, title, time and details."""
    link = _link(session, mailbox_id, authority.meeting_id, event_id, now)
    meeting = session.get_one(Meeting, authority.meeting_id)
    unsent = session.scalar(
        select(Outbox.id)
        .join(Reservation, Outbox.reservation_id == Reservation.id)
        .where(Reservation.meeting_id == meeting.id, Outbox.kind == OutboxKind.MEETING, Outbox.parked.is_(False))
    )
    link.observed = observation_to_json(seen)
    if unsent is None:
        follow(session, meeting, seen)
        link.base_local, link.base_remote = values_to_json(local_values(meeting)), values_to_json(seen.values)
    meeting.authority_state = AuthorityState.KNOWN


def follow(session: Session, meeting: Meeting, seen: Observation) -> None:
    """Title, time and details of the organizer's event are the meeting's, except for what waits to be sent."""
    values, status = seen.values, seen.values.status
    before = (meeting.title, meeting.title_source, meeting.is_private, span_of(meeting))
    typed = meeting.title_source is TitleSource.TYPED
    if values.private:
        meeting.is_private = True
        if not typed:
            meeting.title, meeting.title_source = "", TitleSource.PLACEHOLDER
    else:
        meeting.is_private = False
        if values.subject and values.subject != meeting.title:
            meeting.title, meeting.title_source = values.subject, TitleSource.ORGANIZER
        elif values.subject and not typed:
            meeting.title_source = TitleSource.ORGANIZER
    if not seen.is_series and not _time_is_pending(session, meeting.id) and span_of(meeting) != values.time:
        set_span(meeting, values.time)
    if status is not None:
        meeting.other_attendees = status.other_attendees
    if before != (meeting.title, meeting.title_source, meeting.is_private, span_of(meeting)):
        meeting.revision += 1


def bind_created(
    session: Session,
    lane: Lane,
    mailbox_id: int,
    meeting_id: int,
    event_id: str,
    seen: Observation,
    asked: Values,
    now: datetime,
) -> None:
    """The event that a create made: id and base in one step, and the key by which the rooms' copies find it."""
    link = _link(session, mailbox_id, meeting_id, event_id, now)
    link.transaction_id = seen.transaction_id
    link.observed = observation_to_json(seen)
    link.base_local, link.base_remote = values_to_json(asked), values_to_json(seen.values)
    link.written_at = now
    meeting = session.get_one(Meeting, meeting_id)
    meeting.tenant_guid, meeting.ical_uid = lane.tenant_guid or "", seen.ical_uid
    meeting.authority_state = AuthorityState.KNOWN
    for reservation in live_reservations(session, meeting_id):
        await_answer(session, reservation, now)
    session.flush()


def wrote(
    session: Session, link_id: int, seen: Observation, sent: Values, groups: frozenset[str], now: datetime
) -> None:
    """A PATCH of the organizer's event took effect: what it sent is agreed, as the server returned it (H47)."""
    link = session.get_one(Link, link_id)
    base = base_of(link)
    local, remote = (base.local, base.remote) if base else (sent, seen.values)
    link.base_local = values_to_json(replace(local, **{group: getattr(sent, group) for group in groups}))
    link.base_remote = values_to_json(replace(remote, **{group: getattr(seen.values, group) for group in groups}))
    link.observed = observation_to_json(seen)
    link.written_at = now


def rooms_of(session: Session, meeting_id: int) -> list[RoomOfMeeting]:
    """The meeting's rooms: those that shall be invited, and those that people here took out of it."""
    rows = session.execute(
        select(Reservation, Room)
        .join(Room, Reservation.room_id == Room.id)
        .where(Reservation.meeting_id == meeting_id)
        .order_by(Room.id)
    )
    return [
        RoomOfMeeting(
            reservation.id, room.id, room.name, room.external_address or "", reservation.cancelled_at is None
        )
        for reservation, room in rows
        if room.external_address
    ]


def live_reservations(session: Session, meeting_id: int) -> list[Reservation]:
    """The meeting's reservations that live, by room id."""
    query = select(Reservation).where(Reservation.meeting_id == meeting_id, Reservation.cancelled_at.is_(None))
    return list(session.scalars(query.order_by(Reservation.room_id)))


def take_answers(
    session: Session, meeting_id: int, answers: tuple[ResourceAnswer, ...], lane: Lane, now: datetime
) -> list[str]:
    """What the organizer's event says of each awaited room; what was decided, as step names.

    A room that declined, or that is no longer invited, blocks nothing any more (H50). Only this lane's own
    reservation is written: each other room learns it from its own copy, or from its own look.
    """
    said = {answer.address.casefold(): answer.answer for answer in answers}
    decided: list[str] = []
    for reservation in live_reservations(session, meeting_id):
        room = lock_room(session, reservation.room_id)
        answer = said.get((room.external_address or "").casefold())
        if reservation.awaiting_since is None and reservation.sync_state is not SyncState.DECLINED:
            continue
        if answer is Answer.DECLINED and reservation.sync_state is not SyncState.DECLINED:
            decline_remote(session, reservation.id, now)
            decided.append("declined")
        elif answer is None and reservation.sync_state is SyncState.DECLINED:
            cancel_remote(session, reservation.id, now)
            decided.append("cancel")
        elif answer is Answer.ACCEPTED:
            reservation.answer = Answer.ACCEPTED
    return decided


def is_awaited_copy(session: Session, lane: Lane, seen: Observation) -> bool:
    """Whether a new copy may be that of a create that is not settled yet: same organizer, same times. It is not
    imported before that attempt is settled."""
    status = seen.values.status
    if seen.is_organizer or status is None:
        return False
    bodies = session.scalars(
        select(Attempt.body)
        .join(Mailbox, Attempt.target_mailbox_id == Mailbox.id)
        .where(
            Attempt.kind == AttemptKind.CREATE,
            Attempt.state == AttemptState.OPEN,
            Mailbox.address == status.organizer_address.lower(),
            Mailbox.connection_id == lane.connection_id,
        )
    )
    return any(span_from_json(body["time"]) == seen.values.time for body in bodies)


def meeting_ended(session: Session, meeting_id: int, now: datetime) -> None:
    """The organizer's event is cancelled or gone, and no room of it is followed by a copy: it ends here."""
    for reservation in live_reservations(session, meeting_id):
        cancel_remote(session, reservation.id, now)


def mark_of(link: Link) -> bool:
    """Whether the link's event carries a mark of ours."""
    return parse_mark(link.transaction_id) is not None


def _time_is_pending(session: Session, meeting_id: int) -> bool:
    return any(reservation.pending_time for reservation in live_reservations(session, meeting_id))


def _link(session: Session, mailbox_id: int, meeting_id: int, event_id: str, now: datetime) -> Link:
    link = session.scalar(select(Link).where(Link.mailbox_id == mailbox_id, Link.event_id == event_id))
    if link is None:
        link = Link(mailbox_id=mailbox_id, event_id=event_id, created_at=now, role=LinkRole.AUTHORITY)
        session.add(link)
    link.role, link.state, link.meeting_id, link.dirty = LinkRole.AUTHORITY, LinkState.LINKED, meeting_id, False
    session.flush()
    return link
