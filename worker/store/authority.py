"""The organizer's own event of a meeting: when it is looked at, what is known of it, and what it decides here.

All of it happens in the lane of the meeting's lead room: the lowest id among its rooms that are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.domain.access import Modes, may_read_organizer
from webapp.domain.intervals import Span
from webapp.domain.series_edit import with_date
from webapp.domain.words import (
    BY_OUTLOOK,
    AuthorityState,
    Home,
    LinkRole,
    LinkState,
    MeetingKind,
    Origin,
    SyncState,
    TitleSource,
)
from webapp.models import Link, Meeting, Occurrence, Reservation, Room, SyncSettings, Tombstone
from webapp.reservations.remote import cancel_remote
from webapp.reservations.rows import set_span, span_of
from webapp.reservations.series_rows import follow_organizer, series_of
from worker.store import joining, unsent
from worker.store.claims import Lane
from worker.store.items import base_of, local_values, set_base
from worker.store.leading import is_lead
from worker.store.splitting import lasting
from worker.sync.event import Party, ResourceAnswer
from worker.sync.link import Observation, observation_from_json, observation_to_json
from worker.sync.plan import Base, followed, wishes
from worker.sync.series_plan import CancelDate, ChangeDate, agreed_after, agreed_groups
from worker.sync.values import LOCAL_GROUPS, Values, changed, values_to_json

AWAITED_AFTER = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900))
"""While a room's answer is awaited the organizer's event is read again after these waits."""

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
    written_at: datetime | None = None
    """When we last wrote its organizer's event."""


@dataclass(frozen=True)
class RoomOfMeeting:
    """One room of a meeting and how its reservation stands."""

    reservation_id: int
    room_id: int
    name: str
    address: str
    wanted: bool
    """It lives here."""
    taken_off: bool
    """People here took it out of the meeting. A room that left it in Outlook is its organizer's to invite again."""


DUE_MEETINGS = (
    select(Meeting.id)
    .join(Reservation, Reservation.meeting_id == Meeting.id)
    .join(Room, Reservation.room_id == Room.id)
    .where(
        Meeting.authority_look_at <= bindparam("now"),
        Reservation.room_id == bindparam("room"),
        Reservation.cancelled_at.is_(None),
        is_lead(),
    )
    .order_by(Meeting.authority_look_at)
    .limit(AT_ONCE)
)


def due(lane: Lane, now: datetime) -> list[int]:
    """Meetings that this lane leads and whose organizer's event should be read now, the longest waiting first."""
    with lane.asking() as connection:
        return list(connection.scalars(DUE_MEETINGS, {"now": now, "room": lane.room_id}))


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
        ended=_has_ended(session, lane, meeting, now),
        made_here=meeting.origin is Origin.HERE,
        written_at=link.written_at if link else None,
    )


def _has_ended(session: Session, lane: Lane, meeting: Meeting, now: datetime) -> bool:
    """Whether the meeting is over; a series is with the last of its dates that are known."""
    if meeting.kind is MeetingKind.SINGLE:
        return span_of(meeting).instants(ZoneInfo(lane.zone))[1] <= now
    ahead = select(Occurrence.id).join(Reservation, Occurrence.reservation_id == Reservation.id)
    query = ahead.where(Reservation.meeting_id == meeting.id, Occurrence.ends_at > now)
    return session.scalar(query.limit(1)) is None


def look_again_at(session: Session, meeting_id: int, at: datetime | None, *, looked: bool = False) -> None:
    """When the organizer's event is read next; None: not before something changes. `looked` counts a look."""
    values: dict[str, Any] = {"authority_look_at": at}
    if looked:
        values["authority_looks"] = Meeting.authority_looks + 1
    session.execute(update(Meeting).where(Meeting.id == meeting_id).values(**values))


