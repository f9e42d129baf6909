"""The true state of items as plain dicts, for the oracles of tests."""

from __future__ import annotations

from typing import Any

from tests.tenant import ids
from tests.tenant.state import Item, Mailbox


def row(box: Mailbox, item: Item) -> dict[str, Any]:
    """One item, or one date of a series. All-day start and end are dates, others aware UTC instants."""
    return {
        "id": ids.rest_id(box.store, item.folder, item.number, item.original),
        "immutable_id": ids.immutable_id(box.store, item.number, item.original),
        "ical_uid": item.uid,
        "type": item.kind,
        "original": item.original,
        "subject": item.subject,
        "start": item.start_day if item.all_day else item.start,
        "end": item.end_day if item.all_day else item.end,
        "is_all_day": item.all_day,
        "is_cancelled": item.cancelled,
        "show_as": item.show_as,
        "sensitivity": item.sensitivity,
        "response": item.response,
        "is_organizer": item.is_organizer,
        "organizer": item.organizer[1],
        "attendees": [(line["address"], line["type"], line["response"]) for line in item.attendees],
        "transaction_id": item.transaction_id,
        "properties": dict(item.properties),
        "recurrence": item.recurrence,
        "exceptions": sorted(item.exceptions),
        "missing": sorted(item.missing),
        "created": item.created,
        "modified": item.modified,
        "change": item.change,
    }
