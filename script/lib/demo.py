"""script/server: the whole product on this machine. Composes the services; the supervisor runs them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from script.lib.data_folder import DataFolder, FolderInUse, KeysUnreadable, next_free_port
from script.lib.environment import ROOT
from script.lib.procfile import read_procfile, shell_arguments
from script.lib.supervisor import Service, ServiceFailed, StopAsked, Supervisor
from script.lib.valkey import NoValkey, answers_ping, valkey_arguments

FIRST_PORT = "8000"
# Below the ports that systems lend to outgoing connections, so that they are free again at the next start.
TENANT_PORT = 8443
VALKEY_PORT = 6380
ENSURE_ADMIN = "flask --app webapp:create_app users ensure-admin"


def main(arguments: list[str]) -> int:
    """Runs until stopped; the exit code is 0 after Ctrl-C and 1 where something failed."""
    options = _parse(arguments)
    folder = DataFolder(Path(os.environ.get("DATA_DIR") or ROOT / ".data"))
    try:
        folder.lock()
        return _run(folder, with_tenant=options.tenant)
    except FolderInUse as error:
        where = f" Its panel: {error.address}" if error.address else ""
        _say(f"script/server is running already on {error.path}.{where}")
    except KeysUnreadable as error:
        _say(f"{error.path} is damaged. Put back a copy of it: without these keys the stored secrets are lost.")
    except NoValkey as error:
        _say(f"There is no embedded Valkey for this system ({error.reason}). Set REDIS_URL to a server of yours.")
    return 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Runs panel, worker and clock with an embedded Valkey and a simulated Microsoft 365 tenant.",
        epilog="Environment: PORT (8000, or the next free one), WEB_HOST (127.0.0.1), DATA_DIR (.data), "
        "DATABASE_URL (SQLite in DATA_DIR), REDIS_URL (the embedded Valkey). Ctrl-C stops everything.",
    )
    parser.add_argument(
        "--no-tenant",
        dest="tenant",
        action="store_false",
        help="no simulated tenant: for a real Microsoft 365 tenant",
    )
    return parser.parse_args(arguments)


def _run(folder: DataFolder, with_tenant: bool) -> int:
    for name in folder.stop_leftovers():
        _say(f"Stopped {name}, which an earlier start had left running.")
    try:
        with Supervisor(folder, ROOT, _say) as supervisor:
            _run_until_stopped(supervisor, folder, with_tenant)
    except ServiceFailed as failed:
        _say(f"{failed.name} {failed.reason}, so everything was stopped. Its last words ({failed.log}):")
        _say(failed.last_words() or "(none)")
        return 1
    _say(f"Stopped. Your data stays in {folder.path}")
    return 0


def _run_until_stopped(supervisor: Supervisor, folder: DataFolder, with_tenant: bool) -> None:
    try:
        _start_all(supervisor, folder, with_tenant)
        supervisor.watch()
    except StopAsked:
        _say("Stopping ...")


def _start_all(supervisor: Supervisor, folder: DataFolder, with_tenant: bool) -> None:
    """Starts everything in the order in which each needs the one before, then says where it is."""
    commands = read_procfile(ROOT / "Procfile")
    env = _settings(folder)
    if "REDIS_URL" not in env:
        env["REDIS_URL"] = _start_valkey(supervisor, folder, env)
    tenant = _start_tenant(supervisor, folder, env) if with_tenant else None
    if tenant:
        env |= _tenant_settings(tenant)
    supervisor.run_to_end(Service("release", shell_arguments(commands["release"]), env))
    sign_in = _ensure_admin(supervisor, folder, env)
    port = _panel_port(os.environ.get("PORT") or FIRST_PORT)
    env["PORT"] = str(port)
    supervisor.address = f"http://localhost:{port}"
    for name in ("clock", "worker", "web"):
        supervisor.start(Service(name, shell_arguments(commands[name]), env, restarts=True))
    supervisor.wait_for("web", lambda: _answers(f"http://127.0.0.1:{port}/"))
    _say(_summary(supervisor.address, sign_in, tenant, folder))


def _settings(folder: DataFolder) -> dict[str, str]:
    """The environment of every process. What a person set stands; the rest comes from the data folder."""
    own = folder.keys() | {
        "DATABASE_URL": f"sqlite:///{folder.path / 'app.db'}",
        "WEB_HOST": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }
    return own | {name: value for name, value in os.environ.items() if value} | {"DATA_DIR": str(folder.path)}


def _start_valkey(supervisor: Supervisor, folder: DataFolder, env: Mapping[str, str]) -> str:
    port = _kept_port(folder, "valkey", VALKEY_PORT)
    supervisor.start(Service("valkey", valkey_arguments(port, folder.path / "valkey"), env, restarts=True))
    supervisor.wait_for("valkey", lambda: answers_ping(port))
    return f"redis://127.0.0.1:{port}/0"


def _start_tenant(supervisor: Supervisor, folder: DataFolder, env: Mapping[str, str]) -> dict[str, Any]:
    """Starts the simulated tenant; what it announces: addresses, CA file and the connection's values."""
    port = _kept_port(folder, "tenant", TENANT_PORT)
    announced = folder.path / "tenant.out"
    command = [sys.executable, "-m", "tests.tenant", "--port", str(port), "--data", str(folder.path / "tenant")]
    supervisor.start(Service("tenant", command, env, stdout=announced))
    supervisor.wait_for("tenant", lambda: announced.read_text().endswith("\n"))
    return dict(json.loads(announced.read_text().splitlines()[0]))


