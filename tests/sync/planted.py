"""Bugs to plant: each is a mistake that a calendar sync is known to make, and that the harness must find."""

from __future__ import annotations

from collections import UserDict
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import false, select, update

from webapp.models import DeltaSession, Link, Mailbox
from worker.graph.client import GraphClient
from worker.room_run import apply, own, refresh, settle, writing
from worker.store import claims, observing, rounds, writes
from worker.store.claims import Lane
from worker.store.items import Item
from worker.store.rounds import Committed, Round
from worker.sync.plan import ABSENT, Side


def delta_link_stored_early(patch: pytest.MonkeyPatch) -> None:
    """The delta link is kept before what it covers is (H09)."""
    honest = rounds.commit

    def early(
        lane: Lane, the_round: Round, rows: list[dict[str, Any]], delta_link: str | None, now: datetime
    ) -> Committed:
        if not the_round.is_full:
            with lane.writing() as session:
                session.execute(
                    update(DeltaSession).where(DeltaSession.id == the_round.session_id).values(delta_link=delta_link)
                )
        return honest(lane, the_round, rows, delta_link, now)

    patch.setattr(rounds, "commit", early)


def posted_again_without_a_look(patch: pytest.MonkeyPatch) -> None:
    """A create in doubt is sent again at once (H35)."""
    patch.setattr(settle, "_find", lambda run, attempt: None)
    patch.setattr(settle, "LOOKS", ())


def unknown_taken_for_absent(patch: pytest.MonkeyPatch) -> None:
    """What cannot be read is believed to be gone (I5)."""

    def believed(item: Item) -> Side:
        if item.gone or item.observed is None:
            return ABSENT
        return item.observed.values if item.observed.live else ABSENT

    patch.setattr(apply, "_remote_side", believed)
    patch.setattr(refresh, "may_be_unreadable", lambda item, now: False)
    patch.setattr(own, "may_be_unreadable", lambda item, now: False)
    patch.setattr(refresh, "_read", lambda run, item: refresh._not_there(run, item))


class _CaseBlind(UserDict[str, Link]):
    """A dictionary to which `aB` and `Ab` are the same key."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self.data

    def __getitem__(self, key: str) -> Link:
        return self.data[key.lower()]

    def __setitem__(self, key: str, link: Link) -> None:
        self.data[key.lower()] = link


def ids_compared_case_blind(patch: pytest.MonkeyPatch) -> None:
    """Two events whose ids differ in the case of a letter are one (H16)."""
    honest = observing._links_of
    patch.setattr(observing, "_links_of", lambda *args: _CaseBlind(honest(*args)))


def copy_of_unsettled_create_imported(patch: pytest.MonkeyPatch) -> None:
    """The room's copy of a create whose answer was lost is taken for a stranger's meeting (H80)."""
    patch.setattr(apply, "is_copy_of_unsettled_create", lambda lane, seen: False)


def if_match_dropped(patch: pytest.MonkeyPatch) -> None:
    """Writes are not conditional (H43)."""
    honest = GraphClient._send

    def unconditional(self: GraphClient, *args: Any, **more: Any) -> Any:
        headers = {name: value for name, value in args[4].items() if name != "If-Match"}
        return honest(self, *args[:4], headers, *args[5:], **more)

    patch.setattr(GraphClient, "_send", unconditional)


def new_transaction_id_on_a_retry(patch: pytest.MonkeyPatch) -> None:
    """A create is sent again under another name (H35)."""
    honest = writes.new_event

    def renamed(attempt: writes.OpenAttempt, zone: str) -> Any:
        event = honest(attempt, zone)
        is_retry = attempt.looks > 0  # its sends are counted after it was loaded
        return replace(event, transaction_id=f"{event.transaction_id}{attempt.sends}") if is_retry else event

    patch.setattr(writing.writes, "new_event", renamed)


def wake_up_lost(patch: pytest.MonkeyPatch) -> None:
    """A run that ends takes what was asked meanwhile for done (H12)."""
    honest = claims.finish

    def deaf(lane: Lane, seen: int) -> bool:
        with lane.reading() as session:
            wanted = session.scalars(select(Mailbox.wanted).where(Mailbox.id == lane.mailbox_id)).one()
        return honest(lane, wanted)

    patch.setattr(claims, "finish", deaf)
    patch.setattr(claims, "_has_sends", lambda: false())
    for made_once in ("_claiming", "_due"):
        patch.setattr(claims, made_once, getattr(claims, made_once).__wrapped__)


ALL = (
    if_match_dropped,
    delta_link_stored_early,
    unknown_taken_for_absent,
    new_transaction_id_on_a_retry,
    posted_again_without_a_look,
    ids_compared_case_blind,
    copy_of_unsettled_create_imported,
    wake_up_lost,
)
"""Every planted mistake; `script/soak --planted` looks for a seed that notices each."""
