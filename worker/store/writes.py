"""The outbox as the worker reads and clears it, and the attempts: committed before the call, settled after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import span_from_json, span_to_json
from webapp.domain.recurrence import Series, expand, next_occurrence
from webapp.domain.rule import Rule
from webapp.domain.rule_json import rule_from_json, rule_to_json
from webapp.domain.words import (
    REFUSED_WISHES,
    AttemptKind,
    AttemptState,
    HoldKind,
    LinkState,
    MeetingKind,
    OutboxKind,
    SyncState,
)
from webapp.models import Attempt, Install, Link, Meeting, Outbox, Reservation
from webapp.outbox import queue_for_push
from webapp.reservations.rows import is_ours, span_of
from webapp.reservations.series_rows import series_of
from worker.store.claims import Lane
from worker.store.items import Item, load, local_side
from worker.store.splitting import Stage, stage_of
from worker.store.unsettled import is_settled
from worker.sync.errors import SyncError
from worker.sync.event import NewEvent, NewMeeting, Party
from worker.sync.plan import Side
from worker.sync.recognise import Mark
from worker.sync.values import Values, values_to_json

FIRST_WAIT = timedelta(seconds=3)
LONGEST_WAIT = timedelta(minutes=5)
AN_INSTANT = timedelta(seconds=1)


@dataclass(frozen=True)
class Push:
    """One reservation whose present state should be in the room's calendar."""

    outbox_id: int
    reservation_id: int
    public_id: str
    revision: int
    """The outbox row's: it is cleared only if no newer save moved it."""
    saved: int
    """The meeting's, which what was read in another room moves as well."""
    local: Side
    ours: bool
    ended: bool
    cancelled: bool
    times: tuple[datetime, datetime]
    blocks_elsewhen: bool
    """Its meeting got another time in another room, which this one does not block yet."""
    item: Item | None
    """Its link, if it has an event."""
    tries: int
    split: Stage = Stage.NONE
    """Of a series that goes on from a date of another: whether that one was cut yet."""
    decided: HoldKind | None = None
    """The hold in which a person decided what is done now."""


@dataclass(frozen=True)
class OpenAttempt:
    """A write whose outcome is not known yet."""

    id: int
    kind: AttemptKind
    reservation_id: int
    event_id: str | None
    transaction_id: str | None
    body: dict[str, Any]
    sends: int
    looks: int
    started_at: datetime
    etag: str
    target_mailbox_id: int | None
    """A person's mailbox it went to; None: the lane's own."""
    cancelled: bool
    """The reservation does not want it any more."""
    ended: bool


def meeting_of(session: Session, reservation_id: int) -> int:
    """The meeting of a reservation."""
    return session.get_one(Reservation, reservation_id).meeting_id


PUSHES = (
    select(Outbox.id, Outbox.kind)
    .where(
        Outbox.mailbox_id == bindparam("mailbox"),
        Outbox.parked.is_(False),
        or_(Outbox.not_before.is_(None), Outbox.not_before <= bindparam("now")),
        is_settled(),
    )
    .order_by(Outbox.written_at, Outbox.id)
)


def pushes(lane: Lane, now: datetime) -> list[tuple[int, OutboxKind]]:
    """Outbox rows that may be sent now, with their kinds, oldest first; those with an unsettled attempt wait."""
    with lane.asking() as connection:
        rows = connection.execute(PUSHES, {"mailbox": lane.mailbox_id, "now": now})
        return [(row_id, kind) for row_id, kind in rows]


