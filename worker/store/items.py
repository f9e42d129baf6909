"""Items as the planner wants them: a link with its base, both sides, and what stands in the way of deciding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, false, func, select, update
from sqlalchemy.orm import Session, joinedload

from webapp.database import table_of
from webapp.domain.words import (
    AttemptKind,
    AttemptState,
    Home,
    LinkRole,
    LinkState,
    MeetingKind,
    OutboxKind,
    TitleSource,
)
from webapp.models import Attempt, Link, Mailbox, Meeting, Outbox, Reservation
from webapp.reservations.rows import span_of
from webapp.reservations.series_rows import series_of
from worker.store.claims import Lane
from worker.sync.event import canonical_subject
from worker.sync.link import Observation, observation_from_json
from worker.sync.plan import ABSENT, Base, Side
from worker.sync.values import Values, values_from_json, values_to_json

IN_ONE_QUERY = 200


@dataclass(frozen=True)
class Item:
    """One link and what is known of both sides of it."""

    link_id: int
    event_id: str
    state: LinkState
    is_series: bool
    series_stale: bool
    must_confirm: bool
    base: Base | None
    base_change_key: str
    observed: Observation | None
    gone: bool
    gone_confirmed: bool
    written_at: datetime | None
    shown_since: bool
    removed_told: bool
    looks: int
    reservation_id: int | None
    revision: int
    local: Side
    ours: bool
    leaving: bool
    """It moves to another room, and is not there yet."""
    follows_wish: bool
    """A room's copy follows what people here changed of it."""
    waits_for_push: bool
    """An unsent change or an unsettled write of this reservation: the push decides, from a fresh read."""
    parked: bool
    """What was to be sent was stopped for a person."""


_FOLLOWED = (
    select(Link.id)
    .where(Link.mailbox_id == bindparam("mailbox"), Link.state != LinkState.QUARANTINED)
    .order_by(Link.id)
)
DIRTY_LINKS = _FOLLOWED.where(Link.dirty)
DUE_LOOKS = _FOLLOWED.where(Link.next_look_at <= bindparam("now"))


def dirty(lane: Lane) -> list[int]:
    """Links whose observation has not been planned to the end, oldest first."""
    with lane.asking() as connection:
        return list(connection.scalars(DIRTY_LINKS, {"mailbox": lane.mailbox_id}))


def due_looks_in(session: Session, lane: Lane, now: datetime) -> list[int]:
    """Links that should be read again by id now."""
    return list(session.scalars(DUE_LOOKS, {"mailbox": lane.mailbox_id, "now": now}))


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_LINKS = select(Link).where(Link.id.in_(_IDS)).order_by(Link.id)
_RESERVATIONS = select(Reservation).where(Reservation.id.in_(_IDS)).options(joinedload(Reservation.meeting))
_WRITES_OF = (
    select(Outbox.reservation_id, Outbox.parked)
    .where(Outbox.reservation_id.in_(_IDS), Outbox.kind == OutboxKind.PUSH)
    .union_all(
        select(Attempt.reservation_id, false()).where(
            Attempt.reservation_id.in_(_IDS),
            Attempt.state == AttemptState.OPEN,
            Attempt.target_mailbox_id.is_(None),
            Attempt.kind != AttemptKind.DECLINE,
        )
    )
)
"""What is to be sent, and whether it waits for a person; with what was sent and is not settled."""


def load(session: Session, link_ids: Iterable[int]) -> list[Item]:
    """The items of these links; links that are no more are left out."""
    ids = list(link_ids)
    items: list[Item] = []
    for start in range(0, len(ids), IN_ONE_QUERY):
        links = list(session.scalars(_LINKS, {"ids": ids[start : start + IN_ONE_QUERY]}))
        reservations = _reservations(session, [link.reservation_id for link in links])
        busy, parked = _busy(session, reservations)
        items += [_item(link, reservations.get(link.reservation_id or 0), busy, parked) for link in links]
    return items


