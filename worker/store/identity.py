"""Which mailbox a room's address leads to, as rows know it; and the ids of its events, once all of them changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import LinkState, RoomState
from webapp.models import Connection, DeltaSession, Link, Mailbox, Outbox, Room, RoomChoice
from webapp.reservations.rows import lock_room
from webapp.rooms import following, leaving
from worker.store.claims import Lane
from worker.store.ending import keep_without_event
from worker.store.items import base_of
from worker.store.records import set_room_state
from worker.sync.link import observation_from_json
from worker.sync.values import values_to_json

ASK_AGAIN = timedelta(minutes=10)
SOON = timedelta(seconds=5)
EVERY = timedelta(days=1)
"""A mailbox is asked this often whether its default calendar is still the one that is known."""

FEW_VANISHED = 5
"""So many events that vanish at once, and at least one in five, may have another calendar in their place."""


_IS_DUE = select(
    or_(
        Mailbox.identified_at.is_(None),
        Mailbox.identified_at <= bindparam("long_ago"),
        Mailbox.full_wanted > Mailbox.full_done,
        Mailbox.calendar_seen.is_not(None),
        exists().where(Room.id == bindparam("room"), Room.sync_code == "mailbox_missing"),
    )
).where(Mailbox.id == bindparam("mailbox"))


def is_due(lane: Lane, now: datetime) -> bool:
    """Whether the calendar's id should be read again: once a day, before everything is read, and after there was no
    mailbox at this address for a while, or another one."""
    values = {"mailbox": lane.mailbox_id, "room": lane.room_id, "long_ago": now - EVERY}
    with lane.asking() as connection:
        return bool(connection.scalars(_IS_DUE, values).one())


def is_listed(session: Session, lane: Lane, now: datetime) -> bool:
    """Whether Places lists the address, or a person said that it is a room: else it may be a person's, and nothing
    is read. A list is asked for; without one it is waited for."""
    room = session.get_one(Room, lane.room_id)
    connection = session.get_one(Connection, lane.connection_id)
    listed = session.scalar(
        select(RoomChoice.id).where(
            RoomChoice.connection_id == lane.connection_id,
            func.lower(RoomChoice.address) == lane.address.lower(),
        )
    )
    if listed is not None or room.address_confirmed:
        return True
    unknown = connection.places_listed_at is None
    if connection.places_wanted == connection.places_done:
        connection.places_wanted += 1
    if not unknown:
        set_room_state(session, room.id, RoomState.PENDING, now, "address_unlisted", {"address": lane.address})
    _wait(session, lane, now + (SOON if unknown else ASK_AGAIN))
    return False


def known_as(session: Session, lane: Lane, guid: str, key: str) -> Mailbox | None:
    """The row, other than the lane's, of this very calendar."""
    return session.scalar(
        select(Mailbox).where(Mailbox.tenant_guid == guid, Mailbox.calendar_key == key, Mailbox.id != lane.mailbox_id)
    )


def learn(session: Session, lane: Lane, guid: str, key: str, now: datetime) -> None:
    """The mailbox is identified for the first time."""
    session.execute(
        update(Mailbox)
        .where(Mailbox.id == lane.mailbox_id)
        .values(tenant_guid=guid, calendar_key=key, identified_at=now)
    )
    session.execute(
        update(Connection)
        .where(Connection.id == lane.connection_id, Connection.tenant_guid.is_(None))
        .values(tenant_guid=guid)
    )


def confirm(session: Session, lane: Lane, now: datetime) -> None:
    """The calendar is the one that is known; another one that answered for a while is gone again."""
    mailbox = session.get_one(Mailbox, lane.mailbox_id)
    mailbox.identified_at = now
    if mailbox.calendar_seen != mailbox.calendar_key:
        mailbox.calendar_seen = None