def load_push(lane: Lane, outbox_id: int, now: datetime) -> Push | None:
    """What this row asks for now; None when it was cleared meanwhile."""
    with lane.reading() as session:
        row = session.get(Outbox, outbox_id)
        if row is None or row.mailbox_id != lane.mailbox_id:
            return None
        reservation = session.get_one(Reservation, row.reservation_id)
        times = span_of(reservation.meeting).instants(ZoneInfo(lane.zone))
        link_id = _link_of(session, lane, reservation.id)
        items = load(session, [link_id]) if link_id else []
        return Push(
            outbox_id=row.id,
            reservation_id=reservation.id,
            public_id=reservation.public_id,
            revision=row.revision,
            saved=reservation.meeting.revision,
            local=local_side(reservation),
            ours=items[0].ours if items else is_ours(reservation),
            ended=has_ended(reservation.meeting, ZoneInfo(lane.zone), now),
            cancelled=reservation.cancelled_at is not None,
            times=times,
            blocks_elsewhen=_blocks_elsewhen(reservation, times),
            item=items[0] if items else None,
            tries=row.tries,
            split=stage_of(session, reservation.meeting),
        )


def _blocks_elsewhen(reservation: Reservation, times: tuple[datetime, datetime]) -> bool:
    is_single = reservation.meeting.kind is MeetingKind.SINGLE
    return is_single and [(row.starts_at, row.ends_at) for row in reservation.occurrences] != [times]


def clear(session: Session, push: Push, state: SyncState | None) -> None:
    """The row's state is there now. A save made since then keeps the row, so that it is sent as well."""
    gone = session.execute(
        delete(Outbox).where(Outbox.id == push.outbox_id, Outbox.revision == push.revision).returning(Outbox.id)
    ).all()
    if gone and state is not None:
        session.execute(
            update(Reservation)
            .where(Reservation.id == push.reservation_id)
            .values(sync_state=state, sync_code=_LASTING_CODE, sync_fields={})
        )


_LASTING_CODE = case((Reservation.sync_code.in_(REFUSED_WISHES), Reservation.sync_code), else_=None)
"""What is said of a refused move or split until a person read it."""


def drop(session: Session, push: Push) -> None:
    """Forget the row: its reservation is Held and wants nothing there. A newer save keeps its row."""
    session.execute(delete(Outbox).where(Outbox.id == push.outbox_id, Outbox.revision == push.revision))


def forget(session: Session, reservation_id: int | None) -> None:
    """Both sides are gone: nothing of this reservation is left to send."""
    if reservation_id is not None:
        session.execute(delete(Outbox).where(Outbox.reservation_id == reservation_id, Outbox.parked))


def park(session: Session, push: Push, state: SyncState, code: str, fields: dict[str, Any]) -> None:
    """Stop sending this row until a person decides or saves again."""
    stopped = session.execute(
        update(Outbox)
        .where(Outbox.id == push.outbox_id, Outbox.revision == push.revision)
        .values(parked=True)
        .returning(Outbox.id)
    ).all()
    if stopped:
        tell(session, push.reservation_id, state, code, fields)


def tell(
    session: Session,
    reservation_id: int,
    state: SyncState,
    code: str | None = None,
    fields: dict[str, Any] | None = None,
) -> None:
    """Write a reservation's sync state for people."""
    session.execute(
        update(Reservation)
        .where(Reservation.id == reservation_id)
        .values(sync_state=state, sync_code=code, sync_fields=fields or {})
    )


def plan_again(session: Session, reservation_id: int, mailbox_id: int, now: datetime) -> None:
    """Plan a reservation anew that waited for a person; what is shown of its state stays until that is done."""
    reservation = session.get_one(Reservation, reservation_id)
    shown = reservation.sync_state, reservation.sync_code, reservation.sync_fields
    queue_for_push(session, reservation, mailbox_id, now)
    reservation.sync_state, reservation.sync_code, reservation.sync_fields = shown


class Queued(Protocol):
    """An outbox row as it was loaded."""

    @property
    def outbox_id(self) -> int:
        """Its id."""

    @property
    def tries(self) -> int:
        """How often it was put off."""


def asked_for_at(session: Session, reservation_id: int | None) -> datetime | None:
    """Since when something waits to be sent for a reservation; None where nothing does."""
    return session.scalar(_ASKED_FOR_AT, {"reservation": reservation_id})


_ASKED_FOR_AT = select(func.min(Outbox.written_at)).where(Outbox.reservation_id == bindparam("reservation"))