def await_answer(session: Session, reservation: Reservation, now: datetime) -> None:
    """The room was asked now: its answer is awaited from here on."""
    reservation.awaiting_since = now
    reservation.sync_state, reservation.sync_fields = SyncState.AWAITING, {}
    reservation.sync_code = lasting(reservation.sync_code)
    reservation.meeting.authority_look_at = now + AWAITED_AFTER[0]
    reservation.meeting.authority_looks = 0


def await_answers(session: Session, meeting_id: int, now: datetime) -> None:
    """All the meeting's rooms were asked anew."""
    for reservation in live_reservations(session, meeting_id):
        await_answer(session, reservation, now)


@dataclass(frozen=True)
class Reading:
    """What a look at an organizer's event brought: in which mailbox, which event, and what it says."""

    mailbox_id: int
    event_id: str
    seen: Observation
    rooms: tuple[ResourceAnswer, ...] = ()


def may_still_be_read(session: Session) -> bool:
    """Whether what was read may be kept: asked in the transaction that keeps it, as the setting may have changed
    since it was read. Saving that setting waits for this transaction, and then forgets what it kept."""
    row = session.scalars(select(SyncSettings).with_for_update(read=True)).one()
    return may_read_organizer(Modes(row.delegation, row.strict, row.create_in_owner))


def kept(session: Session, seen: Observation) -> Observation:
    """What may be kept of an organizer's event after a write to it."""
    return seen if may_still_be_read(session) else replace(seen, values=replace(seen.values, subject=None))


def note(session: Session, authority: Authority, reading: Reading, now: datetime) -> bool:
    """The organizer's event as it was read becomes this meeting's: link, base, title, time and details; whether
    the meeting changed by it. What is on its way there is left to that, which reads it again (a room's refusal does
    not); of what waits for a person the groups that were changed here stay as they are, and stay wishes."""
    link = _link(session, reading.mailbox_id, authority.meeting_id, reading.event_id, now)
    meeting, base = session.get_one(Meeting, authority.meeting_id), base_of(link)
    meeting.authority_state = AuthorityState.KNOWN
    link.observed = observation_to_json(reading.seen)
    stopped = unsent.waits_for_organizer(session, meeting.id, parked=True)
    if unsent.waits_for_organizer(session, meeting.id, parked=False) or (stopped and base is None):
        return False
    wished = wishes(base, local_values(meeting)) if stopped else frozenset()
    moved = _follow(session, meeting, reading.seen, base, wished)
    agreed = followed(base, local_values(meeting), reading.seen.values, wished)
    set_base(link, agreed.local, agreed.remote)
    return moved


def _follow(session: Session, meeting: Meeting, seen: Observation, base: Base | None, wished: frozenset[str]) -> bool:
    """Title, time and details of the organizer's event are the meeting's, but for the groups that are wished
    otherwise here; whether anything of it changed."""
    before = (meeting.title, meeting.title_source, meeting.is_private, span_of(meeting), meeting.other_attendees)
    if "private" not in wished:
        meeting.is_private = seen.values.private
    if "subject" not in wished:
        _follow_title(meeting, seen.values, base)
    fixed = seen.is_series or "time" in wished or _time_is_pending(session, meeting.id)
    if not fixed and span_of(meeting) != seen.values.time:
        set_span(meeting, seen.values.time)
    if seen.values.status is not None:
        meeting.other_attendees = seen.values.status.other_attendees
    rule = seen.values.rule.rule if seen.values.rule is not None else None
    ruled = rule is not None and follow_organizer(meeting, rule)
    now = (meeting.title, meeting.title_source, meeting.is_private, span_of(meeting), meeting.other_attendees)
    if before == now and not ruled:
        return False
    meeting.revision += 1
    return True


def _follow_title(meeting: Meeting, values: Values, base: Base | None) -> None:
    """A title typed here stays until the organizer changes his, or where his may not be read (H47)."""
    typed = meeting.title_source is TitleSource.TYPED
    if values.subject is None:
        if not typed:
            meeting.title, meeting.title_source = "", TitleSource.PLACEHOLDER
        return
    unchanged = base is not None and base.remote.subject == values.subject
    if typed and unchanged:
        return
    if values.subject:
        meeting.title, meeting.title_source = values.subject, TitleSource.ORGANIZER


