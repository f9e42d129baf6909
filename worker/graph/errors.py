"""What an answer that is no success means, by status first and code second; never by its text.

Order of judging: the HTTP status, `error.code` in any letter case, then the codes nested in `innerError`.
Sources and certainty of each row: docs/graph.md#errors.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.exceptions import SSLError as UrllibSSLError

from worker.sync.errors import (
    AccessDenied,
    Changed,
    CredentialsRefused,
    DeltaExpired,
    DuplicateTransaction,
    Gone,
    MailboxMissing,
    Refused,
    SyncError,
    Throttled,
    Trouble,
    Unavailable,
)

WAIT_WITHOUT_HEADER = 10.0
"""Seconds to wait after a 429 that does not say how long."""
WAIT_AT_MOST = 3600.0
"""A longer Retry-After is not believed; it is asked again after this."""


class Broken(StrEnum):
    """`Trouble.code` of what failed without an answer from Microsoft."""

    TLS = "TlsFailed"
    NAME = "NameNotFound"
    UNREACHABLE = "Unreachable"
    PROXY = "ProxyFailed"
    TIMED_OUT = "TimedOut"
    CUT_OFF = "CutOff"
    REDIRECTED = "Redirected"
    NOT_GRAPH = "NotMicrosoft"
    """An answer without Graph's or Entra's error object: something in between spoke."""


class Scope(StrEnum):
    """What a request was about: the meaning of 400 and 404 depends on it."""

    ITEM = "item"
    MAILBOX = "mailbox"
    DELTA = "delta"
    TENANT = "tenant"


_DUPLICATE = frozenset({"errorduplicatetransactionid"})
_DEAD_DELTA = frozenset({"syncstatenotfound", "resyncrequired", "resyncchangesapplydifferences"})
_NO_MAILBOX = frozenset(
    {
        "mailboxnotenabledforrestapi",
        "errorinvaliduser",
        "request_resourcenotfound",
        "resourcenotfound",
        "errornonexistentmailbox",
        "mailboxnotfound",
    }
)
_NO_ITEM = frozenset({"erroritemnotfound"})
_NO_PERMISSION = frozenset({"nopermissionsinaccesstoken"})
_NOT_READY = frozenset({"extensionerror"})
_TOO_MANY = frozenset({"applicationthrottled", "toomanyrequests", "activitylimitreached"})
_TRANSIENT = frozenset({408, 423, 500, 502, 503, 504, 509})


def codes_of(body: Any) -> tuple[str, ...]:
    """`error.code` and the codes nested under it, outermost first, as written; empty when it is no Graph error."""
    found: list[str] = []
    level = body.get("error") if isinstance(body, dict) else None
    for _ in range(8):
        if not isinstance(level, dict):
            break
        if isinstance(level.get("code"), str):
            found.append(level["code"])
        level = next((value for name, value in level.items() if name.lower() == "innererror"), None)
    return tuple(found)


def classify(status: int, headers: Mapping[str, str], body: Any, *, scope: Scope, trouble: Trouble) -> SyncError:
    """The error that an answer with this status stands for. `trouble` holds what is known of the request."""
    codes = codes_of(body)
    trouble = Trouble(
        status=status,
        code=codes[0] if codes else Broken.NOT_GRAPH,
        request_id=headers.get("request-id", "") or trouble.request_id,
        client_request_id=trouble.client_request_id,
        operation=trouble.operation,
    )
    folded = frozenset(code.casefold() for code in codes)
    wait = retry_after(headers)
    if status == 429 or folded & _TOO_MANY:
        return Throttled(trouble, wait_seconds=WAIT_WITHOUT_HEADER if wait is None else wait)
    if status in _TRANSIENT or folded & _NOT_READY:
        return Unavailable(trouble, wait_seconds=wait)
    return _refusal(status, folded, scope, trouble)


def _refusal(status: int, codes: frozenset[str], scope: Scope, trouble: Trouble) -> SyncError:
    """The meaning of an answer that was not about being busy."""
    if 300 <= status < 400:
        return Unavailable(_with_code(trouble, Broken.REDIRECTED))
    if status == 410 or codes & _DEAD_DELTA:
        return DeltaExpired(trouble)
    if codes & _DUPLICATE:
        return DuplicateTransaction(trouble)
    if codes & _NO_MAILBOX:
        return MailboxMissing(trouble)
    if status == 403 or codes & _NO_PERMISSION:
        return AccessDenied(trouble)
    if status == 401:
        return CredentialsRefused(trouble)
    if status in (409, 412):
        return Changed(trouble)
    if status == 404:
        return _not_found(codes, scope, trouble)
    if scope is Scope.DELTA and status == 400:
        # Seen after mailbox moves; a link is not mended by sending it again (docs/graph.md#delta-dead).
        return DeltaExpired(trouble)
    if 400 <= status < 500 or status == 501:
        return Refused(trouble)
    return Unavailable(trouble)


def _not_found(codes: frozenset[str], scope: Scope, trouble: Trouble) -> SyncError:
    """404 means gone only if Graph itself says so: a gateway's page must cancel nothing (I5).

    A missing item says nothing of the mailbox, whose absence has codes of its own: answered to a create, the outcome
    is in doubt like any other, and it is looked for before it is sent again (docs/graph.md#errors).
    """
    if not codes or (scope is Scope.MAILBOX and codes & _NO_ITEM):
        return Unavailable(trouble)
    return {
        Scope.ITEM: Gone,
        Scope.DELTA: DeltaExpired,
        Scope.MAILBOX: MailboxMissing,
        Scope.TENANT: Refused,
    }[scope](trouble)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks to wait, given as seconds or as a date; None without the header.

    A date is read against the answer's own Date, so that our clock plays no part (H33).
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until, now = _http_date(text), _http_date(headers.get("Date", "")) or datetime.now(UTC)
        if until is None:
            return WAIT_WITHOUT_HEADER
        seconds = (until - now).total_seconds()
    return min(max(seconds, 0.0), WAIT_AT_MOST) if seconds == seconds else WAIT_WITHOUT_HEADER


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def broken_request(error: requests.RequestException, trouble: Trouble) -> Unavailable:
    """The classified form of a request that got no whole answer; says whether it can have had an effect."""
    reason = _innermost_reason(error)
    before_sending = (
        isinstance(error, requests.exceptions.ConnectTimeout)
        or isinstance(reason, NewConnectionError)
        or _is_bad_certificate(reason)
    )
    return Unavailable(_with_code(trouble, _broken_code(error, reason)), never_sent=before_sending)


def _is_bad_certificate(reason: object) -> bool:
    """A certificate is judged before the request is sent; other TLS errors can come in the middle of it."""
    cause = reason.args[0] if isinstance(reason, UrllibSSLError) and reason.args else None
    return isinstance(cause, ssl.SSLCertVerificationError)


def _innermost_reason(error: requests.RequestException) -> object:
    """urllib3's reason inside requests' wrapping."""
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", None)


def _broken_code(error: requests.RequestException, reason: object) -> Broken:
    if isinstance(error, requests.exceptions.SSLError):
        return Broken.TLS
    if isinstance(error, requests.exceptions.ProxyError):
        return Broken.PROXY
    if isinstance(error, requests.Timeout):
        return Broken.TIMED_OUT
    if isinstance(reason, NameResolutionError):
        return Broken.NAME
    if isinstance(reason, NewConnectionError):
        return Broken.UNREACHABLE
    return Broken.CUT_OFF


def _with_code(trouble: Trouble, code: str) -> Trouble:
    return Trouble(
        status=trouble.status,
        code=code,
        request_id=trouble.request_id,
        client_request_id=trouble.client_request_id,
        operation=trouble.operation,
    )
