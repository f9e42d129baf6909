"""Signing in and out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule

from tests.webapp.conftest import CSRF, EMAIL, PASSWORD, Person
from webapp import create_app
from webapp.auth import passwords, service
from webapp.config import Config
from webapp.database import Transactions
from webapp.models import User

REFUSAL = "Email or password is not right"


def test_a_stranger_is_sent_to_the_sign_in_page_and_comes_back(stranger: Person) -> None:
    answer = stranger.get("/settings/office-365-integration/new")
    assert answer.status_code == 303
    sign_in = answer.headers["Location"]
    assert sign_in == "/sign-in?next=/settings/office-365-integration/new"
    stranger.get(sign_in)
    answer = stranger.post(sign_in, {"email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings/office-365-integration/new")


def test_htmx_without_a_session_is_told_to_load_the_sign_in_page(stranger: Person) -> None:
    answer = stranger.get("/settings/office-365-integration/", hx=True)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in"
    assert answer.text == ""


@pytest.mark.parametrize(
    ("stood_on", "onward"),
    [
        ("http://localhost/settings/external-calendar-sync/?a=1", "/settings/external-calendar-sync/?a%3D1"),
        ("https://evil.example//evil.example/", None),
        ("", None),
    ],
)
def test_htmx_comes_back_to_the_page_it_stood_on(stranger: Person, stood_on: str, onward: str | None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": stood_on}
    answer = stranger.client.post("/settings/external-calendar-sync/sync-all", headers=headers)
    assert answer.status_code == 401
    answer = stranger.client.get("/settings/external-calendar-sync/sync-all", headers=headers)
    assert answer.headers["HX-Redirect"] == "/sign-in" + (f"?next={onward}" if onward else "")


def arguments_of(rule: Rule) -> dict[str, object]:
    """Something for each argument of an address: a number, or one of the words that it takes."""
    return {name: min(getattr(one, "items", [1])) for name, one in rule._converters.items()}


def test_every_page_but_sign_in_and_static_files_is_behind_the_door(app, stranger: Person) -> None:
    open_to_all = {rule.endpoint for rule in app.url_map.iter_rules()} & {"static", "auth.sign_in"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in open_to_all:
            continue
        url = rule.build(arguments_of(rule))
        assert url, rule
        for method in rule.methods & {"GET", "POST"}:
            answer = stranger.client.open(url[1], method=method)
            assert answer.status_code == 303, rule
            assert answer.headers["Location"].startswith("/sign-in"), rule


def test_a_page_that_does_not_exist_is_behind_the_door_too(stranger: Person) -> None:
    assert stranger.get("/nowhere").status_code == 303


def test_unknown_email_and_wrong_password_read_alike(stranger: Person) -> None:
    """S06."""
    stranger.get("/sign-in")
    unknown = stranger.post("/sign-in", {"email": "nobody@larkfield.example", "password": PASSWORD})
    wrong = stranger.post("/sign-in", {"email": EMAIL, "password": "not this one at all"})
    assert unknown.status_code == wrong.status_code == 422
    assert REFUSAL in unknown.text
    pages = [
        CSRF.sub("", answer.text).replace(email, "")
        for answer, email in ((unknown, "nobody@larkfield.example"), (wrong, EMAIL))
    ]
    assert pages[0] == pages[1]


def test_an_unknown_email_costs_one_hash_like_a_wrong_password(
    data: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S06: the time tells nothing either."""
    hashed: list[str] = []
    original = passwords._hasher

    class Counting:
        def verify(self, password_hash: str, password: str) -> bool:
            hashed.append(password_hash)
            return original.verify(password_hash, password)

    with data.writing() as session:
        service.reset_password(session, EMAIL, PASSWORD)
    monkeypatch.setattr(passwords, "_hasher", Counting())
    with data.reading() as session:
        assert service.authenticate(session, "nobody@larkfield.example", "x" * 12) is None
        assert service.authenticate(session, EMAIL, "x" * 12) is None
    assert len(hashed) == 2
    assert hashed[0].split("$")[:4] == hashed[1].split("$")[:4]  # the same algorithm with the same costs


def test_the_email_may_be_typed_in_any_case_and_with_blanks(stranger: Person) -> None:
    assert stranger.sign_in(email=f"  {EMAIL.upper()} ").status_code == 303


