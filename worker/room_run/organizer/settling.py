"""Finding out how writes to people's calendars ended, before anything else of their meetings.

A create whose outcome is unknown is looked for in this order: a room's copy with the same organizer and time leads
to the owner's event by its iCalUId; our tag; within five minutes the same POST; after that a person decides.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.domain.access import may_create_for_owner, may_read_organizer
from webapp.domain.intervals import span_from_json
from webapp.domain.words import AttemptKind, AttemptState, Choice, HoldKind, SyncState
from webapp.models import Meeting
from worker.room_run.context import Run
from worker.room_run.organizer.mailbox import OutOfReach, PersonMailbox, modes_of, opened, own_event
from worker.room_run.organizer.series import settle_date
from worker.room_run.organizer.writing import bind, send_create
from worker.store import answers, holds, joining, series_out, splits_undone, strangers, writes
from worker.store import authority as authorities
from worker.store.authority import Authority
from worker.store.holds import HeldAction
from worker.store.persons import PersonBusy
from worker.store.splitting import Stage, stage_of
from worker.store.writes import OpenAttempt
from worker.sync.errors import AccessDenied, Gone, MailboxMissing, Refused, SyncError, Unavailable, Unreadable
from worker.sync.event import Event
from worker.sync.link import observe
from worker.sync.series_plan import END, RULE, ChangeAll, is_shown
from worker.sync.values import LOCAL_GROUPS, values_from_json

SAME_POST = timedelta(minutes=5)
"""So long after its first send the same POST is sent again: transactionIds are remembered for a while only (H38)."""

LOOKS = tuple(timedelta(seconds=s) for s in (3, 10, 30, 60, 120))
SLOWLY = timedelta(hours=1)
"""How often a create that waits for a person is still looked for."""
BUSY = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Doubt:
    """A write to a person's calendar whose outcome is unknown, and the meeting it was for."""

    attempt: OpenAttempt
    authority: Authority


def settle_organizers(run: Run, attempt: OpenAttempt) -> None:
    """Settle one write to a person's calendar, or look again later."""
    authority = _authority(run, attempt)
    if authority is None:
        _drop(run, attempt)
        return
    doubt = Doubt(attempt, authority)
    modes = modes_of(run)
    if not may_read_organizer(modes):
        _without_reading(run, doubt)
        return
    try:
        with opened(run, authority, "create" if attempt.kind is AttemptKind.CREATE else "delegation") as mailbox:
            sent = series_out.sent_of(attempt)
            if attempt.kind is AttemptKind.CREATE:
                _settle_create(run, doubt, mailbox, may_send=may_create_for_owner(modes))
            elif sent is not None and not isinstance(sent.step, ChangeAll):
                settle_date(run, mailbox, attempt, sent, authority.meeting_id)
            elif attempt.kind is AttemptKind.PATCH:
                _settle_patch(run, doubt, mailbox)
            else:
                _settle_cancel(run, doubt, mailbox)
    except PersonBusy:
        _later(run, attempt, BUSY)
    except (OutOfReach, AccessDenied, MailboxMissing):
        _without_reading(run, doubt)
    except (Refused, Unreadable):
        _later(run, attempt, SLOWLY)
    except Unavailable as error:
        _later(run, attempt, timedelta(seconds=error.wait_seconds) if error.wait_seconds else LOOKS[1])


def _settle_create(run: Run, doubt: Doubt, mailbox: PersonMailbox, *, may_send: bool) -> None:
    attempt, chosen = doubt.attempt, _chosen(run, doubt.attempt)
    if chosen is Choice.GIVE_UP:
        _give_up(run, doubt)
        return
    found = _by_copy(run, doubt, mailbox, adopt_any=chosen is Choice.ADOPT)
    looked = found is not None
    if found is None:
        with suppress(Refused):  # a service that does not look for marks leaves it to copies, and to people
            found, looked = _by_mark(doubt, mailbox), True
    if found is not None and _is_wanted_otherwise(run, doubt, found):
        _later(run, attempt, BUSY)
        return
    if found is not None:
        bind(run, doubt.authority, mailbox.id, attempt, found, "adopt")
        _forget_hold(run, doubt)
        return
    early = run.now() - attempt.started_at < SAME_POST
    again = looked and early and attempt.looks >= min(attempt.sends, len(LOOKS))
    if may_send and (chosen is Choice.CREATE_AGAIN or again):
        _send_again(run, doubt, mailbox)
    elif early and may_send:
        _later(run, attempt, LOOKS[min(attempt.looks, len(LOOKS) - 1)])
    else:
        _hold(run, doubt)


