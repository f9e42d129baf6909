"""docs/modes.md is current, and what it shows keeps to the settings: seen in the tenant's own log of requests."""

from __future__ import annotations

from collections import Counter

import pytest

from script.lib.modes_script import EVERY_MODE, SCRIPT, Play, play
from script.lib.modes_table import PAGE, READS, WRITES, written
from tests.sync.world import World
from tests.tenant import personal
from webapp.domain.access import Modes, may_create_for_owner, may_read_organizer, may_write_organizer
from webapp.domain.words import LedgerOperation

OPERATION = {
    "by iCalUId": LedgerOperation.FIND,
    "by our tag": LedgerOperation.FIND,
    "by id": LedgerOperation.READ,
    "patch": LedgerOperation.PATCH,
    "cancel": LedgerOperation.CANCEL,
    "create": LedgerOperation.CREATE,
}


@pytest.fixture(scope="module")
def plays() -> dict[Modes, Play]:
    """The script, played once for each combination."""
    return {modes: play(modes) for modes in EVERY_MODE}


def test_the_page_is_what_script_modes_table_writes(plays: dict[Modes, Play]) -> None:
    assert written(list(plays.values())) == PAGE.read_text(), "run script/modes-table"


def test_the_script_has_twenty_actions_and_they_move_something(plays: dict[Modes, Play]) -> None:
    everything = plays[Modes(True, False, True)]
    assert len(SCRIPT) == len(everything.done) == 20
    assert {done.outcome for done in everything.done} == {"done", "refused: organizer out of reach"}
    assert sum(sum(done.written.values()) for done in everything.done) >= 3


def test_six_combinations_are_saved_and_two_refused_with_the_reason(plays: dict[Modes, Play]) -> None:
    refused = {modes for modes, one in plays.items() if one.refusal is not None}
    assert refused == {Modes(False, False, True), Modes(False, True, True)}
    assert {plays[modes].refusal for modes in refused} == {"create_needs_delegation"}
    assert all(plays[modes].done == [] for modes in refused)


def test_strict_mode_without_delegation_asks_no_persons_mailbox_for_anything(plays: dict[Modes, Play]) -> None:
    """H56."""
    strict = plays[Modes(strict=True)]
    assert len(strict.done) == 20
    assert strict.asked == []
    assert strict.ledger == []


@pytest.mark.parametrize("modes", EVERY_MODE, ids=str)
def test_every_request_to_a_person_names_an_event_or_uses_one_of_two_filters(
    plays: dict[Modes, Play], modes: Modes
) -> None:
    """H56: nothing in a person's mailbox is listed."""
    strangers = {request.what for request in plays[modes].asked} - {*READS, *WRITES}
    assert strangers == set()


@pytest.mark.parametrize("modes", EVERY_MODE, ids=str)
def test_a_reading_in_a_persons_mailbox_names_its_fields_and_no_body(plays: dict[Modes, Play], modes: Modes) -> None:
    """H56."""
    for request in plays[modes].asked:
        if request.what in READS:
            assert request.asked
            assert not {"body", "bodyPreview", "uniqueBody", "attachments", "*"} & set(request.asked)


@pytest.mark.parametrize("modes", EVERY_MODE, ids=str)
def test_people_are_read_written_and_created_for_exactly_where_the_settings_allow(
    plays: dict[Modes, Play], modes: Modes
) -> None:
    one = plays[modes]
    if one.refusal is None:
        kinds = Counter(request.what for request in one.asked)
        assert (sum(kinds[what] for what in READS) > 0) == may_read_organizer(modes)
        assert (kinds["patch"] > 0) == (kinds["cancel"] > 0) == may_write_organizer(modes)
        assert (kinds["create"] > 0) == may_create_for_owner(modes)


@pytest.mark.parametrize("modes", EVERY_MODE, ids=str)
def test_the_ledger_says_what_the_tenants_log_says(plays: dict[Modes, Play], modes: Modes) -> None:
    """H56: each request to a person's mailbox is in the ledger, with the setting that allowed it."""
    one = plays[modes]
    log = [(request.who, OPERATION[request.what]) for request in one.asked]
    assert [(who, row.operation) for who, row in one.ledger] == log
    allowed = {row.allowed_by for _, row in one.ledger}
    assert allowed <= ({"delegation", "create"} if modes.delegation else {"titles"})
    assert all(row.finished_at is not None for _, row in one.ledger)


def test_strict_mode_changes_nothing_while_delegation_is_on(plays: dict[Modes, Play]) -> None:
    for create in (False, True):
        loose, strict = plays[Modes(True, False, create)], plays[Modes(True, True, create)]
        assert loose.done == strict.done


@pytest.mark.parametrize(
    ("modes", "titles"),
    [
        (Modes(), {"Budget", "Review", "Private", "Forecast"}),
        (Modes(strict=True), {"Reserved by Ada"}),
        (Modes(delegation=True), {"Budget", "Review", "Private", "Forecast", "Plan"}),
    ],
)
def test_titles_of_organizers_show_where_they_may_be_read_else_placeholders(
    plays: dict[Modes, Play], modes: Modes, titles: set[str]
) -> None:
    of_ada = {"budget", "review", "salaries"}
    shown = {
        done.shown.split(",")[0]
        for action, done in zip(SCRIPT, plays[modes].done, strict=True)
        if action.about.split("/")[0] in of_ada
    }
    assert shown == titles


def test_a_listing_of_a_persons_calendar_would_be_seen(world: World) -> None:
    """The check above can fail, and so does the one of every test: a request that names no event and no filter is
    none of the allowed ones.
    """
    from script.lib.modes_script import personal_requests
    from worker.graph.errors import Scope

    address = world.address("ada")
    for listing in (
        "calendarView?startDateTime=2026-11-24&endDateTime=2026-11-25",
        "events?$select=id",
        "events?$filter=subject eq 'x'",
    ):
        world.client.get(f"/users/{address}/{listing}", scope=Scope.MAILBOX, mailbox=address)
    asked = personal_requests(world.tenant.requests, set())
    assert len(asked) == 3 == len(set(personal.seen))
    personal.seen.clear()
    assert not {request.what for request in asked} & {*READS, *WRITES}
