"""What sending a series leaves here: what is agreed after each of its steps, and dates that are given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.intervals import Span, span_to_json
from webapp.domain.recurrence import Series, live_count
from webapp.domain.series_edit import lost, only_end_differs, with_date
from webapp.domain.words import AttemptKind, ConflictKind, LinkState
from webapp.models import Link, Outbox, Reservation
from webapp.outbox import queue_for_push
from webapp.reservations.overlaps import settle_overlaps
from webapp.reservations.rows import end_reservation, lock_room
from webapp.reservations.series_rows import series_of
from webapp.reservations.series_written import block_from_rule, show_series
from worker.store import records
from worker.store.claims import Lane
from worker.store.items import base_of
from worker.store.series import remote_series
from worker.store.writes import OpenAttempt, Write, add_attempt
from worker.sync.event import Event
from worker.sync.link import Observation, observation_to_json
from worker.sync.series_plan import END, RULE, WHOLE, CancelDate, ChangeAll, ChangeDate, Step, agreed_after
from worker.sync.values import Values, values_from_json, values_to_json


def told_series(lane: Lane, seen: Observation) -> Series | None:
    """The series that an event tells which was read with its dates."""
    told = remote_series(lane, seen)
    return told.series if told is not None else None


def new_step(
    session: Session, lane: Lane, write: Write, step: Step, event_id: str, wanted: Values, etag: str
) -> OpenAttempt:
    """Commit to one step: a PATCH of the whole or of a date, or a DELETE of a date."""
    kind = AttemptKind.DELETE if isinstance(step, CancelDate) else AttemptKind.PATCH
    return add_attempt(session, lane, write, kind, event_id=event_id, body=step_body(step, wanted), etag=etag)


def new_step_there(
    session: Session,
    lane: Lane,
    write: Write,
    step: ChangeDate | CancelDate,
    event: Event,
    wanted: Values,
    target: int,
) -> OpenAttempt:
    """Commit to a step in the organizer's calendar (`target`): one date is patched there, or called off."""
    kind = AttemptKind.CANCEL if isinstance(step, CancelDate) else AttemptKind.PATCH
    body = step_body(step, replace(wanted, subject=None))  # a title that is not sent is not kept
    columns = {"event_id": event.id, "body": body, "etag": event.etag, "target_mailbox_id": target}
    return add_attempt(session, lane, write, kind, **columns)


def step_body(step: Step, wanted: Values) -> dict[str, Any]:
    """What an attempt keeps of a step; `sent_of` reads it."""
    body: dict[str, Any] = {"values": values_to_json(wanted)}
    if isinstance(step, ChangeAll):
        return body | {"groups": sorted(step.groups)}
    body["original"] = step.original.isoformat()
    return body if isinstance(step, CancelDate) else body | {"groups": ["date"]}


@dataclass(frozen=True)
class Sent:
    """What an attempt sent of a series: one step towards what was wanted."""

    step: Step
    wanted: Values


def sent_of(attempt: OpenAttempt) -> Sent | None:
    """What an attempt sent that is a step of a series; None where it is none."""
    values = attempt.body.get("values")
    if values is None or "series" not in values:
        return None
    wanted = values_from_json(values)
    if "original" not in attempt.body:
        return Sent(ChangeAll(frozenset(attempt.body["groups"])), wanted)
    original = date.fromisoformat(attempt.body["original"])
    if attempt.kind is not AttemptKind.PATCH or wanted.series is None:
        return Sent(CancelDate(original), wanted)
    change = wanted.series.changed.get(original)
    title = change.title if change is not None else None
    return Sent(ChangeDate(original, wanted.series.occurrence(original).span, title), wanted)


def agree(
    session: Session, link_id: int, wanted: Values, step: Step, now: datetime, seen: Observation | None = None
) -> None:
    """A step was carried out: what it sent is agreed. `seen` is the master as a change of the whole returned it: its
    dates are unread until they are read again (H24), and what of it was not sent is as it was agreed before."""
    link = session.get_one(Link, link_id)
    base = base_of(link)
    assert base is not None, "only a followed series is changed"
    link.base_local = values_to_json(agreed_after(base.local, wanted, step))
    link.written_at, link.shown_since = now, False
    link.dirty, link.series_stale = True, True
    if seen is not None and isinstance(step, ChangeAll):
        unsent = {group: getattr(base.remote, group) for group in _unsent(step)}
        link.base_remote = values_to_json(replace(seen.values, dates=None, **unsent))
        link.observed = observation_to_json(seen)


def _unsent(step: ChangeAll) -> set[str]:
    ruled = not step.groups.isdisjoint((RULE, END))
    return ({*WHOLE} - step.groups) | (set() if ruled else {"rule", "time"})


def record_lost(
    session: Session, lane: Lane, reservation_id: int, agreed: Series, told: Series, now: datetime
) -> int:
    """After a change of the whole Outlook has no more what was changed of single dates: kept as conflicts, each with
    what was wanted. What is still to be sent is not lost. How many."""
    gone = lost(replace(agreed, cancelled=frozenset()), told).lost
    for one in gone:
        kind = ConflictKind.TIME if one.span is not None else ConflictKind.TITLE
        here = {"original": one.original.isoformat(), "subject": one.title}
        here |= span_to_json(one.span) if one.span is not None else {}
        there = span_to_json(told.occurrence(one.original).span) if told.has_date(one.original) else {}
        records.disagree(session, lane.room_id, reservation_id, kind, "there", here, there, now)
    return len(gone)


