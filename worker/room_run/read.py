"""Reading what changed in a room's calendar: a delta round, a full one, or a plain listing where delta fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from webapp.domain.words import HoldKind, RunKind
from worker.room_run import drift, windows
from worker.room_run.context import Run
from worker.room_run.push import push_all
from worker.store import claims, holds, records, rounds
from worker.store.rounds import Committed, Round
from worker.store.staging import stage_row
from worker.sync.errors import (
    DeltaExpired,
    EndlessDelta,
    Refused,
    TooManyUnusable,
    Unavailable,
    UnsafeLink,
)
from worker.sync.guard import too_many_unusable

PATIENCE, EVERY = 2, 4
"""After so many failed runs in a row, and at every so many more, a round that gets no answer is tried in slices."""


def read_round(run: Run) -> bool:
    """Read one round to its end and make its observations true; False when a full listing is not believed."""
    full = rounds.full_is_due(run.lane)
    if full:
        run.log.kind = RunKind.FULL
    the_round = rounds.begin(run.lane, full=full, now=run.now())
    try:
        committed = _read_listing(run, the_round) if the_round.is_listing else _read_pages(run, the_round)
    except (DeltaExpired, UnsafeLink) as error:
        # A stored link leads elsewhere when the Graph address was configured anew, or by tampering: never used (S21).
        rounds.forget_link(run.lane, the_round)
        _note(run, "delta_expired" if isinstance(error, DeltaExpired) else "link_unsafe")
        if full:
            raise
        return read_round(run)
    except (EndlessDelta, Refused) as error:
        if isinstance(error, Refused) and not full:
            raise
        the_round = rounds.fall_back_to_listing(run.lane, the_round)
        _note(run, "delta_endless" if isinstance(error, EndlessDelta) else "delta_refused")
        committed = _read_listing(run, the_round)
    except Unavailable as error:
        if the_round.is_listing or not windows.is_too_slow(error) or not _tried_enough(run):
            raise
        committed = _read_slices(run, the_round)
    run.log.counts["read"] += committed.noted.rows
    return _judge(run, the_round, committed)


def _read_pages(run: Run, the_round: Round) -> Committed:
    """Follow the round page by page; pages before the last are staged, the last commits everything."""
    link = the_round.next_link or the_round.start_link
    read = rounds.staged_count(run.lane, the_round) if the_round.next_link else 0
    while True:
        run.go_on()
        page = run.calendar.follow(link) if link else run.calendar.first_page(*the_round.window)
        rows = [stage_row(row, run.digest) for row in page.rows]
        read += len(rows)
        if page.delta_link is not None:
            if the_round.is_full and read:
                the_round = replace(the_round, told=drift.told_meanwhile(run, the_round))
            return rounds.commit(run.lane, the_round, rows, page.delta_link, run.now())
        assert page.next_link is not None, "a page has one of the two links"
        rounds.stage(run.lane, the_round, rows, page.next_link)
        if the_round.is_full:
            with run.lane.writing() as session:
                records.show_progress(session, run.lane.room_id, read)
        push_all(run)
        link = page.next_link


def _read_listing(run: Run, the_round: Round) -> Committed:
    found, days = windows.listing(run, the_round.window, the_round.slice_days)
    if days != the_round.slice_days:
        the_round = rounds.fall_back_to_listing(run.lane, the_round, days)
    return rounds.commit(run.lane, the_round, [stage_row(row, run.digest) for row in found], None, run.now())


def _tried_enough(run: Run) -> bool:
    """A mailbox read in slices before is known to be slow; of another, one bad minute proves nothing (H10)."""
    return rounds.slice_days(run.lane) is not None or claims.failures(run.lane) % EVERY == PATIENCE


def _read_slices(run: Run, the_round: Round) -> Committed:
    """Where the service is away altogether the slices fail as well, and this session stays with delta."""
    found, days = windows.listing(run, the_round.window, windows.SLICES[0])
    the_round = rounds.fall_back_to_listing(run.lane, the_round, days)
    _note(run, "window_too_slow")
    return rounds.commit(run.lane, the_round, [stage_row(row, run.digest) for row in found], None, run.now())


def _judge(run: Run, the_round: Round, committed: Committed) -> bool:
    now = run.now()
    if committed.suspect:
        run.log.begin()
        with run.lane.writing() as session:
            kind, known = HoldKind.EMPTY_LISTING, committed.known
            if holds.follow(session, run.lane.room_id, kind, committed.missing, now, known=known):
                run.log.step(session, now, "none", "hold", reason=kind.value, known=known)
        return False
    if too_many_unusable(committed.noted.broken, committed.noted.rows):
        raise TooManyUnusable
    if committed.silent is not None:
        drift.count(run, committed.silent)
    if the_round.is_full:
        with run.lane.writing() as session:
            holds.release(session, run.lane.room_id, (HoldKind.EMPTY_LISTING,), None, now)
    return True


def _note(run: Run, reason: str) -> None:
    run.log.begin()
    now: datetime = run.now()
    with run.lane.writing() as session:
        run.log.step(session, now, "none", "reread", reason=reason)
