"""What stands around every page: headers, banners, navigation, error pages, and the rules templates keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

import webapp
from tests.webapp.conftest import Person
from webapp import words
from webapp.clock import utcnow
from webapp.database import Transactions
from webapp.errors import AppError, Refused
from webapp.models import Connection, Hold, SyncSettings, WorkerHeartbeat
from webapp.shell import Standing

ROOT = Path(webapp.__file__).parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = ("/", "/settings/office-365-integration/", "/settings/external-calendar-sync/", "/setup-guide/")
ERRORS = ("/nowhere", "/rooms/99")


@pytest.mark.parametrize("path", [*PAGES, *ERRORS])
def test_a_page_has_the_policy_and_is_kept_nowhere(admin: Person, path: str) -> None:
    """S14, S15."""
    headers = admin.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_twelve_queries_at_most(admin: Person, path: str, count_queries: Callable[[], Any]) -> None:
    with count_queries() as seen:
        assert admin.get(path).status_code == 200
    assert len(seen) <= 12, seen


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_script_or_style(template: Path) -> None:
    """S14."""
    text = template.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert "javascript:" not in text
    assert "|safe" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_writes_carries_its_token(template: Path) -> None:
    text = re.sub(r"{#.*?#}", "", template.read_text(), flags=re.DOTALL)
    writing = len(re.findall(r"<form[^>]*(?:method=\"post\"|ui\.send)", text))
    assert writing <= text.count("forms.csrf()")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_icon_that_is_named_exists(template: Path) -> None:
    symbols = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static/vendor/icons.svg").read_text()))
    named = set(re.findall(r"ui\.icon\(\"([a-z0-9-]+)\"\)", template.read_text()))
    assert named <= symbols


def test_static_files_are_served_to_all_with_the_version_of_their_contents(stranger: Person) -> None:
    page = stranger.get("/sign-in").text
    url = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{12})"', page)
    assert url
    answer = stranger.client.get(url[1])
    assert answer.status_code == 200
    assert "max-age=" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()


def test_vendored_files_come_with_version_and_licence() -> None:
    vendor = ROOT / "static/vendor"
    assert "htmx.org 2.0.11" in (vendor / "htmx/VERSION").read_text()
    assert 'version:"2.0.11"' in (vendor / "htmx/htmx.min.js").read_text()
    assert (vendor / "htmx/LICENSE.txt").exists()
    assert (vendor / "LICENSE-tabler-icons.txt").exists()
    assert len(list((vendor / "fonts").glob("LICENSE-*.txt"))) == 2


def test_no_worker_is_said_on_every_page(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(WorkerHeartbeat).one().seen_at = utcnow() - timedelta(minutes=3)
    for path in PAGES:
        assert "No worker has been seen for 3 min" in admin.get(path).text


@pytest.mark.parametrize(("seconds", "missing"), [(0, False), (119, False), (120, True)])
def test_a_worker_is_missed_after_two_minutes(seconds: int, missing: bool) -> None:
    now = utcnow()
    how = Standing(now, True, 0, 0, 1, now - timedelta(seconds=seconds), None)
    assert how.worker_missing is missing


def test_a_clock_process_is_no_worker(admin: Person, data: Transactions) -> None:
    with data.writing() as session:
        session.query(WorkerHeartbeat).one().kind = "clock"
    assert "No worker has been seen yet" in admin.get("/").text


def test_while_a_worker_lives_there_is_no_banner(admin: Person) -> None:
    page = admin.get("/").text
    assert "No worker" not in page
    assert "1 worker, seen" in page


def test_what_waits_while_sync_is_off_is_counted(monkeypatch: pytest.MonkeyPatch, admin: Person) -> None:
    now = utcnow()
    for waiting, said in ((1, "1 change waits and goes out"), (12, "12 changes wait and go out")):
        how = Standing(now, False, waiting, 0, 1, now, None)
        monkeypatch.setattr("webapp.shell.standing", lambda *_, how=how: how)
        page = admin.get("/").text
        assert "External Calendar Sync is off" in page
        assert said in page


def test_the_navigation_marks_where_one_is(admin: Person) -> None:
    page = admin.get(PAGES[1]).text
    nav = page.split('<nav class="nav"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="page"', nav) == [PAGES[1]]


def test_an_unknown_address_is_said_in_words(admin: Person) -> None:
    answer = admin.get("/nowhere")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.text
    assert "<nav" in answer.text


def test_an_error_for_htmx_is_a_banner_that_replaces_nothing_else(admin: Person) -> None:
    answer = admin.get("/settings/office-365-integration/99", hx=True)
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#page-note"
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def break_the_page(app: Flask, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("webapp.overview.views.summary", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False


@pytest.mark.parametrize("hx", [False, True])
def test_a_crash_shows_words_and_no_stack(
    app: Flask, admin: Person, monkeypatch: pytest.MonkeyPatch, hx: bool
) -> None:
    """S25."""
    break_the_page(app, monkeypatch, RuntimeError("a detail of the inside"))
    answer = admin.get("/", hx=hx)
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "a detail of the inside" not in answer.text
    assert "Traceback" not in answer.text


def test_a_dead_database_still_gets_a_page(app: Flask, admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """S25."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("sqlalchemy.orm.Session.execute", fail)
    monkeypatch.setattr("sqlalchemy.orm.Session.get", fail)
    answer = admin.get("/")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text


def test_an_error_of_ours_is_worded_by_its_code(app: Flask, admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    break_the_page(app, monkeypatch, Refused("sync_all_while_off"))
    answer = admin.get("/")
    assert answer.status_code == 409
    assert "External Calendar Sync is off" in answer.text


def test_a_form_that_is_too_large_is_refused(admin: Person) -> None:
    answer = admin.post("/settings/office-365-integration/new", {"name": "x" * 300_000})
    assert answer.status_code == 413
    assert "That is more than a form can hold" in answer.text


def test_fields_in_words_are_escaped() -> None:
    words.learn({"test_escape": words.Words("Hello <bdi>{name}</bdi>", "{missing}")})
    said = words.words_for("test_escape", {"name": "<script>"})
    assert said.what == "Hello <bdi>&lt;script&gt;</bdi>"
    assert said.why == "–"


def test_one_code_has_one_wording() -> None:
    with pytest.raises(ValueError, match="worded twice"):
        words.learn({"not_found": words.Words("Something else")})


def test_a_code_without_words_is_shown_as_itself() -> None:
    assert words.words_of(AppError("never_heard_of")).what == "Never heard of"


def test_the_first_visit_offers_the_three_steps(admin: Person, data: Transactions) -> None:
    page = admin.get("/").text
    with data.reading() as session:
        assert session.query(Connection).count() == session.query(Hold).count() == 0
        assert session.query(SyncSettings).one().enabled is False
    assert page.index("Connect a Microsoft 365 tenant") < page.index("Link rooms") < page.index("Switch External")
