"""Random stories over both homes, the second half: a file of its own, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.sync import machine


@pytest.mark.parametrize("part", range(5, 10))
def test_what_people_wanted_is_there_or_named_in_both_homes(part: int) -> None:
    """I1-I9: as in `test_machine`."""
    machine.run_examples(part, 20)
