"""Copies in rooms while a create in a person's calendar is in doubt: those of its event, and those of strangers'."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.intervals import span_from_json
from webapp.domain.rule_json import rule_from_json
from webapp.domain.words import AttemptKind, AttemptState
from webapp.models import Attempt, Mailbox, Meeting
from worker.store.claims import Lane
from worker.sync.link import Observation
from worker.sync.series_plan import has_rule


def is_copy_of_unsettled_create(lane: Lane, seen: Observation) -> bool:
    """Whether a new copy may be that of a create that is not settled yet: it invites this room, with the same
    organizer and times, and no meeting here is known to be its own. It is not imported before that attempt is
    settled."""
    status = seen.values.status
    if seen.is_organizer or status is None:
        return False
    with lane.reading() as session:
        bodies = session.scalars(
            select(Attempt.body)
            .join(Mailbox, Attempt.target_mailbox_id == Mailbox.id)
            .where(
                Attempt.kind == AttemptKind.CREATE,
                Attempt.state == AttemptState.OPEN,
                Mailbox.address == status.organizer_address.lower(),
                Mailbox.connection_id == lane.connection_id,
            )
        ).all()
        if bodies and _is_known(session, lane, seen):
            return False
    return any(
        lane.address.casefold() in [address.casefold() for _, address in body["rooms"]]
        and _has_its_time(body, seen)
        and seen.ical_uid not in body.get("strangers", ())
        for body in bodies
    )


def _is_known(session: Session, lane: Lane, seen: Observation) -> bool:
    known = select(Meeting.id).where(Meeting.tenant_guid == lane.tenant_guid, Meeting.ical_uid == seen.ical_uid)
    return session.scalar(known.limit(1)) is not None


def _has_its_time(body: dict[str, Any], seen: Observation) -> bool:
    """Whether a copy is when a create asked for; a series has its rule."""
    if "rule" not in body:
        return span_from_json(body["time"]) == seen.values.time
    return seen.is_series and has_rule(seen.values, rule_from_json(body["rule"]))


def add_stranger(session: Session, attempt_id: int, ical_uid: str) -> None:
    """A copy that looks like our doubtful create is somebody else's meeting: it is imported."""
    row = session.get_one(Attempt, attempt_id)
    row.body = row.body | {"strangers": [*row.body.get("strangers", []), ical_uid]}