def test_a_wrong_password_is_not_given_back_in_the_form(stranger: Person) -> None:
    stranger.get("/sign-in")
    answer = stranger.post("/sign-in", {"email": EMAIL, "password": "a typed secret 123"})
    assert "a typed secret 123" not in answer.text


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
     "javascript:alert(1)", "/\t/evil.example", "evil", ""],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(stranger: Person, target: str) -> None:
    stranger.get("/sign-in")
    answer = stranger.client.post(
        "/sign-in",
        query_string={"next": target},
        data={"csrf_token": stranger.token, "email": EMAIL, "password": PASSWORD},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_the_session_of_before_is_dropped_at_sign_in(stranger: Person) -> None:
    """What an attacker may have planted in the session does not survive it."""
    with stranger.client.session_transaction() as session:
        session["planted"] = "yes"
    stranger.get("/sign-in")
    before = stranger.token
    stranger.post("/sign-in", {"email": EMAIL, "password": PASSWORD})
    with stranger.client.session_transaction() as session:
        assert "planted" not in session
    assert stranger.post("/sign-out", {"csrf_token": before}).status_code == 400  # the old token is worth nothing


def test_signing_out_is_a_post_and_ends_the_session(admin: Person) -> None:
    assert admin.get("/sign-out").status_code == 405
    admin.get("/")
    assert admin.post("/sign-out").headers["Location"] == "/sign-in"
    assert admin.get("/").status_code == 303


def test_a_reset_password_ends_the_sessions_of_before(admin: Person, data: Transactions) -> None:
    assert admin.get("/").status_code == 200
    with data.writing() as session:
        service.reset_password(session, EMAIL, "another long password")
    assert admin.get("/").status_code == 303
    assert admin.sign_in().status_code == 422
    assert admin.sign_in(password="another long password").status_code == 303


def test_a_removed_person_is_out_at_once(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(User).delete()
    assert admin.get("/").status_code == 303


def test_no_address_takes_a_change_without_its_token(app: Flask, admin: Person, data: Transactions) -> None:
    """S12."""
    counted = changes_of(data)
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods:
            url = rule.build(arguments_of(rule))[1]
            for token in ("", "made up"):
                assert admin.client.post(url, data={"csrf_token": token}).status_code == 400, rule
    assert counted == []


def test_opening_an_address_changes_nothing(app: Flask, admin: Person, data: Transactions) -> None:
    """S12."""
    counted = changes_of(data)
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            admin.get(rule.build(arguments_of(rule))[1])
    assert counted == []


def changes_of(data: Transactions) -> list[str]:
    """The statements that write, from now on."""
    seen: list[str] = []

    def on_execute(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE")):
            seen.append(statement)

    event.listen(data.engine, "before_cursor_execute", on_execute)
    return seen


def test_a_form_without_its_token_is_refused(admin: Person) -> None:
    answer = admin.post("/sign-out", {"csrf_token": "made up"})
    assert answer.status_code == 400
    assert "Your session ended" in answer.text
    assert admin.get("/").status_code == 200


def test_who_is_sent_away_does_not_wait_for_the_write_lock(
    admin: Person, stranger: Person, data: Transactions
) -> None:
    """SQLite has one; held by the worker, it must not be queued for by requests that will not write."""
    with data.writing():
        assert stranger.post("/settings/external-calendar-sync/").status_code == 303
        assert admin.post("/settings/external-calendar-sync/", {"csrf_token": "made up"}).status_code == 400


def test_a_form_may_bring_the_token_as_the_header_that_htmx_sends(admin: Person) -> None:
    answer = admin.client.post("/sign-out", headers={"X-CSRFToken": admin.token})
    assert answer.status_code == 303


def test_cookies_and_browsers_are_kept_to_https_where_people_come_by_https(
    make_config: Callable[..., Config], filled_database: Path
) -> None:
    """S11, S13."""
    config = make_config(PUBLIC_URL="https://rooms.larkfield.example")
    app = create_app(config)
    shutil.copy(filled_database, config.data_dir / "app.db")
    answer = app.test_client().get("/sign-in", base_url="https://rooms.larkfield.example")
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_session_cookie_is_out_of_reach_for_scripts(stranger: Person) -> None:
    cookie = stranger.sign_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_without_any_account_the_sign_in_page_says_how_to_make_one(stranger: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(User).delete()
    assert "flask users add" in stranger.get("/sign-in").text
