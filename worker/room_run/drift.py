"""Counting what delta missed: a full round tells how far what was known had silently come apart (target: 0)."""

from __future__ import annotations

from worker.room_run.context import Run
from worker.room_run.refresh import refresh
from worker.store import drift, items, rounds
from worker.store.drift import Silent, Told
from worker.store.rounds import Round
from worker.sync.errors import SyncError
from worker.sync.event import Event, Row, SeriesTouched


def told_meanwhile(run: Run, the_round: Round) -> Told | None:
    """What the delta link of before tells once a full round was read: no silent differences.

    None when there is no such link, or it is dead: then nothing can be said, and nothing is counted.
    """
    previous = rounds.previous(run.lane, the_round)
    if previous is None:
        return None
    ids, window = set[str](), previous[1]
    link: str | None = previous[0]
    try:
        while link is not None:
            run.go_on()
            page = run.calendar.follow(link)
            ids |= {name for row in page.rows for name in _named(row)}
            link = page.next_link
    except SyncError:
        return None
    return Told(frozenset(ids), window)


def count(run: Run, found: Silent) -> None:
    """Read by id what is in doubt, and write down how many events differ."""
    if found.doubtful:
        with run.lane.reading() as session:
            doubtful = items.load(session, drift.links_of(session, run.lane.mailbox_id, found))
        refresh(run, [item for item in doubtful if not item.waits_for_push])
    run_id = run.log.begin()
    with run.lane.writing() as session:
        different = drift.confirmed(session, run.lane.mailbox_id, found)
        drift.record(session, run.lane.room_id, run_id, different, run.now())


def _named(row: Row) -> tuple[str, ...]:
    if isinstance(row, SeriesTouched):
        return row.master_id, row.occurrence_id
    if isinstance(row, Event) and row.series_master_id is not None:
        return row.id, row.series_master_id
    return (row.id,)
