"""What the page says of people's mailboxes: whom the app reaches, what waits, which titles are at stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.access import OUT_OF_REACH
from webapp.domain.words import HoldActionState, HoldKind, MailboxKind, Reach
from webapp.models import Hold, HoldAction, Mailbox
from webapp.reservations.reading import titles_read


@dataclass(frozen=True)
class People:
    """Counts for the page. `reach` is by mailbox of a person that was ever needed."""

    reach: Mapping[Reach, int]
    titles: int
    """Meetings whose title was read in their organizer's mailbox."""
    waiting: int
    """Changes that a changed setting no longer allows, and that wait for a person."""

    @property
    def known(self) -> int:
        """Mailboxes that were asked."""
        return sum(number for reach, number in self.reach.items() if reach is not Reach.UNKNOWN)

    @property
    def out_of_reach(self) -> int:
        """Mailboxes that the app may not, or cannot, read."""
        return sum(self.reach.get(reach, 0) for reach in OUT_OF_REACH)


def people(session: Session) -> People:
    """Read them: three small queries."""
    reach = session.execute(
        select(Mailbox.reach, func.count()).where(Mailbox.kind == MailboxKind.PERSON).group_by(Mailbox.reach)
    ).all()
    waiting = (
        select(func.count(HoldAction.id))
        .join(Hold, HoldAction.hold_id == Hold.id)
        .where(
            Hold.kind == HoldKind.ACCESS_LOST,
            Hold.closed_at.is_(None),
            HoldAction.state == HoldActionState.OPEN,
        )
    )
    return People({one: number for one, number in reach}, titles_read(session), session.scalar(waiting) or 0)
