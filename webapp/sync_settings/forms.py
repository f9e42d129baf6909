"""The settings form."""

from __future__ import annotations

from wtforms import BooleanField

from webapp.domain.access import Modes
from webapp.forms import RevisedForm
from webapp.sync_settings.service import Wanted


class SettingsForm(RevisedForm):
    """The master switch, and how far the sync may go into people's own calendars."""

    enabled = BooleanField("Enabled External Calendar Sync")
    delegation = BooleanField("Enable User Calendar Delegation")
    strict = BooleanField("User Calendar Strict Mode")
    create_in_owner = BooleanField("Create User Calendar Reservations")

    @property
    def modes(self) -> Modes:
        """The three settings as they are ticked."""
        return Modes(bool(self.delegation.data), bool(self.strict.data), bool(self.create_in_owner.data))

    @property
    def wanted(self) -> Wanted:
        """Everything as it is ticked."""
        return Wanted(bool(self.enabled.data), self.modes)

    @classmethod
    def of(cls, wanted: Wanted, revision: int) -> SettingsForm:
        """The form as it is opened."""
        return cls(formdata=None, enabled=wanted.enabled, revision=str(revision), **vars(wanted.modes))
