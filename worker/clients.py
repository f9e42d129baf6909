"""A way to Graph for each connection, kept as long as its credentials stay the same."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import requests
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.config import Config
from webapp.database import Transactions
from webapp.models import Connection, Credential, TokenCache
from webapp.secrets import SecretBox, SecretUnreadable
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient, open_session
from worker.graph.throttle import GATE, Gate
from worker.graph.token import Credentials, TokenSource
from worker.sync.errors import CredentialsRefused, Trouble

log = logging.getLogger(__name__)


class StoredTokens:
    """Tokens of one connection, shared by workers, encrypted in the database."""

    def __init__(self, transactions: Transactions, box: SecretBox, connection_id: int) -> None:
        self._transactions, self._box, self._connection_id = transactions, box, connection_id

    def load(self, key: str) -> str | None:
        """What was saved under `key`; what cannot be decrypted any more is as good as nothing."""
        with self._transactions.reading() as session:
            row = session.get(TokenCache, self._connection_id)
            if row is None or row.key != key:
                return None
            try:
                return self._box.decrypt(row.cache_encrypted)
            except SecretUnreadable:
                return None

    def save(self, key: str, text: str) -> None:
        """Keep `text` in place of whatever was kept for this connection."""
        try:
            with self._transactions.writing() as session:
                row = session.get(TokenCache, self._connection_id) or TokenCache(connection_id=self._connection_id)
                row.key, row.cache_encrypted, row.updated_at = key, self._box.encrypt(text), datetime.now(UTC)
                session.add(row)
        except IntegrityError:
            log.info("token not shared: another worker was first, or the connection is gone")


class Clients:
    """Graph clients by connection; a changed client, tenant or secret makes a new one at once."""

    def __init__(
        self,
        config: Config,
        transactions: Transactions,
        box: SecretBox,
        session: requests.Session | None = None,
        gate: Gate = GATE,
    ) -> None:
        self._config, self._transactions, self._box = config, transactions, box
        self._session, self._gate = session or open_session(), gate
        self._clients: dict[int, tuple[Credentials, GraphClient]] = {}
        self._lock = threading.Lock()

    def of(self, connection_id: int) -> GraphClient:
        """The client of a connection; raises `CredentialsRefused` when its secret cannot be decrypted."""
        credentials = self._credentials(connection_id)
        with self._lock:
            known = self._clients.get(connection_id)
            if known is None or known[0] != credentials:
                known = (credentials, self._make(connection_id, credentials))
                self._clients[connection_id] = known
            return known[1]

    def open_calendar(self, connection_id: int, address: str) -> tuple[GraphCalendar, str | None]:
        """A calendar for one run, and the tenant's GUID as the token tells it."""
        client = self.of(connection_id)
        return GraphCalendar(client, address), client.tokens.token().tenant_guid

    def _make(self, connection_id: int, credentials: Credentials) -> GraphClient:
        tokens = TokenSource(
            credentials,
            self._config.entra_authority,
            self._config.graph_scope,
            self._session,
            StoredTokens(self._transactions, self._box, connection_id),
        )
        return GraphClient(self._config.graph_base_url, tokens, self._session, self._gate)

    def _credentials(self, connection_id: int) -> Credentials:
        with self._transactions.reading() as session:
            connection, credential = _rows(session, connection_id)
            if credential is None:
                raise CredentialsRefused(Trouble(code="7000218", operation="token"))
            try:
                secret = self._box.decrypt(credential.secret_encrypted)
            except SecretUnreadable:
                raise CredentialsRefused(Trouble(code="secret_unreadable", operation="token")) from None
            return Credentials(connection.tenant_id, connection.client_id, secret)


def _rows(session: Session, connection_id: int) -> tuple[Connection, Credential | None]:
    found = session.execute(
        select(Connection, Credential).outerjoin(Credential).where(Connection.id == connection_id)
    ).one_or_none()
    if found is None:
        raise CredentialsRefused(Trouble(code="connection_deleted", operation="token"))
    return found[0], found[1]
