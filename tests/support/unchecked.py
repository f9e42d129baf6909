"""Pytest plugin: what a test could not check is said in the summary, with its reason, never skipped in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

NAME = "not checked"


@pytest.fixture
def not_checked(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Call it with what was not checked and why."""
    return lambda what, why: record_property(NAME, f"{what}: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Lists the reasons once each, whichever process ran the tests."""
    said = {
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == NAME
    }
    if said:
        terminalreporter.section(NAME)
        for line in sorted(said):
            terminalreporter.line(line)
