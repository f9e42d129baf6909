"""The order of a run: identify, settle, push, read, decide, carry out; and how it ends, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.database import Transactions
from webapp.domain.check_codes import CheckCode, Step
from webapp.domain.words import RoomState, RunKind, RunResult
from worker.diagnosis import of_error
from worker.room_run.apply import plan_and_apply
from worker.room_run.context import Run, Stopping
from worker.room_run.decided import carry_out_decisions, look_at_decided_creates
from worker.room_run.identify import NotOurs, confirm_calendar, identify
from worker.room_run.leaving import remove_left
from worker.room_run.moving import finish_moves
from worker.room_run.organizer.looking import look_at_organizers
from worker.room_run.push import push_all
from worker.room_run.read import read_round
from worker.room_run.refresh import look_again
from worker.room_run.settle import settle_all
from worker.store import agenda, claims, items, records, waits
from worker.store.claims import Lane, LaneLost
from worker.store.records import RunLog
from worker.sync.errors import (
    AccessDenied,
    CredentialsRefused,
    MailboxMissing,
    OurFault,
    SyncError,
    Throttled,
    TooManyUnusable,
    Unavailable,
)
from worker.sync.guard import spread
from worker.sync.link import Digest
from worker.sync.ports import Calendar

log = logging.getLogger(__name__)

RELIST = timedelta(seconds=60)
"""An empty listing that is not believed is asked for again after this."""

BACK_OFF = (5, 10, 20, 40, 80, 160, 300)
"""Seconds to wait after that many failures in a row."""

ERROR_AFTER = 5
"""So many runs without an answer make the room's status say so; before that they are a passing thing."""

Open = Callable[[int, str], tuple[Calendar, str | None]]
"""Connection id and address → that calendar and the tenant's GUID as its token tells it."""


@dataclass(frozen=True)
class RoomSync:
    """Runs rooms. Everything it needs is given: no application, no global clock."""

    transactions: Transactions
    open_calendar: Open
    now: Callable[[], datetime]
    digest: Digest
    install: str
    owner: str
    is_stopping: Callable[[], bool] = lambda: False

    def run(self, mailbox_id: int) -> bool:
        """One run of the mailbox, if it is free and due; False when it was not ours to run."""
        lane = claims.claim(self.transactions, mailbox_id, self.owner, self.now())
        if lane is None:
            return False
        if lane.leaving:
            remove_left(lane, self.open_calendar, self.install, self.now)
            return True
        run_log = RunLog(lane, RunKind.DELTA, self.now())
        try:
            calendar, tenant_guid = self.open_calendar(lane.connection_id, lane.address)
            lane = identify(lane, calendar, tenant_guid, run_log, self.now())
            run_log.lane = lane
            self._rounds(Run(lane, calendar, run_log, self.now, self.digest, self.install, self.is_stopping))
        except (
            LaneLost
        ):  # to another worker, or because the room was unlinked or paused: then it is still to be freed
            self._close(run_log, RunResult.LOST)
            claims.give_back(lane, None, failed=False)
        except NotOurs:
            claims.give_back(lane, None, failed=False)
            if run_log.run_id is not None:
                self._close(run_log, RunResult.FAILED, "not_this_calendar")
        except Stopping:
            claims.give_back(lane, None, failed=False)
            self._close(run_log, RunResult.LOST, "stopping")
        except Exception as error:
            if not claims.is_ours(lane):  # rows changed under the run's feet: whoever took over says how it stands
                self._close(run_log, RunResult.LOST)
                claims.give_back(lane, None, failed=False)
            elif isinstance(error, SyncError):
                self._failed(lane, run_log, error)
            else:
                log.exception("run failed mailbox=%s", mailbox_id)
                self._failed(lane, run_log, OurFault())
                raise
        return True

    def _rounds(self, run: Run) -> None:
        """One round. What was saved meanwhile goes out at once; the next round is left, as 2 s pass between two."""
        planned = agenda.before_reading(run.lane, self.now())
        if planned.has_work:
            look_at_decided_creates(run)
            settle_all(run)
            carry_out_decisions(run)
            push_all(run)
        believed = read_round(run)
        full = run.log.kind is RunKind.FULL
        if full:
            confirm_calendar(run, believed=believed)
        if agenda.has_work_after_reading(run.lane, self.now()):
            if not full:
                confirm_calendar(run, believed=believed)
            look_again(run)
            look_at_organizers(run)
            plan_and_apply(run)
            push_all(run)
            finish_moves(run)
        now = self.now()
        with run.lane.writing() as session:
            items.plan_next_look(session, run.lane)
            records.room_went_well(session, run.lane.room_id, now)
        if full:
            run.log.begin()
        finished = believed and claims.finish(run.lane, planned.wanted)
        if believed and not finished:
            push_all(run)
        run.log.counts["requests"] = getattr(run.calendar, "requests", 0)
        run.log.close(RunResult.DONE if believed else RunResult.HELD, now)
        if not finished:
            claims.give_back(run.lane, now + (claims.ROUND_GAP if believed else RELIST), failed=False)

    def _failed(self, lane: Lane, run_log: RunLog, error: SyncError) -> None:
        """Say what went wrong where people look, give the mailbox back, and come again after a while."""
        now = self.now()
        failures = claims.failures(lane)
        wait = timedelta(seconds=spread(_wait_of(error, failures), lane.mailbox_id))
        code, state = _standing(error, failures)
        fields = {"code": error.trouble.code, "status": error.trouble.status, "request_id": error.trouble.request_id}
        with lane.transactions.writing() as session:
            records.room_stopped(
                session, lane.room_id, state, now, code, fields | {"next_try": (now + wait).isoformat()}
            )
            if code == CheckCode.SECRET_EXPIRED:
                records.secret_refused_as_expired(session, lane.connection_id, now)
        self._close(run_log, RunResult.THROTTLED if isinstance(error, Throttled) else RunResult.FAILED, code, fields)
        claims.give_back(lane, now + wait, failed=not isinstance(error, Throttled))
        if isinstance(error, Throttled) and error.of_all:
            waits.put_off_connection(self.transactions, lane.connection_id, now, error.wait_seconds)

    def _close(
        self, run_log: RunLog, result: RunResult, code: str | None = None, fields: dict[str, object] | None = None
    ) -> None:
        try:
            run_log.close(result, self.now(), code, fields or {})
        except LaneLost:
            log.info("run not recorded, the mailbox was taken over mailbox=%s", run_log.lane.mailbox_id)


def _wait_of(error: SyncError, failures: int) -> float:
    backoff = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
    if isinstance(error, Throttled | Unavailable) and error.wait_seconds:
        return error.wait_seconds if isinstance(error, Throttled) else max(error.wait_seconds, backoff)
    if isinstance(error, AccessDenied | MailboxMissing | CredentialsRefused):
        return max(60, backoff)
    return backoff


def _standing(error: SyncError, failures: int) -> tuple[str, RoomState | None]:
    """The code for the room's words, and the state it gets; None: the state stays as it is."""
    if isinstance(error, Throttled):
        return "throttled", None
    if isinstance(error, Unavailable):
        return "unavailable", RoomState.ERROR if failures + 1 >= ERROR_AFTER else None
    if isinstance(error, CredentialsRefused):
        return of_error(error, Step.CALENDAR, ()).code.value, RoomState.ERROR
    names: dict[type[SyncError], str] = {
        AccessDenied: "access_denied",
        MailboxMissing: "mailbox_missing",
        TooManyUnusable: "quarantine_share",
        OurFault: "internal_error",
    }
    return names.get(type(error), "unexpected_answer"), RoomState.ERROR
