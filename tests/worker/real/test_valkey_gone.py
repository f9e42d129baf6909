"""Redis comes and goes; the database is the truth, so nothing is lost and the same worker goes on."""

from __future__ import annotations

import signal

from redis import Redis
from rq import Queue

from tests.support.valkey import ValkeyServer
from tests.worker.real.conftest import Install


def test_work_that_falls_due_while_valkey_is_stopped_is_done_after_it(install: Install, own_valkey: ValkeyServer):
    here = install(valkey=own_valkey)
    worker, clock = here.start("worker"), here.start("clock")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.processes("worker") == {worker.pid} and here.processes("clock") == {clock.pid})
    assert not here.is_active(aspen)

    own_valkey.start()
    here.wait(lambda: here.is_active(aspen))

    own_valkey.stop()
    booked = here.book_here(aspen, "Budget", hours=1)
    here.book_there("aspen", "Design review", hours=2)
    assert here.ring(1) is False
    assert here.state_of(booked) == "waiting"
    own_valkey.start()
    here.wait(lambda: here.state_of(booked) == "synced")
    here.wait(lambda: here.slots(aspen) == {here.soon(1).start, here.soon(2).start})
    assert worker.poll() is None and clock.poll() is None


def test_a_worker_whose_valkey_dies_in_the_middle_of_a_job_ends_the_job_and_goes_on(
    install: Install, own_valkey: ValkeyServer
):
    own_valkey.start()
    here = install(hold_seconds=2, valkey=own_valkey)
    worker = here.start("worker")
    here.start("clock")
    aspen = here.add_room("aspen")
    here.wait(lambda: here.is_active(aspen))
    lost = here.tenant.faults.add("create", "T+")
    booked = here.book_here(aspen, "Budget", hours=1)
    here.wait(lambda: lost.hits == 1)

    own_valkey.kill()
    here.wait(lambda: not here.is_claimed())
    own_valkey.start()

    here.wait(lambda: here.state_of(booked) == "synced")
    assert here.events("aspen") == ["Budget"]
    assert worker.poll() is None


def test_a_worker_told_to_end_ends_although_valkey_is_gone(install: Install, own_valkey: ValkeyServer):
    own_valkey.start()
    here = install("sqlite", valkey=own_valkey)
    worker = here.start("worker")
    here.wait(lambda: here.processes("worker") == {worker.pid})

    own_valkey.kill()
    here.wait(lambda: " ERROR " in here.log("worker").read_text())
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(15) == 0


def test_jobs_that_cannot_be_run_or_take_too_long_do_not_stop_the_worker(install: Install, valkey_url: str):
    here = install("sqlite")
    worker = here.start("worker")
    aspen = here.add_room("aspen")
    queue = Queue("sync", connection=Redis.from_url(valkey_url), serializer="json")
    queue.enqueue("worker.jobs.no_such_job", 1)
    queue.enqueue("worker.jobs.sync_mailboxes", "not a list of ids", "and one too many")
    queue.enqueue("time.sleep", 2, job_timeout=1)
    queue.enqueue("worker.jobs.sync_mailboxes", [4711])

    here.ring(1)

    here.wait(lambda: here.is_active(aspen))
    assert queue.failed_job_registry.count == 3
    assert worker.poll() is None
