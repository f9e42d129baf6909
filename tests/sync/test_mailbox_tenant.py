"""A connection whose app or tenant changes: links stay, or every room is as after a link to another mailbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.sync.checks import assert_quiet, assert_same, invite, put, reservations
from tests.sync.test_mailbox_left import save
from tests.sync.world import World
from tests.tenant import Tenant
from webapp.connections import service as connections
from webapp.connections.service import Wanted
from webapp.domain.words import RoomState, SyncState
from webapp.errors import Refused
from webapp.models import Connection, Credential, RoomChoice
from webapp.rooms.linking import Agreed
from webapp.secrets import SecretBox
from worker.store import claims


@dataclass
class Quiet:
    """A door bell that nobody hears: what is due is found in the database."""

    rung: list[Any] = field(default_factory=list)

    def ring(self, job: str, *args: Any, queue: str | None = None) -> bool:
        self.rung.append((job, args))
        return False


BOX = SecretBox([Fernet.generate_key().decode()])


def set_ids(world: World, *, agreed: bool = False, **ids: str) -> None:
    """Set in the connection's panel, with another client or tenant ID."""
    with world.transactions.writing() as session:
        connection = session.get_one(Connection, 1)
        if connection.credential is None:
            connection.credential = Credential(secret_id="", secret_encrypted="x", stored_at=world.now())
        wanted = Wanted(
            connection.name,
            ids.get("client_id", connection.client_id),
            ids.get("tenant_id", connection.tenant_id),
            "",
            "",
            None,
        )
        connections.change(
            session, Quiet(), BOX, connection, wanted, connection.revision, "Ines", world.now(), agreed=agreed
        )  # type: ignore[arg-type]


def lively(world: World) -> None:
    for name in ("alder", "birch"):
        world.add_room(name)
        for number in range(2):
            world.book(name, f"{name} R{number}", world.at(40 + 3 * number))
        put(world, name, f"{name} T", world.at(60))
    invite(world, "alder", "Budget", world.at(70))
    world.run()
    world.tenant.advance(400)
    world.run()


def another_tenant(world: World) -> Tenant:
    """A tenant with rooms of the same addresses, which the credentials lead to from now on."""
    former = world.tenant
    world.tenant = Tenant(seed=7)
    world.tenant.advance((former.clock.now() - world.tenant.clock.now()).total_seconds())
    world.app = world.tenant.register_app()
    for name in world.rooms:
        world.tenant.add_room(world.address(name), name=name.title(), time_zone="Europe/Berlin")
    world.client = world.new_client()
    world.worker = world.new_worker("worker-2")
    return former


def list_places(world: World) -> None:
    """The worker has listed the new tenant's rooms."""
    with world.transactions.writing() as session:
        connection = session.get_one(Connection, 1)
        connection.places_done, connection.places_listed_at = connection.places_wanted, world.now()
        for name in world.rooms:
            session.add(RoomChoice(connection_id=1, address=world.address(name), name=name, listed_at=world.now()))


def subjects(world: World, name: str) -> list[str]:
    return sorted(str(event["subject"]) for event in world.there(name))


def test_another_app_in_the_same_tenant_goes_on_where_the_former_was(world: World) -> None:
    """3.1: links stay; nothing is written."""
    lively(world)
    writes, mails = world.writes(), len(world.tenant.mails)
    world.app = world.tenant.register_app()
    set_ids(world, client_id=world.app.client_id)
    world.client = world.new_client()
    world.worker = world.new_worker("worker-2")
    for name in world.rooms:
        world.want(name, full=True)
    world.run()
    assert (world.writes(), len(world.tenant.mails)) == (writes, mails)
    assert {r.sync_state for r in reservations(world, "alder")} == {SyncState.SYNCED}
    assert_same(world, "alder")
    assert_quiet(world)


def test_another_tenant_asks_once_for_all_rooms_of_the_connection(world: World) -> None:
    lively(world)
    with pytest.raises(Refused) as refused:
        set_ids(world, tenant_id="another.example")
    said = refused.value.fields
    assert (refused.value.code, said["rooms"], said["ours"], said["theirs"]) == ("another_tenant", 2, 4, 3)


def test_in_another_tenant_ours_are_created_and_theirs_are_left_behind_and_nobody_is_mailed(world: World) -> None:
    """3.1, 3.3: each room as after a link to another mailbox; the former tenant is not asked again."""
    lively(world)
    former = another_tenant(world)
    asked, mails = len(former.requests), len(former.mails)
    set_ids(world, tenant_id="another.example", agreed=True)
    list_places(world)
    world.run()
    for name in world.rooms:
        assert subjects(world, name) == [f"{name} R0", f"{name} R1"]
        assert world.room(name).sync_state is RoomState.ACTIVE
        live = reservations(world, name)
        assert {r.meeting.title for r in live} == set(subjects(world, name))
        assert {r.sync_state for r in live} == {SyncState.SYNCED}
        closed = [r for r in reservations(world, name, live=False) if r.cancelled_at]
        assert {r.sync_code for r in closed} == {"left_behind"}
        assert_same(world, name)
    assert world.tenant.mails == [] and (len(former.requests), len(former.mails)) == (asked, mails)
    assert_quiet(world)


def test_the_same_tenant_under_another_name_changes_nothing(world: World) -> None:
    """Asked and agreed to, because a name alone tells nothing: the token says it is the same (H69)."""
    lively(world)
    writes, mails = world.writes(), len(world.tenant.mails)
    set_ids(world, tenant_id="contoso.example", agreed=True)
    list_places(world)
    world.run()
    assert (world.writes(), len(world.tenant.mails)) == (writes, mails)
    for name in world.rooms:
        rows = reservations(world, name, live=False)
        assert all(r.cancelled_at is None and r.not_followed_since is None for r in rows)
        assert {r.sync_state for r in rows} == {SyncState.SYNCED}
        assert_same(world, name)
    assert_quiet(world)


def test_nothing_of_the_new_tenant_is_read_before_its_rooms_are_listed(world: World) -> None:
    """H55: what was a room's address in one tenant may be a person's in another."""
    lively(world)
    another_tenant(world)
    set_ids(world, tenant_id="another.example", agreed=True)
    for _ in range(3):
        for mailbox_id in world.due():
            world.worker.run(mailbox_id)
        world.tenant.advance(6)
    assert world.tenant.requests == [] or {r.op for r in world.tenant.requests} <= {"token"}
    with world.transactions.reading() as session:
        assert claims.due(session, world.now(), 10) != []


def test_a_room_linked_again_after_the_tenant_changed_takes_nothing_of_the_former(world: World) -> None:
    """The mailbox that it was unlinked from had the same address, in the former tenant."""
    lively(world)
    save(world, "alder", None)
    another_tenant(world)
    set_ids(world, tenant_id="another.example", agreed=True)
    list_places(world)
    world.run()
    save(world, "alder", world.address("alder"), Agreed())
    world.run()
    assert subjects(world, "alder") == ["alder R0", "alder R1"]
    assert world.room("alder").sync_state is RoomState.ACTIVE
    assert_quiet(world)
