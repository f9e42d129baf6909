"""Reading single items by id: series with their dates, removals to confirm, titles to read a second time."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.words import LinkState
from webapp.models import Link
from worker.room_run.context import Run
from worker.room_run.fresh import may_be_unreadable
from worker.room_run.whole import observe_whole
from worker.store import items, rounds
from worker.store.effects import await_title
from worker.store.items import Item
from worker.store.observing import TITLE_WAIT, note_one
from worker.sync.errors import Gone, Refused, SyncError, Unreadable
from worker.sync.event import Event
from worker.sync.link import (
    Observation,
    is_older,
    observation_from_json,
    with_title,
)

DAY = timedelta(days=1)
AGAIN = timedelta(seconds=10)
CONFIRM_LOOKS = 2
"""A removal that a read contradicts is looked at this often again: the read may lag the delta."""

MOST_LAGGING = 12

MOST_DOUBTED = 4

MOST_CONFIRMED = 50
"""Removals confirmed one by one before the next look at the room; the rest follows in the next run."""


def refresh(run: Run, wanted: list[Item]) -> None:
    """Read again what cannot be decided from its row; what stays unknown is looked at later."""
    vanished, told = 0, 0
    for item in wanted:
        if item.gone and not item.gone_confirmed:
            vanished += 1
            if vanished <= MOST_CONFIRMED:
                told += _read(run, item)
        elif item.series_stale or item.must_confirm or item.observed is None:
            _read(run, item)
    if vanished > MOST_CONFIRMED and told:
        run.want_again()


def look_again(run: Run) -> None:
    """Read the links whose time has come: second readings of titles, reads that lagged."""
    with run.lane.reading() as session:
        due = items.load(session, items.due_looks_in(session, run.lane, run.now()))
    for item in due:
        _read(run, item)


def _read(run: Run, item: Item) -> bool:
    """Ask for one event by id: gone, or still there and perhaps only out of the window (H06). Whether that is known
    now.

    A series master is read with its dates, always together: a sparse row is a mark, never a value (H03, H04).
    What cannot be understood, or is refused, is set aside and stops no other (H62).
    """
    run.go_on()
    try:
        event = run.calendar.read(item.event_id)
        seen = observe_whole(run, event)
    except Gone:
        return _not_there(run, item)
    except (Refused, Unreadable) as error:
        _set_aside(run, item, error)
    else:
        if _is_in_no_list(run, item, seen):
            return _not_there(run, item)
        _noted(run, item, event, seen)
    return True


def _is_in_no_list(run: Run, item: Item, seen: Observation) -> bool:
    """The delta told that it was removed, and a list of its days lacks it as well: what a read by id still finds lies
    among the deleted items. A time outside of the window is another matter: it has moved there (H06)."""
    if not (item.gone and item.removed_told and seen.live) or seen.is_series:
        return False
    start, end = seen.values.time.instants(ZoneInfo(run.lane.zone))
    first, last = rounds.window_of(run.lane, run.now())
    if end <= first or start >= last:
        return False
    rows = run.calendar.listing(start - DAY, end + DAY)
    return not any(isinstance(row, Event) and row.id == item.event_id for row in rows)


def _set_aside(run: Run, item: Item, error: SyncError) -> None:
    run.log.begin()
    with run.lane.writing() as session:
        link = session.get_one(Link, item.link_id)
        link.state, link.dirty, link.next_look_at = LinkState.QUARANTINED, False, None
        link.reason = type(error).__name__
        run.log.step(session, run.now(), "none", "quarantine", item.reservation_id, link.reason)


def _not_there(run: Run, item: Item) -> bool:
    """404: gone if the delta or a listing said so too, and unless it may not be readable yet (H07, H40)."""
    now = run.now()
    if item.reservation_id is not None and not item.gone:
        _doubted(run, item, now)
        return False
    fresh = may_be_unreadable(item, now)
    with run.lane.writing() as session:
        link = session.get_one(Link, item.link_id)
        link.observed_gone, link.gone_confirmed, link.dirty = True, not fresh, True
        link.tries = link.tries + 1 if fresh else 0
        link.next_look_at = now + _pause(link.tries) if fresh else None
        if not fresh:  # its dates went with it, and nothing is left to confirm
            link.series_stale = link.must_confirm = False
    return not fresh


def _pause(tries: int) -> timedelta:
    """Longer from look to look: 10 s at first, 43 minutes at most."""
    return AGAIN * (1 << min(max(tries - 1, 0), 8))


def _doubted(run: Run, item: Item, now: datetime) -> None:
    """Nobody told of a deletion: look again, and let a full run decide if it stays away."""
    with run.lane.writing() as session:
        link = session.get_one(Link, item.link_id)
        link.tries += 1
        link.next_look_at = now + _pause(link.tries)
        tries = link.tries
    if tries == MOST_DOUBTED:
        run.want_all()


def _noted(run: Run, item: Item, event: Event, seen: Observation) -> None:
    now = run.now()
    with run.lane.writing() as session:
        link = session.get_one(Link, item.link_id)
        if _lags(link, seen):
            link.tries, link.next_look_at = link.tries + 1, now + AGAIN
            return
        was_gone = link.observed_gone
        link.tries, link.next_look_at = 0, None
        seen = _with_second_reading(link, event, seen, now)
        note_one(session, link, seen)
        link.series_stale = False
        link.must_confirm = False
        await_title(link, seen, now)
        if was_gone and not seen.is_series:
            link.looks = CONFIRM_LOOKS
        if link.looks > 0 and not was_gone:
            link.looks -= 1
        if link.looks > 0:
            link.next_look_at = now + AGAIN


def _lags(link: Link, seen: Observation) -> bool:
    """Whether this read is older than what is known; believed only after it kept saying so (H02)."""
    if link.observed is None or link.tries >= MOST_LAGGING:
        return False
    known = observation_from_json(link.observed)
    return is_older(seen, known.modified) and seen.values != known.values


def _with_second_reading(link: Link, event: Event, seen: Observation, now: datetime) -> Observation:
    """The subject of a room's copy counts when the same one was read at least 60 s before (H49)."""
    again = seen.subject_digest is not None and seen.subject_digest == link.subject_digest
    waited = link.subject_seen_at is not None and now - link.subject_seen_at >= TITLE_WAIT
    if again and waited and event.subject is not None and not link.private_seen:
        return with_title(seen, event.subject)
    if again and not waited and link.subject_seen_at is not None:
        link.next_look_at = link.subject_seen_at + TITLE_WAIT
    return seen
