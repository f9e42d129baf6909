"""The environment on a machine with nothing but Python; a small wheel of our own stands for the packages."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from script.lib.environment import ROOT, Environment, EnvironmentFailed, fingerprints


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the vendored pip and two requirements files; pip finds packages in `wheels` only."""
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "vendor").symlink_to(ROOT / "script" / "vendor")
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "parrot")
    make_wheel(tmp_path / "wheels", "ferret")
    (tmp_path / "base.txt").write_text("parrot==1.0\n")
    (tmp_path / "more.txt").write_text("-r base.txt\nferret==1.0\n")
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def make_wheel(folder: Path, name: str) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def imports(environment: Environment, module: str) -> bool:
    return subprocess.run([environment.python, "-c", f"import {module}"], check=False).returncode == 0


def test_it_is_made_without_ensurepip_and_the_second_time_nothing_is_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: object) -> None:  # as on Debian without python3-venv
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(venv.EnvBuilder, "_setup_pip", missing)
    environment = Environment(checkout)

    assert environment.ensure("base.txt")
    assert imports(environment, "parrot")
    assert not imports(environment, "ferret")
    assert not environment.ensure("base.txt")


def test_what_a_larger_file_includes_needs_no_second_installation(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.ensure("more.txt")

    assert imports(environment, "ferret")
    assert not environment.ensure("base.txt")


def test_a_changed_pin_in_an_included_file_installs_again(checkout: Path) -> None:
    before = fingerprints(checkout / "more.txt")
    (checkout / "base.txt").write_text("parrot==1.1\n")

    assert fingerprints(checkout / "more.txt")["more.txt"] != before["more.txt"]


def test_a_folder_that_was_moved_gets_a_new_environment(checkout: Path, tmp_path: Path) -> None:
    Environment(checkout).ensure("base.txt")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("script", "base.txt", ".venv"):
        (checkout / name).rename(moved / name)
    environment = Environment(moved)

    assert environment.ensure("base.txt")
    assert str(moved) in (environment.folder / "bin" / "pip").read_text().splitlines()[0]


def test_a_failed_installation_says_what_pip_said_and_is_tried_again(checkout: Path) -> None:
    (checkout / "base.txt").write_text("parrot==1.0\nunicorn==9\n")
    environment = Environment(checkout)
    with pytest.raises(EnvironmentFailed, match="unicorn"):
        environment.ensure("base.txt")

    make_wheel(checkout / "wheels", "unicorn")
    (checkout / "base.txt").write_text("parrot==1.0\nunicorn==1.0\n")
    assert environment.ensure("base.txt")


@pytest.mark.parametrize("entry", ["server", "test"])
def test_an_older_python_is_refused_in_one_line(entry: str, tmp_path: Path) -> None:
    source = (ROOT / "script" / entry).read_text()
    pretend = tmp_path / "entry"
    pretend.write_text(source.replace("import sys\n", "import sys\nsys.version_info = (3, 9, 6)\n", 1))
    ended = subprocess.run([sys.executable, str(pretend)], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == f"script/{entry} needs Python 3.11 or newer; this is Python 3.9.\n"
