"""Tokens: every row of the table of refusals, and what a token is good for."""

from __future__ import annotations

import base64
import json
from typing import Any

import msal
import pytest

from tests.tenant import Tenant, entra
from tests.tenant.conftest import ROOM, WINDOW, Asker, code_of
from tests.tenant.entra import App

UNKNOWN = "00000000-0000-4000-8000-000000000001"


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def refused(answer: Any, status: int, error: str, number: int) -> None:
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert "\r\nTrace ID: " in body["error_description"]
    assert {"timestamp", "trace_id", "correlation_id"} <= set(body)


def test_a_token_names_tenant_app_and_roles_and_says_how_long_it_lives(
    asker: Asker, tenant: Tenant, app: App
) -> None:
    body = asker.token().json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 3599 and "refresh_token" not in body
    said = claims(body["access_token"])
    assert said["tid"] == tenant.tenant_id and said["appid"] == app.client_id
    assert said["roles"] == ["Calendars.ReadWrite", "Place.Read.All"]


def test_the_tenant_may_be_named_by_its_domain(asker: Asker, tenant: Tenant) -> None:
    assert asker.token(tenant.domain).status_code == 200


def test_a_wrong_secret_is_7000215(asker: Asker) -> None:
    refused(asker.token(client_secret="wrong"), 401, "invalid_client", 7000215)


def test_the_secret_id_pasted_as_the_value_is_7000215_too(asker: Asker, app: App) -> None:
    refused(asker.token(client_secret=app.secret_id), 401, "invalid_client", 7000215)


def test_an_expired_secret_is_7000222(asker: Asker, app: App) -> None:
    app.expire_secret()
    refused(asker.token(), 401, "invalid_client", 7000222)


def test_no_secret_at_all_is_7000218_without_an_error_uri(asker: Asker) -> None:
    answer = asker.token(client_secret=None)
    refused(answer, 401, "invalid_client", 7000218)
    assert "error_uri" not in answer.json()


def test_an_app_that_the_directory_does_not_know_is_700016(asker: Asker) -> None:
    refused(asker.token(client_id=UNKNOWN), 400, "unauthorized_client", 700016)


def test_a_right_app_in_a_wrong_but_existing_tenant_is_700016(asker: Asker, tenant: Tenant) -> None:
    tenant.other_tenants.add(UNKNOWN)
    refused(asker.token(UNKNOWN), 400, "unauthorized_client", 700016)


def test_an_unknown_tenant_is_90002_at_the_token_endpoint(asker: Asker) -> None:
    refused(asker.token(UNKNOWN), 400, "invalid_request", 90002)


def test_an_unknown_tenant_is_90002_at_discovery_already(asker: Asker, tenant: Tenant) -> None:
    answer = asker.session.get(f"{tenant.authority_origin}/{UNKNOWN}/v2.0/.well-known/openid-configuration")
    refused(answer, 400, "invalid_tenant", 90002)


def test_a_tenant_that_is_no_guid_and_no_domain_is_900023(asker: Asker) -> None:
    refused(asker.token("undefined"), 400, "invalid_request", 900023)


def test_a_disabled_enterprise_application_is_7000112(asker: Asker, app: App) -> None:
    app.disable()
    refused(asker.token(), 400, "unauthorized_client", 7000112)


def test_conditional_access_for_workloads_is_53003(asker: Asker, app: App) -> None:
    app.block_by_conditional_access()
    assert asker.token().json()["error_codes"] == [53003]


def test_a_scope_that_is_not_default_is_70011(asker: Asker, tenant: Tenant) -> None:
    refused(asker.token(scope=f"{tenant.graph_origin}/Calendars.Read"), 400, "invalid_scope", 70011)


def test_another_cloud_s_graph_is_a_resource_that_nobody_knows(asker: Asker) -> None:
    assert asker.token(scope="https://graph.microsoft.us/.default").json()["error_codes"] == [500011]


@pytest.mark.parametrize("status_switch", ["no_secret_status", "disabled_app_status", "malformed_tenant_status"])
def test_unconfirmed_statuses_are_switches(asker: Asker, tenant: Tenant, app: App, status_switch: str) -> None:
    setattr(tenant.switches, status_switch, 418)
    if status_switch == "disabled_app_status":
        app.disable()
    answer = asker.token(
        "undefined" if status_switch == "malformed_tenant_status" else None,
        **({"client_secret": None} if status_switch == "no_secret_status" else {}),
    )
    assert answer.status_code == 418


def test_an_app_without_consent_gets_a_token_without_roles(tenant: Tenant) -> None:
    nobody = Asker(tenant, tenant.register_app(roles=()))
    assert "roles" not in claims(nobody.bearer)
    answer = nobody.get(f"/users/{ROOM}/calendarView?{WINDOW}")
    assert (answer.status_code, code_of(answer)) == (403, "NoPermissionsInAccessToken")


def test_consent_changes_new_tokens_only(asker: Asker, app: App) -> None:
    app.set_roles("Place.Read.All")
    assert asker.get(f"/users/{ROOM}/calendarView?{WINDOW}").status_code == 200
    asker.new_token()
    assert code_of(asker.get(f"/users/{ROOM}/calendarView?{WINDOW}")) == "ErrorAccessDenied"


def test_a_corrected_secret_works_at_once(asker: Asker, app: App) -> None:
    app.expire_secret()
    assert asker.token().status_code == 401
    app.new_secret()
    assert asker.token().status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1}, {"aud": "https://graph.microsoft.us"}, {"tid": UNKNOWN}],
    ids=["expired", "another audience", "another tenant"],
)
def test_a_token_that_is_not_for_here_and_now_is_401(
    asker: Asker, tenant: Tenant, app: App, changes: dict[str, Any]
) -> None:
    asker.bearer = entra.mint(tenant, app, tenant.graph_origin, **changes)
    answer = asker.get("/places/microsoft.graph.room")
    assert (answer.status_code, code_of(answer)) == (401, "InvalidAuthenticationToken")


def test_a_forged_token_and_no_token_are_401(asker: Asker) -> None:
    asker.bearer = asker.bearer[:-3] + "abc"
    assert asker.get("/places/microsoft.graph.room").status_code == 401
    assert asker.get("/places/microsoft.graph.room", Authorization="").status_code == 401


def test_a_token_runs_out_on_the_tenant_s_clock(asker: Asker, tenant: Tenant) -> None:
    tenant.advance(3700)
    assert asker.get("/places/microsoft.graph.room").status_code == 401


def test_msal_gets_its_token_from_here(asker: Asker, tenant: Tenant, app: App) -> None:
    client = msal.ConfidentialClientApplication(
        app.client_id,
        client_credential=app.secret,
        authority=f"{tenant.authority_origin}/{tenant.tenant_id}",
        instance_discovery=False,
        http_client=asker.session,
    )
    found = client.acquire_token_for_client([f"{tenant.graph_origin}/.default"])
    assert found["expires_in"] == 3599


def test_msal_raises_value_error_on_an_unknown_tenant(asker: Asker, tenant: Tenant, app: App) -> None:
    with pytest.raises(ValueError, match="authority configuration"):
        msal.ConfidentialClientApplication(
            app.client_id,
            client_credential=app.secret,
            authority=f"{tenant.authority_origin}/{UNKNOWN}",
            instance_discovery=False,
            http_client=asker.session,
        )


def test_graph_does_not_answer_at_the_authority(asker: Asker, tenant: Tenant) -> None:
    assert asker.get(f"{tenant.authority_origin}/v1.0/places/microsoft.graph.room").status_code == 404
