"""Nobody looks into people's calendars: `assert_proper(tenant)` judges one tenant by personal.py.

As a plugin (tests/conftest.py has it in `pytest_plugins`) the fixture below judges after each test what every tenant
of this process was asked meanwhile, over HTTPS or without; a folder that asks improper things on purpose overrides it
by its name. A tenant that is a process of its own says what it was asked when it ends (tests/support/demo.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tenant import personal
from tests.tenant.tenant import Tenant


def assert_proper(tenant: Tenant) -> None:
    """Fail where a person's mailbox was asked for more than may be."""
    asked = personal.improper_requests(tenant)
    assert not asked, "improper in persons' mailboxes:\n" + "\n".join(asked)


@pytest.fixture(autouse=True)
def people_are_left_alone() -> Iterator[None]:
    """Fail a test in which any tenant was asked for more of a person's mailbox than may be."""
    yield
    asked = sorted(set(personal.seen))
    personal.seen.clear()
    assert not asked, "improper in persons' mailboxes:\n" + "\n".join(asked)
