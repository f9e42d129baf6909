"""Keeping a tenant on disk: an atomic snapshot soon after each change, taken up again by the next start."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

STATE_FILE = "tenant.pickle"
FORMAT = 1
log = logging.getLogger(__name__)


def load(folder: Path) -> Any | None:
    """The state that an earlier run left in a folder; None where there is none that can be read."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        kept = pickle.loads(path.read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError, KeyError) as error:
        path.rename(path.with_suffix(".unreadable"))
        log.warning("the kept tenant could not be read and was set aside: %s", type(error).__name__)
        return None
    return kept if kept.get("format") == FORMAT else None


def save(folder: Path, tenant: Tenant, **beside: Any) -> None:
    """Write a snapshot: a whole new file first, then put in place of the old one."""
    with tenant.lock:
        raw = pickle.dumps({"format": FORMAT, "tenant": tenant, **beside}, protocol=pickle.HIGHEST_PROTOCOL)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STATE_FILE
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600, exist_ok=True)
    fresh.write_bytes(raw)
    fresh.replace(path)


class Keeper:
    """A thread that writes a snapshot whenever something changed, as often as its size allows."""

    def __init__(self, folder: Path, tenant: Tenant, **beside: Any) -> None:
        self.folder, self.tenant, self.beside = folder, tenant, beside
        self._dirty, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tenant-keeper", daemon=True)
        tenant.on_change = self._dirty.set

    def start(self) -> None:
        """Write once, then after each change."""
        save(self.folder, self.tenant, **self.beside)
        self._thread.start()

    def stop(self) -> None:
        """Write a last time."""
        self._stop.set()
        self._dirty.set()
        self._thread.join()
        save(self.folder, self.tenant, **self.beside)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._dirty.wait()
            self._dirty.clear()
            began = time.monotonic()
            save(self.folder, self.tenant, **self.beside)
            self._stop.wait(min(5.0, 4 * (time.monotonic() - began)))
