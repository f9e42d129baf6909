"""What gunicorn is told of the panel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SERVED = """
import gc
from webapp.serving import NEW_OBJECTS, post_worker_init
before = gc.get_freeze_count()
post_worker_init(None)
print(before, gc.get_freeze_count(), gc.get_threshold()[0] == NEW_OBJECTS)
"""


def test_what_a_web_process_loaded_is_left_out_of_garbage_collection() -> None:
    """In a process of its own: it cannot be taken back."""
    done = subprocess.run([sys.executable, "-c", SERVED], check=True, cwd=ROOT, capture_output=True, text=True)
    before, after, is_patient = done.stdout.split()
    assert (before, is_patient) == ("0", "True")
    assert int(after) > 1_000


def test_the_procfile_serves_the_panel_with_these_settings() -> None:
    assert "--config python:webapp.serving" in (ROOT / "Procfile").read_text()
