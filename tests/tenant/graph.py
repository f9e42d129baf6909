"""Graph's front door: paths to operations, tokens and permissions, faults, the log, the error envelope."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.tenant import batch, delta, entra, personal, query, reach, routes_events, routes_mailbox, routes_places
from tests.tenant.calls import Call, RequestInfo, Response, preferences
from tests.tenant.errors import GraphError, access_denied, bad_request, unknown_segment
from tests.tenant.faults import AFTER, SHAPES

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

_KEYED = re.compile(r"(\w+)\('((?:[^']|'')*)'\)\Z")
_ACTIONS = frozenset(routes_events.ANSWERS)
_CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_READ, _WRITE = "Calendars.Read", "Calendars.ReadWrite"


@dataclass
class Request:
    """A request as it arrived: path below the version, raw query, headers in lower case."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    in_batch: bool = False


@dataclass
class Route:
    """Where a request goes: the operation's name for faults, the mailbox segment, what to run."""

    op: str
    user: str | None
    run: Callable[[Call], Response]
    writes: bool = False
    calendar: str | None = None
    places: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def segments_of(path: str) -> list[str]:
    """Decoded path segments; `users('x')` counts as two."""
    out: list[str] = []
    for raw in path.split("/"):
        if not raw:
            continue
        text = unquote(raw)
        match = _KEYED.match(text)
        out += [match.group(1), match.group(2).replace("''", "'")] if match else [text]
    return out


def resolve(method: str, segments: list[str]) -> Route:
    """The route of a request. Raises GraphError for what Graph does not have."""
    head = segments[0].lower() if segments else ""
    if head == "$batch" and len(segments) == 1:
        _expect(method, "POST")
        return Route("batch", None, batch.answer)
    if head == "places":
        _expect(method, "GET")
        return Route("places", None, lambda call: routes_places.answer(call, segments[1:]), places=True)
    if head == "me":
        return Route("any", None, _me)
    if head != "users" or len(segments) < 2:
        raise unknown_segment(segments[0] if segments else "")
    return _user_route(method, segments[1], segments[2:])


