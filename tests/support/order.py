"""The order of the suite: files that take minutes first, so that no process ends long after the others."""

from __future__ import annotations

from pathlib import Path

import pytest

SLOW = (
    "tests/sync/test_machine.py",
    "tests/sync/test_killed_anywhere.py",
    "tests/sync/test_machine_more.py",
    "tests/sync/test_killed_in_peoples_calendars.py",
    "tests/sync/test_harness.py",
    "tests/sync/test_hazards_limits.py",
    "tests/worker/real/test_deaths.py",
    "tests/browser/test_trouble.py",
    "tests/script/test_demo.py",
    "tests/script/test_environment.py",
    "tests/sync/test_hazards_reading.py",
    "tests/worker/real/test_valkey_gone.py",
    "tests/sync/test_open_facts.py",
    "tests/worker/real/test_both_ways.py",
    "tests/sync/test_series_rules.py",
    "tests/sync/test_hazards_people.py",
    "tests/sync/test_what_it_costs.py",
    "tests/sync/test_modes_table.py",
)
"""The slowest first, as seen with `script/test --durations=100`."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow files first; everything else stays as it was found."""
    rank = {Path(config.rootpath, name): number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
