"""Addresses and forms that no page of ours makes: answered with words, never with a crash."""

from __future__ import annotations

import pytest

from tests.webapp.conftest import Person

HUGE = "9" * 30
PAST_THE_COLUMN = str(2**63)


@pytest.mark.parametrize("number", [HUGE, PAST_THE_COLUMN])
@pytest.mark.parametrize(
    "path",
    [
        "/rooms/{}",
        "/rooms/{}/archive",
        "/reservations/{}",
        "/reservations/column?day=2026-11-23&room={}",
        "/reservations/?view=week&room={}",
        "/settings/office-365-integration/{}",
        "/activity/runs/{}",
    ],
)
def test_an_id_that_no_row_can_have_does_not_exist(admin: Person, path: str, number: str) -> None:
    assert admin.get(path.format(number)).status_code in (200, 404)


@pytest.mark.parametrize("number", [HUGE, PAST_THE_COLUMN, "²", "-1", "٣"])
@pytest.mark.parametrize(
    "path",
    [
        "/rooms/?page={}",
        "/rooms/places?connection_id={}",
        "/reservations/?page={}",
        "/reservations/new?room={}",
        "/settings/office-365-integration/?page={}",
        "/activity/?room={}&before={}",
    ],
)
def test_a_number_that_no_page_writes_reads_as_none_given(admin: Person, path: str, number: str) -> None:
    assert admin.get(path.format(number, number)).status_code == 200


@pytest.mark.parametrize("revision", ["²", HUGE, "9" * 5_000, "-1", ""])
def test_a_revision_that_no_page_writes_is_a_stale_one(admin: Person, revision: str) -> None:
    admin.get("/settings/external-calendar-sync/")
    answer = admin.post("/settings/external-calendar-sync/", {"enabled": "y", "revision": revision})
    assert answer.status_code == 409


@pytest.mark.parametrize("number", [HUGE, "²"])
def test_a_form_with_a_number_that_no_page_writes_comes_back(admin: Person, number: str) -> None:
    admin.get("/rooms/new")
    linked = {"name": "Alder", "time_zone": "UTC", "calendar_type": "office365", "external_address": "a@b.example"}
    assert admin.post("/rooms/new", {**linked, "connection_id": number}).status_code == 422
    assert admin.post("/reservations/new", {"title": "Stand-up", "room_id": number}).status_code == 422


def test_a_nul_is_refused_before_a_database_sees_it(admin: Person) -> None:
    assert "This request cannot be read" in admin.get("/rooms/?q=%00").text
    admin.get("/rooms/new")
    assert admin.post("/rooms/new", {"name": "Al\0der"}).status_code == 400


def test_a_stranger_with_a_broken_current_address_is_sent_to_sign_in(stranger: Person) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://["}
    answer = stranger.client.get("/rooms/", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")
