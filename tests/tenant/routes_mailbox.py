"""What a mailbox has beside events: its calendars, time zones, and the translation of ids."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.tenant import ids, times
from tests.tenant.calls import Call, Response
from tests.tenant.errors import GraphError, bad_request, item_not_found, malformed_id


def calendar(call: Call) -> dict[str, Any]:
    """The default calendar, whose id is one for a mailbox whatever address was used."""
    mailbox = call.mailbox
    return {
        "id": ids.calendar_id(mailbox.store),
        "name": "Calendar",
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": True,
        "changeKey": ids.change_key(mailbox.store, 1),
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": mailbox.kind != "room",
        "isRemovable": False,
        "owner": {"name": mailbox.name, "address": mailbox.address},
    }


def _selected(call: Call, shown: dict[str, Any]) -> dict[str, Any]:
    names = call.options.select()
    if names is None:
        return shown
    return {name: value for name, value in shown.items() if name == "id" or name in names}


def get_calendar(call: Call) -> Response:
    """GET /calendar or /calendars/{id}."""
    context = f"{call.tenant.graph_base_url}/$metadata#users('{quote(call.user)}')/calendar/$entity"
    return Response(200, {"@odata.context": context} | _selected(call, calendar(call)))


def list_calendars(call: Call) -> Response:
    """GET /calendars: there is one."""
    context = f"{call.tenant.graph_base_url}/$metadata#users('{quote(call.user)}')/calendars"
    return Response(200, {"@odata.context": context, "value": [_selected(call, calendar(call))]})


def check_calendar_id(call: Call, name: str) -> None:
    """Refuse a calendar id that is malformed, or of another mailbox."""
    if name == ids.calendar_id(call.mailbox.store):
        return
    if len(name) != len(ids.calendar_id(call.mailbox.store)):
        raise malformed_id()
    raise item_not_found()


def supported_time_zones(call: Call, segment: str) -> Response:
    """Windows names, or with the parameter IANA names."""
    iana = "'iana'" in segment.lower()
    names = sorted(times.available_timezones()) if iana else times.windows_names()
    context = f"{call.tenant.graph_base_url}/$metadata#Collection(microsoft.graph.timeZoneInformation)"
    return Response(200, {"@odata.context": context, "value": [{"alias": n, "displayName": n} for n in names]})


def translate_ids(call: Call) -> Response:
    """POST /translateExchangeIds between restId and restImmutableEntryId."""
    sent = call.json()
    inputs, target = sent.get("inputIds"), sent.get("targetIdType")
    if not isinstance(inputs, list) or len(inputs) > 1000 or target not in ("restId", "restImmutableEntryId"):
        raise bad_request("The request is invalid.")
    rows = []
    for text in inputs:
        try:
            item, original = call.find(text)
        except GraphError:
            rows.append(
                {"sourceId": text, "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}}
            )
            continue
        store = call.mailbox.store
        if target == "restId":
            translated = ids.rest_id(store, item.folder, item.number, original)
        else:
            translated = ids.immutable_id(store, item.number, original)
        rows.append({"sourceId": text, "targetId": translated})
    context = f"{call.tenant.graph_base_url}/$metadata#Collection(microsoft.graph.convertIdResult)"
    return Response(200, {"@odata.context": context, "value": rows})
