"""Entra ID: discovery, the token endpoint with every refusal of the facts, and JWT-shaped tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tests.tenant.calls import Response
from tests.tenant.errors import GraphError, TokenError
from tests.tenant.faults import AFTER, BEFORE

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}\Z", re.IGNORECASE)
TOKEN_SECONDS = 3599


@dataclass
class App:
    """An app registration with its enterprise application in this tenant."""

    tenant: Tenant
    client_id: str
    object_id: str
    secret_id: str
    secret: str
    roles: tuple[str, ...]
    secret_expired: bool = False
    enabled: bool = True
    blocked: bool = False
    scope: frozenset[str] | None = None
    scope_kind: str = "rbac"
    scope_from: datetime | None = None
    old_secrets: set[str] = field(default_factory=set)
    token_seconds: int = TOKEN_SECONDS

    def expire_secret(self) -> None:
        """The secret's end date has passed."""
        self.secret_expired = True

    def new_secret(self) -> str:
        """Another secret, valid at once; the old one is deleted."""
        self.secret, self.secret_id, self.secret_expired = self.tenant.new_secret(), self.tenant.guid(), False
        return self.secret

    def disable(self) -> None:
        """The enterprise application is switched off: no sign-in."""
        self.enabled = False

    def enable(self) -> None:
        """Undo disable()."""
        self.enabled = True

    def set_roles(self, *roles: str) -> None:
        """What an admin consented to; seen by new tokens only."""
        self.roles = tuple(roles)

    def block_by_conditional_access(self, blocked: bool = True) -> None:
        """A policy for workload identities stops this app."""
        self.blocked = blocked

    def restrict_to(self, addresses: list[str] | None, kind: str = "rbac", delay: float = 0) -> None:
        """Let the app into these mailboxes only, `delay` seconds from now.

        "rbac": Exchange grants the calendar role itself, it is not in the token. "policy": an application
        access policy on top of the role in the token. None lifts the restriction.
        """
        if kind not in ("rbac", "policy"):
            raise ValueError(kind)
        self.scope = None if addresses is None else frozenset(address.lower() for address in addresses)
        self.scope_kind = kind
        self.scope_from = self.tenant.clock.now() + timedelta(seconds=delay)
        if kind == "rbac" and addresses is not None:
            self.roles = tuple(role for role in self.roles if not role.startswith("Calendars."))

    def in_scope(self, address: str, now: datetime) -> bool | None:
        """True or False by the restriction in effect; None where there is none (yet)."""
        if self.scope is None or (self.scope_from is not None and now < self.scope_from):
            return None
        return address.lower() in self.scope


@dataclass(frozen=True)
class Claims:
    """What a presented token says, once it was found valid."""

    app: App
    roles: tuple[str, ...]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(tenant: Tenant, text: str) -> str:
    return _b64(hmac.new(tenant.signing_key, text.encode(), hashlib.sha256).digest())


