"""The page of all components: there for those who develop, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.webapp.conftest import Person
from webapp import create_app
from webapp.config import Config
from webapp.domain.words import RoomState, RunResult, SyncState

STATIC = Path(__file__).parents[3] / "webapp" / "static"


@pytest.fixture
def shown(app: Flask, make_config: Callable[..., Config]) -> Iterator[str]:
    """The page, in a panel that shows it, on the database of the usual one."""
    developers = create_app(make_config(SHOW_PARTS="1"))
    person = Person(developers.test_client())
    person.sign_in()
    yield person.get("/parts/").text


def test_a_panel_in_production_does_not_have_it(admin: Person) -> None:
    assert admin.get("/parts/").status_code == 404


def test_it_shows_every_status_of_rooms_reservations_and_runs(shown: str) -> None:
    statuses = shown.split('id="statuses"')[1].split("</section>")[0]
    assert statuses.count('class="st ') == len(RoomState) + len(SyncState) + len(RunResult)


def test_it_shows_every_mark_of_the_timetable_and_every_tone_of_a_banner(shown: str) -> None:
    for mark in ("here", "away", "private", "wait", "held", "fail", "declined"):
        assert re.search(rf'class="ev [^"]*\b{mark}\b', shown), mark
    for tone in ("need", "broke", "move", "well", "refuse"):
        assert f'class="note {tone}"' in shown


def test_it_has_no_id_twice_and_nothing_inline(shown: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert sorted(ids) == sorted(set(ids))
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=", shown)


def test_every_icon_that_a_component_names_is_in_the_sprite(shown: str) -> None:
    sprite = (STATIC / "vendor" / "icons.svg").read_text()
    named = set(re.findall(r"#(i-[a-z0-9-]+)\"", shown))
    assert len(named) > 30
    assert {name for name in named if f'id="{name}"' not in sprite} == set()
