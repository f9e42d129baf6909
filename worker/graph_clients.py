"""Graph for a connection: its credentials out of the database, its tokens shared through it, both encrypted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import requests
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from webapp.clock import utcnow
from webapp.config import Config
from webapp.database import Transactions
from webapp.models import Connection, Credential
from webapp.models import TokenCache as StoredTokens
from webapp.secrets import SecretBox, SecretUnreadable
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient
from worker.graph.throttle import GATE, Gate
from worker.graph.token import Credentials, TokenCache, TokenSource
from worker.sync.errors import CredentialsRefused, Trouble

UNREADABLE = "SecretUnreadable"
"""`Trouble.code` where none of our keys decrypts the stored secret."""
NO_CONNECTION = "NoConnection"
"""`Trouble.code` where the connection was deleted meanwhile."""


class GraphClients:
    """Opens connections; one for a process, safe for threads. A changed secret gives a new client by itself."""

    def __init__(
        self,
        config: Config,
        transactions: Transactions,
        session: requests.Session,
        now: Callable[[], datetime] = utcnow,
        gate: Gate = GATE,
    ) -> None:
        self.config = config
        self._transactions = transactions
        self._box = SecretBox(config.secret_encryption_keys)
        self._session = session
        self._now = now
        self._gate = gate
        self._lock = threading.Lock()
        self._clients: dict[int, GraphClient] = {}

    def open(self, connection_id: int, anew: bool = False) -> GraphClient:
        """The client of a connection; raises `CredentialsRefused` when its secret cannot be decrypted.

        `anew`: with a token that is got now, as a check needs it, because older ones do not show what was
        granted since.
        """
        credentials = self._credentials(connection_id)
        shelf = _Shelf(self._transactions, self._box, connection_id, self._now, is_empty=anew)
        config = self.config
        tokens = TokenSource(credentials, config.entra_authority, config.graph_scope, self._session, shelf, self._now)
        with self._lock:
            known = self._clients.get(connection_id)
            if known is None or anew or known.tokens.key != tokens.key:
                known = GraphClient(config.graph_base_url, tokens, self._session, self._gate)
                self._clients[connection_id] = known
            return known

    def open_calendar(self, connection_id: int, address: str) -> tuple[GraphCalendar, str | None]:
        """A mailbox's calendar, and the tenant's GUID as the token tells it; raises classified errors."""
        client = self.open(connection_id)
        return GraphCalendar(client, address), client.tokens.token().tenant_guid

    def _credentials(self, connection_id: int) -> Credentials:
        wanted = select(Connection.tenant_id, Connection.client_id, Credential.secret_encrypted)
        with self._transactions.reading() as session:
            found = session.execute(wanted.join(Connection.credential).where(Connection.id == connection_id)).first()
        if found is None:
            raise CredentialsRefused(Trouble(code=NO_CONNECTION, operation="token"))
        try:
            secret = self._box.decrypt(found.secret_encrypted)
        except SecretUnreadable:
            raise CredentialsRefused(Trouble(code=UNREADABLE, operation="token")) from None
        return Credentials(found.tenant_id, found.client_id, secret)


class _Shelf(TokenCache):
    """The token of a connection in the database. `is_empty`: gives nothing, so that a new one is got."""

    def __init__(
        self,
        transactions: Transactions,
        box: SecretBox,
        connection_id: int,
        now: Callable[[], datetime],
        is_empty: bool,
    ) -> None:
        self._transactions = transactions
        self._box = box
        self._connection_id = connection_id
        self._now = now
        self._is_empty = is_empty

    def load(self, key: str) -> str | None:
        """The text kept under the key; None without one, or when our keys do not decrypt it any more."""
        if self._is_empty:
            return None
        wanted = select(StoredTokens.cache_encrypted).where(
            StoredTokens.connection_id == self._connection_id, StoredTokens.key == key
        )
        with self._transactions.reading() as session:
            kept = session.scalar(wanted)
        if kept is None:
            return None
        try:
            return self._box.decrypt(kept)
        except SecretUnreadable:
            return None

    def save(self, key: str, text: str) -> None:
        """Keep the newest; of two at once, or for a connection just deleted, losing one does no harm."""
        self._is_empty = False
        row = StoredTokens(
            connection_id=self._connection_id,
            key=key,
            cache_encrypted=self._box.encrypt(text),
            updated_at=self._now(),
        )
        try:
            with self._transactions.writing() as session:
                session.execute(delete(StoredTokens).where(StoredTokens.connection_id == self._connection_id))
                session.add(row)
        except IntegrityError:
            return
