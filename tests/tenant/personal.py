"""What may be asked of a person's mailbox: single events by id, two filters, a new event. Nothing is ever listed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.tenant.calls import RequestInfo
    from tests.tenant.tenant import Tenant

_BY_ID = frozenset({("GET", 2), ("PATCH", 2), ("POST", 3)})
_BODIES = frozenset({"body", "bodypreview", "attachments"})

seen: list[str] = []
"""Improper requests to any tenant of this process, since somebody last looked (watch.py)."""


def note(tenant: Tenant, info: RequestInfo) -> None:
    """Judge a request to a person's mailbox as it arrives."""
    if is_proper(info, tenant.met):
        if info.id_in_path:
            tenant.met.add((info.mailbox or "", info.id_in_path))
        return
    tenant.improper.append(info)
    seen.append(said(info))


def meet(tenant: Tenant, info: RequestInfo, body: object) -> None:
    """Events that a proper request made or found: their ids are known from its answer."""
    if info in tenant.improper or not isinstance(body, dict):
        return
    rows = body.get("value", [body])
    tenant.met |= {(info.mailbox or "", row["id"]) for row in rows if isinstance(row, dict) and "id" in row}


def is_proper(info: RequestInfo, met: set[tuple[str, str]]) -> bool:
    """Whether a setting can allow this request; instances only of a master that a proper request asked for by its id,
    or was answered with."""
    parts = info.segments[1:] if info.segments[:1] == ("calendar",) else info.segments
    if not parts or parts[0].lower() != "events":
        return False
    if len(parts) == 1:
        return info.method == "POST" or (info.method == "GET" and _is_narrow_search(info))
    if parts[1].removesuffix("()").lower().removeprefix("microsoft.graph.") == "delta":
        return False
    action = parts[2].lower().removeprefix("microsoft.graph.") if len(parts) == 3 else ""
    if action == "instances":
        return info.method == "GET" and (info.mailbox or "", parts[1]) in met
    return (info.method, len(parts)) in _BY_ID and action in ("", "cancel")


def _is_narrow_search(info: RequestInfo) -> bool:
    """One of the two filters, for named members, bodies not among them."""
    names = {name.lower() for name in info.selected}
    return info.filter_kind in ("iCalUId", "tag") and bool(names) and _BODIES.isdisjoint(names)


def subscribed(body: bytes) -> str | None:
    """The user whose mailbox a subscription is asked for."""
    try:
        parts = str(json.loads(body)["resource"]).strip("/").split("/")
    except (ValueError, KeyError, TypeError):
        return None
    return parts[1] if len(parts) > 1 and parts[0].lower() == "users" else None


def said(info: RequestInfo) -> str:
    """A request in one line."""
    return f"{info.method} {info.path}?{info.query}"


def improper_requests(tenant: Tenant) -> list[str]:
    """Requests to persons' mailboxes that no setting ever allows, each once."""
    return sorted({said(info) for info in tenant.improper})
