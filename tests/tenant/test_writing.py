"""Creating, changing, deleting and answering over Graph: effects, refusals, and who is mailed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tenant import Mail, Tenant
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, Asker, code_of, event, wall, weekly

GUESTS = [{"emailAddress": {"address": BEN, "name": "Ben"}, "type": "required"}]


def mails_of(tenant: Tenant, *kinds: str) -> list[tuple[str, str]]:
    return [(mail.to, mail.kind) for mail in tenant.mails if mail.kind in kinds]


def refused(asker: Asker, body: dict[str, Any], code: str = "ErrorPropertyValidationFailure", **headers: str) -> None:
    answer = asker.ask("POST", f"/users/{ROOM}/events", body, **headers)
    assert (answer.status_code, code_of(answer)) == (400, code), answer.text


def test_a_create_answers_201_with_location_and_mails_nobody_without_attendees(asker: Asker, tenant: Tenant) -> None:
    answer = asker.ask("POST", f"/users/{ROOM}/events", event())
    assert answer.status_code == 201 and answer.json()["id"] in answer.headers["Location"]
    made = answer.json()
    assert made["isOrganizer"] and made["responseStatus"]["response"] == "organizer"
    assert made["organizer"]["emailAddress"]["address"] == ROOM and tenant.mails == []
    assert asker.get(answer.headers["Location"]).json()["id"] == made["id"]


def test_a_direct_write_bypasses_the_assistant_conflicts_included(asker: Asker, tenant: Tenant) -> None:
    one, two = asker.create(subject="first"), asker.create(subject="second")
    tenant.settle()
    assert [row["subject"] for row in asker.view()] == ["first", "second"]
    assert one["id"] != two["id"]


def test_invitations_of_a_direct_write_come_from_the_room(asker: Asker, tenant: Tenant) -> None:
    asker.create(attendees=GUESTS)
    assert mails_of(tenant, "invitation") == [(BEN, "invitation")]
    assert tenant.events(BEN)[0]["organizer"] == ROOM


@pytest.mark.parametrize(
    "changes",
    [
        {"end": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"}},
        {"start": {"dateTime": "tomorrow", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-11-24T10:00:00+01:00", "timeZone": "UTC"}},
        {"isAllDay": True, "end": {"dateTime": "2026-11-25T10:00:00", "timeZone": "UTC"}},
        {
            "isAllDay": True,
            "start": {"dateTime": "2026-11-24T00:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-24T00:00:00", "timeZone": "UTC"},
        },
    ],
    ids=["end before start", "no time", "an offset", "all-day not at midnight", "all-day without a day"],
)
def test_times_that_make_no_sense_are_refused_without_saying_which(asker: Asker, changes: dict[str, Any]) -> None:
    refused(asker, event() | changes)


def test_an_event_needs_start_and_end_and_a_known_zone(asker: Asker) -> None:
    refused(asker, {"subject": "when?"})
    there = {"dateTime": "2026-11-24T10:00:00", "timeZone": "Middle Earth"}
    refused(asker, event(start=there), "TimeZoneNotSupportedException")


def test_unknown_members_are_ignored_and_wrong_types_refused(asker: Asker) -> None:
    assert asker.create(colour="blue")["subject"]
    refused(asker, event(subject=7), "RequestBodyRead")
    refused(asker, event(sensitivity="very"), "RequestBodyRead")


def test_a_body_that_is_not_json_or_does_not_say_so_is_refused(asker: Asker, tenant: Tenant) -> None:
    url = f"{tenant.graph_base_url}/users/{ROOM}/events"
    for data, kind in ((b"{", "application/json"), (b"{}", "text/plain")):
        headers = {"Authorization": f"Bearer {asker.bearer}", "Content-Type": kind}
        assert code_of(asker.session.post(url, data=data, headers=headers)) == "BadRequest"


def test_more_than_500_attendees_are_refused(asker: Asker) -> None:
    many = [{"emailAddress": {"address": f"p{number}@fabrikam.example"}} for number in range(501)]
    refused(asker, event(attendees=many))


def test_a_long_subject_is_cut_or_kept_or_refused(asker: Asker, tenant: Tenant) -> None:
    assert len(asker.create(subject="x" * 300)["subject"]) == 255
    tenant.switches.long_subject = "keep"
    assert len(asker.create(subject="x" * 300)["subject"]) == 300
    tenant.switches.long_subject = "refuse"
    refused(asker, event(subject="x" * 300))


def test_the_server_rewrites_what_was_written_when_told_to_h47(asker: Asker, tenant: Tenant) -> None:
    tenant.mutators.trim = tenant.mutators.nfd = True
    tenant.mutators.truncate = 6
    assert asker.create(subject="  caf\u00e9 room  ")["subject"] == "cafe\u0301 "


# -- transactionId


def test_the_same_transaction_id_and_body_answer_201_again_with_the_same_event(asker: Asker, tenant: Tenant) -> None:
    one, again = asker.create(transactionId="t-1"), asker.create(transactionId="t-1")
    assert one["id"] == again["id"] and len(tenant.events(ROOM)) == 1
    assert one["transactionId"] == "t-1"


@pytest.mark.parametrize("status", [400, 409])
def test_the_same_transaction_id_with_another_body_is_refused(asker: Asker, tenant: Tenant, status: int) -> None:
    tenant.switches.duplicate_transaction_status = status
    asker.create(transactionId="t-1")
    answer = asker.ask("POST", f"/users/{ROOM}/events", event(subject="other", transactionId="t-1"))
    assert (answer.status_code, code_of(answer)) == (status, "ErrorDuplicateTransactionId")


def test_a_transaction_id_can_be_forgotten_h38(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.forget_transaction_ids(after=600)
    one = asker.create(transactionId="t-1")
    tenant.advance(300)
    assert asker.create(transactionId="t-1")["id"] == one["id"]
    tenant.advance(301)
    assert asker.create(transactionId="t-1")["id"] != one["id"]


@pytest.mark.parametrize(("memory", "status"), [("forgotten", 201), ("not_found", 404), ("duplicate", 400)])
def test_what_a_transaction_id_means_after_deletion_is_a_switch(
    asker: Asker, tenant: Tenant, memory: str, status: int
) -> None:
    tenant.switches.transaction_after_delete = memory
    one = asker.create(transactionId="t-1")
    asker.ask("DELETE", f"/users/{ROOM}/events/{one['id']}")
    assert asker.ask("POST", f"/users/{ROOM}/events", event(transactionId="t-1")).status_code == status


def test_outlook_sets_transaction_ids_of_its_own(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("theirs", wall(9), wall(10))
    assert asker.view(ADA)[0]["transactionId"].startswith("localevent:")


# -- PATCH


def test_a_patch_changes_what_it_names_and_moves_the_change_key(asker: Asker) -> None:
    made = asker.create(showAs="tentative")
    answer = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"subject": "new"})
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["subject"], changed["showAs"], changed["start"]) == ("new", "tentative", made["start"])
    assert changed["changeKey"] != made["changeKey"] and changed["id"] == made["id"]


@pytest.mark.parametrize("member", ["organizer", "transactionId", "iCalUId", "type", "isCancelled", "id"])
def test_a_patch_of_a_read_only_member_is_refused(asker: Asker, member: str) -> None:
    made = asker.create()
    answer = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {member: made[member], "subject": "new"})
    assert answer.status_code == 400


def test_a_patch_to_an_end_before_the_start_is_refused(asker: Asker) -> None:
    made = asker.create(hour=10)
    early = {"end": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"}}
    assert asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", early).status_code == 400


def test_if_match_is_honoured_in_both_forms_of_the_etag_unless_switched_off(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    path = f"/users/{ROOM}/events/{made['id']}"
    sparse = 'W/"DwAAABYAAAA' + "AAAA"
    assert asker.ask("PATCH", path, {"subject": "b"}, If_Match=made["@odata.etag"]).status_code == 200
    stale = asker.ask("PATCH", path, {"subject": "c"}, If_Match=made["@odata.etag"])
    assert (stale.status_code, code_of(stale)) == (412, "ErrorIrresolvableConflict")
    assert asker.ask("DELETE", path, If_Match=sparse).status_code == 412
    tenant.switches.honour_if_match = False
    assert asker.ask("PATCH", path, {"subject": "c"}, If_Match=made["@odata.etag"]).status_code == 200


def test_a_patch_of_a_meeting_mails_all_but_one_of_attendees_only_the_changed(asker: Asker, tenant: Tenant) -> None:
    made = asker.create(box=ADA, attendees=GUESTS)
    path = f"/users/{ADA}/events/{made['id']}"
    asker.ask("PATCH", path, {"subject": "new"})
    assert mails_of(tenant, "update") == [(BEN, "update")]
    more = [*GUESTS, {"emailAddress": {"address": OTHER_ROOM}, "type": "resource"}]
    asker.ask("PATCH", path, {"attendees": more})
    assert mails_of(tenant, "update") == [(BEN, "update")]
    assert mails_of(tenant, "invitation")[-1] == (OTHER_ROOM, "invitation")
    asker.ask("PATCH", path, {"attendees": GUESTS})
    assert mails_of(tenant, "cancellation") == [(OTHER_ROOM, "cancellation")]


def test_a_patch_of_reminders_and_categories_mails_nobody(asker: Asker, tenant: Tenant) -> None:
    made = asker.create(box=ADA, attendees=GUESTS)
    asker.ask("PATCH", f"/users/{ADA}/events/{made['id']}", {"isReminderOn": False, "categories": ["red"]})
    assert mails_of(tenant, "update") == []


def test_attendees_are_replaced_as_a_whole_and_those_who_stay_keep_their_answer(asker: Asker, tenant: Tenant) -> None:
    both = [*GUESTS, {"emailAddress": {"address": ROOM}, "type": "resource"}]
    made = asker.create(box=ADA, attendees=both)
    tenant.settle()
    changed = asker.ask("PATCH", f"/users/{ADA}/events/{made['id']}", {"attendees": both[1:]}).json()
    assert [(a["emailAddress"]["address"], a["status"]["response"]) for a in changed["attendees"]] == [
        (ROOM, "accepted")
    ]


def test_a_patch_of_location_replaces_locations(asker: Asker) -> None:
    made = asker.create(locations=[{"displayName": "A"}, {"displayName": "B"}])
    assert made["location"]["displayName"] == "A; B"
    changed = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"location": {"displayName": "C"}}).json()
    assert [one["displayName"] for one in changed["locations"]] == ["C"]


def test_a_single_event_becomes_a_series_in_place_h21(asker: Asker) -> None:
    made = asker.create()
    changed = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"recurrence": weekly(3)}).json()
    assert (changed["type"], changed["id"], changed["iCalUId"]) == ("seriesMaster", made["id"], made["iCalUId"])
    assert len(asker.view()) == 3


def test_an_occurrence_may_not_cross_its_neighbours_day_h25(asker: Asker) -> None:
    asker.create(recurrence=weekly(3))
    second = asker.view()[1]
    late = {
        "start": {"dateTime": "2026-12-08T07:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-08T08:00:00", "timeZone": "UTC"},
    }
    answer = asker.ask("PATCH", f"/users/{ROOM}/events/{second['id']}", late)
    assert (answer.status_code, code_of(answer)) == (400, "ErrorOccurrenceCrossingBoundary")


@pytest.mark.parametrize("wipes", [True, False])
def test_moving_a_series_loses_or_keeps_its_exceptions_h24(asker: Asker, tenant: Tenant, wipes: bool) -> None:
    tenant.switches.master_change_wipes_exceptions = wipes
    made = asker.create(recurrence=weekly(3))
    asker.ask("PATCH", f"/users/{ROOM}/events/{asker.view()[1]['id']}", {"subject": "special"})
    later = event(14)
    asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"start": later["start"], "end": later["end"]})
    assert ("special" in {row["subject"] for row in asker.view()}) is not wipes
    assert {row["start"]["dateTime"][11:16] for row in asker.view()} == {"14:00"}


# -- attendee copies


def test_a_patch_of_an_attendee_copy_stays_in_it_and_the_organizer_s_update_overwrites_it_h57(
    asker: Asker, tenant: Tenant
) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("theirs", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    copy = booked.id_in(ROOM)
    moved = event(15)
    answer = asker.ask("PATCH", f"/users/{ROOM}/events/{copy}", {"start": moved["start"], "end": moved["end"]})
    assert answer.status_code == 200 and mails_of(tenant, "update") == []
    assert tenant.events(ADA)[0]["start"].hour == 8
    ada.change(booked, subject="theirs, renamed")
    tenant.settle()
    assert tenant.events(ROOM)[0]["start"].hour == 8
    tenant.switches.attendee_copy_patchable = False
    assert asker.ask("PATCH", f"/users/{ROOM}/events/{copy}", {"subject": "x"}).status_code == 403


def test_cancel_is_refused_for_an_attendee_copy(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("theirs", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    answer = asker.ask("POST", f"/users/{ROOM}/events/{booked.id_in(ROOM)}/cancel", {"Comment": "no"})
    assert answer.status_code == 400
    assert "need to be an organizer" in answer.json()["error"]["message"]


def test_decline_frees_the_room_and_tells_the_organizer(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("theirs", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    answer = asker.ask(
        "POST", f"/users/{ROOM}/events/{booked.id_in(ROOM)}/decline", {"comment": "taken", "sendResponse": True}
    )
    assert answer.status_code == 202 and answer.content == b""
    assert tenant.events(ROOM) == []
    assert tenant.events(ADA)[0]["attendees"] == [(ROOM, "resource", "declined")]
    assert Mail(ADA, "declined", booked.ical_uid) in tenant.mails


def test_the_organizer_cannot_answer_his_own_meeting(asker: Asker) -> None:
    made = asker.create()
    assert asker.ask("POST", f"/users/{ROOM}/events/{made['id']}/accept", {}).status_code == 400


@pytest.mark.parametrize("tells", [True, False])
def test_whether_deleting_a_room_s_copy_tells_the_organizer_is_a_switch(
    asker: Asker, tenant: Tenant, tells: bool
) -> None:
    tenant.switches.room_delete_tells_organizer = tells
    booked = tenant.as_person(ADA).book("theirs", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    assert asker.ask("DELETE", f"/users/{ROOM}/events/{booked.id_in(ROOM)}").status_code == 204
    assert tenant.events(ROOM) == [] and len(tenant.events(ADA)) == 1
    assert (mails_of(tenant, "declined") == [(ADA, "declined")]) is tells


# -- removing


def test_a_delete_answers_204_and_then_404(asker: Asker) -> None:
    made = asker.create()
    path = f"/users/{ROOM}/events/{made['id']}"
    assert [asker.ask("DELETE", path).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("how", ["DELETE", "cancel"])
def test_removing_an_organizer_s_meeting_mails_cancellations(asker: Asker, tenant: Tenant, how: str) -> None:
    made = asker.create(box=ADA, attendees=GUESTS)
    path = f"/users/{ADA}/events/{made['id']}"
    answer = asker.ask("DELETE", path) if how == "DELETE" else asker.ask("POST", f"{path}/cancel", {"Comment": "ill"})
    assert answer.status_code in (202, 204) and answer.content == b""
    assert mails_of(tenant, "cancellation") == [(BEN, "cancellation")]
    assert tenant.events(ADA) == [] and tenant.events(BEN)[0]["is_cancelled"]


def test_deleting_one_date_of_an_own_series_leaves_the_others(asker: Asker) -> None:
    asker.create(recurrence=weekly(3))
    rows = asker.view()
    assert asker.ask("DELETE", f"/users/{ROOM}/events/{rows[1]['id']}").status_code == 204
    assert [row["id"] for row in asker.view()] == [rows[0]["id"], rows[2]["id"]]
    assert asker.get(f"/users/{ROOM}/events/{rows[1]['id']}").status_code == 404


def test_a_room_can_be_written_to_by_its_delegate(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_delegate(ROOM).book("painting", DAY, DAY.replace(day=25), all_day=True)
    row = asker.view()[0]
    assert row["isOrganizer"] and row["subject"] == "painting" and booked.immutable_id == row["id"]


def test_an_online_meeting_stays_online(asker: Asker) -> None:
    made = asker.create(isOnlineMeeting=True)
    changed = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"isOnlineMeeting": False}).json()
    assert changed["isOnlineMeeting"] and changed["onlineMeeting"]["joinUrl"] == made["onlineMeeting"]["joinUrl"]


def test_a_patch_may_answer_204_without_the_event(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.patch_answers_empty = True
    made = asker.create()
    answer = asker.ask("PATCH", f"/users/{ROOM}/events/{made['id']}", {"subject": "new"})
    assert (answer.status_code, answer.content) == (204, b"") and tenant.events(ROOM)[0]["subject"] == "new"
