"""The settings form."""

from __future__ import annotations

from wtforms import BooleanField

from webapp.forms import RevisedForm


class SettingsForm(RevisedForm):
    """The master switch."""

    enabled = BooleanField("Enabled External Calendar Sync")
