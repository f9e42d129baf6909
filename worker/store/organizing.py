"""Outbox rows and attempts of what goes into people's calendars, as the organizer's part of a run reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import AttemptKind, HoldKind, LinkRole, OutboxKind, SyncState
from webapp.models import Link, Outbox, Reservation
from webapp.outbox import want_run
from webapp.reservations.rows import end_reservation
from webapp.reservations.series_pending import pending_series
from worker.store import answers, holds, splitting
from worker.store import authority as authorities
from worker.store.authority import Authority, RoomOfMeeting
from worker.store.claims import Lane
from worker.store.invited_again import look_once_more
from worker.store.items import base_of
from worker.store.splitting import Stage, stage_of
from worker.store.unsettled import is_settled
from worker.store.writes import OpenAttempt, Write, add_attempt, create_body, new_mark
from worker.sync.values import Values, values_to_json

UNSENT = (SyncState.WAITING, SyncState.HELD, SyncState.FAILED)
"""What a reservation says while something of its meeting is on its way to the organizer, or was stopped on it."""


@dataclass(frozen=True)
class Task:
    """One outbox row that is carried out in a person's calendar, or by the room's refusal."""

    outbox_id: int
    kind: OutboxKind
    reservation_id: int
    public_id: str
    revision: int
    tries: int
    authority: Authority | None
    rooms: tuple[RoomOfMeeting, ...]
    copy: tuple[int, str] | None
    """Link id and event id of this room's own copy."""
    copy_base: Values | None
    """What that copy and this side last agreed on."""
    has_copies: bool
    """Some room still holds a copy of the meeting."""
    split: Stage = Stage.NONE
    """Of a series that goes on from a date of another: whether that one was cut yet."""
    declined_dates: tuple[str, ...] = ()
    """Of a series that lives on: dates of it that the room declines."""


def load_task(lane: Lane, outbox_id: int, now: datetime) -> Task | None:
    """What this row asks for now; None when it was cleared meanwhile, or waits for a write that is in doubt."""
    with lane.reading() as session:
        row = session.scalar(
            select(Outbox).where(Outbox.id == outbox_id, Outbox.mailbox_id == lane.mailbox_id, is_settled())
        )
        if row is None:
            return None
        reservation = session.get_one(Reservation, row.reservation_id)
        link = session.scalar(
            select(Link).where(
                Link.mailbox_id == lane.mailbox_id,
                Link.reservation_id == reservation.id,
                Link.role == LinkRole.COPY,
            )
        )
        base = base_of(link) if link is not None else None
        return Task(
            outbox_id=row.id,
            kind=row.kind,
            reservation_id=reservation.id,
            public_id=reservation.public_id,
            revision=row.revision,
            tries=row.tries,
            authority=authorities.load(session, lane, reservation.meeting_id, now),
            rooms=tuple(authorities.rooms_of(session, reservation.meeting_id)),
            copy=(link.id, link.event_id) if link is not None else None,
            copy_base=base.local if base is not None else None,
            has_copies=authorities.has_copies(session, reservation.meeting_id),
            split=stage_of(session, reservation.meeting),
            declined_dates=tuple(reservation.declined_dates) if reservation.cancelled_at is None else (),
        )


def clear(session: Session, task: Task, now: datetime) -> bool:
    """The row is done; a save made since then keeps it. Whether it is gone."""
    gone = session.execute(
        delete(Outbox).where(Outbox.id == task.outbox_id, Outbox.revision == task.revision).returning(Outbox.id)
    ).all()
    if gone:
        splitting.is_there(session, task.reservation_id)
    if gone and not _is_held_back(session, task.reservation_id):
        forget_hold(session, task, now)
    return bool(gone)


def _is_held_back(session: Session, reservation_id: int) -> bool:
    """Whether another row of this reservation still waits for a person, who decides about it in its hold."""
    stopped = select(Outbox.id).where(Outbox.reservation_id == reservation_id, Outbox.parked)
    return session.scalar(stopped.limit(1)) is not None


def forget_hold(session: Session, task: Task, now: datetime) -> None:
    """What was held back of this reservation was sent, or saved anew."""
    room_id = session.get_one(Reservation, task.reservation_id).room_id
    holds.release(session, room_id, (HoldKind.ACCESS_LOST,), task.reservation_id, now)


def settled(session: Session, task: Task, now: datetime, *, asked_anew: bool) -> None:
    """What was sent is in the organizer's calendar: rooms that were asked anew answer now, those that hold the
    meeting are in step. One that was invited before and holds no copy may have declined: its answer is looked up."""
    if not clear(session, task, now) or task.authority is None:
        return
    look_once_more(session, task.authority.meeting_id, now)
    holding = authorities.with_copies(session, task.authority.meeting_id)
    for reservation in authorities.live_reservations(session, task.authority.meeting_id):
        unsent = reservation.sync_state in UNSENT
        if asked_anew or reservation.awaiting_since is not None or (unsent and reservation.id not in holding):
            authorities.await_answer(session, reservation, now)
        elif unsent:
            reservation.sync_state, reservation.sync_fields = SyncState.SYNCED, {}
            reservation.sync_code = splitting.lasting(reservation.sync_code)
    if any(pending_series(one) for one in authorities.live_reservations(session, task.authority.meeting_id)):
        # A copy may have shown it before this was known.
        answers.read_copies_again(session, task.authority.meeting_id)


