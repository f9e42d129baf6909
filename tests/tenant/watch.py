"""What may be asked of a person's mailbox: an event by its stored id, or one of two filters; nothing is ever listed."""

from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from tests.tenant.calls import RequestInfo
    from tests.tenant.tenant import Tenant

_ONE_EVENT = re.compile(r"/users/[^/]+/events/[^/]+(/cancel)?")
_EVENTS = re.compile(r"/users/[^/]+/events")
_FILTERS = ("iCalUId eq '", "singleValueExtendedProperties/Any(ep: ep/id eq '")

made: weakref.WeakSet[Tenant] = weakref.WeakSet()
"""Tenants that live; each puts itself here."""


def improper_requests(tenant: Tenant) -> list[str]:
    """Requests to persons' mailboxes that no setting ever allows."""
    return sorted(
        {
            f"{request.method} {request.path}?{request.query}"
            for request in tenant.requests
            if _is_persons(tenant, request) and not _is_proper(request)
        }
    )


def personal_requests(tenant: Tenant) -> list[RequestInfo]:
    """Requests to persons' mailboxes, in order."""
    return [request for request in tenant.requests if _is_persons(tenant, request)]


def _is_persons(tenant: Tenant, request: RequestInfo) -> bool:
    box = tenant.find_mailbox(request.mailbox) if request.mailbox else None
    return box is not None and box.kind != "room"


def _is_proper(request: RequestInfo) -> bool:
    path = unquote(request.path).removeprefix("/v1.0")
    if _ONE_EVENT.fullmatch(path):
        return request.method in ("GET", "PATCH") or (request.method == "POST" and path.endswith("/cancel"))
    if not _EVENTS.fullmatch(path):
        return False
    if request.method == "POST":
        return True
    asked = unquote(request.query).partition("$filter=")[2]
    return request.method == "GET" and asked.startswith(_FILTERS) and "$select=" in request.query
