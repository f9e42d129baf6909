"""How long a client secret still works, as far as anybody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from webapp.models import Credential

REMIND_DAYS = (60, 30, 14, 7, 3, 1)
"""A reminder is due from the first on; each following one is more urgent."""
LONGEST_DAYS = 730
"""The longest that Entra offers; a later date is likely a slip of the pen (docs/graph.md#secret-lifetime)."""


@dataclass(frozen=True)
class SecretState:
    """`days` is None where no date is known; `step` is the reminder that is due, if any."""

    expires_on: date | None
    days: int | None
    expired: bool

    @property
    def step(self) -> int | None:
        """The smallest of `REMIND_DAYS` that is not below the days left; None: no reminder is due."""
        if self.expired or self.days is None:
            return None
        return min((step for step in REMIND_DAYS if self.days <= step), default=None)


def earliest_today(now: datetime) -> date:
    """The date where it is earliest on Earth: what is not past there is not past for anybody."""
    return (now - timedelta(hours=12)).date()


def secret_state(credential: Credential, now: datetime) -> SecretState:
    """The state of a stored secret. Microsoft's own word (7000222) counts more than the date typed here."""
    expires_on = credential.expires_on
    days = (expires_on - earliest_today(now)).days if expires_on else None
    refused = credential.refused_as_expired_at is not None
    return SecretState(expires_on, days, refused or (days is not None and days < 0))


def is_beyond_entra(credential: Credential) -> bool:
    """Whether the date lies further ahead than Entra allows."""
    if credential.expires_on is None:
        return False
    return (credential.expires_on - credential.stored_at.date()).days > LONGEST_DAYS
