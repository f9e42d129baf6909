"""The supervisor over small shell commands: who is started again, who takes all down, and that nothing stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from script.lib.process import wait_until
from tests.script.runs import LONG, Run, is_alive, noting

SLEEP = "exec sleep 600"
NEEDS_PARENT_DEATH_SIGNAL = sys.platform.startswith("linux")


def test_ctrl_c_stops_everything_in_the_reverse_order_of_starting(start: Callable[..., Run], tmp_path: Path) -> None:
    order = tmp_path / "order"
    services = [
        f"{name}="
        + noting(tmp_path, name, f'trap "echo {name} >> {order}; exit 0" TERM; while :; do sleep 0.05; done')
        for name in ("valkey", "tenant", "web")
    ]
    run = start(*services)
    pids = [run.pid(name) for name in ("valkey", "tenant", "web")]
    run.process.send_signal(signal.SIGINT)

    assert run.ends() == 0
    assert order.read_text().split() == ["web", "tenant", "valkey"]
    assert not [pid for pid in pids if is_alive(pid)]


def test_what_a_child_started_in_a_group_of_its_own_goes_with_it(start: Callable[..., Run], tmp_path: Path) -> None:
    horse = tmp_path / "horse.py"
    horse.write_text(
        "import os, signal\nos.setpgrp()\n"
        f"open('{tmp_path}/horse.pid', 'w').write(f'{{os.getpid()}}\\n')\nsignal.pause()\n"
    )
    script = tmp_path / "worker.sh"
    script.write_text(f"{sys.executable} {horse} &\nexec sleep 600\n")
    run = start(f"worker=sh {script}")
    horse_pid = run.pid("horse")
    run.process.send_signal(signal.SIGTERM)

    assert run.ends() == 0
    assert wait_until(lambda: not is_alive(horse_pid), LONG)


def test_a_killed_supervisor_leaves_nothing_behind(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(f"web={noting(tmp_path, 'web', SLEEP)}", f"worker!={noting(tmp_path, 'worker', SLEEP)}")
    pids = [run.pid("web"), run.pid("worker")]
    run.wait_for("ready")
    run.process.kill()
    run.ends()
    if not NEEDS_PARENT_DEATH_SIGNAL:  # elsewhere the next start ends what was left
        start("web=sleep 600").wait_for("leftovers: web,worker")

    assert wait_until(lambda: not any(is_alive(pid) for pid in pids), LONG)


def test_the_next_start_stops_what_a_killed_one_left_running(start: Callable[..., Run], tmp_path: Path) -> None:
    stubborn = noting(tmp_path, "valkey", 'trap "" TERM; while :; do sleep 0.05; done')
    first = start(f"valkey={stubborn}")
    pid = first.pid("valkey")
    first.wait_for("ready")
    first.process.kill()
    first.ends()
    assert is_alive(pid)

    second = start("web=sleep 600")
    second.wait_for("leftovers: valkey")
    second.wait_for("ready")
    assert not is_alive(pid)


def test_a_noted_pid_that_now_belongs_to_another_program_is_left_alone(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as other:
        note = {"children": {"web": [other.pid, "ticks 1"]}}
        (tmp_path / "data" / "running.json").write_text(json.dumps(note))
        run = start("web=sleep 600")
        run.wait_for("ready")
        still_there = other.poll() is None
        other.kill()

    assert still_there
    assert run.said.startswith("leftovers: \n")


def test_a_worker_that_dies_is_started_again_and_the_line_says_why(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(f"worker!={noting(tmp_path, 'worker', SLEEP)}")
    first = run.pid("worker")
    os.kill(first, signal.SIGKILL)

    run.wait_for("worker ended unexpectedly (killed by SIGKILL); starting it again in 1 s.")
    assert wait_until(lambda: len(run.pids("worker")) == 2, LONG)
    assert is_alive(run.pid("worker"))
    assert run.process.poll() is None


def test_a_tenant_that_dies_stops_everything_with_its_last_words(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(f"web={noting(tmp_path, 'web', SLEEP)}", "tenant=sh -c 'echo the port is taken; exit 3'")

    assert run.ends() == 1
    assert "failed: tenant ended unexpectedly (exit code 3) | the port is taken" in run.said
    assert not is_alive(run.pid("web"))


def test_last_words_are_those_of_the_last_start(start: Callable[..., Run]) -> None:
    start("tenant=sh -c 'echo an old complaint; exit 3'").ends()
    run = start("tenant=sh -c 'exit 4'")

    assert run.ends() == 1
    assert run.said.rstrip().endswith("failed: tenant ended unexpectedly (exit code 4) |")


def test_a_child_that_ignores_the_request_to_stop_is_killed_and_named(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    run = start(f"web={noting(tmp_path, 'web', 'trap : TERM; while :; do sleep 0.05; done')}")
    pid = run.pid("web")
    run.process.send_signal(signal.SIGINT)

    assert run.ends() == 0
    assert "web did not stop when asked and was killed." in run.said
    assert not is_alive(pid)


def test_a_second_supervisor_on_the_same_folder_is_refused(start: Callable[..., Run]) -> None:
    first = start("web=sleep 600")
    first.wait_for("ready")
    second = start("web=sleep 600")

    assert second.ends() != 0
    assert "FolderInUse" in second.said
    assert first.process.poll() is None
