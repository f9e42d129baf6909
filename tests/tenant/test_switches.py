"""Open facts are switches, each with what it could be instead."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tests.tenant import Switches
from tests.tenant.switches import MeetingSwitches


def test_every_switch_has_an_alternative_that_is_not_its_default() -> None:
    found = Switches.alternatives()
    assert {name for name, _ in found} == {one.name for one in fields(Switches)}
    assert all(value != getattr(Switches(), name) for name, value in found)
    assert len(found) == len({(name, str(value)) for name, value in found})


def test_those_about_people_s_meetings_are_a_part_of_them() -> None:
    some = Switches.alternatives(meetings=True)
    assert set(some) < set(Switches.alternatives())
    assert {one.name for one in fields(MeetingSwitches)} < {name for name, _ in some}


@pytest.mark.parametrize("name", [one.name for one in fields(Switches)])
def test_every_switch_is_read_somewhere(name: str) -> None:
    sources = [path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_")]
    readers = [path.name for path in sources if f".{name}" in path.read_text() and path.name != "switches.py"]
    assert readers
