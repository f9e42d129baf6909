"""How gunicorn serves the panel: settings that the Procfile names by `--config python:webapp.serving`."""

from __future__ import annotations

import gc
from typing import Any

NEW_OBJECTS = 20_000
"""After so many new objects garbage is looked for; a page with a long list makes as many."""


def post_worker_init(_worker: Any) -> None:
    """What gunicorn calls in each of its processes once the panel is loaded."""
    settle_memory()


def settle_memory() -> None:
    """Look for garbage among new objects alone, and less often.

    Without it a page that makes many objects waits, now and then, until everything that was ever imported has been
    looked through: as long as the page itself takes (docs/pages.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
