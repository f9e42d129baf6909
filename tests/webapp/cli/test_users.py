"""`flask users …`."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.webapp.conftest import EMAIL, Person
from webapp.database import Transactions
from webapp.models import User


@pytest.fixture
def empty(data: Transactions) -> None:
    with data.writing() as session:
        session.query(User).delete()


def run(app: Flask, *args: str):  # type: ignore[no-untyped-def]
    return app.test_cli_runner().invoke(args=["users", *args])


@pytest.mark.usefixtures("empty")
def test_the_first_admin_is_made_once_and_the_password_printed_once(app: Flask, stranger: Person) -> None:
    """S03."""
    first = run(app, "ensure-admin")
    line = re.fullmatch(r"email=(\S+) password=(\S+)\n", first.output)
    assert line, first.output
    assert run(app, "ensure-admin").output == ""
    assert stranger.sign_in(line[1], line[2]).status_code == 303


def test_where_somebody_has_an_account_no_first_admin_is_made(app: Flask, data: Transactions) -> None:
    assert run(app, "ensure-admin").output == ""
    with data.reading() as session:
        assert [user.email for user in session.query(User)] == [EMAIL]


def test_an_account_is_added_with_a_random_password(app: Flask, stranger: Person) -> None:
    output = run(app, "add", "Maren@Larkfield.example", "--name", "Maren Solheim").output
    line = re.fullmatch(r"email=(\S+) password=(\S+)\n", output)
    assert line, output
    assert line[1] == "maren@larkfield.example"
    stranger.sign_in(line[1], line[2])
    assert "Maren Solheim" in stranger.get("/").text


def test_a_chosen_password_is_not_printed(app: Flask) -> None:
    output = run(app, "add", "maren@larkfield.example", "--password", "a long enough one").output
    assert output == "email=maren@larkfield.example\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("add", EMAIL), "There is an account with this email already."),
        (("add", "nobody"), "This is not an email address."),
        (("add", "a@b.example", "--password", "short"), "at least 12 characters"),
        (("reset-password", "nobody@larkfield.example"), "There is no account with this email."),
    ],
)
def test_what_cannot_be_done_is_said(app: Flask, args: tuple[str, ...], words: str) -> None:
    result = run(app, *args)
    assert result.exit_code != 0
    assert words in result.output


def test_a_password_is_reset(app: Flask, stranger: Person) -> None:
    line = re.fullmatch(r"email=(\S+) password=(\S+)\n", run(app, "reset-password", EMAIL).output)
    assert line
    assert stranger.sign_in(password=line[2]).status_code == 303
