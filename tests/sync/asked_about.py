"""What an open hold asks a person about: until he answers, the two sides may differ in this, and in no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from tests.sync.world import World
from webapp.domain.intervals import Timed, span_from_json
from webapp.domain.words import BY_OUTLOOK, HoldKind
from webapp.models import Hold, HoldAction, Link, Meeting, Reservation


def edited_events(world: World) -> set[str | None]:
    """Marks of events that somebody edited before they could be removed, as their reservations ended here (§2.7)."""
    with world.transactions.reading() as session:
        query = (
            select(Link.transaction_id)
            .join(Reservation, Link.reservation_id == Reservation.id)
            .join(HoldAction, HoldAction.reservation_id == Reservation.id)
            .join(Hold)
            .where(
                Hold.closed_at.is_(None),
                Hold.kind == HoldKind.EDITED_AND_CANCELLED,
                HoldAction.action == "cancel_there",
                Reservation.cancelled_at.is_not(None),
                Link.transaction_id.is_not(None),
            )
        )
        return set(session.scalars(query))


def doubted(world: World) -> set[tuple[int, datetime, datetime]]:
    """Rooms and times whose copies are not taken in: they may be those of a create in doubt (§7)."""
    with world.transactions.reading() as session:
        query = (
            select(Reservation.room_id, HoldAction.after)
            .join(HoldAction, HoldAction.reservation_id == Reservation.id)
            .join(Hold)
            .where(Hold.closed_at.is_(None), Hold.kind == HoldKind.DOUBTFUL_CREATE)
        )
        spans = [(room_id, span_from_json(after["time"])) for room_id, after in session.execute(query)]
    return {(room_id, span.start, span.end) for room_id, span in spans if isinstance(span, Timed)}


def doubted_meetings(world: World) -> set[int]:
    """Meetings whose create is in doubt: nothing of them is sent before a person said what became of it (§7)."""
    with world.transactions.reading() as session:
        query = (
            select(Reservation.meeting_id)
            .join(HoldAction, HoldAction.reservation_id == Reservation.id)
            .join(Hold)
            .where(Hold.closed_at.is_(None), Hold.kind == HoldKind.DOUBTFUL_CREATE)
        )
        return set(session.scalars(query))


def being_ended(world: World) -> set[tuple[int, str | None]]:
    """Rooms that people here took out of meetings (by iCalUId) while the setting that lets it be sent was taken
    away: it is sent or given up as they say, and until then the room's copy stays (§3.4)."""
    asked, ended = aliased(Reservation), aliased(Reservation)
    with world.transactions.reading() as session:
        query = (
            select(ended.room_id, Meeting.ical_uid)
            .join(Meeting, ended.meeting_id == Meeting.id)
            .join(asked, asked.meeting_id == Meeting.id)
            .join(HoldAction, HoldAction.reservation_id == asked.id)
            .join(Hold)
            .where(
                Hold.closed_at.is_(None),
                Hold.kind == HoldKind.ACCESS_LOST,
                ended.cancelled_at.is_not(None),
                ended.cancelled_by != BY_OUTLOOK,
            )
        )
        return {(room_id, uid) for room_id, uid in session.execute(query)}
