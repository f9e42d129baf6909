"""Thousands of random stories over the simulated tenant, in parallel processes, and what came of them.

script/soak --examples 2000 --steps 60 --processes 2     plays and writes docs/soak.md
script/soak --series --examples 1000 --steps 40           plays stories of series
script/soak --replay 4711 --steps 60                      tells one story again
script/soak --planted                                     looks for a seed that notices each planted mistake
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from script.lib.environment import ROOT
from tests.sync import machine, planted, series_stories
from tests.sync.machine import Verdict

PAGE = ROOT / "docs" / "soak.md"
MOST_TRIES = 100
PLANTED = "Planted mistakes"


@dataclass(frozen=True)
class Kind:
    """One kind of story: how it is played from a seed and a number of steps, and where the page tells of it."""

    title: str
    about: str
    play: Callable[[int, int], Verdict]
    option: str = ""


def _play_rooms(number: int, steps: int) -> Verdict:
    return machine.play(number, steps, harsh=True)


ROOMS = Kind(
    "Meetings in rooms",
    "Both homes, three rooms, people, faults, dying workers, settings and open facts of Graph "
    "(`tests/sync/machine.py`), each brought to rest and judged.",
    _play_rooms,
)
SERIES = Kind(
    "Series",
    "Series of the room and of people, changed on both sides as a whole, from a date on and date by date, with "
    "faults, dying workers and open facts (`tests/sync/series_stories.py`), each brought to rest and judged.",
    series_stories.play,
    "--series ",
)
HEADINGS = (ROOMS.title, SERIES.title, PLANTED)


@dataclass
class Tally:
    """What all examples came to."""

    examples: int = 0
    changes: int = 0
    writes: int = 0
    excused: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)


def one(task: tuple[Kind, int, int]) -> tuple[int, Verdict]:
    """Play one seed; whatever it raises is a failure too."""
    kind, number, steps = task
    try:
        return number, kind.play(number, steps)
    except Exception as error:
        return number, Verdict(problems=[f"{type(error).__name__}: {error}"])


def play_many(kind: Kind, first: int, examples: int, steps: int, processes: int) -> Tally:
    """Play seeds from `first` on, telling how it goes. Ctrl-C ends it early; what was played by then counts."""
    tally, began = Tally(), time.monotonic()
    tasks = [(kind, number, steps) for number in range(first, first + examples)]
    with multiprocessing.Pool(processes, _leave_ctrl_c_to_the_parent) as pool, suppress(KeyboardInterrupt):
        for number, verdict in pool.imap(one, tasks):
            tally.examples += 1
            tally.changes += verdict.changes
            tally.writes += verdict.writes
            tally.excused += len(verdict.excused)
            if verdict.problems:
                tally.failures[number] = verdict.problems
                replay = replay_line(kind, number, steps)
                print(f"seed {number}: {verdict.problems[0][:200]}\n  replay: {replay}", flush=True)
            if tally.examples % 50 == 0:
                took = time.monotonic() - began
                print(f"{tally.examples} of {examples} in {took:.0f} s, {len(tally.failures)} failed", flush=True)
    return tally


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def replay_line(kind: Kind, number: int, steps: int) -> str:
    """The command that tells a story again."""
    return f"script/soak {kind.option}--replay {number} --steps {steps}"


def find_planted(steps: int) -> dict[str, int | None]:
    """For each planted mistake the first seed that notices it."""
    found: dict[str, int | None] = {}
    for plant in planted.ALL:
        noticed = (number for number in range(MOST_TRIES) if notices(plant, number, steps))
        found[plant.__name__] = next(noticed, None)
        print(f"{plant.__name__}: {found[plant.__name__]}", flush=True)
    return found


def notices(plant: Callable[[pytest.MonkeyPatch], None], number: int, steps: int) -> bool:
    """Whether a story ends badly with the mistake, and well without it."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        if not one((ROOMS, number, steps))[1].problems:
            return False
    return not one((ROOMS, number, steps))[1].problems


def write_tally(kind: Kind, tally: Tally, args: argparse.Namespace, seconds: float) -> None:
    """The kind's section of docs/soak.md: what was played, when, on which commit, and what came of it."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    failures = [
        f"- seed {number}: `{replay_line(kind, number, args.steps)}`: {problems[0][:160]}"
        for number, problems in sorted(tally.failures.items())
    ]
    figures = {
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": f"`{commit}`",
        "seeds": f"{args.first} to {args.first + tally.examples - 1}",
        "examples": tally.examples,
        "steps each": args.steps,
        "changes by people": tally.changes,
        "writes that had effect": tally.writes,
        "took": f"{seconds:.0f} s in {args.processes} processes",
        "failures": len(tally.failures),
        "edits excused, where the tenant ignores If-Match": tally.excused,
    }
    rows = [f"| {name} | {figure} |" for name, figure in figures.items()]
    lines = [kind.about, "", "| what | figure |", "| --- | --- |", *rows]
    write_section(kind.title, [*lines, *(["", *failures] if failures else [])])


def write_section(title: str, lines: list[str]) -> None:
    """One section of the page; the others stay as they were written last."""
    sections = _sections(PAGE.read_text() if PAGE.exists() else "") | {title: "\n".join(lines)}
    parts = [f"## {name}\n\n{sections[name]}" for name in HEADINGS if name in sections]
    head = "# Soak\n\nRandom stories over the simulated tenant. Written by `script/soak`."
    PAGE.write_text("\n\n".join([head, *parts]) + "\n")


def _sections(page: str) -> dict[str, str]:
    parts = [part.partition("\n") for part in page.split("\n## ")[1:]]
    return {title.strip(): text.strip() for title, _, text in parts}


def write_planted(found: dict[str, int | None], steps: int) -> None:
    """The table of planted mistakes into the page."""
    rows = [
        f"| {name.replace('_', ' ')} | {'not found' if number is None else number} |"
        for name, number in found.items()
    ]
    about = f"Found with {steps} steps by the first of seeds 0 to {MOST_TRIES - 1}:"
    write_section(PLANTED, [about, "", "| mistake | seed |", "| --- | --- |", *rows])


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="script/soak")
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int)
    parser.add_argument("--series", action="store_true", help="stories of series")
    parser.add_argument("--planted", action="store_true")
    args = parser.parse_args()
    kind = SERIES if args.series else ROOMS
    if args.replay is not None:
        _, verdict = one((kind, args.replay, args.steps))
        print("\n".join([*verdict.trace, *verdict.problems]) or "went well")
        return 1 if verdict.problems else 0
    if args.planted:
        found = find_planted(args.steps)
        write_planted(found, args.steps)
        return 0 if all(number is not None for number in found.values()) else 1
    began = time.monotonic()
    tally = play_many(kind, args.first, args.examples, args.steps, args.processes)
    write_tally(kind, tally, args, time.monotonic() - began)
    print(f"{tally.examples} examples, {len(tally.failures)} failures; {PAGE.relative_to(ROOT)} is written")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
