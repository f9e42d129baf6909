"""What workers run: thin functions that take ids. Each may run twice, or never finish, without harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from worker.connection_check import run_check
from worker.places_list import list_places as list_places_of
from worker.poll import poll
from worker.process import process

ROOMS_AT_ONCE = 16
"""Rooms of one job that run side by side; each waits for Microsoft most of its time."""


def sync_mailboxes(mailbox_ids: list[int]) -> None:
    """Run these mailboxes, those that are free and have something to do."""
    here = process()
    with ThreadPoolExecutor(max_workers=min(ROOMS_AT_ONCE, max(1, len(mailbox_ids)))) as pool:
        for outcome in [pool.submit(here.room_sync.run, mailbox_id) for mailbox_id in mailbox_ids]:
            outcome.result()


def poll_mailboxes(mailbox_ids: list[int]) -> None:
    """Ask these mailboxes whether anything changed, and run those that say so."""
    here = process()
    every = timedelta(seconds=here.config.poll_seconds)
    stirred = poll(here.transactions, here.clients.of, mailbox_ids, every, here.now)
    if stirred:
        sync_mailboxes(stirred)


def check_connection(check_id: int) -> None:
    """Run one Check connection."""
    here = process()
    run_check(here.transactions, check_id, here.clients.of, here.now)


def list_places(connection_id: int) -> None:
    """Fetch the tenant's rooms to choose from."""
    here = process()
    list_places_of(here.transactions, connection_id, here.clients.of, here.now)
