"""The order of the suite, and what of it stays together: a file in one process, and all that needs a browser.

What takes minutes comes first, so that no process ends long after the others.
"""

from __future__ import annotations

from typing import Any

import pytest

BROWSER = "browser"
"""All files with this in their path: one process has the browser, and the demo that most of them stand on. Every
process of its own with both would keep the machine busy after its last test of them."""

SLOW = (
    BROWSER,
    "tests/worker/real/test_deaths.py",
    "tests/sync/test_killed_anywhere.py",
    "tests/sync/test_machine.py",
    "tests/sync/test_machine_more.py",
    "tests/sync/test_harness.py",
    "tests/sync/test_hazards_limits.py",
    "tests/sync/test_killed_in_peoples_calendars.py",
    "tests/script/test_demo.py",
    "tests/worker/test_poll.py",
    "tests/sync/test_no_ghost_cancel.py",
    "tests/sync/test_holds_mass.py",
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


def scope_of(node_id: str) -> str:
    """What a test runs beside of, in the same process."""
    path = node_id.split("::", 1)[0]
    return BROWSER if BROWSER in path else path


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow ones first; everything else stays as it was found."""
    rank = {scope: number for number, scope in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(scope_of(item.nodeid), len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By file, but for those that stay together."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return Scheduling(config, log)
