"""What people decided about actions that were held back, brought on its way by the next run.

Here it is only set free: each write is planned once more from a fresh read, and carried out as it was shown or not at
all. What the brakes hold is carried out where they weigh it (`worker.room_run.brakes`).
"""

from __future__ import annotations

from datetime import timedelta

from webapp.domain.words import Choice, HoldKind
from worker.room_run.context import Run
from worker.store import holds, moving, organizing, writes

SOON = timedelta(minutes=2)
"""A create whose next look comes later than this waits for a person, and is looked at once he decided."""


def look_at_decided_creates(run: Run) -> None:
    """Creates in doubt that a person decided about are settled by this run, not in an hour."""
    for key in holds.decided(run.lane).get(HoldKind.DOUBTFUL_CREATE, {}):
        with run.lane.writing() as session:
            writes.look_now(session, int(key.split(":")[1]), later_than=run.now() + SOON)


def carry_out_decisions(run: Run) -> None:
    """Set rows free that a person decided about, and give up what he gave up."""
    decided = holds.decided(run.lane)
    for key, held in decided.get(HoldKind.ACCESS_LOST, {}).items():
        _access_lost(run, key, held.choice, held.decided_by)
    for key in decided.get(HoldKind.SLOT_TAKEN, {}):
        _leave_here(run, key)
    for kind in (HoldKind.EDITED_AND_CANCELLED, HoldKind.CHANGE_LOOP):
        for key in decided.get(kind, {}):
            with run.lane.writing() as session:
                writes.plan_again(session, int(key.split(":")[1]), run.lane.mailbox_id, run.now())


def _leave_here(run: Run, key: str) -> None:
    """What could not be moved stays where it is, without a word about it from now on."""
    now = run.now()
    run.log.begin()
    with run.lane.writing() as session:
        reservation_id = moving.leave_here(session, run.lane.room_id, key, now)
        run.log.step(session, now, "here", "left_here", reservation_id, "room")


def _access_lost(run: Run, key: str, choice: str, by: str) -> None:
    """Send it now (whether it may be is asked again then), or give it up."""
    outbox_id, now = int(key.split(":")[1]), run.now()
    run.log.begin()
    with run.lane.writing() as session:
        reservation_id = organizing.reservation_of(session, outbox_id)
        holds.carried_out(session, run.lane.room_id, HoldKind.ACCESS_LOST, key, now)
        if choice == Choice.SEND_NOW:
            organizing.set_free(session, outbox_id)
        elif reservation_id is not None:
            organizing.give_up(session, outbox_id, by, now)
            run.log.step(session, now, "here", "given_up", reservation_id, "discarded")
