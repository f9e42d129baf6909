"""The panel that these tests look at."""

from tests.webapp.rooms.world import world

__all__ = ["world"]
