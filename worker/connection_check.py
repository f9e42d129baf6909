"""Check connection: three steps, written as they happen, and the cause where one of them fails.

The calls decide, not the roles in the token: a token must be given, Places must list, and one minute of one
calendar must be readable. A cause that passes by itself is tried again for two hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.database import Transactions
from webapp.domain.check_codes import RETRIED, CheckCode, Step
from webapp.domain.words import CheckState, RoomState
from webapp.models import Connection, ConnectionCheck, Credential, Mailbox, Room
from worker import diagnosis
from worker.diagnosis import Cause
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient
from worker.graph.places import Place, list_rooms
from worker.graph.token import Token
from worker.places_list import keep_rooms
from worker.sync.errors import AccessDenied, Gone, MailboxMissing, SyncError

ABANDONED = timedelta(seconds=45)
"""A check without a sign of life for so long is taken up by whoever finds it."""
TRY_AGAIN = timedelta(minutes=5)
TRY_FOR = timedelta(hours=2)
"""Grants in Exchange take up to two hours to be in effect (docs/graph.md#rbac-delay)."""
ROOMS_TO_TRY = 3


class _TakenOver(Exception):
    """Another worker took this check up, or its connection was deleted: stop quietly."""


class _Failed(Exception):
    """The check ends here, with this cause."""

    def __init__(self, cause: Cause) -> None:
        self.cause = cause
        super().__init__(cause.code)


def run_check(
    transactions: Transactions,
    check_id: int,
    client_of: Callable[[int], GraphClient],
    now: Callable[[], datetime],
) -> None:
    """Run one check that waits, is due for another try, or was abandoned; does nothing for any other.

    `client_of` gives a connection's client, or raises `CredentialsRefused("secret_unreadable")`.
    """
    record = _claim(transactions, check_id, now)
    if record is None:
        return
    try:
        _Check(record, client_of).run()
    except _TakenOver:
        return


@dataclass
class _Record:
    """The check's row, written to for as long as it is ours."""

    transactions: Transactions
    check_id: int
    connection_id: int
    requested_at: datetime
    started_at: datetime
    now: Callable[[], datetime]
    steps: list[dict[str, Any]] = field(default_factory=list)
    _step_began: datetime | None = None

    def begin(self, step: Step) -> None:
        """A step is under way."""
        self._step_began = self.now()
        self.steps.append({"key": step.value, "state": "now", "seconds": None, "fields": {}})
        self.write()

    def note(self, **fields: Any) -> None:
        """What the present step found so far; a sign of life as well."""
        self.steps[-1] = {**self.steps[-1], "fields": {**self.steps[-1]["fields"], **fields}}
        self.write()

    def end(self, state: str) -> None:
        """The present step is `done` or `stopped`; written with whatever comes next."""
        began = self._step_began or self.now()
        self.steps[-1] = {**self.steps[-1], "state": state, "seconds": (self.now() - began).total_seconds()}

    def write(self, session: Session | None = None, **values: Any) -> None:
        """Write steps and values if the check is still ours; raises `_TakenOver` otherwise."""
        if session is None:
            with self.transactions.writing() as own:
                self.write(own, **values)
            return
        written = session.execute(
            update(ConnectionCheck)
            .where(
                ConnectionCheck.id == self.check_id,
                ConnectionCheck.state == CheckState.RUNNING,
                ConnectionCheck.started_at == self.started_at,
            )
            .values(steps=list(self.steps), beat_at=self.now(), **values)
            .returning(ConnectionCheck.id)
        )
        if written.first() is None:
            raise _TakenOver


def _claim(transactions: Transactions, check_id: int, now: Callable[[], datetime]) -> _Record | None:
    """Take the check, in one UPDATE, so that of two workers one has it."""
    moment = now()
    free = or_(
        and_(
            ConnectionCheck.state == CheckState.WAITING,
            or_(ConnectionCheck.next_try_at.is_(None), ConnectionCheck.next_try_at <= moment),
        ),
        and_(ConnectionCheck.state == CheckState.RUNNING, ConnectionCheck.beat_at < moment - ABANDONED),
    )
    with transactions.writing() as session:
        taken = session.execute(
            update(ConnectionCheck)
            .where(ConnectionCheck.id == check_id, free)
            .values(state=CheckState.RUNNING, started_at=moment, beat_at=moment, next_try_at=None, steps=[])
            .returning(ConnectionCheck.connection_id, ConnectionCheck.requested_at)
        ).first()
        if taken is None:
            return None
        newest = select(func.max(ConnectionCheck.id)).where(ConnectionCheck.connection_id == taken.connection_id)
        if session.scalar(newest) != check_id:
            _retire(session, check_id, moment)
            return None
    return _Record(transactions, check_id, taken.connection_id, taken.requested_at, moment, now)


def _retire(session: Session, check_id: int, now: datetime) -> None:
    """A newer check speaks for the connection; this one ends with what it had found."""
    session.execute(
        update(ConnectionCheck).where(ConnectionCheck.id == check_id).values(state=CheckState.FAILED, finished_at=now)
    )


class _Check:
    """One try of one check."""

    def __init__(self, record: _Record, client_of: Callable[[int], GraphClient]) -> None:
        self.record = record
        self.client_of = client_of
        self.host = ""
        self.token: Token | None = None

    def run(self) -> None:
        """All steps, then how it ended."""
        try:
            client = self._sign_in()
            rooms = self._list_places(client)
            code = self._read_a_calendar(client, rooms)
        except _Failed as failed:
            self._fail(failed.cause)
            return
        self._confirm(code, len(rooms))

    def _sign_in(self) -> GraphClient:
        self.record.begin(Step.TOKEN)
        try:
            client = self.client_of(self.record.connection_id)
            self._compare_clouds(client)
            self.host = _host(client.tokens.authority)
            self.token = client.tokens.renew()
        except SyncError as error:
            raise self._cause(error, Step.TOKEN) from None
        self.host = _host(client.base_url)
        self._learn_tenant(self.token)
        self.record.end("done")
        return client

    def _list_places(self, client: GraphClient) -> tuple[Place, ...]:
        self.record.begin(Step.PLACES)
        try:
            rooms = list_rooms(client, lambda number: self.record.note(rooms=number))
        except SyncError as error:
            raise self._cause(error, Step.PLACES) from None
        self.record.end("done")
        with self.record.transactions.writing() as session:
            keep_rooms(session, self.record.connection_id, rooms, self.record.now())
            self.record.write(session)
        return rooms

    def _read_a_calendar(self, client: GraphClient, rooms: Iterable[Place]) -> CheckCode | None:
        """Read one minute of the first calendar that lets itself be read; the code of a reservation, if any."""
        self.record.begin(Step.CALENDAR)
        with self.record.transactions.reading() as session:
            linked = _linked_addresses(session, self.record.connection_id)
        listed = [room.address for room in rooms][:ROOMS_TO_TRY]
        addresses = list(dict.fromkeys([*linked[:ROOMS_TO_TRY], *listed]))
        refusals: list[_Failed] = []
        for address in addresses:
            self.record.note(address=address)
            start = self.record.now()
            try:
                GraphCalendar(client, address).listing(start, start + timedelta(minutes=1))
            except (AccessDenied, MailboxMissing, Gone) as error:
                refusals.append(self._cause(error, Step.CALENDAR, address=address))
            except SyncError as error:
                raise self._cause(error, Step.CALENDAR, address=address) from None
            else:
                self.record.end("done")
                return CheckCode.READ_ONLY if self._reads_only() else None
        if refusals:
            raise _gravest(refusals)
        self.record.end("done")
        return CheckCode.CALENDAR_UNPROVEN

    def _reads_only(self) -> bool:
        """Calendars.Read in the token explains the success, and allows no writing."""
        roles = self.token.roles if self.token else ()
        return diagnosis.CALENDARS_READ in roles and diagnosis.CALENDARS_WRITE not in roles

    def _cause(self, error: SyncError, step: Step, **fields: Any) -> _Failed:
        roles = self.token.roles if self.token else ()
        return _Failed(diagnosis.of_error(error, step, roles, host=self.host, **fields))

    def _compare_clouds(self, client: GraphClient) -> None:
        authority, graph = _host(client.tokens.authority), _host(client.base_url)
        if diagnosis.clouds_differ(authority, graph):
            raise _Failed(Cause(CheckCode.WRONG_CLOUD, {"authority": authority, "host": graph}))

    def _learn_tenant(self, token: Token) -> None:
        """Remember which tenant this is; a name that leads to another tenant than the rooms' is refused (H55)."""
        with self.record.transactions.writing() as session:
            connection = session.get(Connection, self.record.connection_id)
            if connection is None:
                raise _TakenOver
            session.execute(
                update(Credential).where(Credential.connection_id == connection.id).values(refused_as_expired_at=None)
            )
            known, found = connection.tenant_guid, token.tenant_guid
            if found is None or found == known:
                return
            in_use = select(Mailbox.id).where(
                Mailbox.connection_id == connection.id, Mailbox.tenant_guid.is_not(None)
            )
            if known is None or session.scalar(in_use.limit(1)) is None:
                connection.tenant_guid = found
                return
        raise _Failed(Cause(CheckCode.OTHER_TENANT, {"expected": known, "found": found}))

    def _fail(self, cause: Cause) -> None:
        """End with the cause, or wait for another try where it can pass by itself."""
        record, moment = self.record, self.record.now()
        record.end("stopped")
        ended: dict[str, Any] = {"state": CheckState.FAILED, "finished_at": moment, "next_try_at": None}
        if cause.code in RETRIED and moment + TRY_AGAIN <= record.requested_at + TRY_FOR:
            ended = {"state": CheckState.WAITING, "finished_at": None, "next_try_at": moment + TRY_AGAIN}
        with record.transactions.writing() as session:
            record.write(session, code=cause.code.value, fields=cause.fields, **ended)
            if cause.code is CheckCode.SECRET_EXPIRED:
                session.execute(
                    update(Credential)
                    .where(Credential.connection_id == record.connection_id)
                    .values(refused_as_expired_at=moment)
                )

    def _confirm(self, code: CheckCode | None, rooms: int) -> None:
        """End well; then every linked room is asked for a run, which puts what it finds into its status."""
        record, moment = self.record, self.record.now()
        with record.transactions.writing() as session:
            record.write(
                session,
                state=CheckState.CONFIRMED,
                finished_at=moment,
                code=code.value if code else None,
                fields={"rooms": rooms},
            )
            _ask_linked_rooms(session, record.connection_id)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _gravest(refusals: list[_Failed]) -> _Failed:
    """Of several refusals the one to act on: a permission before a mailbox that is not there."""
    missing = (CheckCode.MAILBOX_NOT_FOUND, CheckCode.MAILBOX_NOT_ENABLED)
    return next((one for one in refusals if one.cause.code not in missing), refusals[0])


def _linked_addresses(session: Session, connection_id: int) -> list[str]:
    rooms = select(Room.external_address).where(
        Room.connection_id == connection_id, Room.external_address.is_not(None), Room.archived_at.is_(None)
    )
    return [address.lower() for address in session.scalars(rooms.order_by(Room.id)) if address]


def _ask_linked_rooms(session: Session, connection_id: int) -> None:
    """Ask for a run of each room under sync; those in Error need not wait for their back-off any longer."""
    followed = (Room.connection_id == connection_id, Room.sync_active.is_(True), Room.archived_at.is_(None))
    in_error = select(Room.mailbox_id).where(*followed, Room.sync_state == RoomState.ERROR)
    session.execute(update(Mailbox).where(Mailbox.id.in_(in_error)).values(not_before=None))
    session.execute(
        update(Mailbox)
        .where(Mailbox.id.in_(select(Room.mailbox_id).where(*followed)))
        .values(wanted=Mailbox.wanted + 1)
    )
