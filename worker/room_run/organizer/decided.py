"""What people decided about changes that a setting no longer allowed: send them now after all, or give them up."""

from __future__ import annotations

from webapp.domain.words import HoldKind
from worker.room_run.context import Run
from worker.store import choices, organizing


def carry_out_decisions(run: Run) -> None:
    """Set rows free that shall be sent now (their access is asked again), and give the others up."""
    for key, choice, by in choices.decided(run.lane, HoldKind.ACCESS_LOST):
        outbox_id = int(key.split(":")[1])
        now = run.now()
        run.log.begin()
        with run.lane.writing() as session:
            reservation_id = organizing.reservation_of(session, outbox_id)
            if choice == "send_now":
                organizing.set_free(session, outbox_id)
            elif reservation_id is not None:
                organizing.give_up(session, outbox_id, by, now)
                run.log.step(session, now, "here", "given_up", reservation_id, "discarded")
            choices.take_out(session, run.lane.room_id, HoldKind.ACCESS_LOST, key, by, now)
