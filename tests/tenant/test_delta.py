"""calendarView/delta: what a round holds, what it hides, and when its tokens die."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, DAY, OTHER_ROOM, ROOM, WINDOW, Asker, code_of, wall, weekly

SPARSE = {"@odata.type", "@odata.etag", "seriesMasterId", "type", "id", "start", "end"}


def kinds(rows: list[dict]) -> list[str]:
    return ["removed" if "@removed" in row else row["type"] for row in rows]


@pytest.mark.parametrize(
    "option",
    ["$select=subject", "$filter=isCancelled eq false", "$expand=extensions", "$top=5", "$orderby=start/dateTime"],
)
def test_delta_takes_no_query_options(asker: Asker, option: str) -> None:
    assert asker.get(f"/users/{ROOM}/calendarView/delta?{WINDOW}&{option}").status_code == 400


def test_delta_needs_both_ends_of_its_window(asker: Asker) -> None:
    assert asker.get(f"/users/{ROOM}/calendarView/delta?startDateTime=2026-11-20T00:00:00Z").status_code == 400


def test_a_first_round_has_masters_in_full_and_occurrences_with_seven_members_h03(
    asker: Asker, tenant: Tenant
) -> None:
    tenant.as_person(ADA).book("series", wall(9), wall(10), recurrence=weekly(3))
    rows, _ = asker.round(box=ADA)
    assert kinds(rows) == ["seriesMaster", "occurrence", "occurrence", "occurrence"]
    assert all(set(row) == SPARSE for row in rows[1:])
    assert rows[0]["subject"] == "series" and rows[0]["seriesMasterId"] is None and rows[0]["recurrence"]
    assert all(row["@odata.type"] == "#microsoft.graph.event" for row in rows)


def test_a_master_prints_the_first_date_even_far_outside_the_window(asker: Asker, tenant: Tenant) -> None:
    rule = weekly(200)
    tenant.as_person(ADA).book("old", wall(9), wall(10), recurrence=rule)
    window = "startDateTime=2027-06-01T00:00:00Z&endDateTime=2027-06-15T00:00:00Z"
    rows, _ = asker.round(box=ADA, window=window)
    assert kinds(rows) == ["seriesMaster", "occurrence", "occurrence"]
    assert rows[0]["start"]["dateTime"].startswith("2026-11-24")


def test_sparse_rows_carry_the_longer_form_of_the_master_s_etag(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("series", wall(9), wall(10), recurrence=weekly(2))
    rows, _ = asker.round(box=ADA)
    full, sparse = (base64.b64decode(row["@odata.etag"][3:-1]) for row in rows[:2])
    assert len(full) == 22 and sparse == bytes.fromhex("0f00000016000000") + full
    assert rows[0]["changeKey"] == rows[0]["@odata.etag"][3:-1]


def test_any_change_of_a_series_sends_the_whole_series_again(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(3))
    _, link = asker.round(box=ADA)
    ada.change_occurrence(series, DAY + timedelta(days=7), subject="special")
    rows, link = asker.round(link)
    assert kinds(rows) == ["seriesMaster", "occurrence", "exception", "occurrence"]
    assert "recurrence" not in rows[2] and rows[2]["originalStart"] == "2026-12-01T08:00:00Z"
    assert asker.round(link)[0] == []


def test_a_cancelled_date_of_an_organizer_is_only_missing_never_removed_h04(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(3))
    first, link = asker.round(box=ADA)
    ada.cancel_occurrence(series, DAY + timedelta(days=7))
    rows, _ = asker.round(link)
    assert kinds(rows) == ["seriesMaster", "occurrence", "occurrence"]
    assert first[2]["id"] not in {row["id"] for row in rows}
    assert rows[0]["start"] == first[0]["start"] and rows[0]["recurrence"] == first[0]["recurrence"]


def test_in_a_room_s_copy_a_cancelled_date_stays_as_a_cancelled_exception(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), rooms=[ROOM], recurrence=weekly(3))
    tenant.settle()
    _, link = asker.round()
    ada.cancel_occurrence(series, DAY + timedelta(days=7))
    tenant.settle()
    rows, _ = asker.round(link)
    cancelled = [row for row in rows if row.get("isCancelled")]
    assert kinds(cancelled) == ["exception"]
    assert cancelled[0]["showAs"] == "free" and cancelled[0]["subject"].startswith("Canceled: ")


def test_a_deleted_event_is_removed_and_so_is_one_that_left_the_window_h06(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    gone, moved = ada.book("gone", wall(9), wall(10)), ada.book("moved", wall(11), wall(12))
    _, link = asker.round(box=ADA)
    ada.delete(gone)
    ada.change(moved, start=wall(11, year=2029), end=wall(12, year=2029))
    rows, _ = asker.round(link)
    assert kinds(rows) == ["removed", "removed"]
    assert set(rows[0]) == {"@odata.type", "id", "@removed"} and rows[0]["@removed"] == {"reason": "deleted"}
    assert asker.get(f"/users/{ADA}/events/{moved.immutable_id}").status_code == 200


def test_an_event_made_outside_the_window_comes_as_removed_h05(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round(box=ADA)
    tenant.as_person(ADA).book("far", wall(9, year=2030), wall(10, year=2030))
    assert kinds(asker.round(link)[0]) == ["removed"]


def test_a_deleted_series_is_removed_by_its_master_and_with_a_switch_by_its_dates(
    asker: Asker, tenant: Tenant
) -> None:
    ada = tenant.as_person(ADA)
    for listed, count in ((False, 1), (True, 4)):
        tenant.switches.removed_series_lists_dates = listed
        series = ada.book("series", wall(9), wall(10), recurrence=weekly(3))
        _, link = asker.round(box=ADA)
        ada.delete(series)
        assert len(asker.round(link)[0]) == count


def test_transaction_ids_are_in_delta_and_tags_are_not(asker: Asker) -> None:
    tag = "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name OurBookingId"
    asker.create(transactionId="t-1", singleValueExtendedProperties=[{"id": tag, "value": "x"}])
    row = asker.round()[0][0]
    assert row["transactionId"] == "t-1" and "singleValueExtendedProperties" not in row


def test_pages_follow_the_asked_size_each_time_and_ten_without(asker: Asker) -> None:
    for hour in range(12):
        asker.create(hour=hour)
    path = f"/users/{ROOM}/calendarView/delta?{WINDOW}"
    first = asker.get(path, Prefer="odata.maxpagesize=5").json()
    assert len(first["value"]) == 5
    second = asker.get(first["@odata.nextLink"]).json()
    assert len(second["value"]) == 7 and "@odata.deltaLink" in second
    assert len(asker.get(path).json()["value"]) == 10


def test_links_are_absolute_and_opaque(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    assert link.startswith(f"{tenant.graph_base_url}/users/{ROOM}/calendarView/delta?$deltatoken=")
    assert asker.get(link[:-4]).status_code == 400
    assert asker.get(link.replace(ROOM, OTHER_ROOM)).status_code == 400


def test_a_first_page_can_be_empty_with_a_next_link_and_the_last_with_a_delta_link(
    asker: Asker, tenant: Tenant
) -> None:
    tenant.switches.empty_first_page = tenant.switches.trailing_empty_page = True
    asker.create()
    path, sizes = f"/users/{ROOM}/calendarView/delta?{WINDOW}", []
    while path:
        body = asker.get(path).json()
        sizes.append(len(body["value"]))
        path = body.get("@odata.nextLink", "")
    assert sizes == [0, 1, 0]


def test_page_size_can_be_ignored_and_a_series_stays_whole_or_is_split_h11(asker: Asker, tenant: Tenant) -> None:
    asker.create(recurrence=weekly(6))
    path = f"/users/{ROOM}/calendarView/delta?{WINDOW}"
    assert len(asker.get(path, Prefer="odata.maxpagesize=3").json()["value"]) == 7
    tenant.switches.series_split_over_pages = True
    assert len(asker.get(path, Prefer="odata.maxpagesize=3").json()["value"]) == 3
    tenant.switches.delta_page_size_honoured = False
    assert len(asker.get(path, Prefer="odata.maxpagesize=3").json()["value"]) == 7


def test_a_round_that_was_begun_shows_one_state_and_the_next_brings_what_happened_meanwhile(
    asker: Asker, tenant: Tenant
) -> None:
    ada = tenant.as_person(ADA)
    for hour in range(12):
        ada.book(str(hour), wall(hour), wall(hour, 30))
    body = asker.get(f"/users/{ADA}/calendarView/delta?{WINDOW}").json()
    ada.book("late", wall(20), wall(21))
    rest = asker.get(body["@odata.nextLink"]).json()
    assert len(body["value"]) + len(rest["value"]) == 12
    assert [row["subject"] for row in asker.round(rest["@odata.deltaLink"])[0]] == ["late"]


def test_only_the_newest_three_generations_are_alive_h08(asker: Asker) -> None:
    _, oldest = asker.round()
    link = oldest
    for _ in range(2):
        _, link = asker.round(link)
    assert asker.get(oldest).status_code == 200
    _, link = asker.round(link)
    dead = asker.get(oldest)
    assert (dead.status_code, code_of(dead)) == (410, "SyncStateNotFound")
    assert "generation=" in dead.json()["error"]["message"]


def test_reading_one_link_again_does_not_age_it_unless_switched(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    for _ in range(5):
        assert asker.get(link).status_code == 200
    tenant.switches.every_read_makes_a_generation = True
    answers = [asker.get(link).status_code for _ in range(5)]
    assert answers[-1] == 410


def test_the_same_link_gives_the_same_changes_again(asker: Asker) -> None:
    _, link = asker.round()
    asker.create()
    assert [row["id"] for row in asker.round(link)[0]] == [row["id"] for row in asker.round(link)[0]]


def test_a_restored_mailbox_kills_its_tokens(asker: Asker, tenant: Tenant) -> None:
    _, link = asker.round()
    tenant.restore(ROOM, new_ids=True)
    assert asker.get(link).status_code == 410


def test_rows_are_replayed_in_a_round_and_in_the_next_h02(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.replays = 1.0
    tenant.random.random = lambda: 0.4  # type: ignore[method-assign]
    made = asker.create()
    rows, link = asker.round()
    assert [row["id"] for row in rows] == [made["id"]] * 2
    asker.create(hour=12)
    second, link = asker.round(link)
    assert len(second) == 2
    assert {row["id"] for row in asker.round(link)[0]} == {second[0]["id"]}


def test_links_work_with_either_kind_of_id(asker: Asker) -> None:
    asker.create()
    _, link = asker.round()
    made = asker.create(hour=12)
    asker.prefer = ""
    rows, _ = asker.round(link)
    assert rows[0]["id"].startswith("AAMk") and rows[0]["id"] != made["id"]


def test_twenty_twenty_s_internal_members_leak_with_a_switch(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.leak_internal_members = True
    asker.create()
    row = asker.round()[0][0]
    assert row["IsRoomRequested"] is False and row["IsDraft"] is False and "isDraft" not in row


def test_an_update_can_carry_only_what_changed(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.delta_updates_complete = False
    made = asker.create()
    rows, link = asker.round()
    assert rows[0]["organizer"]
    asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"subject": "new"})
    row = asker.round(link)[0][0]
    assert row["subject"] == "new" and "organizer" not in row and "isCancelled" not in row
    assert {"id", "@odata.etag", "changeKey"} <= set(row)


def test_a_mailbox_can_be_too_slow_for_long_windows_h10(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.gateway_times_out_above_days = 31
    assert asker.get(f"/users/{ROOM}/calendarView/delta?{WINDOW}").status_code == 504
    month = "startDateTime=2026-11-20T00:00:00Z&endDateTime=2026-12-20T00:00:00Z"
    assert asker.get(f"/users/{ROOM}/calendarView/delta?{month}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("410resync", 410, "resyncRequired"), ("400sync", 400, "syncStateNotFound")]
)
def test_a_dead_token_can_speak_in_other_ways(
    asker: Asker, tenant: Tenant, kind: str, status: int, code: str
) -> None:
    _, link = asker.round()
    tenant.faults.add("delta", kind)
    answer = asker.get(link)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_items_whose_ids_are_renewed_come_as_removed_and_new_h15(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    _, link = asker.round()
    tenant.renew_ids(ROOM)
    rows, _ = asker.round(link)
    assert sorted(kinds(rows)) == ["removed", "singleInstance"]
    assert {row["id"] for row in rows if "@removed" in row} == {made["id"]}
    assert asker.get(f"/users/{ROOM}/events/{made['id']}").status_code == 404


def test_delta_says_that_it_tracks_changes(asker: Asker) -> None:
    answer = asker.get(f"/users/{ROOM}/calendarView/delta?{WINDOW}")
    assert "odata.track-changes" in answer.headers["Preference-Applied"]
