"""The setup guide's checklist as a decision table: what the panel knows, and which steps are ticked for it."""

from __future__ import annotations

from itertools import product

import pytest

from webapp.domain.check_codes import CheckCode, Step
from webapp.domain.setup_steps import (
    Facts,
    Grant,
    Rooms,
    StepState,
    Why,
    calendars_grant,
    checklist,
    places_grant,
)

LETTERS = {StepState.DONE: "x", StepState.NEXT: ">", StepState.LATER: ".", StepState.UNSEEN: "?"}
ALL_PASSED = frozenset(Step)
SET = {"connected": True}
SOME_ACTIVE = Rooms(linked=14, switched_on=14, active=12)


def row(facts: Facts, *ticked: int) -> str:
    """The states of the 16 steps, those in Entra before the space."""
    letters = "".join(LETTERS[step.state] for step in checklist(facts, ticked))
    return f"{letters[:11]} {letters[11:]}"


def failed(code: CheckCode, *passed: Step, **more: object) -> Facts:
    return Facts(**SET, code=code, passed=frozenset(passed), **more)  # type: ignore[arg-type]


def confirmed(**more: object) -> Facts:
    return Facts(**SET, confirmed=True, passed=ALL_PASSED, **more)  # type: ignore[arg-type]


BEFORE_ANY_CHECK = {
    "nothing is set": (Facts(), ">?????????? ....."),
    "nothing is set, but sync is on": (Facts(sync_on=True), ">?????????? ...x."),
    "set and not checked": (Facts(**SET), "??????????? xx>.."),
    "the first check is under way": (Facts(**SET, checking=True), "??????????? xx>.."),
    "set with a date that has passed": (Facts(**SET, secret_expired=True), "???????>..? x...."),
}
CONFIRMED = {
    "confirmed, sync off, no room": (confirmed(), "xxx?xxxxxxx xxx>."),
    "confirmed, sync on, no room": (confirmed(sync_on=True), "xxx?xxxxxxx xxxx>"),
    "confirmed, linked and not switched on": (confirmed(sync_on=True, rooms=Rooms(linked=3)), "xxx?xxxxxxx xxxx>"),
    "confirmed, rooms Active": (confirmed(sync_on=True, rooms=SOME_ACTIVE), "xxx?xxxxxxx xxxxx"),
    "confirmed, rooms Active, sync switched off": (confirmed(rooms=SOME_ACTIVE), "xxx?xxxxxxx xxx>x"),
    "confirmed, and the date has passed since": (
        confirmed(sync_on=True, rooms=SOME_ACTIVE, secret_expired=True),
        "xxx?xxx>..x x.xxx",
    ),
    "confirmed, no calendar could be tried": (
        confirmed(code=CheckCode.CALENDAR_UNPROVEN, sync_on=True),
        "xxx?xx?xxxx xxxx>",
    ),
    "confirmed for reading alone": (confirmed(code=CheckCode.READ_ONLY), "xxx?xx>xxxx xxx.."),
}
SIGNED_IN = (Step.TOKEN,)
LISTED = (Step.TOKEN, Step.PLACES)
FAILED = {
    CheckCode.SECRET_WRONG: ((), "xxx??????>x xx..."),
    CheckCode.SECRET_EXPIRED: ((), "xxx????>..x x...."),
    CheckCode.SECRET_MISSING: ((), "?????????>? xx..."),
    CheckCode.SECRET_UNREADABLE: ((), "??????????? x>..."),
    CheckCode.APP_NOT_FOUND: ((), "??????????> xx..."),
    CheckCode.TENANT_NOT_FOUND: ((), "??????????> xx..."),
    CheckCode.TENANT_MALFORMED: ((), "??????????> xx..."),
    CheckCode.OTHER_TENANT: ((), "xxx????xxx> xx..."),
    CheckCode.APP_DISABLED: ((), "xxx???????x xx>.."),
    CheckCode.CONDITIONAL_ACCESS: ((), "xxx???????x xx>.."),
    CheckCode.CONSENT_REFUSED: ((), "??????>???? xx..."),
    CheckCode.SCOPE_REFUSED: ((), "??????????? xx>.."),
    CheckCode.WRONG_CLOUD: ((), "??????????? xx>.."),
    CheckCode.SIGN_IN_REFUSED: ((), "??????????? xx>.."),
    CheckCode.NO_NETWORK: ((), "??????????? xx>.."),
    CheckCode.NAME_NOT_FOUND: ((), "??????????? xx>.."),
    CheckCode.PROXY_FAILED: ((), "??????????? xx>.."),
    CheckCode.TLS_INTERCEPTED: ((), "??????????? xx>.."),
    CheckCode.TIMED_OUT: (SIGNED_IN, "xxx????xxxx xx>.."),
    CheckCode.CONNECTION_CUT: (LISTED, "xxx?xx?xxxx xx>.."),
    CheckCode.REDIRECTED: ((), "??????????? xx>.."),
    CheckCode.ANSWER_MALFORMED: ((), "??????????? xx>.."),
    CheckCode.MICROSOFT_UNAVAILABLE: (SIGNED_IN, "xxx????xxxx xx>.."),
    CheckCode.MICROSOFT_BUSY: (SIGNED_IN, "xxx????xxxx xx>.."),
    CheckCode.TOKEN_REFUSED: (SIGNED_IN, "xxx????xxxx xx>.."),
    CheckCode.CONSENT_MISSING: (SIGNED_IN, "xxx???>xxxx xx..."),
    CheckCode.PLACES_PERMISSION_MISSING: (SIGNED_IN, "xxx?xx>xxxx xx..."),
    CheckCode.PLACES_REFUSED: (SIGNED_IN, "xxx?xx>xxxx xx..."),
    CheckCode.PLACES_FAILED: (SIGNED_IN, "xxx????xxxx xx>.."),
    CheckCode.CALENDAR_PERMISSION_MISSING: (LISTED, "xxx?xx>xxxx xx..."),
    CheckCode.CALENDAR_BLOCKED: (LISTED, "xxx?xxxxxxx xx>.."),
    CheckCode.MAILBOX_NOT_FOUND: (LISTED, "xxx?xx?xxxx xx>.."),
    CheckCode.MAILBOX_NOT_ENABLED: (LISTED, "xxx?xx?xxxx xx>.."),
    CheckCode.CALENDAR_FAILED: (LISTED, "xxx?xx?xxxx xx>.."),
}


