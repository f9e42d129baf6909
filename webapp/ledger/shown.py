"""Words of the mailbox ledger, by the codes of its rows."""

from __future__ import annotations

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
