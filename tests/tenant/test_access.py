"""Who may reach which mailbox: roles, RBAC for Applications, access policies, mailboxes that are not there."""

from __future__ import annotations

import pytest

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, OTHER_ROOM, ROOM, WINDOW, Asker, code_of, event, wall
from tests.tenant.entra import App


def view_of(asker: Asker, box: str) -> tuple[int, str]:
    answer = asker.get(f"/users/{box}/calendarView?{WINDOW}")
    return answer.status_code, "" if answer.ok else code_of(answer)


def test_without_the_calendar_role_a_calendar_is_403(tenant: Tenant) -> None:
    asker = Asker(tenant, tenant.register_app(roles=("Place.Read.All",)))
    assert view_of(asker, ROOM) == (403, "ErrorAccessDenied")


def test_without_the_place_role_places_are_403(tenant: Tenant) -> None:
    asker = Asker(tenant, tenant.register_app(roles=("Calendars.ReadWrite",)))
    answer = asker.get("/places/microsoft.graph.room")
    assert (answer.status_code, code_of(answer)) == (403, "Authorization_RequestDenied")
    assert view_of(asker, ROOM)[0] == 200


def test_a_reading_role_reads_but_does_not_write(tenant: Tenant) -> None:
    asker = Asker(tenant, tenant.register_app(roles=("Calendars.Read", "Place.Read.All")))
    assert view_of(asker, ROOM)[0] == 200
    assert code_of(asker.ask("POST", f"/users/{ROOM}/events", event())) == "ErrorAccessDenied"


def test_rbac_lets_into_its_scope_without_a_role_in_the_token(tenant: Tenant, app: App, asker: Asker) -> None:
    app.restrict_to([ROOM], kind="rbac")
    asker.new_token()
    assert app.roles == ("Place.Read.All",)
    assert view_of(asker, ROOM)[0] == 200
    assert view_of(asker, OTHER_ROOM) == (403, "ErrorAccessDenied")
    assert asker.get("/places/microsoft.graph.room").status_code == 200


def test_rbac_is_a_union_with_a_role_granted_in_entra(tenant: Tenant, app: App, asker: Asker) -> None:
    app.restrict_to([ROOM], kind="rbac")
    app.set_roles("Calendars.ReadWrite")
    asker.new_token()
    assert view_of(asker, OTHER_ROOM)[0] == 200


def test_rbac_takes_its_time(tenant: Tenant, app: App, asker: Asker) -> None:
    app.restrict_to([ROOM], kind="rbac", delay=1800)
    asker.new_token()
    assert view_of(asker, ROOM) == (403, "ErrorAccessDenied")
    tenant.advance(1801)
    assert view_of(asker, ROOM)[0] == 200


def test_an_access_policy_blocks_with_its_own_words(tenant: Tenant, app: App, asker: Asker) -> None:
    app.restrict_to([ROOM], kind="policy")
    assert view_of(asker, ROOM)[0] == 200
    answer = asker.get(f"/users/{OTHER_ROOM}/calendarView?{WINDOW}")
    assert answer.status_code == 403
    assert "[RAOP]" in answer.json()["error"]["message"]


def test_an_unknown_mailbox_is_404(asker: Asker) -> None:
    assert view_of(asker, "nobody@contoso.example") == (404, "ErrorInvalidUser")


@pytest.mark.parametrize("how", ["soft_delete", "unlicense"])
def test_a_user_without_a_mailbox_is_404_of_another_kind(asker: Asker, tenant: Tenant, how: str) -> None:
    getattr(tenant, how)(ROOM)
    assert view_of(asker, ROOM) == (404, "MailboxNotEnabledForRESTAPI")


def test_an_alias_leads_to_the_same_calendar(asker: Asker, tenant: Tenant) -> None:
    tenant.alias("boardroom@contoso.example", ROOM)
    one, other = (asker.get(f"/users/{box}/calendar").json() for box in (ROOM, "boardroom@contoso.example"))
    assert one["id"] == other["id"] and other["owner"]["address"] == ROOM
    assert one["isDefaultCalendar"] is True


def test_a_restored_mailbox_can_have_all_ids_new(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    before = asker.get(f"/users/{ROOM}/calendar").json()["id"]
    tenant.soft_delete(ROOM)
    tenant.restore(ROOM, new_ids=True)
    assert asker.get(f"/users/{ROOM}/calendar").json()["id"] != before
    assert asker.get(f"/users/{ROOM}/events/{made['id']}").status_code == 404
    assert [row["iCalUId"] for row in asker.view()] == [made["iCalUId"]]


def test_a_renamed_mailbox_keeps_its_ids_and_answers_to_its_old_address(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    tenant.rename(ROOM, "lake@contoso.example")
    for box in ("lake@contoso.example", ROOM):
        assert asker.get(f"/users/{box}/events/{made['id']}").status_code == 200


def test_me_is_not_for_apps_and_users_are_not_for_calendar_apps(asker: Asker) -> None:
    assert code_of(asker.get("/me/events")) == "NoPermissionsInAccessToken"
    assert code_of(asker.get(f"/users/{ADA}")) == "Authorization_RequestDenied"


def test_every_answer_carries_request_ids_and_a_date(asker: Asker) -> None:
    answer = asker.get(f"/users/{ROOM}/calendar", client_request_id="11111111-2222-4333-8444-555555555555")
    assert answer.headers["client-request-id"] == "11111111-2222-4333-8444-555555555555"
    assert answer.headers["request-id"] and answer.headers["Date"].endswith("GMT")
    refused = asker.get(f"/users/{ROOM}/events/nonsense").json()["error"]["innerError"]
    assert set(refused) == {"date", "request-id", "client-request-id"}


def test_the_log_knows_which_request_had_an_effect(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    asker.get(f"/users/{ROOM}/events/{made['id']}")
    tenant.as_person(ADA).book("x", wall(9), wall(10))
    assert [(info.op, info.mailbox, info.status, info.had_effect) for info in tenant.requests] == [
        ("create", ROOM, 201, True),
        ("get", ROOM, 200, False),
    ]


def test_places_list_rooms_by_page_with_count_and_lists_by_address(asker: Asker, tenant: Tenant) -> None:
    tenant.add_room("hidden@contoso.example", listed=False)
    tenant.add_room("later@contoso.example", listed_after=3600)
    first = asker.get("/places/microsoft.graph.room?$top=1&$count=true").json()
    assert first["@odata.count"] == 2 and [room["emailAddress"] for room in first["value"]] == [ROOM]
    assert asker.get(first["@odata.nextLink"]).json()["value"][0]["emailAddress"] == OTHER_ROOM
    lists = asker.get("/places/microsoft.graph.roomlist").json()["value"]
    assert [found["displayName"] for found in lists] == ["North"]
    inside = asker.get(f"/places/{lists[0]['emailAddress']}/microsoft.graph.roomlist/rooms").json()["value"]
    assert {room["emailAddress"] for room in inside} == {ROOM, OTHER_ROOM}
    tenant.advance(3600)
    asker.new_token()
    assert len(asker.get("/places/microsoft.graph.room").json()["value"]) == 3


def test_a_place_s_id_is_not_the_user_s(asker: Asker, tenant: Tenant) -> None:
    place = asker.get("/places/microsoft.graph.room").json()["value"][0]
    assert place["id"].lower() != tenant.mailbox(ROOM).object_id
    assert asker.get(f"/users/{tenant.mailbox(ROOM).object_id}/calendar").status_code == 200
