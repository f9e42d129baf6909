"""Delta sessions: rows are staged as pages arrive, and become observations together with the delta link (H09)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.database import table_of
from webapp.domain.booking import sync_window
from webapp.domain.intervals import AllDay, Timed
from webapp.domain.words import LinkState
from webapp.models import DeltaSession, Link, Mailbox, Reservation, StagedRow
from worker.store import drift, holds
from worker.store.claims import Lane
from worker.store.drift import Silent, Told
from worker.store.holds import HeldAction, cancel_here
from worker.store.observing import Noted, note
from worker.store.staging import staged_from_json
from worker.sync.guard import listing_is_suspect
from worker.sync.link import Observation, observation_from_json


@dataclass(frozen=True)
class Round:
    """A round under way: where it goes on, and what it will answer when it is complete."""

    session_id: int
    window: tuple[datetime, datetime]
    is_full: bool
    is_listing: bool
    start_link: str | None
    """The delta link it began at; None for a full round."""
    next_link: str | None
    generation: int
    began_at: datetime
    slice_days: int | None = None
    """So many days of the window are listed at once; None: all of it."""
    told: Told | None = None
    """Of a full round: what the delta link that it replaces has to tell; None: that cannot be said."""


_ACTIVE = select(DeltaSession).where(DeltaSession.mailbox_id == bindparam("mailbox"), DeltaSession.active)
_GOES_ON = exists().where(
    DeltaSession.mailbox_id == Mailbox.id,
    DeltaSession.active,
    or_(DeltaSession.delta_link.is_not(None), DeltaSession.is_listing),
)
_FULL_IS_DUE = select(or_(Mailbox.full_wanted > Mailbox.full_done, ~_GOES_ON)).where(
    Mailbox.id == bindparam("mailbox")
)

_STAGED = select(StagedRow.payload).where(StagedRow.session_id == bindparam("session")).order_by(StagedRow.position)
_BOX = table_of(Mailbox)
_ROUND_BEGINS = update(_BOX).where(_BOX.c.id == bindparam("mailbox")).values(last_round_at=bindparam("begun_at"))


def full_is_due(lane: Lane) -> bool:
    """Whether everything must be read: asked for, or there is no delta link to go on from."""
    with lane.asking() as connection:
        return bool(connection.scalars(_FULL_IS_DUE, {"mailbox": lane.mailbox_id}).one())


def begin(lane: Lane, *, full: bool, now: datetime) -> Round:
    """Begin a round, or go on with one that was left staged in part."""
    with lane.writing() as session:
        session.execute(_ROUND_BEGINS, {"mailbox": lane.mailbox_id, "begun_at": now})
        active = _active(session, lane.mailbox_id)
        if not full and active is not None:
            return _as_round(active, is_full=active.is_listing, now=now)
        making = session.scalar(
            select(DeltaSession).where(DeltaSession.mailbox_id == lane.mailbox_id, DeltaSession.active.is_(False))
        )
        if making is None:
            start, end = sync_window(now)
            making = DeltaSession(
                mailbox_id=lane.mailbox_id,
                window_start=start,
                window_end=end,
                started_at=now,
                full_seen=_full_wanted(session, lane.mailbox_id),
            )
            session.add(making)
            session.flush()
        return _as_round(making, is_full=True, now=now)


def stage(lane: Lane, the_round: Round, rows: list[dict[str, object]], next_link: str) -> None:
    """Keep a page of a round that goes on, so that a wait or a crash does not begin it again."""
    with lane.writing() as session:
        position = session.scalar(
            select(func.coalesce(func.max(StagedRow.position), 0)).where(StagedRow.session_id == the_round.session_id)
        )
        session.add_all(
            StagedRow(session_id=the_round.session_id, position=(position or 0) + offset, payload=row)
            for offset, row in enumerate(rows, 1)
        )
        session.execute(
            update(DeltaSession)
            .where(DeltaSession.id == the_round.session_id)
            .values(next_link=next_link, round_began_at=the_round.began_at)
        )


@dataclass(frozen=True)
class Committed:
    """What a complete round changed in what is known: `suspect` full listings are kept out (H70)."""

    noted: Noted
    suspect: bool = False
    known: int = 0
    missing: tuple[HeldAction, ...] = ()
    """What a suspect listing lacks: it would be cancelled here."""
    silent: Silent | None = None
    """Of a full round: what no delta had told, where that can be said."""


def commit(
    lane: Lane, the_round: Round, rows: list[dict[str, object]], delta_link: str | None, now: datetime
) -> Committed:
    """Make a complete round's observations and its delta link true in one transaction.

    Compare-and-set: if the session moved on since the round began, nothing is written and nothing noted; the
    run goes round again. Of a round that knows what was `told`, what it changes besides is silent differences.
    """
    told = the_round.told
    with lane.writing() as session:
        current = session.get(DeltaSession, the_round.session_id)
        if current is None or current.generation != the_round.generation:
            return Committed(Noted())
        staged = session.scalars(_STAGED, {"session": current.id}).all()
        everything = [staged_from_json(row) for row in [*staged, *rows]]
        known = _known_in_window(session, lane.mailbox_id, the_round.window) if the_round.is_full else []
        missing = _would_end(session, known)
        suspect = the_round.is_full and listing_is_suspect(len(everything), len(missing))
        if suspect and not holds.believe_listing(session, lane.room_id, missing, now):
            return _distrust(session, current, missing)
        before = drift.known(session, lane.mailbox_id) if told is not None else {}
        noted = note(session, lane, everything, is_full=the_round.is_full, began_at=the_round.began_at, now=now)
        if the_round.is_full:
            _sweep(known, the_round.began_at)
        if staged:
            session.execute(delete(StagedRow).where(StagedRow.session_id == current.id))
        _swap(session, lane, current, the_round, delta_link, now)
        silent = drift.silent(session, lane.mailbox_id, before, told, the_round.window) if told is not None else None
        return Committed(noted, known=len(known), silent=silent)


def _sweep(known: list[Link], began_at: datetime) -> None:
    """Links that a complete listing lacks may be gone: each is confirmed before anything follows from it."""
    for link in known:
        written_since = link.written_at is not None and link.written_at >= began_at
        if link.seen_at != began_at and not written_since and not link.observed_gone:
            link.observed_gone, link.gone_confirmed, link.dirty = True, False, True
            link.removed_told = False


def _swap(
    session: Session, lane: Lane, current: DeltaSession, the_round: Round, delta_link: str | None, now: datetime
) -> None:
    current.next_link, current.round_began_at = None, None
    current.delta_link, current.delta_link_at = delta_link, now
    current.generation += 1
    if not the_round.is_full or current.active:
        return
    session.execute(
        delete(DeltaSession).where(DeltaSession.mailbox_id == lane.mailbox_id, DeltaSession.id != current.id)
    )
    session.flush()
    current.active = True
    session.execute(update(Mailbox).where(Mailbox.id == lane.mailbox_id).values(full_done=current.full_seen))


def _would_end(session: Session, links: list[Link]) -> tuple[HeldAction, ...]:
    """The live reservations that these links stand for, as actions: none of their events would be there any more."""
    if not links:
        return ()
    live = set(
        session.scalars(
            select(Reservation.id).where(
                Reservation.id.in_([link.reservation_id for link in links]), Reservation.cancelled_at.is_(None)
            )
        )
    )
    return tuple(
        cancel_here(link.reservation_id, link.base_remote, link.base_change_key)
        for link in links
        if link.reservation_id in live and not link.observed_gone
    )


def _distrust(session: Session, current: DeltaSession, missing: tuple[HeldAction, ...]) -> Committed:
    """An empty listing of a room that is not empty: forget the round, and list again later."""
    session.execute(delete(StagedRow).where(StagedRow.session_id == current.id))
    current.next_link, current.round_began_at = None, None
    if not current.active:
        session.delete(current)
    return Committed(Noted(), suspect=True, known=len(missing), missing=missing)


def forget_link(lane: Lane, the_round: Round) -> None:
    """The delta link is dead: what was staged with it goes, and the next round reads everything (H08)."""
    with lane.writing() as session:
        session.execute(delete(StagedRow).where(StagedRow.session_id == the_round.session_id))
        if the_round.is_full and not the_round.is_listing:
            session.execute(delete(DeltaSession).where(DeltaSession.id == the_round.session_id))
        else:
            session.execute(
                update(DeltaSession)
                .where(DeltaSession.id == the_round.session_id)
                .values(next_link=None, round_began_at=None, delta_link=None, generation=DeltaSession.generation + 1)
            )


def fall_back_to_listing(lane: Lane, the_round: Round, slice_days: int | None = None) -> Round:
    """Delta has no end here (H01), or none in time (H10): this session is read by plain listings from now on."""
    with lane.writing() as session:
        session.execute(delete(StagedRow).where(StagedRow.session_id == the_round.session_id))
        current = session.get_one(DeltaSession, the_round.session_id)
        current.is_listing, current.next_link, current.delta_link = True, None, None
        current.round_began_at, current.slice_days = None, slice_days
        session.flush()
        return _as_round(current, is_full=True, now=the_round.began_at)


def window_of(lane: Lane, now: datetime) -> tuple[datetime, datetime]:
    """The window of the active session, or the one that a session begun now would have."""
    with lane.reading() as session:
        active = _active(session, lane.mailbox_id)
        return (active.window_start, active.window_end) if active else sync_window(now)


def slice_days(lane: Lane) -> int | None:
    """How many days of the window were asked for at once when it was last read; None: all of it (H10)."""
    with lane.reading() as session:
        active = _active(session, lane.mailbox_id)
        return active.slice_days if active else None


def previous(lane: Lane, the_round: Round) -> tuple[str, tuple[datetime, datetime]] | None:
    """The delta link that a full round will replace, and its window; None where there is none."""
    with lane.reading() as session:
        active = _active(session, lane.mailbox_id)
        if active is None or active.id == the_round.session_id or active.delta_link is None:
            return None
        return active.delta_link, (active.window_start, active.window_end)


def staged_count(lane: Lane, the_round: Round) -> int:
    """Rows staged so far, for the page that shows progress."""
    with lane.reading() as session:
        query = select(func.count()).select_from(StagedRow).where(StagedRow.session_id == the_round.session_id)
        return session.scalars(query).one()


def _active(session: Session, mailbox_id: int) -> DeltaSession | None:
    return session.scalar(_ACTIVE, {"mailbox": mailbox_id})


def _full_wanted(session: Session, mailbox_id: int) -> int:
    return session.scalars(select(Mailbox.full_wanted).where(Mailbox.id == mailbox_id)).one()


def _as_round(row: DeltaSession, *, is_full: bool, now: datetime) -> Round:
    return Round(
        session_id=row.id,
        window=(row.window_start, row.window_end),
        is_full=is_full,
        is_listing=row.is_listing,
        start_link=row.delta_link,
        next_link=row.next_link,
        generation=row.generation,
        began_at=row.round_began_at or now,
        slice_days=row.slice_days,
    )


def _known_in_window(session: Session, mailbox_id: int, window: tuple[datetime, datetime]) -> list[Link]:
    """Followed links whose event a complete listing of the window must contain."""
    links = session.scalars(
        select(Link).where(
            Link.mailbox_id == mailbox_id,
            Link.state.in_((LinkState.NEW, LinkState.LINKED, LinkState.HELD)),
            Link.observed.is_not(None),
        )
    )
    return [link for link in links if _inside(observation_from_json(link.observed or {}), window)]


def _inside(observation: Observation, window: tuple[datetime, datetime]) -> bool:
    """Whether the listing must contain it: well inside, so that no zone's midnight is in doubt (H13). Of a series it
    contains the dates: one that was read without any is in no listing."""
    dates = observation.values.dates
    spans = [observation.values.time] if dates is None else [date.span for date in dates]
    for span in spans:
        if isinstance(span, AllDay):
            if window[0].date() < span.start and span.end < window[1].date():
                return True
        elif isinstance(span, Timed) and window[0] < span.end and span.start < window[1]:
            return True
    return False
