"""The rooms that a tenant's Places list names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.graph.client import GraphClient
from worker.graph.errors import Scope
from worker.graph.members import Members
from worker.sync.errors import EndlessDelta, Trouble, Unreadable
from worker.sync.event import canonical_text

PAGE_SIZE = 100
MOST_PAGES = 1000


@dataclass(frozen=True)
class Place:
    """A room of the tenant; the address is in lower case and is how its calendar is reached."""

    address: str
    name: str
    building: str = ""
    floor: str = ""
    capacity: int | None = None


def list_rooms(client: GraphClient, each_page: Callable[[int], None] = lambda _found: None) -> tuple[Place, ...]:
    """All rooms with an address, in Places' order, each once; complete or an error (I5).

    `each_page` is told after each page how many there are so far.

    Which rooms the calendar permission reaches is another matter (docs/graph.md#places-sees-all).
    """
    found: dict[str, Place] = {}
    answer = client.get(f"/places/microsoft.graph.room?$top={PAGE_SIZE}", scope=Scope.TENANT)
    for _ in range(MOST_PAGES):
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("value"), list):
            raise Unreadable("value")
        for raw in answer.body["value"]:
            place = _place(raw)
            if place:
                found.setdefault(place.address, place)
        each_page(len(found))
        next_link = Members(answer.body).text("@odata.nextLink")
        if not next_link:
            return tuple(found.values())
        answer = client.follow(next_link, scope=Scope.TENANT)
    raise EndlessDelta(Trouble(operation="places"))


def _place(raw: Any) -> Place | None:
    """One item; None for one without an address. Members that make no sense are left out, not fatal."""
    if not isinstance(raw, dict):
        return None
    item = {name.lower(): value for name, value in raw.items()}
    address = item.get("emailaddress")
    if not isinstance(address, str) or "@" not in address:
        return None
    capacity = item.get("capacity")
    return Place(
        address=address.strip().lower(),
        name=_text(item.get("displayname")) or address,
        building=_text(item.get("building")),
        floor=_text(item.get("floorlabel")) or _text(item.get("floornumber")),
        capacity=capacity if isinstance(capacity, int) and capacity >= 0 else None,
    )


def _text(value: Any) -> str:
    return canonical_text(str(value), 255) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
