"""What the plan does on this side, inside the caller's transaction: import, follow, cancel, adopt, bury."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span, span_from_json
from webapp.domain.words import (
    Answer,
    Home,
    LinkRole,
    LinkState,
    MeetingKind,
    SyncState,
    TitleSource,
)
from webapp.models import Link, Meeting, Outbox, Reservation
from webapp.outbox import queue_for_push
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.remote import (
    RemoteMeeting,
    follow_remote,
    import_remote,
)
from webapp.reservations.rows import Dated, lock_room, set_span, write_dates
from webapp.reservations.series_pending import is_of_series
from worker.store import overruled
from worker.store.authority import follow_dates
from worker.store.claims import Lane
from worker.store.items import Item, base_of, local_values, set_base
from worker.store.observing import TITLE_WAIT
from worker.store.series import remote_series
from worker.store.splitting import lasting
from worker.store.still import check_still, check_wanted
from worker.store.unsent import is_stopped
from worker.store.yielding import settle_earlier
from worker.sync.link import Observation, observation_to_json, was_touched
from worker.sync.values import LOCAL_GROUPS, SeriesDate, Values, changed, values_to_json


@dataclass(frozen=True)
class Told:
    """What an import or change led to: ours that must yield their slot to it."""

    reservation_id: int
    withdrawn: tuple[int, ...] = ()


def take_in(session: Session, lane: Lane, link_id: int, seen: Observation, now: datetime) -> Told:
    """Import the event of a new link."""
    link = session.get_one(Link, link_id)
    wanted = overruled.unsent(session, lane, seen.ical_uid)
    reservation = import_remote(session, lane.room_id, _remote_meeting(lane, link, seen), now)
    overruled.keep(session, reservation, wanted, now)
    link.reservation_id = reservation.id
    link.role = LinkRole.AUTHORITY if seen.is_organizer else LinkRole.COPY
    _settled(session, link, reservation, seen, now)
    return Told(reservation.id, settle_earlier(session, lane, reservation, link, seen, now))


def follow_beside(
    session: Session, lane: Lane, item: Item, seen: Observation, groups: frozenset[str], now: datetime
) -> Told:
    """Bring these groups of a followed event here, and no other: those were changed here. What leaves its room has
    no outbox row for them; they go to the room that it moves to."""
    follow_some(session, item, seen, groups, now)
    link, reservation = session.get_one(Link, item.link_id), session.get_one(Reservation, item.reservation_id)
    return Told(reservation.id, settle_earlier(session, lane, reservation, link, seen, now))


def follow(session: Session, lane: Lane, item: Item, seen: Observation, now: datetime) -> Told:
    """Bring the changes of a followed event here; raises `MovedOn` when a person saved meanwhile."""
    link = session.get_one(Link, item.link_id)
    assert item.reservation_id is not None, "a followed link has a reservation"
    check_still(session, item)
    reservation = follow_remote(session, item.reservation_id, _remote_meeting(lane, link, seen), now)
    if reservation.meeting.revision != item.revision:
        _tell_arriving(session, reservation, now)
    _settled(session, link, reservation, seen, now)
    return Told(reservation.id, settle_earlier(session, lane, reservation, link, seen, now))


def follow_some(session: Session, item: Item, seen: Observation, groups: frozenset[str], now: datetime) -> int:
    """Bring only these groups of our event here; what a person changed meanwhile waits to be sent. Returns the
    meeting's new revision, which is what waits in the outbox now."""
    assert item.base is not None and item.reservation_id is not None, "only a followed event is merged"
    reservation = session.get_one(Reservation, item.reservation_id)
    lock_room(session, reservation.room_id)
    check_still(session, item)
    meeting = reservation.meeting
    values = seen.values
    if "subject" in groups and values.subject:
        meeting.title, meeting.title_source = values.subject, TitleSource.ORGANIZER
    if "private" in groups:
        meeting.is_private = values.private
    if "time" in groups:
        _set_time(session, reservation, values.time, now)
    meeting.revision += 1
    session.execute(update(Outbox).where(Outbox.reservation_id == reservation.id).values(revision=meeting.revision))
    link = session.get_one(Link, item.link_id)
    local = local_values(meeting)
    taken = {group: getattr(local, group) for group in groups if group in LOCAL_GROUPS}
    link.base_local = values_to_json(replace(item.base.local, **taken))
    link.base_remote = values_to_json(replace(item.base.remote, **{g: getattr(values, g) for g in groups}))
    link.observed = observation_to_json(seen)
    _tell_arriving(session, reservation, now)
    return meeting.revision


def keep_time_of_event(session: Session, reservation_id: int, span: Span, now: datetime) -> None:
    """A new time that is taken in Outlook is given up: the reservation is where its event is."""
    reservation = session.get_one(Reservation, reservation_id)
    lock_room(session, reservation.room_id)
    _set_time(session, reservation, span, now)
    reservation.meeting.revision += 1
    session.execute(
        update(Outbox).where(Outbox.reservation_id == reservation_id).values(revision=reservation.meeting.revision)
    )


