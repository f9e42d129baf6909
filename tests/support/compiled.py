"""Pytest plugin: what every application and every small database would compile anew is compiled once a process.

Tests make hundreds of applications and databases; templates were over half of the time of a page's test, the
functions that build addresses a fifth, statements a third of that of a small world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from werkzeug.routing import Rule


class SharedTemplates(BytecodeCache):
    """Compiled templates of all applications, kept in memory; a changed source is compiled again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what another application compiled."""
        kept = self._kept.get(bucket.key)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the next."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_first: dict[str, Engine] = {}


def sharing_statements(engine: Engine) -> Engine:
    """The same engine, with the dialect and the compiled statements of the first one of its kind."""
    first = _first.setdefault(engine.dialect.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine


def share_builders() -> None:
    """What builds an address depends on its parts alone: equal rules of all applications share one function."""
    compile_builder, made = Rule._compile_builder, dict[tuple[Any, ...], Callable[..., tuple[str, str]]]()

    def shared(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        parts = (*rule._trace, append_unknown)
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        if parts not in made:
            made[parts] = compile_builder(rule, append_unknown)
        return made[parts]

    Rule._compile_builder = shared  # type: ignore[method-assign]


def pytest_configure(config: pytest.Config) -> None:
    """Before any application is made."""
    share_builders()
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": SharedTemplates()}
