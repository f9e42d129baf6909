"""Makes and enters the project's virtual environment, on a machine that has only Python.

The environment is made without `ensurepip` (Debian and Ubuntu leave it out) and gets its pip from the
wheel in script/vendor. A stamp in it remembers what was installed, so the next start installs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]


class EnvironmentFailed(Exception):
    """The environment could not be made; `step` says what failed, `output` is what the tool said."""

    def __init__(self, step: str, output: str) -> None:
        self.step = step
        self.output = output
        super().__init__(f"{step} failed:\n{output}")


def enter(requirements: str, module: str, arguments: list[str]) -> NoReturn:
    """Makes the environment if needed, then becomes `python -m module arguments` inside it."""
    environment = Environment(ROOT)
    try:
        environment.ensure(requirements)
    except EnvironmentFailed as failed:
        sys.exit(f"{failed}\nNothing was started. The next try goes on from here.")
    except KeyboardInterrupt:
        sys.exit("\nStopped while installing. The next try goes on from here.")
    os.chdir(ROOT)
    os.environ.update(environment.variables(os.environ))
    os.execv(environment.python, [str(environment.python), "-m", module, *arguments])


class Environment:
    """The virtual environment of one checkout, in its folder `.venv`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._stamp = self.folder / "installed.json"

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What makes the environment's commands the first ones found."""
        return {
            "VIRTUAL_ENV": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}",
        }

    def ensure(self, requirements: str) -> bool:
        """Brings what the file lists into the environment; False where everything was there already."""
        wanted = fingerprints(self.root / requirements)
        if self._is_usable() and self._installed().items() >= wanted.items():
            return False
        with _only_one(self.root):
            if not self._is_usable():
                self._make()
            installed = self._installed()
            if installed.items() >= wanted.items():
                return False
            print(f"Installing the packages of {requirements} into .venv (a minute or less) ...", flush=True)
            self._run(
                f"Installing {requirements}",
                ["-m", "pip", "install", "--only-binary", ":all:", "-r", str(self.root / requirements)],
            )
            stamp = {"folder": str(self.folder), "requirements": installed | wanted}
            self._stamp.write_text(json.dumps(stamp, indent=1))
        return True

    def _is_usable(self) -> bool:
        """Whether it has a pip, belongs to this version of Python, and was not moved here from elsewhere."""
        made_in = self._read_stamp().get("folder", str(self.folder))
        if made_in != str(self.folder) or not self.python.exists():
            return False
        look = "import sys, pip; print('{}.{}'.format(*sys.version_info[:2]))"
        seen = subprocess.run([self.python, "-c", look], capture_output=True, text=True, check=False)
        return seen.stdout.strip() == "{}.{}".format(*sys.version_info[:2])

    def _make(self) -> None:
        print("Making the Python environment in .venv ...", flush=True)
        venv.create(self.folder, clear=True, symlinks=True, with_pip=False)
        wheel = vendored_pip(self.root)
        self._run("Installing pip", [f"{wheel}/pip", "install", "--no-index", str(wheel)])

    def _installed(self) -> dict[str, str]:
        return dict(self._read_stamp().get("requirements", {}))

    def _read_stamp(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._stamp.read_text()))
        except (OSError, ValueError):
            return {}

    def _run(self, step: str, arguments: list[str]) -> None:
        command = [str(self.python), *arguments, "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise EnvironmentFailed(step, done.stdout.strip())


def fingerprints(requirements: Path) -> dict[str, str]:
    """A digest for the file and for each file that it includes: {name: digest of its whole content}."""
    found: dict[str, str] = {}
    digest = hashlib.sha256()
    for line in requirements.read_text().splitlines():
        digest.update(line.encode() + b"\n")
        if line.startswith("-r "):
            included = requirements.parent / line[3:].strip()
            found |= fingerprints(included)
            digest.update(found[included.name].encode())
    found[requirements.name] = digest.hexdigest()
    return found


def vendored_pip(root: Path) -> Path:
    """The pip wheel kept in the repository."""
    (wheel,) = (root / "script" / "vendor").glob("pip-*.whl")
    return wheel


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Lets one process at a time change the environment; the others wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