def _tenant_settings(tenant: Mapping[str, str]) -> dict[str, str]:
    return {
        "ENTRA_AUTHORITY": tenant["authority"],
        "GRAPH_BASE_URL": tenant["graph_base_url"],
        "REQUESTS_CA_BUNDLE": tenant["ca_path"],
        "no_proxy": "localhost,127.0.0.1",  # a company's proxy cannot reach this machine's own ports
    }


def _panel_port(wanted: str) -> int:
    first = int(wanted) if wanted.isdigit() else int(FIRST_PORT)
    port = next_free_port(first)
    if str(port) != wanted:
        _say(f"Port {wanted} cannot be had; the panel uses {port}.")
    return port


def _kept_port(folder: DataFolder, name: str, first: int) -> int:
    port, moved = folder.port(name, first)
    if moved:
        _say(f"The port that {name} had is taken; it moves to {port}.")
    return port


def _ensure_admin(supervisor: Supervisor, folder: DataFolder, env: Mapping[str, str]) -> dict[str, str]:
    """The first admin's `email` and `password`; nothing where somebody has an account already."""
    said = folder.path / "admin.out"
    try:
        supervisor.run_to_end(Service("admin", shell_arguments(ENSURE_ADMIN), env, stdout=said))
        return dict(part.split("=", 1) for part in said.read_text().split())
    finally:
        said.unlink(missing_ok=True)  # it holds a password


def _answers(url: str) -> bool:
    """Whether the panel answers with a page, whichever."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _summary(address: str, sign_in: Mapping[str, str], tenant: Mapping[str, str] | None, folder: DataFolder) -> str:
    lines = ["", f"Panel          {address}"]
    if sign_in:
        lines += [
            "",
            "First sign-in (the password is shown this once):",
            f"  Email                  {sign_in['email']}",
            f"  Password               {sign_in['password']}",
        ]
    if tenant:
        lines += [
            "",
            f"Outlook page   {tenant['outlook_url']}",
            "               (the simulated tenant; its certificate is its own, so the browser asks once)",
            "",
            "Settings > Environment > Office 365 Integration > ADD:",
            "  Name                   demo",
            f"  Application/Client ID  {tenant['client_id']}",
            f"  Tenant ID              {tenant['tenant_id']}",
            f"  Secret ID              {tenant['secret_id']}",
            f"  Secret Value           {tenant['secret']}",
        ]
    return "\n".join([*lines, "", f"Data and logs  {folder.path}", "Ctrl-C stops everything.", ""])


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
