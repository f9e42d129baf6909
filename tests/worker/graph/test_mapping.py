"""What Graph's items mean, read from shapes recorded from live tenants."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.graph import samples
from webapp.domain.intervals import AllDay, Timed
from webapp.domain.words import Answer
from worker.graph import mapping
from worker.graph.mapping import Partial
from worker.sync.errors import Unreadable
from worker.sync.event import (
    Event,
    EventKind,
    EventPatch,
    NewEvent,
    Party,
    Removed,
    ResourceAnswer,
    Row,
    SeriesTouched,
    Unusable,
)

TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)
ELEVEN = datetime(2026, 3, 10, 11, tzinfo=UTC)


def read(raw: dict[str, Any]) -> Event:
    found = mapping.row(raw)
    assert isinstance(found, Event)
    return found


def test_a_room_copy_is_read_with_its_answer_and_its_resources():
    event = read(samples.event())
    assert event.kind is EventKind.SINGLE
    assert event.span == Timed(datetime(2026, 3, 10, 16, tzinfo=UTC), datetime(2026, 3, 10, 16, 30, tzinfo=UTC))
    assert event.subject == "Budget"
    assert event.organizer == Party("Hanna Ito", "hanna.ito@contoso.test")
    assert (event.is_organizer, event.answer, event.blocks) == (False, Answer.ACCEPTED, True)
    assert event.resources == (ResourceAnswer("oak@contoso.test", Answer.ACCEPTED),)
    assert event.other_attendees == 0  # only the organizer is listed besides
    assert event.created == datetime(2026, 3, 2, 7, 45, 45, 399915, tzinfo=UTC)
    assert event.transaction_id is None


@pytest.mark.parametrize("sensitivity", ["private", "personal", "confidential", "Private", "unheard of"])
def test_the_subject_of_anything_private_is_never_read_h56(sensitivity):
    event = read(samples.event(sensitivity=sensitivity, subject="canary"))
    assert event.subject is None
    assert "canary" not in repr(event)


def test_an_organizer_s_name_is_one_line_that_a_database_keeps_h60():
    name = "e\u0301va \x00 So\ud800rensen  " + "n" * 300
    party = read(samples.event(organizer={"emailAddress": {"name": name, "address": " Eva@X.test\x00"}})).organizer
    assert party.name.startswith("\u00e9va So rensen n")
    assert (len(party.name), party.address) == (255, "eva@x.test")


@pytest.mark.parametrize("uid", ["u" * 513, "u\x00id", "\ud800"])
def test_an_event_whose_uid_no_column_holds_is_set_aside_and_not_cut_h62(uid):
    assert mapping.row(samples.event(iCalUId=uid)) == Unusable(samples.event()["id"], "iCalUId")


def test_no_body_survives_the_mapping_h56():
    assert "not ours to read" not in repr(read(samples.event()))


def test_both_forms_of_a_change_key_compare_equal_h19():
    assert mapping.comparable_change_key(f'W/"{samples.PLAIN_KEY}"') == samples.PLAIN_KEY
    assert mapping.comparable_change_key(f'W/"{samples.PREFIXED_KEY}"') == samples.PLAIN_KEY


@pytest.mark.parametrize("etag", ["", "W/", 'W/"not base64 !"', 'W/"c2hvcnQ="'])
def test_a_change_key_of_another_form_is_compared_as_it_is(etag):
    assert mapping.comparable_change_key(etag) == etag.removeprefix("W/").strip('"')


def test_a_sparse_occurrence_only_marks_its_series_h03():
    assert mapping.row(samples.sparse(2, "2026-03-11")) == SeriesTouched(samples.MASTER, "AAMkAG-date-2==")


def test_an_item_that_lacks_members_is_never_read_as_if_they_were_empty_h03():
    for name in ("subject", "isCancelled", "showAs", "isAllDay", "sensitivity", "start"):
        raw = samples.event()
        del raw[name]
        assert mapping.row(raw) == Partial(raw["id"]), name


def test_a_removal_is_a_removal_h05():
    assert mapping.row(samples.removed("x")) == Removed("x")


def test_a_changed_date_knows_its_original_date_without_occurrence_id():
    event = read(samples.delta_exception())
    assert (event.kind, event.original_date) == (EventKind.EXCEPTION, date(2026, 3, 11))
    assert event.series_master_id == samples.MASTER


def test_a_date_cancelled_by_the_organizer_does_not_block_h52():
    event = read(samples.cancelled_date())
    assert (event.is_cancelled, event.blocks, event.original_date) == (True, False, date(2026, 3, 12))


def test_original_start_counts_in_the_zone_of_the_series_h30():
    raw = samples.delta_exception(
        iCalUId=samples.uid(), originalStart="2026-03-11T23:30:00Z", originalStartTimeZone="Tokyo Standard Time"
    )
    assert read(raw).original_date == date(2026, 3, 12)


def test_the_id_of_a_date_tells_its_original_date_as_a_last_resort():
    ticks = (date(2026, 3, 11) - date(1, 1, 1)).days * 864_000_000_000
    raw_id = b"\x00\x03$\x00" + b"\xff" * 35 + b"\x01\x51\x00\x08" + ticks.to_bytes(8, "big") + b"\xfb\xf0" * 4
    spelled = base64.b64encode(raw_id).decode().translate(str.maketrans("/+", "-_"))
    raw = samples.delta_exception(id=spelled, iCalUId=samples.uid())
    del raw["originalStart"]
    assert "-" in spelled
    assert read(raw).original_date == date(2026, 3, 11)
    assert read({**raw, "id": "AAMk-none=="}).original_date is None


def test_an_all_day_date_is_where_it_starts_when_nothing_better_is_told():
    raw = samples.delta_exception(
        iCalUId=samples.uid(),
        isAllDay=True,
        originalStart="2026-03-11T07:00:00Z",
        start=samples.moment("2026-03-11T00:00:00"),
        end=samples.moment("2026-03-12T00:00:00"),
    )
    event = read(raw)
    assert event.span == AllDay(date(2026, 3, 11), date(2026, 3, 12))
    assert event.original_date == date(2026, 3, 11)


@pytest.mark.parametrize("zone", ["UTC", "Pacific Standard Time", "tzone://Microsoft/Custom", "Nowhere"])
def test_all_day_is_dates_whatever_zone_is_printed_beside_them_h31(zone):
    raw = samples.event(
        isAllDay=True,
        start=samples.moment("2026-03-10T00:00:00", zone),
        end=samples.moment("2026-03-12T00:00:00", zone),
    )
    assert read(raw).span == AllDay(date(2026, 3, 10), date(2026, 3, 12))


def test_a_timed_event_from_midnight_to_midnight_is_not_all_day_h31():
    raw = samples.event(start=samples.moment("2026-03-10T00:00:00"), end=samples.moment("2026-03-11T00:00:00"))
    assert read(raw).span == Timed(datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("W. Europe Standard Time", 9), ("Europe/Berlin", 9), ("tzone://Microsoft/Utc", 10), ("utc", 10)],
)
def test_times_in_a_windows_or_iana_zone_become_utc_h30(zone, hour):
    raw = samples.event(
        start=samples.moment("2026-03-10T10:00:00", zone), end=samples.moment("2026-03-10T11:00:00", zone)
    )
    assert read(raw).span.start == datetime(2026, 3, 10, hour, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["tzone://Microsoft/Custom", "Customized Time Zone", "Mitteleuropäische Zeit", ""])
def test_an_unknown_zone_sets_the_item_aside_and_is_never_utc_h30(zone):
    found = mapping.row(samples.event(start=samples.moment("2026-03-10T10:00:00", zone)))
    assert isinstance(found, Unusable)
    assert "timeZone" in found.reason


@pytest.mark.parametrize(
    ("changes", "blocks"),
    [
        ({}, True),
        ({"showAs": "tentative"}, True),
        ({"responseStatus": {"response": "notResponded"}}, True),
        ({"responseStatus": {"response": "none"}}, True),
        ({"responseStatus": None}, True),
        ({"responseStatus": {"response": "declined"}}, False),
        ({"isCancelled": True}, False),
        ({"showAs": "free"}, False),
        ({"showAs": "Free"}, False),
    ],
)
def test_what_blocks_the_room_h52(changes, blocks):
    assert read(samples.event(**changes)).blocks is blocks


def test_an_event_of_the_room_itself_needs_no_answer():
    event = read(samples.event(isOrganizer=True, responseStatus=None, attendees=None))
    assert (event.answer, event.resources, event.other_attendees) == (Answer.ORGANIZER, (), 0)


def test_member_names_are_read_in_any_letter_case():
    raw = {name.upper() if name[0] != "@" else name: value for name, value in samples.event().items()}
    assert read(raw) == read(samples.event())


def test_the_tag_is_read_where_it_was_expanded():
    value = [{"id": mapping.TAG_PROPERTY.replace("5b0d", "5B0D"), "value": "mark"}]
    assert read(samples.event(singleValueExtendedProperties=value)).tag == "mark"
    assert read(samples.event(singleValueExtendedProperties=[{"id": "String {0} Name X", "value": "y"}])).tag is None


@pytest.mark.parametrize(
    "changes",
    [
        {"end": samples.moment("2026-03-10T15:00:00")},
        {"isAllDay": True, "end": samples.moment("2026-03-10T00:00:00")},
        {"start": samples.moment("0000-00-00T00:00:00")},
        {"start": samples.moment("0001-01-01T00:00:00", "Tokyo Standard Time")},
        {"start": None},
        {"isAllDay": "yes"},
        {"type": "somethingNew"},
        {"attendees": [None]},
        {"organizer": []},
    ],
)
def test_values_that_make_no_sense_set_the_item_aside_h32(changes):
    found = mapping.row(samples.event(**changes))
    assert isinstance(found, Unusable)
    assert found.id == "AAMkAG-one=="


def test_year_4500_and_a_meeting_of_no_length_are_events_h32():
    assert read(samples.event(end=samples.moment("4500-08-31T23:59:00")))
    assert read(samples.event(end=samples.moment("2026-03-10T16:00:00")))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["0001-01-01T00:00:00", "Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(samples.event())), value=JSON)
def test_no_value_of_a_tenant_raises_h32(name, value):
    found = mapping.row(samples.event(**{name: value}))
    assert isinstance(found, Event | Unusable | Partial | Removed | SeriesTouched)


@given(
    text=st.text(min_size=0, max_size=40), zone=st.sampled_from(["UTC", "Tokyo Standard Time", "Nowhere", "America"])
)
def test_no_text_in_a_time_raises_h32(text, zone):
    found = mapping.row(samples.event(start={"dateTime": text, "timeZone": zone}))
    assert isinstance(found, Event | Unusable)


@given(item=JSON)
def test_no_item_at_all_raises_h32(item):
    assert isinstance(mapping.row(item), Row | mapping.Partial)


def test_a_page_needs_one_of_the_two_links():
    with pytest.raises(Unreadable):
        mapping.page({"value": []})
    with pytest.raises(Unreadable):
        mapping.page({"@odata.deltaLink": "x"})
    assert mapping.page({"value": [], "@odata.nextLink": "n"}) == ((), "n", None)
    assert mapping.page({"value": [], "@odata.deltaLink": "d"}) == ((), None, "d")


def test_a_create_carries_its_marks_and_nobody_to_mail():
    body = mapping.create_body(
        NewEvent("install.reservation.1.1", " Team\tlunch ", Timed(TEN, ELEVEN), "Europe/Berlin")
    )
    assert body == {
        "transactionId": "install.reservation.1.1",
        "subject": "Team lunch",
        "isAllDay": False,
        "start": {"dateTime": "2026-03-10T10:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-10T11:00:00", "timeZone": "UTC"},
        "showAs": "busy",
        "sensitivity": "normal",
        "singleValueExtendedProperties": [{"id": mapping.TAG_PROPERTY, "value": "install.reservation.1.1"}],
    }


def test_whole_days_are_midnights_in_the_rooms_zone_by_its_windows_name_h31():
    span = AllDay(date(2026, 3, 10), date(2026, 3, 11))
    body = mapping.create_body(NewEvent("t", "x", span, "Europe/Berlin", is_private=True))
    assert body["isAllDay"] is True
    assert body["start"] == {"dateTime": "2026-03-10T00:00:00", "timeZone": "W. Europe Standard Time"}
    assert body["end"] == {"dateTime": "2026-03-11T00:00:00", "timeZone": "W. Europe Standard Time"}
    assert body["sensitivity"] == "private"


def test_a_patch_carries_only_what_changed_h41():
    assert mapping.patch_body(EventPatch(subject="New")) == {"subject": "New"}
    assert mapping.patch_body(EventPatch(is_private=True)) == {"sensitivity": "private"}
    assert set(mapping.patch_body(EventPatch(span=Timed(TEN, ELEVEN)))) == {"isAllDay", "start", "end"}
    assert mapping.patch_body(EventPatch()) == {}


def test_what_was_sent_is_read_back_as_the_same_span_h31():
    for span in (Timed(TEN, ELEVEN), AllDay(date(2026, 3, 10), date(2026, 3, 13))):
        sent = mapping.create_body(NewEvent("t", "x", span, "America/New_York"))
        assert read(samples.event(**{name: sent[name] for name in ("isAllDay", "start", "end")})).span == span


def test_a_master_carries_its_rule_and_other_events_carry_none():
    rule = read(samples.master()).rule
    assert rule is not None and rule.rule is not None
    assert (rule.rule.range.start, rule.rule.range.end) == (date(2026, 3, 10), date(2026, 3, 12))
    assert read(samples.event()).rule is None
    assert read(samples.delta_exception()).rule is None


@pytest.mark.parametrize(
    ("recurrence", "fault"),
    [
        (None, "recurrence type"),
        ("every day", "recurrence"),
        ({"pattern": {"type": "hourly", "interval": 1}, "range": {"type": "noEnd"}}, "recurrence type"),
        (
            {
                "pattern": {"type": "daily", "interval": 1},
                "range": {
                    "type": "noEnd",
                    "startDate": "2026-03-10",
                    "recurrenceTimeZone": "tzone://Microsoft/Custom",
                },
            },
            "timeZone tzone://Microsoft/Custom",
        ),
    ],
)
def test_a_rule_that_cannot_be_read_is_set_aside_alone_and_its_event_is_read_h30_h62(recurrence, fault):
    event = read(samples.master(recurrence=recurrence))
    assert event.kind is EventKind.MASTER
    assert event.rule is not None
    assert (event.rule.rule, event.rule.fault) == (None, fault)
