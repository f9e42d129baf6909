"""The order of the suite: files that take minutes first, so that no process ends long after the others."""

from __future__ import annotations

from pathlib import Path

import pytest

SLOW = (
    "tests/worker/real/test_deaths.py",
    "tests/sync/test_killed_anywhere.py",
    "tests/sync/test_machine.py",
    "tests/sync/test_machine_more.py",
    "tests/browser/test_trouble.py",
    "tests/sync/test_harness.py",
    "tests/sync/test_hazards_limits.py",
    "tests/sync/test_killed_in_peoples_calendars.py",
    "tests/browser/test_the_screens.py",
    "tests/script/test_demo.py",
    "tests/browser/test_series.py",
    "tests/worker/test_poll.py",
    "tests/browser/test_the_guide.py",
    "tests/webapp/reservations/test_in_browser.py",
    "tests/sync/test_no_ghost_cancel.py",
    "tests/sync/test_holds_mass.py",
    "tests/webapp/shell/test_quiet_pages.py",
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