def _by_copy(run: Run, doubt: Doubt, mailbox: PersonMailbox, *, adopt_any: bool) -> Event | None:
    """The room's calendar may show the copy: the owner's event that it leads to is ours, or somebody else's."""
    span = span_from_json(doubt.attempt.body["time"])
    start, end = span.instants(ZoneInfo(run.lane.zone))
    owner = doubt.authority.organizer.address
    known = set(doubt.attempt.body.get("strangers", ()))
    for row in run.calendar.listing(start - DAY, end + DAY):
        alike = isinstance(row, Event) and not row.is_organizer and row.span == span and not row.is_cancelled
        if not (alike and isinstance(row, Event) and row.organizer.address == owner):
            continue
        uid = _uid_of_whole(run, row)
        if uid is None or uid in known:
            continue
        event = _found_by(mailbox, uid)
        if event is None:
            continue
        if adopt_any or doubt.attempt.transaction_id in (event.transaction_id, event.tag):
            return event
        with run.lane.writing() as session:
            strangers.add_stranger(session, doubt.attempt.id, uid)
    return None


def _uid_of_whole(run: Run, row: Event) -> str | None:
    """The iCalUId by which an event's copies are joined: of a date that of its series."""
    if row.series_master_id is None:
        return row.ical_uid
    try:
        return run.calendar.read(row.series_master_id).ical_uid
    except (Gone, Unreadable):
        return None


def _found_by(mailbox: PersonMailbox, ical_uid: str) -> Event | None:
    """The owner's event with this iCalUId; a filter that is refused finds nothing, and the mark is looked for."""
    try:
        return own_event(mailbox.find(ical_uid))
    except Refused:
        return None


def _by_mark(doubt: Doubt, mailbox: PersonMailbox) -> Event | None:
    mark = doubt.attempt.transaction_id
    assert mark is not None, "a create always has one"
    found = own_event(mailbox.find_by_mark(mark))
    return found if found is not None and mark in (found.transaction_id, found.tag) else None


def _is_wanted_otherwise(run: Run, doubt: Doubt, found: Event) -> bool:
    with run.lane.reading() as session:
        return joining.is_wanted_otherwise(session, run.lane, doubt.authority.meeting_id, found.ical_uid)


def _send_again(run: Run, doubt: Doubt, mailbox: PersonMailbox) -> None:
    """The same POST, counted before it is sent: a new transactionId could make a second event."""
    with run.lane.writing() as session:
        writes.count_send(session, doubt.attempt.id)
    if send_create(run, doubt.authority, mailbox, doubt.attempt):
        _forget_hold(run, doubt)


def _settle_patch(run: Run, doubt: Doubt, mailbox: PersonMailbox) -> None:
    """What was sent is there, or the meeting is planned again: its outbox row still stands."""
    attempt = doubt.attempt
    assert attempt.event_id is not None, "a patch has an event"
    try:
        event = mailbox.read(attempt.event_id)
    except Gone:
        _drop(run, attempt)
        return
    seen = observe(event, run.digest)
    sent, groups = values_from_json(attempt.body["values"]), frozenset(attempt.body["groups"])
    invited = {one.address.casefold() for one in event.resources}
    there = is_shown(sent, seen.values, groups & {*LOCAL_GROUPS, RULE, END})
    there = there and not any(address.casefold() in invited for address in attempt.body["remove"])
    now = run.now()
    with run.lane.writing() as session:
        if there and doubt.authority.link_id is not None:
            authorities.wrote(session, doubt.authority.link_id, seen, sent, groups, now)
        writes.settle(session, attempt.id, AttemptState.DONE if there else AttemptState.DROPPED, now)
        found = "patch_found" if there else "patch_missing"
        run.log.step(session, now, "there" if there else "none", found, attempt.reservation_id, "organizer")
        if there and groups & {"time", RULE, END}:
            authorities.await_answers(session, doubt.authority.meeting_id, now)


