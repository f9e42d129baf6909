"""Listing, viewing and getting events: what is there, what is not, and how it looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tenant import Tenant, ids
from tests.tenant.conftest import ADA, DAY, OTHER_ROOM, ROOM, WINDOW, Asker, code_of, event, wall, weekly

TAG = "String {66f5a359-4659-4638-81a3-d1d2b2f5c5b4} Name OurBookingId"


def refuses(asker: Asker, path: str, code: str | None = None, status: int = 400) -> None:
    answer = asker.get(path)
    assert answer.status_code == status, answer.text
    if code is not None:
        assert code_of(answer) == code


def test_a_listing_holds_singles_and_masters_of_any_date_ten_by_default(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    for hour in range(11):
        ada.book(f"single {hour}", wall(hour, year=2031), wall(hour, 30, year=2031))
    ada.book("series", wall(9), wall(10), recurrence=weekly())
    first = asker.get(f"/users/{ADA}/events").json()
    assert len(first["value"]) == 10 and "%24top=10&%24skip=10" in first["@odata.nextLink"]
    second = asker.get(first["@odata.nextLink"]).json()
    assert "@odata.nextLink" not in second
    assert {row["type"] for row in first["value"] + second["value"]} == {"singleInstance", "seriesMaster"}


def test_a_view_holds_dates_but_no_masters(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("series", wall(9), wall(10), recurrence=weekly(3))
    rows = asker.view(ADA)
    assert [row["type"] for row in rows] == ["occurrence"] * 3
    assert all(row["recurrence"] is None and row["seriesMasterId"] for row in rows)


def test_a_view_selects_by_overlap_half_open(asker: Asker) -> None:
    asker.create(hour=10)
    for begin, finish, count in (
        ("10:59", "12:00", 1),
        ("11:00", "12:00", 0),
        ("09:00", "10:00", 0),
        ("10:20", "10:30", 1),
    ):
        window = f"startDateTime=2026-11-24T{begin}:00Z&endDateTime=2026-11-24T{finish}:00Z"
        assert len(asker.view(window=window)) == count, (begin, finish)


def test_a_view_takes_an_offset_in_its_parameters_and_none_as_utc(asker: Asker) -> None:
    asker.create(hour=10)
    encoded = "startDateTime=2026-11-24T11:30:00%2B01:00&endDateTime=2026-11-24T11:45:00%2B01:00"
    assert len(asker.view(window=encoded)) == 1
    assert len(asker.view(window="startDateTime=2026-11-24T10:30:00&endDateTime=2026-11-24T10:45:00")) == 1


def test_an_unencoded_plus_in_a_parameter_is_refused(asker: Asker) -> None:
    refuses(
        asker, f"/users/{ROOM}/calendarView?startDateTime=2026-11-24T00:00:00+01:00&endDateTime=2026-11-25T00:00:00Z"
    )


@pytest.mark.parametrize(
    "query",
    ["", "startDateTime=2026-11-24T00:00:00Z", "startDateTime=soon&endDateTime=later", f"{WINDOW}&$foo=1"],
)
def test_a_view_without_its_window_or_with_nonsense_is_refused(asker: Asker, query: str) -> None:
    refuses(asker, f"/users/{ROOM}/calendarView?{query}")


def test_a_view_over_too_many_years_is_refused(asker: Asker) -> None:
    window = "startDateTime=2020-01-01T00:00:00Z&endDateTime=2029-01-01T00:00:00Z"
    refuses(asker, f"/users/{ROOM}/calendarView?{window}", "ErrorCalendarViewRangeTooBig")


def test_paths_that_graph_does_not_have_are_400(asker: Asker) -> None:
    answer = asker.get("/unknown")
    assert answer.json() == {
        "error": {"code": "RequestBroker--ParseUri", "message": "Resource not found for the segment 'unknown'."}
    }
    refuses(asker, f"/users/{ROOM}/meetings")
    refuses(asker, f"/users/{ROOM}/events/delta")


def test_times_come_in_the_preferred_zone_with_seven_digits_and_no_offset(asker: Asker) -> None:
    made = asker.create(hour=10)
    assert made["start"] == {"dateTime": "2026-11-24T10:00:00.0000000", "timeZone": "UTC"}
    answer = asker.get(
        f"/users/{ROOM}/events/{made['id']}", Prefer='IdType="ImmutableId", outlook.timezone="Pacific Standard Time"'
    )
    assert answer.json()["start"] == {"dateTime": "2026-11-24T02:00:00.0000000", "timeZone": "Pacific Standard Time"}
    assert "outlook.timezone" in answer.headers["Preference-Applied"]


def test_an_unknown_zone_in_prefer_is_refused(asker: Asker) -> None:
    answer = asker.get(f"/users/{ROOM}/events", Prefer='outlook.timezone="Middle Earth"')
    assert answer.status_code == 400


def test_both_windows_and_iana_zone_names_are_known(asker: Asker) -> None:
    windows = asker.get(f"/users/{ROOM}/outlook/supportedTimeZones").json()["value"]
    iana = asker.get(
        f"/users/{ROOM}/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')"
    )
    assert "W. Europe Standard Time" in {zone["alias"] for zone in windows}
    assert "Europe/Berlin" in {zone["alias"] for zone in iana.json()["value"]}


def test_ids_are_mutable_unless_the_header_asks_and_the_two_kinds_differ(asker: Asker) -> None:
    made = asker.create()
    mutable = asker.get(f"/users/{ROOM}/events", Prefer="").json()["value"][0]["id"]
    assert mutable.startswith("AAMk") and len(mutable) == 152
    assert made["id"] != mutable and made["id"].startswith("AAkALgA")
    assert asker.get(f"/users/{ROOM}/events/{mutable}").json()["id"] == made["id"]


def test_a_mutable_id_dies_when_the_item_moves_and_an_immutable_one_lives(asker: Asker, tenant: Tenant) -> None:
    made = asker.create()
    mutable = asker.get(f"/users/{ROOM}/events", Prefer="").json()["value"][0]["id"]
    tenant.move_items(ROOM)
    assert asker.get(f"/users/{ROOM}/events/{mutable}").status_code == 404
    assert asker.get(f"/users/{ROOM}/events/{made['id']}").status_code == 200


def test_ids_translate_between_their_kinds(asker: Asker) -> None:
    made = asker.create()
    mutable = asker.get(f"/users/{ROOM}/events", Prefer="").json()["value"][0]["id"]
    body = {"inputIds": [mutable], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    rows = asker.ask("POST", f"/users/{ROOM}/translateExchangeIds", body).json()["value"]
    assert rows == [{"sourceId": mutable, "targetId": made["id"]}]


@pytest.mark.parametrize("style", ["case", "dash"])
def test_two_events_can_have_ids_that_differ_in_one_character_h16(asker: Asker, tenant: Tenant, style: str) -> None:
    tenant.plan_twins(ROOM, style)
    one, other = asker.create(subject="one"), asker.create(subject="other")
    assert one["id"] != other["id"]
    if style == "case":
        assert one["id"].lower() == other["id"].lower()
    assert asker.get(f"/users/{ROOM}/events/{one['id']}").json()["subject"] == "one"
    assert asker.get(f"/users/{ROOM}/events/{other['id']}").json()["subject"] == "other"


def test_an_id_of_another_mailbox_is_404_and_nonsense_is_malformed(asker: Asker) -> None:
    made = asker.create()
    refuses(asker, f"/users/{OTHER_ROOM}/events/{made['id']}", "ErrorItemNotFound", 404)
    refuses(asker, f"/users/{ROOM}/events/bad_id", "ErrorInvalidIdMalformed")
    refuses(asker, f"/users/{ROOM}/events/{made['id'].swapcase()}", None, 400)
    stray_bit = made["id"].replace("AAA=", "AAB=")
    refuses(asker, f"/users/{ROOM}/events/{stray_bit}", "ErrorInvalidIdMalformed")


def test_an_event_found_by_ical_uid_but_not_by_uid(asker: Asker, tenant: Tenant) -> None:
    booked = tenant.as_person(ADA).book("found", wall(9), wall(10), rooms=[ROOM])
    rows = asker.get(f"/users/{ROOM}/events?$filter=iCalUId eq '{booked.ical_uid}'").json()["value"]
    assert [row["id"] for row in rows] == [booked.id_in(ROOM)]
    refuses(asker, f"/users/{ROOM}/events?$filter=uid eq '{booked.ical_uid}'")


def test_a_tag_is_stored_filtered_and_shown_only_when_expanded(asker: Asker) -> None:
    asker.create(subject="untagged")
    made = asker.create(hour=12, singleValueExtendedProperties=[{"id": TAG, "value": "R-1"}])
    assert "singleValueExtendedProperties" not in made
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}')"
    shown = asker.get(f"/users/{ROOM}/events/{made['id']}?{expand}").json()
    assert shown["singleValueExtendedProperties"] == [{"id": TAG, "value": "R-1"}]
    wanted = f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{TAG}' and ep/value eq 'r-1')"
    assert [row["id"] for row in asker.get(f"/users/{ROOM}/events?{wanted}").json()["value"]] == [made["id"]]
    lower = wanted.replace("OurBookingId", "ourbookingid")
    assert asker.get(f"/users/{ROOM}/events?{lower}").json()["value"] == []
    assert len(asker.get(f"/users/{ROOM}/calendarView?{WINDOW}&{expand}").json()["value"]) == 2


def test_a_tag_is_not_on_other_copies(asker: Asker, tenant: Tenant) -> None:
    attendees = [{"emailAddress": {"address": OTHER_ROOM}, "type": "resource"}]
    asker.create(
        box=ADA, attendees=attendees, singleValueExtendedProperties=[{"id": TAG, "value": "R-1"}], transactionId="t"
    )
    tenant.settle()
    expand = f"$expand=singleValueExtendedProperties($filter=id eq '{TAG}')"
    copy = asker.get(f"/users/{OTHER_ROOM}/events?{expand}").json()["value"][0]
    assert "singleValueExtendedProperties" not in copy and copy["transactionId"] is None


def test_select_keeps_id_and_etag_and_gives_original_start_only_when_named(asker: Asker, tenant: Tenant) -> None:
    tenant.as_person(ADA).book("series", wall(9), wall(10), recurrence=weekly(2))
    plain = asker.view(ADA)[0]
    assert "originalStart" not in plain and plain["occurrenceId"].endswith(".2026-11-24")
    row = asker.get(f"/users/{ADA}/calendarView?{WINDOW}&$select=subject,originalStart,createdDateTime").json()[
        "value"
    ][0]
    assert set(row) == {"@odata.etag", "id", "subject", "originalStart"}
    assert row["originalStart"] == "2026-11-24T08:00:00Z"


def test_an_exception_is_found_on_its_master_with_select_and_expand(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(4))
    ada.change_occurrence(series, DAY + timedelta(days=7), subject="special")
    ada.cancel_occurrence(series, DAY + timedelta(days=14))
    query = "$select=subject,occurrenceId,exceptionOccurrences,cancelledOccurrences&$expand=exceptionOccurrences"
    body = asker.get(f"/users/{ADA}/events/{series.immutable_id}?{query}").json()
    assert [one["subject"] for one in body["exceptionOccurrences"]] == ["special"]
    assert body["cancelledOccurrences"] == [f"OID.{series.immutable_id}.2026-12-08"]
    assert "cancelledOccurrences" not in asker.get(f"/users/{ADA}/events/{series.immutable_id}").json()


def test_instances_need_a_window_and_are_not_sorted_and_lack_what_was_cancelled(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(4))
    ada.change_occurrence(
        series, DAY + timedelta(days=7), start=wall(13, day=1, month=12), end=wall(14, day=1, month=12)
    )
    ada.cancel_occurrence(series, DAY + timedelta(days=14))
    path = f"/users/{ADA}/events/{series.immutable_id}/instances"
    refuses(asker, path)
    rows = asker.get(f"{path}?{WINDOW}").json()["value"]
    assert [row["type"] for row in rows] == ["exception", "occurrence", "occurrence"]
    assert [row["start"]["dateTime"][:10] for row in rows] == ["2026-12-01", "2026-11-24", "2026-12-15"]


def test_occurrence_ids_hold_the_original_date_and_stay_when_it_becomes_an_exception(
    asker: Asker, tenant: Tenant
) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(2))
    asker.prefer = ""
    before = asker.view(ADA)
    assert [ids.parse(row["id"]).original for row in before] == [DAY, DAY + timedelta(days=7)]
    assert len(before[0]["id"]) == 168
    ada.change_occurrence(series, DAY, subject="special")
    assert {row["id"] for row in asker.view(ADA)} == {row["id"] for row in before}


def test_ical_uids_of_dates_differ_in_characters_33_to_40_only(asker: Asker, tenant: Tenant) -> None:
    series = tenant.as_person(ADA).book("series", wall(9), wall(10), recurrence=weekly(2))
    uids = [row["iCalUId"] for row in asker.view(ADA)]
    assert [uid[32:40] for uid in uids] == ["07EA0B18", "07EA0C01"]
    assert {uid[:32] + "0" * 8 + uid[40:] for uid in uids} == {series.ical_uid}
    tenant.switches.ical_uid_per_occurrence = False
    tenant.touch_all(ADA)
    assert {row["iCalUId"] for row in asker.view(ADA)} == {series.ical_uid}


def test_dates_of_a_series_share_the_master_s_change_key(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    series = ada.book("series", wall(9), wall(10), recurrence=weekly(3))
    before = {row["changeKey"] for row in asker.view(ADA)}
    ada.change_occurrence(series, DAY, subject="special")
    after = {row["changeKey"] for row in asker.view(ADA)}
    assert len(before) == len(after) == 1 and before != after


def test_a_body_can_be_had_as_text(asker: Asker) -> None:
    made = asker.create(body={"contentType": "html", "content": "<b>Hello</b> world"})
    assert made["bodyPreview"] == "Hello world" and made["body"]["content"].startswith("<html>")
    answer = asker.get(
        f"/users/{ROOM}/events/{made['id']}", Prefer='IdType="ImmutableId", outlook.body-content-type="text"'
    )
    assert answer.json()["body"]["contentType"] == "text"


def test_a_page_s_rest_moves_when_people_act_between_two_pages(asker: Asker, tenant: Tenant) -> None:
    ada = tenant.as_person(ADA)
    booked = [ada.book(f"{hour}", wall(hour), wall(hour, 30)) for hour in range(12)]
    first = asker.get(f"/users/{ADA}/events?$top=6").json()
    ada.delete(booked[0])
    second = asker.get(first["@odata.nextLink"]).json()
    assert len(second["value"]) == 5


def test_top_has_a_limit_and_orderby_and_count_work(asker: Asker) -> None:
    for hour in (12, 10, 11):
        asker.create(hour=hour, subject=str(hour))
    refuses(asker, f"/users/{ROOM}/events?$top=5000")
    body = asker.get(f"/users/{ROOM}/events?$orderby=start/dateTime&$count=true").json()
    assert [row["subject"] for row in body["value"]] == ["10", "11", "12"] and body["@odata.count"] == 3


def test_the_same_option_twice_is_refused(asker: Asker) -> None:
    refuses(asker, f"/users/{ROOM}/events?$top=1&$top=2")


def test_an_unknown_member_in_select_is_refused(asker: Asker) -> None:
    refuses(asker, f"/users/{ROOM}/events?$select=subject,colour")


def test_a_calendar_can_be_named_by_its_id(asker: Asker) -> None:
    asker.create()
    own = asker.get(f"/users/{ROOM}/calendars").json()["value"][0]["id"]
    assert len(asker.get(f"/users/{ROOM}/calendars/{own}/events").json()["value"]) == 1
    refuses(asker, f"/users/{OTHER_ROOM}/calendars/{own}/events", "ErrorItemNotFound", 404)
    assert asker.ask("POST", f"/users/{ROOM}/calendar/events", event(12)).status_code == 201
