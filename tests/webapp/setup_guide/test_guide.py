"""The setup guide's pages: ticks, values to copy, the choice of a connection, with htmx and without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask

from tests.webapp.conftest import Person
from tests.webapp.connections.conftest import CLIENT_ID, SECRET, TENANT_ID, make_check, make_connection, make_room
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.domain.setup_steps import Why
from webapp.domain.words import CheckState, RoomState
from webapp.models import Connection, ConnectionCheck, Room, SyncSettings, WorkerHeartbeat
from webapp.setup_guide.step_words import REASONS, TITLES
from webapp.setup_guide.ticks import set_tick, ticked

URL = "/setup-guide/"
OBJECT_ID = "0c9e5a11-7f5b-4a3d-8e21-3a9fd1c0b7aa"
LABELS = (
    "Create App registration",
    "Click the “New registration” option",
    "Name the application “Microsoft Graph API”",
    "Configure API Permissions",
    "Click on “Add a permission”",
    "Select Microsoft Graph",
    "Select “Application permissions”",
    "Create the Client Secret",
    "Add the Client Secret",
    "Copy the Value (Secret Value) and Secret ID",
    "Copy the Application (client) ID and Directory (tenant) ID",
    "Configuring the Microsoft Azure Connection for Calendar Sync",
    "Continuing to configure the Microsoft Azure Connection",
    "Confirm the new connection is now working",
    "Enable the External Calendar Sync",
    "Configure Maptician Rooms for External Calendar Sync",
)


def text_of(html: str) -> str:
    """What a person reads, without markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def lines(page: str) -> list[str]:
    """The 16 lines of the checklist."""
    return [text_of(one) for one in re.findall(r'-line"[^>]*><svg.*?</svg>(.*?)</summary>', page)]


def state(page: str, number: int) -> str:
    """The class of a step."""
    found = re.search(rf'<li class="(\w+)"[^>]*><details id="step-{number}"', page)
    assert found
    return found[1]


def copied(page: str, element: str) -> str:
    """The text that a copy button would copy."""
    found = re.search(rf'<(code|pre)[^>]* id="{element}"[^>]*>(.*?)</\1>', page, re.DOTALL)
    assert found
    return unescape(found[2])


def make_whole(data: Transactions, connection_id: int) -> None:
    """Everything is done: confirmed, switched on, one room Active."""
    with data.writing() as session:
        make_check(session, connection_id, CheckState.CONFIRMED, steps=all_done())
        session.query(SyncSettings).one().enabled = True
        room = session.get(Room, make_room(session, connection_id, "Alder"))
        assert room
        room.sync_state = RoomState.ACTIVE


def all_done() -> list[dict[str, Any]]:
    return [{"key": key, "state": "done", "seconds": 0.1, "fields": {}} for key in ("token", "places", "calendar")]


def test_the_steps_have_the_names_of_the_guide(admin: Person) -> None:
    page = admin.get(URL).text
    assert [line.split(": ", 1)[1].startswith(label) for line, label in zip(lines(page), LABELS, strict=True)] == [
        True
    ] * 16
    assert "Step 7a: Click on “Grant admin consent”" in page


def test_the_product_has_its_own_name_on_the_last_step(app: Flask) -> None:
    assert TITLES[-1].format(product="Roomer") == "Configure Roomer Rooms for External Calendar Sync"


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Why)


def test_before_anything_is_set_the_first_step_is_next_and_the_others_say_why_not(admin: Person) -> None:
    page = admin.get(URL).text
    assert [state(page, number) for number in (1, 2, 12, 16)] == ["now", "unseen", "later", "later"]
    assert "Next: step 1" in page
    assert lines(page)[1].endswith("seen by the first check")
    assert lines(page)[11].endswith("waits for step 1")
    assert "<select" not in page


def test_the_guide_is_offered_where_nothing_is_set_up_yet(admin: Person) -> None:
    for path in ("/", "/settings/office-365-integration/"):
        content = admin.get(path).text.split("</nav>", 1)[1]
        assert 'href="/setup-guide/' in content


def test_a_stranger_is_sent_to_the_door(stranger: Person) -> None:
    for path in (URL, f"{URL}standing", f"{URL}rooms.txt"):
        assert stranger.get(path).status_code == 303


def test_a_connection_that_was_never_checked_waits_for_its_check(admin: Person, connection_id: int) -> None:
    page = admin.get(URL).text
    assert (state(page, 12), state(page, 13), state(page, 14)) == ("ok", "ok", "now")
    assert "CHECK CONNECTION" in page
    assert lines(page)[12].endswith("secret stored 18 Nov 2026")


