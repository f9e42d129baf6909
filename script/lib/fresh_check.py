"""The part of script/fresh-check that runs on the fresh machine: starts and stops script/server as a person does.

    python3 fresh_check.py CHECKOUT

The user who runs it must have no other process: whatever is left of his counts as left behind.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

FIRST_SECONDS = 180
SECOND_SECONDS = 10
GONE_SECONDS = 15
READY = "Ctrl-C stops everything."


class CheckFailed(Exception):
    """Something was not as promised; the text says what."""


class Server:
    """One run of script/server, from its start to its printed address."""

    def __init__(self, checkout: Path, limit: float) -> None:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [checkout / "script" / "server"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        killer = threading.Timer(limit * 2, self.process.kill)
        killer.start()
        self.said = ""
        for line in self.process.stdout or ():
            self.said += line
            if READY in line:
                break
        killer.cancel()
        self.seconds = time.monotonic() - began
        print(self.said)
        if READY not in self.said:
            raise CheckFailed("script/server ended without an address")
        if self.seconds > limit:
            raise CheckFailed(f"ready after {self.seconds:.1f} s; promised: {limit} s")

    def find(self, pattern: str) -> str | None:
        """The first group of the pattern in what was printed."""
        found = re.search(pattern, self.said)
        return found[1] if found else None

    def answers(self) -> int:
        """The status of the panel's first page."""
        address = self.find(r"Panel\s+(http\S+)") or ""
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)

    def end(self, number: int) -> None:
        """Sends the signal, and sees that no process stays."""
        self.process.send_signal(number)
        self.process.wait(60)
        end = time.monotonic() + GONE_SECONDS
        while left := others():
            if time.monotonic() > end:
                raise CheckFailed(f"left behind after {signal.Signals(number).name}: {left}")
            time.sleep(0.05)


def others() -> list[str]:
    """The command lines of this user's other processes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            mine = entry.stat().st_uid == os.getuid() and int(entry.name) != os.getpid()
            command = (entry / "cmdline").read_text().replace("\0", " ").strip()
        except OSError:
            continue
        if mine and command and "fresh_check.py" not in command:
            found.append(command)
    return found


def main(checkout: Path) -> None:
    first = Server(checkout, FIRST_SECONDS)
    print(f"first start: {first.seconds:.1f} s, panel answers {first.answers()}")
    if not first.find(r"(First sign-in)"):
        raise CheckFailed("no password was shown at the first start")
    first.end(signal.SIGINT)
    print("Ctrl-C: no process left")

    second = Server(checkout, SECOND_SECONDS)
    print(f"second start: {second.seconds:.1f} s, panel answers {second.answers()}")
    if second.find(r"(First sign-in)"):
        raise CheckFailed("a second account was made at the second start")
    for value in (r"Panel\s+(\S+)", r"Outlook page\s+(\S+)", r"Secret Value\s+(\S+)"):
        if first.find(value) != second.find(value):
            raise CheckFailed(f"changed between two starts: {value}")
    second.end(signal.SIGKILL)
    print("kill -9 of script/server: no process left")

    third = Server(checkout, SECOND_SECONDS)
    third.end(signal.SIGTERM)
    print(f"start after the kill: {third.seconds:.1f} s; SIGTERM: no process left")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except CheckFailed as failed:
        sys.exit(f"NOT AS PROMISED: {failed}")