def refuse_other_room(session: Session, lane: Lane, same: Mailbox, now: datetime) -> bool:
    """Whether another room follows this very calendar: nothing of it is imported twice (H55)."""
    other = session.scalar(select(Room).where(Room.mailbox_id == same.id))
    if other is None:
        return False
    connection = session.get_one(Connection, same.connection_id)
    fields = {"room": other.name, "connection": connection.name}
    stop(session, lane, "same_calendar", fields, now)
    return True


def take_over(session: Session, lane: Lane, same: Mailbox, now: datetime) -> None:
    """The room's new address leads to a mailbox that is known: its row, with all links, under the new address (H69).

    What was to be left behind is not.
    """
    room = lock_room(session, lane.room_id)
    session.execute(update(Outbox).where(Outbox.mailbox_id == lane.mailbox_id).values(mailbox_id=same.id))
    leaving.call_off_removal(session, same.id)
    leaving.drop_links_of_others(session, room.id, same.id, now)
    room.mailbox_id = same.id
    session.flush()
    following.resume(session, room, same.id)
    session.execute(
        update(Mailbox)
        .where(Mailbox.id == same.id)
        .values(
            address=lane.address,
            connection_id=lane.connection_id,
            identified_at=now,
            not_before=None,
            wanted=Mailbox.wanted + 1,
            full_wanted=Mailbox.full_wanted + 1,
        )
    )


def stop(session: Session, lane: Lane, code: str, fields: dict[str, Any], now: datetime) -> None:
    """The room is in Error until a person mends it; it is asked again after a while all the same."""
    set_room_state(session, lane.room_id, RoomState.ERROR, now, code, fields)
    _wait(session, lane, now + ASK_AGAIN)


def ask_person(session: Session, lane: Lane, key: str, now: datetime) -> None:
    """Another calendar answers at this address: nothing is done before a person says what it is (H69)."""
    mailbox = session.get_one(Mailbox, lane.mailbox_id)
    if mailbox.calendar_seen != key:
        _forget_round(session, lane)
    mailbox.calendar_seen, mailbox.identified_at = key, now
    stop(session, lane, "calendar_changed", {"address": lane.address}, now)


def _forget_round(session: Session, lane: Lane) -> None:
    """What was read of the other calendar is not of this one; whichever it will be, all of it is read again."""
    mine = Link.mailbox_id == lane.mailbox_id
    session.execute(delete(Link).where(mine, Link.reservation_id.is_(None), Link.meeting_id.is_(None)))
    session.execute(
        update(Link)
        .where(mine, Link.observed_gone, Link.gone_confirmed.is_(False))
        .values(observed_gone=False, removed_told=False, next_look_at=None)
    )
    session.execute(delete(DeltaSession).where(DeltaSession.mailbox_id == lane.mailbox_id))


def has_vanished(lane: Lane) -> bool:
    """Whether so many events vanished since they were planned that the whole calendar may be another one."""
    with lane.reading() as session:
        followed = select(func.count()).select_from(Link)
        followed = followed.where(Link.mailbox_id == lane.mailbox_id, Link.reservation_id.is_not(None))
        gone = followed.where(Link.dirty, Link.observed_gone, Link.gone_confirmed.is_(False))
        number = session.scalars(gone).one()
        return number >= FEW_VANISHED and number * 5 >= session.scalars(followed).one()


def leave_others(session: Session, lane: Lane, now: datetime) -> list[int]:
    """The mailbox is known: whatever the room had in another one is left behind there."""
    return leaving.leave_others(session, lock_room(session, lane.room_id), lane.mailbox_id, now)


@dataclass(frozen=True)
class Renewed:
    """How a calendar whose ids all changed was taken for the same: links with a new id, reservations without any."""

    renewed: int
    kept: tuple[int, ...]


def is_renewing(lane: Lane) -> bool:
    """Whether a person said that the other calendar is the room's, and its events are not known again yet."""
    with lane.reading() as session:
        mailbox = session.get_one(Mailbox, lane.mailbox_id)
        return mailbox.calendar_seen is not None and mailbox.calendar_seen == mailbox.calendar_key


