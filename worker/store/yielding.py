"""Two events of one slot: the later one yields, if it is ours (H51)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span, span_to_json
from webapp.domain.words import HoldKind, Home, LinkState, Origin
from webapp.models import Link, Reservation
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.remote import withdraw
from webapp.reservations.series_rows import series_of
from worker.store import holds, series_out
from worker.store.claims import Lane
from worker.store.holds import HeldAction
from worker.sync.conflict import ours_yields
from worker.sync.link import Observation, observation_from_json


def to_earlier(
    session: Session, lane: Lane, reservation_id: int, event_id: str, seen: Observation, now: datetime
) -> tuple[int, ...]:
    """An event of ours was found again: meanwhile the delta may have brought one that was there before (H51)."""
    reservation = session.get_one(Reservation, reservation_id)
    if reservation.cancelled_at is not None or reservation.withdrawn_at is not None:
        return ()
    link = session.scalars(select(Link).where(Link.mailbox_id == lane.mailbox_id, Link.event_id == event_id)).one()
    return settle_earlier(session, lane, reservation, link, seen, now)


def settle_earlier(
    session: Session, lane: Lane, reservation: Reservation, link: Link, seen: Observation, now: datetime
) -> tuple[int, ...]:
    """Which of ours, made here, are later than what they overlap: they yield, and a person finds them Held."""
    losers: list[int] = []
    for other in settle_overlaps(session, reservation, now):
        theirs = session.get_one(Reservation, other)
        their_link = session.scalar(
            select(Link).where(
                Link.mailbox_id == lane.mailbox_id, Link.reservation_id == other, Link.state == LinkState.LINKED
            )
        )
        if their_link is None or not their_link.observed:
            continue
        created = observation_from_json(their_link.observed).created
        mine, other_side = (seen.created, link.event_id), (created, their_link.event_id)
        if _is_our_own(theirs) and ours_yields(other_side, mine):
            losers.append(other)
            _yield(session, lane, theirs, reservation.id, observation_from_json(their_link.observed), now)
        elif _is_our_own(reservation) and ours_yields(mine, other_side):
            losers.append(reservation.id)
            _yield(session, lane, reservation, other, seen, now)
    return tuple(losers)


def _yield(session: Session, lane: Lane, loser: Reservation, other_id: int, seen: Observation, now: datetime) -> None:
    """Of a series only the dates that overlap yield."""
    if series_of(loser.meeting) is not None:
        series_out.give_up_overlaps(session, lane, loser, other_id, now)
    else:
        give_up_slot(session, lane, loser.id, seen.values.time, now)


def _is_our_own(reservation: Reservation) -> bool:
    """Made here and kept in the room's own calendar: only such an event is ever withdrawn by itself (I9)."""
    return reservation.meeting.home is Home.RESOURCE and reservation.meeting.origin is Origin.HERE


def give_up_slot(session: Session, lane: Lane, reservation_id: int, before: Span, now: datetime) -> None:
    """Ours is the later of two: it stays here as Held and blocks nothing; its event is removed (H51)."""
    withdraw(session, reservation_id, now)
    action = HeldAction(
        key=holds.key_of(reservation_id),
        action="rebook",
        reservation_id=reservation_id,
        before=span_to_json(before),
    )
    holds.add(session, lane.room_id, HoldKind.SLOT_TAKEN, action, now)
    session.execute(
        update(Link)
        .where(Link.mailbox_id == lane.mailbox_id, Link.reservation_id == reservation_id)
        .values(dirty=True)
    )
