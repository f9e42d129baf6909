"""What the running application carries, with its types: configuration, door bell, encryption."""

from __future__ import annotations

from typing import cast

from flask import current_app

from webapp.config import Config
from webapp.enqueue import Bell
from webapp.secrets import SecretBox


def panel_config() -> Config:
    """The configuration it was made with."""
    return cast(Config, current_app.extensions["panel_config"])


def door_bell() -> Bell:
    """Rings for workers."""
    return cast(Bell, current_app.extensions["bell"])


def secret_box() -> SecretBox:
    """Encrypts what must not be readable in the database."""
    return cast(SecretBox, current_app.extensions["secret_box"])
