"""Whether somebody comes for what waits: a wake-up that was lost is noticed before another one makes up for it."""

from __future__ import annotations

from sqlalchemy import select

from tests.sync.world import World
from webapp.domain.words import AttemptState
from webapp.models import Attempt, Mailbox, Outbox, Reservation


def nobody_comes_for(world: World) -> list[str]:
    """Rooms with something to send, with nothing in its way, that no clock would ring for."""
    now, due = world.now(), set(world.due())
    found: list[str] = []
    with world.transactions.reading() as session:
        unsettled = set(
            session.scalars(
                select(Reservation.meeting_id)
                .join(Attempt, Attempt.reservation_id == Reservation.id)
                .where(Attempt.state == AttemptState.OPEN)
            )
        )
        rows = session.execute(
            select(Outbox, Mailbox, Reservation.meeting_id)
            .join(Mailbox, Outbox.mailbox_id == Mailbox.id)
            .join(Reservation, Outbox.reservation_id == Reservation.id)
            .where(Outbox.parked.is_(False), Mailbox.claim_owner.is_(None))
        )
        for row, mailbox, meeting_id in rows:
            waits = [moment for moment in (row.not_before, mailbox.not_before) if moment is not None and moment > now]
            if not waits and meeting_id not in unsettled and mailbox.id not in due:
                found.append(f"nobody comes for #{row.reservation_id} in {mailbox.address}")
    return found