def bind_created(
    session: Session,
    lane: Lane,
    authority: Authority,
    reading: Reading,
    asked: Values,
    now: datetime,
    *,
    answered: bool,
) -> None:
    """The event that a create made: id and base in one step, and the key by which the rooms' copies find it. What
    they brought before, as another's meeting, is part of it. Only the first answer of the create (`answered`) shows
    the server's own hand (H47): an event found later may have been changed by its owner."""
    link = _link(session, reading.mailbox_id, authority.meeting_id, reading.event_id, now)
    link.transaction_id, link.written_at = reading.seen.transaction_id, now
    seen = kept(session, reading.seen)
    link.observed = observation_to_json(seen)
    touched = not answered and bool(changed(asked, seen.values, LOCAL_GROUPS))
    set_base(link, asked, asked if touched else seen.values)
    meeting = session.get_one(Meeting, authority.meeting_id)
    joining.join(session, lane, meeting, reading.seen.ical_uid, now)
    meeting.tenant_guid, meeting.ical_uid = lane.tenant_guid or "", reading.seen.ical_uid
    meeting.authority_state = AuthorityState.KNOWN
    await_answers(session, authority.meeting_id, now)
    session.flush()


def wrote(
    session: Session, link_id: int, seen: Observation, sent: Values, groups: frozenset[str], now: datetime
) -> None:
    """A PATCH of the organizer's event took effect: what it sent is agreed, as the server returned it (H47)."""
    link = session.get_one(Link, link_id)
    seen = kept(session, seen)
    base = agreed_groups(base_of(link) or Base(sent, seen.values), sent, seen.values, groups)
    link.base_local, link.base_remote = values_to_json(base.local), values_to_json(base.remote)
    link.observed, link.written_at = observation_to_json(seen), now


def agree_date(
    session: Session, meeting_id: int, wanted: Values, step: ChangeDate | CancelDate, now: datetime
) -> None:
    """One date of the organizer's series is as it was wanted here."""
    link = session.scalar(select(Link).where(Link.meeting_id == meeting_id, Link.role == LinkRole.AUTHORITY))
    base = base_of(link) if link is not None else None
    if link is not None and base is not None and base.local.series is not None and wanted.series is not None:
        link.base_local = values_to_json(agreed_after(base.local, wanted, step))
        link.written_at = now


def agree_date_as(session: Session, meeting_id: int, original: date, span: Span | None) -> None:
    """One date of the organizer's series stays as he has it."""
    link = session.scalar(select(Link).where(Link.meeting_id == meeting_id, Link.role == LinkRole.AUTHORITY))
    base = base_of(link) if link is not None else None
    if link is not None and base is not None and base.local.series is not None:
        series = with_date(base.local.series, original, span)
        link.base_local = values_to_json(replace(base.local, series=series))


def follow_dates(session: Session, meeting: Meeting) -> None:
    """What the rooms' copies told of single dates is no wish of people here: both sides agree on it."""
    link = session.scalar(select(Link).where(Link.meeting_id == meeting.id, Link.role == LinkRole.AUTHORITY))
    base, series = base_of(link) if link is not None else None, series_of(meeting)
    if link is None or base is None or unsent.waits_for_organizer(session, meeting.id):
        return
    if base.local.series != series:
        link.base_local = values_to_json(replace(base.local, series=series))


def rooms_of(session: Session, meeting_id: int) -> list[RoomOfMeeting]:
    """The meeting's rooms: those that shall be invited, and those that people here took out of it."""
    rows = session.execute(
        select(Reservation, Room)
        .join(Room, Reservation.room_id == Room.id)
        .where(Reservation.meeting_id == meeting_id, Room.external_address.is_not(None))
        .order_by(Room.id)
    )
    return [
        RoomOfMeeting(
            one.id,
            room.id,
            room.name,
            (room.external_address or "").lower(),
            wanted=one.cancelled_at is None,
            taken_off=one.cancelled_at is not None and one.cancelled_by != BY_OUTLOOK,
        )
        for one, room in rows
    ]


