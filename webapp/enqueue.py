"""The door bell: names of jobs and sending them to Redis after a commit.

The database is the truth. A bell that cannot be rung loses nothing: the clock finds what is due in the
database and rings again every few seconds, so a failure here is logged and not raised.
"""

from __future__ import annotations

import logging
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

log = logging.getLogger(__name__)

CHECK_CONNECTION = "worker.jobs.check_connection"
LIST_PLACES = "worker.jobs.list_places"
SYNC_MAILBOXES = "worker.jobs.sync_mailboxes"
POLL_MAILBOXES = "worker.jobs.poll_mailboxes"

QUEUE_OF_JOB = {
    CHECK_CONNECTION: "checks",
    LIST_PLACES: "checks",
    SYNC_MAILBOXES: "sync",
    POLL_MAILBOXES: "polls",
}
"""Every job name with its queue; a test resolves each name to a function."""

BACKGROUND = "background"
"""Where full runs wait, of Sync All Calendars above all: below whatever somebody waits for."""

QUEUE_ORDER = ("checks", "sync", "polls", BACKGROUND)
"""Queues as a worker empties them, most urgent first."""

JOB_SECONDS = 600
"""A job is stopped after this long; what it had not finished is found in the database again."""


class Bell:
    """Rings for workers; one for each process, given its Redis connection."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def ring(self, job: str, *args: Any, queue: str | None = None) -> bool:
        """Enqueue `job` with plain arguments (ids); False when Redis cannot be reached."""
        try:
            Queue(queue or QUEUE_OF_JOB[job], connection=self._redis, serializer="json").enqueue(
                job, *args, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=86_400
            )
        except (RedisError, OSError) as error:
            log.warning("bell not rung job=%s reason=%s", job, type(error).__name__)
            return False
        return True

    def waiting(self, queue: str) -> int | None:
        """How many jobs wait in a queue; None when Redis cannot be reached."""
        try:
            return Queue(queue, connection=self._redis, serializer="json").count
        except (RedisError, OSError):
            return None


def connect_redis(url: str) -> Redis:
    """A connection that gives up after 2 s, so that a page never waits long for a dead or silent Redis.

    RQ's worker waits longer for its jobs: it sets its own connection's time.
    """
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, health_check_interval=30)
