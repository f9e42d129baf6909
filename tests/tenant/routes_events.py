"""Events of a mailbox: list, view, instances, get, create, change, delete, cancel and the answers."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tests.tenant import ids, meetings, query, render
from tests.tenant.body import event_fields, properties, property_id
from tests.tenant.calls import Call, Response
from tests.tenant.errors import GraphError, bad_request, invalid_property, item_not_found
from tests.tenant.state import Hidden, Item, expanded

_LIST_OPTIONS = ("$select", "$filter", "$expand", "$top", "$skip", "$orderby", "$count")
_EXPAND = "singlevalueextendedproperties"
DEFAULT_PAGE = 10
ANSWERS = {"accept": "accepted", "tentativelyaccept": "tentativelyAccepted", "decline": "declined"}


# -- reading


def _expansion(call: Call) -> str | None:
    """The id of the extended property that $expand asks for; None where it asks for nothing."""
    text = call.options.system.get("$expand")
    if text is None or text.strip().lower() == "exceptionoccurrences":
        return None
    name, _, rest = text.partition("(")
    if name.strip().lower() != _EXPAND or not rest.endswith(")"):
        raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.event'.")
    inner = rest[:-1].strip()
    prefix = "$filter=id eq '"
    if not inner.startswith(prefix) or not inner.endswith("'"):
        raise bad_request(f"The $expand '{text}' is not supported.")
    return property_id(inner[len(prefix) : -1].replace("''", "'"))


def show(call: Call, item: Item, in_view: bool = False, default_originals: bool = False) -> dict[str, Any]:
    """An event with what $select and $expand ask for."""
    switches = call.tenant.switches
    names = call.options.select()
    shown = render.event(item, call.mailbox, call.prefs, switches)
    if names is not None:
        wanted = {name.lower() for name in names}
        if "originalstart" in wanted and item.original is not None:
            shown["originalStart"] = render.original_start(item)
        if "cancelledoccurrences" in wanted and item.recurrence and item.original is None and not in_view:
            series = shown["id"]
            shown["cancelledOccurrences"] = [f"OID.{series}.{day.isoformat()}" for day in sorted(item.missing)]
        if in_view:
            names = [name for name in names if name not in render.NOT_SELECTABLE_IN_VIEW]
        shown = render.selected(shown, names)
    elif default_originals and item.is_exception:
        shown["originalStart"] = render.original_start(item)
    wanted_property = _expansion(call)
    hidden = call.info.op in call.tenant.faults.tags_hidden or (in_view and not switches.tag_in_views)
    if wanted_property is not None and not hidden and wanted_property in item.properties:
        value = item.properties[wanted_property]
        shown["singleValueExtendedProperties"] = [{"id": wanted_property, "value": value}]
    return shown


def _check_options(call: Call, *allowed: str) -> None:
    """Refuse options that this resource does not take, and members that events do not have."""
    query.only(call.options, *allowed)
    known = {member.lower() for member in render.MEMBERS}
    for name in call.options.select() or []:
        if name.lower() not in known:
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.event'.")
    _expansion(call)


def _visible(call: Call, kind: str) -> list[Item]:
    mailbox = call.mailbox
    hidden = mailbox.invisible(call.now)
    items = mailbox.as_of(mailbox.position(kind))
    if hidden:
        return [item for number, item in items.items() if number not in hidden]
    return list(items.values())


def _page(call: Call, items: list[Item], rest: str, in_view: bool) -> Response:
    """A page of a listing by $top and $skip; what moves between two pages moves."""
    options = call.options
    order = query.orderer(options.system.get("$orderby"))
    if order is not None:
        items.sort(key=order[0], reverse=order[1])
    top = options.number("$top", call.prefs.page_size or DEFAULT_PAGE, 1, call.tenant.switches.max_top)
    skip = options.number("$skip", 0, 0, 10**9)
    fault = call.fault.kind if call.fault else None
    if fault == "empty":
        items = []
    elif fault == "truncate":
        items = items[: len(items) // 3]
    chosen = items[skip : skip + top]
    more = skip + top < len(items)
    if fault == "loop":
        chosen, more, skip = items[:top], True, skip - top
    context = f"{call.tenant.graph_base_url}/$metadata#users('{quote(call.user)}')/{rest}"
    body: dict[str, Any] = {"@odata.context": context}
    if options.system.get("$count", "").lower() == "true":
        body["@odata.count"] = len(items)
    body["value"] = [show(call, item, in_view) for item in chosen]
    if more:
        kept = [
            part
            for part in call.raw_query.split("&")
            if part and query.unquote_plus(part.split("=")[0]).lower() not in ("$top", "$skip")
        ]
        kept += [query.encoded("$top", str(top)), query.encoded("$skip", str(max(skip, -top) + top))]
        body["@odata.nextLink"] = f"{call.tenant.graph_base_url}{call.path}?{'&'.join(kept)}"
    return Response(200, body)


def list_events(call: Call) -> Response:
    """Single events and series masters, of any date."""
    _check_options(call, *_LIST_OPTIONS)
    matches = query.matcher(call.options.system.get("$filter"))
    return _page(call, [item for item in _filtered(call) if matches(item)], "events", False)


def _filtered(call: Call) -> list[Item]:
    """What a $filter is tried on; of the two by which meetings are found nobody knows how well they work (H77)."""
    kind, switches = call.info.filter_kind, call.tenant.switches
    how = {"iCalUId": switches.filter_by_ical_uid, "tag": switches.filter_by_tag}.get(kind or "", "works")
    if how == "refused":
        raise query.invalid_filter(call.options.system["$filter"])
    if how == "empty":
        return []
    if kind and call.tenant.faults.filters_lag:
        since = call.now - timedelta(seconds=call.tenant.faults.filters_lag)
        return list(call.mailbox.as_of(call.mailbox.position_at(since)).values())
    return _visible(call, "list")


def view(call: Call) -> Response:
    """calendarView: what overlaps a window, series expanded, masters never."""
    _check_options(call, *_LIST_OPTIONS)
    begin, finish = call.window()
    matches = query.matcher(call.options.system.get("$filter"))
    found = [date for item in _visible(call, "view") for date in expanded(item, begin, finish) if matches(date)]
    return _page(call, found, "calendarView", True)


def instances(call: Call, event_id: str) -> Response:
    """The dates of one series in a window; exceptions come first, nothing is sorted."""
    _check_options(call, *_LIST_OPTIONS)
    begin, finish = call.window()
    item, original = call.find(event_id, "instances")
    if item.recurrence is None or original is not None:
        raise GraphError(
            400, "ErrorInvalidRequest", "Your request can't be completed. The event is not a series master."
        )
    found = list(item.occurrences(begin, finish))
    return _page(call, found, f"events('{quote(event_id)}')/instances", True)


def get(call: Call, event_id: str) -> Response:
    """One event by id."""
    _check_options(call, "$select", "$expand")
    item, original = call.find(event_id)
    shown = item if original is None else item.occurrence(original)
    body = {"@odata.context": _entity_context(call)} | show(call, shown)
    expand = call.options.system.get("$expand", "").strip().lower()
    if expand == "exceptionoccurrences" and item.recurrence and original is None:
        names = call.options.select()
        kept = [name for name in names or [] if name.lower() not in ("exceptionoccurrences", "cancelledoccurrences")]
        wanted = None if names is None else kept
        exceptions = [item.occurrence(day) for day in sorted(item.exceptions) if day not in item.missing]
        body["exceptionOccurrences"] = [_exception(call, one, wanted) for one in exceptions]
    return Response(200, body)


def _exception(call: Call, item: Item, names: list[str] | None) -> dict[str, Any]:
    shown = render.event(item, call.mailbox, call.prefs, call.tenant.switches)
    shown["originalStart"] = render.original_start(item)
    return render.selected(shown, names)


def _entity_context(call: Call) -> str:
    return f"{call.tenant.graph_base_url}/$metadata#users('{quote(call.user)}')/events/$entity"


# -- writing


def _fingerprint(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def create(call: Call) -> Response:
    """POST: a new event, or the one that was made under the same transactionId."""
    body = call.json()
    switches = call.tenant.switches
    fields = event_fields(body, None, call.tenant.mutators, switches)
    other = _another(call) if call.fault is not None and call.fault.kind == "other" else None
    if other is not None:
        return _created(call, other)
    transaction = body.get("transactionId")
    if transaction is not None and not isinstance(transaction, str):
        raise invalid_property()
    if transaction:
        known = _known_transaction(call, transaction, _fingerprint(body))
        if known is not None:
            return _created(call, known)
    partial = call.fault is not None and call.fault.kind.startswith("partial")
    if "singleValueExtendedProperties" in body:
        tags = properties(body["singleValueExtendedProperties"])
        if not partial:
            fields["properties"] = tags
    fields["transaction_id"] = transaction or None
    if fields.get("online"):
        fields["join_url"] = _join_url(call)
    mailbox = call.mailbox
    item = meetings.create(call.tenant, mailbox, fields)
    if transaction:
        mailbox.transactions[transaction] = (item.number, _fingerprint(body), call.now)
    faults = call.tenant.faults
    if faults.hide_seconds is not None or faults.hide_reads is not None:
        until = None if faults.hide_seconds is None else call.now + timedelta(seconds=faults.hide_seconds)
        mailbox.hidden[item.number] = Hidden(until, faults.hide_reads)
    return _created(call, item)


def _another(call: Call) -> Item | None:
    """The last event that somebody else, or this app under another transactionId, made here (H38)."""
    return next(reversed(call.mailbox.items.values()), None)


def _join_url(call: Call) -> str:
    thread = call.tenant.guid().replace("-", "")
    return f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{thread}%40thread.v2/0?context=%7b%22Tid%22%3a%22{call.tenant.tenant_id}%22%7d"


def _known_transaction(call: Call, transaction: str, fingerprint: str) -> Item | None:
    """The event that a transactionId stands for. Raises GraphError for another body."""
    mailbox, switches = call.mailbox, call.tenant.switches
    number, known, when = mailbox.transactions.get(transaction, (0, "", call.now))
    if not number or call.tenant.faults.forgotten(call.now - when):
        return None
    item = mailbox.items.get(number)
    duplicate = GraphError(
        switches.duplicate_transaction_status,
        "ErrorDuplicateTransactionId",
        "Your request can't be completed. The TransactionId specified in the request has already been used to create "
        "a different event.",
    )
    if item is None:
        if switches.transaction_after_delete == "forgotten":
            return None
        raise item_not_found() if switches.transaction_after_delete == "not_found" else duplicate
    if known != fingerprint:
        raise duplicate
    return item


def _created(call: Call, item: Item) -> Response:
    shown = render.event(item, call.mailbox, call.prefs, call.tenant.switches)
    call.info.event_id = shown["id"]
    location = f"{call.tenant.graph_base_url}/users('{call.user}')/events('{shown['id']}')"
    return Response(201, {"@odata.context": _entity_context(call)} | shown, {"Location": location})


def _check_if_match(call: Call, item: Item) -> None:
    header = call.headers.get("if-match")
    if header is None or not call.tenant.switches.honour_if_match:
        return
    if not ids.same_change(header, call.mailbox.store, item.change):
        raise GraphError(
            412,
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the request does "
            "not match the current change key for the item.",
        )


def patch(call: Call, event_id: str) -> Response:
    """Change what the body names; in an attendee copy the change stays in that copy."""
    _check_options(call, "$select")
    body = call.json()
    item, original = call.find(event_id, "write")
    _check_if_match(call, item)
    if not item.is_organizer and not call.tenant.switches.attendee_copy_patchable:
        raise GraphError(403, "ErrorAccessDenied", "Only the organizer can change this meeting.")
    current = item if original is None else item.occurrence(original)
    fields = event_fields(body, current, call.tenant.mutators, call.tenant.switches)
    if fields.get("online"):
        fields["join_url"] = _join_url(call)
    if "singleValueExtendedProperties" in body:
        fields["properties"] = current.properties | properties(body["singleValueExtendedProperties"])
    if fields:
        item = meetings.change(call.tenant, call.mailbox, item, original, fields)
    if call.tenant.switches.patch_answers_empty:
        return Response(204)
    shown = item if original is None else item.occurrence(original)
    return Response(200, {"@odata.context": _entity_context(call)} | show(call, shown))


def delete(call: Call, event_id: str) -> Response:
    """Remove an event or one date; an organizer's meeting is called off by mail."""
    item, original = call.find(event_id, "write")
    _check_if_match(call, item)
    meetings.remove(call.tenant, call.mailbox, item, original)
    return Response(204)


