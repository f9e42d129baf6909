"""One `$batch` that asks up to 20 rooms whether anything changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from requests.structures import CaseInsensitiveDict

from worker.graph.client import PREFER, GraphClient
from worker.graph.errors import Scope, classify
from worker.graph.members import Members
from worker.sync.errors import SyncError, Throttled, Trouble, Unavailable, UnsafeLink

MOST_PARTS = 20
"""More parts are refused (docs/graph.md#batch)."""


class Stir(StrEnum):
    """What a delta link has to tell."""

    QUIET = "quiet"
    SOMETHING = "something"
    ERROR = "error"


@dataclass(frozen=True)
class Probe:
    """The answer for one delta link; `error` is set for ERROR alone, `delta_link` for QUIET alone.

    The newer link takes the place of the one that was asked: where each read makes a new generation, an old one
    would die after three polls (docs/graph.md#delta-generations).
    """

    stir: Stir
    error: SyncError | None = None
    delta_link: str | None = None


def probe(client: GraphClient, links: Mapping[str, str]) -> dict[str, Probe]:
    """Ask each delta link (by a key of the caller's, at most 20), in one request; nothing is moved on.

    The outer answer says nothing about the parts (H44): each gets its own outcome, and a part without an
    answer is an error. Raises a classified error when the batch as a whole failed.
    """
    if len(links) > MOST_PARTS:
        raise ValueError(f"at most {MOST_PARTS} links")
    found = {key: _unsafe() for key, link in links.items() if not _is_safe(client, link)}
    asked = {str(number): key for number, key in enumerate(key for key in links if key not in found)}
    if not asked:
        return found
    requests = [
        {"id": number, "method": "GET", "url": client.below_base(links[key]), "headers": {"Prefer": PREFER}}
        for number, key in asked.items()
    ]
    answer = client.post("/$batch", {"requests": requests}, scope=Scope.TENANT)
    parts = dict(_parts(answer.body))
    for number, key in asked.items():
        found[key] = _probe(parts.get(number))
    return found


def longest_wait(probes: Iterable[Probe]) -> float:
    """Seconds that the throttled parts ask to wait, 0 without any."""
    return max((p.error.wait_seconds for p in probes if isinstance(p.error, Throttled)), default=0.0)


def _is_safe(client: GraphClient, link: str) -> bool:
    try:
        client.below_base(link)
    except UnsafeLink:
        return False
    return True


def _unsafe() -> Probe:
    return Probe(Stir.ERROR, UnsafeLink(Trouble(operation="probe")))


def _parts(body: Any) -> Iterable[tuple[str, Members]]:
    responses = body.get("responses") if isinstance(body, dict) else None
    for raw in responses if isinstance(responses, list) else ():
        if isinstance(raw, dict):
            yield str(raw.get("id")), Members(raw)


def _probe(part: Members | None) -> Probe:
    trouble = Trouble(operation="probe")
    if part is None:
        return Probe(Stir.ERROR, Unavailable(trouble))
    status, body = part.raw("status"), part.raw("body")
    if status == 200 and isinstance(body, dict):
        newer = body.get("@odata.deltaLink")
        if body.get("value") == [] and isinstance(newer, str):
            return Probe(Stir.QUIET, delta_link=newer)
        return Probe(Stir.SOMETHING)
    if not isinstance(status, int):
        return Probe(Stir.ERROR, Unavailable(trouble))
    headers = part.raw("headers")
    named = CaseInsensitiveDict(headers if isinstance(headers, dict) else {})
    return Probe(Stir.ERROR, classify(status, named, body, scope=Scope.DELTA, trouble=trouble))
