"""What people chose for actions that were held back, as the run that carries it out reads it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.words import HoldActionState, HoldKind
from webapp.models import Hold, HoldAction
from worker.store.claims import Lane


def chosen(lane: Lane, kind: HoldKind, key: str) -> str:
    """The choice for one action of the room's open hold of this kind; empty while nobody decided."""
    with lane.reading() as session:
        query = (
            select(HoldAction.choice)
            .join(Hold, HoldAction.hold_id == Hold.id)
            .where(
                Hold.room_id == lane.room_id,
                Hold.kind == kind,
                Hold.closed_at.is_(None),
                HoldAction.key == key,
                HoldAction.state != HoldActionState.OPEN,
            )
        )
        return session.scalar(query) or ""


def decided(lane: Lane, kind: HoldKind) -> list[tuple[str, str, str]]:
    """Key, choice and who decided of every decided action of the room's open hold of this kind."""
    with lane.reading() as session:
        query = (
            select(HoldAction.key, HoldAction.choice, HoldAction.decided_by)
            .join(Hold, HoldAction.hold_id == Hold.id)
            .where(
                Hold.room_id == lane.room_id,
                Hold.kind == kind,
                Hold.closed_at.is_(None),
                HoldAction.state != HoldActionState.OPEN,
            )
            .order_by(HoldAction.id)
        )
        return [(key, choice, by) for key, choice, by in session.execute(query)]


def take_out(session: Session, room_id: int, kind: HoldKind, key: str, by: str, now: datetime) -> None:
    """An action was carried out as it was decided: it leaves the open hold, and an empty hold closes."""
    hold = session.scalar(select(Hold).where(Hold.room_id == room_id, Hold.kind == kind, Hold.closed_at.is_(None)))
    if hold is None:
        return
    for action in list(hold.actions):
        if action.key == key:
            hold.actions.remove(action)
    if not hold.actions:
        hold.closed_at, hold.closed_by = now, by
    session.flush()
