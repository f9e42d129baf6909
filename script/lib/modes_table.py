"""docs/modes.md: what each combination of the settings reads and writes in whose mailbox, seen by playing it.

The page is written whole by `script/modes-table`; with --check it is only compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from script.lib.modes_script import EVERY_MODE, PEOPLE, ROOMS, SCRIPT, Done, Personal, Play, play
from webapp.domain.access import Modes
from webapp.sync_settings.words import FIELD_WORDS, people_said

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "modes.md"
READS = ("by iCalUId", "by our tag", "by id")
WRITES = ("patch", "cancel", "create")
SAID = {
    "by iCalUId": "looked up by iCalUId",
    "by our tag": "looked up by our tag",
    "by id": "read by id",
    "patch": "changed",
    "cancel": "cancelled",
    "create": "created",
}

INTRO = """# What each setting reads and writes

Written by `script/modes-table`, and a test fails when it is out of date. For each combination of *Enable User
Calendar Delegation*, *User Calendar Strict Mode* and *Create User Calendar Reservations* the same {count} actions of
people, in Outlook and here, are played against the [simulated tenant](../tests/tenant/README.md) with two rooms. What
was asked of whose mailbox is taken from the tenant's own log of requests, not from what the product says of itself.

Ada and Bob have mailboxes in the tenant, Olga is of another organisation. Rooms are read after every action, so only
what was written in them is shown. The rooms' assistants put the organizer's name in place of the subject, as they do
by default: a title can be known only from the organizer's own event. An assistant also takes the private flag off
the room's copy; where nobody else may be asked, such a meeting shows as reserved by its organizer.

In a person's mailbox nothing is ever listed: each request names one event by its id, or looks for one by its iCalUId
or by our own tag; only *Create User Calendar Reservations* adds an event. No request asks for a body.
"""


def title_of(modes: Modes) -> str:
    """The combination in words."""
    names = ("Delegation", "Strict Mode", "Create")
    states = vars(modes).values()
    return ", ".join(f"{name} {'on' if on else 'off'}" for name, on in zip(names, states, strict=True))


def written(plays: list[Play]) -> str:
    """The page."""
    parts = [INTRO.format(count=len(SCRIPT)), _summary(plays)]
    parts += [_section(one) for one in plays if not one.refusal]
    return "\n".join(parts)


def _summary(plays: list[Play]) -> str:
    head = ["Delegation", "Strict Mode", "Create", "saved", *(f"requests to {who.title()}" for who in PEOPLE)]
    head += ["of these writes", "what the page says"]
    lines = ["## All eight", "", _row(head), _row(["---"] * len(head))]
    for one in plays:
        ticks = ["on" if on else "off" for on in vars(one.modes).values()]
        if one.refusal:
            lines.append(_row([*ticks, "refused", *["–"] * (len(PEOPLE) + 1), FIELD_WORDS[one.refusal]]))
            continue
        of = Counter(request.who for request in one.asked)
        writes = sum(1 for request in one.asked if request.had_effect)
        numbers = [str(of[who]) for who in PEOPLE]
        lines.append(_row([*ticks, "yes", *numbers, str(writes), people_said(one.modes)]))
    return "\n".join(lines) + "\n"


def _section(one: Play) -> str:
    head = ["", "where", "action", "outcome", "shown here", *(name.title() for name in (*ROOMS, *PEOPLE))]
    lines = [f"## {title_of(one.modes)}", "", _row(head), _row(["---:", *["---"] * (len(head) - 1)])]
    for number, (action, done) in enumerate(zip(SCRIPT, one.done, strict=True), start=1):
        cells = [str(number), action.where, action.text, done.outcome, done.shown]
        cells += [f"{done.written[name]} written" if done.written[name] else "–" for name in ROOMS]
        cells += [_asked_of(done, who) for who in PEOPLE]
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _asked_of(done: Done, who: str) -> str:
    """What was done in somebody's mailbox, the same things counted once."""
    said = Counter(_said(request) for request in done.personal if request.who == who)
    return "; ".join(f"{what} ×{times}" if times > 1 else what for what, times in said.items()) or "–"


def _said(request: Personal) -> str:
    word = SAID.get(request.what, f"**{request.what}**")
    if request.what == "patch":
        word += f" ({', '.join(request.sent)})"
    return word if request.had_effect or request.what in READS else f"{word}, without effect"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def play_all() -> list[Play]:
    """Every combination, played."""
    return [play(modes) for modes in EVERY_MODE]


def main(arguments: list[str]) -> int:
    """Writes the page, or with `--check` only compares; 1 when it was not current."""
    fresh = written(play_all())
    if PAGE.exists() and fresh == PAGE.read_text():
        return 0
    if "--check" in arguments:
        print("docs/modes.md is out of date. Run script/modes-table and commit the page.")
        return 1
    PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