def _set_time(session: Session, reservation: Reservation, span: Span, now: datetime) -> None:
    set_span(reservation.meeting, span)
    block_time(session, reservation.id, span, now)


def block_time(session: Session, reservation_id: int, span: Span, now: datetime) -> None:
    """The reservation blocks its room then, and at no other time; the caller holds the room's lock."""
    reservation = session.get_one(Reservation, reservation_id)
    write_dates(session, reservation, reservation.room, [Dated(span)])
    settle_overlaps(session, reservation, now)


def _tell_arriving(session: Session, reservation: Reservation, now: datetime) -> None:
    """What was read of a reservation that leaves the room is sent to the room that it moves to as well."""
    if reservation.leaves_for_id is None:
        return
    arriving = session.get_one(Reservation, reservation.leaves_for_id)
    if arriving.cancelled_at is None and arriving.withdrawn_at is None:
        queue_for_push(session, arriving, arriving.room.mailbox_id, now)


def move_base(session: Session, item: Item, seen: Observation, now: datetime) -> None:
    """Both sides agree: remember it, and that it was read."""
    reservation = session.get_one(Reservation, item.reservation_id)
    lock_room(session, reservation.room_id)
    check_still(session, item)
    link = session.get_one(Link, item.link_id)
    _settled(session, link, reservation, seen, now)


def clean(session: Session, item: Item) -> None:
    """What was observed needs nothing: the link is planned to the end. A dead event that stands for nothing here
    needs no link either."""
    if item.reservation_id is None and item.observed is not None and not item.observed.live:
        session.execute(delete(Link).where(Link.id == item.link_id))
        return
    if item.reservation_id is not None:
        check_wanted(item, session.get_one(Reservation, item.reservation_id))
    session.execute(update(Link).where(Link.id == item.link_id).values(dirty=False, must_confirm=False))


def keep_event(session: Session, lane: Lane, item: Item, seen: Observation, now: datetime) -> None:
    """An event that was cancelled here stays, as a person said: its reservation lives again, as the event is. What
    took the slot meanwhile stays as well, and the overlap is a conflict for people."""
    check_still(session, item)
    link, reservation = session.get_one(Link, item.link_id), session.get_one(Reservation, item.reservation_id)
    reservation.cancelled_at, reservation.cancelled_by, reservation.withdrawn_at = None, "", None
    reservation.meeting.cancelled_at = None
    reservation.sync_state = SyncState.SYNCED
    session.flush()
    follow_remote(session, reservation.id, _remote_meeting(lane, link, seen), now)
    _settled(session, link, reservation, seen, now)


def adopt(
    session: Session,
    lane: Lane,
    reservation_id: int,
    event_id: str,
    seen: Observation,
    asked: Values,
    now: datetime,
    *,
    answered: bool = False,
) -> int:
    """Bind an event that we made to its reservation: id and base (what was asked for) in one step (H79, H80).

    Insert or find: the delta may have brought the same event first. What the server made of our body is the base
    (H47); what somebody changed since then is a change, and planned as one. Only the first answer of the create
    (`answered`) shows the server's own hand: an event found later may have been changed at once by a person.
    Returns the link's id.
    """
    link = session.scalar(select(Link).where(Link.mailbox_id == lane.mailbox_id, Link.event_id == event_id))
    if link is None:
        link = Link(mailbox_id=lane.mailbox_id, event_id=event_id, created_at=now)
        session.add(link)
    link.role, link.state = LinkRole.AUTHORITY, LinkState.LINKED
    link.reservation_id = reservation_id
    link.ical_uid, link.transaction_id = seen.ical_uid, seen.transaction_id
    gone_meanwhile = link.observed_gone and link.observed == observation_to_json(seen)
    link.observed = observation_to_json(seen)
    link.observed_gone, link.gone_confirmed, link.must_confirm = gone_meanwhile, False, False
    link.written_at, link.shown_since = now, False
    touched = was_touched(seen) or (not answered and bool(changed(asked, seen.values, LOCAL_GROUPS)))
    set_base(link, asked, asked if touched else replace(seen.values, dates=None))
    # Dates that were read before it was known as ours are still to be followed: some may be called off since.
    link.dirty = touched or gone_meanwhile or seen.values.dates is not None
    reservation = session.get_one(Reservation, reservation_id)
    _join(session, lane, reservation.meeting, seen.ical_uid)
    session.flush()
    return link.id


def wrote(
    session: Session, link_id: int, seen: Observation, sent: Values, groups: tuple[str, ...], now: datetime
) -> None:
    """A PATCH took effect: the groups it sent are agreed, and what the server made of them is the base (H47).

    Other groups stay as they were: what they show now, or what a person saved meanwhile, is planned next.
    """
    link = session.get_one(Link, link_id)
    base = base_of(link)
    assert base is not None, "only a followed event is patched"
    agreed = {group: getattr(sent, group) for group in groups}
    returned = {group: getattr(seen.values, group) for group in groups}
    link.written_at, link.shown_since = now, False
    link.base_local = values_to_json(replace(base.local, **agreed))
    link.base_remote = values_to_json(replace(base.remote, **returned))
    link.observed = observation_to_json(seen)
    link.dirty = True


