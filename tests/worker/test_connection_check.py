"""Check connection as a job: its steps, its tries, what it leaves behind, and who runs it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.worker.graph.world import World, keys_and_states
from webapp.domain.check_codes import CheckCode
from webapp.domain.words import CheckState, RoomState
from webapp.models import Connection, ConnectionCheck, RoomChoice, TokenCache
from worker.connection_check import ABANDONED, TRY_AGAIN, TRY_FOR, run_check

ROOM1, ROOM2 = "room1@contoso.example", "room2@contoso.example"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_good_connection_is_confirmed_after_three_steps(world: World):
    check = world.check()
    assert (check.state, check.code, check.fields) == (CheckState.CONFIRMED, None, {"rooms": 2})
    assert keys_and_states(check) == [("token", "done"), ("places", "done"), ("calendar", "done")]
    assert check.steps[1]["fields"] == {"rooms": 2}
    assert check.steps[2]["fields"] == {"address": ROOM1}
    assert check.finished_at is not None
    assert world.connection().tenant_guid == world.tenant.tenant_id


def test_the_rooms_that_a_check_lists_are_kept_to_choose_from(world: World):
    world.check()
    with world.transactions.reading() as session:
        assert set(session.scalars(select(RoomChoice.address))) == {ROOM1, ROOM2}
    assert world.connection().places_listed_at == world.now()


def test_one_minute_of_a_linked_rooms_calendar_is_read(world: World):
    world.link_room(ROOM2)
    check = world.check()
    assert check.steps[2]["fields"] == {"address": ROOM2}
    assert [request.path for request in world.tenant.requests if "calendarView" in request.path] == [
        f"/users/{ROOM2}/calendarView"
    ]


def test_a_corrected_setup_checks_as_correct_at_once(world: World):
    world.set_up(client_id=world.tenant.guid())
    assert world.check().code == CheckCode.APP_NOT_FOUND
    world.set_up(client_id=world.app.client_id)
    assert world.check().state is CheckState.CONFIRMED


def test_microsofts_word_counts_for_an_expired_secret(world: World):
    world.app.expire_secret()
    world.check()
    assert world.connection().credential.refused_as_expired_at == world.now()
    world.set_up(secret=world.app.new_secret())
    world.check()
    assert world.connection().credential.refused_as_expired_at is None


def test_consent_given_since_the_last_token_is_seen_at_once(world: World):
    world.app.set_roles()
    assert world.check().code == CheckCode.CONSENT_MISSING
    world.app.set_roles("Calendars.ReadWrite", "Place.Read.All")
    assert world.check().state is CheckState.CONFIRMED


def test_places_refused_in_spite_of_the_permission_is_tried_again(world: World):
    world.tenant.faults.add("places", "403")
    check = world.check()
    assert (check.state, check.code) == (CheckState.WAITING, CheckCode.PLACES_REFUSED)
    assert check.next_try_at == world.now() + TRY_AGAIN


def test_the_calls_decide_and_not_the_roles_in_the_token(world: World):
    world.app.restrict_to([ROOM1, ROOM2], "rbac")
    assert world.app.roles == ("Place.Read.All",)
    assert world.check().state is CheckState.CONFIRMED


def test_a_calendar_refused_without_the_permission_is_tried_again_until_it_is_in_effect(world: World):
    world.app.set_roles("Place.Read.All")
    check = world.check()
    assert (check.state, check.code) == (CheckState.WAITING, CheckCode.CALENDAR_PERMISSION_MISSING)
    assert (check.next_try_at, check.finished_at) == (world.now() + TRY_AGAIN, None)
    assert check.fields["address"] == ROOM1
    assert keys_and_states(check)[-1] == ("calendar", "stopped")
    requests_before = len(world.tenant.requests)
    assert world.run(check.id).state is CheckState.WAITING
    assert len(world.tenant.requests) == requests_before
    world.app.restrict_to([ROOM1], "rbac")
    world.tenant.advance(TRY_AGAIN.total_seconds())
    assert world.run(check.id).state is CheckState.CONFIRMED


def test_a_calendar_refused_for_two_hours_is_a_failure(world: World):
    world.app.set_roles("Place.Read.All")
    asked_at = world.now()
    check = world.check()
    tries = 1
    while check.state is CheckState.WAITING:
        assert check.next_try_at is not None
        world.tenant.advance((check.next_try_at - world.now()).total_seconds())
        check = world.run(check.id)
        tries += 1
    assert (check.state, check.next_try_at) == (CheckState.FAILED, None)
    assert check.code == CheckCode.CALENDAR_PERMISSION_MISSING
    assert world.now() - asked_at == TRY_FOR
    assert tries == 25


def test_a_newer_check_ends_the_tries_of_an_older_one(world: World):
    world.app.set_roles("Place.Read.All")
    older = world.check()
    world.app.set_roles("Calendars.ReadWrite", "Place.Read.All")
    assert world.check().state is CheckState.CONFIRMED
    world.tenant.advance(TRY_AGAIN.total_seconds())
    before = len(world.tenant.requests)
    older = world.run(older.id)
    assert (older.state, older.next_try_at) == (CheckState.FAILED, None)
    assert older.code == CheckCode.CALENDAR_PERMISSION_MISSING
    assert len(world.tenant.requests) == before


def test_one_readable_calendar_is_enough(world: World):
    world.link_room(ROOM1)
    world.app.restrict_to([ROOM2], "rbac")
    check = world.check()
    assert check.state is CheckState.CONFIRMED
    assert check.steps[2]["fields"] == {"address": ROOM2}


def test_without_a_room_to_try_the_calendar_access_is_not_proven_yet(tmp_path: Path):
    check = World(tmp_path, rooms=0).check()
    assert (check.state, check.code) == (CheckState.CONFIRMED, CheckCode.CALENDAR_UNPROVEN)


def test_an_app_that_may_only_read_is_confirmed_with_that_reservation(world: World):
    world.app.set_roles("Calendars.Read", "Place.Read.All")
    check = world.check()
    assert (check.state, check.code) == (CheckState.CONFIRMED, CheckCode.READ_ONLY)


def test_the_steps_are_written_while_they_happen(world: World):
    check_id = world.ask_for_check()
    seen = []

    def look(phase: str, _info: object) -> None:
        if phase == "before":
            seen.append(keys_and_states(world.check_row(check_id))[-1])

    world.tenant.on_request(look)
    world.run(check_id)
    assert seen == [("places", "now"), ("calendar", "now")]


def test_confirmed_asks_each_linked_room_for_a_run_and_lets_those_in_error_try_at_once(world: World):
    fine, broken = world.link_room(ROOM1), world.link_room(ROOM2, RoomState.ERROR)
    world.check()
    assert (world.mailbox(fine).wanted, world.mailbox(broken).wanted) == (1, 1)
    assert world.mailbox(fine).not_before is not None
    assert world.mailbox(broken).not_before is None


def test_a_failed_check_asks_no_room(world: World):
    mailbox_id = world.link_room(ROOM1)
    world.app.disable()
    world.check()
    assert world.mailbox(mailbox_id).wanted == 0


def test_a_check_is_run_once_however_often_it_is_rung_for(world: World):
    check = world.check()
    before = len(world.tenant.requests)
    assert world.run(check.id).finished_at == check.finished_at
    assert len(world.tenant.requests) == before


def test_of_several_workers_one_runs_the_check(world: World):
    check_id = world.ask_for_check()
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        run_check(world.transactions, check_id, world.client, world.now)

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(work) for _ in range(4)]:
            one.result()
    assert world.check_row(check_id).state is CheckState.CONFIRMED
    assert len([request for request in world.tenant.requests if "places" in request.path]) == 1


def test_postgresql_keeps_a_check_just_as_well(tmp_path: Path, postgres_database: Callable[..., str]):
    world = World(tmp_path, database_url=postgres_database())
    mailbox_id = world.link_room(ROOM1)
    world.app.expire_secret()
    assert world.check().code == CheckCode.SECRET_EXPIRED
    world.set_up(secret=world.app.new_secret())
    check = world.check()
    assert (check.state, check.steps[2]["fields"]) == (CheckState.CONFIRMED, {"address": ROOM1})
    assert world.mailbox(mailbox_id).wanted == 1
    assert world.list_places().places_error is None
    world.transactions.engine.dispose()


def test_a_check_under_way_is_left_alone_until_its_worker_shows_no_life(world: World):
    check_id = world.ask_for_check()
    with world.transactions.writing() as session:
        session.execute(
            update(ConnectionCheck).values(state=CheckState.RUNNING, started_at=world.now(), beat_at=world.now())
        )
    world.tenant.advance(ABANDONED.total_seconds())
    assert world.run(check_id).state is CheckState.RUNNING
    world.tenant.advance(1)
    assert world.run(check_id).state is CheckState.CONFIRMED


def test_a_worker_that_lost_its_check_writes_nothing_any_more(world: World):
    check_id = world.ask_for_check()

    def take_over(_phase: str, _info: object) -> None:
        with world.transactions.writing() as session:
            session.execute(
                update(ConnectionCheck).values(started_at=world.now() + timedelta(seconds=60), code="mine")
            )

    world.tenant.on_request(take_over)
    check = world.run(check_id)
    assert (check.state, check.code) == (CheckState.RUNNING, "mine")


def test_a_check_of_a_deleted_connection_ends_quietly(world: World):
    check_id = world.ask_for_check()

    def delete(_phase: str, _info: object) -> None:
        with world.transactions.writing() as session:
            connection = session.get(Connection, world.connection_id)
            if connection is not None:
                session.delete(connection)

    world.tenant.on_request(delete)
    run_check(world.transactions, check_id, world.client, world.now)
    with world.transactions.reading() as session:
        assert session.get(ConnectionCheck, check_id) is None


def test_neither_secret_nor_token_is_in_any_row_in_the_clear(world: World):
    world.check()
    token = world.client(world.connection_id).tokens.token().value
    with world.transactions.reading() as session:
        kept = session.scalars(select(TokenCache)).one()
        check = session.scalars(select(ConnectionCheck)).one()
        raw = json.dumps([check.steps, check.fields]) + kept.cache_encrypted + kept.key
        opened = world.box.decrypt(kept.cache_encrypted)
    assert token not in raw
    assert world.app.secret not in raw + opened
    assert token in opened


def test_another_process_uses_the_token_that_the_check_got(world: World):
    world.check()
    asked: list[str] = []
    world.session.hooks["response"].append(lambda response, **_: asked.append(response.url))
    assert world.list_places().places_error is None
    assert asked
    assert not any("oauth2" in url for url in asked)
