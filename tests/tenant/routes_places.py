"""Places: the tenant's rooms and room lists, as an admin filled them in."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.tenant import query
from tests.tenant.calls import Call, Response
from tests.tenant.errors import GraphError, bad_request
from tests.tenant.state import Mailbox

DEFAULT_PAGE = 100
_OPTIONS = ("$select", "$filter", "$top", "$skip", "$count", "$orderby")


def room(mailbox: Mailbox) -> dict[str, Any]:
    """A room as Places shows it; its id is not the mailbox's object id."""
    shown: dict[str, Any] = {
        "id": mailbox.place["id"],
        "emailAddress": mailbox.address,
        "displayName": mailbox.name,
        "address": None,
        "geoCoordinates": None,
        "phone": "",
        "nickname": mailbox.name,
        "building": mailbox.place.get("building"),
        "floorNumber": mailbox.place.get("floor"),
        "floorLabel": None,
        "label": mailbox.place.get("label"),
        "capacity": mailbox.place.get("capacity"),
        "bookingType": mailbox.policy.booking_type if mailbox.policy else "standard",
        "audioDeviceName": None,
        "videoDeviceName": None,
        "displayDeviceName": None,
        "isWheelChairAccessible": False,
        "tags": list(mailbox.place.get("tags", ())),
    }
    return shown


def _listed(call: Call) -> list[Mailbox]:
    return [
        mailbox
        for mailbox in call.tenant.mailboxes()
        if mailbox.kind == "room"
        and mailbox.listed
        and mailbox.state != "soft-deleted"
        and (mailbox.listed_from is None or call.now >= mailbox.listed_from)
    ]


def list_address(call: Call, building: str) -> str:
    """The address of a building's room list."""
    name = "".join(character for character in building.lower() if character.isalnum())
    return f"{name}@{call.tenant.domain}"


def _room_lists(call: Call) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for mailbox in _listed(call):
        building = mailbox.place.get("building")
        if building:
            address = list_address(call, building)
            digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
            found[address] = {
                "id": f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}",
                "displayName": building,
                "address": None,
                "geocoordinates": None,
                "phone": None,
                "emailAddress": address,
            }
    return found


def _page(call: Call, rows: list[dict[str, Any]], context: str) -> Response:
    options = call.options
    query.only(options, *_OPTIONS)
    rows = _filtered(rows, options.system.get("$filter"))
    names = options.select()
    top = options.number("$top", DEFAULT_PAGE, 1, 1000)
    skip = options.number("$skip", 0, 0, 10**9)
    fault = call.fault.kind if call.fault else None
    if fault == "empty":
        rows = []
    elif fault == "truncate":
        rows = rows[: len(rows) // 3]
    body: dict[str, Any] = {"@odata.context": f"{call.tenant.graph_base_url}/$metadata#places/{context}"}
    if options.system.get("$count", "").lower() == "true":
        body["@odata.count"] = len(rows)
    chosen = rows[skip : skip + top]
    if names is not None:
        wanted = {name.lower() for name in names} | {"id"}
        chosen = [{key: value for key, value in row.items() if key.lower() in wanted} for row in chosen]
    if skip + top < len(rows):
        parts = [
            part
            for part in call.raw_query.split("&")
            if part and query.unquote_plus(part.split("=")[0]).lower() not in ("$top", "$skip")
        ]
        parts += [query.encoded("$top", str(top)), query.encoded("$skip", str(skip + top))]
        body["@odata.nextLink"] = f"{call.tenant.graph_base_url}{call.path}?{'&'.join(parts)}"
    body["value"] = chosen
    return Response(200, body)


def _filtered(rows: list[dict[str, Any]], text: str | None) -> list[dict[str, Any]]:
    if text is None:
        return rows
    name, _, value = text.strip().partition(" eq ")
    if not value or not rows or name not in rows[0]:
        raise bad_request(f"The filter '{text}' is not supported.")
    wanted = value.strip().strip("'")
    return [row for row in rows if str(row[name]) == wanted]


def answer(call: Call, segments: list[str]) -> Response:
    """GET under /places, by the path's segments after it."""
    lists = _room_lists(call)
    kind = segments[0].lower() if segments else ""
    if kind == "microsoft.graph.room" and len(segments) == 1:
        return _page(call, [room(mailbox) for mailbox in _listed(call)], "microsoft.graph.room")
    if kind == "microsoft.graph.roomlist" and len(segments) == 1:
        return _page(call, list(lists.values()), "microsoft.graph.roomList")
    if len(segments) == 3 and [part.lower() for part in segments[1:]] == ["microsoft.graph.roomlist", "rooms"]:
        building = lists.get(segments[0].lower())
        if building is None:
            raise _not_found(segments[0])
        rows = [room(box) for box in _listed(call) if box.place.get("building") == building["displayName"]]
        return _page(call, rows, f"{segments[0]}/microsoft.graph.roomList/rooms")
    if len(segments) == 1 and kind:
        return _one(call, segments[0], lists)
    raise bad_request("The request needs a type of place, such as microsoft.graph.room.")


def _one(call: Call, name: str, lists: dict[str, dict[str, Any]]) -> Response:
    context = {"@odata.context": f"{call.tenant.graph_base_url}/$metadata#places/$entity"}
    if name.lower() in lists:
        return Response(200, context | {"@odata.type": "#microsoft.graph.roomList"} | lists[name.lower()])
    for mailbox in _listed(call):
        if name.lower() in (mailbox.address.lower(), mailbox.place["id"].lower()):
            return Response(200, context | {"@odata.type": "#microsoft.graph.room"} | room(mailbox))
    raise _not_found(name)


def _not_found(name: str) -> GraphError:
    return GraphError(404, "Request_ResourceNotFound", f"Place '{name}' was not found.")
