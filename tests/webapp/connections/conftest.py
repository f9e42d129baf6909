"""Connections, rooms and checks to begin with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.words import CheckState
from webapp.models import Connection, ConnectionCheck, Credential, Mailbox, Room

URL = "/settings/office-365-integration"
CLIENT_ID = "4d7f20c9-61be-4a0e-9c55-7be1f0a2d683"
TENANT_ID = "8f1c6a52-0d3e-4b77-a1f4-93d0b7e41c2a"
SECRET_ID = "b26e90d4-7f13-4c88-8a21-5e0c64d9f7b1"
SECRET = "t8Q~ThisIsAValueOfASecret.0123456789abcd"


def typed(**changes: Any) -> dict[str, Any]:
    """What a person types into the form."""
    return {
        "name": "larkfield-hq",
        "client_id": CLIENT_ID,
        "tenant_id": TENANT_ID,
        "secret_id": SECRET_ID,
        "secret_value": SECRET,
        "expires_on": "",
        "revision": "1",
    } | changes


def make_connection(session: Session, app: Flask, name: str = "larkfield-hq", **credential: Any) -> int:
    """A connection as it is after Set, without a check."""
    connection = Connection(
        name=name,
        client_id=CLIENT_ID,
        tenant_id=TENANT_ID,
        tenant_guid=None,
        created_at=utcnow(),
        places_listed_at=None,
        places_error=None,
        credential=Credential(
            **{
                "secret_id": SECRET_ID,
                "secret_encrypted": app.extensions["secret_box"].encrypt(SECRET),
                "stored_at": datetime(2026, 11, 18, 9, tzinfo=UTC),
                "expires_on": None,
                "refused_as_expired_at": None,
            }
            | credential
        ),
    )
    session.add(connection)
    session.flush()
    return connection.id


def make_room(session: Session, connection_id: int, name: str) -> int:
    """A room that is linked through the connection and followed."""
    now = utcnow()
    mailbox = Mailbox(
        connection_id=connection_id,
        address=f"{name.lower()}@larkfield.example",
        tenant_guid=None,
        calendar_key=None,
        claim_owner=None,
        claim_expires_at=None,
        not_before=None,
        next_look_at=None,
        last_polled_at=None,
        last_round_at=None,
    )
    session.add(mailbox)
    session.flush()
    room = Room(
        name=name,
        capacity=None,
        time_zone="Europe/Dublin",
        connection_id=connection_id,
        external_address=mailbox.address,
        mailbox_id=mailbox.id,
        sync_active=True,
        sync_code=None,
        sync_state_since=None,
        last_synced_at=None,
        progress_total=None,
        archived_at=None,
        created_at=now,
    )
    session.add(room)
    session.flush()
    return room.id


def make_check(session: Session, connection_id: int, state: CheckState, **more: Any) -> int:
    """A check in some state."""
    at_rest = state in (CheckState.CONFIRMED, CheckState.FAILED)
    values = {
        "requested_at": utcnow(),
        "requested_by": "Ines Okafor",
        "started_at": None if state is CheckState.WAITING else utcnow(),
        "beat_at": None,
        "finished_at": utcnow() if at_rest else None,
        "next_try_at": None,
        "code": None,
    }
    check = ConnectionCheck(connection_id=connection_id, state=state, **(values | more))
    session.add(check)
    session.flush()
    return check.id


@pytest.fixture
def connection_id(app: Flask, data: Transactions) -> int:
    """larkfield-hq."""
    with data.writing() as session:
        return make_connection(session, app)


@pytest.fixture
def with_rooms(data: Transactions, connection_id: int) -> Callable[..., None]:
    """Links rooms through larkfield-hq."""

    def link(*names: str) -> None:
        with data.writing() as session:
            for name in names:
                make_room(session, connection_id, name)

    return link
