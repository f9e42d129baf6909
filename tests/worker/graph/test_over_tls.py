"""The real session over real TLS on this machine: whom it trusts, and what it does without an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tenant import Tenant
from tests.tenant.server import TenantServer
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient, open_session
from worker.graph.errors import Broken
from worker.graph.throttle import Gate
from worker.graph.token import Credentials, TokenSource
from worker.sync import errors

ROOM = "oak@contoso.example"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TenantServer]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    tenant = Tenant(seed=1)
    tenant.add_room(ROOM)
    tenant.register_app()
    with TenantServer(tenant) as server:
        yield server


def calendar_at(server: TenantServer) -> GraphCalendar:
    tenant = server.tenant
    (app,) = tenant.apps.values()
    session = open_session()
    credentials = Credentials(tenant.tenant_id, app.client_id, app.secret)
    scope = f"{tenant.graph_origin}/.default"
    tokens = TokenSource(credentials, tenant.authority_origin, scope, session, now=tenant.clock.now)
    return GraphCalendar(GraphClient(tenant.graph_base_url, tokens, session, Gate()), ROOM)


def test_an_unknown_authority_is_tls_interception_and_nothing_was_sent(server: TenantServer):
    with pytest.raises(errors.Unavailable) as caught:
        calendar_at(server).calendar_key()
    assert (caught.value.trouble.code, caught.value.never_sent) == (Broken.TLS, True)
    assert server.tenant.requests == []


def test_the_authority_of_the_environment_is_trusted(server: TenantServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca_path))
    assert calendar_at(server).calendar_key()
    assert [request.path for request in server.tenant.requests] == [f"/users/{ROOM}/calendar"]
