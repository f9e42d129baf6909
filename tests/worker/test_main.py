"""RQ's worker as the worker process runs it, on a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from rq import Queue

from webapp.config import Config, load_config
from worker.main import _new_worker
from worker.process import stopping


@pytest.fixture
def config(valkey_url: str) -> Config:
    """The environment's least, with a real Valkey."""
    return load_config(
        {
            "SECRET_KEY": "a key for tests only",
            "SECRET_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "REDIS_URL": valkey_url,
        }
    )


@pytest.fixture
def told_to_stop() -> Iterator[None]:
    """The signal came."""
    stopping.set()
    yield
    stopping.clear()


def test_a_worker_may_follow_a_killed_one_of_the_same_host_and_process_id(config: Config):
    """In a container host and pid repeat, and Redis remembers a killed worker's name for minutes."""
    _new_worker(config, "host:1").register_birth()

    _new_worker(config, "host:1").register_birth()


def test_a_signal_that_came_before_rq_listened_for_signals_is_obeyed(config: Config, told_to_stop: None):
    queue = Queue("sync", connection=Redis.from_url(config.redis_url), serializer="json")
    queue.enqueue("time.sleep", 0)

    _new_worker(config, "host:1").work(burst=True)

    assert queue.count == 1


def test_a_worker_empties_the_most_urgent_queue_first(config: Config):
    redis = Redis.from_url(config.redis_url)
    for name in ("background", "polls", "sync", "checks"):
        Queue(name, connection=redis, serializer="json").enqueue("time.sleep", 0)
    waiting: list[list[str]] = []
    names = ("checks", "sync", "polls", "background")

    for _ in names:
        waiting.append([name for name in names if Queue(name, connection=redis).count])
        _new_worker(config, "host:1").work(burst=True, max_jobs=1)

    assert waiting == [list(names[number:]) for number in range(4)]


def test_an_empty_redis_is_asked_anew_within_a_minute(config: Config):
    """A connection that died without a word is noticed only when a wait on it ends."""
    worker = _new_worker(config, "host:1")

    assert worker.dequeue_timeout <= 60
    assert worker.connection.connection_pool.connection_kwargs["socket_timeout"] > worker.dequeue_timeout