def _expect(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def _me(call: Call) -> Response:
    raise GraphError(
        call.tenant.switches.no_permissions_status,
        "NoPermissionsInAccessToken",
        "The token contains no permissions, or permissions cannot be understood.",
    )


def _directory(call: Call) -> Response:
    raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _user_route(method: str, user: str, rest: list[str]) -> Route:
    names = [part.lower() for part in rest]
    if not rest:
        return Route("any", None, _directory)
    calendar = None
    if names[0] == "calendar" and len(rest) > 1:
        rest, names = rest[1:], names[1:]
    elif names[0] == "calendars" and len(rest) > 1:
        calendar, rest, names = rest[1], rest[2:], names[2:]
        if not rest:
            _expect(method, "GET")
            return Route("calendar", user, routes_mailbox.get_calendar, calendar=calendar)
    route = _calendar_route(method, user, rest, names)
    route.calendar = calendar
    return route


def _calendar_route(method: str, user: str, rest: list[str], names: list[str]) -> Route:
    if names == ["calendar"]:
        _expect(method, "GET")
        return Route("calendar", user, routes_mailbox.get_calendar)
    if names == ["calendars"]:
        _expect(method, "GET")
        return Route("calendar", user, routes_mailbox.list_calendars)
    if names[0] == "calendarview":
        _expect(method, "GET")
        if len(names) == 1:
            return Route("view", user, routes_events.view)
        if len(names) == 2 and names[1].removeprefix("microsoft.graph.") in ("delta", "delta()"):
            return Route("delta", user, lambda call: Response(200, delta.answer(call)))
    if names[0] == "events":
        return _event_route(method, user, rest, names)
    if names[0] == "outlook" and len(names) == 2 and names[1].startswith("supportedtimezones"):
        _expect(method, "GET")
        return Route("calendar", user, lambda call: routes_mailbox.supported_time_zones(call, rest[1]))
    if names == ["translateexchangeids"] or names == ["microsoft.graph.translateexchangeids"]:
        _expect(method, "POST")
        return Route("get", user, routes_mailbox.translate_ids)
    raise bad_request(f"Resource not found for the segment '{rest[-1]}'.")


def _event_route(method: str, user: str, rest: list[str], names: list[str]) -> Route:
    if len(rest) == 1:
        _expect(method, "GET", "POST")
        if method == "GET":
            return Route("list", user, routes_events.list_events)
        return Route("create", user, routes_events.create, writes=True)
    if names[1].removeprefix("microsoft.graph.").removesuffix("()") == "delta":
        raise bad_request("Change tracking is not supported against 'microsoft.graph.event'.")
    event_id = rest[1]
    if len(rest) == 2:
        _expect(method, "GET", "PATCH", "DELETE")
        run = {"GET": routes_events.get, "PATCH": routes_events.patch, "DELETE": routes_events.delete}[method]
        return Route(method.lower(), user, lambda call: run(call, event_id), writes=method != "GET")
    action = names[2].removeprefix("microsoft.graph.")
    if len(rest) == 3 and action == "instances":
        _expect(method, "GET")
        return Route("instances", user, lambda call: routes_events.instances(call, event_id))
    if len(rest) == 3 and action == "cancel":
        _expect(method, "POST")
        return Route("cancel", user, lambda call: routes_events.cancel(call, event_id), writes=True)
    if len(rest) == 3 and action in _ACTIONS:
        _expect(method, "POST")
        return Route("respond", user, lambda call: routes_events.respond(call, event_id, action), writes=True)
    raise bad_request(f"Resource not found for the segment '{rest[-1]}'.")


# -- permission


def _authorize(call: Call, route: Route) -> None:
    """Token, then role, then the app's scope. Raises GraphError 401 or 403."""
    tenant = call.tenant
    claims = call.claims or entra.verify(tenant, call.headers.get("authorization"))
    call.claims = claims
    call.info.client_id = claims.app.client_id
    if route.places and "Place.Read.All" not in claims.roles and "Place.ReadWrite.All" not in claims.roles:
        raise GraphError(
            403, tenant.switches.places_denied_code, "Insufficient privileges to complete the operation."
        )
    if route.user is None:
        return
    if not claims.roles and claims.app.scope is None:
        raise GraphError(
            tenant.switches.no_permissions_status,
            "NoPermissionsInAccessToken",
            "The token contains no permissions, or permissions cannot be understood.",
        )
    mailbox = tenant.find_mailbox(route.user) or tenant.find_object(route.user)
    mailbox = None if mailbox is not None and mailbox.kind == "external" else mailbox
    granted = _WRITE in claims.roles or (_READ in claims.roles and not route.writes)
    in_scope = None if mailbox is None else claims.app.in_scope(mailbox.address, call.now)
    if claims.app.scope_kind == "rbac":
        known = mailbox is not None or tenant.switches.rbac_hides_unknown_users
        if not granted and in_scope is not True and (known or claims.app.scope is None):
            raise access_denied()
    elif not granted:
        raise access_denied()
    elif in_scope is False:
        raise reach.blocked_by_policy()
    if mailbox is None:
        raise reach.unknown_user(tenant.switches, route.user)
    reach.check(mailbox, tenant.switches, route.user, call.now)
    call.box, call.user, call.info.mailbox = mailbox, route.user, mailbox.address


# -- serving


def serve(tenant: Tenant, request: Request, claims: entra.Claims | None = None) -> Response:
    """Answer one request to Graph. Raises AnswerLost where the client shall get none."""
    with tenant.lock:
        info = tenant.log_request(request)
    slot = None
    try:
        segments = segments_of(request.path)
        _note_mailbox(tenant, segments, request, info)
        if not request.in_batch:
            slot = tenant.take_slot(request.headers.get("authorization", ""), request.path)
        if segments[:1] == ["$batch"]:
            # Its parts take the lock one by one, so that other requests go on in between.
            response = _answer(tenant, request, segments, info, claims)
        else:
            if not request.in_batch:
                tenant.pause()
            with tenant.lock:
                tenant.run_due()
                response = _answer(tenant, request, segments, info, claims)
                tenant.run_due()
    except GraphError as error:
        response = error_response(tenant, error, info)
        if error.status == 429:
            response.headers |= _applied(request.headers.get("prefer", ""))
    finally:
        tenant.throttle.leave(slot)
    info.status = response.status
    return finished(tenant, request, response, info)


def _answer(
    tenant: Tenant, request: Request, segments: list[str], info: RequestInfo, claims: entra.Claims | None
) -> Response:
    route = resolve(request.method, segments)
    info.op = route.op
    call = Call(
        tenant,
        request.method,
        f"/{request.path.strip('/')}",
        segments,
        query.Options(),
        request.raw_query,
        request.headers,
        request.body,
        preferences(""),
        info,
        claims,
    )
    tenant.tell("before", info)
    fault = tenant.faults.take(route.op, info.mailbox, info.filter_kind)
    if fault is not None:
        info.fault = fault.kind
        if fault.kind not in AFTER | SHAPES:
            fault.before()
    call.fault = fault
    _authorize(call, route)
    call.prefs = preferences(request.headers.get("prefer", ""))
    call.options = query.parse(request.raw_query)
    if route.calendar is not None:
        routes_mailbox.check_calendar_id(call, route.calendar)
    before = len(call.box.log) if call.box else 0
    response = route.run(call)
    if info.is_personal:
        personal.meet(tenant, info, response.body)
    info.had_effect = bool(call.box and len(call.box.log) > before)
    if tenant.on_change and (info.had_effect or route.op == "delta"):
        tenant.on_change()
    applied = [*call.prefs.applied, *(["odata.track-changes"] if route.op == "delta" else [])]
    if applied:
        response.headers["Preference-Applied"] = ", ".join(applied)
    info.status = response.status
    tenant.tell("after", info)
    if fault is not None and fault.kind in AFTER:
        info.status = None
        fault.after()
    return response


def _note_mailbox(tenant: Tenant, segments: list[str], request: Request, info: RequestInfo) -> None:
    """Whose mailbox a request is about; whatever becomes of it, one to a person's is noted."""
    user = segments[1] if len(segments) > 1 and segments[0].lower() == "users" else None
    if segments[:1] == ["subscriptions"]:
        user = personal.subscribed(request.body)
    mailbox = (tenant.find_mailbox(user) or tenant.find_object(user)) if user else None
    info.mailbox = mailbox.address if mailbox else user
    info.mailbox_kind = mailbox.kind if mailbox else None
    info.segments = tuple(segments[2:]) if user else ()
    if info.is_personal:
        tenant.note_personal(info)


def _applied(prefer: str) -> dict[str, str]:
    """What a refusal by the mailbox echoes of the Prefer header."""
    try:
        applied = preferences(prefer).applied
    except GraphError:
        applied = ()
    return {"Preference-Applied": ", ".join(applied)} if applied else {}


def error_response(tenant: Tenant, error: GraphError, info: RequestInfo) -> Response:
    """The envelope of an error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if not error.bare:
        body["innerError"] = {
            "date": tenant.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": info.request_id,
            "client-request-id": info.client_request_id or info.request_id,
        }
        if error.inner_code:
            body["innerError"]["code"] = error.inner_code
    return Response(error.status, {"error": body}, dict(error.headers))


def finished(tenant: Tenant, request: Request, response: Response, info: RequestInfo) -> Response:
    """The headers of every answer."""
    headers = response.headers
    if response.body is not None:
        headers.setdefault("Content-Type", "application/json" if response.status >= 400 else _CONTENT_TYPE)
    headers["request-id"] = info.request_id
    headers["client-request-id"] = info.client_request_id or info.request_id
    if not request.in_batch:
        headers["Cache-Control"] = "private"
        headers["Strict-Transport-Security"] = "max-age=31536000"
        headers["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5"}}'
        headers["Date"] = format_datetime(tenant.clock.now().astimezone(UTC), usegmt=True)
    return response
