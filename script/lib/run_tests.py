"""script/test: runs pytest inside the environment. Linters, type checks and import arrows are tests too."""

from __future__ import annotations

import os
import sys

PROCESSES = min(os.cpu_count() or 1, 4) + 1
"""One more than cores: the tests with real workers and browsers wait for most of their time."""

WHOLE_SUITE = ["--numprocesses", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"]
"""Files side by side, the slow ones first, all with a browser together (`tests/support/order.py`). Each process has a
Valkey and a PostgreSQL of its own."""


def main(arguments: list[str]) -> None:
    """Becomes pytest; without arguments the whole suite runs, so its browser is made ready first."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start many processes: each would compile everything anew
    if not arguments:
        arguments = WHOLE_SUITE
        from tests.support.chromium import ChromiumMissing, ensure_chromium

        try:
            ensure_chromium(lambda text: print(text, flush=True))
        except ChromiumMissing as missing:
            sys.exit(str(missing))
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
