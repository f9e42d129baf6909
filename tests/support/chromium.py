"""Finds the Chromium that browser tests drive, and installs one where that can be done."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# The one without windows first, as Playwright does itself: it renders the same for half of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# No traffic of its own, and no name but this machine's is ever looked up.
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
# Playwright's driver needs libatomic1, which a minimal Debian lacks and the browser does not bring.
APT_BROWSERS = ("chromium-headless-shell", "chromium")
APT_ALSO = ("libatomic1",)
OWN_BROWSER = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)
WHAT_TO_DO = f"""There is no Chromium that the browser tests can drive. Do one of these, then run script/test again:
  {sys.executable} -m playwright install --with-deps chromium
  sudo apt-get install --no-install-recommends {" ".join((APT_BROWSERS[-1], *APT_ALSO))}     (Debian)
  CHROMIUM=/path/to/chrome script/test"""


class ChromiumMissing(Exception):
    """There is no usable Chromium and none could be installed; the text says what to do."""


def ensure_chromium(say: Callable[[str], None] = print) -> str:
    """The path of a Chromium that starts, installed first where there is none; raises `ChromiumMissing`."""
    with _one_at_a_time():
        for prepare in (_nothing, _install_with_playwright, _install_with_apt):
            if prepare(say) and _driver_starts():
                found = find_chromium()
                if found:
                    return found
    raise ChromiumMissing(WHAT_TO_DO)


def find_chromium() -> str | None:
    """$CHROMIUM, else one of the system, else Playwright's own; the first that starts."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return chosen if _starts(chosen) else None
    on_path = (shutil.which(name) for name in NAMES)
    for candidate in (*on_path, *APPLICATIONS):
        if candidate and _starts(candidate):
            return candidate
    own = _run([sys.executable, "-c", OWN_BROWSER]).stdout.strip()
    return own if own and _starts(own) else None


def _nothing(say: Callable[[str], None]) -> bool:
    return True


def _install_with_playwright(say: Callable[[str], None]) -> bool:
    say("No Chromium found. Trying: playwright install chromium ...")
    return _run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode == 0


def _install_with_apt(say: Callable[[str], None]) -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = _run(["apt-get", "update"], quiet)
    for browser in APT_BROWSERS if done.returncode == 0 else ():
        say(f"Trying: apt-get install {' '.join((browser, *APT_ALSO))} ...")
        done = _run(["apt-get", "install", "-y", "--no-install-recommends", browser, *APT_ALSO], quiet)
        if done.returncode == 0:
            return True
    say(done.stdout[-2000:])
    return False


def _driver_starts() -> bool:
    return _run([sys.executable, "-m", "playwright", "--version"]).returncode == 0


def _starts(executable: str) -> bool:
    """Whether it can say its version: one without its libraries cannot."""
    try:
        return _run([executable, "--version"]).returncode == 0
    except OSError:
        return False


def _run(command: list[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Test processes that run side by side must not install at the same time."""
    path = Path(tempfile.gettempdir()) / f"chromium-install-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
