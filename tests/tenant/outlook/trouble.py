"""Trouble for a demo: what an administrator of the tenant, or Microsoft itself, may do to the product."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.tenant.faults import OPS
from tests.tenant.tenant import Tenant

ROLES = ("Calendars.ReadWrite", "Place.Read.All")
LONGEST_MINUTES = 120
RETRY_SECONDS = 10
_EVERY_REQUEST_OF_GRAPH = sorted(OPS - {"any", "token"})
_NEVER_USED_UP = 10**9


def expire_secret(tenant: Tenant) -> None:
    """The secret's end date has passed; tokens that were given out live on."""
    for app in tenant.apps.values():
        app.expire_secret()


def remove_consent(tenant: Tenant) -> None:
    """New tokens carry no permission."""
    for app in tenant.apps.values():
        app.set_roles()


def throttle(tenant: Tenant, minutes: int) -> None:
    """Graph answers 429 to everything for a while."""
    until = tenant.clock.now() + timedelta(minutes=minutes)
    for op in _EVERY_REQUEST_OF_GRAPH:
        tenant.faults.add(op, "429", _NEVER_USED_UP, retry_after=RETRY_SECONDS, until=until)


def go_down(tenant: Tenant, minutes: int) -> None:
    """Neither Entra nor Graph answers for a while: connections break."""
    until = tenant.clock.now() + timedelta(minutes=minutes)
    order = tenant.faults.add("any", "drop", _NEVER_USED_UP, until=until)
    # Ahead of any throttling: who is down does not say so.
    tenant.faults.orders = [order, *(other for other in tenant.faults.orders if other is not order)]


def restore(tenant: Tenant) -> None:
    """Undo all of the above."""
    tenant.faults.clear()
    for app in tenant.apps.values():
        app.secret_expired = False
        app.set_roles(*ROLES)


def state(tenant: Tenant) -> dict[str, bool | datetime | None]:
    """What is wrong now: flags, and until when."""
    now = tenant.clock.now()
    ends = [fault for fault in tenant.faults.orders if fault.until is not None and fault.until > now]
    return {
        "secret_expired": any(app.secret_expired for app in tenant.apps.values()),
        "consent_removed": any(not app.roles for app in tenant.apps.values()),
        "throttled_until": next((fault.until for fault in ends if fault.kind == "429"), None),
        "down_until": next((fault.until for fault in ends if fault.kind == "drop"), None),
    }