def record_overruled(
    session: Session, lane: Lane, reservation_id: int, known: Series, told: Series, wanted: Series, now: datetime
) -> int:
    """Dates that somebody changed in Outlook unseen and that what is wanted here ends before, or gives another rule,
    which costs them their own times (H24): ours stands, as the room organizes, and his change is kept as a conflict.
    How many."""
    lost = set(told.exceptions) - set(known.exceptions) - set(wanted.exceptions)
    if only_end_differs(known.rule, wanted.rule):
        lost = {one for one in lost if not (wanted.has_date(one.original) or one.original in wanted.cancelled)}
    for one in sorted(lost, key=lambda each: each.original):
        there = {"original": one.original.isoformat()} | span_to_json(told.occurrence(one.original).span)
        kind = ConflictKind.TIME if wanted.has_date(one.original) else ConflictKind.CANCELLED_AND_EDITED
        records.disagree(session, lane.room_id, reservation_id, kind, "here", {}, there, now)
    return len(lost)


def unseen_cancels(known: Series, told: Series, wanted: Series) -> list[date]:
    """Dates that somebody called off in Outlook unseen and that what is wanted here would let take place again."""
    return sorted(day for day in told.cancelled - known.cancelled if wanted.has_date(day))


def give_up_dates(session: Session, lane: Lane, reservation_id: int, days: Iterable[date], now: datetime) -> None:
    """Dates on which the room is taken in Outlook do not take place: ours came later. Each is kept as a conflict."""
    reservation = session.get_one(Reservation, reservation_id)
    series = series_of(reservation.meeting)
    assert series is not None, "only a known series has dates to give up"
    for day in sorted(days):
        span = span_to_json(series.occurrence(day).span)
        here = {"original": day.isoformat()} | span
        records.disagree(session, lane.room_id, reservation_id, ConflictKind.TIME, "there", here, {}, now)
    after = replace(series, cancelled=series.cancelled | frozenset(days))
    _keep(session, reservation, after, now)


def follow_date(session: Session, link_id: int, original: date, span: Span | None, now: datetime) -> None:
    """One date is here as Outlook has it: then, or not at all; that much is agreed. What else waits to be sent waits
    on."""
    link = session.get_one(Link, link_id)
    reservation, base = session.get_one(Reservation, link.reservation_id), base_of(link)
    series = series_of(reservation.meeting)
    assert series is not None and base is not None and base.local.series is not None, "only a followed series"
    _keep(session, reservation, with_date(series, original, span), now)
    agreed = with_date(base.local.series, original, span)
    link.base_local = values_to_json(replace(base.local, series=agreed))


def follow_cancel(session: Session, lane: Lane, link_id: int, original: date, known: Series, now: datetime) -> None:
    """One date was called off in Outlook; what was wanted of it here otherwise than both sides `known` is kept."""
    reservation = session.get_one(Reservation, session.get_one(Link, link_id).reservation_id)
    series = series_of(reservation.meeting)
    wanted = series.changed.get(original) if series is not None else None
    if series is not None and wanted is not None and wanted != known.changed.get(original):
        here = {"original": original.isoformat()} | span_to_json(series.occurrence(original).span)
        kind = ConflictKind.CANCELLED_AND_EDITED
        records.disagree(session, lane.room_id, reservation.id, kind, "there", here, {}, now)
    follow_date(session, link_id, original, None, now)


def _keep(session: Session, reservation: Reservation, series: Series, now: datetime) -> None:
    """Make it the reservation's series; where both sides together leave no date of it, it ends."""
    room = lock_room(session, reservation.room_id)
    meeting = reservation.meeting
    if live_count(series) == 0:
        end_reservation(session, reservation, meeting.created_by, now)
    show_series(meeting, series)
    meeting.revision += 1
    block_from_rule(session, reservation, room, series, now)
    settle_overlaps(session, reservation, now)
    session.execute(update(Outbox).where(Outbox.reservation_id == reservation.id).values(revision=meeting.revision))
    session.flush()


def give_up_overlaps(session: Session, lane: Lane, reservation: Reservation, other_id: int, now: datetime) -> None:
    """Of two that overlap ours is the later: the dates that overlap are cancelled, here and then there (H51)."""
    other = session.get_one(Reservation, other_id)
    theirs = [(row.starts_at, row.ends_at) for row in other.occurrences if row.blocks]
    days = [
        date.fromisoformat(row.original_start)
        for row in reservation.occurrences
        if row.blocks and any(row.starts_at < end and start < row.ends_at for start, end in theirs)
    ]
    give_up_dates(session, lane, reservation.id, days, now)
    queue_for_push(session, reservation, lane.mailbox_id, now)


def link_of(session: Session, lane: Lane, reservation_id: int) -> int | None:
    """The link of a reservation's own series in the room's calendar."""
    return session.scalar(
        select(Link.id).where(
            Link.mailbox_id == lane.mailbox_id,
            Link.reservation_id == reservation_id,
            Link.state.in_((LinkState.LINKED, LinkState.HELD)),
        )
    )
