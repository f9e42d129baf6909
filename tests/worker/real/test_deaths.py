"""Workers that are killed, told to end, or replaced; and what becomes of what they were doing."""

from __future__ import annotations

import os
import signal
import time

from script.lib import process
from tests.worker.real.conftest import Install
from worker.main import STOP_SECONDS

PROMISE = 60.0
"""Seconds after which a killed worker's room is running again: a claim of 45 s, and the clock's 5 s."""

SECONDS = STOP_SECONDS + 7.0


def test_a_room_whose_worker_is_killed_inside_of_a_create_runs_again_within_60_s_and_has_one_event_h35(
    install: Install, record_property
):
    here = install()
    here.start("clock")
    killed = here.start("worker")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))
    lost = here.tenant.faults.add("create", "T+")
    booked = here.book_here(aspen, "Budget", hours=1)
    here.wait(lambda: lost.hits == 1)

    claims_before = here.claims_of(aspen)
    killed.kill()
    began = time.monotonic()
    here.start("worker")

    here.wait(lambda: here.claims_of(aspen) > claims_before, PROMISE)
    record_property("seconds until the room ran again", round(time.monotonic() - began, 1))
    here.wait(lambda: here.state_of(booked) == "synced")
    assert here.events("aspen") == ["Budget"]


def test_a_worker_told_to_end_gives_back_what_it_runs_and_another_goes_on_at_once(install: Install):
    here = install(hold_seconds=2)
    first = here.start("worker")
    here.start("clock")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))
    lost = here.tenant.faults.add("create", "T+")
    booked = here.book_here(aspen, "Budget", hours=1)
    here.wait(lambda: lost.hits == 1)

    first.send_signal(signal.SIGTERM)

    assert first.wait(SECONDS) == 0
    assert not here.is_claimed()
    here.start("worker")
    here.wait(lambda: here.state_of(booked) == "synced")
    assert here.events("aspen") == ["Budget"]


def test_a_worker_told_to_end_does_not_wait_for_an_answer_that_does_not_come(install: Install):
    here = install()
    child = here.start("worker")
    here.start("clock")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))
    lost = here.tenant.faults.add("create", "T+")
    here.book_here(aspen, "Budget", hours=1)
    here.wait(lambda: lost.hits == 1)

    child.send_signal(signal.SIGTERM)

    assert child.wait(SECONDS) == 0


def test_idle_processes_end_at_once_when_told_to(install: Install):
    here = install("sqlite")
    children = [here.start("worker"), here.start("clock"), here.start("worker", WORKER_PROCESSES="2")]
    here.wait(lambda: len(here.processes("worker")) == 3 and len(here.processes("clock")) == 1)

    for child in children:
        child.send_signal(signal.SIGTERM)

    assert [child.wait(SECONDS) for child in children] == [0, 0, 0]


def test_of_several_worker_processes_one_that_dies_is_replaced_and_none_outlives_the_parent(install: Install):
    here = install("sqlite")
    parent = here.start("worker", WORKER_PROCESSES="2")
    here.start("clock")
    here.wait(lambda: len(here.processes("worker")) == 2)
    first = here.processes("worker")

    os.kill(min(first), signal.SIGKILL)
    here.wait(lambda: len(here.processes("worker")) == 3)
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))

    living = here.processes("worker") - {min(first)}
    parent.kill()
    parent.wait()
    here.wait(lambda: not [pid for pid in living if process.process_identity(pid)])
