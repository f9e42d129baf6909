"""The rules of rooms, meetings and reservations, pure: no framework, no database, no network, no clock."""
