"""Dates of a series on which somebody else has the room in Outlook: ours came later and do not take place (H51)."""

from __future__ import annotations

from datetime import date

from worker.room_run.context import Run
from worker.room_run.series_one_date import MOST_CLEARING, Later
from worker.room_run.series_slots import FoundDates, look_at_dates
from worker.store import series_out
from worker.store.items import Item
from worker.store.still import check_saved
from worker.store.writes import Push
from worker.sync.conflict import ours_yields
from worker.sync.values import Values


def check_slots(run: Run, push: Push, besides: str | None = None) -> FoundDates:
    """Look whether the dates of a series are free; those that are not are given up (H51). Raises `Later` while one
    of ours is about to leave some, and after dates were given up."""
    assert isinstance(push.local, Values) and push.local.series is not None, "only series have dates"
    found = look_at_dates(run, push.local.series, push.public_id, besides)
    if found.clearing and push.tries < MOST_CLEARING:
        raise Later
    if found.taken and found.own is None and len(found.taken) < found.looked_at:
        give_up(run, push, set(found.taken))
        raise Later
    return found


def yield_later_dates(run: Run, push: Push, item: Item) -> None:
    """Somebody may have booked between our look and our create: of two on one date the later yields (H51)."""
    assert isinstance(push.local, Values) and push.local.series is not None, "only series have dates"
    if item.observed is None:
        return
    found = look_at_dates(run, push.local.series, push.public_id, item.event_id)
    ours = (item.observed.created, item.event_id)
    late = {
        day
        for day, events in found.taken.items()
        if any(ours_yields(ours, (event.created, event.id)) for event in events)
    }
    if late:
        give_up(run, push, late)
        raise Later


def give_up(run: Run, push: Push, days: set[date]) -> None:
    """Dates that are taken in Outlook do not take place."""
    now = run.now()
    with run.lane.writing() as session:
        check_saved(session, run.lane.room_id, push.reservation_id, push.saved)
        series_out.give_up_dates(session, run.lane, push.reservation_id, days, now)
        run.log.step(session, now, "here", "conflict", push.reservation_id, "dates_taken", dates=len(days))
