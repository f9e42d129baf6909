"""A client on a wire, with a token already promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.graph.wire import AUTHORITY, CLIENT, GRAPH, SECRET, TENANT, Wire, discovery, granted
from worker.graph.client import GraphClient
from worker.graph.throttle import Gate
from worker.graph.token import Credentials, TokenCache, TokenSource


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Waiting:
    """Stands in for waiting: moves its own seconds on and remembers how long was waited."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []

    def now(self) -> float:
        return self.seconds

    def pause(self, _condition: object, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.entra = [discovery(), granted()]
    return wire


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def token_source(wire: Wire, clock: Clock, secret: str = SECRET, cache: TokenCache | None = None) -> TokenSource:
    """Tokens for the app on this wire."""
    scope = GRAPH.removesuffix("/v1.0") + "/.default"
    return TokenSource(Credentials(TENANT, CLIENT, secret), AUTHORITY, scope, wire.session(), cache, clock)


@pytest.fixture
def client(wire: Wire, clock: Clock, waiting: Waiting) -> GraphClient:
    gate = Gate(waiting.now, waiting.pause)
    return GraphClient(GRAPH, token_source(wire, clock), wire.session(), gate)
