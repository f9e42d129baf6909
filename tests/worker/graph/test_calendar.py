"""A room's calendar, through the adapter, in the simulated tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.tenant import Tenant
from webapp.domain.intervals import AllDay, Timed
from webapp.domain.words import Answer
from worker.graph import batch
from worker.graph.batch import Stir
from worker.graph.calendar import GraphCalendar
from worker.graph.client import GraphClient
from worker.graph.mapping import TAG_PROPERTY
from worker.graph.places import Place, list_rooms
from worker.graph.throttle import Gate
from worker.graph.token import Credentials, TokenSource
from worker.sync import errors
from worker.sync.event import Event, EventKind, EventPatch, NewEvent, Page, Removed, SeriesTouched

ROOM, OTHER = "o'ak+1@contoso.example", "elm@contoso.example"
HANNA = "hanna@contoso.example"
START, END = datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
TEN = datetime(2026, 11, 25, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = {
    "pattern": {"type": "daily", "interval": 1},
    "range": {"type": "numbered", "startDate": "2026-11-25", "numberOfOccurrences": 4},
}


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(seed=7)
    tenant.add_room(ROOM, "Oak", capacity=8, building="North", floor=2, time_zone="W. Europe Standard Time")
    tenant.add_room(OTHER, "Elm")
    tenant.add_person(HANNA, "Hanna Ito")
    return tenant


def client_of(tenant: Tenant) -> GraphClient:
    app = next(iter(tenant.apps.values()), None) or tenant.register_app()
    session = tenant.session()
    credentials = Credentials(tenant.tenant_id, app.client_id, app.secret)
    scope = f"{tenant.graph_origin}/.default"
    tokens = TokenSource(credentials, tenant.authority_origin, scope, session, now=tenant.clock.now)
    return GraphClient(tenant.graph_base_url, tokens, session, Gate())


@pytest.fixture
def client(tenant: Tenant) -> GraphClient:
    return client_of(tenant)


@pytest.fixture
def calendar(client: GraphClient) -> GraphCalendar:
    return GraphCalendar(client, ROOM)


def new(number: int = 1, start: datetime = TEN, subject: str = "Lunch") -> NewEvent:
    return NewEvent(f"inst1234.r{number}.1.1", subject, Timed(start, start + HOUR), "Europe/Berlin")


def pages(calendar: GraphCalendar, first: Page) -> Iterator[Page]:
    """A whole round."""
    page = first
    yield page
    while page.next_link:
        page = calendar.follow(page.next_link)
        yield page


def a_round(calendar: GraphCalendar, link: str | None = None) -> tuple[list[object], str]:
    """All rows of a round and the delta link at its end."""
    found = list(pages(calendar, calendar.follow(link) if link else calendar.first_page(START, END)))
    assert found[-1].delta_link
    return [row for page in found for row in page.rows], found[-1].delta_link


def test_the_calendar_is_known_by_its_id_under_every_alias_h55(tenant: Tenant, client: GraphClient):
    tenant.alias("oak-alias@contoso.example", ROOM)
    key = GraphCalendar(client, ROOM).calendar_key()
    assert key == GraphCalendar(client, "oak-alias@contoso.example").calendar_key()
    assert key != GraphCalendar(client, OTHER).calendar_key()


def test_what_is_created_is_read_back_as_it_was_sent(tenant: Tenant, calendar: GraphCalendar):
    made = calendar.create(new())
    assert made.span == Timed(TEN, TEN + HOUR)
    assert (made.subject, made.transaction_id, made.is_organizer, made.blocks) == (
        "Lunch",
        "inst1234.r1.1.1",
        True,
        True,
    )
    again = calendar.read(made.id)
    assert again.tag == "inst1234.r1.1.1"
    assert again.change_key == made.change_key
    assert calendar.listing(TEN, TEN + HOUR) == (again,)
    assert tenant.mails == []
    assert tenant.events(ROOM)[0]["properties"] == {TAG_PROPERTY: "inst1234.r1.1.1"}


def test_whole_days_stay_the_rooms_days_h31(tenant: Tenant, calendar: GraphCalendar):
    span = AllDay(date(2026, 11, 25), date(2026, 11, 27))
    made = calendar.create(NewEvent("inst1234.r1.1.1", "Fair", span, "Europe/Berlin", is_private=True))
    assert (made.span, made.subject, made.sensitivity) == (span, None, "private")
    truth = tenant.events(ROOM)[0]
    assert (truth["start"], truth["end"], truth["is_all_day"]) == (span.start, span.end, True)
    (item,) = tenant.mailbox(ROOM).items.values()
    assert item.start == datetime(2026, 11, 24, 23, tzinfo=UTC)


def test_the_same_create_twice_makes_one_event_h35(tenant: Tenant, calendar: GraphCalendar):
    first = calendar.create(new())
    assert calendar.create(new()).id == first.id
    assert len(tenant.events(ROOM)) == 1


@pytest.mark.parametrize("status", [400, 409])
def test_a_transaction_id_of_another_event_is_told_apart_h38(tenant: Tenant, calendar: GraphCalendar, status: int):
    tenant.switches.duplicate_transaction_status = status
    calendar.create(new())
    with pytest.raises(errors.DuplicateTransaction):
        calendar.create(new(subject="Other", start=TEN + HOUR))


def test_a_create_whose_answer_was_lost_is_in_doubt_and_found_by_its_mark_h35(
    tenant: Tenant, calendar: GraphCalendar
):
    tenant.faults.add("create", "T+")
    with pytest.raises(errors.Unavailable) as caught:
        calendar.create(new())
    assert caught.value.never_sent is False
    (found,) = calendar.listing(TEN - timedelta(days=1), TEN + timedelta(days=1))
    assert (found.transaction_id, found.tag) == ("inst1234.r1.1.1", "inst1234.r1.1.1")


@pytest.mark.parametrize("op", ["create", "patch", "delete"])
@pytest.mark.parametrize(("kind", "expected"), [("429+", errors.Throttled), ("503+", errors.Unavailable)])
def test_a_write_answered_busy_may_have_been_done_h37(tenant: Tenant, calendar: GraphCalendar, op, kind, expected):
    made = calendar.create(new()) if op != "create" else None
    tenant.faults.add(op, kind, retry_after=None)
    with pytest.raises(expected):
        if made is None:
            calendar.create(new())
        elif op == "patch":
            calendar.patch(made.id, EventPatch(subject="Dinner"), made.etag)
        else:
            calendar.delete(made.id, made.etag)
    titles = [event["subject"] for event in tenant.events(ROOM)]
    assert titles == {"create": ["Lunch"], "patch": ["Dinner"], "delete": []}[op]


def test_a_patch_changes_its_groups_alone(tenant: Tenant, calendar: GraphCalendar):
    made = calendar.create(new())
    patched = calendar.patch(made.id, EventPatch(subject="Dinner"), made.etag)
    assert (patched.subject, patched.span) == ("Dinner", made.span)
    moved = calendar.patch(made.id, EventPatch(span=Timed(TEN + HOUR, TEN + 2 * HOUR)), patched.etag)
    assert (moved.subject, moved.span) == ("Dinner", Timed(TEN + HOUR, TEN + 2 * HOUR))
    days = AllDay(date(2026, 11, 26), date(2026, 11, 27))
    assert calendar.patch(made.id, EventPatch(span=days, zone="Europe/Berlin"), moved.etag).span == days


def test_a_patch_of_what_changed_meanwhile_is_refused_h43(calendar: GraphCalendar):
    made = calendar.create(new())
    calendar.patch(made.id, EventPatch(subject="Dinner"), made.etag)
    with pytest.raises(errors.Changed):
        calendar.patch(made.id, EventPatch(subject="Supper"), made.etag)
    with pytest.raises(errors.Changed):
        calendar.delete(made.id, made.etag)


def test_a_patch_whose_result_cannot_be_read_is_in_doubt_and_not_gone(
    tenant: Tenant, calendar: GraphCalendar, monkeypatch
):
    made = calendar.create(new())
    monkeypatch.setattr("worker.graph.calendar.mapping.is_whole", lambda _body: False)
    tenant.faults.add("get", "404lag")
    with pytest.raises(errors.Unavailable):
        calendar.patch(made.id, EventPatch(subject="Dinner"), made.etag)
    assert calendar.patch(made.id, EventPatch(subject="Supper"), calendar.read(made.id).etag).subject == "Supper"


def test_what_is_deleted_is_gone_and_deleting_it_again_is_fine(calendar: GraphCalendar):
    made = calendar.create(new())
    assert calendar.delete(made.id, made.etag)
    assert not calendar.delete(made.id, made.etag)
    with pytest.raises(errors.Gone):
        calendar.read(made.id)


def test_a_delta_round_tells_of_creates_changes_and_removals(tenant: Tenant, calendar: GraphCalendar):
    hanna = tenant.as_person(HANNA)
    booked = hanna.book("Budget", TEN, TEN + HOUR, rooms=[ROOM])
    tenant.settle()
    rows, link = a_round(calendar)
    (event,) = {row for row in rows if isinstance(row, Event)}
    assert (event.subject, event.organizer.address, event.answer) == ("Hanna Ito", HANNA, Answer.ACCEPTED)
    assert event.resources[0].address == ROOM
    hanna.change(booked, start=TEN + HOUR, end=TEN + 2 * HOUR)
    tenant.settle()
    rows, link = a_round(calendar, link)
    assert {row.span.start for row in rows if isinstance(row, Event)} == {TEN + HOUR}
    tenant.as_delegate(ROOM).delete(booked)
    rows, link = a_round(calendar, link)
    assert Removed(event.id) in rows


def test_a_series_in_delta_is_its_master_and_marks_and_is_read_by_its_dates_h03_h04(
    tenant: Tenant, calendar: GraphCalendar
):
    tenant.set_policy(ROOM, delete_subject=False, add_organizer_to_subject=False)
    series = tenant.as_person(HANNA).book("Stand-up", TEN, TEN + HOUR, rooms=[ROOM], recurrence=DAILY)
    tenant.settle()
    tenant.as_person(HANNA).change_occurrence(series, date(2026, 11, 26), start=TEN + 26 * HOUR, end=TEN + 27 * HOUR)
    tenant.as_person(HANNA).cancel_occurrence(series, date(2026, 11, 27))
    tenant.settle()
    rows, _ = a_round(calendar)
    (master,) = {row for row in rows if isinstance(row, Event) and row.kind is EventKind.MASTER}
    assert {row.master_id for row in rows if isinstance(row, SeriesTouched)} == {master.id}
    dates = calendar.series_dates(master.id, START, END)
    assert [one.span.start for one in dates] == sorted(one.span.start for one in dates)
    blocking = {one.original_date: one.span.start for one in dates if one.blocks}
    assert blocking == {
        date(2026, 11, 25): TEN,
        date(2026, 11, 26): TEN + 26 * HOUR,
        date(2026, 11, 28): TEN + 72 * HOUR,
    }
    assert {one.series_master_id for one in dates} == {master.id}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_page_sizes_play_no_part_h11(tenant: Tenant, calendar: GraphCalendar, size: int):
    for number in range(5):
        calendar.create(new(number, TEN + number * HOUR))
    tenant.switches.delta_page_size_honoured = False
    tenant.switches.default_delta_page = size
    tenant.switches.empty_first_page = tenant.switches.trailing_empty_page = True
    rows, _ = a_round(calendar)
    assert {row.transaction_id for row in rows if isinstance(row, Event)} == {f"inst1234.r{n}.1.1" for n in range(5)}
    asked = [request for request in tenant.requests if "delta" in request.path]
    assert len(asked) >= 5 // size


def test_a_round_that_goes_in_circles_is_given_up_and_the_listing_still_works_h01(
    tenant: Tenant, calendar: GraphCalendar
):
    tenant.switches.delta_page_size_honoured, tenant.switches.default_delta_page = False, 2
    for number in range(6):
        calendar.create(new(number, TEN + number * HOUR))
    tenant.faults.add("delta", "loop", times=1000, skip=1)
    before = len(tenant.requests)
    with pytest.raises(errors.EndlessDelta):
        a_round(calendar)
    assert len(tenant.requests) - before <= 8
    assert len(calendar.listing(START, END)) == 6


@pytest.mark.parametrize("kind", ["400", "403", "504"])
def test_delta_refused_from_the_start_is_no_dead_link_h78(tenant: Tenant, calendar: GraphCalendar, kind: str):
    calendar.create(new())
    tenant.faults.add("delta", kind)
    with pytest.raises(errors.SyncError) as caught:
        calendar.first_page(START, END)
    assert not isinstance(caught.value, errors.DeltaExpired)
    assert len(calendar.listing(START, END)) == 1


def test_a_delta_link_that_is_refused_is_dead(tenant: Tenant, calendar: GraphCalendar):
    _, link = a_round(calendar)
    tenant.faults.add("delta", "400")
    with pytest.raises(errors.DeltaExpired):
        calendar.follow(link)


def test_a_dead_delta_link_is_told_apart_h08(tenant: Tenant, calendar: GraphCalendar):
    _, link = a_round(calendar)
    tenant.faults.add("delta", "410")
    with pytest.raises(errors.DeltaExpired):
        calendar.follow(link)


def test_delta_items_that_come_in_part_are_read_whole_h03(tenant: Tenant, calendar: GraphCalendar):
    made = calendar.create(new())
    _, link = a_round(calendar)
    tenant.switches.delta_updates_complete = False
    tenant.switches.replays = 0.0
    calendar.patch(made.id, EventPatch(span=Timed(TEN + HOUR, TEN + 2 * HOUR)), made.etag)
    rows, _ = a_round(calendar, link)
    (event,) = rows
    assert isinstance(event, Event)
    assert (event.subject, event.span.start) == ("Lunch", TEN + HOUR)


def test_ids_that_differ_in_one_character_stay_apart_h16(tenant: Tenant, calendar: GraphCalendar):
    for style in ("case", "dash"):
        tenant.plan_twins(ROOM, style)
        one, two = calendar.create(new(1, subject=style)), calendar.create(new(2, subject=style + "2"))
        assert calendar.read(one.id).subject == style
        assert calendar.read(two.id).subject == style + "2"
        for event in (one, two):
            calendar.delete(event.id, event.etag)
        tenant.mailbox(ROOM).transactions.clear()


def test_ids_survive_a_move_of_the_items_h15(tenant: Tenant, calendar: GraphCalendar):
    made = calendar.create(new())
    tenant.move_items(ROOM)
    assert calendar.read(made.id).id == made.id


@pytest.mark.parametrize("address", ["nobody@contoso.example", "gone@contoso.example", "bare@contoso.example"])
@pytest.mark.parametrize("call", ["calendar_key", "first_page", "listing", "read", "create"])
def test_a_mailbox_that_is_not_there_is_not_an_empty_one_h69_h70(tenant: Tenant, client: GraphClient, address, call):
    tenant.add_room("gone@contoso.example")
    tenant.soft_delete("gone@contoso.example")
    tenant.add_room("bare@contoso.example")
    tenant.unlicense("bare@contoso.example")
    calendar = GraphCalendar(client, address)
    arguments = {"calendar_key": (), "read": ("AAMk==",), "create": (new(),)}.get(call, (START, END))
    with pytest.raises(errors.MailboxMissing):
        getattr(calendar, call)(*arguments)


@pytest.mark.parametrize("kind", ["rbac", "policy"])
def test_a_mailbox_out_of_reach_says_so_h68(tenant: Tenant, client: GraphClient, kind: str):
    next(iter(tenant.apps.values())).restrict_to([OTHER], kind)
    with pytest.raises(errors.AccessDenied):
        GraphCalendar(client, ROOM).listing(START, END)
    assert GraphCalendar(client, OTHER).listing(START, END) == ()


def test_a_private_event_is_listed_without_its_subject_h56(tenant: Tenant, calendar: GraphCalendar):
    calendar.create(new())
    private = tenant.as_delegate(ROOM).book("canary", TEN + HOUR, TEN + 2 * HOUR, sensitivity="private")
    rows = calendar.listing(START, END)
    assert len(rows) == 2
    assert "canary" not in repr(rows)
    assert {row.id for row in rows} >= {private.immutable_id}


def test_the_adapter_counts_its_requests(tenant: Tenant, calendar: GraphCalendar):
    made = calendar.create(new())
    calendar.read(made.id)
    assert calendar.requests == 2 == len(tenant.requests)


def test_a_probe_tells_quiet_rooms_from_those_with_something_h44(tenant: Tenant, client: GraphClient):
    tenant.switches.shuffle_batch = True
    tenant.switches.replays = 0.0
    links = {address: a_round(GraphCalendar(client, address))[1] for address in (ROOM, OTHER)}
    assert {key: one.stir for key, one in batch.probe(client, links).items()} == {ROOM: Stir.QUIET, OTHER: Stir.QUIET}
    GraphCalendar(client, ROOM).create(new())
    tenant.faults.add("delta", "429", mailbox=OTHER, retry_after=9)
    links["evil"] = "https://evil.test/v1.0/users/x/calendarView/delta"
    before = len(tenant.requests)
    found = batch.probe(client, links)
    assert {key: one.stir for key, one in found.items()} == {
        ROOM: Stir.SOMETHING,
        OTHER: Stir.ERROR,
        "evil": Stir.ERROR,
    }
    assert isinstance(found["evil"].error, errors.UnsafeLink)
    assert batch.longest_wait(found.values()) == 9
    assert len([request for request in tenant.requests[before:] if not request.in_batch]) == 1


def test_a_probe_moves_nothing_on_however_often_it_is_asked(tenant: Tenant, client: GraphClient):
    calendar = GraphCalendar(client, ROOM)
    _, link = a_round(calendar)
    made = calendar.create(new())
    for _ in range(10):
        assert batch.probe(client, {"x": link})["x"].stir is Stir.SOMETHING
    rows, _ = a_round(calendar, link)
    assert made.id in {row.id for row in rows}


def test_the_tenants_rooms_are_listed_over_all_pages(tenant: Tenant, client: GraphClient):
    for number in range(230):
        tenant.add_room(f"Room{number}@contoso.example")
    tenant.add_room("hidden@contoso.example", listed=False)
    rooms = list_rooms(client)
    assert len(rooms) == len({room.address for room in rooms}) == 232
    assert rooms[0] == Place(ROOM, "Oak", "North", "2", 8)
    assert all(room.address == room.address.lower() for room in rooms)


def test_places_refused_is_access_denied(tenant: Tenant):
    tenant.register_app(roles=("Calendars.ReadWrite",))
    with pytest.raises(errors.AccessDenied):
        list_rooms(client_of(tenant))
