"""A database with one connection to a simulated tenant, for the jobs that ask Graph."""

from __future__ import annotations

from pathlib import Path

import requests
from cryptography.fernet import Fernet
from sqlalchemy import create_engine

from tests.tenant import Tenant
from webapp.config import Config, load_config
from webapp.database import Transactions, prepare_engine
from webapp.domain.words import CheckState, RoomState
from webapp.models import Base, Connection, ConnectionCheck, Credential, Mailbox, Room, SyncSettings
from webapp.secrets import SecretBox, SecretUnreadable
from worker.clients import StoredTokens
from worker.connection_check import run_check
from worker.graph.client import GraphClient
from worker.graph.throttle import Gate
from worker.graph.token import Credentials, TokenSource
from worker.places_list import list_places
from worker.sync.errors import CredentialsRefused, Trouble

KEY = Fernet.generate_key().decode()


class World:
    """A tenant, its app, and a panel whose connection knows that app."""

    def __init__(self, folder: Path, rooms: int = 2, database_url: str = "") -> None:
        self.tenant = Tenant(seed=3)
        self.app = self.tenant.register_app()
        for number in range(1, rooms + 1):
            self.tenant.add_room(f"room{number}@contoso.example", f"Room {number}")
        engine = create_engine(database_url or f"sqlite:///{folder / 'app.db'}")
        prepare_engine(engine)
        Base.metadata.create_all(engine)
        self.transactions = Transactions(engine)
        self.box = SecretBox([KEY])
        self.config: Config = load_config(
            {
                "SECRET_KEY": "0123456789abcdef",
                "SECRET_ENCRYPTION_KEYS": KEY,
                "DATA_DIR": str(folder),
                "ENTRA_AUTHORITY": self.tenant.authority_origin,
                "GRAPH_BASE_URL": self.tenant.graph_base_url,
            }
        )
        self.session: requests.Session = self.tenant.session()
        self.now = self.tenant.clock.now
        self.gate = Gate()
        self.connection_id = self._connect()

    def client(self, connection_id: int) -> GraphClient:
        """The connection's client as a new process would open it, over this tenant's wires."""
        row = self.connection()
        try:
            secret = self.box.decrypt(row.credential.secret_encrypted)
        except SecretUnreadable:
            raise CredentialsRefused(Trouble(code="secret_unreadable", operation="token")) from None
        credentials = Credentials(row.tenant_id, row.client_id, secret)
        shelf = StoredTokens(self.transactions, self.box, connection_id)
        config = self.config
        tokens = TokenSource(credentials, config.entra_authority, config.graph_scope, self.session, shelf, self.now)
        return GraphClient(config.graph_base_url, tokens, self.session, self.gate)

    def _connect(self) -> int:
        with self.transactions.writing() as session:
            connection = Connection(
                name="contoso",
                client_id=self.app.client_id,
                tenant_id=self.tenant.tenant_id,
                tenant_guid=None,
                created_at=self.now(),
                credential=Credential(
                    secret_id=self.app.secret_id,
                    secret_encrypted=self.box.encrypt(self.app.secret),
                    stored_at=self.now(),
                ),
            )
            session.add_all([connection, SyncSettings(enabled=True)])
            session.flush()
            return connection.id

    def set_up(self, secret: str | None = None, **fields: str) -> None:
        """Change the connection as a person would: its ids, its secret."""
        with self.transactions.writing() as session:
            connection = session.get_one(Connection, self.connection_id)
            for name, value in fields.items():
                setattr(connection, name, value)
            if secret is not None:
                connection.credential.secret_encrypted = self.box.encrypt(secret)

    def link_room(self, address: str, state: RoomState = RoomState.ACTIVE) -> int:
        """A room here, linked to an address of the tenant; gives its mailbox's id."""
        with self.transactions.writing() as session:
            mailbox = Mailbox(connection_id=self.connection_id, address=address, not_before=self.now())
            session.add(mailbox)
            session.flush()
            session.add(
                Room(
                    name=address.split("@")[0],
                    time_zone="Europe/Berlin",
                    connection_id=self.connection_id,
                    external_address=address,
                    mailbox_id=mailbox.id,
                    sync_active=True,
                    sync_state=state,
                    created_at=self.now(),
                )
            )
            return mailbox.id

    def ask_for_check(self) -> int:
        """What the button does."""
        with self.transactions.writing() as session:
            check = ConnectionCheck(
                connection_id=self.connection_id, requested_at=self.now(), state=CheckState.WAITING
            )
            session.add(check)
            session.flush()
            return check.id

    def run(self, check_id: int) -> ConnectionCheck:
        """Run a check and read its row."""
        run_check(self.transactions, check_id, self.client, self.now)
        return self.check_row(check_id)

    def check(self) -> ConnectionCheck:
        """Ask for a check, run it, read its row."""
        return self.run(self.ask_for_check())

    def check_row(self, check_id: int) -> ConnectionCheck:
        """A check as it stands."""
        with self.transactions.reading() as session:
            found = session.get_one(ConnectionCheck, check_id)
            session.expunge_all()
            return found

    def connection(self) -> Connection:
        """The connection as it stands."""
        with self.transactions.reading() as session:
            found = session.get_one(Connection, self.connection_id)
            assert found.credential
            session.expunge_all()
            return found

    def mailbox(self, mailbox_id: int) -> Mailbox:
        """A mailbox as it stands."""
        with self.transactions.reading() as session:
            found = session.get_one(Mailbox, mailbox_id)
            session.expunge_all()
            return found

    def list_places(self) -> Connection:
        """Ask for the list of rooms, run the job, read the connection."""
        with self.transactions.writing() as session:
            session.get_one(Connection, self.connection_id).places_wanted += 1
        list_places(self.transactions, self.connection_id, self.client, self.now)
        return self.connection()


def keys_and_states(check: ConnectionCheck) -> list[tuple[str, str]]:
    """The steps of a check as (key, state)."""
    return [(step["key"], step["state"]) for step in check.steps]
