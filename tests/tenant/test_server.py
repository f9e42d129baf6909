"""The tenant behind HTTPS, and as a process that outlives itself."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msal
import pytest
import requests

from tests.tenant import RealClock, Tenant, demo, persist
from tests.tenant.conftest import ROOM, event, until
from tests.tenant.entra import App
from tests.tenant.server import TenantServer

PROJECT = Path(__file__).parents[2]


def client_of(ca_path: str | Path) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.verify = str(ca_path)
    return made


def bearer(session: requests.Session, told: dict[str, Any]) -> dict[str, str]:
    form = {
        "client_id": told["client_id"],
        "client_secret": told["secret"],
        "grant_type": "client_credentials",
        "scope": f"{told['origin']}/.default",
    }
    answer = session.post(f"{told['origin']}/{told['tenant_id']}/oauth2/v2.0/token", data=form, timeout=10)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def server(tenant: Tenant, app: App) -> Iterator[TenantServer]:
    with TenantServer(tenant, hold_seconds=30) as made:
        yield made


@pytest.fixture
def told(server: TenantServer, app: App) -> dict[str, Any]:
    return {
        "origin": server.origin,
        "tenant_id": server.tenant.tenant_id,
        "client_id": app.client_id,
        "secret": app.secret,
        "events": f"{server.origin}/v1.0/users/{ROOM}/events",
    }


def test_entra_and_graph_share_one_https_origin_with_an_own_authority(
    server: TenantServer, told: dict[str, Any]
) -> None:
    session = client_of(server.ca_path)
    headers = bearer(session, told)
    made = session.post(told["events"], json=event(), headers=headers, timeout=10)
    assert made.status_code == 201 and made.headers["Location"].startswith(server.origin)
    assert session.get(told["events"], headers=headers, timeout=10).json()["value"][0]["id"] == made.json()["id"]
    session.verify = True
    with pytest.raises(requests.exceptions.SSLError):
        session.get(told["events"], headers=headers, timeout=10)


def test_msal_signs_in_over_https(server: TenantServer, app: App) -> None:
    client = msal.ConfidentialClientApplication(
        app.client_id,
        client_credential=app.secret,
        authority=f"{server.origin}/{server.tenant.domain}",
        instance_discovery=False,
        http_client=client_of(server.ca_path),
    )
    assert client.acquire_token_for_client([f"{server.origin}/.default"])["token_type"] == "Bearer"


@pytest.mark.parametrize(("kind", "left"), [("T-", 0), ("T+", 1)])
def test_a_lost_answer_is_a_timeout_of_the_client(
    server: TenantServer, told: dict[str, Any], kind: str, left: int
) -> None:
    session = client_of(server.ca_path)
    headers = bearer(session, told)
    server.tenant.faults.add("create", kind)
    with pytest.raises(requests.ReadTimeout):
        session.post(told["events"], json=event(), headers=headers, timeout=0.5)
    until(lambda: len(server.tenant.requests) > 0)
    until(lambda: len(server.tenant.events(ROOM)) == left)


def test_a_dropped_connection_breaks(server: TenantServer, told: dict[str, Any]) -> None:
    session = client_of(server.ca_path)
    headers = bearer(session, told)
    server.tenant.faults.add("list", "drop")
    with pytest.raises(requests.ConnectionError):
        session.get(told["events"], headers=headers, timeout=10)
    assert session.get(told["events"], headers=headers, timeout=10).status_code == 200


def test_throttling_is_on_in_the_server(server: TenantServer) -> None:
    assert server.tenant.throttle.enabled and server.tenant.throttle.concurrent == 4


def test_further_pages_can_be_hung_in(server: TenantServer) -> None:
    def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [environ["PATH_INFO"].encode().ljust(5)]

    server.app.mount("/more", page)
    assert client_of(server.ca_path).get(f"{server.origin}/more/day", timeout=10).text.strip() == "/day"


def test_the_demo_has_rooms_in_two_buildings_people_and_meetings_around_now() -> None:
    tenant = demo.build(seed=1)
    rooms = [box for box in tenant.mailboxes() if box.kind == "room"]
    assert len(rooms) == 12 and len({box.place["building"] for box in rooms}) == 2
    assert len([box for box in tenant.mailboxes() if box.kind == "person"]) == 6
    held = [row for box in rooms for row in tenant.events(box.address)]
    assert {"seriesMaster", "singleInstance"} <= {row["type"] for row in held}
    assert any(row["sensitivity"] == "private" for row in held) and any(row["is_all_day"] for row in held)


def test_a_snapshot_brings_everything_back(tmp_path: Path, tenant: Tenant, app: App) -> None:
    booked = tenant.as_delegate(ROOM).book("kept", tenant.clock.now(), tenant.clock.now(), body="text")
    tenant.as_person("ada@contoso.example").book("later", tenant.clock.now(), tenant.clock.now(), rooms=[ROOM])
    persist.save(tmp_path, tenant)
    again: Tenant = persist.load(tmp_path)["tenant"]  # type: ignore[index]
    assert again.events(ROOM) == tenant.events(ROOM)
    assert again.apps[app.client_id].secret == app.secret and booked.ical_uid
    tenant.settle()
    again.settle()
    assert again.events(ROOM) == tenant.events(ROOM)


def test_an_unreadable_snapshot_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / persist.STATE_FILE).write_bytes(b"half a snapsh")
    assert persist.load(tmp_path) is None
    assert (tmp_path / "tenant.unreadable").exists()


def start(folder: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tenant", "--data", str(folder)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 60)
    assert ready, "the tenant did not introduce itself"
    return process, json.loads(process.stdout.readline())


def test_a_killed_tenant_goes_on_with_the_same_data_authority_and_secret(tmp_path: Path) -> None:
    process, told = start(tmp_path)
    try:
        session = client_of(told["ca_path"])
        headers = bearer(session, told)
        events = f"{told['graph_base_url']}/users/cedar@contoso.example/events"
        made = session.post(events, json=event(), headers=headers, timeout=10).json()
        window = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2027-01-20T00:00:00Z"
        view = f"{told['graph_base_url']}/users/cedar@contoso.example/calendarView/delta?{window}"
        link = session.get(view, headers=headers, timeout=10).json()["@odata.deltaLink"]
        until(lambda: _is_kept(tmp_path, made["iCalUId"]))
    finally:
        process.kill()
        process.communicate()
    process, again = start(tmp_path)
    try:
        assert again == told
        headers = bearer(session, again)
        assert session.get(f"{events}/{made['id']}", headers=headers, timeout=10).json()["subject"] == made["subject"]
        assert session.get(link, headers=headers, timeout=10).status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def _is_kept(folder: Path, uid: str) -> bool:
    """Whether the snapshot on disk has an event and the delta session begun after it."""
    kept = persist.load(folder)
    if kept is None:
        return False
    box = kept["tenant"].mailbox("cedar@contoso.example")
    return box.copy_of(uid) is not None and bool(box.sessions)


def test_assistants_act_by_themselves_under_a_real_clock() -> None:
    tenant = Tenant(clock=RealClock())
    room = tenant.add_room(ROOM)
    assert room.policy is not None
    room.policy.delay = 0.0
    room.policy.rewrite_delay = 0.0
    ada = tenant.add_person("ada@contoso.example", "Ada")
    with TenantServer(tenant):
        tenant.as_person(ada.address).book("x", tenant.clock.now(), tenant.clock.now(), rooms=[ROOM])
        until(lambda: tenant.events(ROOM)[0]["subject"] == "Ada")
    assert tenant.events(ROOM)[0]["response"] == "accepted"
