"""Changes of meetings that live in people's calendars, one outbox row after the other, each from a fresh read.

In a person's calendar the organizer has the last word: what he changed meanwhile stands, and both values are kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from webapp.domain.access import Modes, may_create_for_owner, may_write_organizer
from webapp.domain.intervals import span_to_json
from webapp.domain.recurrence import Series
from webapp.domain.words import AttemptKind, AuthorityState, ConflictKind, HoldKind, OutboxKind, SyncState
from worker.room_run.context import Run
from worker.room_run.fresh import was_just_written
from worker.room_run.organizer.mailbox import OutOfReach, PersonMailbox, modes_of, opened, own_event
from worker.room_run.organizer.series import has_dates_to_send, send_dates, was_changed_unseen
from worker.room_run.organizer.writing import act, send_create, send_patch
from worker.store import answers, holds, organizing, records, splits_undone, writes
from worker.store import authority as authorities
from worker.store.authority import Authority, Reading
from worker.store.holds import HeldAction
from worker.store.loops import is_a_war
from worker.store.organizing import Task
from worker.store.persons import ASK_AGAIN, PersonBusy
from worker.store.splitting import Stage
from worker.store.writes import Write
from worker.sync.errors import (
    AccessDenied,
    Gone,
    MailboxMissing,
    Refused,
    SyncError,
    Throttled,
    Unavailable,
    Unreadable,
)
from worker.sync.event import Event
from worker.sync.link import observe
from worker.sync.plan import Base
from worker.sync.series_plan import END, RULE, groups_of_rule, has_rule
from worker.sync.values import LOCAL_GROUPS, REMOTE_GROUPS, Values, changed, values_to_json

BUSY = timedelta(seconds=1)
AT_ONCE = 5
"""So often in a row a series waits a second for the one that it goes on from to be cut, then longer each time."""

DOUBTED = 2
OFTEN = 6
"""An event that was not found so often is told to people; it is looked for on all the same."""


def send_task(run: Run, outbox_id: int) -> None:
    """Carry out one row in its organizer's calendar, or put it off, hold it, or say why it failed."""
    task = organizing.load_task(run.lane, outbox_id, run.now())
    if task is None:
        return
    run.log.begin()
    if _is_half_of_split(run, task):
        return
    if task.authority is None or (task.kind is OutboxKind.MEETING and not _is_about_rooms(task)):
        _drop_unsent(run, task)
        return
    allowed_by = _allowed_by(task.kind, task.authority, modes_of(run))
    if allowed_by is None:
        _hold_access(run, task)
        return
    try:
        with opened(run, task.authority, allowed_by) as mailbox:
            fresh = organizing.load_task(run.lane, outbox_id, run.now())
            if fresh == task:
                _carry_out(run, task, task.authority, mailbox)
            elif fresh is not None:  # another room's lane was in it before us
                _put_off(run, task, BUSY)
    except PersonBusy:
        _put_off(run, task, BUSY)
    except (OutOfReach, AccessDenied, MailboxMissing):
        _stop(run, task, "organizer_out_of_reach")
        _ask_for_reach_again(run, task.authority)
    except (Throttled, Unavailable) as error:
        _put_off(run, task, timedelta(seconds=error.wait_seconds) if error.wait_seconds else None)
    except (Refused, Unreadable) as error:
        _refused(run, task, task.authority, error)


def _is_half_of_split(run: Run, task: Task) -> bool:
    """Whether it goes on from a date of another series that is not cut yet, or cannot be."""
    if task.split is Stage.WAITS:
        _put_off(run, task, BUSY if task.tries < AT_ONCE else None)
    elif task.split is Stage.FAILED:
        _take_split_back(run, task)
    return task.split in (Stage.WAITS, Stage.FAILED)


def _refused(run: Run, task: Task, authority: Authority, error: SyncError) -> None:
    if task.split is not Stage.NONE and not authority.ical_uid:
        _take_split_back(run, task)
    else:
        _stop(run, task, "refused", code=error.trouble.code, status=error.trouble.status)


