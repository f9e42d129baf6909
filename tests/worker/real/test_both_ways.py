"""Worker and clock as processes, on both databases: what is done on one side appears on the other."""

from __future__ import annotations

import pytest

from tests.worker.real.conftest import Install


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_meeting_in_outlook_appears_here_and_a_reservation_here_appears_there(install: Install, kind: str):
    here = install(kind)
    here.start("worker")
    here.start("clock")
    aspen, birch = here.add_room("aspen"), here.add_room("birch")
    here.wait(lambda: here.is_active(aspen) and here.is_active(birch))

    here.book_there("aspen", "Design review", hours=1)
    booked = here.book_here(birch, "Budget", hours=2)

    here.wait(lambda: here.slots(aspen) == {here.soon(1).start})
    here.wait(lambda: here.state_of(booked) == "synced")
    assert here.events("birch") == ["Budget"]
    assert here.slots(birch) == {here.soon(2).start}
