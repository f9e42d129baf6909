"""Accounts: signing in and out, passwords, the first administrator."""