def _take_split_back(run: Run, task: Task) -> None:
    """What should go on from a date of another series cannot be made: that one is whole again."""
    now = run.now()
    with run.lane.writing() as session:
        for reservation_id in splits_undone.take_back(session, task.reservation_id, now):
            run.log.step(session, now, "here", "split_refused", reservation_id)


def _is_about_rooms(task: Task) -> bool:
    """Whether some room lives in the meeting, or is to be taken off the event that Outlook has of it."""
    is_there = task.authority is not None and bool(task.authority.ical_uid)
    return any(room.wanted or (room.taken_off and is_there) for room in task.rooms)


def _allowed_by(kind: OutboxKind, authority: Authority, modes: Modes) -> str | None:
    """The setting that allows it, asked at the moment of sending; None: not any more."""
    creates = kind is OutboxKind.MEETING and authority.made_here and not authority.ical_uid
    if creates:
        return "create" if may_create_for_owner(modes) else None
    return "delegation" if may_write_organizer(modes) else None


def _carry_out(run: Run, task: Task, authority: Authority, mailbox: PersonMailbox) -> None:
    if authority.made_here and not authority.ical_uid:
        _create(run, task, authority, mailbox)
        return
    event = _read(mailbox, authority)
    if event is None and was_just_written(authority.written_at, run.now()):
        _put_off(run, task, None)
    elif event is None and task.kind is OutboxKind.CANCEL_MEETING and authority.event_id is not None:
        _cancelled(run, task)  # it was there and is not any more: nothing is left to cancel
    elif event is None and not task.has_copies and task.tries >= DOUBTED:
        _ended_there(run, task, authority)
    elif event is None:
        _not_found(run, task)
    elif task.kind is OutboxKind.CANCEL_MEETING:
        if not event.is_cancelled and _was_edited(run, authority, event):
            _keep_edited(run, task, observe(event, run.digest).values)
        elif event.is_cancelled or act(run, task, mailbox, AttemptKind.CANCEL, event.id):
            _cancelled(run, task)
    elif event.is_cancelled:
        _cancelled_there(run, task, authority)
    else:
        _change(run, task, authority, mailbox, event)


def _read(mailbox: PersonMailbox, authority: Authority) -> Event | None:
    if authority.event_id is not None:
        try:
            return mailbox.read(authority.event_id)
        except Gone:
            pass
    return own_event(mailbox.find(authority.ical_uid)) if authority.ical_uid else None


def _create(run: Run, task: Task, authority: Authority, mailbox: PersonMailbox) -> None:
    """The first write of a meeting that was made here for its owner's calendar; cancelled before it: nothing."""
    if task.kind is OutboxKind.CANCEL_MEETING or authority.ended:
        _drop(run, task)
        return
    with run.lane.writing() as session:
        write = Write(task.reservation_id, task.revision, run.log.begin(), run.now())
        attempt = organizing.new_create(session, run.lane, write, task, mailbox.id, authority.local)
    if not send_create(run, authority, mailbox, attempt):
        return
    if has_dates_to_send(run, task):
        _put_off(run, task, BUSY)
        return
    with run.lane.writing() as session:
        organizing.settled(session, task, run.now(), asked_anew=True)