def put_off(session: Session, push: Queued, now: datetime, wait: timedelta | None = None) -> None:
    """Try this row again later, each time after a longer wait."""
    pause = wait or min(FIRST_WAIT * 2 ** min(push.tries, 7), LONGEST_WAIT)
    session.execute(
        update(Outbox).where(Outbox.id == push.outbox_id).values(not_before=now + pause, tries=Outbox.tries + 1)
    )


@dataclass(frozen=True)
class Write:
    """What an attempt is about: which reservation, in which state, and the run that decided it."""

    reservation_id: int
    revision: int
    run_id: int
    now: datetime


def new_create(session: Session, lane: Lane, write: Write, public_id: str, values: Values) -> OpenAttempt:
    """Commit to a create: its body is frozen now, its incarnation is one that was never sent before."""
    transaction_id = new_mark(session, lane, write.reservation_id, public_id)
    return add_attempt(
        session, lane, write, AttemptKind.CREATE, transaction_id=transaction_id, body=create_body(values)
    )


def create_body(values: Values) -> dict[str, Any]:
    """What a create asks for, frozen; of a series its rule, as all its dates come with it."""
    body = {"subject": values.subject or "", "time": span_to_json(values.time), "private": values.private}
    return body if values.series is None else body | {"rule": rule_to_json(values.series.rule)}


def new_mark(session: Session, lane: Lane, reservation_id: int, public_id: str) -> str:
    """The mark of a create that was never sent before: the reservation's next incarnation."""
    used = session.scalars(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.reservation_id == reservation_id, Attempt.kind == AttemptKind.CREATE)
    ).one()
    install = session.scalars(select(Install.mark)).one()
    session.execute(update(Reservation).where(Reservation.id == reservation_id).values(incarnation=used + 1))
    return str(Mark(install, public_id, lane.room_id, used + 1))


def new_patch(
    session: Session, lane: Lane, write: Write, event_id: str, groups: frozenset[str], values: Values, etag: str
) -> OpenAttempt:
    """Commit to a PATCH of these field groups."""
    body = {"groups": sorted(groups), "values": values_to_json(values)}
    return add_attempt(session, lane, write, AttemptKind.PATCH, event_id=event_id, body=body, etag=etag)


def new_delete(session: Session, lane: Lane, write: Write, event_id: str, etag: str) -> OpenAttempt:
    """Commit to a DELETE."""
    return add_attempt(session, lane, write, AttemptKind.DELETE, event_id=event_id, etag=etag)


OPEN_ATTEMPTS = (
    select(Attempt)
    .where(
        Attempt.mailbox_id == bindparam("mailbox"),
        Attempt.state == AttemptState.OPEN,
        or_(Attempt.next_look_at.is_(None), Attempt.next_look_at <= bindparam("now")),
    )
    .order_by(Attempt.id)
)


def open_attempts(lane: Lane, now: datetime) -> list[OpenAttempt]:
    """Attempts whose outcome must be found out before anything else of their item, oldest first."""
    with lane.reading() as session:
        rows = session.scalars(OPEN_ATTEMPTS, {"mailbox": lane.mailbox_id, "now": now})
        return [_as_open(session, lane, row, now) for row in rows]


def count_send(session: Session, attempt_id: int) -> None:
    """Count another send, before it; what was looked for before says nothing about this one."""
    session.execute(update(Attempt).where(Attempt.id == attempt_id).values(sends=Attempt.sends + 1, looks=0))


def look_now(session: Session, attempt_id: int, later_than: datetime) -> None:
    """Make an attempt due whose next look is planned for `later_than` this."""
    session.execute(
        update(Attempt).where(Attempt.id == attempt_id, Attempt.next_look_at > later_than).values(next_look_at=None)
    )


def settle(
    session: Session, attempt_id: int, state: AttemptState, now: datetime, error: SyncError | None = None
) -> None:
    """Write how an attempt ended."""
    values: dict[str, Any] = {"state": state, "finished_at": now, "next_look_at": None}
    session.execute(update(Attempt).where(Attempt.id == attempt_id).values(**values | _trouble(error)))


