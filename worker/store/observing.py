"""Rows of a complete round become observations on links; nothing is decided here.

Applying a round twice, or its rows in another order, leaves the same links (H02): the last row of an id wins,
an older copy of an event never replaces a newer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.words import Home, LinkRole, LinkState
from webapp.models import Link, Meeting, Reservation, Tombstone
from worker.store.claims import Lane
from worker.store.staging import Broken, Seen, Staged, Touched
from worker.sync.link import Observation, is_older, observation_from_json, observation_to_json

TITLE_WAIT = timedelta(seconds=60)
"""The room assistant rewrites subjects seconds after acceptance (docs/graph.md#room-rewrites-subject)."""


@dataclass(frozen=True)
class Noted:
    """How many rows were read, and how many of them could not be understood."""

    rows: int = 0
    broken: int = 0


def note(
    session: Session, lane: Lane, rows: Iterable[Staged], *, is_full: bool, began_at: datetime, now: datetime
) -> Noted:
    """Write the rows of a round onto the mailbox's links; a full round marks what it saw, for its sweep."""
    rows = list(rows)
    links = _links_of(session, lane.mailbox_id, rows)
    masters_of = _masters_by_date(links.values())
    noted = _Notes(session, lane, links, is_full, began_at, now)
    for row in rows:
        if isinstance(row, Seen):
            noted.see(row)
        elif isinstance(row, Touched):
            noted.touch(row.master_id)
        elif isinstance(row, Broken):
            noted.set_aside(row)
        elif row.event_id in links:
            noted.miss(links[row.event_id])
        elif row.event_id in masters_of:
            noted.touch(masters_of[row.event_id])
    session.flush()
    _look_at_organizers(session, noted.asked, now)
    return Noted(len(rows), noted.broken)


def _look_at_organizers(session: Session, reservation_ids: set[int], now: datetime) -> None:
    """The organizers' events of these reservations are due once their rooms' assistants have finished."""
    meetings = select(Reservation.meeting_id).where(Reservation.id.in_(sorted(reservation_ids)))
    if reservation_ids:
        session.execute(
            update(Meeting)
            .where(Meeting.id.in_(meetings), Meeting.home == Home.USER, Meeting.authority_look_at.is_(None))
            .values(authority_look_at=now + TITLE_WAIT, authority_looks=0)
        )


def note_one(session: Session, link: Link, observation: Observation) -> None:
    """Write what a read by id told onto its link."""
    link.observed = observation_to_json(observation)
    link.observed_gone, link.gone_confirmed, link.dirty = False, False, True
    link.shown_since = True
    link.is_series = observation.is_series
    link.ical_uid = observation.ical_uid or link.ical_uid
    link.private_seen = link.private_seen or observation.values.private


class _Notes:
    def __init__(
        self,
        session: Session,
        lane: Lane,
        links: dict[str, Link],
        is_full: bool,
        began_at: datetime,
        now: datetime,
    ) -> None:
        self.session, self.lane, self.links = session, lane, links
        self.is_full, self.began_at, self.now = is_full, began_at, now
        self.broken = 0
        self.asked: set[int] = set()

    def see(self, row: Seen) -> None:
        link = self.links.get(row.event_id)
        if link is None and not row.observation.live:
            return  # cancelled or declined before anything here stood for it: a row that lives will tell more
        link = link or self._new(row.event_id, row.observation)
        self._mark(link)
        if self._is_ours_since(link):
            link.dirty = True
            link.next_look_at = link.next_look_at or self.now
            return
        last = observation_from_json(link.observed) if link.observed else None
        self._ask_organizer(link, row.observation, last)
        self._try_again(link, row.observation, last)
        if row.observation.is_series or link.is_series:
            self._see_series(link, row.observation, last)
            return
        if last is not None and is_older(row.observation, last.modified):
            return
        if last is None or link.observed_gone or _content(row.observation) != _content(last):
            link.dirty = True
        link.observed = observation_to_json(row.observation)
        link.observed_gone, link.gone_confirmed, link.shown_since = False, False, True
        link.private_seen = link.private_seen or row.observation.values.private

    def _try_again(self, link: Link, observation: Observation, last: Observation | None) -> None:
        """What was set aside is worth another try once its event changed (H62)."""
        if link.state != LinkState.QUARANTINED or (last is not None and last.change_key == observation.change_key):
            return
        link.state = LinkState.NEW if link.reservation_id is None else LinkState.LINKED
        link.reason, link.dirty = None, True

    def _ask_organizer(self, link: Link, observation: Observation, last: Observation | None) -> None:
        """A room's copy changed: what the room does not show of it (its title) is in the organizer's event, which
        is looked at when the room assistant is done (H49). Unchanged, it is not asked for again."""
        if link.reservation_id is None or link.role is not LinkRole.COPY or last is None:
            return
        if last.change_key != observation.change_key:
            self.asked.add(link.reservation_id)

    def touch(self, master_id: str) -> None:
        link = self.links.get(master_id)
        if link is None:
            link = self._new(master_id, None)
            link.is_series = True
        self._mark(link)
        link.dirty, link.series_stale = True, True

    def miss(self, link: Link) -> None:
        """A removal is told once only, so it counts even where we wrote since: it is confirmed by id anyway
        (docs/graph.md#delta-removed)."""
        if link.observed_gone and link.removed_told:
            return
        link.observed_gone, link.gone_confirmed, link.dirty = True, False, True
        link.removed_told = True

    def set_aside(self, row: Broken) -> None:
        self.broken += 1
        link = self.links.get(row.event_id)
        if link is None:
            link = self._new(row.event_id, None)
            link.state = LinkState.QUARANTINED
        self._mark(link)
        link.reason, link.dirty = row.reason[:200], False

    def _see_series(self, link: Link, observation: Observation, last: Observation | None) -> None:
        """A master's own start misleads; it and its dates are read again together (docs/graph.md#delta-series)."""
        link.is_series, link.dirty, link.series_stale = True, True, True
        if last is None:
            link.ical_uid = observation.ical_uid

    def _new(self, event_id: str, observation: Observation | None) -> Link:
        link = Link(
            mailbox_id=self.lane.mailbox_id,
            event_id=event_id,
            role=LinkRole.AUTHORITY if observation is not None and observation.is_organizer else LinkRole.COPY,
            ical_uid=observation.ical_uid if observation else "",
            transaction_id=observation.transaction_id if observation else None,
            created_at=self.now,
        )
        link.must_confirm = self._is_buried(event_id)
        self.session.add(link)
        self.links[event_id] = link
        return link

    def _is_buried(self, event_id: str) -> bool:
        """A late row of an event that was deleted is asked for by id before it is believed (H59)."""
        query = select(Tombstone.id).where(
            Tombstone.mailbox_id == self.lane.mailbox_id, Tombstone.event_id == event_id
        )
        return self.session.scalar(query.limit(1)) is not None

    def _is_ours_since(self, link: Link) -> bool:
        """We wrote it after this round began: what the round says of it may be older than that."""
        return link.written_at is not None and link.written_at >= self.began_at

    def _mark(self, link: Link) -> None:
        if self.is_full:
            link.seen_at = self.began_at


def _content(observation: Observation) -> tuple[object, ...]:
    return observation.values, observation.live, observation.subject_digest, observation.is_organizer


def _links_of(session: Session, mailbox_id: int, rows: list[Staged]) -> dict[str, Link]:
    """The links that these rows can be about: those they name, and every series."""
    if not rows:
        return {}
    ids = sorted({row.master_id if isinstance(row, Touched) else row.event_id for row in rows})
    found = list(session.scalars(select(Link).where(Link.mailbox_id == mailbox_id, Link.is_series)))
    for start in range(0, len(ids), 500):
        found += session.scalars(
            select(Link).where(Link.mailbox_id == mailbox_id, Link.event_id.in_(ids[start : start + 500]))
        )
    return {link.event_id: link for link in found}


def _masters_by_date(links: Iterable[Link]) -> dict[str, str]:
    """Which series an id belongs to, for removals that name a date of it."""
    return {
        date.event_id: link.event_id
        for link in links
        if link.is_series and link.observed
        for date in observation_from_json(link.observed).values.dates or ()
    }
