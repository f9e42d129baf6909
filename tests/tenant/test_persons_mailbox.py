"""Meetings in a person's mailbox that rooms are invited to: made, found, changed, called off over Graph."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, BEN, OTHER_ROOM, ROOM, Asker, code_of, wall

TAG = "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name Mark"
SELECT = "$select=id,iCalUId,subject,attendees,transactionId"
EXPAND = "$expand=" + quote(f"singleValueExtendedProperties($filter=id eq '{TAG}')")


def room(address: str = ROOM, name: str = "Room 1") -> dict[str, Any]:
    return {"type": "resource", "emailAddress": {"address": address, "name": name}}


def guest(address: str = BEN) -> dict[str, Any]:
    return {"type": "required", "emailAddress": {"address": address}}


def meeting(asker: Asker, *attendees: dict[str, Any], mark: str = "one", **more: Any) -> dict[str, Any]:
    """A meeting of Ada's with a room, as an app makes it: marks and invitation in one POST."""
    body = {
        "attendees": list(attendees or [room()]),
        "location": {"displayName": "Room 1", "locationEmailAddress": ROOM},
        "transactionId": mark,
        "singleValueExtendedProperties": [{"id": TAG, "value": mark}],
    }
    return asker.create(ADA, **(body | more))


def path(event: dict[str, Any], box: str = ADA) -> str:
    return f"/users/{box}/events/{event['id']}"


def uid_filter(uid: str) -> str:
    return quote(f"iCalUId eq '{uid}'")


def by_uid(asker: Asker, uid: str, box: str = ADA) -> list[dict[str, Any]]:
    return asker.pages(f"/users/{box}/events?$filter={uid_filter(uid)}&{SELECT}&{EXPAND}")


def by_tag(asker: Asker, value: str, box: str = ADA) -> list[dict[str, Any]]:
    text = f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and ep/value eq '{value}')"
    return asker.pages(f"/users/{box}/events?$filter={quote(text)}&{SELECT}")


def answers(asker: Asker, event: dict[str, Any]) -> dict[str, str]:
    lines = asker.get(f"{path(event)}?$select=attendees").json()["attendees"]
    return {line["emailAddress"]["address"]: line["status"]["response"] for line in lines}


def status_in(tenant: Tenant, box: str = ROOM) -> list[tuple[str, bool]]:
    return [(row["response"], row["is_cancelled"]) for row in tenant.events(box)]


def kinds(tenant: Tenant, to: str, since: int = 0) -> Counter[str]:
    return Counter(mail.kind for mail in tenant.mails_to(to, since=since))


# -- made and found


def test_a_room_invited_over_graph_accepts_and_the_organizer_s_event_tells(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker)
    assert answers(asker, made) == {ROOM: "none"}
    tenant.settle()
    assert answers(asker, made) == {ROOM: "accepted"}
    assert status_in(tenant) == [("accepted", False)]


def test_both_copies_share_the_ical_uid_and_nothing_else_that_names_them(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker)
    tenant.settle()
    (copy,) = by_uid(asker, made["iCalUId"], ROOM)
    assert copy["id"] != made["id"]
    assert copy["transactionId"] is None and "singleValueExtendedProperties" not in copy
    for identifier, box in ((copy["id"], ADA), (made["id"], ROOM)):
        wrong = asker.get(f"/users/{box}/events/{identifier}")
        assert (wrong.status_code, code_of(wrong)) == (404, "ErrorItemNotFound")


def test_a_meeting_is_found_by_its_uid_and_by_its_tag_with_few_members(asker: Asker) -> None:
    made = meeting(asker, mark="one")
    meeting(asker, hour=14, mark="two")
    (found,) = by_uid(asker, made["iCalUId"])
    assert set(found) == {*SELECT.removeprefix("$select=").split(","), "@odata.etag", "singleValueExtendedProperties"}
    assert [row["id"] for row in by_tag(asker, "one")] == [made["id"]]
    assert by_tag(asker, "three") == [] and by_uid(asker, "0400") == []


def test_a_repeated_post_makes_no_second_meeting_and_invites_nobody_again(asker: Asker, tenant: Tenant) -> None:
    first, again = meeting(asker), meeting(asker)
    tenant.settle()
    assert first["id"] == again["id"] and len(tenant.events(ROOM)) == 1
    assert kinds(tenant, ROOM) == {"invitation": 1}


