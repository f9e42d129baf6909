"""Everything that a person can meet has words: steps of runs, sync codes, refusals, and errors beside fields."""

from __future__ import annotations

import ast
import itertools
import re
from datetime import timedelta
from pathlib import Path

from flask import Flask

from tests.support.literals import Source
from tests.webapp.rooms.world import NOW
from webapp.domain.access import OUT_OF_REACH, Denied, Facts, Modes, may_change
from webapp.domain.words import KEPT_HERE, REFUSED_WISHES, AttemptKind, Home, MeetingKind, Reach
from webapp.reservations.state_words import STATE_WORDS
from webapp.reservations.story import ACTIONS, ASKED, IN_ORGANIZERS
from webapp.reservations.words import FIELD_WORDS, REACH_WORDS, WORDS
from webapp.words import CATALOGUE

ROOT = Path(__file__).parents[3]
WORKER = Source(
    ROOT / "worker",
    known={
        "lasting(reservation.sync_code)": frozenset(REFUSED_WISHES),
        "splitting.lasting(reservation.sync_code)": frozenset(REFUSED_WISHES),
        "action.kind": frozenset({"edited_and_cancelled"}),  # the one stop that a plan makes
        "step": frozenset({"declined", "cancel", "change", "retime"}),  # what organizers' events and plans decide
    },
)
RESERVATIONS = Source(ROOT / "webapp" / "reservations", known={"why_not": frozenset()})
FORBIDDEN = re.compile(r"\b(please|oops|successfully|invalid)\b", re.IGNORECASE)


def test_every_step_that_a_run_writes_has_words() -> None:
    written: set[str] = set()
    for path, function, call in WORKER.calls("step", "wrote"):
        if ast.unparse(call.func) == "run.wrote":
            written |= WORKER.words(path, function, call.args[1])
        elif ast.unparse(call.func).endswith("log.step") and path.name != "context.py":  # there `wrote` stands
            written |= WORKER.words(path, function, call.args[3])
    assert {
        "cancel_found",
        "decline",
        "decline_refused",
        "delete_overtaken",
        "moved",
    } <= written  # the reader does read
    assert written <= ACTIONS.keys()
    assert IN_ORGANIZERS.keys() <= ACTIONS.keys()


def test_every_kind_of_write_in_doubt_says_what_is_looked_for() -> None:
    assert set(ASKED) == set(AttemptKind)


def test_every_code_that_the_sync_leaves_with_a_reservation_has_words() -> None:
    written: set[str] = set()
    for path, function, call in WORKER.calls("tell", "park", "stop"):
        if ast.unparse(call.func) in ("writes.tell", "writes.park", "organizing.stop") and len(call.args) >= 4:
            written |= WORKER.words(path, function, call.args[3])
    for source in (WORKER, RESERVATIONS):
        for path, function, value in source.assigned("sync_code", besides="room"):
            if not isinstance(value, ast.Name):  # a name is a parameter of the functions above
                written |= source.words(path, function, value)
    written |= {KEPT_HERE, *REFUSED_WISHES}  # by their names
    known = {"unconfirmed", "access_lost", "organizer_out_of_reach", "moving", "declined_later", "slot_taken"}
    assert known <= written
    assert written == STATE_WORDS.keys()


def test_every_refusal_has_words_that_say_what_and_why(app: Flask) -> None:
    panel = Source(ROOT / "webapp", known={"allowed.code": frozenset()})  # those of `may_change`, asked below
    refused: set[str] = set()
    for path, function, call in panel.calls("Refused"):
        if call.args:
            refused |= panel.words(path, function, call.args[0])
    assert {"is_moving", "another_tenant", "not_failed", "calendar_settled"} <= refused
    for code in refused | denied_codes():
        assert code in CATALOGUE, code
        assert CATALOGUE[code].why, code


def denied_codes() -> set[str]:
    """Every reason that `may_change` has, by asking it about everything."""
    flags = (False, True)
    found: set[str] = set()
    for home, kind, cancelled, followed, archived, over, invited, delegation, reach in itertools.product(
        Home, MeetingKind, flags, flags, flags, flags, flags, flags, Reach
    ):
        ends_at = NOW - timedelta(hours=1) if over else NOW + timedelta(hours=1)
        facts = Facts(home, kind, cancelled, followed, archived, ends_at, 0, invited, Modes(delegation), reach)
        answer = may_change(facts, NOW)
        found |= {answer.code} if isinstance(answer, Denied) else set()
    return found


def test_every_error_beside_a_field_has_words() -> None:
    raised = {"create_not_allowed", "room_not_followed"}  # what `why_not_in_owner_calendar` answers
    for path, function, call in RESERVATIONS.calls("FieldError"):
        if len(call.args) >= 2:
            raised |= RESERVATIONS.words(path, function, call.args[1])
    assert {"owner_out_of_reach", "no_such_time"} <= raised
    assert raised | {"end_before_start", "in_the_past", "beyond_window"} <= FIELD_WORDS.keys()
    assert set(REACH_WORDS) == set(OUT_OF_REACH)


def test_no_word_is_used_that_people_should_not_meet() -> None:
    for code, words in (WORDS | STATE_WORDS).items():
        assert not FORBIDDEN.search(" ".join((words.what, words.why, *words.mend))), code
    for code, sentence in FIELD_WORDS.items():
        assert not FORBIDDEN.search(sentence), code
