"""The same panel as the pages of rooms have."""

from tests.webapp.rooms.world import world

__all__ = ["world"]