def look_later(session: Session, attempt_id: int, at: datetime, error: SyncError | None = None) -> None:
    """Leave an attempt open and look for its outcome again then."""
    values: dict[str, Any] = {"next_look_at": at, "looks": Attempt.looks + 1}
    session.execute(update(Attempt).where(Attempt.id == attempt_id).values(**values | _trouble(error)))


def new_event(attempt: OpenAttempt, zone: str) -> NewEvent:
    """The frozen body of a create, the same at each send."""
    assert attempt.transaction_id is not None, "a create always has one"
    return NewEvent(
        transaction_id=attempt.transaction_id,
        subject=attempt.body["subject"],
        span=span_from_json(attempt.body["time"]),
        zone=zone,
        is_private=attempt.body["private"],
        rule=_rule_of(attempt.body),
    )


def _rule_of(body: dict[str, Any]) -> Rule | None:
    return rule_from_json(body["rule"]) if "rule" in body else None


def new_meeting(attempt: OpenAttempt, zone: str) -> NewMeeting:
    """The frozen body of a create in its owner's calendar, the same at each send."""
    assert attempt.transaction_id is not None, "a create always has one"
    return NewMeeting(
        transaction_id=attempt.transaction_id,
        subject=attempt.body["subject"],
        span=span_from_json(attempt.body["time"]),
        zone=zone,
        rooms=tuple(Party(name, address) for name, address in attempt.body["rooms"]),
        is_private=attempt.body["private"],
        rule=_rule_of(attempt.body),
    )


def created_values(body: dict[str, Any]) -> Values:
    """What a create asked for: the local half of its base (H79)."""
    rule = _rule_of(body)
    series = Series(rule) if rule is not None else None
    return Values(body["subject"], span_from_json(body["time"]), body["private"], series=series)


def _trouble(error: SyncError | None) -> dict[str, Any]:
    if error is None:
        return {}
    return {
        "status": error.trouble.status,
        "code": error.trouble.code[:128],
        "request_id": error.trouble.request_id[:64],
    }


def add_attempt(session: Session, lane: Lane, write: Write, kind: AttemptKind, **columns: Any) -> OpenAttempt:
    """Commit to a write before it is sent."""
    row = Attempt(
        mailbox_id=lane.mailbox_id,
        reservation_id=write.reservation_id,
        run_id=write.run_id,
        kind=kind,
        fence=lane.fence,
        revision=write.revision,
        started_at=write.now,
        sends=1,
        **columns,
    )
    session.add(row)
    session.flush()
    return _as_open(session, lane, row, write.now)


def _as_open(session: Session, lane: Lane, row: Attempt, now: datetime) -> OpenAttempt:
    reservation = session.get_one(Reservation, row.reservation_id)
    return OpenAttempt(
        id=row.id,
        kind=row.kind,
        reservation_id=row.reservation_id,
        event_id=row.event_id,
        transaction_id=row.transaction_id,
        body=row.body,
        sends=row.sends,
        looks=row.looks,
        etag=row.etag,
        target_mailbox_id=row.target_mailbox_id,
        started_at=row.started_at,
        cancelled=reservation.cancelled_at is not None or reservation.withdrawn_at is not None,
        ended=has_ended(reservation.meeting, ZoneInfo(lane.zone), now),
    )


def has_ended(meeting: Meeting, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a meeting is over: a series with its last date."""
    series = series_of(meeting) if meeting.kind is MeetingKind.SERIES else None
    if series is None:
        return span_of(meeting).instants(zone)[1] <= now
    return next_occurrence(series, now, zone) is None and not expand(series, now, now + AN_INSTANT, zone)


def _link_of(session: Session, lane: Lane, reservation_id: int) -> int | None:
    return session.scalar(_LINK_OF, {"mailbox": lane.mailbox_id, "reservation": reservation_id})


_LINK_OF = (
    select(Link.id)
    .where(
        Link.mailbox_id == bindparam("mailbox"),
        Link.reservation_id == bindparam("reservation"),
        Link.state.in_((LinkState.LINKED, LinkState.HELD)),
    )
    .order_by(Link.id)
    .limit(1)
)
