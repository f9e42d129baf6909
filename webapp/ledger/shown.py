"""Words of the mailbox ledger, by the codes of its rows."""

from __future__ import annotations

from webapp.ledger.queries import Entry

OPERATIONS = {
    "find": "Looked for",
    "read": "Read",
    "patch": "Changed",
    "cancel": "Cancelled",
    "create": "Created",
}
"""What a request did, by `LedgerOperation`."""

ALLOWED_BY = {
    "titles": "User Calendar Strict Mode is off",
    "delegation": "Enable User Calendar Delegation",
    "create": "Create User Calendar Reservations",
    "awaiting": "The room’s answer was awaited",
}
"""Which setting allowed it, as it stood at that moment."""

OUTCOMES = {"done": "Done", "failed": "Failed", "open": "No answer"}

HEAD = (
    "at", "mailbox", "what", "fields", "allowed by", "room", "meeting", "event", "finished",
    "status", "code", "request-id",
)  # fmt: skip


def row_of(one: Entry) -> tuple[object, ...]:
    """One request as a row of a file."""
    row = one.row
    allowed = ALLOWED_BY.get(row.allowed_by, row.allowed_by)
    return (
        row.at, one.address, OPERATIONS[row.operation.value], " ".join(row.fields), allowed, one.room.name,
        row.meeting_id, row.event_id, row.finished_at, row.status or None, row.code, row.request_id,
    )  # fmt: skip
