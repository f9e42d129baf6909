"""Tokens, and every way in which Entra or the network gives none."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import requests

from tests.worker.graph.conftest import Clock, token_source
from tests.worker.graph.wire import AUTHORITY, CLIENT, SECRET, TENANT, Wire, discovery, granted, reply
from worker.graph.errors import Broken
from worker.sync import errors


class Shelf:
    """A cache that other processes share."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load(self, key: str) -> str | None:
        return self.kept.get(key)

    def save(self, key: str, text: str) -> None:
        self.kept[key] = text


def refused(number: int, error: str = "invalid_client", status: int = 401) -> requests.Response:
    """Entra's refusal."""
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: Nothing to branch on.\r\nTrace ID: t",
        "error_codes": [number],
        "timestamp": "2026-03-02 09:00:00Z",
        "trace_id": "trace",
        "correlation_id": "correlation",
    }
    return reply(status, body)


def test_a_token_is_asked_for_with_the_scope_of_graphs_origin(wire: Wire, clock: Clock):
    token = token_source(wire, clock).token()
    asked = wire.sent[-1]
    assert asked.url == f"{AUTHORITY}/{TENANT}/oauth2/v2.0/token"
    assert "scope=https%3A%2F%2Fgraph.example.test%2F.default" in str(asked.body)
    assert f"client_id={CLIENT}" in str(asked.body)
    assert all(options["timeout"] == (10.0, 10.0) for options in wire.options)
    assert token.expires_at.timestamp() - clock.now.timestamp() == 3599


def test_no_other_host_is_asked_where_to_ask(wire: Wire, clock: Clock):
    token_source(wire, clock).token()
    assert {requests.utils.urlparse(request.url).netloc for request in wire.sent} == {"login.example.test"}


def test_the_claims_of_a_token_are_there_for_diagnosis(wire: Wire, clock: Clock):
    wire.entra = [discovery(), granted(roles=["Place.Read.All"], tid=TENANT.upper())]
    token = token_source(wire, clock).token()
    assert (token.roles, token.tenant_guid) == (("Place.Read.All",), TENANT)


