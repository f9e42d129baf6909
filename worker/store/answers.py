"""The answers of invited rooms: awaited, taken from the organizer's event, or missing for too long (H50, H58)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span
from webapp.domain.series_edit import with_date
from webapp.domain.words import Answer, LinkRole, MeetingKind, SyncState
from webapp.models import Link, Meeting, Outbox, Reservation
from webapp.outbox import want_run
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.remote import cancel_remote, decline_remote
from webapp.reservations.rows import end_reservation, is_pending, lock_room
from webapp.reservations.series_pending import await_series, pending_series
from webapp.reservations.series_rows import series_of, set_series
from worker.store.authority import AWAITED_AFTER, Authority, Reading, live_reservations
from worker.store.ending import take_in_again
from worker.store.invited_again import take_in_invited
from worker.store.unsent import is_unsent

HOURLY = timedelta(hours=1)
UNCONFIRMED_AFTER = timedelta(minutes=15)
"""A room that has not answered for so long is shown as unconfirmed (H58)."""

AWAITED_AT_MOST = timedelta(days=1)


def give_up_time(session: Session, meeting_id: int, now: datetime) -> None:
    """The organizer set another time than was set here: what was wanted here blocks no longer."""
    for reservation in live_reservations(session, meeting_id):
        lock_room(session, reservation.room_id)
        reservation.pending_time = None
        for row in [row for row in reservation.occurrences if is_pending(row.original_start)]:
            reservation.occurrences.remove(row)
        settle_overlaps(session, reservation, now)
    if session.get_one(Meeting, meeting_id).kind is MeetingKind.SERIES:
        read_copies_again(session, meeting_id)


def give_up_date(session: Session, meeting_id: int, original: date, span: Span | None, now: datetime) -> None:
    """One date of a series stays as its organizer has it: what else was set here is still awaited."""
    meeting = session.get_one(Meeting, meeting_id)
    series = series_of(meeting)
    if series is not None:
        set_series(meeting, with_date(series, original, span))
        meeting.revision += 1
    for reservation in live_reservations(session, meeting_id):
        lock_room(session, reservation.room_id)
        pending = pending_series(reservation)
        if pending is not None:
            await_series(reservation, replace(pending, wanted=with_date(pending.wanted, original, span)))
    read_copies_again(session, meeting_id)


def read_copies_again(session: Session, meeting_id: int) -> None:
    """What is known of the rooms' copies is taken in once more: they say what blocks the rooms, but for what is still
    awaited."""
    for reservation in live_reservations(session, meeting_id):
        copies = select(Link.id).where(Link.reservation_id == reservation.id, Link.role == LinkRole.COPY)
        for link_id in session.scalars(copies).all():
            take_in_again(session, link_id)
        want_run(session, reservation.room.mailbox_id)


def end_made_here(session: Session, meeting_id: int, now: datetime) -> None:
    """A meeting made here that Outlook never had, as far as anybody knows, ends; what waits for it too."""
    for reservation in live_reservations(session, meeting_id):
        lock_room(session, reservation.room_id)
        end_reservation(session, reservation, reservation.meeting.created_by, now)
    mine = select(Reservation.id).where(Reservation.meeting_id == meeting_id)
    session.execute(delete(Outbox).where(Outbox.reservation_id.in_(mine)))


def next_look(session: Session, authority: Authority, now: datetime) -> datetime | None:
    """When to look again: while an answer is awaited by the schedule, else not before a copy changes."""
    since = session.scalar(
        select(func.min(Reservation.awaiting_since)).where(
            Reservation.meeting_id == authority.meeting_id, Reservation.cancelled_at.is_(None)
        )
    )
    if since is None or authority.ended:
        return None
    if authority.looks < len(AWAITED_AFTER) - 1:
        return now + AWAITED_AFTER[authority.looks + 1]
    return now + HOURLY if now - since < AWAITED_AT_MOST else None


def tell_unconfirmed(session: Session, meeting_id: int, now: datetime) -> None:
    """A room that did not answer in time is shown for what it is (H58); the reservation goes on blocking."""
    session.execute(
        update(Reservation)
        .where(
            Reservation.meeting_id == meeting_id,
            Reservation.cancelled_at.is_(None),
            Reservation.awaiting_since <= now - UNCONFIRMED_AFTER,
            Reservation.sync_state == SyncState.AWAITING,
            Reservation.sync_code.is_(None),
        )
        .values(sync_code="unconfirmed")
    )


def take_answers(session: Session, meeting_id: int, reading: Reading, now: datetime) -> list[str]:
    """What the organizer's event says of each room that is awaited or declined; what was decided, as step names.

    A room that declined, or that is no longer invited, blocks nothing any more (H50). One that people here took off
    and that is invited again is booked again by the next look at its copy (H53).
    """
    said = {answer.address.casefold(): answer.answer for answer in reading.rooms}
    decided: list[str] = []
    for reservation in live_reservations(session, meeting_id):
        declined = reservation.sync_state is SyncState.DECLINED
        if reservation.awaiting_since is None and not declined:
            continue
        room = lock_room(session, reservation.room_id)
        answer = said.get((room.external_address or "").casefold())
        if answer is Answer.DECLINED and not declined:
            decline_remote(session, reservation.id, now)
            decided.append("declined")
        elif (declined or _was_left_out(session, reservation, now)) and (answer is None or not reading.seen.live):
            cancel_remote(session, reservation.id, now)
            decided.append("cancel")
    if reading.seen.live:
        decided += ["invited_again"] * take_in_invited(session, meeting_id, said, now)
    return decided


def _was_left_out(session: Session, reservation: Reservation, now: datetime) -> bool:
    """Whether a room was awaited for so long, without any copy there, that an event which does not name it is no read
    that lags our invitation: its organizer took the room off before it answered."""
    if reservation.awaiting_since is None or now - reservation.awaiting_since < UNCONFIRMED_AFTER:
        return False
    copies = select(Link.id).where(Link.reservation_id == reservation.id, Link.observed_gone.is_(False))
    return not is_unsent(session, reservation.meeting_id) and session.scalar(copies.limit(1)) is None
