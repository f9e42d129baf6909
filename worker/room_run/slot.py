"""Whether a slot is free in the room's own calendar, as far as can be seen there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.domain.intervals import overlap
from webapp.domain.words import AttemptState
from webapp.models import Attempt, Link, Outbox, Tombstone
from worker.room_run.context import Run
from worker.store.claims import Lane
from worker.sync.event import Event, Unusable
from worker.sync.link import Observation, is_older, observation_from_json, observe
from worker.sync.recognise import our_mark


class Slot(Enum):
    """What was found in the slot."""

    FREE = "free"
    TAKEN = "taken"
    CLEARING = "clearing"
    """Only ours are in the way, and a change of theirs is on its way."""


@dataclass(frozen=True)
class Found:
    """The slot, who is in the way, and an event of the same reservation that is there already."""

    slot: Slot
    blockers: tuple[Event, ...] = ()
    own: Event | None = None


def look_at_slot(run: Run, times: tuple[datetime, datetime], public_id: str, besides: str | None = None) -> Found:
    """Read the room's view of `times` and judge what blocks it, but for the event `besides`.

    What cannot be understood may be in the way, so it is.
    """
    rows = run.calendar.listing(*times)
    events = [row for row in rows if isinstance(row, Event)]
    zone = ZoneInfo(run.lane.zone)
    own = next((e for e in events if is_of(run, e, public_id) and not e.is_cancelled), None)
    candidates = [
        event
        for event in events
        if event.blocks and event.id != besides and event is not own and overlap(event.span.instants(zone), times)
    ]
    blocking, clearing = judge(run, candidates, times, zone)
    if blocking or any(isinstance(row, Unusable) for row in rows):
        return Found(Slot.TAKEN, tuple(blocking), own)
    return Found(Slot.CLEARING if clearing else Slot.FREE, own=own)


def is_of(run: Run, event: Event, public_id: str) -> bool:
    """Whether an event carries the mark of this reservation."""
    mark = our_mark(run.install, event.transaction_id, event.tag)
    return mark is not None and mark.public_id == public_id


def judge(
    run: Run, events: list[Event], times: tuple[datetime, datetime], zone: ZoneInfo
) -> tuple[list[Event], list[Event]]:
    """Split into what blocks and what is about to clear; what a lagging read still shows is left out. A date of a
    series stands as its series does."""
    blocking: list[Event] = []
    clearing: list[Event] = []
    for event in events:
        state = _standing(run.lane, run, event, times, zone)
        if state is Slot.TAKEN:
            blocking.append(event)
        elif state is Slot.CLEARING:
            clearing.append(event)
    return blocking, clearing


def _standing(lane: Lane, run: Run, event: Event, times: tuple[datetime, datetime], zone: ZoneInfo) -> Slot:
    with lane.reading() as session:
        buried = select(Tombstone.id).where(
            Tombstone.mailbox_id == lane.mailbox_id, Tombstone.event_id == event.id, Tombstone.why == "removed"
        )
        if session.scalar(buried.limit(1)) is not None:
            return Slot.FREE
        of_event = event.series_master_id or event.id
        link = session.scalar(select(Link).where(Link.mailbox_id == lane.mailbox_id, Link.event_id == of_event))
        if link is None or link.reservation_id is None:
            return Slot.TAKEN
        known = observation_from_json(link.observed) if link.observed else None
        if known is not None and is_older(observe(event, run.digest), known.modified):
            return Slot.TAKEN if _has_then(known, event, times, zone) else Slot.FREE
        moving = select(Outbox.id).where(Outbox.reservation_id == link.reservation_id, Outbox.parked.is_(False))
        unsettled = select(Attempt.id).where(
            Attempt.reservation_id == link.reservation_id, Attempt.state == AttemptState.OPEN
        )
        if session.scalar(moving) is not None or session.scalar(unsettled.limit(1)) is not None:
            return Slot.CLEARING
        return Slot.TAKEN


def _has_then(known: Observation, event: Event, times: tuple[datetime, datetime], zone: ZoneInfo) -> bool:
    """Whether what is known of an event that a lagging read shows has it at that time; of a series, that date."""
    if known.values.dates is None:
        return overlap(known.values.time.instants(zone), times)
    original = event.original_date.isoformat() if event.original_date is not None else None
    dates = (one for one in known.values.dates if one.original == original)
    return any(one.blocks and overlap(one.span.instants(zone), times) for one in dates)
