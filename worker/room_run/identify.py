"""Which mailbox this is: known by tenant and default calendar, not by its address (H55, H69)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from webapp.domain.words import RunKind
from worker.room_run.context import Run
from worker.room_run.refresh import refresh
from worker.store import identity, items
from worker.store.claims import Lane, keep
from worker.store.records import RunLog
from worker.store.rounds import full_is_due
from worker.sync.ports import Calendar


class NotOurs(Exception):
    """This mailbox must not be read for this room; the room's status says why."""


def identify(lane: Lane, calendar: Calendar, tenant_guid: str | None, log: RunLog, now: datetime) -> Lane:
    """Learn or confirm the mailbox's identity, and leave what the room had in another one.

    Raises `NotOurs` when it is another room's, when nobody knows it for a room, when another calendar answers at its
    address, and after it turned out to be a mailbox that is known under another address.
    """
    guid = tenant_guid or lane.tenant_guid or ""
    if lane.calendar_key is None:
        lane = _learn(lane, calendar, guid, now)
    else:
        _refuse_other_tenant(lane, guid, now)
        if identity.is_due(lane, now):
            _compare(lane, calendar.calendar_key(), guid, now)
            lane = replace(lane, identified=True)
    if full_is_due(lane):
        _leave_others(lane, log, now)
    return replace(lane, tenant_guid=guid or lane.tenant_guid)


def confirm_calendar(run: Run, *, believed: bool) -> None:
    """After a round, before anything is planned from it: is this still the calendar that the round was to read?

    Asked where everything was read, and where so much vanished that it may be another one; once a run. Raises
    `NotOurs`.
    """
    full = run.log.kind is RunKind.FULL
    if not full and not identity.has_vanished(run.lane):
        return
    if not run.lane.identified:
        _compare(run.lane, run.calendar.calendar_key(), run.lane.tenant_guid or "", run.now())
    if full and believed and identity.is_renewing(run.lane):
        _renew(run)


def _learn(lane: Lane, calendar: Calendar, guid: str, now: datetime) -> Lane:
    with lane.writing() as session:
        listed = identity.is_listed(session, lane, now)
    if not listed:
        raise NotOurs
    key = calendar.calendar_key()
    with lane.transactions.writing() as session:
        same = identity.known_as(session, lane, guid, key)
        if same is None:
            identity.learn(session, lane, guid, key, now)
        elif not identity.refuse_other_room(session, lane, same, now):
            identity.take_over(session, lane, same, now)
        keep(session, lane)  # the room may have gone over to another row: only the claim must be ours
    if same is not None:
        raise NotOurs
    return replace(lane, tenant_guid=guid, calendar_key=key, identified=True)


def _refuse_other_tenant(lane: Lane, guid: str, now: datetime) -> None:
    """The connection's tenant is a name, and the name leads elsewhere by now: the same address is another mailbox."""
    if not guid or lane.tenant_guid in (None, guid):
        return
    with lane.writing() as session:
        identity.stop(session, lane, "other_tenant", {"expected": lane.tenant_guid, "found": guid}, now)
    raise NotOurs


def _compare(lane: Lane, key: str, guid: str, now: datetime) -> None:
    with lane.writing() as session:
        if key == lane.calendar_key:
            identity.confirm(session, lane, now)
            return
        same = identity.known_as(session, lane, guid, key)
        if same is None or not identity.refuse_other_room(session, lane, same, now):
            identity.ask_person(session, lane, key, now)
    raise NotOurs


def _leave_others(lane: Lane, log: RunLog, now: datetime) -> None:
    with lane.writing() as session:
        closed = identity.leave_others(session, lane, now)
    if not closed:
        return
    log.begin()
    with lane.writing() as session:
        for reservation_id in closed:
            log.step(session, now, "here", "leave", reservation_id, "left_behind")


def _renew(run: Run) -> None:
    """All ids changed: series are read first, as a row of one of their dates does not tell which they are."""
    with run.lane.reading() as session:
        unread = [
            item for item in items.load(session, identity.strangers(session, run.lane)) if item.observed is None
        ]
    run.log.begin()
    refresh(run, unread)
    now = run.now()
    with run.lane.writing() as session:
        renewed = identity.renew_ids(session, run.lane, now)
        run.log.step(session, now, "none", "adopt", reason="ids_renewed", count=renewed.renewed)
        for reservation_id in renewed.kept:
            run.log.step(session, now, "none", "keep", reservation_id, "not_in_outlook")
