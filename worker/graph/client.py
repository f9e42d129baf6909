"""Requests to Graph for one connection: what goes out, where it may go, and what comes back classified."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from worker.graph.errors import Broken, Scope, broken_request, classify
from worker.graph.throttle import GATE, Gate
from worker.graph.token import Token, TokenSource
from worker.sync.errors import (
    AccessDenied,
    CredentialsRefused,
    SyncError,
    Throttled,
    Trouble,
    Unavailable,
    UnsafeLink,
)

TIMEOUT_SECONDS = (10.0, 30.0)
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC"'
"""On every request: ids that survive moves (H15), times in UTC whatever zone an event was made in
(docs/graph.md#prefer-headers)."""
TENANT_LANE = ""
"""The lane of requests that concern no mailbox."""
_STALE_FOR_CONSENT = timedelta(minutes=5)


def open_session(pool: int = 64) -> requests.Session:
    """A session for Graph and Entra: no retries, no cookies; proxies and TLS trust follow the environment."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=pool, max_retries=0))
    return session


@dataclass(frozen=True)
class Answer:
    """A success: its status, its JSON (None when empty), and Microsoft's id of the request."""

    status: int
    body: Any
    request_id: str


class _Bearer(requests.auth.AuthBase):
    """Sets the token as `auth`, because requests would put a login out of .netrc over a plain header."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request


class GraphClient:
    """One connection's way to Graph. Safe for threads; never repeats a request, but for one new token."""

    def __init__(self, base_url: str, tokens: TokenSource, session: requests.Session, gate: Gate = GATE) -> None:
        self.base_url = base_url.rstrip("/")
        self.tokens = tokens
        self._session = session
        self._gate = gate

    def get(self, path: str, *, scope: Scope, mailbox: str = TENANT_LANE, page_size: int | None = None) -> Answer:
        """GET a path below the base address. `mailbox` is the address whose lane it goes in."""
        prefer = f"{PREFER}, odata.maxpagesize={page_size}" if page_size else PREFER
        return self._send("GET", self.base_url + path, scope, mailbox, {"Prefer": prefer})

    def follow(self, link: str, *, scope: Scope, mailbox: str = TENANT_LANE, page_size: int | None = None) -> Answer:
        """GET a nextLink or deltaLink exactly as it was given (docs/graph.md#links-verbatim).

        Raises `UnsafeLink` if it leads anywhere else.
        """
        return self.get(self.below_base(link), scope=scope, mailbox=mailbox, page_size=page_size)

    def post(self, path: str, body: Mapping[str, Any], *, scope: Scope, mailbox: str = TENANT_LANE) -> Answer:
        """POST JSON to a path below the base address."""
        return self._send("POST", self.base_url + path, scope, mailbox, {"Prefer": PREFER}, body)

    def patch(self, path: str, body: Mapping[str, Any], etag: str, *, mailbox: str) -> Answer:
        """PATCH an item, conditional on `etag` (docs/graph.md#if-match)."""
        return self._send(
            "PATCH", self.base_url + path, Scope.ITEM, mailbox, {"Prefer": PREFER, "If-Match": etag}, body
        )

    def delete(self, path: str, etag: str, *, mailbox: str) -> Answer:
        """DELETE an item, conditional on `etag`."""
        headers = {"Prefer": PREFER, "If-Match": etag}
        return self._send("DELETE", self.base_url + path, Scope.ITEM, mailbox, headers)

    def below_base(self, link: str) -> str:
        """What a link adds to the base address; raises `UnsafeLink` unless it lies below it (S21)."""
        if not is_below(link, self.base_url):
            raise UnsafeLink(Trouble(operation="follow"))
        return link[len(self.base_url) :]

    def _send(
        self,
        method: str,
        url: str,
        scope: Scope,
        mailbox: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One request; a refused token is replaced once, as Graph does nothing for a request it answers with 401."""
        token = self.tokens.token()
        try:
            return self._send_once(method, url, scope, mailbox, headers, body, token)
        except CredentialsRefused:
            newer = self.tokens.replace(token)
            if newer is None:
                raise
        return self._send_once(method, url, scope, mailbox, headers, body, newer)

    def _send_once(
        self,
        method: str,
        url: str,
        scope: Scope,
        mailbox: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        token: Token,
    ) -> Answer:
        trouble = Trouble(client_request_id=str(uuid.uuid4()), operation=f"{method} {scope}")
        lane = mailbox.lower()
        with self._gate.through(lane, self.tokens.key):
            response = self._exchange(method, url, headers, body, token, trouble)
        if 200 <= response.status_code < 300:
            if lane != TENANT_LANE:
                self._gate.answered(self.tokens.key)
            return _answer(response, trouble)
        failure = classify(response.status_code, response.headers, _json(response), scope=scope, trouble=trouble)
        self._learn(failure, token, lane)
        raise failure

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        token: Token,
        trouble: Trouble,
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                url,
                json=body,
                headers={**headers, "Accept": "application/json", "client-request-id": trouble.client_request_id},
                auth=_Bearer(token),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            failure = broken_request(error, trouble)
        raise failure

    def _learn(self, failure: SyncError, token: Token, lane: str) -> None:
        if isinstance(failure, AccessDenied):
            self.tokens.drop_if_older(token, _STALE_FOR_CONSENT)
        elif isinstance(failure, Throttled):
            self._gate.closed_for(lane, failure.wait_seconds, self.tokens.key)


def is_below(link: str, base_url: str) -> bool:
    """Whether a link has exactly the scheme, host and port of `base_url` and lies below its path.

    Compared as text, so that userinfo, another port, an IP or an unusual spelling is simply different; dots,
    backslashes and control characters that another parser might read otherwise are refused.
    """
    if not link.isascii() or any(c <= " " or c in "\\\x7f" for c in link):
        return False
    if not link.startswith(f"{base_url}/"):
        return False
    path = unquote(urlsplit(link).path)
    return not any(part in (".", "..") for part in path.replace("\\", "/").split("/"))


def segment(text: str) -> str:
    """One path segment or query value, percent-encoded whole: apostrophes, plus signs, slashes (H69)."""
    return quote(text, safe="")


def _answer(response: requests.Response, trouble: Trouble) -> Answer:
    """A success with JSON or without a body; one that is not readable may still have had its effect."""
    request_id = response.headers.get("request-id", "")
    if response.status_code in (202, 204) or not response.content:
        return Answer(response.status_code, None, request_id)
    body = _json(response)
    if body is None:
        raise Unavailable(
            Trouble(
                status=response.status_code,
                code=Broken.NOT_GRAPH,
                request_id=request_id,
                client_request_id=trouble.client_request_id,
                operation=trouble.operation,
            )
        )
    return Answer(response.status_code, body, request_id)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
