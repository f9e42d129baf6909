"""$batch: up to twenty parts, each its own outcome, four at a time."""

from __future__ import annotations

import json
from typing import Any

from tests.tenant.calls import Call, Response
from tests.tenant.errors import AnswerLost, GraphError, bad_request

MAX_PARTS = 20
AT_ONCE = 4
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


def answer(call: Call) -> Response:
    """Run the parts and collect their answers, in any order."""
    parts = call.json().get("requests")
    _check(parts)
    assert isinstance(parts, list)
    done: dict[str, dict[str, Any]] = {}
    at_once = 1 if any(part.get("dependsOn") for part in parts) else AT_ONCE
    for start in range(0, len(parts), at_once):
        _run_group(call, parts[start : start + at_once], done)
    rows = list(done.values())
    if call.tenant.switches.shuffle_batch:
        call.tenant.random.shuffle(rows)
    return Response(200, {"responses": rows})


def _check(parts: Any) -> None:
    if not isinstance(parts, list) or not parts:
        raise bad_request("Invalid batch payload format.")
    if len(parts) > MAX_PARTS:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MAX_PARTS}.")
    seen: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("id"), str) or not isinstance(part.get("url"), str):
            raise bad_request("Invalid batch payload format.")
        if part["id"] in seen or str(part.get("method", "")).upper() not in _METHODS:
            raise bad_request("Request Id is not unique, or its method is invalid.")
        if any(other not in seen for other in part.get("dependsOn") or ()):
            raise bad_request("A request depends on one that does not come before it.")
        seen.add(part["id"])


def _run_group(call: Call, group: list[dict[str, Any]], done: dict[str, dict[str, Any]]) -> None:
    """Parts that fly together, each in a slot of its mailbox: several batches at once can exceed the limit."""
    flying, slots = [], []
    for part in group:
        try:
            slots.append(call.tenant.take_slot(call.headers.get("authorization", ""), part["url"].partition("?")[0]))
            flying.append(part)
        except GraphError as error:
            body = {"error": {"code": error.code, "message": error.message}}
            done[part["id"]] = _row(part["id"], Response(error.status, body, error.headers))
    try:
        call.tenant.pause()
        for part in flying:
            done[part["id"]] = _row(part["id"], _run(call, part, done))
    finally:
        for slot in slots:
            call.tenant.throttle.leave(slot)


def _run(call: Call, part: dict[str, Any], done: dict[str, dict[str, Any]]) -> Response:
    from tests.tenant.graph import Request, serve

    if any(done[other]["status"] >= 400 for other in part.get("dependsOn") or ()):
        message = "A request that this one depends on has failed."
        return Response(424, {"error": {"code": "FailedDependency", "message": message}})
    path, _, raw_query = part["url"].partition("?")
    headers = {name.lower(): value for name, value in (part.get("headers") or {}).items()}
    body = json.dumps(part["body"]).encode() if part.get("body") is not None else b""
    request = Request(part["method"].upper(), path, raw_query, headers, body, in_batch=True)
    try:
        return serve(call.tenant, request, call.claims)
    except AnswerLost:
        return Response(504, {"error": {"code": "UnknownError", "message": ""}})


def _row(identifier: str, response: Response) -> dict[str, Any]:
    return {"id": identifier, "status": response.status, "headers": response.headers, "body": response.body}
