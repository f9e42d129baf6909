"""Rooms that people here took off somebody's meeting, and that its organizer invites again (H53).

The room's own copy is the first to show it. The organizer's event tells whether the copy only lags; where that may
not be read, or no room is left that could ask, a copy that outlives its removal tells by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.access import may_read_organizer
from webapp.domain.words import Answer, AuthorityState, LinkRole
from webapp.models import Link, Meeting, Reservation, Room
from webapp.outbox import want_run
from webapp.sync_settings.modes import modes_of
from worker.store.authority import live_reservations
from worker.store.ending import take_in_again
from worker.store.items import Item
from worker.store.unsent import is_stopped, is_unsent
from worker.sync.link import observation_from_json
from worker.sync.plan import ABSENT

WORKED_OFF = timedelta(minutes=15)
"""A room whose copy still lives so long after it was taken off was invited again before it had worked that off."""


def look_once_more(session: Session, meeting_id: int, now: datetime) -> None:
    """Rooms were taken off the organizer's event: their copies are read again when they should be gone, as one that
    its organizer invites again at once changes by neither of the two."""
    left = select(Reservation.id).where(Reservation.meeting_id == meeting_id, Reservation.cancelled_at.is_not(None))
    session.execute(
        update(Link)
        .where(
            Link.reservation_id.in_(left),
            Link.role == LinkRole.COPY,
            Link.observed_gone.is_(False),
            Link.next_look_at.is_(None),
        )
        .values(next_look_at=now + WORKED_OFF)
    )


def ask_whether_invited(session: Session, item: Item, now: datetime) -> None:
    """A room that people here took out of somebody's meeting shows a live copy that changed since, or that outlived
    its removal: the organizer may have invited it again. His own event says so, in the lane of the lead room."""
    if item.reservation_id is None or item.ours or item.local is not ABSENT:
        return
    if item.observed is None or not item.observed.live:
        return
    reservation = session.get_one(Reservation, item.reservation_id)
    outlived = has_outlived_removal(session, reservation, now)
    if outlived and not _can_be_asked(session, reservation.meeting):
        take_in_again(session, item.link_id)
        want_run(session, reservation.room.mailbox_id)
    elif outlived or item.observed.change_key != item.base_change_key:
        reservation.meeting.authority_look_at, reservation.meeting.authority_looks = now, 0


def has_outlived_removal(session: Session, reservation: Reservation, now: datetime) -> bool:
    """Whether the room was taken off the event that Outlook has, so long ago that no read of its copy lags it."""
    meeting, before = reservation.meeting, now - WORKED_OFF
    if reservation.cancelled_at is None or reservation.cancelled_at > before:
        return False
    if meeting.authority_state is AuthorityState.GONE:
        return False
    if is_unsent(session, meeting.id) or is_stopped(session, meeting.id):
        return False
    written = select(Link.written_at).where(Link.meeting_id == meeting.id, Link.role == LinkRole.AUTHORITY)
    last = session.scalar(written)
    return last is None or last <= before


def take_in_invited(session: Session, meeting_id: int, said: dict[str, Answer], now: datetime) -> int:
    """Take the copies of rooms that the organizer's event (`said`) invites again in anew; how many."""
    if is_unsent(session, meeting_id):
        return 0
    found = _copies_of_invited(session, meeting_id, said, now)
    for link in found:
        take_in_again(session, link.id)
        want_run(session, link.mailbox_id)
    return len(found)


def _can_be_asked(session: Session, meeting: Meeting) -> bool:
    """Whether some room's lane will read the organizer's event."""
    reachable = meeting.authority_state is not AuthorityState.UNREACHABLE
    return may_read_organizer(modes_of(session)) and reachable and bool(live_reservations(session, meeting.id))


def _copies_of_invited(session: Session, meeting_id: int, said: dict[str, Answer], now: datetime) -> list[Link]:
    """Of invited rooms that people here took off, live copies that changed since they were last agreed on, or that
    outlived their removal."""
    rows = session.execute(
        select(Link, Room.external_address, Reservation)
        .join(Reservation, Link.reservation_id == Reservation.id)
        .join(Room, Reservation.room_id == Room.id)
        .where(
            Reservation.meeting_id == meeting_id,
            Reservation.cancelled_at.is_not(None),
            Link.role == LinkRole.COPY,
            Link.mailbox_id == Room.mailbox_id,
            Link.observed_gone.is_(False),
            Link.base_remote.is_not(None),
        )
    )
    return [
        link
        for link, address, reservation in rows
        if said.get((address or "").casefold(), Answer.DECLINED) is not Answer.DECLINED
        and _is_live(link)
        and (_has_changed(link) or has_outlived_removal(session, reservation, now))
    ]


def _is_live(link: Link) -> bool:
    return link.observed is not None and observation_from_json(link.observed).live


def _has_changed(link: Link) -> bool:
    return link.observed is not None and observation_from_json(link.observed).change_key != link.base_change_key
