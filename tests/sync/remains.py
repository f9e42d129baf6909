"""What a worker would leave behind if it died now: a death that leaves the same as the last one ends the same."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.sync.world import World

OF_THE_MOMENT = {("mailbox", "claim_expires_at")}
"""Columns that tell no more than when it was: every commit renews the lease by the real clock."""


class Remains:
    """Watches the committed rows of a world and what its tenant was made to do."""

    def __init__(self, world: World) -> None:
        assert world.engine is not None and world.engine.url.database, "a world's SQLite is a file"
        self._world = world
        self._database = sqlite3.connect(world.engine.url.database)
        self._queries = [self._query(name) for (name,) in self._database.execute(_TABLES).fetchall()]
        self._last: object = None

    def are_new(self) -> bool:
        """Whether anything is otherwise than when this was last asked."""
        tenant = self._world.tenant
        faults = [(order.op, order.kind, order.hits) for order in tenant.faults.orders]
        rows = [self._database.execute(query).fetchall() for query in self._queries]
        now = (rows, faults, self._world.writes(), len(tenant.mails), self._world.now())
        before, self._last = self._last, now
        return now != before

    def close(self) -> None:
        """Stop watching."""
        self._database.close()

    def _query(self, table: str) -> str:
        columns: list[tuple[Any, ...]] = self._database.execute(f"PRAGMA table_info({table})").fetchall()
        kept = ", ".join(f'"{c[1]}"' for c in columns if (table, c[1]) not in OF_THE_MOMENT)
        return f'SELECT {kept} FROM "{table}"'


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
