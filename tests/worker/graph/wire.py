"""A wire for tests: answers in the order given, and everything that was sent over it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

AUTHORITY = "https://login.example.test"
GRAPH = "https://graph.example.test/v1.0"
TENANT = "11111111-2222-4333-8444-555555555555"
CLIENT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
SECRET = "s3cr3t~value.that-must-not-show"

Reply = requests.Response | Exception | Callable[[requests.PreparedRequest], requests.Response]


def reply(status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> requests.Response:
    """A response; `body` is sent as JSON, or as it is when it is bytes."""
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict(headers or {})
    response._content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return response


def problem(status: int, code: str, headers: dict[str, str] | None = None, **inner: Any) -> requests.Response:
    """Graph's error object."""
    error: dict[str, Any] = {"code": code, "message": "Not for people."}
    if inner:
        error["innerError"] = inner
    return reply(status, {"error": error}, headers)


def jwt(**claims: Any) -> str:
    """A token that says `claims`; nobody signed it."""
    parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
    return ".".join([*(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts), "x"])


def discovery(origin: str = AUTHORITY) -> requests.Response:
    """The part of Entra's discovery document that msal reads."""
    base = f"{AUTHORITY}/{TENANT}"
    return reply(
        200,
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{origin}/{TENANT}/oauth2/v2.0/token",
        },
    )


def granted(number: int = 1, seconds: int = 3599, **claims: Any) -> requests.Response:
    """A token answer; tokens with different numbers differ."""
    token = jwt(n=number, **claims)
    return reply(200, {"token_type": "Bearer", "expires_in": seconds, "access_token": token})


class Wire(BaseAdapter):
    """Answers requests from lists, one for Entra and one for Graph; `sent` keeps what arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.entra: list[Reply] = []
        self.graph: list[Reply] = []
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.sent.append(request)
        self.options.append(options)
        url = request.url or ""
        answers = self.entra if url.startswith(AUTHORITY) else self.graph
        if not answers:
            raise AssertionError(f"nobody expected {request.method} {url}")
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = answer(request) if callable(answer) else answer
        response.request, response.url = request, url
        return response

    def close(self) -> None:
        """Nothing is open."""

    def session(self) -> requests.Session:
        """A session in which every address leads here."""
        session = requests.Session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    @property
    def to_graph(self) -> list[requests.PreparedRequest]:
        """What was sent to anything but Entra."""
        return [request for request in self.sent if not (request.url or "").startswith(AUTHORITY)]
