"""Which outbox rows wait for a write whose outcome is not known yet."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from webapp.domain.words import AttemptState, OutboxKind
from webapp.models import Attempt, Outbox, Reservation


@cache
def is_settled() -> ColumnElement[bool]:
    """Whether no write of `Outbox`'s reservation is in doubt; and where it is for the organizer's calendar, none
    there of its meeting in any room's lane: sent from another room, a second create makes a second event (H35)."""
    mine, sibling = aliased(Reservation), aliased(Reservation)
    of_reservation = select(Attempt.reservation_id).where(Attempt.state == AttemptState.OPEN)
    of_meeting = (
        select(sibling.id)
        .join(mine, mine.meeting_id == sibling.meeting_id)
        .join(Attempt, Attempt.reservation_id == mine.id)
        .where(Attempt.state == AttemptState.OPEN, Attempt.target_mailbox_id.is_not(None))
    )
    for_organizer = Outbox.kind.in_((OutboxKind.MEETING, OutboxKind.CANCEL_MEETING))
    return and_(
        Outbox.reservation_id.not_in(of_reservation),
        or_(~for_organizer, Outbox.reservation_id.not_in(of_meeting)),
    )
