"""The fixtures of every test."""

from hypothesis import settings

pytest_plugins = [
    "tests.support.compiled",
    "tests.support.services",
    "tests.support.databases",
    "tests.support.order",
    "tests.support.unchecked",
    "tests.tenant.watch",
]

# No test is timed against the clock: a busy machine is not a fault.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