def test_when_all_is_done_the_guide_says_so(admin: Person, data: Transactions, connection_id: int) -> None:
    make_whole(data, connection_id)
    page = admin.get(URL).text
    assert "The setup is complete" in page
    assert "15 of 16 steps are done; one leaves no trace" in text_of(page)
    assert lines(page)[15].endswith("1 of 1 room Active")
    assert "<progress" not in page


def test_a_step_that_comes_undone_loses_its_tick(admin: Person, data: Transactions, connection_id: int) -> None:
    make_whole(data, connection_id)
    with data.writing() as session:
        make_check(session, connection_id, CheckState.FAILED, code="places_permission_missing")
    page = admin.get(URL).text
    assert state(page, 7) == "now"
    assert lines(page)[13].endswith("waits for step 7")
    assert "Place.Read.All is missing" in page


def test_each_permission_says_whether_it_was_seen(admin: Person, data: Transactions, connection_id: int) -> None:
    with data.writing() as session:
        make_check(session, connection_id, CheckState.FAILED, code="calendar_permission_missing")
    shown = re.findall(r'<li class="perm">(.*?)</li>', admin.get(URL).text, re.DOTALL)
    assert [text_of(one).split("Copy")[0] for one in shown] == [
        "Not seen Calendars.ReadWrite",
        "Granted Place.Read.All",
    ]


def test_the_manifest_asks_for_the_two_permissions_and_nothing_else(admin: Person) -> None:
    fragment = json.loads("{" + copied(admin.get(URL).text, "copy-manifest") + "}")
    (api,) = fragment["requiredResourceAccess"]
    assert api["resourceAppId"] == "00000003-0000-0000-c000-000000000000"
    assert {(one["id"], one["type"]) for one in api["resourceAccess"]} == {
        ("ef54d2bf-783f-4e0f-bca1-3210c0444d99", "Role"),
        ("913b9306-0ce1-42b8-9137-6a7df690a760", "Role"),
    }


def test_the_consent_link_names_tenant_and_app(admin: Person, connection_id: int) -> None:
    link = f"https://login.microsoftonline.com/{TENANT_ID}/adminconsent?client_id={CLIENT_ID}"
    page = admin.get(URL).text
    assert copied(page, "copy-consent") == link
    assert f'href="{link}"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("tenant_id", "evil.example/x?"), ("tenant_id", "../common"), ("client_id", "not-a-guid"), ("tenant_id", "")],
)
def test_ids_of_another_form_make_no_consent_link(
    admin: Person, data: Transactions, connection_id: int, field: str, value: str
) -> None:
    with data.writing() as session:
        setattr(session.get(Connection, connection_id), field, value)
    page = admin.get(URL).text
    assert "adminconsent" not in page
    assert "no consent link can be made" in page


def test_a_domain_makes_a_consent_link_too(admin: Person, data: Transactions, connection_id: int) -> None:
    with data.writing() as session:
        connection = session.get(Connection, connection_id)
        assert connection
        connection.tenant_id = "larkfield.onmicrosoft.com"
    assert "/larkfield.onmicrosoft.com/adminconsent?" in copied(admin.get(URL).text, "copy-consent")


def test_the_lines_are_filled_in_with_the_ids_and_the_linked_rooms(
    admin: Person, connection_id: int, with_rooms: Callable[..., None]
) -> None:
    with_rooms("Alder", "Birch")
    page = admin.get(f"{URL}?connection={connection_id}&object_id={OBJECT_ID.upper()}").text
    for element in ("copy-rbac-all", "copy-rbac-linked", "copy-policy"):
        script = copied(page, element)
        assert f"$appId = '{CLIENT_ID}'" in script
        assert "'alder@larkfield.example'" in script
    assert f"$objectId = '{OBJECT_ID}'" in copied(page, "copy-rbac-all")
    assert "'birch@larkfield.example'" in copied(page, "copy-policy")
    assert page.index("Legacy: application access policy") > page.index("copy-rbac-linked")


def test_an_address_with_a_quote_and_a_dollar_stays_in_its_quotes(
    admin: Person, data: Transactions, connection_id: int, with_rooms: Callable[..., None]
) -> None:
    with_rooms("Alder")
    with data.writing() as session:
        session.query(Room).one().external_address = "a'; $(Remove-Mailbox b) #@larkfield.example"
        connection = session.get(Connection, connection_id)
        assert connection
        connection.name = "o’neil'$x"
    page = admin.get(URL).text
    assert "  'a''; $(Remove-Mailbox b) #@larkfield.example'\n" in copied(page, "copy-policy")
    assert "-DisplayName 'Maptician Calendar Sync (o’’neil''$x)'" in copied(page, "copy-rbac-all")


