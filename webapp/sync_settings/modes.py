"""The settings that decide about people's mailboxes, as they are now: asked by whoever is about to act on them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.access import Modes
from webapp.models import SyncSettings

_MODES = select(SyncSettings.delegation, SyncSettings.strict, SyncSettings.create_in_owner)


def modes_of(session: Session) -> Modes:
    """The three settings, read anew."""
    row = session.execute(_MODES).one()
    return Modes(row.delegation, row.strict, row.create_in_owner)
