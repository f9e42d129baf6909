"""Commands of `flask`: accounts, runs by hand, keys, and self-checks."""

from __future__ import annotations

from flask import Flask

from webapp.cli.doctor import doctor
from webapp.cli.keys import secrets
from webapp.cli.sync import sync
from webapp.cli.users import users


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (users, sync, secrets, doctor):
        app.cli.add_command(command)