def has_copies(session: Session, meeting_id: int) -> bool:
    """Whether some room's calendar still holds a copy of the meeting, as far as was seen."""
    return bool(with_copies(session, meeting_id))


def with_copies(session: Session, meeting_id: int) -> set[int]:
    """The meeting's reservations whose rooms' calendars hold a copy, as far as was seen."""
    query = (
        select(Reservation.id)
        .join(Link, Link.reservation_id == Reservation.id)
        .where(Reservation.meeting_id == meeting_id, Link.role == LinkRole.COPY, Link.observed_gone.is_(False))
    )
    return set(session.scalars(query))


def live_reservations(session: Session, meeting_id: int) -> list[Reservation]:
    """The meeting's reservations that live, by room id."""
    query = select(Reservation).where(Reservation.meeting_id == meeting_id, Reservation.cancelled_at.is_(None))
    return list(session.scalars(query.order_by(Reservation.room_id)))


def reservation_in(session: Session, meeting_id: int, room_id: int) -> int | None:
    """The meeting's reservation in this room."""
    return session.scalar(
        select(Reservation.id).where(Reservation.meeting_id == meeting_id, Reservation.room_id == room_id)
    )


def meeting_ended(session: Session, meeting_id: int, now: datetime) -> None:
    """The organizer's event is cancelled or gone, and no room of it is followed by a copy: it ends here."""
    for reservation in live_reservations(session, meeting_id):
        cancel_remote(session, reservation.id, now)


def end_if_vanished(session: Session, authority: Authority, now: datetime) -> bool:
    """An event that was there before, and whose copies are gone from every room as well: it was called off."""
    if authority.link_id is None or has_copies(session, authority.meeting_id):
        return False
    meeting_ended(session, authority.meeting_id, now)
    bury(session, authority.link_id, "gone_there", now)
    return True


def bury(session: Session, link_id: int, why: str, now: datetime) -> None:
    """The organizer's event is no more, by our own hand or his."""
    link = session.get_one(Link, link_id)
    if link.meeting_id is not None:
        set_state(session, link.meeting_id, AuthorityState.GONE)
    session.add(Tombstone.of(link, why, now))
    session.delete(link)
    session.flush()


def know(session: Session, authority: Authority, reading: Reading, base: Base, now: datetime) -> int:
    """Keep what was just read before something is sent; both sides' base stays. Returns the link's id."""
    link = _link(session, reading.mailbox_id, authority.meeting_id, reading.event_id, now)
    link.observed = observation_to_json(kept(session, reading.seen))
    if link.base_local is None and may_still_be_read(session):
        link.base_local, link.base_remote = values_to_json(base.local), values_to_json(base.remote)
    set_state(session, authority.meeting_id, AuthorityState.KNOWN)
    return link.id


def seen_before(session: Session, link_id: int) -> Observation:
    """What was read of this event just before something is sent: `know` kept it."""
    observed = session.get_one(Link, link_id).observed
    assert observed is not None, "what is written was read"
    return observation_from_json(observed)


def forget_base(session: Session, meeting_id: int) -> None:
    """What was wanted here is given up: the organizer's event is followed as if both sides had never agreed."""
    session.execute(
        update(Link)
        .where(Link.meeting_id == meeting_id, Link.role == LinkRole.AUTHORITY)
        .values(base_local=None, base_remote=None)
    )


def set_state(session: Session, meeting_id: int, state: AuthorityState) -> None:
    """Write what is known of the organizer's own event."""
    session.execute(update(Meeting).where(Meeting.id == meeting_id).values(authority_state=state))


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
