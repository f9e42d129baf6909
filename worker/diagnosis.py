"""Which cause stands behind a classified error: the matrix of Check connection, as tables.

The calls decide, not the roles in the token: with RBAC for Applications the calendar permission is in no token.
Roles only tell causes of a refusal apart (docs/graph.md#token-without-consent).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from webapp.domain.check_codes import CheckCode, Step
from worker.graph.errors import Broken
from worker.sync.errors import (
    AccessDenied,
    CredentialsRefused,
    Gone,
    MailboxMissing,
    SyncError,
    Throttled,
    Unavailable,
    Unreadable,
)

CALENDARS_WRITE, CALENDARS_READ, PLACES_READ = "Calendars.ReadWrite", "Calendars.Read", "Place.Read.All"
TIMEOUT_SECONDS = 30

_SIGN_IN = {
    "secret_unreadable": CheckCode.SECRET_UNREADABLE,
    "7000215": CheckCode.SECRET_WRONG,
    "7000222": CheckCode.SECRET_EXPIRED,
    "7000218": CheckCode.SECRET_MISSING,
    "700016": CheckCode.APP_NOT_FOUND,
    "7000112": CheckCode.APP_DISABLED,
    "90002": CheckCode.TENANT_NOT_FOUND,
    "900023": CheckCode.TENANT_MALFORMED,
    "53003": CheckCode.CONDITIONAL_ACCESS,
    "70011": CheckCode.SCOPE_REFUSED,
    "1002012": CheckCode.SCOPE_REFUSED,
    "65001": CheckCode.CONSENT_REFUSED,
    "90094": CheckCode.CONSENT_REFUSED,
    "900382": CheckCode.WRONG_CLOUD,
    "900439": CheckCode.WRONG_CLOUD,
    "500011": CheckCode.WRONG_CLOUD,
}
_ON_THE_WAY = {
    Broken.TLS: CheckCode.TLS_INTERCEPTED,
    Broken.NAME: CheckCode.NAME_NOT_FOUND,
    Broken.UNREACHABLE: CheckCode.NO_NETWORK,
    Broken.PROXY: CheckCode.PROXY_FAILED,
    Broken.TIMED_OUT: CheckCode.TIMED_OUT,
    Broken.CUT_OFF: CheckCode.CONNECTION_CUT,
    Broken.REDIRECTED: CheckCode.REDIRECTED,
}
_CLOUDS = {
    "login.microsoftonline.com": {"graph.microsoft.com"},
    "login.microsoftonline.us": {"graph.microsoft.us", "dod-graph.microsoft.us"},
    "login.chinacloudapi.cn": {"microsoftgraph.chinacloudapi.cn"},
    "login.partner.microsoftonline.cn": {"microsoftgraph.chinacloudapi.cn"},
}


@dataclass(frozen=True)
class Cause:
    """A code with the fields that its words need."""

    code: CheckCode
    fields: dict[str, Any]


def of_error(error: SyncError, step: Step, roles: Collection[str], **fields: Any) -> Cause:
    """The cause behind an error at a step. `roles` are the token's; `fields` what the caller knows of the place."""
    known = {**_support(error), "step": step.value, **fields}
    if isinstance(error, Throttled):
        return Cause(CheckCode.MICROSOFT_BUSY, {**known, "wait_seconds": round(error.wait_seconds)})
    if isinstance(error, (Unavailable, Unreadable)):
        return Cause(_on_the_way(error), {**known, "seconds": TIMEOUT_SECONDS})
    if isinstance(error, CredentialsRefused):
        return Cause(_refused_credentials(error, step), known)
    return Cause(_places(error, roles) if step is Step.PLACES else _calendar(error, roles), known)


def clouds_differ(authority_host: str, graph_host: str) -> bool:
    """Whether the two configured hosts are known to belong to different clouds (docs/graph.md#clouds)."""
    every_graph = {host for hosts in _CLOUDS.values() for host in hosts}
    if authority_host in _CLOUDS:
        return graph_host in every_graph - _CLOUDS[authority_host]
    return False


def _on_the_way(error: SyncError) -> CheckCode:
    trouble = error.trouble
    if trouble.code in _ON_THE_WAY:
        return _ON_THE_WAY[Broken(trouble.code)]
    if trouble.status >= 500:
        return CheckCode.MICROSOFT_UNAVAILABLE
    return CheckCode.ANSWER_MALFORMED if trouble.code in ("", Broken.NOT_GRAPH) else CheckCode.MICROSOFT_UNAVAILABLE


def _refused_credentials(error: SyncError, step: Step) -> CheckCode:
    if step is Step.TOKEN or error.trouble.operation == "token":
        return _SIGN_IN.get(error.trouble.code, CheckCode.SIGN_IN_REFUSED)
    return CheckCode.TOKEN_REFUSED


def _places(error: SyncError, roles: Collection[str]) -> CheckCode:
    if not isinstance(error, AccessDenied):
        return CheckCode.PLACES_FAILED
    if not roles:
        return CheckCode.CONSENT_MISSING
    return CheckCode.PLACES_REFUSED if PLACES_READ in roles else CheckCode.PLACES_PERMISSION_MISSING


def _calendar(error: SyncError, roles: Collection[str]) -> CheckCode:
    if isinstance(error, AccessDenied):
        return CheckCode.CALENDAR_BLOCKED if CALENDARS_WRITE in roles else CheckCode.CALENDAR_PERMISSION_MISSING
    if isinstance(error, MailboxMissing):
        not_enabled = error.trouble.code.casefold() == "mailboxnotenabledforrestapi" or error.trouble.status == 403
        return CheckCode.MAILBOX_NOT_ENABLED if not_enabled else CheckCode.MAILBOX_NOT_FOUND
    return CheckCode.MAILBOX_NOT_FOUND if isinstance(error, Gone) else CheckCode.CALENDAR_FAILED


def _support(error: SyncError) -> dict[str, Any]:
    """What Microsoft's support asks for; nothing of it is secret."""
    trouble = error.trouble
    from_entra = trouble.operation == "token"
    return {
        "aadsts": trouble.code if from_entra and trouble.code.isdigit() else "",
        "graph_code": "" if from_entra or trouble.code in list(Broken) else trouble.code,
        "status": trouble.status or "",
        "request_id": "" if from_entra else trouble.request_id,
        "trace_id": trouble.request_id if from_entra else "",
        "correlation_id": trouble.client_request_id,
    }
