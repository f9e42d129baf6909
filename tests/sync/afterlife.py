"""What becomes of a world when its worker dies at this very moment: lived in a fork, while this process goes on.

One run with a fork at each moment shows the same as a run of its own for each, for a fraction of the time. As
after a kill, no frame of the dead worker is ever left: no `except` and no `finally` of it is run.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from tests.sync.world import World

Ends = dict[str, dict[str, Any]]
"""How it ended, by where the worker died."""


def after_death(world: World, live_on: Callable[[], Any]) -> Any:
    """What `live_on` returns in a world without this worker, on a copy of what the database holds by now.

    Raises AssertionError with the trace of what was raised there.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live_and_leave(world, live_on, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        raw = pipe.read()
    _, status = os.waitpid(child, 0)
    assert raw, f"the fork ended with {status} and without a word"
    failed, came = pickle.loads(raw)
    assert not failed, came
    return came


def _live_and_leave(world: World, live_on: Callable[[], Any], pipe: int) -> NoReturn:
    gc.disable()  # whatever the dead worker held stays as it is: collected, it would close connections of its parent
    try:
        world.wake_after_a_kill()
        try:
            told = pickle.dumps((False, live_on()))
        finally:
            world.close()
    except BaseException:
        told = pickle.dumps((True, traceback.format_exc()))
    with os.fdopen(pipe, "wb") as out:
        out.write(told)
    os._exit(0)


def differences(expected: dict[str, Any], ends: Ends) -> dict[str, dict[str, Any]]:
    """What came out otherwise, by where the worker died: (there, expected)."""
    return {
        where: {name: (end[name], expected[name]) for name in expected if end[name] != expected[name]}
        for where, end in ends.items()
        if end != expected
    }
