"""How what is followed ends here: with its event, without it, or kept by a person; links become tombstones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.words import KEPT_HERE, Answer, AuthorityState, ConflictKind, HoldKind, Home, Origin, SyncState
from webapp.models import Link, Reservation, Tombstone
from webapp.outbox import queue_for_push
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.remote import cancel_remote, decline_remote
from webapp.reservations.rows import Dated, is_ours, lock_room, span_of, write_dates
from worker.store import holds, records
from worker.store.claims import Lane
from worker.store.items import Item, local_values
from worker.store.still import check_still
from worker.sync.values import values_to_json

GONE_THERE = "gone_there"
"""Why a link is buried whose event is gone, by no write of ours."""


def end_here(session: Session, item: Item, now: datetime) -> bool:
    """The event is gone: its reservation ends, unless another event of this room stands for it; bury the link."""
    link = session.get_one(Link, item.link_id)
    ended = False
    if item.reservation_id is not None:
        check_still(session, item)
        ended = not _has_another_event(session, link)
        if ended:
            _end_reservation(session, item.reservation_id, now, called_off=_was_called_off(item))
    bury(session, item.link_id, GONE_THERE, now)
    return ended


def _has_another_event(session: Session, link: Link) -> bool:
    other = select(Link.id).where(
        Link.mailbox_id == link.mailbox_id,
        Link.reservation_id == link.reservation_id,
        Link.id != link.id,
        Link.observed_gone.is_(False),
    )
    return session.scalar(other.limit(1)) is not None


def keep(session: Session, lane: Lane, item: Item, side: str, now: datetime) -> None:
    """A person rejected what the plan asked for: the reservation stays without its event, or our event stays."""
    check_still(session, item)
    if side == "here":
        keep_without_event(session, session.get_one(Link, item.link_id), now)
    else:
        _keep_there(session, lane, item, now)


def keep_without_event(session: Session, link: Link, now: datetime) -> None:
    """Bury a link whose reservation stays here, and say so on it: nothing is planned for it any more."""
    if not _has_another_event(session, link):
        session.execute(
            update(Reservation)
            .where(Reservation.id == link.reservation_id, Reservation.cancelled_at.is_(None))
            .values(sync_state=SyncState.LOCAL, sync_code=KEPT_HERE, sync_fields={})
        )
    bury(session, link.id, "kept", now)


def _keep_there(session: Session, lane: Lane, item: Item, now: datetime) -> None:
    """Our event stays although it came later than what it overlaps: its reservation stands again, and so does the
    overlap, as a conflict for people."""
    reservation = session.get_one(Reservation, item.reservation_id)
    room = lock_room(session, reservation.room_id)
    if reservation.withdrawn_at is not None:
        reservation.withdrawn_at = None
        reservation.sync_state, reservation.sync_code, reservation.sync_fields = SyncState.SYNCED, None, {}
        write_dates(session, reservation, room, [Dated(span_of(reservation.meeting))])
        settle_overlaps(session, reservation, now)
        holds.release(session, lane.room_id, (HoldKind.SLOT_TAKEN,), reservation.id, now)
    elif reservation.cancelled_at is not None:
        take_in_again(session, item.link_id)


def take_in_again(session: Session, link_id: int) -> None:
    """Both sides did not agree after all: the event is taken in anew by the next look at it."""
    session.execute(update(Link).where(Link.id == link_id).values(base_local=None, base_remote=None, dirty=True))


def _was_called_off(item: Item) -> bool:
    """Whether the copy itself says that the meeting is cancelled for this room: no refusal of the room looks so."""
    seen = item.observed
    answer = seen.values.status.answer if seen is not None and seen.values.status is not None else None
    return seen is not None and not seen.live and answer is not Answer.DECLINED


def _end_reservation(session: Session, reservation_id: int, now: datetime, *, called_off: bool) -> None:
    """A room's copy of a meeting that was made or moved here vanishes when the room declines, or when the meeting is
    called off: the organizer's event says which of the two it was, where the copy does not (H50)."""
    reservation = session.get_one(Reservation, reservation_id)
    meeting = reservation.meeting
    _end_its_move(session, reservation, now)
    asked_here = (
        meeting.origin is Origin.HERE
        or reservation.awaiting_since is not None
        or reservation.sync_state is SyncState.DECLINED
    )
    on_its_own = asked_here and not called_off and meeting.authority_state is not AuthorityState.GONE
    if meeting.home is Home.USER and on_its_own:
        decline_remote(session, reservation_id, now)
        meeting.authority_look_at, meeting.authority_looks = now, 0
    else:
        cancel_remote(session, reservation_id, now)


def _end_its_move(session: Session, reservation: Reservation, now: datetime) -> None:
    """It was called off in Outlook while it moved to another room: it does not live on there."""
    arriving = session.get(Reservation, reservation.leaves_for_id) if reservation.leaves_for_id is not None else None
    reservation.leaves_for_id = None
    if arriving is not None and arriving.cancelled_at is None:
        _dispute(session, arriving, "there", now)
        cancel_remote(session, arriving.id, now)
        queue_for_push(session, arriving, arriving.room.mailbox_id, now)


def _dispute(session: Session, standing: Reservation, prevailed: str, now: datetime) -> None:
    """Changed here, called off in Outlook: both are kept, as nobody knows who knew of the other."""
    wanted = values_to_json(local_values(standing.meeting))
    kind = ConflictKind.CANCELLED_AND_EDITED
    records.disagree(session, standing.room_id, standing.id, kind, prevailed, wanted, {}, now)


def tell_if_called_off(session: Session, link_id: int, now: datetime) -> None:
    """An event that was to be removed is gone by no write of ours: somebody called off what goes on here (H76)."""
    reservation = session.get(Reservation, session.get_one(Link, link_id).reservation_id or 0)
    standing = _goes_on_as(session, reservation) if reservation is not None else None
    if standing is not None:
        _dispute(session, standing, "here", now)


def _goes_on_as(session: Session, reservation: Reservation) -> Reservation | None:
    """What is left here of a reservation whose event was to be removed: itself, Held, or that of another room which
    it moved to."""
    if reservation.cancelled_at is None:
        return reservation if reservation.withdrawn_at is not None else None
    if reservation.meeting.home is not Home.RESOURCE:
        return None
    others = select(Reservation).where(
        Reservation.meeting_id == reservation.meeting_id,
        Reservation.id != reservation.id,
        Reservation.cancelled_at.is_(None),
    )
    return next((one for one in session.scalars(others.order_by(Reservation.id)) if is_ours(one)), None)


def bury(session: Session, link_id: int, why: str, now: datetime) -> None:
    """The link becomes a tombstone, so that a late row cannot revive the event (H59)."""
    if why == GONE_THERE:
        tell_if_called_off(session, link_id, now)
    link = session.get_one(Link, link_id)
    session.add(Tombstone.of(link, why, now))
    session.delete(link)
    session.flush()
