"""How Check connection, the list of rooms and a room's access can end: one code a cause that a person can mend.

The worker decides the code (`worker/diagnosis.py`); templates and word catalogues word it. Fields that come
with every failure, each empty when unknown: `aadsts` (Entra's number), `graph_code` (Graph's own code), `status`
(HTTP), `request_id`, `correlation_id`, and `host` (the one that was asked). More are named at the code.
"""

# ruff: noqa: S105  (names of causes, not passwords)
from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The steps of a check in their order; the keys of `ConnectionCheck.steps`."""

    TOKEN = "token"
    PLACES = "places"
    CALENDAR = "calendar"


class CheckCode(StrEnum):
    """The cause. Codes of one group stand together, in the order in which a check meets them."""

    # -- confirmed, with a reservation (a plain Confirmed has no code)
    CALENDAR_UNPROVEN = "calendar_unproven"
    """Confirmed: sign-in and Places work, but there is no room whose calendar could be tried."""
    READ_ONLY = "read_only"
    """Confirmed for reading: the token holds Calendars.Read and not Calendars.ReadWrite, so writing will fail."""

    # -- here, before Microsoft is asked
    SECRET_UNREADABLE = "secret_unreadable"
    """The stored secret cannot be decrypted with the configured keys."""

    # -- sign-in: Entra's numbers (docs/graph.md#token-errors)
    SECRET_WRONG = "secret_wrong"
    """7000215: a wrong secret, or the secret's ID in place of its value."""
    SECRET_EXPIRED = "secret_expired"
    """7000222."""
    SECRET_MISSING = "secret_missing"
    """7000218: Entra saw no secret; something on the way cut the request."""
    APP_NOT_FOUND = "app_not_found"
    """700016: no such application in this tenant: wrong client ID, or the ID of another tenant."""
    APP_DISABLED = "app_disabled"
    """7000112: the enterprise application is switched off."""
    TENANT_NOT_FOUND = "tenant_not_found"
    """90002: no such tenant, or a tenant of another cloud."""
    TENANT_MALFORMED = "tenant_malformed"
    """900023: neither a GUID nor a domain."""
    CONDITIONAL_ACCESS = "conditional_access"
    """53003: a policy for workload identities blocks the app."""
    SCOPE_REFUSED = "scope_refused"
    """70011, 1002012: Entra does not know the scope; authority and Graph address do not fit each other."""
    CONSENT_REFUSED = "consent_refused"
    """65001, 90094: an administrator has not consented."""
    WRONG_CLOUD = "wrong_cloud"
    """900382, 900439, 500011, or the two configured addresses belong to different clouds. Fields: `authority`."""
    SIGN_IN_REFUSED = "sign_in_refused"
    """Any other refusal of Entra; `aadsts` tells which."""
    OTHER_TENANT = "other_tenant"
    """The token is of another tenant than the rooms of this connection. Fields: `expected`, `found`."""

    # -- on the way, at any step; `step` names it
    NO_NETWORK = "no_network"
    """Nothing listens at the host, or no way leads there."""
    NAME_NOT_FOUND = "name_not_found"
    """DNS does not know the host."""
    PROXY_FAILED = "proxy_failed"
    """The proxy of the environment does not let the request through."""
    TLS_INTERCEPTED = "tls_intercepted"
    """The certificate is not trusted: often a company's TLS inspection; REQUESTS_CA_BUNDLE names its CA."""
    TIMED_OUT = "timed_out"
    """No answer in time. Fields: `seconds`."""
    CONNECTION_CUT = "connection_cut"
    """The connection was closed before the answer was whole."""
    REDIRECTED = "redirected"
    """The answer leads to another address; a sign-in page of the network, perhaps."""
    ANSWER_MALFORMED = "answer_malformed"
    """The answer is not Microsoft's: not JSON, or without what it must hold."""
    MICROSOFT_UNAVAILABLE = "microsoft_unavailable"
    """5xx: trouble at Microsoft."""
    MICROSOFT_BUSY = "microsoft_busy"
    """429: too many requests. Fields: `wait_seconds`."""

    # -- Graph does not take the token
    TOKEN_REFUSED = "token_refused"
    """401 with a fresh token: usually Graph and sign-in of different clouds."""

    # -- Places
    CONSENT_MISSING = "consent_missing"
    """Refused, and the token holds no permission at all: consent was never granted."""
    PLACES_PERMISSION_MISSING = "places_permission_missing"
    """Refused, and Place.Read.All is not in the token."""
    PLACES_REFUSED = "places_refused"
    """Refused although Place.Read.All is in the token: it may not be in effect yet."""
    PLACES_FAILED = "places_failed"
    """Places answered with an error that is none of the above."""

    # -- one calendar; fields: `address`
    CALENDAR_PERMISSION_MISSING = "calendar_permission_missing"
    """403 without Calendars.ReadWrite in the token: not granted, or RBAC for Applications not in effect yet."""
    CALENDAR_BLOCKED = "calendar_blocked"
    """403 with Calendars.ReadWrite in the token: an access policy keeps this mailbox out, or is not in effect yet."""
    MAILBOX_NOT_FOUND = "mailbox_not_found"
    """404: no such mailbox in the tenant."""
    MAILBOX_NOT_ENABLED = "mailbox_not_enabled"
    """The user has no Exchange Online mailbox: unlicensed, on-premises or deleted."""
    CALENDAR_FAILED = "calendar_failed"
    """The calendar answered with an error that is none of the above."""


RETRIED = frozenset({CheckCode.CALENDAR_PERMISSION_MISSING, CheckCode.CALENDAR_BLOCKED, CheckCode.PLACES_REFUSED})
"""Causes that can pass by themselves within two hours of a change in Exchange (docs/graph.md#rbac-delay)."""
