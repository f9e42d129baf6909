"""What becomes of what organizers' own events told, when the settings stop or start allowing to read them.

Called inside the transaction that changes the settings, so that no title outlives the permission to know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import AuthorityState, ConflictKind, Home, LinkRole, TitleSource
from webapp.models import Conflict, Hold, HoldAction, Link, Meeting, Occurrence, Reservation

AT_ONCE = 500


def titles_read(session: Session) -> int:
    """How many meetings have a title that only their organizer's own event told."""
    return session.scalar(select(func.count(Meeting.id)).where(_told_by_organizer())) or 0


def stop_reading(session: Session) -> None:
    """Nothing that only an organizer's own event told stays here: titles become placeholders, and what is kept of
    those events, or of decisions about them, loses its subject. Titles typed here, and those of the rooms' own
    calendars, stay."""
    _forget_in_copies(session)
    _forget_in_conflicts(session)
    _forget_in_holds(session)
    session.execute(
        update(Link)
        .where(Link.role == LinkRole.AUTHORITY, Link.meeting_id.is_not(None))
        .values(observed=None, base_local=None, base_remote=None, base_change_key="")
    )
    of_people = Meeting.home == Home.USER
    session.execute(
        update(Meeting)
        .where(_told_by_organizer())
        .values(title="", title_source=TitleSource.PLACEHOLDER, revision=Meeting.revision + 1)
    )
    session.execute(
        update(Meeting)
        .where(of_people, Meeting.authority_state == AuthorityState.KNOWN)
        .values(authority_state=AuthorityState.NONE)
    )
    session.execute(
        update(Meeting)
        .where(of_people, Meeting.authority_look_at.is_not(None), ~_awaits_an_answer())
        .values(authority_look_at=None)
    )
    session.expire_all()


def start_reading(session: Session, now: datetime) -> None:
    """Every meeting of a person that lives and has not ended is looked up, each in the lane of its lead room."""
    ahead = (
        select(Reservation.meeting_id)
        .join(Occurrence, Occurrence.reservation_id == Reservation.id)
        .where(Reservation.cancelled_at.is_(None), Occurrence.ends_at > now)
    )
    session.execute(
        update(Meeting)
        .where(
            Meeting.home == Home.USER,
            Meeting.cancelled_at.is_(None),
            Meeting.authority_state != AuthorityState.GONE,
            Meeting.id.in_(ahead),
        )
        .values(authority_look_at=now, authority_looks=0)
    )
    session.expire_all()


def _told_by_organizer() -> ColumnElement[bool]:
    return (Meeting.home == Home.USER) & (Meeting.title_source == TitleSource.ORGANIZER)


def _awaits_an_answer() -> ColumnElement[bool]:
    """Time alone has to tell that a room did not answer, so these go on being looked after."""
    return (
        select(Reservation.id)
        .where(
            Reservation.meeting_id == Meeting.id,
            Reservation.cancelled_at.is_(None),
            Reservation.awaiting_since.is_not(None),
        )
        .exists()
    )


def _forget_in_copies(session: Session) -> None:
    """What this side last agreed on with a room's copy includes the title as it was here."""
    query = (
        select(Link)
        .join(Reservation, Link.reservation_id == Reservation.id)
        .join(Meeting, Reservation.meeting_id == Meeting.id)
        .where(_told_by_organizer())
    )
    for link in _in_parts(session, query, Link.id):
        link.base_local = _without_subject(link.base_local)


def _forget_in_conflicts(session: Session) -> None:
    """Both values were kept; that of this side was typed here only where the title itself was disputed."""
    query = (
        select(Conflict)
        .join(Reservation, Conflict.reservation_id == Reservation.id)
        .join(Meeting, Reservation.meeting_id == Meeting.id)
        .where(Meeting.home == Home.USER)
    )
    for conflict in _in_parts(session, query, Conflict.id):
        conflict.there = _without_subject(conflict.there) or {}
        if conflict.kind is not ConflictKind.TITLE:
            conflict.here = _without_subject(conflict.here) or {}


def _forget_in_holds(session: Session) -> None:
    query = (
        select(HoldAction)
        .join(Hold, HoldAction.hold_id == Hold.id)
        .join(Reservation, HoldAction.reservation_id == Reservation.id)
        .join(Meeting, Reservation.meeting_id == Meeting.id)
        .where(_told_by_organizer())
    )
    for action in _in_parts(session, query, HoldAction.id):
        action.before, action.after = _without_subject(action.before), _without_subject(action.after)


def _without_subject(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The stored values with their subject unread."""
    return values | {"subject": None} if values and values.get("subject") is not None else values


def _in_parts(session: Session, query: Select[Any], key: Any) -> Iterator[Any]:
    """The rows of `query` a part at a time, each part written before the next is read."""
    seen = 0
    while rows := session.scalars(query.where(key > seen).order_by(key).limit(AT_ONCE)).all():
        yield from rows
        seen = rows[-1].id
        session.flush()