def _change(run: Run, task: Task, authority: Authority, mailbox: PersonMailbox, event: Event) -> None:
    """Send the groups that only people here changed, and take rooms off; the organizer's changes stand. A meeting
    that no room holds any more is only left."""
    seen = observe(event, run.digest)
    base = authority.base or _assumed_base(task, authority.local, seen.values)
    here = changed(base.local, authority.local, LOCAL_GROUPS) - {"series"}
    there = changed(base.remote, seen.values, REMOTE_GROUPS) - {"dates"}
    both = {group for group in here & there if getattr(authority.local, group) != getattr(seen.values, group)}
    ruled, overruled = groups_of_rule(base.local.series, authority.local.series), frozenset[str]()
    agreed = frozenset[str]()
    if ruled and "rule" in there:
        agreed, overruled = _rule_of_both(authority.local, seen.values, ruled)
        ruled = frozenset()
    elif ruled and was_changed_unseen(run, mailbox, event.id, _series_of(base.local, authority.local)):
        ruled, overruled = frozenset(), frozenset({"time"})
    both |= overruled
    wanted = any(room.wanted for room in task.rooms)
    send = frozenset(here - there) | ruled if wanted else frozenset[str]()
    war = bool(send) and is_a_war(run.lane, task.reservation_id, run.now())
    if war:  # his word is the last one there too (H48)
        both |= (send - {RULE, END}) | ({"time"} if send & {RULE, END} else set())
        send = frozenset()
    invited = {one.address.casefold() for one in event.resources}
    remove = tuple(room.address for room in task.rooms if room.taken_off and room.address.casefold() in invited)
    add = tuple(room for room in task.rooms if room.wanted and room.address.casefold() not in invited)
    now = run.now()
    with run.lane.writing() as session:
        for group in sorted(both):
            _disagree(run, session, task, group, (authority.local, seen.values))
        if "time" in both:
            answers.give_up_time(session, authority.meeting_id, now)
        link_id = authorities.know(session, authority, Reading(mailbox.id, event.id, seen), base, now)
        if agreed:
            authorities.wrote(session, link_id, seen, authority.local, agreed, now)
        if war:
            authorities.forget_base(session, authority.meeting_id)
    if send or remove or add:
        fresh = send_patch(run, task, mailbox, (link_id, event.id), send, authority.local, remove, add)
        if fresh is None:
            _put_off(run, task, None)
            return
    if wanted and not (overruled or war) and not send_dates(run, task, mailbox, event.id):
        _put_off(run, task, None)
        return
    with run.lane.writing() as session:
        organizing.settled(session, task, run.now(), asked_anew=bool(send & {"time", RULE, END}) or bool(add))
        if there or both or authority.base is None:  # what it says besides was never followed
            authorities.look_again_at(session, authority.meeting_id, run.now())


def _series_of(*values: Values) -> tuple[Series, ...]:
    return tuple(one.series for one in values if one.series is not None)


