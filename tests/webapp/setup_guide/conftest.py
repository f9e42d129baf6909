"""Connections, rooms and checks of the guide's pages."""

from tests.webapp.connections.conftest import connection_id, with_rooms

__all__ = ["connection_id", "with_rooms"]