def cancel(call: Call, event_id: str) -> Response:
    """/cancel: organizers only."""
    _comment(call)
    item, original = call.find(event_id, "write")
    if not item.is_organizer:
        raise GraphError(
            400,
            call.tenant.switches.cancel_not_organizer_code,
            "Your request can't be completed. You need to be an organizer to cancel a meeting.",
        )
    meetings.cancel(call.tenant, call.mailbox, item, original)
    return Response(202)


def respond(call: Call, event_id: str, action: str) -> Response:
    """/accept, /tentativelyAccept, /decline: attendees only."""
    sent = _comment(call)
    item, original = call.find(event_id, "write")
    if item.is_organizer:
        raise GraphError(
            400,
            "ErrorInvalidRequest",
            "Your request can't be completed. You can't respond to this meeting because you're the meeting "
            "organizer.",
        )
    send = sent.get("sendresponse", True)
    if sent.get("proposednewtime") and (not send or not item.allow_new_time or action == "accept"):
        raise GraphError(400, "ErrorInvalidRequest", "A new time cannot be proposed here.")
    meetings.respond(call.tenant, call.mailbox, item, original, ANSWERS[action], bool(send))
    return Response(202)


def _comment(call: Call) -> dict[str, Any]:
    """The optional body of an action; names in any case."""
    if not call.body:
        return {}
    return {name.lower(): value for name, value in call.json().items()}
