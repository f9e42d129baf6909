"""Silent differences: what a full round changed of what was known, that no delta row had told.

What was known is compared with what is known after the round, for events that both windows show. What the delta
link of before tells once the full round has been read is no silent difference, and neither is a read that lags:
whatever a listing lacks counts only if a read by id lacks it as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import AllDay, Span, overlap
from webapp.models import Link, Room, RoomRun
from worker.sync.link import observation_from_json
from worker.sync.values import Values, changed

Window = tuple[datetime, datetime]

EDGE = timedelta(days=1)
"""So near the edges of a window it is not said whether delta tells of an event (H13)."""

GROUPS = ("subject", "private", "status")
"""Compared besides the times; a master's own start misleads, its dates do not."""


@dataclass(frozen=True)
class Told:
    """Ids that the delta link of before told of, and the window it was made for."""

    ids: frozenset[str]
    window: Window


@dataclass(frozen=True)
class Known:
    """What was known of one event."""

    values: Values | None
    live: bool
    gone: bool
    by_id: bool
    """A row says too little of it: it is told by a read by id alone."""


@dataclass(frozen=True)
class Silent:
    """Events that differ for sure, those to be read by id before they count, and the window that both rounds had."""

    sure: int
    doubtful: Mapping[str, Known | None]
    window: Window


def known(session: Session, mailbox_id: int) -> dict[str, Known]:
    """Everything that is known of a mailbox's events."""
    links = session.scalars(select(Link).where(Link.mailbox_id == mailbox_id))
    return {link.event_id: _known(link) for link in links}


def silent(session: Session, mailbox_id: int, before: Mapping[str, Known], told: Told, window: Window) -> Silent:
    """What the round over `window` changed that `told` does not name."""
    shared = (max(told.window[0], window[0]) + EDGE, min(told.window[1], window[1]) - EDGE)
    sure, doubtful = 0, dict[str, Known | None]()
    for event_id, now in known(session, mailbox_id).items():
        was = before.get(event_id)
        if _names(event_id, was) & told.ids or (was is not None and was.gone):
            continue
        if now.gone or now.by_id or (was is not None and was.by_id):
            doubtful[event_id] = was
        elif was is None and now.values is None:
            continue
        elif differs(was, now, shared):
            sure += 1
    return Silent(sure, doubtful, shared)


def links_of(session: Session, mailbox_id: int, found: Silent) -> list[int]:
    """Ids of the links in doubt."""
    query = select(Link.id).where(Link.mailbox_id == mailbox_id, Link.event_id.in_(sorted(found.doubtful)))
    return list(session.scalars(query))


def confirmed(session: Session, mailbox_id: int, found: Silent) -> int:
    """How many differ, now that those in doubt were read by id."""
    if not found.doubtful:
        return found.sure
    links = session.scalars(
        select(Link).where(Link.mailbox_id == mailbox_id, Link.event_id.in_(sorted(found.doubtful)))
    )
    return found.sure + sum(_confirmed(link, found.doubtful[link.event_id], found.window) for link in links)


def record(session: Session, room_id: int, run_id: int, count: int, now: datetime) -> None:
    """Write the count where people look: with the run, and with its room."""
    session.execute(update(RoomRun).where(RoomRun.id == run_id).values(drift=count))
    session.execute(update(Room).where(Room.id == room_id).values(drift_count=count, drift_at=now))


def differs(was: Known | None, now: Known, window: Window) -> bool:
    """Whether two states of an event differ inside of the window; none is an event that was not known."""
    if was is None or was.values is None or now.values is None:
        return now.live and now.values is not None and bool(_times(now.values, window))
    before, after = _times(was.values, window), _times(now.values, window)
    if not before and not after:
        return False
    return was.live != now.live or before != after or bool(changed(was.values, now.values, GROUPS))


def _confirmed(link: Link, was: Known | None, window: Window) -> bool:
    now = _known(link)
    if now.gone:
        seen = was is not None and was.live and was.values is not None and bool(_times(was.values, window))
        return link.gone_confirmed and seen
    return not link.must_confirm and not link.series_stale and differs(was, now, window)


def _known(link: Link) -> Known:
    observation = observation_from_json(link.observed) if link.observed else None
    return Known(
        values=observation.values if observation else None,
        live=observation.live if observation else False,
        gone=link.observed_gone,
        by_id=link.is_series or link.must_confirm,
    )


def _names(event_id: str, was: Known | None) -> set[str]:
    dates = was.values.dates or () if was is not None and was.values is not None else ()
    return {event_id, *(date.event_id for date in dates)}


def _times(values: Values, window: Window) -> frozenset[tuple[object, ...]]:
    """When it is, of the dates inside of the window."""
    if values.dates is None:
        return frozenset({(values.time,)} if _inside(values.time, window) else ())
    return frozenset((d.span, d.blocks, d.answer) for d in values.dates if _inside(d.span, window))


def _inside(span: Span, window: Window) -> bool:
    if isinstance(span, AllDay):
        return span.start < window[1].date() and window[0].date() < span.end
    return overlap((span.start, span.end), window)
