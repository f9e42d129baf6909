"""Access tokens for one app in one tenant, by client credentials.

msal builds the request; around it: an application object made anew for each request, because msal remembers a
400 for 60 s and a setup corrected meanwhile would look broken (docs/graph.md#msal-remembers-400); timeouts,
which msal leaves out; and classified errors in place of its ValueErrors.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msal
import requests

from worker.graph.errors import Broken, broken_request, retry_after
from worker.sync.errors import CredentialsRefused, SyncError, Throttled, Trouble, Unavailable, Unreadable

TIMEOUT_SECONDS = (10.0, 10.0)
"""For connecting, and for each silence of the answer; a token takes two requests."""
OPERATION = "token"
_SPARE = timedelta(seconds=300)
"""A token with less left is not used any more."""
REFUSED_FOR = timedelta(seconds=60)
"""For so long a refusal counts for all rooms of a connection: they do not each ask Entra (H68)."""


@dataclass(frozen=True)
class Credentials:
    """What an app signs in with. The secret shows nowhere, not even in a repr."""

    tenant_id: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Token:
    """An access token. `roles` and `tenant_guid` are claims read without verification, for diagnosis only."""

    value: str = field(repr=False)
    got_at: datetime
    expires_at: datetime
    roles: tuple[str, ...] = ()
    tenant_guid: str | None = None


class TokenCache(Protocol):
    """Where tokens are shared between processes. The strings are secrets: whoever stores them encrypts them."""

    def load(self, key: str) -> str | None:
        """What was saved under `key`, or None."""

    def save(self, key: str, text: str) -> None:
        """Keep `text` under `key`, in place of whatever was kept for this connection."""


class TokenSource:
    """Gives the token of one app, from memory, from the shared cache, or from Entra. Safe for threads."""

    def __init__(
        self,
        credentials: Credentials,
        authority: str,
        scope: str,
        session: requests.Session,
        cache: TokenCache | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials
        self.authority = authority
        self._scope = scope
        self._session = session
        self._cache = cache
        self._now = now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._dropped: str | None = None
        self._refused: tuple[datetime, CredentialsRefused] | None = None
        self._replaced_at: datetime | None = None
        self.key = hashlib.sha256("\n".join([authority, scope, *vars(credentials).values()]).encode()).hexdigest()
        """Digest of what tokens are got with: a changed secret never meets an old token."""

    def token(self) -> Token:
        """A token that is good for some minutes; raises a classified error when Entra gives none, or gave none just
        now."""
        with self._lock:
            if self._token is None or not self._usable(self._token):
                self._token = self._shared() or self._got_unless_refused()
            return self._token

    def renew(self) -> Token:
        """A token that is got now, in place of all that are kept: only new ones show what was granted since."""
        with self._lock:
            self._token = self._got()
            return self._token

    def replace(self, token: Token) -> Token | None:
        """Another token for one that Graph refused; None when one was replaced just now, which did not help."""
        now = self._now()
        with self._lock:
            if self._token is None or self._token == token:
                if self._replaced_at is not None and now - self._replaced_at < REFUSED_FOR:
                    return None
                self._replaced_at = now
        self.drop(token)
        return self.token()

    def drop(self, token: Token) -> None:
        """Forget a token, unless another thread has already got a newer one."""
        with self._lock:
            self._dropped = token.value
            if self._token == token:
                self._token = None

    def drop_if_older(self, token: Token, age: timedelta) -> None:
        """Forget a token of that age: consent shows only in newer ones (docs/graph.md#consent-needs-new-token)."""
        if self._now() - token.got_at >= age:
            self.drop(token)

    def _shared(self) -> Token | None:
        text = self._cache.load(self.key) if self._cache else None
        token = _load(text) if text else None
        return token if token and self._usable(token) and token.value != self._dropped else None

    def _usable(self, token: Token) -> bool:
        return token.expires_at - self._now() > _SPARE

    def _got_unless_refused(self) -> Token:
        if self._refused is not None and self._now() - self._refused[0] < REFUSED_FOR:
            raise CredentialsRefused(self._refused[1].trouble)
        return self._got()

    def _got(self) -> Token:
        self._refused = None
        try:
            token = self._acquire()
        except CredentialsRefused as error:
            self._refused = (self._now(), error)
            raise
        if self._cache:
            self._cache.save(self.key, _dump(token))
        return token

    def _acquire(self) -> Token:
        asked_at = self._now()
        web = _EntraOnly(self._session, self.authority)
        answer, failure = self._ask(web)
        if failure is not None:
            raise failure
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value:
            raise _refusal(answer, web)
        claims = _claims(value)
        return Token(
            value=value,
            got_at=asked_at,
            expires_at=asked_at + timedelta(seconds=seconds if isinstance(seconds, int) else 0),
            roles=tuple(str(role) for role in claims.get("roles") or ()),
            tenant_guid=str(claims["tid"]).lower() if claims.get("tid") else None,
        )

    def _ask(self, web: _EntraOnly) -> tuple[dict[str, Any], SyncError | None]:
        """msal's answer or the classified failure; returned, so that no exception keeps hold of the secret."""
        try:
            app = msal.ConfidentialClientApplication(
                self._credentials.client_id,
                client_credential=self._credentials.secret,
                authority=f"{self.authority}/{quote(self._credentials.tenant_id, safe='')}",
                instance_discovery=False,
                http_client=web,
            )
            return app.acquire_token_for_client(scopes=[self._scope]) or {}, None
        except SyncError as error:
            return {}, error
        except requests.HTTPError:
            return {}, _refusal({}, web)
        except requests.RequestException as error:
            return {}, _never_sent(broken_request(error, Trouble(operation=OPERATION)).trouble)
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, msal.exceptions.MsalError):
            return {}, _refusal({}, web)


