"""Mailboxes that an app does not reach, now or at times; mailboxes that change their address, go and come back."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, BEN, OTHER_ROOM, ROOM, Asker, event, wall
from tests.tenant.entra import App

DENIED = "Access is denied. Check credentials and try again."
DISABLED = "Access to OData is disabled."
BLOCKED = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
OBRIEN = "o'brien@contoso.example"


def told(asker: Asker, box: str) -> tuple[int, str, str]:
    """How a read of a mailbox is refused; (200, "", "") where it is not."""
    answer = asker.get(f"/users/{box}/events?$top=1")
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code", ""), error.get("message", "")


@pytest.mark.parametrize(
    ("how", "status", "code", "message"),
    [
        ("rbac", 403, "ErrorAccessDenied", DENIED),
        ("policy", 403, "ErrorAccessDenied", BLOCKED),
        ("old_policy", 403, "ErrorAccessDenied", DISABLED),
        ("no_mailbox", 404, "MailboxNotEnabledForRESTAPI", ""),
        ("unknown", 404, "ErrorInvalidUser", f"The requested user '{ADA}' is invalid."),
    ],
)
def test_one_person_can_be_put_out_of_reach_and_in_again(
    asker: Asker, tenant: Tenant, how: str, status: int, code: str, message: str
) -> None:
    tenant.put_out_of_reach(ADA, how)
    seen = told(asker, ADA)
    assert seen[:2] == (status, code) and message in seen[2]
    assert told(asker, BEN)[0] == told(asker, ROOM)[0] == 200
    tenant.put_in_reach(ADA)
    assert told(asker, ADA)[0] == 200


def test_writes_are_refused_as_well_and_have_no_effect(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.put_out_of_reach(ADA)
    path = f"/users/{ADA}/events"
    for method, where, body in (
        ("POST", path, event()),
        ("PATCH", f"{path}/{booked.immutable_id}", {"subject": "y"}),
        ("POST", f"{path}/{booked.immutable_id}/cancel", {}),
    ):
        assert asker.ask(method, where, body).status_code == 403
    assert [row["subject"] for row in tenant.events(ADA)] == ["x"]


def test_people_out_of_reach_go_on_booking_rooms(asker: Asker, tenant: Tenant) -> None:
    tenant.put_out_of_reach(ADA)
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    (row,) = asker.view(ROOM)
    assert row["organizer"]["emailAddress"]["address"] == ADA and row["iCalUId"] == booked.ical_uid


def test_an_app_restricted_to_the_rooms_reaches_no_person(asker: Asker, app: App) -> None:
    app.restrict_to([ROOM, OTHER_ROOM])
    asker.new_token()
    assert told(asker, ROOM)[0] == 200 and told(asker, ADA) == (403, "ErrorAccessDenied", DENIED)
    app.restrict_to([ROOM, OTHER_ROOM], "policy")
    app.set_roles("Calendars.ReadWrite")
    asker.new_token()
    assert told(asker, ROOM)[0] == 200 and told(asker, ADA) == (403, "ErrorAccessDenied", BLOCKED)


def test_an_organizer_of_another_tenant_is_nobody_here(asker: Asker, tenant: Tenant) -> None:
    tenant.add_outsider("olga@fabrikam.example", "Olga")
    for code in ("ErrorInvalidUser", "Request_ResourceNotFound", "ResourceNotFound"):
        tenant.switches.unknown_user_code = code
        assert told(asker, "olga@fabrikam.example")[:2] == (404, code)


@pytest.mark.parametrize(("hides", "status"), [(False, 404), (True, 403)])
def test_rbac_may_not_tell_who_exists(asker: Asker, app: App, tenant: Tenant, hides: bool, status: int) -> None:
    tenant.switches.rbac_hides_unknown_users = hides
    app.restrict_to([ROOM])
    asker.new_token()
    assert told(asker, "nobody@contoso.example")[0] == status


def test_a_user_without_a_mailbox_may_be_403_with_the_code_inside(asker: Asker, tenant: Tenant) -> None:
    tenant.switches.no_mailbox_status = 403
    tenant.unlicense(ADA)
    error = asker.get(f"/users/{ADA}/events").json()["error"]
    assert (error["code"], error["innerError"]["code"]) == ("ErrorAccessDenied", "MailboxNotEnabledForRESTAPI")


def test_access_to_a_room_can_go_for_some_hours_h68(asker: Asker, tenant: Tenant) -> None:
    tenant.put_out_of_reach(ROOM, after=60, seconds=600)
    seen = []
    for seconds in (0, 60, 599, 1):
        tenant.advance(seconds)
        seen.append(told(asker, ROOM)[0])
    assert seen == [200, 403, 403, 200] and told(asker, OTHER_ROOM)[0] == 200


def test_access_can_flap_from_request_to_request_h68(asker: Asker, tenant: Tenant) -> None:
    tenant.put_out_of_reach(ROOM, "policy", pattern="011")
    assert [told(asker, ROOM)[0] for _ in range(6)] == [200, 403, 403, 200, 403, 403]
    tenant.faults.clear()
    tenant.put_in_reach()
    assert [told(asker, ROOM)[0] for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(("how", "pattern"), [("gone", "1"), ("rbac", ""), ("rbac", "2")])
def test_a_way_that_does_not_exist_is_refused(tenant: Tenant, how: str, pattern: str) -> None:
    with pytest.raises(ValueError):
        tenant.put_out_of_reach(ROOM, how, pattern=pattern)


# -- mailboxes that change (H69)


@pytest.mark.parametrize(("keeps", "status"), [(True, 200), (False, 404)])
def test_a_renamed_room_answers_to_its_old_address_or_not_h69(
    asker: Asker, tenant: Tenant, keeps: bool, status: int
) -> None:
    made = asker.create(ROOM)
    tenant.rename(ROOM, "aula@contoso.example", keep_alias=keeps)
    assert told(asker, ROOM)[0] == status
    assert asker.get(f"/users/aula@contoso.example/events/{made['id']}").status_code == 200
    assert (tenant.find_mailbox(ROOM) is not None) is keeps


@pytest.mark.parametrize("everywhere", [False, True])
def test_older_events_name_a_renamed_room_by_its_old_address_or_the_new_one_h69(
    asker: Asker, tenant: Tenant, everywhere: bool
) -> None:
    tenant.switches.renamed_everywhere = everywhere
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.rename(ROOM, "aula@contoso.example", keep_alias=False)
    tenant.settle()
    (line,) = tenant.events(ADA)[0]["attendees"]
    assert line[0] == ("aula@contoso.example" if everywhere else ROOM)
    read = asker.get(f"/users/{ADA}/events/{booked.immutable_id}?$select=attendees").json()
    assert read["attendees"][0]["emailAddress"]["address"] == line[0]


def test_a_room_renamed_after_it_answered_is_still_known_to_the_organizer(tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("x", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    tenant.rename(ROOM, "aula@contoso.example", keep_alias=False)
    tenant.room_declines_later("aula@contoso.example", booked)
    assert tenant.events(ADA)[0]["attendees"] == [(ROOM, "resource", "declined")]


@pytest.mark.parametrize("code", ["MailboxNotEnabledForRESTAPI", "ErrorInvalidUser"])
def test_a_deleted_mailbox_comes_back_after_weeks_with_all_ids_new_h69(
    asker: Asker, tenant: Tenant, code: str
) -> None:
    tenant.switches.soft_deleted_code = code
    tenant.as_person(ADA).book("x", wall(9, month=12, day=20), wall(10, month=12, day=20), rooms=[ROOM])
    tenant.settle()
    before, calendar, (_, link) = asker.view(ROOM)[0], asker.get(f"/users/{ROOM}/calendar").json(), asker.round()
    tenant.soft_delete(ROOM)
    assert told(asker, ROOM)[:2] == (404, code)
    tenant.restore(ROOM, new_ids=True, after=timedelta(days=20).total_seconds())
    tenant.advance(timedelta(days=19).total_seconds())
    asker.new_token()
    assert told(asker, ROOM)[0] == 404
    tenant.advance(timedelta(days=1).total_seconds())
    asker.new_token()
    after = asker.view(ROOM)[0]
    assert after["iCalUId"] == before["iCalUId"] and after["id"] != before["id"]
    assert asker.get(f"/users/{ROOM}/calendar").json()["id"] != calendar["id"]
    assert asker.get(f"/users/{ROOM}/events/{before['id']}").status_code == 404
    assert asker.get(link).status_code == 410


def test_an_apostrophe_in_an_address_works_in_every_path_h69(asker: Asker, tenant: Tenant) -> None:
    tenant.add_person(OBRIEN, "Pat O'Brien")
    tenant.add_room("o'room@contoso.example", "O'Room")
    for written in (OBRIEN, quote(OBRIEN)):
        assert asker.get(f"/users/{written}/events").status_code == 200
    assert asker.get("/users('o''brien@contoso.example')/events").status_code == 200
    booked = tenant.as_person(OBRIEN).book("x", wall(9), wall(10), rooms=["o'room@contoso.example"])
    tenant.settle()
    rows, link = asker.round(box="o'room@contoso.example")
    assert [row["iCalUId"] for row in rows] == [booked.ical_uid] and asker.round(link)[0] == []
    assert tenant.events(OBRIEN)[0]["attendees"] == [("o'room@contoso.example", "resource", "accepted")]
