"""Runs a set of processes together: starts them, watches them, and stops them in the reverse order."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from script.lib import process
from script.lib.data_folder import DataFolder

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.05
WATCH_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
TAIL_LINES = 15
STARTED = "== started ==\n"


@dataclass(frozen=True)
class Service:
    """One process to run. `restarts`: it is started again when it ends by itself; else all stop with it."""

    name: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    restarts: bool = False
    stdout: Path | None = None  # where its output goes instead of its log, for what it announces


@dataclass
class Running:
    """A service that was started; `pause` is how long its next restart waits."""

    service: Service
    child: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    pause: float = 0.0
    again_at: float | None = None


class StopAsked(Exception):
    """A person or the system asked us to stop."""


class ServiceFailed(Exception):
    """A service ended that must not, or was not ready in time; `log` is where its last words are."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        self.name = name
        self.reason = reason
        self.log = log
        super().__init__(f"{name} {reason}")

    def last_words(self) -> str:
        """The last lines that the service wrote since it was last started."""
        said = self.log.read_text(errors="replace").rpartition(STARTED)[2]
        return "\n".join(said.splitlines()[-TAIL_LINES:])


class Supervisor:
    """Used as a context: at its end, however it ends, every process is stopped, the last started first."""

    def __init__(
        self,
        folder: DataFolder,
        root: Path,
        say: Callable[[str], None],
        stop_seconds: float = process.STOP_SECONDS,
    ) -> None:
        self.folder = folder
        self.root = root
        self.say = say
        self.stop_seconds = stop_seconds
        self.address: str | None = None
        self._running: dict[str, Running] = {}
        self._asked = False
        self._wake, self._waker = os.pipe()

    def __enter__(self) -> Supervisor:
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in reversed(list(self._running)):
            running = self._running.pop(name)
            if running.again_at is None and not process.stop(running.child, seconds=self.stop_seconds):
                self.say(f"{name} did not stop when asked and was killed.")
        self.folder.note_running({})
        signal.set_wakeup_fd(-1)

    def start(self, service: Service) -> None:
        """Starts a service; its output goes to its log in the data folder."""
        self._check_stop()
        self._running[service.name] = Running(service, self._spawn(service))
        self._note()

    def run_to_end(self, service: Service, seconds: float = 120.0) -> None:
        """Runs a command that must end well before the rest may start."""
        self.start(service)
        child = self._running[service.name].child
        try:
            self._wait(lambda: child.poll() is not None, seconds)
            if child.returncode is None:
                raise self._failed(service.name, f"did not end within {seconds:g} s")
            if child.returncode:
                raise self._failed(service.name, f"failed ({_ending(child.returncode)})")
            process.end_session(child.pid)
            del self._running[service.name]
        finally:
            self._note()

    def wait_for(self, name: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Waits until the service is ready; raises `ServiceFailed` when any service ends, or the time does."""

        def is_ready() -> bool:
            for other, running in self._running.items():
                if running.child.poll() is not None:
                    raise self._failed(other, f"ended while starting ({_ending(running.child.returncode)})")
            return ready()

        if not self._wait(is_ready, seconds):
            raise self._failed(name, f"was not ready within {seconds:g} s")

    def watch(self) -> None:
        """Keeps all running until someone asks to stop (`StopAsked`) or a service that must not end does."""
        while True:
            now = time.monotonic()
            for running in self._running.values():
                if running.again_at is not None:
                    self._start_again(running, now)
                elif running.child.poll() is not None:
                    self._on_end(running, now)
            self._sleep(min([WATCH_SECONDS, *self._waits(now)]))
            self._check_stop()

    def _on_end(self, running: Running, now: float) -> None:
        service, code = running.service, running.child.returncode
        process.end_session(running.child.pid)
        if not service.restarts:
            raise self._failed(service.name, f"ended unexpectedly ({_ending(code)})")
        steady = now - running.since >= STEADY_SECONDS
        running.pause = 0.0 if steady else min(max(running.pause * 2, 1.0), LONGEST_PAUSE_SECONDS)
        running.again_at = now + running.pause
        soon = f"in {running.pause:g} s" if running.pause else "now"
        log = self.folder.log_path(service.name)
        self.say(f"{service.name} ended unexpectedly ({_ending(code)}); starting it again {soon}. Log: {log}")

    def _start_again(self, running: Running, now: float) -> None:
        if running.again_at is None or now < running.again_at:
            return
        running.child = self._spawn(running.service)
        running.since, running.again_at = now, None
        self._note()

    def _waits(self, now: float) -> list[float]:
        return [max(one.again_at - now, 0.0) for one in self._running.values() if one.again_at is not None]

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        with self.folder.open_log(service.name) as log:
            log.write(STARTED.encode())
            log.flush()
            if service.stdout is None:
                return process.spawn(service.arguments, env=service.env, cwd=self.root, stdout=log, stderr=log)
            with service.stdout.open("wb") as stdout:
                service.stdout.chmod(0o600)
                return process.spawn(service.arguments, env=service.env, cwd=self.root, stdout=stdout, stderr=log)

    def _note(self) -> None:
        pids = {name: running.child.pid for name, running in self._running.items()}
        self.folder.note_running(pids, self.address)

    def _failed(self, name: str, reason: str) -> ServiceFailed:
        return ServiceFailed(name, reason, self.folder.log_path(name))

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self._sleep(LOOK_SECONDS)
            self._check_stop()
        return True

    def _sleep(self, seconds: float) -> None:
        """Sleeps until a signal comes: a child has ended, or someone asks to stop."""
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 4096)

    def _check_stop(self) -> None:
        if self._asked:
            raise StopAsked

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked = True


def _ending(code: int) -> str:
    """How a process ended, for people."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
