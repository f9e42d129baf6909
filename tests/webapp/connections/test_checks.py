"""CHECK CONNECTION: the row, the job, and a dialog that moves while the check does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.connections.conftest import URL, make_check
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.check_codes import CheckCode
from webapp.domain.words import CheckState
from webapp.enqueue import CHECK_CONNECTION
from webapp.models import ConnectionCheck, WorkerHeartbeat

SIGNED_IN = {"key": "token", "state": "done", "seconds": 0.4, "fields": {}}


def check_url(connection_id: int, check_id: int) -> str:
    return f"{URL}/{connection_id}/checks/{check_id}"


def test_check_connection_without_script_is_a_page(
    admin: Person, data: Transactions, bell: ListeningBell, connection_id: int
) -> None:
    admin.get(f"{URL}/")
    answer = admin.post(f"{URL}/{connection_id}/checks")
    assert (answer.status_code, answer.headers["Location"]) == (303, check_url(connection_id, 1))
    assert bell.rung == [(CHECK_CONNECTION, (1,), None)]
    page = admin.get(answer.headers["Location"]).text
    assert "<html" in page
    assert "Reload" in page  # without script the page cannot ask again by itself
    with data.reading() as session:
        assert session.query(ConnectionCheck).one().requested_by == "Ines Okafor"


def test_check_connection_with_htmx_is_a_dialog(admin: Person, connection_id: int) -> None:
    admin.get(f"{URL}/")
    answer = admin.post(f"{URL}/{connection_id}/checks", hx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<dialog data-modal")
    assert "HX-Push-Url" not in answer.headers


def test_a_double_click_is_one_check(admin: Person, bell: ListeningBell, connection_id: int) -> None:
    admin.get(f"{URL}/")
    first, second = (admin.post(f"{URL}/{connection_id}/checks") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(bell.rung) == 1


@pytest.mark.parametrize("state", [CheckState.CONFIRMED, CheckState.FAILED])
def test_a_check_that_ended_does_not_stand_in_the_way_of_the_next(
    admin: Person, data: Transactions, bell: ListeningBell, connection_id: int, state: CheckState
) -> None:
    with data.writing() as session:
        make_check(session, connection_id, state)
    admin.get(f"{URL}/")
    admin.post(f"{URL}/{connection_id}/checks")
    assert bell.rung == [(CHECK_CONNECTION, (2,), None)]


def test_a_check_that_waits_for_microsoft_can_be_overtaken(
    admin: Person, data: Transactions, bell: ListeningBell, connection_id: int
) -> None:
    """It tries again by itself for up to two hours; whoever mended something need not wait so long."""
    with data.writing() as session:
        make_check(session, connection_id, CheckState.RUNNING, next_try_at=utcnow() + timedelta(minutes=5))
    admin.get(f"{URL}/")
    admin.post(f"{URL}/{connection_id}/checks")
    assert bell.rung == [(CHECK_CONNECTION, (2,), None)]


@pytest.mark.parametrize(
    ("state", "more", "trigger"),
    [
        (CheckState.WAITING, {}, "every 1s"),
        (CheckState.RUNNING, {"steps": [SIGNED_IN]}, "every 1s"),
        (CheckState.RUNNING, {"next_try_at": utcnow() + timedelta(days=1)}, "every 10s"),
        (CheckState.CONFIRMED, {}, None),
        (CheckState.FAILED, {"code": "anything"}, None),
    ],
    ids=["waiting", "running", "waiting for Microsoft", "confirmed", "failed"],
)
def test_only_a_check_that_moves_is_asked_for_again(
    admin: Person,
    data: Transactions,
    connection_id: int,
    state: CheckState,
    more: dict[str, Any],
    trigger: str | None,
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, state, **more)
    answer = admin.get(check_url(connection_id, check_id), hx=True)
    if trigger:
        assert f'hx-trigger="{trigger}"' in answer.text
        assert "HX-Trigger" not in answer.headers
    else:
        assert "every" not in answer.text
        assert answer.headers["HX-Trigger"] == f"check-ended-{connection_id}"


def test_the_fragment_is_the_same_as_in_the_page(admin: Person, data: Transactions, connection_id: int) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.CONFIRMED)
    fragment = admin.get(check_url(connection_id, check_id), hx=True).text
    assert fragment.strip() in admin.get(check_url(connection_id, check_id)).text


def test_steps_are_shown_as_the_worker_writes_them(admin: Person, data: Transactions, connection_id: int) -> None:
    steps = [SIGNED_IN, {"key": "places", "state": "now", "seconds": None, "fields": {}}]
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.RUNNING, steps=steps)
    page = admin.get(check_url(connection_id, check_id)).text
    done, now, later = page.split("<li class=")[-3:]
    assert done.startswith('"ok"')
    assert "0.4 s" in done
    assert now.startswith('"now" aria-current="step"')
    assert later.startswith('"later"')


def test_a_check_that_waits_for_microsoft_says_for_what_and_until_when(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    again = utcnow() + timedelta(minutes=5)
    with data.writing() as session:
        check_id = make_check(
            session, connection_id, CheckState.RUNNING, code=CheckCode.CALENDAR_BLOCKED, next_try_at=again
        )
    page = admin.get(check_url(connection_id, check_id)).text
    assert "Waiting for Microsoft. The next try is" in page
    assert f"{again:%Y-%m-%dT%H:%M:%SZ}" in page
    assert "The tenant restricts the app and the room is outside." in page
    assert "up to 2 hours" in page


def test_confirmed_is_said_with_an_ok_that_closes(admin: Person, data: Transactions, connection_id: int) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.CONFIRMED)
    page = admin.get(check_url(connection_id, check_id)).text
    assert ">Confirmed</h2>" in page
    assert f'action="{URL}/{connection_id}"><button class="btn go" id="check-ok" data-close>OK</button>' in page


def test_what_support_needs_is_shown_and_nothing_else_of_the_fields(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    fields = {"aadsts": 7000215, "trace_id": "1e7a4c0b", "something_else": "must not be shown"}
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.FAILED, code="anything", fields=fields)
    page = admin.get(check_url(connection_id, check_id)).text
    assert "AADSTS7000215" in page
    assert "1e7a4c0b" in page
    assert "must not be shown" not in page


def test_without_a_worker_the_dialog_says_why_nothing_moves(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.WAITING)
        session.query(WorkerHeartbeat).delete()
    assert "No worker has been seen lately" in admin.get(check_url(connection_id, check_id), hx=True).text


def test_a_check_is_found_only_under_its_own_connection(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.CONFIRMED)
    assert admin.get(check_url(connection_id + 1, check_id)).status_code == 404


@pytest.mark.parametrize("state", [CheckState.WAITING, CheckState.CONFIRMED])
def test_asking_again_costs_three_queries_at_most(
    admin: Person, data: Transactions, connection_id: int, count_queries: Callable[[], Any], state: CheckState
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, state)
    for url in (check_url(connection_id, check_id), f"{URL}/{connection_id}/last-check"):
        with count_queries() as seen:
            assert admin.get(url, hx=True).status_code == 200
        assert len(seen) <= 3, seen
