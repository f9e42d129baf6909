"""The panel whose commands are tried."""

from tests.webapp.rooms.world import world

__all__ = ["world"]