@pytest.mark.parametrize("case", BEFORE_ANY_CHECK | CONFIRMED)
def test_the_steps_follow_from_what_is_known(case: str) -> None:
    facts, expected = (BEFORE_ANY_CHECK | CONFIRMED)[case]
    assert row(facts) == expected


@pytest.mark.parametrize("code", FAILED)
def test_a_failed_check_leaves_ticked_what_it_has_seen_and_points_to_what_mends_it(code: CheckCode) -> None:
    passed, expected = FAILED[code]
    assert row(failed(code, *passed)) == expected


def test_every_way_in_which_a_check_can_end_is_in_the_table() -> None:
    assert set(FAILED) | {CheckCode.CALENDAR_UNPROVEN, CheckCode.READ_ONLY} == set(CheckCode)


@pytest.mark.parametrize("code", [code for code, (passed, _) in FAILED.items() if passed in (SIGNED_IN, LISTED)])
def test_a_cause_further_on_says_itself_that_the_steps_before_it_went_well(code: CheckCode) -> None:
    """While a check is tried again its steps are empty, and its cause still stands."""
    _, expected = FAILED[code]
    on_the_way = {
        CheckCode.TIMED_OUT,
        CheckCode.CONNECTION_CUT,
        CheckCode.MICROSOFT_UNAVAILABLE,
        CheckCode.MICROSOFT_BUSY,
    }
    if code not in on_the_way:
        assert row(failed(code)) == expected


