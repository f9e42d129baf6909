"""The worker process: `python -m worker.main`. Takes jobs from Redis; with WORKER_PROCESSES > 1, several of them.

Jobs run inside of the worker process (no fork a job), so connections and tokens are kept between them. What a
killed worker leaves unfinished is found in the database: its claims end after 45 s and the clock rings again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from multiprocessing import get_context
from types import FrameType

from rq import Queue, SimpleWorker
from rq.timeouts import TimerDeathPenalty

from webapp.clock import utcnow
from webapp.config import load_config
from webapp.enqueue import QUEUE_ORDER, connect_redis
from worker.process import process, stopping

log = logging.getLogger(__name__)

BEAT_SECONDS = 10


class AppWorker(SimpleWorker):
    """RQ's worker that ends soon when asked to: the running job stops at its next request."""

    death_penalty_class = TimerDeathPenalty

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """First signal: finish at the next safe point. RQ then ends the worker."""
        stopping.set()
        super().request_stop(signum, frame)


def work() -> None:
    """One worker until it is told to stop."""
    config = load_config(os.environ)
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    here = process()
    threading.Thread(target=_beat, daemon=True).start()
    redis = connect_redis(config.redis_url)
    queues = [Queue(name, connection=redis, serializer="json") for name in QUEUE_ORDER]
    worker = AppWorker(queues, connection=redis, serializer="json", name=f"worker-{here.name.replace(':', '-')}")
    worker.work(logging_level=config.log_level)


def _beat() -> None:
    here, started_at = process(), utcnow()
    while not stopping.is_set():
        try:
            here.beat("worker", started_at)
        except Exception:
            log.exception("heartbeat not written")
        stopping.wait(BEAT_SECONDS)


def main() -> int:
    """Start WORKER_PROCESSES workers and wait for them; pass on the signal to end."""
    count = load_config(os.environ).worker_processes
    if count == 1:
        work()
        return 0
    children = [get_context("spawn").Process(target=work) for _ in range(count)]
    for child in children:
        child.start()

    def pass_on(signum: int, _frame: FrameType | None) -> None:
        for child in children:
            if child.pid is not None and child.is_alive():
                os.kill(child.pid, signum)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    for child in children:
        child.join()
    return max(abs(child.exitcode or 0) for child in children)


if __name__ == "__main__":
    sys.exit(main())
