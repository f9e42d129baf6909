"""Faults on order, reads that lie, limits and batches."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.tenant import RequestInfo, Tenant
from tests.tenant.conftest import ADA, OTHER_ROOM, ROOM, WINDOW, Asker, code_of, event, until, wall

POST = ("POST", f"/users/{ROOM}/events")
TAG = "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name OurBookingId"


def test_a_timeout_before_the_effect_leaves_nothing_and_after_it_an_event_h35(asker: Asker, tenant: Tenant) -> None:
    for kind, left in (("T-", 0), ("T+", 1)):
        tenant.faults.add("create", kind)
        with pytest.raises(requests.ReadTimeout):
            asker.ask(*POST, event())
        assert len(tenant.events(ROOM)) == left
        assert tenant.requests[-1].status is None and tenant.requests[-1].had_effect is bool(left)


def test_a_dropped_connection_is_a_connection_error(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("create", "drop")
    with pytest.raises(requests.ConnectionError):
        asker.ask(*POST, event())
    assert tenant.events(ROOM) == []


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("503", 503), ("504", 504), ("500", 500), ("409", 409)])
def test_an_error_before_the_effect_leaves_nothing(asker: Asker, tenant: Tenant, kind: str, status: int) -> None:
    tenant.faults.add("create", kind, retry_after=30)
    answer = asker.ask(*POST, event())
    assert answer.status_code == status and tenant.events(ROOM) == []
    assert answer.headers.get("Retry-After") == ("30" if status in (429, 503) else None)


@pytest.mark.parametrize(("kind", "status"), [("429+", 429), ("503+", 503)])
def test_an_error_can_hide_that_it_is_done_h37(asker: Asker, tenant: Tenant, kind: str, status: int) -> None:
    made = asker.create()
    for op, method, body in (("patch", "PATCH", {"subject": "b"}), ("delete", "DELETE", None)):
        tenant.faults.add(op, kind)
        assert asker.ask(method, f"/users/{ROOM}/events/{made['id']}", body).status_code == status
        assert tenant.requests[-1].had_effect
    assert tenant.events(ROOM) == []


def test_a_429_can_come_without_retry_after(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("view", "429", retry_after=None)
    answer = asker.get(f"/users/{ROOM}/calendarView?{WINDOW}")
    assert answer.status_code == 429 and "Retry-After" not in answer.headers


@pytest.mark.parametrize(("kind", "status"), [("partial", 201), ("partial+503", 503)])
def test_an_event_can_be_stored_without_its_tag_h36(asker: Asker, tenant: Tenant, kind: str, status: int) -> None:
    tenant.faults.add("create", kind)
    answer = asker.ask(*POST, event(transactionId="t", singleValueExtendedProperties=[{"id": TAG, "value": "x"}]))
    assert answer.status_code == status
    assert [(row["transaction_id"], row["properties"]) for row in tenant.events(ROOM)] == [("t", {})]


@pytest.mark.parametrize(
    ("op", "kind", "code"),
    [
        ("get", "404lag", "ErrorItemNotFound"),
        ("get", "412", "ErrorIrresolvableConflict"),
        ("get", "403", "ErrorAccessDenied"),
        ("get", "401", "InvalidAuthenticationToken"),
        ("any", "503", "ServiceUnavailable"),
    ],
)
def test_a_get_can_fail_in_its_ways(asker: Asker, tenant: Tenant, op: str, kind: str, code: str) -> None:
    made = asker.create()
    tenant.faults.add(op, kind)
    assert code_of(asker.get(f"/users/{ROOM}/events/{made['id']}")) == code
    assert asker.get(f"/users/{ROOM}/events/{made['id']}").status_code == 200


def test_a_token_request_can_fail(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("token", "503")
    assert asker.token().status_code == 503
    tenant.faults.add("token", "T-")
    with pytest.raises(requests.ReadTimeout):
        asker.token()


def test_faults_wait_for_their_mailbox_their_turn_and_their_number(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("view", "503", times=2, mailbox=OTHER_ROOM, skip=1)
    path = "/users/{}/calendarView?" + WINDOW
    assert asker.get(path.format(ROOM)).status_code == 200
    assert [asker.get(path.format(OTHER_ROOM)).status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_token_can_die_in_the_middle_of_a_round_h08(asker: Asker, tenant: Tenant) -> None:
    for hour in range(12):
        asker.create(hour=hour)
    tenant.faults.add("delta", "410", skip=1)
    body = asker.get(f"/users/{ROOM}/calendarView/delta?{WINDOW}").json()
    dead = asker.get(body["@odata.nextLink"])
    assert (dead.status_code, code_of(dead)) == (410, "SyncStateNotFound")


def test_delta_can_page_for_ever_with_the_same_content_h01(asker: Asker, tenant: Tenant) -> None:
    asker.create()
    tenant.faults.add("delta", "loop", times=5)
    path, links, contents = f"/users/{ROOM}/calendarView/delta?{WINDOW}", set(), []
    for _ in range(5):
        body = asker.get(path).json()
        path = body["@odata.nextLink"]
        links.add(path)
        contents.append([row["id"] for row in body["value"]])
    assert len(links) == 5 and all(content == contents[0] for content in contents)
    assert "@odata.deltaLink" in asker.get(path).json()


@pytest.mark.parametrize(("kind", "left"), [("empty", 0), ("truncate", 2)])
def test_a_listing_can_be_empty_or_short_with_200_h70(asker: Asker, tenant: Tenant, kind: str, left: int) -> None:
    for hour in range(6):
        asker.create(hour=hour)
    for op, path in (
        ("view", f"calendarView?{WINDOW}"),
        ("delta", f"calendarView/delta?{WINDOW}"),
        ("list", "events"),
    ):
        tenant.faults.add(op, kind)
        answer = asker.get(f"/users/{ROOM}/{path}")
        assert answer.status_code == 200 and len(answer.json()["value"]) == left


def test_reads_can_lag_writes_and_never_go_back(asker: Asker, tenant: Tenant) -> None:
    asker.create(subject="old")
    assert len(asker.view()) == 1
    tenant.faults.lag(ROOM, changes=2)
    made = [asker.create(hour=hour, subject=str(hour)) for hour in (11, 12, 13)]
    assert [row["subject"] for row in asker.view()] == ["old", "11"]
    assert asker.get(f"/users/{ROOM}/events/{made[2]['id']}").status_code == 404
    rows, link = asker.round()
    assert len(rows) == 2
    asker.create(hour=14)
    assert len(asker.view()) == 3
    tenant.settle()
    assert len(asker.view()) == 5
    assert {row["subject"] for row in asker.round(link)[0]} == {"12", "13", "Made by the app"}


def test_a_lagging_read_shows_the_value_before_a_change(asker: Asker, tenant: Tenant) -> None:
    made = asker.create(subject="before")
    asker.view()
    tenant.faults.lag(ROOM, changes=1)
    asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"subject": "after"})
    assert asker.view()[0]["subject"] == "before"
    assert asker.view()[0]["@odata.etag"] == made["@odata.etag"]


@pytest.mark.parametrize("how", [{"seconds": 30}, {"reads": 3}], ids=["for a time", "for some reads"])
def test_a_created_event_can_hide_from_reads_h40(asker: Asker, tenant: Tenant, how: dict[str, Any]) -> None:
    _, link = asker.round()
    tenant.faults.hide_created(**how)
    made = asker.create(transactionId="t")
    assert asker.view() == []
    assert asker.get(f"/users/{ROOM}/events/{made['id']}").status_code == 404
    rows, link = asker.round(link)
    assert rows == [] and len(tenant.events(ROOM)) == 1
    assert asker.create(transactionId="t")["id"] == made["id"]
    tenant.advance(30)
    rows, _ = asker.round(link)
    assert [row["id"] for row in rows] == [made["id"]] and len(asker.view()) == 1


def test_clear_heals_everything(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("any", "503", times=100)
    tenant.faults.hide_created(reads=100)
    tenant.faults.lag(ROOM, changes=3)
    tenant.faults.clear()
    asker.create()
    assert len(asker.view()) == 1


def test_a_fault_that_does_not_exist_is_not_ordered(tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="no fault"):
        tenant.faults.add("create", "429-")


def test_people_can_act_inside_a_request(asker: Asker, tenant: Tenant) -> None:
    ada, phases = tenant.as_person(ADA), []

    def act(phase: str, info: RequestInfo) -> None:
        phases.append((phase, info.op))
        if phase == "before" and info.op == "view":
            ada.book("just in time", wall(9), wall(10))

    stop = tenant.on_request(act)
    assert [row["subject"] for row in asker.view(ADA)] == ["just in time"]
    stop()
    asker.view(ADA)
    assert phases == [("before", "view"), ("after", "view")]


def test_the_same_seed_and_deeds_give_the_same_tenant() -> None:
    def run() -> list[Any]:
        tenant = Tenant(seed=3)
        tenant.add_room(ROOM, "Room 1")
        tenant.add_person(ADA, "Ada")
        asker = Asker(tenant, tenant.register_app())
        tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
        asker.create(hour=12)
        tenant.settle()
        return [asker.bearer, asker.round(), asker.view()]

    assert run() == run()


# -- limits


def held_requests(tenant: Tenant) -> threading.Event:
    """Throttling on, and requests that stay in flight until the event is set."""
    gate = threading.Event()
    tenant.throttle.enabled = True
    tenant.pause = gate.wait  # type: ignore[assignment, method-assign]
    return gate


def test_more_than_four_at_once_on_one_mailbox_are_throttled(asker: Asker, tenant: Tenant) -> None:
    asker.get(f"/users/{OTHER_ROOM}/calendar")
    gate = held_requests(tenant)
    statuses: list[int] = []

    def ask(box: str) -> None:
        answer = Asker.ask(asker, "GET", f"/users/{box}/calendar")
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert answer.headers["Retry-After"] == "1" and code_of(answer) == "ApplicationThrottled"

    threads = [threading.Thread(target=ask, args=(ROOM,), daemon=True) for _ in range(7)]
    threads += [threading.Thread(target=ask, args=(OTHER_ROOM,), daemon=True)]
    for thread in threads:
        thread.start()
    until(lambda: tenant.throttle.refused == 3)
    gate.set()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [429] * 3


def test_ten_thousand_requests_in_ten_minutes_are_the_limit(asker: Asker, tenant: Tenant) -> None:
    tenant.throttle.enabled, tenant.throttle.per_window = True, 5
    asker.get("/places/microsoft.graph.room")
    assert [asker.get(f"/users/{ROOM}/calendar").status_code for _ in range(7)] == [200] * 5 + [429] * 2
    tenant.advance(600)
    assert asker.get(f"/users/{ROOM}/calendar").status_code == 200


# -- batch


def batch(asker: Asker, *parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    requests_ = [{"id": str(number), "method": "GET"} | part for number, part in enumerate(parts)]
    answer = asker.ask("POST", "/$batch", {"requests": requests_})
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json()["responses"]}


def test_a_batch_answers_each_part_for_itself_h44(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("view", "429", mailbox=OTHER_ROOM, retry_after=7)
    rows = batch(
        asker,
        {"url": f"/users/{ROOM}/calendarView?{WINDOW}"},
        {"url": f"/users/{OTHER_ROOM}/calendarView?{WINDOW}"},
        {"url": "/users/nobody@contoso.example/calendar"},
        {
            "url": f"/users/{ROOM}/events",
            "method": "POST",
            "body": event(),
            "headers": {"Content-Type": "application/json"},
        },
        {"url": f"/users/{ROOM}/events", "method": "POST", "body": event()},
    )
    assert {key: row["status"] for key, row in rows.items()} == {"0": 200, "1": 429, "2": 404, "3": 201, "4": 400}
    assert rows["1"]["headers"]["Retry-After"] == "7"
    assert rows["3"]["body"]["subject"] == "Made by the app"


def test_a_batch_answers_in_any_order(asker: Asker) -> None:
    parts = [{"id": str(number), "method": "GET", "url": f"/users/{ROOM}/calendar"} for number in range(12)]
    rows = asker.ask("POST", "/$batch", {"requests": parts}).json()["responses"]
    assert sorted(row["id"] for row in rows) == sorted(part["id"] for part in parts)
    assert [row["id"] for row in rows] != [part["id"] for part in parts]


def test_a_batch_has_at_most_twenty_parts_with_ids_of_their_own(asker: Asker) -> None:
    part = {"method": "GET", "url": f"/users/{ROOM}/calendar"}
    many = [{"id": str(number)} | part for number in range(21)]
    assert asker.ask("POST", "/$batch", {"requests": many}).status_code == 400
    assert asker.ask("POST", "/$batch", {"requests": [{"id": "1"} | part] * 2}).status_code == 400
    assert asker.ask("POST", "/$batch", {"requests": []}).status_code == 400


def test_what_depends_on_a_failed_part_is_424(asker: Asker) -> None:
    rows = batch(
        asker,
        {"url": "/users/nobody@contoso.example/calendar"},
        {"url": f"/users/{ROOM}/calendar", "dependsOn": ["0"]},
        {"url": f"/users/{ROOM}/calendar"},
    )
    assert [rows[key]["status"] for key in "012"] == [404, 424, 200]


def test_prefer_goes_with_each_part_and_delta_links_work_in_a_batch(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    made = asker.create()
    url = link.removeprefix(tenant.graph_base_url)
    rows = batch(asker, {"url": url}, {"url": url, "headers": {"Prefer": 'IdType="ImmutableId"'}})
    assert rows["1"]["body"]["value"][0]["id"] == made["id"]
    assert rows["0"]["body"]["value"][0]["id"].startswith("AAMk")


def test_parts_count_against_the_mailbox_and_two_batches_at_once_exceed_it(asker: Asker, tenant: Tenant) -> None:
    asker.get(f"/users/{OTHER_ROOM}/calendar")
    gate = held_requests(tenant)
    parts = [{"url": f"/users/{ROOM}/calendar"} for _ in range(4)]
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.extend(row["status"] for row in batch(asker, *parts).values()), daemon=True
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    until(lambda: tenant.throttle.refused == 4)
    gate.set()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 4 + [429] * 4


def test_a_lost_part_of_a_batch_is_504_for_that_part(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.add("calendar", "T-", skip=1)
    rows = batch(asker, {"url": f"/users/{ROOM}/calendar"}, {"url": f"/users/{OTHER_ROOM}/calendar"})
    assert sorted(row["status"] for row in rows.values()) == [200, 504]


def test_delta_can_lag_and_brings_what_it_missed_h40(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    tenant.faults.lag(ROOM, changes=1)
    one = asker.create(hour=8)
    rows, link = asker.round(link)
    assert rows == []
    two = asker.create(hour=9)
    rows, link = asker.round(link)
    assert [row["id"] for row in rows] == [one["id"]]
    tenant.settle()
    assert [row["id"] for row in asker.round(link)[0]] == [two["id"]]