def mint(tenant: Tenant, app: App, audience: str, **changes: Any) -> str:
    """An access token of an app; `changes` replace claims, for tests of bad tokens."""
    now = int(tenant.clock.now().timestamp())
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant.tenant_id}/",
        "iat": now,
        "nbf": now,
        "exp": now + app.token_seconds + 1,
        "appid": app.client_id,
        "idtyp": "app",
        "oid": app.object_id,
        "sub": app.object_id,
        "tid": tenant.tenant_id,
        "ver": "1.0",
    }
    if app.roles:
        claims["roles"] = list(app.roles)
    claims |= changes
    header = {"typ": "JWT", "alg": "RS256", "kid": "tenant"}
    text = ".".join(_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{text}.{_signature(tenant, text)}"


def verify(tenant: Tenant, header: str | None) -> Claims:
    """Check a bearer token as Graph does. Raises GraphError 401."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _refused("Access token is empty.")
    known = tenant.verified_tokens.get(token)
    if known is None:
        known = _claims(tenant, token)
        tenant.verified_tokens[token] = known
    if known["exp"] <= tenant.clock.now().timestamp():
        raise _refused("Lifetime validation failed, the token is expired.")
    if known["aud"].rstrip("/") != tenant.graph_origin:
        raise _refused("Access token validation failure. Invalid audience.")
    if known["tid"] != tenant.tenant_id:
        raise _refused("Invalid tenant.")
    app = tenant.apps.get(known["appid"])
    if app is None:
        raise _refused("The application is not known.")
    return Claims(app, tuple(known.get("roles", ())))


def _claims(tenant: Tenant, token: str) -> dict[str, Any]:
    text, _, signature = token.rpartition(".")
    if text.count(".") != 1:
        raise _refused("CompactToken parsing failed with error code: 80049217")
    if not hmac.compare_digest(signature, _signature(tenant, text)):
        raise _refused("Access token validation failure.")
    payload = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _refused(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message)


# -- endpoints


def _is_here(tenant: Tenant, name: str) -> bool:
    """Whether a tenant segment names this directory. Raises TokenError for other ones."""
    if name.lower() in (tenant.tenant_id, tenant.domain.lower()):
        return True
    if not _GUID.match(name) and not _DOMAIN.match(name):
        raise TokenError(
            tenant.switches.malformed_tenant_status,
            "invalid_request",
            900023,
            f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain.",
        )
    return False


def _not_found(name: str, error: str) -> TokenError:
    return TokenError(
        400,
        error,
        90002,
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def discovery(tenant: Tenant, name: str) -> dict[str, Any]:
    """The openid-configuration of a tenant. Raises TokenError."""
    if not _is_here(tenant, name) and name.lower() not in tenant.other_tenants:
        raise _not_found(name, "invalid_tenant")
    directory = tenant.tenant_id if _is_here(tenant, name) else name.lower()
    base = f"{tenant.authority_origin}/{directory}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0",
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": tenant.graph_origin.split("//")[1],
    }


def token(tenant: Tenant, name: str, body: str) -> dict[str, Any]:
    """The client credentials grant. Raises TokenError, in the order in which Entra notices things."""
    form = dict(parse_qsl(body, keep_blank_values=True))
    here = _is_here(tenant, name)
    if not here and name.lower() not in tenant.other_tenants:
        raise _not_found(name, tenant.switches.unknown_tenant_error)
    if form.get("grant_type") != "client_credentials":
        raise TokenError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    _check_scope(tenant, form.get("scope", ""))
    client = form.get("client_id", "")
    app = tenant.apps.get(client.lower()) if here else None
    if app is None:
        raise TokenError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client}' was not found in the directory '{tenant.name}'. This can happen "
            "if the application has not been installed by the administrator of the tenant or consented to by any "
            "user in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    _check_secret(tenant, app, form.get("client_secret", ""))
    if not app.enabled:
        raise TokenError(
            tenant.switches.disabled_app_status,
            "unauthorized_client",
            7000112,
            f"Application '{app.client_id}'(Room sync) is disabled.",
        )
    if app.blocked:
        raise TokenError(
            tenant.switches.conditional_access_status,
            tenant.switches.conditional_access_error,
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token "
            "issuance.",
        )
    return {
        "token_type": "Bearer",
        "expires_in": app.token_seconds,
        "ext_expires_in": app.token_seconds,
        "access_token": mint(tenant, app, tenant.graph_origin),
    }


def _check_scope(tenant: Tenant, scope: str) -> None:
    if not scope.endswith("/.default"):
        raise TokenError(
            400,
            "invalid_scope",
            70011,
            f"The provided request must include a 'scope' input parameter. The provided value for the input "
            f"parameter 'scope' is not valid. The scope {scope} is not valid.",
        )
    resource = scope.removesuffix("/.default").rstrip("/")
    if resource != tenant.graph_origin:
        raise TokenError(
            400,
            "invalid_resource",
            500011,
            f"The resource principal named {resource} was not found in the tenant named {tenant.name}. This can "
            "happen if the application has not been installed by the administrator of the tenant or consented to by "
            "any user in the tenant. You might have sent your authentication request to the wrong tenant.",
        )


def _check_secret(tenant: Tenant, app: App, secret: str) -> None:
    if not secret:
        raise TokenError(
            tenant.switches.no_secret_status,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            uri=False,
        )
    if secret != app.secret:
        raise TokenError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app.client_id}'.",
        )
    if app.secret_expired:
        raise TokenError(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{app.client_id}' are expired. Visit the Azure portal to "
            "create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials "
            "for added security: https://aka.ms/certCreds.",
        )


def error_body(tenant: Tenant, error: TokenError, correlation: str) -> dict[str, Any]:
    """The JSON of a refusal."""
    when = tenant.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    trace = tenant.guid()
    body: dict[str, Any] = {
        "error": error.error,
        "error_description": (
            f"AADSTS{error.code}: {error.text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}"
            f"\r\nTimestamp: {when}"
        ),
        "error_codes": [error.code],
        "timestamp": when,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    if error.uri:
        body["error_uri"] = f"https://login.microsoftonline.com/error?code={error.code}"
    return body


def serve(tenant: Tenant, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
    """Answer a request to the authority. Raises AnswerLost."""
    segments = [unquote(part) for part in path.split("/") if part]
    correlation = headers.get("client-request-id") or tenant.guid()
    with tenant.lock:
        try:
            response = _routed(tenant, method, segments, body)
        except TokenError as error:
            response = Response(error.status, error_body(tenant, error, correlation))
        except GraphError as error:
            response = Response(error.status, {"error": "temporarily_unavailable"}, dict(error.headers))
    response.headers |= {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store, no-cache"}
    response.headers["client-request-id"] = correlation
    return response


def _routed(tenant: Tenant, method: str, segments: list[str], body: bytes) -> Response:
    fault = tenant.faults.take("token", None)
    if fault is not None and fault.kind in BEFORE:
        fault.before()
    if segments[:1] == ["v1.0"]:
        response = Response(404, {"error": "not_found"})
    elif segments[1:] == ["v2.0", ".well-known", "openid-configuration"] and method == "GET":
        response = Response(200, discovery(tenant, segments[0]))
    elif segments[1:] == ["oauth2", "v2.0", "token"] and method == "POST":
        response = Response(200, token(tenant, segments[0], body.decode("utf-8", "replace")))
    else:
        response = Response(404, {"error": "not_found"})
    if fault is not None and fault.kind in AFTER:
        fault.after()
    return response
