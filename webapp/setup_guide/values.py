"""What a person copies into Entra and Exchange, filled in for one connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from webapp.config import GLOBAL_AUTHORITY
from webapp.domain.identifiers import is_guid, is_tenant
from webapp.domain.powershell import Restriction, access_policy, rbac_for_all_rooms, rbac_for_linked_rooms
from webapp.models import Connection

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
PERMISSION_IDS = {
    "Calendars.ReadWrite": "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
    "Place.Read.All": "913b9306-0ce1-42b8-9137-6a7df690a760",
}
"""Application permissions by their ids, the same in every tenant (docs/graph.md#permission-ids)."""
LISTED_ROOMS = 50
"""With more linked rooms the lines read the addresses from a file, which the guide offers."""


@dataclass(frozen=True)
class Scripts:
    """PowerShell lines, ready to paste; those for a group exist once rooms are linked."""

    all_rooms: str
    linked_rooms: str | None
    policy: str | None
    reads_file: bool


def manifest() -> str:
    """The part of the app's manifest that asks for both permissions (docs/graph.md#permission-ids)."""
    access = [{"id": identifier, "type": "Role"} for identifier in PERMISSION_IDS.values()]
    part = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}]
    return f'"requiredResourceAccess": {json.dumps(part, indent=2)}'


def consent_link(connection: Connection | None, authority: str) -> str | None:
    """Where an administrator grants consent (docs/graph.md#admin-consent); None unless both ids are well-formed."""
    if connection is None or not is_guid(connection.client_id) or not is_tenant(connection.tenant_id):
        return None
    asked = urlencode({"client_id": connection.client_id})
    return f"{authority}/{quote(connection.tenant_id, safe='')}/adminconsent?{asked}"


def admin_centre(authority: str) -> str | None:
    """Entra's admin centre of the global cloud; those of other clouds are left to their administrators to know."""
    return "https://entra.microsoft.com" if authority == GLOBAL_AUTHORITY else None


def object_id_of(text: str) -> str | None:
    """An object id as it was typed, if it is one."""
    typed = text.strip().lower()
    return typed if is_guid(typed) else None


def scripts(
    connection: Connection | None, rooms: Sequence[str], linked: int, object_id: str | None, product: str
) -> Scripts | None:
    """The lines for a connection with `linked` rooms, of which `rooms` are the first."""
    if connection is None or not is_guid(connection.client_id):
        return None
    reads_file = linked > LISTED_ROOMS
    one = Restriction(connection.client_id, object_id, f"{product} Calendar Sync ({connection.name})", rooms)
    group = Restriction(one.app_id, one.object_id, one.display_name, None if reads_file else rooms)
    return Scripts(
        rbac_for_all_rooms(one),
        rbac_for_linked_rooms(group) if linked else None,
        access_policy(group) if linked else None,
        reads_file,
    )
