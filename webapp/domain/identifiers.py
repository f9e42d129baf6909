"""How Entra's identifiers are written."""

from __future__ import annotations

import re

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
DOMAIN = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE
)


def is_guid(text: str) -> bool:
    """A GUID with its dashes, and nothing else."""
    return GUID.fullmatch(text) is not None


def is_tenant(text: str) -> bool:
    """What names a tenant: its GUID, or one of its domains."""
    return is_guid(text) or DOMAIN.fullmatch(text) is not None
