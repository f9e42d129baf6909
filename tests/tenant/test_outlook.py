"""The Outlook page: what a person of the tenant does in a browser, and what the tenant holds of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.tenant import Tenant
from tests.tenant.conftest import ADA, BEN, DAY, OTHER_ROOM, ROOM, Asker, code_of, wall, weekly
from tests.tenant.entra import App
from tests.tenant.outlook import create_app
from tests.tenant.server import TenantServer
from tests.tenant.test_server import client_of

FIELDS = {"subject": "Budget", "date": "2026-11-24", "start": "10:00", "end": "11:00"}
BERLIN_TEN = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def outlook(tenant: Tenant) -> FlaskClient:
    return create_app(tenant).test_client()


def text(answer: TestResponse) -> str:
    """What a reader sees, tags and layout taken away."""
    bare = re.sub(r"<(style|title).*?</\1>|<[^>]*>", " ", answer.text, flags=re.DOTALL)
    return " ".join(bare.replace("&#39;", "'").split())


def book(outlook: FlaskClient, who: str = ADA, **fields: Any) -> TestResponse:
    return outlook.post(f"/as/{who}/new", data=FIELDS | fields, follow_redirects=True)


def act(outlook: FlaskClient, page: TestResponse, **fields: Any) -> TestResponse:
    return outlook.post(page.request.full_path, data=fields, follow_redirects=True)


def test_the_first_page_offers_every_person_and_every_room_as_its_delegate(outlook: FlaskClient) -> None:
    page = outlook.get("/")
    assert page.status_code == 200
    for address in (ADA, BEN, ROOM, OTHER_ROOM):
        assert f'href="/as/{address}/"' in page.text
    assert f'href="/rooms/{ROOM}/"' in page.text and f'href="/rooms/{ADA}/"' not in page.text


def test_a_meeting_is_booked_in_the_persons_zone_and_the_room_answers(outlook: FlaskClient, tenant: Tenant) -> None:
    page = book(outlook, room=ROOM, guests=[BEN], private="on")
    assert "Booked." in text(page) and "Room 1 No answer yet" in text(page)
    assert "Times are in Europe/Berlin" in text(page)
    row = tenant.events(ADA)[0]
    assert (row["subject"], row["start"], row["end"] - row["start"]) == ("Budget", BERLIN_TEN, timedelta(hours=1))
    assert row["sensitivity"] == "private" and row["transaction_id"].startswith("localevent:")
    tenant.settle()
    assert "Room 1 Accepted" in text(outlook.get(page.request.full_path))


def test_a_room_that_is_taken_declines(outlook: FlaskClient, tenant: Tenant) -> None:
    tenant.as_delegate(ROOM).book("Painting", wall(9), wall(12))
    page = book(outlook, room=ROOM)
    tenant.settle()
    assert "Room 1 Declined" in text(outlook.get(page.request.full_path))


def test_several_rooms_and_people_outside_can_be_invited(outlook: FlaskClient, tenant: Tenant) -> None:
    book(outlook, room=ROOM, more_rooms=[ROOM, OTHER_ROOM], guests=[BEN], others="pat@fabrikam.example; x@y.example")
    invited = [address for address, _, _ in tenant.events(ADA)[0]["attendees"]]
    assert sorted(invited) == sorted([ROOM, OTHER_ROOM, BEN, "pat@fabrikam.example", "x@y.example"])


def test_a_rooms_page_shows_what_its_assistant_left_and_what_an_app_made(
    outlook: FlaskClient, tenant: Tenant, asker: Asker
) -> None:
    book(outlook, room=ROOM)
    asker.create(hour=12, subject="From the product", transactionId="abc.def.1.0")
    tenant.settle()
    page = text(outlook.get(f"/rooms/{ROOM}/"))
    assert "10:00–11:00 Ada Lindholm Ada Lindholm Accepted" in page and "Budget" not in page
    assert "13:00–14:00 From the product Made by an app Room 1 Made in the room" in page
    assert "Times are in Europe/Berlin, the time zone of Room 1" in page


def test_a_rooms_page_can_read_itself_again(outlook: FlaskClient) -> None:
    assert 'http-equiv="refresh"' not in outlook.get(f"/rooms/{ROOM}/").text
    assert 'http-equiv="refresh"' in outlook.get(f"/rooms/{ROOM}/?live=1").text


def test_a_delegate_writes_into_the_rooms_own_calendar(outlook: FlaskClient, tenant: Tenant) -> None:
    book(outlook, who=ROOM, subject="Deep clean")
    row = tenant.events(ROOM)[0]
    assert (row["subject"], row["is_organizer"], row["attendees"]) == ("Deep clean", True, [])
    assert tenant.mails == []


def test_a_reservation_made_by_an_app_is_moved_renamed_and_cancelled_by_a_delegate(
    outlook: FlaskClient, tenant: Tenant, asker: Asker
) -> None:
    asker.create(hour=10)
    number = next(iter(tenant.mailbox(ROOM).items))
    page = outlook.get(f"/as/{ROOM}/meeting/{number}")
    act(outlook, page, action="moved", date="2026-11-25", start="15:00", end="15:30")
    act(outlook, page, action="renamed", subject="Renamed in Outlook")
    row = tenant.events(ROOM)[0]
    assert (row["subject"], row["start"]) == ("Renamed in Outlook", datetime(2026, 11, 25, 14, tzinfo=UTC))
    page = act(outlook, page, action="cancelled")
    assert "The meeting was cancelled." in text(page) and tenant.events(ROOM) == []


def test_moving_a_meeting_asks_the_room_again(outlook: FlaskClient, tenant: Tenant) -> None:
    page = book(outlook, room=ROOM)
    tenant.settle()
    act(outlook, page, action="moved", date="2026-11-26", start="08:00", end="09:00")
    tenant.settle()
    assert [row["start"] for row in tenant.events(ROOM)] == [datetime(2026, 11, 26, 7, tzinfo=UTC)]
    assert tenant.events(ROOM)[0]["response"] == "accepted"


def test_an_all_day_meeting_of_three_days(outlook: FlaskClient, tenant: Tenant) -> None:
    page = book(outlook, all_day="on", last_day="2026-11-26", start="", end="")
    row = tenant.events(ADA)[0]
    assert (row["is_all_day"], row["start"], row["end"]) == (True, date(2026, 11, 24), date(2026, 11, 27))
    assert "Tue 24 Nov 2026 to Thu 26 Nov 2026, all day" in text(page)
    week = text(outlook.get(f"/as/{ADA}/?week=2026-11-24"))
    assert week.count("All day Budget") == 3
    act(outlook, page, action="moved", date="2026-11-24", start="09:00", end="10:00")
    assert tenant.events(ADA)[0]["is_all_day"] is False


def test_a_meeting_over_midnight(outlook: FlaskClient, tenant: Tenant) -> None:
    page = book(outlook, start="22:00", end="01:00", last_day="2026-11-25")
    assert "22:00–01:00 (Wed 25 Nov 2026)" in text(page)
    assert tenant.events(ADA)[0]["end"] == datetime(2026, 11, 25, 0, tzinfo=UTC)


def test_a_weekly_series_whose_dates_are_moved_renamed_and_cancelled_one_by_one(
    outlook: FlaskClient, tenant: Tenant
) -> None:
    page = book(outlook, room=ROOM, weekly="on", weeks="4")
    tenant.settle()
    assert text(page).count("10:00–11:00") == 1 + 4
    second, third = (f"{page.request.path}?date={DAY + timedelta(days=offset)}" for offset in (7, 14))
    one = outlook.get(second)
    act(outlook, one, action="moved", date="2026-12-02", start="12:00", end="13:00")
    act(outlook, one, action="renamed", subject="Only this one")
    cancelled = act(outlook, outlook.get(third), action="cancelled")
    assert "Week of Mon 7 Dec 2026" in text(cancelled)
    tenant.settle()
    row = tenant.events(ADA)[0]
    assert row["missing"] == [DAY + timedelta(days=14)] and row["exceptions"][0] == DAY + timedelta(days=7)
    held = text(outlook.get(f"/rooms/{ROOM}/?week=2026-11-24"))
    assert "Wed 2 Dec 2026 12:00–13:00" in held and "Canceled: " in held


def test_a_whole_series_moves_to_another_weekday_and_is_cancelled(outlook: FlaskClient, tenant: Tenant) -> None:
    page = book(outlook, weekly="on", weeks="3")
    act(outlook, page, action="moved", date="2026-11-26", start="09:00", end="10:00")
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    starts = [row["start"] for row in tenant.occurrences(ADA, begin, begin + timedelta(days=60))]
    assert starts == [datetime(2026, 11, 26, 8, tzinfo=UTC) + timedelta(days=7 * week) for week in range(3)]
    act(outlook, page, action="cancelled")
    assert tenant.events(ADA) == []


def test_a_date_that_would_cross_its_neighbour_is_refused_beside_the_field(
    outlook: FlaskClient, tenant: Tenant
) -> None:
    page = book(outlook, weekly="on", weeks="3")
    before = tenant.events(ADA)
    target = f"{page.request.path}?date={DAY}"
    answer = outlook.post(target, data={"action": "moved", "date": "2026-12-01", "start": "10:00", "end": "11:00"})
    assert answer.status_code == 422 and "cannot move to or past the day" in text(answer)
    assert tenant.events(ADA) == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"end": "09:00"}, "The end is before the start. Set an end after 10:00, or tick All day."),
        ({"end": "10:00"}, "The end is before the start."),
        ({"date": "24.11.2026"}, "This is not a day."),
        ({"start": "ten"}, "This is not a time."),
        ({"all_day": "on", "last_day": "2026-11-23"}, "The last day is before the first."),
        ({"weekly": "on", "weeks": "0"}, "Write how often, from 1 to 100."),
        ({"weekly": "on", "weeks": ""}, "Write how often, from 1 to 100."),
        ({"others": "pat"}, "pat is not an address."),
    ],
)
def test_what_cannot_be_booked_is_said_and_what_was_typed_stays(
    outlook: FlaskClient, tenant: Tenant, fields: dict[str, str], said: str
) -> None:
    answer = outlook.post(f"/as/{ADA}/new", data=FIELDS | {"room": ROOM} | fields)
    assert answer.status_code == 422 and said in text(answer) and 'value="Budget"' in answer.text
    assert f'value="{ROOM}" selected' in answer.text and tenant.events(ADA) == []


def test_a_move_that_makes_no_sense_changes_nothing_and_keeps_what_was_typed(
    outlook: FlaskClient, tenant: Tenant
) -> None:
    page = book(outlook)
    fields = {"action": "moved", "date": "2026-11-24", "start": "14:00", "end": "13:00"}
    answer = outlook.post(page.request.path, data=fields)
    assert answer.status_code == 422 and 'value="14:00"' in answer.text
    assert tenant.events(ADA)[0]["start"] == BERLIN_TEN


def test_who_does_not_organize_can_only_answer(outlook: FlaskClient, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("Hers", wall(9), wall(10), guests=[BEN])
    number = next(iter(tenant.mailbox(BEN).items))
    page = outlook.get(f"/as/{BEN}/meeting/{number}")
    assert "Only Ada Lindholm can change this meeting." in text(page) and "Cancel meeting" not in page.text
    assert act(outlook, page, action="cancelled").status_code == 404 and len(tenant.events(ADA)) == 1
    act(outlook, page, action="answered", answer="accepted")
    assert tenant.events(ADA)[0]["attendees"] == [(BEN, "required", "accepted")]
    assert "The meeting" not in text(act(outlook, page, action="answered", answer="declined"))
    assert tenant.events(BEN) == [] and tenant.events(ADA)[0]["attendees"][0][2] == "declined"


def test_a_cancelled_copy_is_shown_as_such(outlook: FlaskClient, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = ada.book("Off", wall(9), wall(10), rooms=[ROOM])
    tenant.settle()
    ada.cancel(booked)
    page = text(outlook.get(f"/rooms/{ROOM}/"))
    assert "Canceled: Ada Lindholm Cancelled" in page


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/as/nobody@contoso.example/", f"/rooms/{ADA}/", f"/as/{ADA}/meeting/999",
        "/as/pat@fabrikam.example/", "/fonts/..%2Fapp.css",
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_words(outlook: FlaskClient, tenant: Tenant, path: str) -> None:
    tenant.add_outsider("pat@fabrikam.example")
    answer = outlook.get(path)
    assert answer.status_code == 404 and "Choose who you are" in answer.text


def test_a_date_that_a_series_does_not_have_is_not_there(outlook: FlaskClient, tenant: Tenant) -> None:
    series = tenant.as_person(ADA).book("x", wall(9), wall(10), recurrence=weekly(3))
    for text_of_date, status in (("2026-12-01", 200), ("2026-12-02", 404), ("soon", 404)):
        assert outlook.get(f"/as/{ADA}/meeting/{series.number}?date={text_of_date}").status_code == status


def test_subjects_and_names_are_shown_as_text_only(outlook: FlaskClient, tenant: Tenant) -> None:
    book(outlook, subject="<script>alert(1)</script>")
    page = outlook.get(f"/as/{ADA}/?week=2026-11-24")
    assert "<script>" not in page.text and "&lt;script&gt;" in page.text


def test_pages_need_no_script_no_inline_style_and_no_cookie(outlook: FlaskClient) -> None:
    page = book(outlook, weekly="on", weeks="2")
    for path in ("/", f"/as/{ADA}/", f"/as/{ADA}/new", page.request.full_path, f"/rooms/{ROOM}/", "/trouble", "/no"):
        answer = outlook.get(path)
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", answer.text)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_a_form_of_another_website_does_nothing(outlook: FlaskClient, tenant: Tenant) -> None:
    answer = outlook.post(f"/as/{ADA}/new", data=FIELDS, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and tenant.events(ADA) == []


# -- labels that tests of the whole product press


@pytest.mark.parametrize("label", ["Subject", "Date", "Start", "End", "Room"])
def test_a_label_names_one_field_even_where_labels_are_found_by_a_part_of_their_words(
    outlook: FlaskClient, label: str
) -> None:
    for page in (outlook.get(f"/as/{ADA}/new"), book(outlook)):
        labels = re.findall(r"<label[^>]*>(.*?)</label>|aria-label=\"([^\"]*)\"", page.text)
        fitting = [found for found in labels if label.lower() in "".join(found).lower()]
        assert len(fitting) == (1 if label != "Room" or "/new" in page.request.path else 0)


# -- trouble


def test_an_expired_secret_and_a_removed_consent_are_restored(outlook: FlaskClient, asker: Asker) -> None:
    outlook.post("/trouble", data={"action": "secret"})
    assert asker.token().json()["error_codes"] == [7000222]
    assert "Secret Expired" in text(outlook.get("/trouble")) and "Trouble now" in text(outlook.get("/"))
    outlook.post("/trouble", data={"action": "restored"})
    outlook.post("/trouble", data={"action": "consent"})
    asker.new_token()
    assert asker.get(f"/users/{ROOM}/events").status_code == 403
    outlook.post("/trouble", data={"action": "restored"})
    asker.new_token()
    assert asker.get(f"/users/{ROOM}/events").status_code == 200
    assert "Trouble now" not in text(outlook.get("/"))


def test_throttling_ends_by_itself(outlook: FlaskClient, asker: Asker, tenant: Tenant) -> None:
    outlook.post("/trouble", data={"action": "throttled", "minutes": "2"})
    answer = asker.get(f"/users/{ROOM}/events")
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "10" and code_of(answer)
    assert asker.token().status_code == 200
    tenant.advance(121)
    assert asker.get(f"/users/{ROOM}/events").status_code == 200
    assert "Graph Answers" in text(outlook.get("/trouble"))


def test_a_tenant_that_is_down_breaks_connections_even_while_it_throttles(
    outlook: FlaskClient, asker: Asker, tenant: Tenant
) -> None:
    outlook.post("/trouble", data={"action": "throttled", "minutes": "20"})
    outlook.post("/trouble", data={"action": "down", "minutes": "10"})
    for _ in range(2):
        with pytest.raises(OSError, match="aborted"):
            asker.get(f"/users/{ROOM}/events")
        with pytest.raises(OSError, match="aborted"):
            asker.token()
    assert outlook.get(f"/rooms/{ROOM}/").status_code == 200
    tenant.advance(601)
    assert asker.get(f"/users/{ROOM}/events").status_code == 429


@pytest.mark.parametrize("minutes", ["", "0", "121", "-1", "five"])
def test_minutes_are_asked_for_in_words(outlook: FlaskClient, tenant: Tenant, minutes: str) -> None:
    answer = outlook.post("/trouble", data={"action": "down", "minutes": minutes})
    assert answer.status_code == 422 and "from 1 to 120" in text(answer) and tenant.faults.orders == []


# -- over HTTPS


@pytest.fixture
def server(tenant: Tenant, app: App) -> Iterator[TenantServer]:
    with TenantServer(tenant) as made:
        yield made


def test_the_announced_address_answers_over_https_with_its_stylesheet_and_fonts(server: TenantServer) -> None:
    session = client_of(server.ca_path)
    page = session.get(server.outlook_url, timeout=10)
    assert page.status_code == 200 and "Who are you?" in page.text
    assert session.get(server.outlook_url.rstrip("/"), timeout=10).status_code == 200
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', page.text)
    assert sheet
    styles = session.get(f"{server.origin}{sheet[1]}", timeout=10)
    assert styles.headers["Content-Type"].startswith("text/css")
    for name in re.findall(r"url\(\.\./(fonts/[^)]+)\)", styles.text):
        assert session.get(f"{server.outlook_url}{name}", timeout=10).status_code == 200


def test_a_meeting_is_booked_and_cancelled_over_https(server: TenantServer) -> None:
    session = client_of(server.ca_path)
    page = session.post(f"{server.outlook_url}as/{ADA}/new", data=FIELDS | {"room": ROOM}, timeout=10)
    assert page.status_code == 200 and page.url.startswith(f"{server.outlook_url}as/{ADA}/meeting/")
    assert len(server.tenant.events(ADA)) == 1
    session.post(page.url, data={"action": "cancelled"}, timeout=10)
    assert server.tenant.events(ADA) == []