def _settled(session: Session, link: Link, reservation: Reservation, seen: Observation, now: datetime) -> None:
    """Link, base and state after this side took over what the event says."""
    link.state = LinkState.LINKED
    link.is_series = seen.is_series
    link.observed = observation_to_json(seen)
    link.ical_uid = seen.ical_uid or link.ical_uid
    set_base(link, _agreed(link, reservation, seen), seen.values)
    link.dirty, link.must_confirm, link.series_stale = False, False, False
    await_title(link, seen, now)
    if reservation.meeting.home is Home.USER:
        _copy_followed(session, reservation, seen, now)
        if seen.is_series:
            follow_dates(session, reservation.meeting)
    elif reservation.sync_state in (SyncState.LOCAL, SyncState.SYNCED):
        reservation.sync_state = SyncState.SYNCED
        reservation.sync_code = None
    session.flush()


def _agreed(link: Link, reservation: Reservation, seen: Observation) -> Values:
    """What this side agrees on with the event: a time that was set here, and that a room's copy does not follow yet,
    is still a wish."""
    local = local_values(reservation.meeting)
    wanted = reservation.pending_time
    if wanted is None or is_of_series(wanted) or span_from_json(wanted) == seen.values.time:
        return local
    before = base_of(link)
    return replace(local, time=before.local.time if before is not None else seen.values.time)


def _copy_followed(session: Session, reservation: Reservation, seen: Observation, now: datetime) -> None:
    """A room's copy of a person's meeting was taken over: is that the answer, or the new time, that was awaited?

    The organizer's own event is looked at once the room assistant has finished rewriting the copy (H49). What waits
    for a person says so until he decided.
    """
    status, meeting = seen.values.status, reservation.meeting
    if meeting.authority_look_at is None:
        meeting.authority_look_at, meeting.authority_looks = now + TITLE_WAIT, 0
    wanted = reservation.pending_time
    if wanted is not None and (is_of_series(wanted) or span_from_json(wanted) != seen.values.time):
        return
    reservation.pending_time = None
    answered = status is not None and status.answer in (Answer.ACCEPTED, Answer.ORGANIZER)
    if reservation.awaiting_since is not None and not answered:
        return
    if reservation.sync_state is SyncState.WAITING:
        return
    reservation.awaiting_since = None
    if reservation.sync_state in (SyncState.HELD, SyncState.FAILED) and is_stopped(session, meeting.id):
        return
    reservation.sync_state, reservation.sync_fields = SyncState.SYNCED, {}
    reservation.sync_code = lasting(reservation.sync_code)


def await_title(link: Link, seen: Observation, now: datetime) -> None:
    """A room copy's subject counts when the same one is read again a while later (H49)."""
    if seen.subject_digest is not None and seen.subject_digest != link.subject_digest:
        link.subject_digest, link.subject_seen_at = seen.subject_digest, now
        link.next_look_at = now + TITLE_WAIT


def _join(session: Session, lane: Lane, meeting: Meeting, ical_uid: str) -> None:
    """Let other rooms' copies of this event find its meeting."""
    if not ical_uid or meeting.ical_uid == ical_uid:
        return
    taken = session.scalar(
        select(Meeting.id).where(Meeting.tenant_guid == lane.tenant_guid, Meeting.ical_uid == ical_uid)
    )
    if taken is None:
        meeting.tenant_guid, meeting.ical_uid = lane.tenant_guid, ical_uid


def _remote_meeting(lane: Lane, link: Link, seen: Observation) -> RemoteMeeting:
    values, status = seen.values, seen.values.status
    assert status is not None, "an observation always has one"
    dates = tuple(Dated(d.span, d.original, d.blocks, d.answer, _is_changed(d)) for d in values.dates or ())
    private = values.private or (link.private_seen and not seen.is_organizer)
    return RemoteMeeting(
        tenant_guid=lane.tenant_guid or "",
        ical_uid=seen.ical_uid,
        home=Home.RESOURCE if seen.is_organizer else Home.USER,
        kind=MeetingKind.SERIES if seen.is_series else MeetingKind.SINGLE,
        span=dates[0].span if dates else values.time,
        dates=dates if seen.is_series else (Dated(values.time, "", status.blocks, status.answer),),
        answer=Answer.ORGANIZER if seen.is_organizer else status.answer,
        title=None if private else values.subject or None,
        title_source=TitleSource.ORGANIZER if seen.is_organizer else TitleSource.ROOM_COPY,
        is_private=private,
        organizer_name="" if seen.is_organizer else status.organizer_name,
        organizer_email="" if seen.is_organizer else status.organizer_address,
        other_attendees=status.other_attendees,
        series=remote_series(lane, seen),
    )


def _is_changed(one: SeriesDate) -> bool:
    """A date that this room only declined says so; nobody changed it."""
    return one.is_exception and one.answer is not Answer.DECLINED