def test_before_a_connection_is_set_a_persons_ticks_lead_from_step_to_step() -> None:
    assert row(Facts(), 1) == "x>????????? ....."
    assert row(Facts(), 1, 2, 3, 4) == "xxxx>?????? ....."
    assert row(Facts(), *range(1, 12)) == "xxxxxxxxxxx >...."


def test_a_persons_tick_counts_only_for_what_cannot_be_seen() -> None:
    assert row(confirmed(), 4, 15, 16) == "xxxxxxxxxxx xxx>."
    assert row(failed(CheckCode.CONSENT_MISSING, Step.TOKEN), *range(1, 17)) == "xxxxxx>xxxx xx..."
    ticked = checklist(confirmed(), {4})[3]
    assert (ticked.why, ticked.out_of_sight) == (Why.BY_YOU, True)


@pytest.mark.parametrize(
    ("code", "calendars", "places"),
    [
        (CheckCode.CONSENT_MISSING, Grant.MISSING, Grant.MISSING),
        (CheckCode.CONSENT_REFUSED, Grant.MISSING, Grant.MISSING),
        (CheckCode.PLACES_PERMISSION_MISSING, Grant.UNKNOWN, Grant.MISSING),
        (CheckCode.PLACES_REFUSED, Grant.UNKNOWN, Grant.NOT_IN_EFFECT),
        (CheckCode.CALENDAR_PERMISSION_MISSING, Grant.MISSING, Grant.SEEN),
        (CheckCode.CALENDAR_BLOCKED, Grant.SEEN, Grant.SEEN),
        (CheckCode.MAILBOX_NOT_FOUND, Grant.UNKNOWN, Grant.SEEN),
        (CheckCode.NO_NETWORK, Grant.UNKNOWN, Grant.UNKNOWN),
    ],
)
def test_a_permission_is_seen_missing_or_not_known(code: CheckCode, calendars: Grant, places: Grant) -> None:
    facts = failed(code)
    assert (calendars_grant(facts), places_grant(facts)) == (calendars, places)


def test_a_confirmed_check_shows_both_permissions_and_one_without_a_room_shows_only_places() -> None:
    assert (calendars_grant(confirmed()), places_grant(confirmed())) == (Grant.SEEN, Grant.SEEN)
    unproven = confirmed(code=CheckCode.CALENDAR_UNPROVEN)
    assert (calendars_grant(unproven), places_grant(unproven)) == (Grant.UNKNOWN, Grant.SEEN)
    reads_only = confirmed(code=CheckCode.READ_ONLY)
    assert (calendars_grant(reads_only), places_grant(reads_only)) == (Grant.MISSING, Grant.SEEN)


@pytest.mark.parametrize(
    ("rooms", "why"),
    [
        (Rooms(), Why.NO_ROOM),
        (Rooms(linked=2), Why.NOT_SWITCHED_ON),
        (Rooms(linked=2, switched_on=2, pending=1), Why.FIRST_SYNC),
        (Rooms(linked=2, switched_on=2), Why.ROOMS_IN_TROUBLE),
        (Rooms(linked=2, switched_on=2, active=1), Why.ROOMS_ACTIVE),
    ],
)
def test_the_last_step_says_how_the_rooms_stand(rooms: Rooms, why: Why) -> None:
    assert checklist(confirmed(sync_on=True, rooms=rooms))[-1].why is why


def test_nothing_that_can_be_known_gives_two_next_steps_or_one_after_a_later_one() -> None:
    codes = (None, *CheckCode)
    for connected, checking, code, expired, on, rooms in product(
        (False, True), (False, True), codes, (False, True), (False, True), (Rooms(), SOME_ACTIVE)
    ):
        facts = Facts(
            connected, checking, code is None, code, frozenset(), secret_expired=expired, sync_on=on, rooms=rooms
        )
        letters = row(facts)
        assert letters.count(">") <= 1
        assert "." not in letters.partition(">")[0]
