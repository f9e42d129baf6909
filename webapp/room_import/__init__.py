"""Manage Rooms > Import rooms: the tenant's rooms become rooms here, many at once."""
