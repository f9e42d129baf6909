"""The Procfile, as hosts and script/server read it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from script.lib.environment import ROOT
from script.lib.procfile import read_procfile, shell_arguments


def test_it_names_what_a_host_runs() -> None:
    assert list(read_procfile(ROOT / "Procfile")) == ["release", "web", "worker", "clock"]


def test_a_command_is_run_by_a_shell_that_gives_way_to_it(tmp_path: Path) -> None:
    script = tmp_path / "report"
    script.write_text("#!/bin/sh\necho $$ $PPID $1\n")
    script.chmod(0o755)
    command = shell_arguments(f"{script} ${{WEB_HOST:-0.0.0.0}}:$PORT")
    with subprocess.Popen(command, env={"PORT": "8123"}, stdout=subprocess.PIPE, text=True) as child:
        said, _ = child.communicate()

    assert said.split()[0] == str(child.pid)
    assert said.split()[2] == "0.0.0.0:8123"


def test_comments_and_blank_lines_are_not_processes(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# a note: not a process\n\nweb: gunicorn 'a:b()'  \n")

    assert read_procfile(tmp_path / "Procfile") == {"web": "gunicorn 'a:b()'"}