def _settle_cancel(run: Run, doubt: Doubt, mailbox: PersonMailbox) -> None:
    attempt = doubt.attempt
    assert attempt.event_id is not None, "a cancel has an event"
    try:
        done = mailbox.read(attempt.event_id).is_cancelled
    except Gone:
        done = True
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DONE if done else AttemptState.DROPPED, now)
        found = "cancel_found" if done else "cancel_missing"
        run.log.step(session, now, "there" if done else "none", found, attempt.reservation_id, "organizer")


def settle_decline(run: Run, attempt: OpenAttempt) -> None:
    """The room's copy is gone or declined: done; else its refusal is sent again by the row that still stands."""
    assert attempt.event_id is not None, "a refusal has an event"
    try:
        event = run.calendar.read(attempt.event_id)
        done = event.is_cancelled or not observe(event, run.digest).live
    except Gone:
        done = True
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DONE if done else AttemptState.DROPPED, now)
        found = "decline_found" if done else "decline_missing"
        run.log.step(session, now, "there" if done else "none", found, attempt.reservation_id)


def _without_reading(run: Run, doubt: Doubt) -> None:
    """Nothing may be looked up there any more: a create waits for a person; copies tell of the rest."""
    if doubt.attempt.kind is not AttemptKind.CREATE:
        _drop(run, doubt.attempt)
    elif _chosen(run, doubt.attempt) is Choice.GIVE_UP:
        _give_up(run, doubt)
    else:
        _hold(run, doubt)


def _chosen(run: Run, attempt: OpenAttempt) -> Choice | None:
    return holds.decision(run.lane, HoldKind.DOUBTFUL_CREATE, _held_back(attempt))


def _held_back(attempt: OpenAttempt) -> HeldAction:
    values = {name: attempt.body[name] for name in ("time", "subject", "private")}
    return HeldAction(f"attempt:{attempt.id}", "create_doubtful", attempt.reservation_id, after=values)


def _hold(run: Run, doubt: Doubt) -> None:
    """Ask a person; and once more where what he chose cannot be done: it was not found, or may not be sent now."""
    attempt, now = doubt.attempt, run.now()
    action, kind = _held_back(attempt), HoldKind.DOUBTFUL_CREATE
    with run.lane.writing() as session:
        holds.add(session, run.lane.room_id, kind, action, now)
        holds.reopen(session, run.lane.room_id, kind, action.key)
        waiting = {one.id for one in authorities.live_reservations(session, doubt.authority.meeting_id)}
        for reservation_id in sorted(waiting | {attempt.reservation_id}):  # also what took its place in another room
            writes.tell(session, reservation_id, SyncState.HELD, HoldKind.DOUBTFUL_CREATE.value)
        writes.look_later(session, attempt.id, now + SLOWLY)


def _forget_hold(run: Run, doubt: Doubt) -> None:
    room_id, kind, now = run.lane.room_id, HoldKind.DOUBTFUL_CREATE, run.now()
    with run.lane.writing() as session:
        holds.carried_out(session, room_id, kind, _held_back(doubt.attempt).key, now)
        holds.release(session, room_id, (kind,), doubt.attempt.reservation_id, now)


def _give_up(run: Run, doubt: Doubt) -> None:
    """A person gave the reservation up: it ends here. Should its event show up, it is a meeting like others."""
    now = run.now()
    with run.lane.writing() as session:
        writes.settle(session, doubt.attempt.id, AttemptState.DROPPED, now)
        if stage_of(session, session.get_one(Meeting, doubt.authority.meeting_id)) is not Stage.NONE:
            splits_undone.take_back(session, doubt.attempt.reservation_id, now)
        answers.end_made_here(session, doubt.authority.meeting_id, now)
        run.log.step(session, now, "here", "given_up", doubt.attempt.reservation_id, "create")
    _forget_hold(run, doubt)


def _authority(run: Run, attempt: OpenAttempt) -> Authority | None:
    with run.lane.reading() as session:
        meeting_id = writes.meeting_of(session, attempt.reservation_id)
        return authorities.load(session, run.lane, meeting_id, run.now())


def _later(run: Run, attempt: OpenAttempt, wait: timedelta) -> None:
    at: datetime = run.now() + wait
    with run.lane.writing() as session:
        writes.look_later(session, attempt.id, at)


def _drop(run: Run, attempt: OpenAttempt, error: SyncError | None = None) -> None:
    with run.lane.writing() as session:
        writes.settle(session, attempt.id, AttemptState.DROPPED, run.now(), error)
