"""The fixtures of every test."""

pytest_plugins = [
    "tests.support.compiled",
    "tests.support.services",
    "tests.support.databases",
    "tests.support.order",
    "tests.support.unchecked",
    "tests.tenant.watch",
]
