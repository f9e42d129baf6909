"""`flask sync run`, `flask secrets rotate` and `flask doctor`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask_migrate import stamp
from sqlalchemy import select

from tests.webapp.rooms.world import World
from webapp.clock import utcnow
from webapp.domain.words import RoomState
from webapp.enqueue import SYNC_MAILBOXES
from webapp.models import Credential, Mailbox, Room, TokenCache, WorkerHeartbeat
from webapp.secrets import SecretBox, SecretUnreadable


def run(world: World, *args: str) -> Result:
    return world.app.test_cli_runner().invoke(args=list(args))


def mailbox_of(world: World, room_id: int) -> Mailbox:
    with world.rows() as session:
        found = session.get_one(Mailbox, session.get_one(Room, room_id).mailbox_id)
        session.expunge(found)
        return found


@pytest.mark.parametrize("said", ["Alder", " alder", "number"])
def test_a_room_is_read_again_by_its_name_or_number(world: World, said: str) -> None:
    world.sync_on()
    room_id = world.linked_room()
    before = mailbox_of(world, room_id)
    result = run(world, "sync", "run", str(room_id) if said == "number" else said)
    after = mailbox_of(world, room_id)

    assert (result.exit_code, result.output) == (0, "Alder is read again by the next free worker.\n")
    assert after.wanted > before.wanted and after.full_wanted > after.full_done
    assert world.jobs() == [(SYNC_MAILBOXES, ([after.id],))]


def test_a_run_is_wanted_even_where_redis_is_gone(world: World) -> None:
    world.sync_on()
    room_id = world.linked_room()
    world.bell.is_dead = True
    assert "Redis cannot be reached" in run(world, "sync", "run", "Alder").output
    assert mailbox_of(world, room_id).wanted > 0


def test_a_run_that_cannot_be_is_refused_with_the_reason(world: World) -> None:
    world.sync_on(False)
    world.room("Birch")
    world.linked_room("Cedar", state=RoomState.OFF)
    world.linked_room("Alder")
    for said, words in (
        ("Nowhere", "There is no room with the name or number Nowhere"),
        ("999", "There is no room"),
        ("Birch", "Birch is not linked to a calendar"),
        ("Cedar", "Sync of Cedar is off"),
        ("Alder", "External calendar sync is off"),
    ):
        result = run(world, "sync", "run", said)
        assert result.exit_code == 1 and words in result.output
    assert world.jobs() == []


def test_of_two_rooms_with_one_name_a_number_says_which(world: World) -> None:
    rooms = [world.room("Alder"), world.room("Alder")]
    result = run(world, "sync", "run", "Alder")
    assert result.exit_code == 1 and f"by its number: {rooms[0]}, {rooms[1]}." in result.output


def test_rotated_secrets_need_the_first_key_only(world: World) -> None:
    """S22."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    store(world, SecretBox([old]).encrypt("the value"))
    world.app.extensions["secret_box"] = SecretBox([new, old])
    result = run(world, "secrets", "rotate")

    assert result.exit_code == 0 and "1 secret is encrypted with the first key." in result.output
    [token] = stored(world)
    assert SecretBox([new]).decrypt(token) == "the value"
    with pytest.raises(SecretUnreadable):
        SecretBox([old]).decrypt(token)
    with world.rows() as session:
        assert session.scalars(select(TokenCache)).all() == []


def test_a_secret_that_no_key_decrypts_is_named_and_left(world: World) -> None:
    store(world, "not a token")
    result = run(world, "secrets", "rotate")
    assert result.exit_code == 1 and "No key decrypts the secret of: larkfield-hq" in result.output
    assert stored(world) == ["not a token"]


def test_a_sound_installation_has_no_trouble(world: World) -> None:
    sound(world)
    assert run(world, "doctor").output == "OK: everything that can be checked from here is as it should be.\n"


def test_each_trouble_has_its_code(world: World) -> None:
    sound(world)
    store(world, "not a token")
    world.bell.is_dead = True
    world.linked_room("Alder", state=RoomState.ERROR, sync_code="mailbox_missing")
    with world.rows() as session:
        for row in session.scalars(select(WorkerHeartbeat)):
            row.seen_at = utcnow() - timedelta(hours=1)
        session.scalars(select(Credential)).one().expires_on = utcnow().date() - timedelta(days=3)
    result = run(world, "doctor")
    codes = [line.partition(":")[0] for line in result.output.splitlines()]
    expected = ["REDIS_UNREACHABLE", "WORKER_MISSING", "CLOCK_MISSING", "SECRET_UNREADABLE", "SECRET_EXPIRED"]
    assert (result.exit_code, codes) == (1, [*expected, "ROOM_IN_TROUBLE"])


def test_tables_of_another_version_are_told_before_anything_is_read(world: World) -> None:
    result = run(world, "doctor")
    assert result.exit_code == 1 and result.output.startswith("DATABASE_BEHIND: ")


def sound(world: World) -> None:
    """Stamped as migrated, with a worker and a clock that live."""
    with world.app.app_context():
        stamp()
    with world.rows() as session:
        for kind in ("worker", "clock"):
            now = utcnow()
            process = f"{kind}:host:1"
            session.merge(WorkerHeartbeat(process=process, kind=kind, started_at=now, seen_at=now))


def store(world: World, token: str) -> None:
    connection_id = world.connection()
    with world.rows() as session:
        session.scalars(select(Credential)).one().secret_encrypted = token
        session.add(TokenCache(connection_id=connection_id, key="k", cache_encrypted="c", updated_at=utcnow()))


def stored(world: World) -> list[str]:
    with world.rows() as session:
        return [row.secret_encrypted for row in session.scalars(select(Credential))]