def local_values(meeting: Meeting) -> Values:
    """The synced fields of a meeting here. A title that nobody gave is unread, not empty."""
    subject = None if meeting.title_source is TitleSource.PLACEHOLDER else canonical_subject(meeting.title)
    series = series_of(meeting) if meeting.kind is MeetingKind.SERIES else None
    return Values(subject=subject, time=span_of(meeting), private=meeting.is_private, series=series)


def local_side(reservation: Reservation) -> Side:
    """What this side wants in Outlook: nothing of a reservation that was cancelled or lost its slot."""
    if reservation.cancelled_at is not None or reservation.withdrawn_at is not None:
        return ABSENT
    return local_values(reservation.meeting)


def base_of(link: Link) -> Base | None:
    """Both sides when they last agreed."""
    if link.base_local is None or link.base_remote is None:
        return None
    return Base(values_from_json(link.base_local), values_from_json(link.base_remote))


def set_base(link: Link, local: Values, remote: Values) -> None:
    """Remember that both sides agree; a subject that was read once stays known when later reads withhold it."""
    before = base_of(link)
    if remote.subject is None and before is not None and not remote.private:
        remote = replace(remote, subject=before.remote.subject)
    link.base_local, link.base_remote = values_to_json(local), values_to_json(remote)
    link.base_change_key = link.observed.get("change_key", "") if link.observed else link.base_change_key


_BOX = table_of(Mailbox)
_EARLIEST_LOOK = select(func.min(Link.next_look_at)).where(Link.mailbox_id == bindparam("mailbox")).scalar_subquery()
_PLAN_NEXT_LOOK = (
    update(_BOX)
    .where(_BOX.c.id == bindparam("mailbox"), _BOX.c.next_look_at.is_distinct_from(_EARLIEST_LOOK))
    .values(next_look_at=_EARLIEST_LOOK)
)


def plan_next_look(session: Session, lane: Lane) -> None:
    """Write when the mailbox should next be looked at: the earliest of its links."""
    session.flush()
    session.execute(_PLAN_NEXT_LOOK, {"mailbox": lane.mailbox_id})


def _item(link: Link, reservation: Reservation | None, busy: set[int], parked: set[int]) -> Item:
    base = base_of(link)
    organized_here = link.role is LinkRole.AUTHORITY  # a copy is never written, whoever organizes (H57)
    ours = reservation is not None and reservation.meeting.home is Home.RESOURCE and organized_here
    if reservation is None:
        local: Side = ABSENT
    elif ours or base is None:
        local = local_side(reservation)
    else:
        local = ABSENT if reservation.cancelled_at is not None else base.local
    return Item(
        link_id=link.id,
        event_id=link.event_id,
        state=link.state,
        is_series=link.is_series,
        series_stale=link.series_stale,
        must_confirm=link.must_confirm,
        base=base,
        base_change_key=link.base_change_key,
        observed=observation_from_json(link.observed) if link.observed else None,
        gone=link.observed_gone,
        gone_confirmed=link.gone_confirmed,
        written_at=link.written_at,
        shown_since=link.shown_since,
        removed_told=link.removed_told,
        looks=link.looks,
        reservation_id=link.reservation_id,
        revision=reservation.meeting.revision if reservation else 0,
        local=local,
        ours=ours,
        leaving=reservation is not None and reservation.leaves_for_id is not None,
        follows_wish=reservation is not None and bool(reservation.pending_time or reservation.declined_dates),
        waits_for_push=link.reservation_id in busy,
        parked=link.reservation_id in parked,
    )


def _reservations(session: Session, ids: list[int | None]) -> dict[int, Reservation]:
    wanted = [i for i in ids if i is not None]
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(_RESERVATIONS, {"ids": wanted})}


def _busy(session: Session, reservations: dict[int, Reservation]) -> tuple[set[int], set[int]]:
    ids = list(reservations)
    if not ids:
        return set(), set()
    rows = session.execute(_WRITES_OF, {"ids": ids}).all()
    waiting = {reservation_id for reservation_id, is_parked in rows if not is_parked}
    return waiting, {reservation_id for reservation_id, is_parked in rows if is_parked}
