"""Pytest plugin: fixtures for the real services, the network ban, and the summary of what was really used.

Each test process has servers of its own, so `-n 2` needs no agreement about ports and databases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.chromium import FLAGS, ensure_chromium
from tests.support.network import forbid_network
from tests.support.postgres import PostgresServer
from tests.support.valkey import ValkeyServer

SERVICES = {"browser": "Chromium", "valkey_server": "Valkey", "postgres_server": "PostgreSQL"}
STARTED = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[STARTED] = {}
    # pytest-playwright 0.10.0's own base_url fixture; nothing here can mend it.
    config.addinivalue_line("filterwarnings", "ignore:Session-scoped fixtures:pytest.PytestRemovedIn10Warning")


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Nothing in the test process reaches beyond this machine."""
    with pytest.MonkeyPatch.context() as patch:
        forbid_network(patch)
        yield


@pytest.fixture(scope="session")
def valkey_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A real Valkey for the whole test process. A test that stops it must start it again: better make its own."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    note_started(request.config, "valkey_server", server.version())
    yield server
    server.stop()


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> str:
    """The address of a real, empty Valkey."""
    valkey_server.flush()
    return valkey_server.url


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole test process."""
    server = PostgresServer()
    try:
        server.start()
        note_started(request.config, "postgres_server", server.version())
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[Callable[..., str]]:
    """Makes databases that go away after the test: `postgres_database(template=...)` gives an address."""
    names: list[str] = []

    def make(template: str = "template1") -> str:
        names.append(postgres_server.create_database(template))
        return postgres_server.url(names[-1])

    yield make
    for name in names:
        postgres_server.drop_database(name)


@pytest.fixture
def postgres_url(postgres_database: Callable[..., str]) -> str:
    """The address of a real, empty PostgreSQL database."""
    return postgres_database()


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> str:
    """The path of a Chromium, installed first where there is none."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(text, flush=True)

    return ensure_chromium(say)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    """pytest-playwright starts our Chromium, which talks to this machine only. What a page should show is awaited for
    20 s: nothing is measured with that, and a busy machine is slow."""
    expect.set_options(timeout=20_000)
    return browser_type_launch_args | {"executable_path": chromium, "args": list(FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """People who want no motion: where there is no screen, the processor draws each frame of it."""
    return browser_context_args | {"reduced_motion": "reduce"}


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Notes the version of the browser that pytest-playwright's own fixture has started."""
    result = yield
    if fixturedef.argname == "browser":
        executable = request.getfixturevalue("chromium")
        note_started(request.config, "browser", f"{result.version} ({executable})")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Notes on the test's report which running services it had."""
    try:
        return (yield)
    finally:
        started = item.config.stash[STARTED]
        request = getattr(item, "_request", None)  # its names include fixtures asked for by getfixturevalue
        for fixture in sorted(started.keys() & set(getattr(request, "fixturenames", ()))):
            item.user_properties.append((fixture, started[fixture]))


def note_started(config: pytest.Config, fixture: str, version: str) -> None:
    """Remembers that a service runs, and which version says that it does."""
    config.stash[STARTED][fixture] = version


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which real services the tests used: counted from the reports, never from what was asked for."""
    used: Counter[tuple[str, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                used.update((name, value) for name, value in report.user_properties if name in SERVICES)
    terminalreporter.write_sep("-", "real services used")
    for fixture, title in SERVICES.items():
        found = [(version, count) for (name, version), count in used.items() if name == fixture]
        for version, count in found:
            terminalreporter.write_line(f"{title} {version}: {count} {'test' if count == 1 else 'tests'}")
        if not found:
            terminalreporter.write_line(f"{title}: not used by the tests that ran")
