"""A requests session that reaches the tenant without sockets."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from tests.tenant.errors import AnswerLost

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant


class TenantAdapter(BaseAdapter):
    """Hands prepared requests to the tenant; lost answers become requests' own exceptions."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self.tenant = tenant

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Answer a prepared request."""
        assert request.url is not None and request.method is not None
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        try:
            status, out, content = self.tenant.handle(request.method, request.url, headers, raw)
        except AnswerLost as lost:
            if lost.dropped:
                raise requests.ConnectionError("Connection aborted.", request=request) from lost
            raise requests.ReadTimeout("Read timed out.", request=request) from lost
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict(out)
        response.url = request.url
        response.request = request
        response.encoding = "utf-8"
        response.raw = HTTPResponse(body=io.BytesIO(content), status=status, headers=out, preload_content=False)
        response.reason = response.raw.reason or ""
        return response

    def close(self) -> None:
        """Nothing to close."""


class NoNetwork(BaseAdapter):
    """Whatever is not the tenant does not exist."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Refuse."""
        raise requests.ConnectionError(
            f"no such host in the tenant: {urlsplit(str(request.url)).netloc}", request=request
        )

    def close(self) -> None:
        """Nothing to close."""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def session(tenant: Tenant) -> requests.Session:
    """A session for the tenant's two origins; every other host refuses the connection."""
    made = requests.Session()
    made.trust_env = False
    adapter = TenantAdapter(tenant)
    for prefix in ("https://", "http://"):
        made.mount(prefix, NoNetwork())
    for origin in {tenant.authority_origin, tenant.graph_origin}:
        made.mount(f"{origin}/", adapter)
    return made
