"""Reservations as Outlook has them: never refuses, never writes the outbox; a clash becomes a conflict row.

The other door, for people here, is `webapp.reservations.service`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span, span_from_json
from webapp.domain.words import (
    BY_OUTLOOK,
    Answer,
    AuthorityState,
    Home,
    MeetingKind,
    Origin,
    OutboxKind,
    SyncState,
    TitleSource,
)
from webapp.models import Meeting, Outbox, Reservation
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import (
    PENDING,
    Dated,
    end_reservation,
    lock_room,
    new_reservation,
    person,
    set_span,
    span_of,
    write_dates,
)
from webapp.reservations.series_pending import PendingSeries, beside, is_followed, is_of_series, pending_series
from webapp.reservations.series_rows import RemoteSeries, write_series


@dataclass(frozen=True)
class RemoteMeeting:
    """A meeting as one room's calendar tells it. `title` None: unread, what is known stays.

    `dates` are what blocks (or does not block) this room; a single meeting has one. `organizer_email` is empty
    where the room organizes.
    """

    tenant_guid: str
    ical_uid: str
    home: Home
    kind: MeetingKind
    span: Span
    dates: tuple[Dated, ...]
    answer: Answer
    title: str | None = None
    title_source: TitleSource = TitleSource.PLACEHOLDER
    is_private: bool = False
    organizer_name: str = ""
    organizer_email: str = ""
    other_attendees: int = 0
    series: RemoteSeries | None = None


def import_remote(session: Session, room_id: int, remote: RemoteMeeting, now: datetime) -> Reservation:
    """Find or make the reservation of `remote` in the room; copies in several rooms join one meeting.

    A reservation that was cancelled and that the room holds again is revived.
    """
    room = lock_room(session, room_id)
    if remote.home is Home.USER:  # the person before the meeting: rooms side by side lock both in one order
        person(session, remote.organizer_name, remote.organizer_email)
    meeting = _meeting_for(session, remote, now)
    reservation = session.scalar(
        select(Reservation).where(Reservation.meeting_id == meeting.id, Reservation.room_id == room.id)
    )
    if reservation is None:
        reservation = new_reservation(session, meeting, room, now)
        session.flush()
    if not _is_being_ended(session, reservation):
        reservation.cancelled_at, reservation.cancelled_by = None, ""
        reservation.not_followed_since = None
        meeting.cancelled_at = None
        _tell(session, reservation, remote, now)
    return reservation


def follow_remote(session: Session, reservation_id: int, remote: RemoteMeeting, now: datetime) -> Reservation:
    """Bring a reservation that still lives to what Outlook says now."""
    reservation = session.get_one(Reservation, reservation_id)
    lock_room(session, reservation.room_id)
    session.refresh(reservation.meeting)
    if reservation.cancelled_at is None:
        _tell(session, reservation, remote, now)
    return reservation


def cancel_remote(session: Session, reservation_id: int, now: datetime) -> Reservation:
    """The event is gone or cancelled: end its reservation; the meeting ends with its last one."""
    reservation = session.get_one(Reservation, reservation_id)
    lock_room(session, reservation.room_id)
    if reservation.cancelled_at is None:
        reservation.meeting.revision += 1
        end_reservation(session, reservation, BY_OUTLOOK, now)
        settle_overlaps(session, reservation, now)
    return reservation


def decline_remote(session: Session, reservation_id: int, now: datetime) -> Reservation:
    """The room declined: the reservation stays, says so, and blocks nothing; its meeting goes on (H50)."""
    reservation = session.get_one(Reservation, reservation_id)
    room = lock_room(session, reservation.room_id)
    if reservation.cancelled_at is None:
        later = reservation.answer is Answer.ACCEPTED
        reservation.answer, reservation.sync_state = Answer.DECLINED, SyncState.DECLINED
        reservation.sync_code = "declined_later" if later else None
        reservation.awaiting_since, reservation.pending_time = None, None
        span = span_of(reservation.meeting)
        write_dates(session, reservation, room, [Dated(span, blocks=False, answer=Answer.DECLINED)])
        settle_overlaps(session, reservation, now)
    return reservation


def withdraw(session: Session, reservation_id: int, now: datetime) -> Reservation:
    """Ours lost its slot to an earlier event: Held, blocks nothing; its own event is removed by the sync (H51)."""
    reservation = session.get_one(Reservation, reservation_id)
    room = lock_room(session, reservation.room_id)
    if reservation.cancelled_at is None and reservation.withdrawn_at is None:
        reservation.withdrawn_at = now
        reservation.sync_state = SyncState.HELD
        reservation.sync_code = "slot_taken"
        write_dates(session, reservation, room, [Dated(span_of(reservation.meeting), blocks=False)])
        settle_overlaps(session, reservation, now)
    return reservation


def _is_being_ended(session: Session, reservation: Reservation) -> bool:
    """A person here ended it, and that is still on its way to Outlook: a copy that comes late revives nothing."""
    if reservation.cancelled_at is None or reservation.cancelled_by == BY_OUTLOOK:
        return False
    mine = Outbox.reservation_id.in_(select(Reservation.id).where(Reservation.meeting_id == reservation.meeting_id))
    ending = Outbox.kind.in_((OutboxKind.CANCEL_MEETING, OutboxKind.MEETING, OutboxKind.DECLINE))
    if session.scalar(select(Outbox.id).where(mine, ending).limit(1)) is not None:
        return True
    return reservation.meeting.authority_state is AuthorityState.GONE


def _meeting_for(session: Session, remote: RemoteMeeting, now: datetime) -> Meeting:
    query = select(Meeting).where(Meeting.tenant_guid == remote.tenant_guid, Meeting.ical_uid == remote.ical_uid)
    found = session.scalar(query)
    if found is not None:
        return found
    made = Meeting(
        home=remote.home,
        kind=remote.kind,
        origin=Origin.OUTLOOK,
        title_source=TitleSource.PLACEHOLDER,
        tenant_guid=remote.tenant_guid,
        ical_uid=remote.ical_uid,
        created_at=now,
        created_by=BY_OUTLOOK,
    )
    set_span(made, remote.span)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(query).one()
    return made


def _tell(session: Session, reservation: Reservation, remote: RemoteMeeting, now: datetime) -> None:
    meeting = reservation.meeting
    room = lock_room(session, reservation.room_id)
    zone = ZoneInfo(room.time_zone)
    pending = _pending_series(session, reservation, remote, now, zone)
    changed = _tell_meeting(session, meeting, remote)
    if pending is None and not _is_told_by_another_room(meeting, remote):
        changed |= write_series(session, reservation, remote.series, zone)
    if changed:
        meeting.revision += 1
    reservation.answer = remote.answer
    known_from = remote.series.known_from if remote.series is not None else None
    dates = [one for one in remote.dates if one.original_start not in reservation.declined_dates]
    _forget_declined(session, reservation, remote)
    if pending is not None:
        dates = beside(pending, dates, now, zone)
    write_dates(session, reservation, room, [*dates, *_still_pending(reservation, remote)], known_from)
    if reservation.dates_until is not None:
        reservation.dates_until = None
    settle_overlaps(session, reservation, now)


def _forget_declined(session: Session, reservation: Reservation, remote: RemoteMeeting) -> None:
    """A refusal of single dates that was sent, and that the copy shows, is over: invited again they count again."""
    if not reservation.declined_dates or remote.series is None:
        return
    waiting = select(Outbox.id).where(Outbox.reservation_id == reservation.id, Outbox.kind == OutboxKind.DECLINE)
    if session.scalar(waiting.limit(1)) is None:
        held = {one.original_start for one in remote.dates if one.blocks}
        reservation.declined_dates = [day for day in reservation.declined_dates if day in held]


def _pending_series(
    session: Session, reservation: Reservation, remote: RemoteMeeting, now: datetime, zone: ZoneInfo
) -> PendingSeries | None:
    """What of a series was changed here and this copy does not show yet; once it does, nothing is awaited. What was
    not sent to the organizer yet cannot be shown: a copy that differs is of a change of his own."""
    pending = pending_series(reservation)
    if pending is None or remote.series is None:
        return None
    is_shown = is_followed(pending, remote.series.series, now, zone)
    if is_shown and not _waits_for_organizer(session, reservation.meeting):
        reservation.pending_time = None
        return None
    return pending


def _still_pending(reservation: Reservation, remote: RemoteMeeting) -> list[Dated]:
    """The new time that was set here and that this copy does not show yet blocks as well as the old one."""
    if reservation.pending_time is None or is_of_series(reservation.pending_time):
        return []
    wanted = span_from_json(reservation.pending_time)
    return [] if wanted == remote.span else [Dated(wanted, PENDING)]


def _tell_meeting(session: Session, meeting: Meeting, remote: RemoteMeeting) -> bool:
    """Write what changed into the meeting; whether anything did.

    Of a meeting that a room organizes, that room's own event tells; an invited room's copy may lag it. A person's
    meeting that any room's copy showed as private stays private: another copy may have lost the flag (H49).
    """
    if _is_told_by_another_room(meeting, remote):
        return False
    before = (meeting.title, meeting.title_source, meeting.is_private, span_of(meeting), meeting.home, meeting.kind)
    if remote.home is Home.RESOURCE:
        meeting.home = Home.RESOURCE
        meeting.organizer = None
    elif meeting.home is Home.USER:
        meeting.organizer = person(session, remote.organizer_name, remote.organizer_email)
        meeting.owner = meeting.organizer
    authority_says = meeting.home is Home.USER and meeting.authority_state is AuthorityState.KNOWN
    if not authority_says:
        meeting.is_private = remote.is_private or (meeting.is_private and remote.home is Home.USER)
    if remote.title is not None and not (meeting.is_private or authority_says or _is_on_its_way(session, meeting)):
        meeting.title, meeting.title_source = remote.title, remote.title_source
    if meeting.is_private and meeting.title_source is not TitleSource.TYPED:
        meeting.title, meeting.title_source = "", TitleSource.PLACEHOLDER
    meeting.kind = remote.kind
    meeting.other_attendees = remote.other_attendees
    if span_of(meeting) != remote.span and not _time_is_pending(meeting):
        set_span(meeting, remote.span)
    return before != (
        meeting.title,
        meeting.title_source,
        meeting.is_private,
        span_of(meeting),
        meeting.home,
        meeting.kind,
    )


def _is_told_by_another_room(meeting: Meeting, remote: RemoteMeeting) -> bool:
    return remote.home is Home.USER and meeting.home is Home.RESOURCE


def _is_on_its_way(session: Session, meeting: Meeting) -> bool:
    """A title that was typed here waits to be sent to the organizer, or for a person: until then a room's copy
    tells the old one."""
    return meeting.title_source is TitleSource.TYPED and _waits_for_organizer(session, meeting)


def _waits_for_organizer(session: Session, meeting: Meeting) -> bool:
    """Whether a change of it waits to be sent to its organizer, or for a person."""
    mine = Outbox.reservation_id.in_(select(Reservation.id).where(Reservation.meeting_id == meeting.id))
    waiting = select(Outbox.id).where(mine, Outbox.kind == OutboxKind.MEETING)
    return session.scalar(waiting.limit(1)) is not None


def _time_is_pending(meeting: Meeting) -> bool:
    """A person here set a new time: until the rooms follow it, an older copy does not set it back."""
    return any(one.pending_time is not None and one.cancelled_at is None for one in meeting.reservations)
