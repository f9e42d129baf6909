"""Ending moves between rooms, in the lane of the room that a reservation moves to."""

from __future__ import annotations

from worker.room_run.context import Run
from worker.store import moving


def finish_moves(run: Run) -> None:
    """What arrived here leaves its old room; what could not stays there."""
    for move in moving.decided_moves(run.lane):
        run.go_on()
        run.log.begin()
        now = run.now()
        with run.lane.writing() as session:
            moving.finish(session, move, now)
            run.log.step(session, now, "here", "moved" if move.arrived else "move_refused", move.arriving_id, "room")
