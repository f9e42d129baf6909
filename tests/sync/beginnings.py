"""How most scenarios begin: rooms that are linked, whose first full runs are over. Made once for each set of rooms,
people and settings, and copied from then on, database and tenant alike.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tests.sync.world import World

_OWN = frozenset({"lock", "throttle", "on_change", "_listeners"})
"""What a tenant does not take over from another."""


class _Whoever:
    """Stands for the tenant itself in what was kept of one."""


_WHOEVER = _Whoever()
Found = TypeVar("Found")


@dataclass(frozen=True)
class Beginning:
    """A world as it was kept, and what its making gave."""

    database: Path
    tenant: dict[str, Any]
    rooms: dict[str, int]
    found: Any

    def put_into(self, world: World) -> Any:
        """Make a world that was just made this one."""
        path = _file_of(world)
        world.engine.dispose()
        for rest in path.parent.glob(f"{path.name}-*"):
            rest.unlink()
        shutil.copy(self.database, path)
        state, found = copy.deepcopy((self.tenant, self.found), {id(_WHOEVER): world.tenant})
        world.tenant.__dict__.update(state)
        world.app = world.tenant.apps[world.app.client_id]
        world.rooms.update(self.rooms)
        world.client = world.new_client()
        return found


_KEPT: dict[tuple[object, ...], Beginning] = {}


def begin(world: World, key: object, make: Callable[[World], Found]) -> Found:
    """The world as `make` leaves one that was just made; what `make` gives may hold events, but not the world."""
    if world.engine.dialect.name != "sqlite":
        return make(world)
    whole = (world.seed, key, *_set_before(world))
    if whole not in _KEPT:
        _KEPT[whole] = _keep(world, make(world))
    found: Found = _KEPT[whole].put_into(world)  # the first time too, so that all scenarios begin alike
    return found


def _set_before(world: World) -> tuple[str, ...]:
    """What a scenario may have settled of its tenant before: another world."""
    tenant = world.tenant
    assert not (world.rooms or tenant.requests or tenant.faults.orders), "a beginning is the first of a scenario"
    people = [f"{one.address} {one.time_zone}" for one in tenant.mailboxes()]
    return (repr(tenant.switches), repr(tenant.mutators), *people)


def _keep(world: World, found: object) -> Beginning:
    tenant = world.tenant
    assert not tenant._listeners and tenant.on_change is None, "nobody listens yet"
    with world.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database = Path(tempfile.mkdtemp(prefix="world-beginning-", dir=_file_of(world).parents[1])) / "kept.db"
    shutil.copy(_file_of(world), database)
    state = {name: value for name, value in vars(tenant).items() if name not in _OWN}
    state, found = copy.deepcopy((state, found), {id(tenant): _WHOEVER})
    return Beginning(database, state, dict(world.rooms), found)


def _file_of(world: World) -> Path:
    assert world.engine.url.database is not None, "a world's SQLite is a file"
    return Path(world.engine.url.database)