def stop(session: Session, task: Task, state: SyncState, code: str, fields: dict[str, Any]) -> bool:
    """Stop this row until a person decides; its reservations say why. Whether it was still this row."""
    stopped = session.execute(
        update(Outbox)
        .where(Outbox.id == task.outbox_id, Outbox.revision == task.revision)
        .values(parked=True)
        .returning(Outbox.id)
    ).all()
    if not stopped:
        return False
    told = {task.reservation_id}
    if task.authority is not None:
        told |= {one.id for one in authorities.live_reservations(session, task.authority.meeting_id)}
    session.execute(
        update(Reservation)
        .where(Reservation.id.in_(told))
        .values(sync_state=state, sync_code=code, sync_fields=fields)
    )
    return True


def reservation_of(session: Session, outbox_id: int) -> int | None:
    """The reservation that an outbox row hangs on; None when the row is gone."""
    return session.scalar(select(Outbox.reservation_id).where(Outbox.id == outbox_id))


def set_free(session: Session, outbox_id: int) -> None:
    """Let a stopped row be sent; whether it may be is asked again then."""
    session.execute(update(Outbox).where(Outbox.id == outbox_id).values(parked=False, not_before=None, tries=0))


def revive(session: Session, task: Task) -> None:
    """The room keeps the meeting, or dates of it, after all: its copy is taken in again by the next look at it."""
    session.get_one(Reservation, task.reservation_id).declined_dates = []
    session.execute(delete(Outbox).where(Outbox.id == task.outbox_id))
    session.execute(
        update(Link)
        .where(Link.reservation_id == task.reservation_id)
        .values(base_local=None, base_remote=None, dirty=True)
    )


def give_up(session: Session, outbox_id: int, by: str, now: datetime) -> None:
    """A person gave up what was to be sent: what Outlook has counts again, and is read anew in each room.

    A meeting that Outlook never had ends here.
    """
    row = session.get_one(Outbox, outbox_id)
    meeting = session.get_one(Reservation, row.reservation_id).meeting
    session.delete(row)
    session.flush()
    everyone = list(session.scalars(select(Reservation).where(Reservation.meeting_id == meeting.id)))
    if meeting.ical_uid is None:
        for one in everyone:
            if one.cancelled_at is None:
                end_reservation(session, one, by, now)
        return
    for one in everyone:
        one.pending_time = None
        if one.sync_state in UNSENT:
            one.sync_state, one.sync_code, one.sync_fields = SyncState.SYNCED, None, {}
    session.execute(
        update(Link)
        .where(Link.reservation_id.in_([one.id for one in everyone]))
        .values(base_local=None, base_remote=None, dirty=True)
    )
    authorities.forget_base(session, meeting.id)
    meeting.authority_look_at = now
    for one in sorted(everyone, key=lambda each: each.room.mailbox_id or 0):
        want_run(session, one.room.mailbox_id)


def new_create(session: Session, lane: Lane, write: Write, task: Task, target_id: int, values: Values) -> OpenAttempt:
    """Commit to a create in the owner's calendar: its body, the rooms among it, is frozen now."""
    transaction_id = new_mark(session, lane, write.reservation_id, task.public_id)
    body = create_body(values) | {"rooms": [[room.name, room.address] for room in task.rooms if room.wanted]}
    return add_attempt(
        session,
        lane,
        write,
        AttemptKind.CREATE,
        target_mailbox_id=target_id,
        transaction_id=transaction_id,
        body=body,
    )


def new_patch(
    session: Session,
    lane: Lane,
    write: Write,
    target: tuple[int, str, str],
    groups: frozenset[str],
    values: Values,
    remove: tuple[str, ...],
) -> OpenAttempt:
    """Commit to a PATCH of the organizer's event; `target` is mailbox, event and etag. Of attendees only the rooms
    taken off are kept: the list itself comes from the read just before (H41)."""
    sent = values if "subject" in groups else replace(values, subject=None)  # a title that is not sent is not kept
    body = {"groups": sorted(groups), "values": values_to_json(sent), "remove": list(remove)}
    mailbox_id, event_id, etag = target
    return add_attempt(
        session,
        lane,
        write,
        AttemptKind.PATCH,
        target_mailbox_id=mailbox_id,
        event_id=event_id,
        body=body,
        etag=etag,
    )


def new_act(
    session: Session, lane: Lane, write: Write, kind: AttemptKind, target_id: int | None, event_id: str
) -> OpenAttempt:
    """Commit to a cancel in a person's calendar, or to the room's own refusal."""
    return add_attempt(session, lane, write, kind, target_mailbox_id=target_id, event_id=event_id)
