"""The settings form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """The master switch; `revision` tells a form that was opened before somebody else saved."""

    enabled = BooleanField("Enabled External Calendar Sync")
    revision = HiddenField(default="0")

    @property
    def known_revision(self) -> int:
        """The revision the form was opened with."""
        return int(self.revision.data) if (self.revision.data or "").isdigit() else 0