def test_a_create_can_be_answered_with_another_meeting_h38(asker: Asker, tenant: Tenant) -> None:
    first = meeting(asker, mark="one")
    tenant.faults.add("create", "other")
    assert meeting(asker, hour=14, mark="two")["id"] == first["id"]
    assert [row["transaction_id"] for row in tenant.events(ADA)] == ["one"]
    assert meeting(asker, hour=14, mark="two")["transactionId"] == "two"


def test_transaction_ids_are_forgotten_in_people_s_mailboxes_too(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.forget_transaction_ids(after=600)
    meeting(asker)
    tenant.advance(599)
    meeting(asker)
    assert len(tenant.events(ADA)) == 1
    tenant.advance(1)
    meeting(asker)
    assert len(tenant.events(ADA)) == 2


# -- changed


def test_a_new_time_makes_the_room_decide_again(asker: Asker, tenant: Tenant) -> None:
    asker.create(ROOM, hour=15)
    made = meeting(asker)
    tenant.settle()
    later = {name: {"dateTime": f"2026-11-24T{hour}:00:00", "timeZone": "UTC"} for name, hour in TIMES_TAKEN}
    assert asker.ask("PATCH", path(made), later).status_code == 200
    assert status_in(tenant)[1:] == [("notResponded", False)]
    tenant.settle()
    assert answers(asker, made) == {ROOM: "declined"}
    assert len(tenant.events(ROOM)) == 1


TIMES_TAKEN = (("start", "15"), ("end", "16"))


@pytest.mark.parametrize(("resets", "shown"), [(False, "accepted"), (True, "none")])
def test_until_then_the_organizer_sees_the_old_answer_or_none(
    asker: Asker, tenant: Tenant, resets: bool, shown: str
) -> None:
    tenant.switches.new_time_resets_answers = resets
    made = meeting(asker)
    tenant.settle()
    later = {name: {"dateTime": f"2026-11-24T{hour}:00:00", "timeZone": "UTC"} for name, hour in TIMES_TAKEN}
    asker.ask("PATCH", path(made), later)
    assert answers(asker, made) == {ROOM: shown}
    tenant.settle()
    assert answers(asker, made) == {ROOM: "accepted"}


def test_attendees_are_replaced_whole_and_only_who_came_or_went_is_mailed(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker, room(), guest())
    tenant.settle()
    since = len(tenant.mails)
    asker.ask("PATCH", path(made), {"attendees": [guest(), room(OTHER_ROOM)]})
    tenant.settle()
    assert answers(asker, made) == {BEN: "none", OTHER_ROOM: "accepted"}
    assert kinds(tenant, BEN, since) == {}
    assert (kinds(tenant, ROOM, since), kinds(tenant, OTHER_ROOM, since)) == ({"cancellation": 1}, {"invitation": 1})
    assert (status_in(tenant), status_in(tenant, OTHER_ROOM)) == ([("accepted", True)], [("accepted", False)])


def test_a_patch_of_attendees_alone_may_mail_everybody(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.attendees_only_mails_all = True
    made = meeting(asker, room(), guest())
    since = len(tenant.mails)
    asker.ask("PATCH", path(made), {"attendees": [guest(), room(), room(OTHER_ROOM)]})
    assert kinds(tenant, BEN, since) == {"update": 1}


def test_a_patch_with_the_values_that_are_there_mails_again_or_nobody(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker, room(), guest())
    since = len(tenant.mails)
    asker.ask("PATCH", path(made), {"subject": made["subject"]})
    assert kinds(tenant, BEN, since) == {"update": 1}
    tenant.switches.equal_values_are_mailed = False
    since = len(tenant.mails)
    asker.ask("PATCH", path(made), {"subject": made["subject"]})
    assert kinds(tenant, BEN, since) == {}
    asker.ask("PATCH", path(made), {"subject": "Another"})
    assert kinds(tenant, BEN, since) == {"update": 1}


def test_if_match_guards_a_person_s_event_as_well(asker: Asker) -> None:
    made = meeting(asker)
    etag = made["@odata.etag"]
    assert asker.ask("PATCH", path(made), {"subject": "x"}, If_Match=etag).status_code == 200
    stale = asker.ask("PATCH", path(made), {"subject": "y"}, If_Match=etag)
    assert (stale.status_code, code_of(stale)) == (412, "ErrorIrresolvableConflict")


def test_the_tag_cannot_come_off_by_a_change_and_the_transaction_id_cannot_change(asker: Asker) -> None:
    made = meeting(asker)
    asker.ask("PATCH", path(made), {"subject": "x"})
    assert [row["id"] for row in by_tag(asker, "one")] == [made["id"]]
    assert asker.ask("PATCH", path(made), {"transactionId": "two"}).status_code == 400


# -- called off, declined


@pytest.mark.parametrize("removes", [False, True])
def test_cancel_takes_the_organizer_s_event_away_and_leaves_copies_to_the_room_s_policy(
    asker: Asker, tenant: Tenant, removes: bool
) -> None:
    tenant.set_policy(ROOM, remove_canceled_meetings=removes)
    made = meeting(asker, room(), guest())
    tenant.settle()
    since = len(tenant.mails)
    done = asker.ask("POST", f"{path(made)}/cancel", {"Comment": ""})
    assert (done.status_code, done.content) == (202, b"")
    tenant.settle()
    assert asker.get(path(made)).status_code == 404 and by_uid(asker, made["iCalUId"]) == []
    assert status_in(tenant) == ([] if removes else [("accepted", True)])
    assert tenant.mails_to_people(since) == {(BEN, "cancellation"): 1}
    assert asker.ask("POST", f"{path(made)}/cancel", {"Comment": ""}).status_code == 404


@pytest.mark.parametrize("send", [True, False])
def test_declining_for_the_room_frees_it_and_tells_the_organizer_if_asked(
    asker: Asker, tenant: Tenant, send: bool
) -> None:
    made = meeting(asker)
    tenant.settle()
    (copy,) = by_uid(asker, made["iCalUId"], ROOM)
    since = len(tenant.mails)
    done = asker.ask("POST", f"{path(copy, ROOM)}/decline", {"comment": "", "sendResponse": send})
    assert done.status_code == 202 and tenant.events(ROOM) == []
    assert answers(asker, made) == {ROOM: "declined" if send else "accepted"}
    assert kinds(tenant, ADA, since) == ({"declined": 1} if send else {})


def test_a_declined_copy_may_stay_declined_and_free(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.declined_copy_stays = True
    made = meeting(asker)
    tenant.settle()
    (copy,) = by_uid(asker, made["iCalUId"], ROOM)
    asker.ask("POST", f"{path(copy, ROOM)}/decline")
    assert status_in(tenant) == [("declined", False)] and tenant.events(ROOM)[0]["show_as"] == "free"
    tenant.as_person(BEN).book("Instead", wall(11), wall(12), rooms=[ROOM])
    tenant.settle()
    assert sorted(status_in(tenant)) == [("accepted", False), ("declined", False)]
    taken = meeting(asker, hour=10, mark="two")
    tenant.settle()
    assert answers(asker, taken) == {ROOM: "declined"} and len(tenant.events(ROOM)) == 3


def test_a_declined_room_may_vanish_from_the_attendees(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.declined_room_stays_listed = False
    tenant.set_policy(ROOM, maximum_duration_in_minutes=30)
    made = meeting(asker, room(), guest())
    tenant.settle()
    assert answers(asker, made) == {BEN: "none"}


def test_a_decline_may_never_reach_the_organizer_s_event_h58(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.declines_reach_organizer = False
    tenant.set_policy(ROOM, maximum_duration_in_minutes=30)
    made = meeting(asker, room(), room(OTHER_ROOM))
    tenant.settle()
    assert answers(asker, made) == {ROOM: "none", OTHER_ROOM: "accepted"} and tenant.events(ROOM) == []


def test_the_organizer_may_hear_of_an_answer_long_after_the_room_gave_it(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.answers_reach_organizer_after = 90
    made = meeting(asker)
    tenant.advance(10)
    assert status_in(tenant) == [("accepted", False)] and answers(asker, made) == {ROOM: "none"}
    tenant.advance(84)
    assert answers(asker, made) == {ROOM: "accepted"}


@pytest.mark.parametrize("cancels", [True, False])
def test_an_organizer_s_delete_calls_off_or_leaves_the_copies(asker: Asker, tenant: Tenant, cancels: bool) -> None:
    tenant.switches.organizer_delete_cancels = cancels
    made = meeting(asker, room(), guest())
    tenant.settle()
    since = len(tenant.mails)
    assert asker.ask("DELETE", path(made)).status_code == 204
    tenant.settle()
    assert tenant.events(ADA) == [] and status_in(tenant) == [("accepted", cancels)]
    assert kinds(tenant, BEN, since) == ({"cancellation": 1} if cancels else {})


@pytest.mark.parametrize(("how", "found"), [("no", [404, 404]), ("cancelled", [200, 404]), ("all", [200, 200])])
def test_deleted_items_may_still_be_found_by_immutable_id(
    asker: Asker, tenant: Tenant, how: str, found: list[int]
) -> None:
    tenant.switches.deleted_readable_by_immutable_id = how
    made, own = meeting(asker), asker.create(ROOM, hour=14)
    asker.ask("POST", f"{path(made)}/cancel")
    asker.ask("DELETE", path(own, ROOM))
    read = [asker.get(path(made)), asker.get(path(own, ROOM))]
    assert [answer.status_code for answer in read] == found
    assert [answer.json()["isCancelled"] for answer in read if answer.ok] == [True, False][: found.count(200)]
    assert asker.ask("PATCH", path(made), {"subject": "x"}).status_code == 404
    assert [row["id"] for row in asker.view(ADA)] == []


def test_the_copy_of_a_room_that_was_taken_off_may_vanish_whatever_the_policy(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.removed_attendee_copy = "gone"
    made, other = meeting(asker), meeting(asker, hour=14, mark="two")
    tenant.settle()
    asker.ask("PATCH", path(made), {"attendees": [room(OTHER_ROOM)]})
    asker.ask("POST", f"{path(other)}/cancel")
    tenant.settle()
    assert status_in(tenant) == [("accepted", True)] and status_in(tenant, OTHER_ROOM) == [("accepted", False)]


def test_how_a_cancelled_copy_looks_is_a_switch(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.cancelled_copy_has_prefix = tenant.switches.cancelled_copy_shown_free = False
    made = meeting(asker)
    tenant.settle()
    asker.ask("POST", f"{path(made)}/cancel")
    (row,) = tenant.events(ROOM)
    assert (row["subject"], row["show_as"], row["is_cancelled"]) == ("Ada Lindholm", "busy", True)


# -- rooms that change their minds


@pytest.mark.parametrize("after", [0.0, 3600.0, 3 * 86400.0])
def test_a_room_takes_back_its_answer_h50(asker: Asker, tenant: Tenant, after: float) -> None:
    made = meeting(asker)
    tenant.settle()
    tenant.room_declines_later(ROOM, made["iCalUId"], after=after)
    if after:
        tenant.advance(after - 1)
        asker.new_token()
        assert answers(asker, made) == {ROOM: "accepted"}
        tenant.advance(1)
    assert answers(asker, made) == {ROOM: "declined"} and tenant.events(ROOM) == []
    assert kinds(tenant, ADA) == {"accepted": 1, "declined": 1}


def test_a_room_takes_back_some_dates_of_a_series_h50(tenant: Tenant) -> None:
    rule = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 10},
    }
    series = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM], recurrence=rule)
    tenant.settle()
    days = [wall(0, day=25).date(), wall(0, day=27).date()]
    tenant.room_declines_later(ROOM, series, dates=days)
    begin = tenant.clock.now()
    held = tenant.occurrences(ROOM, begin, begin + timedelta(days=30))
    assert len(held) == 8 and not {row["original"] for row in held} & set(days)


def test_a_changed_policy_declines_what_it_refuses_and_spares_the_rest(asker: Asker, tenant: Tenant) -> None:
    long, short = meeting(asker), tenant.as_person(ADA).book("x", wall(14), wall(14, 30), rooms=[ROOM])
    tenant.settle()
    tenant.set_policy(ROOM, maximum_duration_in_minutes=45)
    tenant.room_decides_again(ROOM, after=60)
    assert answers(asker, long) == {ROOM: "accepted"}
    tenant.advance(60)
    assert answers(asker, long) == {ROOM: "declined"}
    assert [row["ical_uid"] for row in tenant.events(ROOM)] == [short.ical_uid]


def test_a_cancelled_meeting_is_not_declined_any_more(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker)
    tenant.settle()
    tenant.room_declines_later(ROOM, made["iCalUId"], after=60)
    asker.ask("POST", f"{path(made)}/cancel")
    since = len(tenant.mails)
    tenant.settle()
    assert status_in(tenant) == [("accepted", True)] and tenant.mails[since:] == []


# -- marks and searches that cannot be relied on


def test_a_room_s_copy_may_carry_the_tag_and_lose_it_h20(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.copy_keeps_tag = True
    meeting(asker)
    tenant.settle()
    assert len(by_tag(asker, "one", ROOM)) == 1
    tenant.strip_tags(ROOM, after=10)
    tenant.advance(10)
    assert by_tag(asker, "one", ROOM) == [] and len(by_tag(asker, "one")) == 1


@pytest.mark.parametrize("how", ["empty", "refused"])
def test_each_of_the_two_filters_may_not_work_h77(asker: Asker, tenant: Tenant, how: str) -> None:
    made = meeting(asker)
    for field, search in (("filter_by_ical_uid", "uid"), ("filter_by_tag", "tag")):
        setattr(tenant.switches, field, how)
        text = uid_filter(made["iCalUId"]) if search == "uid" else quote(TAG_FILTER)
        answer = asker.get(f"/users/{ADA}/events?$filter={text}&{SELECT}")
        if how == "empty":
            assert answer.json()["value"] == []
        else:
            assert (answer.status_code, code_of(answer)) == (400, "ErrorInvalidUrlQueryFilter")
    assert len(asker.pages(f"/users/{ADA}/events")) == 1


TAG_FILTER = f"singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and ep/value eq 'one')"


def test_faults_hit_filters_alone_and_one_kind_of_them_h77(asker: Asker, tenant: Tenant) -> None:
    made = meeting(asker)
    tenant.faults.add("filter_tag", "empty")
    assert len(by_uid(asker, made["iCalUId"])) == 1
    assert by_tag(asker, "one") == [] and len(by_tag(asker, "one")) == 1
    tenant.faults.add("filter_uid", "500")
    assert len(asker.pages(f"/users/{ADA}/events")) == 1
    searched = uid_filter(made["iCalUId"])
    refused = asker.get(f"/users/{ADA}/events?$filter={searched}&{SELECT}")
    assert refused.status_code == 500 and len(by_uid(asker, made["iCalUId"])) == 1
    tenant.faults.add("filter", "empty", times=2)
    assert by_uid(asker, made["iCalUId"]) == by_tag(asker, "one") == []


def test_filters_can_lag_by_so_many_seconds_h77(asker: Asker, tenant: Tenant) -> None:
    tenant.faults.lag_filters(60)
    made = meeting(asker)
    tenant.advance(59)
    assert by_tag(asker, "one") == []
    tenant.advance(1)
    assert len(by_tag(asker, "one")) == 1
    asker.ask("PATCH", path(made), {"subject": "New"})
    assert by_uid(asker, made["iCalUId"])[0]["subject"] == made["subject"]
    tenant.faults.clear()
    assert by_uid(asker, made["iCalUId"])[0]["subject"] == "New"


def test_the_tag_can_be_missing_from_views_h77(asker: Asker, tenant: Tenant) -> None:
    asker.create(ROOM, singleValueExtendedProperties=[{"id": TAG, "value": "one"}])
    window = "startDateTime=2026-11-20T00:00:00Z&endDateTime=2026-12-20T00:00:00Z"

    def shown() -> tuple[bool, bool]:
        view, listing = (
            asker.pages(f"/users/{ROOM}/{rest}") for rest in (f"calendarView?{window}&{EXPAND}", f"events?{EXPAND}")
        )
        return "singleValueExtendedProperties" in view[0], "singleValueExtendedProperties" in listing[0]

    assert shown() == (True, True)
    tenant.faults.hide_tags("view", "list")
    assert shown() == (False, False)
    tenant.faults.clear()
    tenant.switches.tag_in_views = False
    assert shown() == (False, True)


# -- who is mailed


def test_writes_without_attendees_mail_nobody(asker: Asker, tenant: Tenant) -> None:
    made = asker.create(ADA)
    asker.ask("PATCH", path(made), {"subject": "x", "location": {"displayName": "Canteen"}})
    asker.ask("DELETE", path(made))
    tenant.settle()
    assert tenant.mails == []


def test_mails_are_counted_by_person_whatever_address_was_used(asker: Asker, tenant: Tenant) -> None:
    tenant.alias("benjamin@contoso.example", BEN)
    meeting(asker, room(), guest("Benjamin@contoso.example"), guest("pat@fabrikam.example"))
    tenant.settle()
    assert len(tenant.mails_to(BEN)) == 1 and tenant.mails_to(BEN, "update") == []
    assert tenant.mails_to_people() == {
        ("benjamin@contoso.example", "invitation"): 1,
        ("pat@fabrikam.example", "invitation"): 1,
        (ADA, "accepted"): 1,
    }
