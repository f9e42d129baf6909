"""What tests with real processes start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.valkey import ValkeyServer
from tests.tenant import RealClock, Tenant
from tests.tenant.server import TenantServer
from tests.worker.real.installation import Installation

Install = Callable[..., Installation]


@pytest.fixture
def install(migrated_url: Callable[[str], str], valkey_server: ValkeyServer, tmp_path: Path) -> Iterator[Install]:
    """`install(kind, hold_seconds=...)`: an installation; `hold_seconds` is how long a lost answer is held back."""
    made: list[tuple[Installation, TenantServer]] = []

    def make(
        kind: str = "postgresql", hold_seconds: float = 40.0, valkey: ValkeyServer | None = None
    ) -> Installation:
        valkey_server.flush()
        server = TenantServer(Tenant(seed=11, clock=RealClock()), hold_seconds=hold_seconds).start()
        installation = Installation(migrated_url(kind), valkey or valkey_server, server, tmp_path)
        made.append((installation, server))
        return installation

    yield make
    for installation, server in made:
        installation.close()
        server.stop()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey that the test may stop, kill and start; it is not running yet."""
    server = ValkeyServer(tmp_path / "valkey")
    yield server
    server.stop()
