"""The three settings, as the worker and the services ask for them."""

from __future__ import annotations

from webapp.database import Transactions
from webapp.domain.access import Modes
from webapp.models import SyncSettings
from webapp.sync_settings.modes import modes_of


def test_at_first_nothing_is_allowed_but_to_look_up_titles(data: Transactions) -> None:
    with data.reading() as session:
        assert modes_of(session) == Modes(delegation=False, strict=False, create_in_owner=False)


def test_each_setting_is_read_as_it_is_now(data: Transactions) -> None:
    with data.writing() as session:
        row = session.get_one(SyncSettings, 1)
        row.delegation, row.create_in_owner = True, True
    with data.reading() as session:
        assert modes_of(session) == Modes(delegation=True, strict=False, create_in_owner=True)
    with data.writing() as session:
        session.get_one(SyncSettings, 1).strict = True
    with data.reading() as session:
        assert modes_of(session).strict
