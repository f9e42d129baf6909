"""What goes out to Graph, where it may go, and what comes back."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError, SSLError

from tests.worker.graph.wire import GRAPH, Wire, discovery, granted, problem, reply
from worker.graph.client import GraphClient, is_below, open_session, segment
from worker.graph.errors import Broken, Scope
from worker.graph.throttle import MANY, Gate
from worker.sync import errors

ROOM = "oak@contoso.test"


def get(client: GraphClient, path: str = "/users/x/events/1", scope: Scope = Scope.ITEM) -> object:
    return client.get(path, scope=scope, mailbox=ROOM).body


def test_every_request_asks_for_immutable_ids_and_utc_h15(wire: Wire, client: GraphClient):
    wire.graph = [reply(200, {}) for _ in range(4)]
    client.get("/a", scope=Scope.ITEM, page_size=50)
    client.post("/b", {}, scope=Scope.MAILBOX)
    client.patch("/c", {}, "etag", mailbox=ROOM)
    client.delete("/d", "etag", mailbox=ROOM)
    for request in wire.to_graph:
        assert 'IdType="ImmutableId"' in request.headers["Prefer"]
        assert 'outlook.timezone="UTC"' in request.headers["Prefer"]
    assert "odata.maxpagesize=50" in wire.to_graph[0].headers["Prefer"]
    assert [r.headers.get("If-Match") for r in wire.to_graph] == [None, None, "etag", "etag"]


def test_each_request_has_its_own_id_and_a_timeout_and_follows_no_redirect(wire: Wire, client: GraphClient):
    wire.graph = [reply(200, {}), reply(200, {})]
    get(client)
    get(client)
    ids = {request.headers["client-request-id"] for request in wire.to_graph}
    assert len(ids) == 2
    assert [options["timeout"] for options in wire.options] == [(10.0, 10.0)] * 2 + [(10.0, 30.0)] * 2


def test_a_redirect_is_not_followed_s21(wire: Wire, client: GraphClient):
    wire.graph = [reply(302, None, {"Location": "https://evil.test/"})]
    with pytest.raises(errors.Unavailable) as caught:
        get(client)
    assert caught.value.trouble.code == Broken.REDIRECTED
    assert len(wire.to_graph) == 1


def test_a_login_out_of_a_netrc_file_never_replaces_the_token(wire: Wire, client: GraphClient, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.graph = [reply(200, {})]
    get(client)
    assert wire.to_graph[0].headers["Authorization"].startswith("Bearer ")
    assert all("Authorization" not in request.headers for request in wire.sent if request not in wire.to_graph)


UNSAFE = [
    "https://evil.test/v1.0/users/x",
    "http://graph.example.test/v1.0/users/x",
    "http://169.254.169.254/v1.0/users/x",
    "https://169.254.169.254/v1.0/users/x",
    "https://graph.example.test@evil.test/v1.0/users/x",
    "https://graph.example.test:443@evil.test/v1.0/x",
    "https://user@graph.example.test/v1.0/users/x",
    "https://graph.example.test:8443/v1.0/users/x",
    "https://graph.example.test.evil.test/v1.0/users/x",
    "https://graph.example.test/v1.0evil/users/x",
    "https://graph.example.test/beta/users/x",
    "https://graph.example.test/v1.0/../admin",
    "https://graph.example.test/v1.0/%2e%2e/admin",
    "https://graph.example.test/v1.0/..%2fadmin",
    "https://graph.example.test\\@evil.test/v1.0/x",
    "https://graph.example.test/v1.0\\..\\x",
    "https://graph.example.test/v1.0/x\r\nHost: evil.test",
    " https://graph.example.test/v1.0/x",
    "https://graph.еxample.test/v1.0/x",
    "//graph.example.test/v1.0/x",
    "/v1.0/users/x",
    "",
]


@pytest.mark.parametrize("link", UNSAFE)
def test_a_link_that_leads_elsewhere_never_gets_the_token_s21(wire: Wire, client: GraphClient, link: str):
    with pytest.raises(errors.UnsafeLink):
        client.follow(link, scope=Scope.DELTA)
    assert wire.sent == []


def test_a_link_of_graph_is_sent_exactly_as_it_was_given(wire: Wire, client: GraphClient):
    link = f"{GRAPH}/users/oak%40contoso.test/calendarView/delta?$skiptoken=a-b_c%2Fd=="
    wire.graph = [reply(200, {"value": []})]
    assert is_below(link, GRAPH)
    client.follow(link, scope=Scope.DELTA)
    assert wire.to_graph[0].url == link


def test_addresses_with_apostrophes_and_plus_signs_are_one_path_segment_h69(wire: Wire, client: GraphClient):
    wire.graph = [reply(200, {})]
    address = "o'brien+room/1@contoso.test"
    get(client, f"/users/{segment(address)}/calendar")
    assert wire.to_graph[0].url == f"{GRAPH}/users/o%27brien%2Broom%2F1%40contoso.test/calendar"


def test_a_refused_token_is_replaced_once(wire: Wire, client: GraphClient):
    wire.entra = [discovery(), granted(1), discovery(), granted(2)]
    wire.graph = [problem(401, "InvalidAuthenticationToken"), reply(200, {"id": "x"})]
    assert get(client) == {"id": "x"}
    first, second = (request.headers["Authorization"] for request in wire.to_graph)
    assert first != second


def test_a_token_refused_twice_is_the_credentials_fault_and_not_kept(wire: Wire, client: GraphClient, clock):
    """H68: the rooms of a connection do not each get a new token, and come back by themselves."""
    wire.entra = [answer for number in range(3) for answer in (discovery(), granted(number))]
    wire.graph = [problem(401, "InvalidAuthenticationToken")] * 5 + [reply(200, {})]
    for _ in range(3):
        with pytest.raises(errors.CredentialsRefused):
            get(client)
    assert len({request.headers["Authorization"] for request in wire.to_graph}) == 2
    clock.advance(60)
    get(client)
    assert len({request.headers["Authorization"] for request in wire.to_graph}) == 3


def test_a_403_drops_a_token_from_before_the_consent(wire: Wire, client: GraphClient, clock):
    wire.entra = [discovery(), granted(1), discovery(), granted(2)]
    wire.graph = [problem(403, "ErrorAccessDenied")] * 2 + [reply(200, {})]
    for seconds in (0, 301):
        clock.advance(seconds)
        with pytest.raises(errors.AccessDenied):
            get(client)
    get(client)
    first, second, third = (request.headers["Authorization"] for request in wire.to_graph)
    assert first == second != third


ANSWERS = [
    (400, "ErrorOccurrenceCrossingBoundary", Scope.ITEM, errors.Refused),
    (400, "ErrorInvalidIdMalformed", Scope.ITEM, errors.Refused),
    (400, "ErrorPropertyValidationFailure", Scope.MAILBOX, errors.Refused),
    (400, "ErrorCalendarViewRangeTooBig", Scope.MAILBOX, errors.Refused),
    (400, "RequestBroker--ParseUri", Scope.MAILBOX, errors.Refused),
    (400, "ErrorDuplicateTransactionId", Scope.MAILBOX, errors.DuplicateTransaction),
    (409, "ErrorDuplicateTransactionId", Scope.MAILBOX, errors.DuplicateTransaction),
    (400, "ErrorInvalidRequest", Scope.DELTA, errors.DeltaExpired),
    (400, "resyncRequired", Scope.DELTA, errors.DeltaExpired),
    (400, "ExtensionError", Scope.MAILBOX, errors.Unavailable),
    (401, "InvalidAuthenticationToken", Scope.ITEM, errors.CredentialsRefused),
    (401, "NoPermissionsInAccessToken", Scope.TENANT, errors.AccessDenied),
    (403, "NoPermissionsInAccessToken", Scope.TENANT, errors.AccessDenied),
    (403, "ErrorAccessDenied", Scope.MAILBOX, errors.AccessDenied),
    (403, "Authorization_RequestDenied", Scope.TENANT, errors.AccessDenied),
    (404, "ErrorItemNotFound", Scope.ITEM, errors.Gone),
    (404, "ErrorItemNotFound", Scope.MAILBOX, errors.Unavailable),
    (404, "ErrorInvalidUser", Scope.MAILBOX, errors.MailboxMissing),
    (404, "ErrorItemNotFound", Scope.DELTA, errors.DeltaExpired),
    (404, "ErrorInvalidUser", Scope.ITEM, errors.MailboxMissing),
    (404, "Request_ResourceNotFound", Scope.ITEM, errors.MailboxMissing),
    (404, "ResourceNotFound", Scope.DELTA, errors.MailboxMissing),
    (404, "MailboxNotEnabledForRESTAPI", Scope.ITEM, errors.MailboxMissing),
    (409, "ConcurrentItemSave", Scope.ITEM, errors.Changed),
    (410, "SyncStateNotFound", Scope.DELTA, errors.DeltaExpired),
    (410, "resyncRequired", Scope.DELTA, errors.DeltaExpired),
    (412, "ErrorIrresolvableConflict", Scope.ITEM, errors.Changed),
    (412, "resourceModified", Scope.ITEM, errors.Changed),
    (423, "locked", Scope.ITEM, errors.Unavailable),
    (429, "ApplicationThrottled", Scope.ITEM, errors.Throttled),
    (429, "TooManyRequests", Scope.ITEM, errors.Throttled),
    (500, "InternalServerError", Scope.ITEM, errors.Unavailable),
    (501, "NotImplemented", Scope.DELTA, errors.Refused),
    (502, "BadGateway", Scope.ITEM, errors.Unavailable),
    (503, "ServiceUnavailable", Scope.ITEM, errors.Unavailable),
    (504, "GatewayTimeout", Scope.ITEM, errors.Unavailable),
    (509, "BandwidthExceeded", Scope.ITEM, errors.Unavailable),
]


@pytest.mark.parametrize(("status", "code", "scope", "kind"), ANSWERS)
def test_each_answer_of_graph_is_classified_by_what_to_do(wire: Wire, client: GraphClient, status, code, scope, kind):
    wire.entra += [discovery(), granted(2)]
    wire.graph = [problem(status, code), problem(status, code)]
    with pytest.raises(errors.SyncError) as caught:
        get(client, scope=scope)
    assert type(caught.value) is kind
    assert (caught.value.trouble.status, caught.value.trouble.code) == (status, code)


def test_codes_count_in_any_case_and_when_nested(wire: Wire, client: GraphClient):
    nested = {
        "error": {"code": "UnknownError", "innererror": {"innerError": {"code": "mailboxNotEnabledForRestApi"}}}
    }
    wire.graph = [reply(403, nested), problem(400, "ERRORDUPLICATETRANSACTIONID")]
    with pytest.raises(errors.MailboxMissing):
        get(client)
    with pytest.raises(errors.DuplicateTransaction):
        get(client)


def test_a_page_of_a_gateway_is_never_taken_for_gone_h70(wire: Wire, client: GraphClient):
    for body in (b"<html>not found</html>", b"", b"[]", b'{"error": "text"}'):
        wire.graph = [reply(404, body)]
        with pytest.raises(errors.Unavailable) as caught:
            get(client)
        assert caught.value.trouble.code == Broken.NOT_GRAPH


def test_a_success_that_is_no_json_leaves_its_effect_in_doubt(wire: Wire, client: GraphClient):
    wire.graph = [reply(201, b"<html>")]
    with pytest.raises(errors.Unavailable) as caught:
        client.post("/x", {}, scope=Scope.MAILBOX)
    assert caught.value.never_sent is False


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2.128"}, 2.128),
        ({"retry-after": "30"}, 30),
        ({"Retry-After": "Mon, 02 Mar 2026 09:02:00 GMT", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}, 120),
        ({"Retry-After": "Mon, 02 Mar 2026 08:00:00 GMT", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, 10),
        ({"Retry-After": "nan"}, 10),
        ({"Retry-After": "999999999"}, 3600),
        ({}, 10),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(wire: Wire, client: GraphClient, headers, seconds):
    wire.graph = [problem(429, "TooManyRequests", headers)]
    with pytest.raises(errors.Throttled) as caught:
        get(client)
    assert caught.value.wait_seconds == seconds


def test_microsofts_request_id_is_kept_for_their_support(wire: Wire, client: GraphClient):
    wire.graph = [problem(500, "x", {"request-id": "abc"}), reply(200, {}, {"request-id": "def"})]
    with pytest.raises(errors.Unavailable) as caught:
        get(client)
    assert caught.value.trouble.request_id == "abc"
    assert caught.value.trouble.client_request_id == wire.to_graph[0].headers["client-request-id"]
    assert client.get("/x", scope=Scope.ITEM).request_id == "def"


def refused(reason: type[Exception], *args: object) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, "/", reason(*args)))  # type: ignore[arg-type]


def certificate() -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(
        MaxRetryError(None, "/", SSLError(ssl.SSLCertVerificationError("self-signed")))
    )  # type: ignore[arg-type]


BROKEN = [
    (refused(NewConnectionError, None, "refused"), Broken.UNREACHABLE, True),
    (refused(NameResolutionError, "host", None, OSError()), Broken.NAME, True),
    (requests.exceptions.ConnectTimeout(), Broken.TIMED_OUT, True),
    (requests.exceptions.ReadTimeout(), Broken.TIMED_OUT, False),
    (requests.ConnectionError(ProtocolError("aborted")), Broken.CUT_OFF, False),
    (requests.exceptions.ChunkedEncodingError(), Broken.CUT_OFF, False),
    (requests.exceptions.ProxyError(), Broken.PROXY, False),
    (requests.exceptions.SSLError(SSLError("record")), Broken.TLS, False),
    (certificate(), Broken.TLS, True),
]


@pytest.mark.parametrize(("error", "code", "never_sent"), BROKEN)
def test_a_request_without_an_answer_tells_whether_it_was_sent_h35(
    wire: Wire, client: GraphClient, error, code, never_sent
):
    wire.graph = [error]
    with pytest.raises(errors.Unavailable) as caught:
        client.post("/users/x/events", {}, scope=Scope.MAILBOX)
    assert (caught.value.trouble.code, caught.value.never_sent) == (code, never_sent)


def test_a_closed_port_is_known_to_have_received_nothing(wire: Wire, client: GraphClient):
    client._session = open_session()
    client.base_url = "https://127.0.0.1:9/v1.0"
    with pytest.raises(errors.Unavailable) as caught:
        client.post("/users/x/events", {}, scope=Scope.MAILBOX)
    assert (caught.value.trouble.code, caught.value.never_sent) == (Broken.UNREACHABLE, True)


def test_a_throttled_mailbox_waits_shortly_or_tells_the_caller_and_others_go_on(
    wire: Wire, client: GraphClient, waiting
):
    wire.graph = [problem(429, "TooManyRequests", {"Retry-After": str(s)}) for s in (3, 30)] + [reply(200, {})]
    for _ in range(2):
        with pytest.raises(errors.Throttled):
            get(client)
    assert waiting.waited == [3]
    with pytest.raises(errors.Throttled) as caught:
        get(client)
    assert caught.value.wait_seconds == 30
    assert len(wire.to_graph) == 2
    client.get("/x", scope=Scope.MAILBOX, mailbox="elm@contoso.test")


def test_at_most_two_requests_are_in_flight_for_one_mailbox():
    gate, inside, peak = Gate(), threading.Semaphore(0), []
    running = []

    def visit() -> None:
        with gate.through("oak"):
            running.append(1)
            peak.append(len(running))
            inside.release()
            leave.wait()
            running.pop()

    leave = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        visits = [pool.submit(visit) for _ in range(6)]
        inside.acquire()
        inside.acquire()
        with gate.through("elm"):
            waiting_outside = 6 - len(running)
        leave.set()
        for one in visits:
            one.result()
    assert waiting_outside == 4
    assert max(peak) == 2
    assert gate._lanes == {}


def test_a_lane_that_stays_full_throttles_after_five_seconds(waiting):
    gate = Gate(waiting.now, waiting.pause)
    with gate.through("oak"), gate.through("oak"), pytest.raises(errors.Throttled), gate.through("oak"):
        pass
    assert sum(waiting.waited) == 5.0


def throttle_all(gate: Gate, mailboxes: int, seconds: float, name: str = "room") -> None:
    for number in range(mailboxes):
        with gate.through(f"{name}{number}", "contoso"):
            gate.closed_for(f"{name}{number}", seconds, "contoso")


def is_open(gate: Gate, mailbox: str, of: str = "contoso") -> bool:
    try:
        with gate.through(mailbox, of):
            return True
    except errors.Throttled:
        return False


def test_some_throttled_mailboxes_close_no_other_of_their_connection(waiting):
    """H67, I8."""
    gate = Gate(waiting.now, waiting.pause)
    throttle_all(gate, MANY - 1, 30)
    assert is_open(gate, "elm") and not is_open(gate, "room0")


def test_many_throttled_mailboxes_without_an_answer_between_close_their_connection_alone(waiting):
    """H67."""
    gate = Gate(waiting.now, waiting.pause)
    throttle_all(gate, MANY, 30)
    assert not is_open(gate, "elm")
    assert is_open(gate, "elm", of="fabrikam")


def test_answers_between_show_that_it_is_not_the_tenant_that_is_throttled(waiting):
    """H67."""
    gate = Gate(waiting.now, waiting.pause)
    throttle_all(gate, MANY - 1, 30)
    gate.answered("contoso")
    throttle_all(gate, MANY - 1, 30, "other")
    assert is_open(gate, "elm")


def test_a_closed_connection_asks_once_after_each_wait_and_opens_with_an_answer(waiting):
    """H67."""
    gate = Gate(waiting.now, waiting.pause)
    throttle_all(gate, MANY, 30)
    waiting.seconds += 31
    with gate.through("elm", "contoso"):
        assert not is_open(gate, "oak"), "a second one asks at the same time"
        gate.closed_for("elm", 30, "contoso")
    assert not is_open(gate, "oak")
    waiting.seconds += 31
    with gate.through("oak", "contoso"):
        gate.answered("contoso")
    assert is_open(gate, "elm")
    assert gate._connections == {}


def test_whoever_asks_for_a_closed_connection_and_dies_leaves_the_way_to_another(waiting):
    gate = Gate(waiting.now, waiting.pause)
    throttle_all(gate, MANY, 30)
    waiting.seconds += 31
    with pytest.raises(RuntimeError), gate.through("elm", "contoso"):
        raise RuntimeError
    assert is_open(gate, "oak")
