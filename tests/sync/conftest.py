"""What the scenario tests share: a world with people in it, and the check that a second run is quiet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sync.world import World

pytest.register_assert_rewrite("tests.sync.checks")


@pytest.fixture
def world() -> Iterator[World]:
    """A tenant with Ada and Bob, a database, a worker; rooms are added by the test."""
    made = World()
    for name in ("ada", "bob"):
        made.tenant.add_person(made.address(name), name.title())
    yield made
    made.close()
