"""Rows of the database as the sync's values, and back: the worker's only queries."""
