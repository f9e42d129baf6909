"""Every way a check can end has words: what happened, why, what to do."""

from __future__ import annotations

import re

import pytest

from tests.webapp.conftest import Person
from tests.webapp.connections.conftest import URL, make_check
from webapp.connections.words import WORDS
from webapp.database import Transactions
from webapp.domain.check_codes import CheckCode
from webapp.domain.words import CheckState
from webapp.words import CATALOGUE, learn, words_for

CONFIRMED = (CheckCode.CALENDAR_UNPROVEN, CheckCode.READ_ONLY)
FAILED = [code for code in CheckCode if code not in CONFIRMED]


def test_every_code_says_what_why_and_what_to_do() -> None:
    learn(WORDS)
    for code in CheckCode:
        words = CATALOGUE[code]
        assert words.what, code
        assert words.why, code
        assert words.mend or code is CheckCode.CALENDAR_UNPROVEN


@pytest.mark.parametrize("code", FAILED)
def test_a_failed_check_shows_the_words_of_its_code(
    admin: Person, data: Transactions, connection_id: int, code: CheckCode
) -> None:
    fields = {
        "host": "login.microsoftonline.com",
        "address": "alder@larkfield.example",
        "seconds": 30,
        "wait_seconds": 12,
        "expected": "e",
        "found": "f",
    }
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.FAILED, code=code, fields=fields)
    page = admin.get(f"{URL}/{connection_id}/checks/{check_id}").text
    words = words_for(code, fields)
    assert f"<h3>{words.what}</h3>" in page
    assert words.why in page
    assert all(step in page for step in words.mend)
    assert "What to do" in page
    assert "–" not in words.what + words.why + "".join(words.mend)  # no field is missing


@pytest.mark.parametrize("code", CONFIRMED)
def test_confirmed_with_a_reservation_says_it(
    admin: Person, data: Transactions, connection_id: int, code: CheckCode
) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.CONFIRMED, code=code)
    page = admin.get(f"{URL}/{connection_id}/checks/{check_id}").text
    assert ">Confirmed</h2>" in page
    assert words_for(code).what in page


def test_a_check_that_was_overtaken_says_so(admin: Person, data: Transactions, connection_id: int) -> None:
    with data.writing() as session:
        check_id = make_check(session, connection_id, CheckState.FAILED)
    assert "A newer check took its place" in admin.get(f"{URL}/{connection_id}/checks/{check_id}").text


def test_no_word_is_used_that_people_should_not_meet() -> None:
    forbidden = re.compile(r"\b(please|oops|successfully|invalid)\b", re.IGNORECASE)
    for code, words in WORDS.items():
        assert not forbidden.search(" ".join((words.what, words.why, *words.mend))), code