def test_an_object_id_that_is_none_is_refused_at_its_field(admin: Person, connection_id: int) -> None:
    page = admin.get(f'{URL}?connection={connection_id}&object_id="><script>').text
    assert "This is not a GUID. Copy the Object ID" in page
    assert 'aria-invalid="true"' in page
    assert "<script>" not in page.split("<main", 1)[1]
    assert "$objectId = '<object id of the enterprise application>'" in copied(page, "copy-rbac-all")


def test_many_rooms_are_offered_as_a_file(
    admin: Person, connection_id: int, with_rooms: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.setup_guide.values.LISTED_ROOMS", 2)
    with_rooms("Alder", "Birch", "Cedar")
    page = admin.get(URL).text
    assert "Get-Content" in copied(page, "copy-rbac-linked")
    assert "@larkfield.example" not in copied(page, "copy-policy")
    answer = admin.get(f"{URL}rooms.txt?connection={connection_id}")
    assert answer.text == "alder@larkfield.example\r\nbirch@larkfield.example\r\ncedar@larkfield.example\r\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=rooms.txt"


def test_without_a_linked_room_there_are_no_lines_for_a_group(admin: Person, connection_id: int) -> None:
    page = admin.get(URL).text
    assert "copy-rbac-all" in page
    assert "copy-policy" not in page
    assert admin.get(f"{URL}rooms.txt?connection={connection_id}").text == ""


def test_the_secret_is_nowhere_on_the_page(admin: Person, connection_id: int) -> None:
    assert SECRET not in admin.get(URL).text


def test_one_of_several_connections_is_chosen_and_another_can_be_begun(
    admin: Person, app: Flask, data: Transactions
) -> None:
    with data.writing() as session:
        first, second = make_connection(session, app, "a-first"), make_connection(session, app, "b-second")
        make_check(session, second, CheckState.CONFIRMED, steps=all_done())
    by_default, chosen, new = (
        admin.get(URL + query).text for query in ("", f"?connection={second}", "?connection=new")
    )
    assert f'<option value="{first}" selected>a-first' in by_default
    assert f'<option value="{second}" selected>b-second' in chosen
    assert (state(by_default, 11), state(chosen, 11), state(new, 11)) == ("unseen", "ok", "unseen")
    assert '<option value="new" selected>' in new
    assert state(new, 1) == "now"


@pytest.mark.parametrize("wanted", ["99", "x", "-1", "99999999999", ""])
def test_a_connection_that_does_not_exist_is_not_found_and_none_named_means_the_first(
    admin: Person, connection_id: int, wanted: str
) -> None:
    assert admin.get(f"{URL}?connection={wanted}").status_code == (404 if wanted else 200)


def test_the_part_for_htmx_stands_in_the_page_as_it_is(admin: Person, connection_id: int) -> None:
    page, part = admin.get(URL), admin.get(URL, hx=True)
    assert "<html" not in part.text
    without_token = [re.sub(r'value="[^"]{60,}"', "", one.text) for one in (page, part)]
    assert without_token[1].strip() in without_token[0]
    assert part.headers["Vary"] == page.headers["Vary"]
    assert "HX-Request" in part.headers["Vary"]


def looks_again(page: str) -> tuple[str, str]:
    """Where the guide asks how things stand, and when."""
    found = re.search(r'id="guide-standing" hx-get="([^"]+)" hx-trigger="([^"]+)"', page)
    assert found
    return unescape(found[1]), found[2]


def test_while_a_check_is_under_way_the_guide_looks_again_and_changes_only_when_something_did(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.RUNNING)
    page = admin.get(URL).text
    where, when = looks_again(page)
    assert when.startswith("every 2s, ")
    assert lines(page)[0].endswith("checking")
    assert admin.get(where, hx=True).status_code == 204

    with data.writing() as session:
        check = session.get(ConnectionCheck, check_id)
        assert check
        check.state, check.steps, check.finished_at = CheckState.CONFIRMED, all_done(), utcnow()
    changed = admin.get(where, hx=True)
    assert changed.status_code == 200
    assert state(changed.text, 14) == "ok"
    assert not looks_again(changed.text)[1].startswith("every")


def test_at_rest_the_guide_waits_only_for_a_dialog_to_see_a_check_end(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    make_whole(data, connection_id)
    assert looks_again(admin.get(URL).text)[1] == f"check-ended-{connection_id} from:body"
    assert "hx-trigger" not in admin.get(f"{URL}?connection=new").text.split('id="guide-standing"')[1].split(">")[0]


def test_a_room_whose_first_sync_runs_is_looked_at_again(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    make_whole(data, connection_id)
    with data.writing() as session:
        session.query(Room).one().sync_state = RoomState.PENDING
    page = admin.get(URL).text
    assert looks_again(page)[1].startswith("every 5s")
    assert lines(page)[15].endswith("Pending")
    assert "Look again" in page


def test_a_check_that_waits_for_another_try_is_looked_at_seldom(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    with data.writing() as session:
        make_check(
            session,
            connection_id,
            CheckState.WAITING,
            code="calendar_permission_missing",
            next_try_at=utcnow().replace(year=2100),
        )
    page = admin.get(URL).text
    assert looks_again(page)[1].startswith("every 10s")
    assert state(page, 7) == "now"


def test_what_it_costs(
    admin: Person,
    data: Transactions,
    connection_id: int,
    with_rooms: Callable[..., None],
    count_queries: Callable[[], Any],
) -> None:
    """At most 12 queries a page, and 3 for a look at what moves."""
    make_whole(data, connection_id)
    with_rooms("Birch", "Cedar")
    with data.writing() as session:
        make_check(session, connection_id, CheckState.RUNNING)
        session.query(WorkerHeartbeat).one().seen_at = utcnow()
    with count_queries() as seen:
        where, _ = looks_again(admin.get(URL).text)
    assert len(seen) <= 12, seen
    with count_queries() as seen:
        assert admin.get(where, hx=True).status_code == 204
    assert len(seen) <= 3, seen


@pytest.mark.parametrize("hx", [False, True], ids=["without script", "with htmx"])
def test_a_person_ticks_what_cannot_be_seen_and_takes_the_tick_away(admin: Person, hx: bool) -> None:
    admin.get(URL)
    answer = admin.post(f"{URL}ticks", {"connection": "new", "step": "1", "on": "1"}, hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert (answer.headers.get("HX-Push-Url") or answer.headers["Location"]) == "/setup-guide/?connection=new#step-2"
    page = answer.text if hx else admin.get(URL).text
    assert (state(page, 1), state(page, 2)) == ("ok", "now")
    assert lines(page)[0].endswith("ticked by you")
    assert "1 of 16 done" in text_of(page)

    admin.post(f"{URL}ticks", {"connection": "new", "step": "1"}, hx=hx)
    assert state(admin.get(URL).text, 1) == "now"


def test_a_tick_of_a_person_never_hides_what_a_check_saw(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    admin.get(URL)
    admin.post(f"{URL}ticks", {"connection": str(connection_id), "step": "7", "on": "1"})
    assert lines(admin.get(URL).text)[6].endswith("ticked by you")
    with data.writing() as session:
        make_check(session, connection_id, CheckState.FAILED, code="consent_missing")
    assert state(admin.get(URL).text, 7) == "now"


@pytest.mark.parametrize("step", ["0", "17", "x", "", "99999999999999"])
def test_a_tick_of_no_step_changes_nothing(admin: Person, step: str) -> None:
    before = admin.get(URL).text.count('class="ok"')
    assert admin.post(f"{URL}ticks", {"connection": "new", "step": step, "on": "1"}).status_code == 303
    assert admin.get(URL).text.count('class="ok"') == before


def test_ticks_of_one_guide_are_not_those_of_another(
    admin: Person, app: Flask, data: Transactions, connection_id: int
) -> None:
    admin.get(URL)
    admin.post(f"{URL}ticks", {"connection": "new", "step": "4", "on": "1"})
    assert state(admin.get(f"{URL}?connection=new").text, 4) == "ok"
    assert state(admin.get(f"{URL}?connection={connection_id}").text, 4) == "unseen"
    assert admin.post(f"{URL}ticks", {"connection": "99", "step": "4", "on": "1"}).status_code == 404


def test_the_browser_keeps_the_ticks_of_the_guides_used_last(app: Flask) -> None:
    with app.test_request_context():
        for number in range(8):
            set_tick(str(number), 4, on=True)
        assert [bool(ticked(str(number))) for number in range(8)] == [False] * 3 + [True] * 5


def test_check_again_starts_a_check_without_a_script(admin: Person, data: Transactions, connection_id: int) -> None:
    make_whole(data, connection_id)
    page = admin.get(URL).text
    assert "Check again" in page
    answer = admin.post(f"/settings/office-365-integration/{connection_id}/checks")
    assert answer.status_code == 303