class _EntraOnly:
    """msal's http client: this origin only, with timeouts, without redirects; keeps the last answer."""

    def __init__(self, session: requests.Session, origin: str) -> None:
        self._session = session
        self._origin = urlsplit(origin)
        self.last: requests.Response | None = None

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        return self._send("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        return self._send("POST", url, **kwargs)

    def close(self) -> None:
        """The session belongs to whoever made it."""

    def _send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != (self._origin.scheme, self._origin.netloc):
            # A discovery document that names another host would lead the secret there (S21).
            raise Unreadable("token_endpoint", Trouble(operation=OPERATION))
        kwargs.update(timeout=TIMEOUT_SECONDS, allow_redirects=False, auth=_as_it_is)
        self.last = self._session.request(method, url, **kwargs)
        return self.last


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as `auth`, keeps requests from adding a login out of a .netrc file."""
    return request


def _refusal(answer: dict[str, Any], web: _EntraOnly) -> SyncError:
    """What Entra's refusal means; by the numbers in `error_codes`, from the dict or from the last answer."""
    status = web.last.status_code if web.last is not None else 0
    body = answer or _json(web.last)
    numbers = body.get("error_codes")
    number = str(numbers[0]) if isinstance(numbers, list) and numbers else ""
    trouble = Trouble(
        status=status,
        code=number or str(body.get("error") or Broken.NOT_GRAPH),
        request_id=str(body.get("trace_id") or ""),
        client_request_id=str(body.get("correlation_id") or ""),
        operation=OPERATION,
    )
    wait = retry_after(web.last.headers) if web.last is not None else None
    if status == 429:
        return Throttled(trouble, wait_seconds=wait or 10.0)
    if status >= 500 or body.get("error") == "temporarily_unavailable":
        return _never_sent(trouble, wait)
    if 300 <= status < 400:
        return _never_sent(Trouble(status=status, code=Broken.REDIRECTED, operation=OPERATION))
    if not body.get("error"):
        return _never_sent(Trouble(status=status, code=Broken.NOT_GRAPH, operation=OPERATION))
    return CredentialsRefused(trouble)


def _never_sent(trouble: Trouble, wait: float | None = None) -> Unavailable:
    """Without a token nothing went to Graph: a write that waited for it is not in doubt."""
    return Unavailable(trouble, wait_seconds=wait, never_sent=True)


def _json(response: requests.Response | None) -> dict[str, Any]:
    try:
        body = response.json() if response is not None else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _claims(value: str) -> dict[str, Any]:
    """The payload of a JWT, unverified: for diagnosis, never for a decision. Empty when it is none."""
    try:
        payload = value.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _dump(token: Token) -> str:
    return json.dumps(
        {
            "value": token.value,
            "got_at": token.got_at.isoformat(),
            "expires_at": token.expires_at.isoformat(),
            "roles": token.roles,
            "tenant_guid": token.tenant_guid,
        }
    )


def _load(text: str) -> Token | None:
    """A token out of the shared cache; None when it is of another version or damaged."""
    try:
        kept = json.loads(text)
        return Token(
            value=kept["value"],
            got_at=datetime.fromisoformat(kept["got_at"]),
            expires_at=datetime.fromisoformat(kept["expires_at"]),
            roles=tuple(kept["roles"]),
            tenant_guid=kept["tenant_guid"],
        )
    except (ValueError, KeyError, TypeError):
        return None