def strangers(session: Session, lane: Lane) -> list[int]:
    """Links of events that nothing here stands for."""
    query = select(Link.id).where(
        Link.mailbox_id == lane.mailbox_id, Link.reservation_id.is_(None), Link.state == LinkState.NEW
    )
    return list(session.scalars(query.order_by(Link.id)))


def renew_ids(session: Session, lane: Lane, now: datetime) -> Renewed:
    """Give links whose event a complete listing lacks the id of the event that it became: known by transactionId,
    else by iCalUId, else by that and its start (H15, H69).

    What has none stays here, and is not in Outlook: nothing is cancelled because a restored calendar lacks it.
    """
    lock_room(session, lane.room_id)
    fresh = _Fresh(session.scalars(select(Link).where(Link.id.in_(strangers(session, lane)))))
    lost = session.scalars(
        select(Link)
        .where(Link.mailbox_id == lane.mailbox_id, Link.reservation_id.is_not(None), Link.observed_gone)
        .order_by(Link.id)
    ).all()
    renewed, kept = 0, []
    for link in lost:
        found = fresh.take(link)
        if found is not None:
            _become(session, link, found)
            renewed += 1
        elif link.reservation_id is not None:
            kept.append(link.reservation_id)
            keep_without_event(session, link, now)
    session.execute(update(Mailbox).where(Mailbox.id == lane.mailbox_id).values(calendar_seen=None))
    return Renewed(renewed, tuple(kept))


class _Fresh:
    """Events that nobody knows, each to be taken once."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._by_mark: dict[str, Link] = {}
        self._by_uid: dict[str, list[Link]] = defaultdict(list)
        for link in links:
            if link.transaction_id:
                self._by_mark[link.transaction_id] = link
            if link.ical_uid:
                self._by_uid[link.ical_uid].append(link)

    def take(self, lost: Link) -> Link | None:
        found = self._by_mark.get(lost.transaction_id or "")
        if found is None and lost.ical_uid:
            alike = [link for link in self._by_uid[lost.ical_uid] if link.is_series == lost.is_series]
            at_once = [link for link in alike if _start(link) == _start(lost)]
            found = alike[0] if len(alike) == 1 else at_once[0] if len(at_once) == 1 else None
        if found is not None:
            self._by_mark.pop(found.transaction_id or "", None)
            self._by_uid[found.ical_uid] = [link for link in self._by_uid[found.ical_uid] if link is not found]
        return found


def _start(link: Link) -> object:
    if link.observed is None:
        return None
    return observation_from_json(link.observed).values.time.start


def _become(session: Session, link: Link, found: Link) -> None:
    """The link stands for the event under its new id; what it was when both sides agreed stays known."""
    names = ("event_id", "ical_uid", "transaction_id", "observed", "seen_at", "is_series", "series_stale")
    values = {name: getattr(found, name) for name in names}
    session.delete(found)
    session.flush()
    for name, value in values.items():
        setattr(link, name, value)
    _rename_dates(link)
    link.observed_gone = link.gone_confirmed = link.removed_told = link.must_confirm = False
    link.dirty, link.shown_since, link.tries, link.next_look_at = True, True, 0, None
    session.flush()


def _rename_dates(link: Link) -> None:
    """The dates of a series have new ids as well, which is no change of them."""
    base = base_of(link)
    if base is None or base.remote.dates is None or link.observed is None:
        return
    ids = {date.original: date.event_id for date in observation_from_json(link.observed).values.dates or ()}
    dates = tuple(replace(date, event_id=ids.get(date.original, date.event_id)) for date in base.remote.dates)
    link.base_remote = values_to_json(replace(base.remote, dates=dates))


def _wait(session: Session, lane: Lane, until: datetime) -> None:
    session.execute(update(Mailbox).where(Mailbox.id == lane.mailbox_id).values(not_before=until))