@pytest.mark.parametrize("value", ["opaque", "a.b.c", "a.W10.c"])
def test_a_token_that_is_no_jwt_is_used_all_the_same(wire: Wire, clock: Clock, value: str):
    wire.entra = [discovery(), reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": value})]
    token = token_source(wire, clock).token()
    assert (token.value, token.roles, token.tenant_guid) == (value, (), None)


def test_a_token_is_used_until_five_minutes_before_its_end(wire: Wire, clock: Clock):
    wire.entra = [discovery(), granted(1), discovery(), granted(2)]
    source = token_source(wire, clock)
    first = source.token()
    clock.advance(3599 - 301)
    assert source.token() == first
    clock.advance(1)
    assert source.token() != first


REFUSALS = [
    (7000215, "invalid_client", 401),
    (7000222, "invalid_client", 401),
    (7000218, "invalid_client", 401),
    (700016, "unauthorized_client", 400),
    (90002, "invalid_request", 400),
    (900023, "invalid_request", 400),
    (7000112, "unauthorized_client", 400),
    (53003, "invalid_grant", 400),
    (70011, "invalid_scope", 400),
]


@pytest.mark.parametrize(("number", "error", "status"), REFUSALS)
def test_a_refusal_is_told_by_its_number(wire: Wire, clock: Clock, number: int, error: str, status: int):
    wire.entra = [discovery(), refused(number, error, status)]
    with pytest.raises(errors.CredentialsRefused) as caught:
        token_source(wire, clock).token()
    trouble = caught.value.trouble
    assert (trouble.code, trouble.status, trouble.request_id) == (str(number), status, "trace")


def test_an_unknown_tenant_is_told_by_its_number_although_msal_raises_a_value_error(wire: Wire, clock: Clock):
    wire.entra = [refused(90002, "invalid_tenant", 400)]
    with pytest.raises(errors.CredentialsRefused) as caught:
        token_source(wire, clock).token()
    assert caught.value.trouble.code == "90002"


def test_a_corrected_setup_works_at_once_although_msal_remembers_a_400(wire: Wire, clock: Clock):
    wire.entra = [discovery(), refused(700016, "unauthorized_client", 400), discovery(), granted()]
    source = token_source(wire, clock)
    with pytest.raises(errors.CredentialsRefused):
        source.token()
    assert source.renew() == source.token()


def test_a_refusal_counts_for_every_room_for_a_minute_and_no_longer(wire: Wire, clock: Clock):
    """H68."""
    wire.entra = [discovery(), refused(7000222), discovery(), granted()]
    source = token_source(wire, clock)
    for _ in range(300):
        with pytest.raises(errors.CredentialsRefused) as caught:
            source.token()
        assert caught.value.trouble.code == "7000222"
    assert len(wire.entra) == 2
    clock.advance(60)
    assert source.token()


def test_a_busy_entra_is_asked_again_after_its_wait_and_not_answered_from_memory(wire: Wire, clock: Clock):
    wire.entra = [
        discovery(),
        reply(503, {"error": "temporarily_unavailable"}, {"Retry-After": "60"}),
        discovery(),
        reply(429, {"error": "too_many"}, {"Retry-After": "7"}),
        discovery(),
        granted(),
    ]
    source = token_source(wire, clock)
    with pytest.raises(errors.Unavailable) as unavailable:
        source.token()
    assert unavailable.value.wait_seconds == 60
    with pytest.raises(errors.Throttled) as throttled:
        source.token()
    assert throttled.value.wait_seconds == 7
    assert source.token()


NETWORK: list[tuple[Any, str]] = [
    (requests.ConnectionError("refused"), Broken.CUT_OFF),
    (requests.exceptions.SSLError("self-signed"), Broken.TLS),
    (requests.exceptions.ReadTimeout(), Broken.TIMED_OUT),
    (requests.exceptions.ProxyError(), Broken.PROXY),
    (reply(200, b"<html>sign in to the guest network</html>"), Broken.NOT_GRAPH),
    (reply(200, {"issuer": 1}), Broken.NOT_GRAPH),
    (reply(200, []), Broken.NOT_GRAPH),
    (reply(404, b"<html>not found</html>"), Broken.NOT_GRAPH),
    (reply(302, None, {"Location": "https://portal.test/"}), Broken.REDIRECTED),
    (reply(502, b"<html>"), Broken.NOT_GRAPH),
]


@pytest.mark.parametrize("stage", ["discovery", "token"])
@pytest.mark.parametrize(("answer", "code"), NETWORK)
def test_whatever_stands_in_between_is_no_refusal(wire: Wire, clock: Clock, stage: str, answer: Any, code: str):
    wire.entra = [answer] if stage == "discovery" else [discovery(), answer]
    with pytest.raises(errors.Unavailable) as caught:
        token_source(wire, clock).token()
    assert (caught.value.trouble.code, caught.value.never_sent) == (code, True)


def test_a_discovery_that_names_another_host_never_gets_the_secret_s21(wire: Wire, clock: Clock):
    wire.entra = [discovery("https://evil.test")]
    with pytest.raises(errors.Unreadable):
        token_source(wire, clock).token()
    assert len(wire.sent) == 1


@pytest.mark.parametrize("answer", [refused(7000215), requests.ConnectionError("x"), reply(200, b"<html>")])
def test_the_secret_is_in_no_error_and_no_repr(wire: Wire, clock: Clock, answer: Any):
    wire.entra = [discovery(), answer]
    source = token_source(wire, clock)
    with pytest.raises(errors.SyncError) as caught:
        source.token()
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(source)) + repr(caught.value.__context__)
    assert SECRET not in told


def test_another_process_uses_the_shared_token(wire: Wire, clock: Clock):
    shelf = Shelf()
    first = token_source(wire, clock, cache=shelf).token()
    assert token_source(wire, clock, cache=shelf).token() == first
    assert len(wire.sent) == 2


def test_a_changed_secret_never_meets_an_old_token(wire: Wire, clock: Clock):
    shelf = Shelf()
    token_source(wire, clock, cache=shelf).token()
    wire.entra = [discovery(), refused(7000215)]
    with pytest.raises(errors.CredentialsRefused):
        token_source(wire, clock, secret="another", cache=shelf).token()


def test_a_dropped_token_is_not_taken_from_the_shelf_again(wire: Wire, clock: Clock):
    shelf = Shelf()
    wire.entra = [discovery(), granted(1), discovery(), granted(2)]
    source = token_source(wire, clock, cache=shelf)
    first = source.token()
    source.drop(first)
    second = source.token()
    assert second != first
    source.drop(first)
    assert source.token() == second


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"value": 1}', "not json"])
def test_a_damaged_shelf_is_only_an_empty_one(wire: Wire, clock: Clock, text: str):
    shelf = Shelf()
    source = token_source(wire, clock, cache=shelf)
    shelf.kept[source.key] = text
    assert source.token()
