"""Every cause that a check can end in, produced by the simulated tenant and named by its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from sqlalchemy import update
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from tests.worker.graph.wire import reply
from tests.worker.graph.world import World, keys_and_states
from webapp.domain.check_codes import RETRIED, CheckCode, Step
from webapp.domain.words import CheckState
from webapp.models import Connection, Credential
from worker import diagnosis
from worker.sync.errors import CredentialsRefused, Gone, Refused, Trouble

ROOM1, ROOM2 = "room1@contoso.example", "room2@contoso.example"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


SIGN_IN: list[tuple[Callable[[World], Any], CheckCode, str]] = [
    (lambda w: w.set_up(secret="not-the-secret"), CheckCode.SECRET_WRONG, "7000215"),
    (lambda w: w.set_up(secret=w.app.secret_id), CheckCode.SECRET_WRONG, "7000215"),
    (lambda w: w.app.expire_secret(), CheckCode.SECRET_EXPIRED, "7000222"),
    (lambda w: w.set_up(secret=""), CheckCode.SECRET_MISSING, "7000218"),
    (lambda w: w.set_up(client_id=w.tenant.guid()), CheckCode.APP_NOT_FOUND, "700016"),
    (lambda w: w.app.disable(), CheckCode.APP_DISABLED, "7000112"),
    (lambda w: w.set_up(tenant_id=w.tenant.guid()), CheckCode.TENANT_NOT_FOUND, "90002"),
    (lambda w: w.set_up(tenant_id="no-such.example"), CheckCode.TENANT_NOT_FOUND, "90002"),
    (lambda w: w.set_up(tenant_id="undefined"), CheckCode.TENANT_MALFORMED, "900023"),
    (lambda w: w.app.block_by_conditional_access(), CheckCode.CONDITIONAL_ACCESS, "53003"),
]


@pytest.mark.parametrize(("spoil", "code", "number"), SIGN_IN)
def test_each_refusal_of_entra_is_named_with_its_number(world: World, spoil, code, number):
    spoil(world)
    check = world.check()
    assert (check.state, check.code, check.fields["aadsts"]) == (CheckState.FAILED, code, number)
    assert keys_and_states(check) == [("token", "stopped")]
    assert check.fields["trace_id"]
    assert check.fields["host"] == "login.tenant.example"
    assert check.next_try_at is None


@pytest.mark.parametrize("status", [400, 401])
def test_the_statuses_that_no_document_settles_change_nothing(world: World, status: int):
    for name in ("disabled_app_status", "no_secret_status", "malformed_tenant_status", "conditional_access_status"):
        setattr(world.tenant.switches, name, status)
    for tenant_id, code in (
        ("undefined", CheckCode.TENANT_MALFORMED),
        (world.tenant.tenant_id, CheckCode.APP_DISABLED),
    ):
        world.app.disable()
        world.set_up(tenant_id=tenant_id)
        assert world.check().code == code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("70011", CheckCode.SCOPE_REFUSED),
        ("1002012", CheckCode.SCOPE_REFUSED),
        ("65001", CheckCode.CONSENT_REFUSED),
        ("90094", CheckCode.CONSENT_REFUSED),
        ("900382", CheckCode.WRONG_CLOUD),
        ("700000", CheckCode.SIGN_IN_REFUSED),
        ("invalid_request", CheckCode.SIGN_IN_REFUSED),
    ],
)
def test_the_refusals_that_the_tenant_cannot_give_are_named_too(number: str, code: CheckCode):
    error = CredentialsRefused(Trouble(status=400, code=number, operation="token"))
    assert diagnosis.of_error(error, Step.TOKEN, ()).code is code


def test_a_secret_that_our_keys_do_not_decrypt_is_told_before_microsoft_is_asked(world: World):
    with world.transactions.writing() as session:
        session.execute(update(Credential).values(secret_encrypted="gAAAA-not-ours"))
    assert world.check().code == CheckCode.SECRET_UNREADABLE
    assert world.tenant.requests == []


@pytest.mark.parametrize(
    "config",
    [
        {"entra_authority": "https://login.microsoftonline.com", "graph_base_url": "https://graph.microsoft.us/v1.0"},
        {"graph_base_url": "https://graph.another.example/v1.0"},
    ],
)
def test_authority_and_graph_of_different_clouds_are_the_wrong_cloud(world: World, config: dict[str, str]):
    world.config = replace(world.config, **config)
    assert world.check().code == CheckCode.WRONG_CLOUD


def test_a_token_that_graph_does_not_take_is_told_apart_from_a_refused_sign_in(world: World):
    world.tenant.faults.add("places", "401", times=2)
    check = world.check()
    assert (check.code, check.fields["graph_code"]) == (CheckCode.TOKEN_REFUSED, "InvalidAuthenticationToken")
    assert keys_and_states(check) == [("token", "done"), ("places", "stopped")]


PLACES = [
    ((), CheckCode.CONSENT_MISSING),
    (("Calendars.ReadWrite",), CheckCode.PLACES_PERMISSION_MISSING),
    (("User.Read.All",), CheckCode.PLACES_PERMISSION_MISSING),
]


@pytest.mark.parametrize(("roles", "code"), PLACES)
@pytest.mark.parametrize("denied", ["Authorization_RequestDenied", "ErrorAccessDenied"])
@pytest.mark.parametrize("status", [401, 403])
def test_places_refused_names_the_permission_that_is_missing(world: World, roles, code, denied, status):
    world.tenant.switches.places_denied_code = denied
    world.tenant.switches.no_permissions_status = status
    world.app.set_roles(*roles)
    check = world.check()
    assert (check.state, check.code) == (CheckState.FAILED, code)


def test_an_access_policy_that_keeps_the_rooms_out_is_told_apart(world: World):
    world.tenant.add_room("other@contoso.example", listed=False)
    world.app.restrict_to(["other@contoso.example"], "policy")
    assert world.check().code == CheckCode.CALENDAR_BLOCKED


def test_a_refused_permission_is_told_before_a_mailbox_that_is_not_there(world: World):
    world.link_room("typo@contoso.example")
    world.app.set_roles("Place.Read.All")
    assert world.check().code == CheckCode.CALENDAR_PERMISSION_MISSING


def test_a_permission_refused_for_one_room_outweighs_another_that_is_gone(world: World):
    world.tenant.soft_delete(ROOM1)
    world.link_room(ROOM1)
    world.app.restrict_to([ROOM1], "rbac")
    check = world.check()
    assert (check.code, check.fields["address"]) == (CheckCode.CALENDAR_PERMISSION_MISSING, ROOM2)


@pytest.mark.parametrize("code", ["ErrorInvalidUser", "Request_ResourceNotFound", "ResourceNotFound"])
def test_mailboxes_that_are_not_there_are_named(world: World, code: str):
    world.tenant.switches.unknown_user_code = code
    world.tenant.soft_delete(ROOM1)
    world.tenant.soft_delete(ROOM2)
    world.link_room("typo@contoso.example")
    check = world.check()
    assert (check.code, check.fields["address"]) == (CheckCode.MAILBOX_NOT_FOUND, "typo@contoso.example")
    assert check.fields["graph_code"] == code


def test_mailboxes_without_exchange_are_named(world: World):
    world.tenant.unlicense(ROOM1)
    world.tenant.unlicense(ROOM2)
    assert world.check().code == CheckCode.MAILBOX_NOT_ENABLED


def test_a_tenant_name_that_leads_to_another_tenant_than_the_rooms_is_refused_h55(world: World):
    mailbox_id = world.link_room(ROOM1)
    world.check()
    with world.transactions.writing() as session:
        session.get_one(Connection, world.connection_id).tenant_guid = "99999999-0000-4000-8000-000000000000"
        session.merge(world.mailbox(mailbox_id)).tenant_guid = "99999999-0000-4000-8000-000000000000"
    check = world.check()
    assert (check.code, check.fields["found"]) == (CheckCode.OTHER_TENANT, world.tenant.tenant_id)


class Between(BaseAdapter):
    """Something on the way to a host that answers, or fails, in its place."""

    def __init__(self, answer: requests.Response | Exception) -> None:
        super().__init__()
        self.answer = answer

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.answer.request, self.answer.url = request, request.url
        return self.answer

    def close(self) -> None:
        """Nothing is open."""


def unreached(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


ON_THE_WAY: list[tuple[Any, CheckCode]] = [
    (unreached(NewConnectionError(None, "refused")), CheckCode.NO_NETWORK),  # type: ignore[arg-type]
    (unreached(NameResolutionError("h", None, OSError())), CheckCode.NAME_NOT_FOUND),  # type: ignore[arg-type]
    (requests.exceptions.ProxyError(), CheckCode.PROXY_FAILED),
    (requests.exceptions.SSLError(), CheckCode.TLS_INTERCEPTED),
    (requests.exceptions.ConnectTimeout(), CheckCode.TIMED_OUT),
    (requests.exceptions.ReadTimeout(), CheckCode.TIMED_OUT),
    (requests.ConnectionError("reset"), CheckCode.CONNECTION_CUT),
    (reply(302, None, {"Location": "https://portal.example/"}), CheckCode.REDIRECTED),
    (reply(200, b"<html>Welcome to our guest network</html>"), CheckCode.ANSWER_MALFORMED),
    (reply(404, b"<html>no such page</html>"), CheckCode.ANSWER_MALFORMED),
    (reply(503, b"<html>busy</html>"), CheckCode.MICROSOFT_UNAVAILABLE),
]


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize(("answer", "code"), ON_THE_WAY)
def test_what_fails_on_the_way_is_named_at_every_step(world: World, step: Step, answer: Any, code: CheckCode):
    graph = world.tenant.graph_base_url
    prefix = {
        Step.TOKEN: f"{world.tenant.authority_origin}/",
        Step.PLACES: f"{graph}/places",
        Step.CALENDAR: f"{graph}/users",
    }[step]
    world.session.mount(prefix, Between(answer))
    check = world.check()
    assert (check.state, check.code, check.fields["step"]) == (CheckState.FAILED, code, step.value)
    assert keys_and_states(check)[-1] == (step.value, "stopped")


@pytest.mark.parametrize("op", ["token", "places", "view"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("T-", CheckCode.TIMED_OUT),
        ("drop", CheckCode.CONNECTION_CUT),
        ("503", CheckCode.MICROSOFT_UNAVAILABLE),
        ("429", CheckCode.MICROSOFT_BUSY),
    ],
)
def test_trouble_at_microsoft_is_no_fault_of_the_setup(world: World, op: str, kind: str, code: CheckCode):
    world.tenant.faults.add(op, kind, retry_after=30)
    assert world.check().code == code


def test_errors_of_no_other_kind_keep_graphs_own_code(world: World):
    for step, code in ((Step.PLACES, CheckCode.PLACES_FAILED), (Step.CALENDAR, CheckCode.CALENDAR_FAILED)):
        cause = diagnosis.of_error(Refused(Trouble(status=400, code="Odd", request_id="r")), step, ())
        assert (cause.code, cause.fields["graph_code"], cause.fields["request_id"]) == (code, "Odd", "r")
    assert diagnosis.of_error(Gone(), Step.CALENDAR, ()).code is CheckCode.MAILBOX_NOT_FOUND


def test_every_retried_cause_is_one_that_can_pass_by_itself():
    assert {code for code in CheckCode if code in RETRIED} == {
        CheckCode.CALENDAR_PERMISSION_MISSING,
        CheckCode.CALENDAR_BLOCKED,
        CheckCode.PLACES_REFUSED,
    }
