"""One child process: started in a session of its own, ended with everything that it started."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02


def spawn(
    arguments: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child that Ctrl-C in the terminal does not reach, and that ends when this process is killed.

    Call it from the main thread: Linux sends the parent-death signal when the *thread* that started the
    child ends. Where the system has no such signal (macOS), the caller keeps the child's `identity`.
    `user` is a uid whose rights the child takes, without any group of ours.
    """
    return subprocess.Popen(
        [str(argument) for argument in arguments],
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_end_with_parent(),
        user=user,
        group=None if user is None else pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else [],
    )


def stop(child: subprocess.Popen[bytes], number: int = signal.SIGTERM, seconds: float = STOP_SECONDS) -> bool:
    """Asks the child to end, then ends it and all that is left of its session; False if it had to be killed."""
    if child.poll() is None:
        signal_quietly(child.pid, number)
    try:
        child.wait(seconds)
        obeyed = True
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        obeyed = False
    end_session(child.pid)
    return obeyed


def stop_leftover(pid: int, identity: str, seconds: float = STOP_SECONDS) -> bool:
    """Ends a process that an earlier start left behind; False where it is gone, or the id is another's now."""
    if process_identity(pid) != identity:
        return False
    signal_quietly(pid, signal.SIGTERM)
    if not wait_until(lambda: process_identity(pid) != identity, seconds):
        signal_quietly(pid, signal.SIGKILL)
        wait_until(lambda: process_identity(pid) != identity, seconds)
    end_session(pid)
    return True


def process_identity(pid: int) -> str | None:
    """What tells this process from a later one with the same id: when it started. None if it has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else f"ticks {fields[19]}"
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def end_session(leader: int) -> None:
    """Kills what a child that has ended left behind (a worker's work-horse has a group of its own)."""
    with suppress(ProcessLookupError, PermissionError):  # the usual case: the child took everything with it
        os.killpg(leader, signal.SIGKILL)
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def signal_quietly(pid: int, number: int) -> None:
    """Sends a signal to a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = LOOK_AGAIN_SECONDS) -> bool:
    """Looks until the condition holds, every so many seconds; False when the time is up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def _end_with_parent() -> Callable[[], None] | None:
    """Code for the child, before it becomes the command: SIGTERM when the parent dies (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    # Looked up here and not in the child, where loading a library between fork and exec could lock up.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def end_with_parent() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return end_with_parent
