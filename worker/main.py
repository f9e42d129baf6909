"""The worker process: `python -m worker.main`. Takes jobs from Redis; with WORKER_PROCESSES > 1, several of them.

Jobs run inside of the worker process (no fork a job), so connections and tokens are kept between them. What a
killed worker leaves unfinished is found in the database: its claims end after 45 s and the clock rings again.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
import time
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.timeouts import TimerDeathPenalty

from webapp.clock import utcnow
from webapp.config import Config, load_config
from webapp.enqueue import QUEUE_ORDER, connect_redis
from worker.process import process, stopping

log = logging.getLogger(__name__)

BEAT_SECONDS = 10
PAUSE_SECONDS = 2
"""Between RQ's worker ending unasked, as it does when Redis fails in the middle of a job, and the next one."""

STOP_SECONDS = 8
"""So long after being told to end, requests that Microsoft still has not answered are left to the next run, which
settles them: hosts kill what has not ended after 10 to 30 s."""

REDIS_LOOK_SECONDS = 45
"""RQ's worker_ttl: it asks Redis anew every 15 s less, so that a connection that died silently is noticed soon."""


class AppWorker(SimpleWorker):
    """RQ's worker that ends soon when asked to: running rooms stop at their next request."""

    death_penalty_class = TimerDeathPenalty
    max_connection_wait_time = 5.0

    def subscribe(self) -> None:
        """RQ's commands over pubsub are not used: one connection, one thread and one way in less."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    def check_for_suspension(self, burst: bool) -> None:
        """Asked before each job: a signal that came before RQ had its own handlers is not forgotten."""
        if stopping.is_set():
            raise StopRequested
        super().check_for_suspension(burst)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """First signal: finish at the next safe point. RQ then ends the worker."""
        stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def work() -> None:
    """Work until told to stop; an RQ worker that ends by itself is followed by another."""
    config = load_config(os.environ)
    _log_to_stderr(config)
    _stop_on_signals()
    here = process()
    threading.Thread(target=_beat, daemon=True).start()
    threading.Thread(target=_end_in_time, daemon=True).start()
    while not stopping.is_set():
        try:
            _new_worker(config, here.name).work(logging_level=config.log_level)
        except StopRequested:
            break
        except Exception as error:
            if not stopping.is_set():
                log.error("worker ended reason=%s", type(error).__name__)
        _stop_on_signals()
        stopping.wait(PAUSE_SECONDS)


def _new_worker(config: Config, process_name: str) -> AppWorker:
    """A name of its own each time: Redis keeps the name of a killed worker, and containers repeat host and pid."""
    redis = connect_redis(config.redis_url)
    queues = [Queue(name, connection=redis, serializer="json") for name in QUEUE_ORDER]
    name = f"worker-{process_name.replace(':', '-')}-{secrets.token_hex(4)}"
    return AppWorker(queues, connection=redis, serializer="json", name=name, worker_ttl=REDIS_LOOK_SECONDS)


def _stop_on_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def _stop(_signum: int, _frame: FrameType | None) -> None:
    stopping.set()


def _beat() -> None:
    """Signs of life; and the end of a child whose parent was killed."""
    here, started_at = process(), utcnow()
    while not stopping.is_set():
        try:
            here.beat("worker", started_at)
        except Exception:
            log.exception("heartbeat not written")
        stopping.wait(BEAT_SECONDS)
        parent = parent_process()
        if parent is not None and not parent.is_alive():
            os.kill(os.getpid(), signal.SIGTERM)


def _end_in_time() -> None:
    stopping.wait()
    time.sleep(STOP_SECONDS)
    log.warning("ended with requests under way")
    logging.shutdown()
    os._exit(0)


def main() -> int:
    """Start WORKER_PROCESSES workers, replace those that die, and pass on the signal to end."""
    config = load_config(os.environ)
    if config.worker_processes == 1:
        work()
        return 0
    _log_to_stderr(config)
    _stop_on_signals()
    children = [_start_child() for _ in range(config.worker_processes)]
    while not stopping.is_set():
        if wait([child.sentinel for child in children], timeout=1) and not stopping.wait(1):
            children = [_living(child) for child in children]
    for child in children:
        child.terminate()
    for child in children:
        child.join()
    return 0


def _living(child: SpawnProcess) -> SpawnProcess:
    if child.is_alive():
        return child
    log.error("a worker process died, another takes its place code=%s", child.exitcode)
    return _start_child()


def _start_child() -> SpawnProcess:
    child = get_context("spawn").Process(target=work)
    child.start()
    return child


def _log_to_stderr(config: Config) -> None:
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")


if __name__ == "__main__":
    sys.exit(main())