def _rule_of_both(local: Values, seen: Values, ruled: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The rule of a series was changed on both sides: the groups that are agreed, as he wants the same, or those in
    which his word stands."""
    same = local.series is not None and has_rule(seen, local.series.rule)
    return (ruled, frozenset()) if same else (frozenset(), frozenset({"time"}))


def _assumed_base(task: Task, local: Values, remote: Values) -> Base:
    """Nobody read the organizer's event before: what it says is how it was, but for the time, which this room's
    copy told when both sides last agreed."""
    time = task.copy_base.time if task.copy_base is not None else remote.time
    before = replace(local, subject=remote.subject, private=remote.private, time=time)
    if task.copy_base is not None and task.copy_base.series is not None:
        before = replace(before, series=task.copy_base.series)
    return Base(before, replace(remote, time=time))


def _disagree(run: Run, session: Session, task: Task, group: str, sides: tuple[Values, Values]) -> None:
    kind = {"time": ConflictKind.TIME, "subject": ConflictKind.TITLE}.get(group)
    if kind is not None:
        here, there = (values_to_json(side) for side in sides)
        room_id, now = run.lane.room_id, run.now()
        records.disagree(session, room_id, task.reservation_id, kind, "there", here, there, now)


def _not_found(run: Run, task: Task) -> None:
    """Its copies are here, so it should be there: looked for on, and told after a while (H77)."""
    with run.lane.writing() as session:
        if task.tries >= OFTEN:
            writes.tell(session, task.reservation_id, SyncState.FAILED, "organizer_event_missing")
    _put_off(run, task, None)


def _cancelled(run: Run, task: Task) -> None:
    now = run.now()
    with run.lane.writing() as session:
        organizing.clear(session, task, run.now())
        if task.authority is not None and task.authority.link_id is not None:
            authorities.bury(session, task.authority.link_id, "removed", now)
        elif task.authority is not None:
            authorities.set_state(session, task.authority.meeting_id, AuthorityState.GONE)
        run.log.step(session, now, "none", "cancelled", task.reservation_id, "organizer")


def _ended_there(run: Run, task: Task, authority: Authority) -> None:
    """The event cannot be found, and its copies are gone as well: it was called off."""
    now = run.now()
    with run.lane.writing() as session:
        if task.kind is OutboxKind.MEETING:
            _keep_wish(run, session, task, authority)
        authorities.meeting_ended(session, authority.meeting_id, now)
        run.log.step(session, now, "here", "cancel", task.reservation_id, "organizer")
    _cancelled(run, task)


def _cancelled_there(run: Run, task: Task, authority: Authority) -> None:
    """Changed here, called off there: the organizer's word stands, and what was wanted here is kept."""
    now = run.now()
    with run.lane.writing() as session:
        _keep_wish(run, session, task, authority)
        organizing.clear(session, task, now)
        authorities.meeting_ended(session, authority.meeting_id, now)
        run.log.step(session, now, "here", "cancel", task.reservation_id, "organizer")


def _drop_unsent(run: Run, task: Task) -> None:
    """No room is left in it: nothing is sent. If they left in Outlook, what was wanted here is kept for people."""
    authority = task.authority
    with run.lane.writing() as session:
        if organizing.clear(session, task, run.now()) and authority is not None and authority.ical_uid:
            _keep_wish(run, session, task, authority)


def _keep_wish(run: Run, session: Session, task: Task, authority: Authority) -> None:
    """Its event, or its place in the rooms, was called off by the organizer before a change was sent to him."""
    wanted = {"time": span_to_json(authority.local.time), "subject": authority.local.subject}
    kind, now = ConflictKind.CANCELLED_AND_EDITED, run.now()
    records.disagree(session, run.lane.room_id, task.reservation_id, kind, "there", wanted, {}, now)


def _was_edited(run: Run, authority: Authority, event: Event) -> bool:
    """Whether the organizer gave it another title or time that nobody here has seen."""
    base, seen = authority.base, observe(event, run.digest).values
    return base is not None and bool(changed(base.remote, seen, ("subject", "time")))


def _keep_edited(run: Run, task: Task, there: Values) -> None:
    """Cancelled here, edited there: the meeting stays as its organizer wants it, in all its rooms, and a person who
    has seen that may cancel it again (H76)."""
    now = run.now()
    with run.lane.writing() as session:
        kind, room_id = ConflictKind.CANCELLED_AND_EDITED, run.lane.room_id
        records.disagree(session, room_id, task.reservation_id, kind, "there", {}, values_to_json(there), now)
        organizing.give_up(session, task.outbox_id, "", now)
        run.log.step(session, now, "none", "conflict", task.reservation_id, kind.value)


def _hold_access(run: Run, task: Task) -> None:
    """A changed setting no longer allows it: a person says whether it is sent later or given up."""
    action = HeldAction(
        key=f"outbox:{task.outbox_id}:{task.revision}",
        action={OutboxKind.CANCEL_MEETING: "cancel_meeting"}.get(task.kind, "change_meeting"),
        reservation_id=task.reservation_id,
        after=values_to_json(task.authority.local) if task.authority is not None else None,
    )
    now = run.now()
    with run.lane.writing() as session:
        if organizing.stop(session, task, SyncState.HELD, HoldKind.ACCESS_LOST.value, {}):
            organizing.forget_hold(session, task, now)
            holds.add(session, run.lane.room_id, HoldKind.ACCESS_LOST, action, now)
            run.log.step(session, now, "none", "hold", task.reservation_id, HoldKind.ACCESS_LOST.value)


def _stop(run: Run, task: Task, reason: str, **fields: object) -> None:
    now = run.now()
    with run.lane.writing() as session:
        if organizing.stop(session, task, SyncState.FAILED, reason, fields):
            run.log.step(session, now, "none", "failed", task.reservation_id, reason)


def _ask_for_reach_again(run: Run, authority: Authority) -> None:
    """In a day at most it is learned whether her mailbox can be reached by then: until that nothing is offered."""
    with run.lane.writing() as session:
        again = None if authority.ended else run.now() + ASK_AGAIN
        authorities.look_again_at(session, authority.meeting_id, again)


def _put_off(run: Run, task: Task, wait: timedelta | None) -> None:
    with run.lane.writing() as session:
        writes.put_off(session, task, run.now(), wait)


def _drop(run: Run, task: Task) -> None:
    with run.lane.writing() as session:
        organizing.clear(session, task, run.now())
