"""The probe of many rooms: asks their delta links in batches, claims nothing, and marks who has something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from webapp.database import Transactions
from webapp.models import DeltaSession, Mailbox
from worker.graph.batch import MOST_PARTS, Probe, Stir, longest_wait, probe
from worker.graph.client import GraphClient
from worker.store import claims
from worker.store.waits import put_off
from worker.sync.errors import SyncError, Throttled

OLD_LINK = timedelta(days=1)
"""A delta link that was not moved on for so long is read again, before the service forgets it."""


def poll(
    transactions: Transactions,
    client_of: Callable[[int], GraphClient],
    mailbox_ids: Collection[int],
    every: timedelta,
    now: Callable[[], datetime],
) -> list[int]:
    """Probe those of these mailboxes that are still due for it; the ids of those that want a run now.

    Asked again here, because a job may be doubled, or have waited while somebody else polled, or sync was
    switched off.
    """
    stirred: list[int] = []
    with transactions.reading() as session:
        due = claims.to_poll(session, now(), every, len(mailbox_ids), among=mailbox_ids)
    for connection_id, links in _links(transactions, due, now()).items():
        unlinked = [mailbox_id for mailbox_id, link in links.items() if link is None]
        linked = [(mailbox_id, link) for mailbox_id, link in links.items() if link is not None]
        if unlinked:
            _mark(transactions, unlinked, unlinked, now())
            stirred += unlinked
        for start in range(0, len(linked), MOST_PARTS):
            part = dict(linked[start : start + MOST_PARTS])
            found = _probe(transactions, client_of, connection_id, part, now())
            _mark(transactions, list(part), found, now())
            stirred += found
    return stirred


def _links(transactions: Transactions, ids: list[int], now: datetime) -> dict[int, dict[int, str | None]]:
    """Delta links by connection; None where the room must be read anyway."""
    found: dict[int, dict[int, str | None]] = defaultdict(dict)
    with transactions.reading() as session:
        rows = session.execute(
            select(Mailbox.id, Mailbox.connection_id, DeltaSession.delta_link, DeltaSession.delta_link_at)
            .outerjoin(DeltaSession, (DeltaSession.mailbox_id == Mailbox.id) & DeltaSession.active)
            .where(Mailbox.id.in_(ids))
        )
        for mailbox_id, connection_id, link, at in rows:
            fresh = link is not None and at is not None and now - at < OLD_LINK
            found[connection_id][mailbox_id] = link if fresh else None
    return found


def _probe(
    transactions: Transactions,
    client_of: Callable[[int], GraphClient],
    connection_id: int,
    links: dict[int, str],
    now: datetime,
) -> list[int]:
    """Who has something to tell. A probe that fails says nothing: those rooms run, and say what is wrong."""
    try:
        probes = probe(client_of(connection_id), {str(mailbox_id): link for mailbox_id, link in links.items()})
    except Throttled as error:
        put_off(transactions, links, now, error.wait_seconds)
        return []
    except SyncError:
        return list(links)
    _renew(transactions, links, probes)
    slow = [int(key) for key, found in probes.items() if isinstance(found.error, Throttled)]
    if slow:
        put_off(transactions, slow, now, longest_wait(probes.values()))
    return [int(key) for key, found in probes.items() if found.stir is not Stir.QUIET and int(key) not in slow]


def _renew(transactions: Transactions, links: dict[int, str], probes: dict[str, Probe]) -> None:
    """Keep the newer links of quiet rooms, unless a run moved theirs on meanwhile."""
    newer = [
        {"room": int(key), "asked": links[int(key)], "newer": found.delta_link}
        for key, found in probes.items()
        if found.delta_link is not None and found.delta_link != links[int(key)]
    ]
    if not newer:
        return
    with transactions.writing() as session:
        session.connection().execute(
            update(DeltaSession)
            .where(
                DeltaSession.mailbox_id == bindparam("room"),
                DeltaSession.delta_link == bindparam("asked"),
                DeltaSession.active,
            )
            .values(delta_link=bindparam("newer")),
            newer,
        )


def _mark(transactions: Transactions, polled: list[int], stirred: list[int], now: datetime) -> None:
    """One UPDATE a batch, and one for those that want a run."""
    with transactions.writing() as session:
        session.execute(update(Mailbox).where(Mailbox.id.in_(sorted(polled))).values(last_polled_at=now))
        if stirred:
            session.execute(update(Mailbox).where(Mailbox.id.in_(sorted(stirred))).values(wanted=Mailbox.wanted + 1))
