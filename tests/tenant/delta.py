"""calendarView/delta: rounds of pages over the change log, numbered sync states, and all its oddities."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.tenant import render
from tests.tenant.errors import GraphError, bad_request
from tests.tenant.state import Item, Mailbox, expanded

if TYPE_CHECKING:
    from tests.tenant.calls import Call

_ROUNDS_KEPT = 24
_ALWAYS = frozenset({"@odata.type", "@odata.etag", "id", "type", "start", "end"})
# A row of a round: ("full" | "sparse" | "removed", item, what the client knew of it).
Row = tuple[str, Item, Item | None]


@dataclass
class Session:
    """One delta session: its window and the highest generation that was given out."""

    begin: datetime
    finish: datetime
    highest: int
    # Items of the last generations that may come again (replays), by generation.
    sent: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Round:
    """One round: all its rows, fixed at its beginning, and the state it ends in."""

    session: str
    generation: int
    position: int
    held_back: list[int]
    groups: list[list[Row]]
    empty_first: bool


def _token(call: Call, **parts: Any) -> str:
    raw = json.dumps(parts, separators=(",", ":")).encode()
    mark = hmac.new(call.tenant.signing_key, raw, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mark + raw).rstrip(b"=").decode()


def _read_token(call: Call, text: str) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise bad_request("Badly formed token.") from error
    mark, body = raw[:32], raw[32:]
    if not hmac.compare_digest(mark, hmac.new(call.tenant.signing_key, body, hashlib.sha256).digest()):
        raise bad_request("Badly formed token.")
    parts = json.loads(body)
    if parts["m"] != call.mailbox.object_id:
        raise bad_request("The token is not for this resource.")
    return parts


def gone(generation: int, highest: int) -> GraphError:
    """410 as recorded from a room; only the newest generations are alive."""
    alive = f"[highest={highest}][{highest}][{highest - 2}][{highest - 1}]"
    return GraphError(
        410, "SyncStateNotFound", f"The sync state generation is not found; generation={generation};{alive}."
    )


def answer(call: Call) -> dict[str, Any]:
    """One page of a round."""
    options = call.options
    for name in options.system:
        if name not in ("$skiptoken", "$deltatoken"):
            what = "The following parameters are not supported with change tracking over the 'CalendarView' resource"
            raise bad_request(f"{what}: '{name}'.")
    if "$skiptoken" in options.system:
        return _next_page(call, _read_token(call, options.system["$skiptoken"]))
    if "$deltatoken" in options.system:
        return _next_round(call, _read_token(call, options.system["$deltatoken"]))
    return _first_round(call)


def _first_round(call: Call) -> dict[str, Any]:
    begin, finish = call.window()
    mailbox = call.mailbox
    name = call.tenant.guid().replace("-", "")[:12]
    first = call.tenant.random.randint(1, 90)
    mailbox.sessions[name] = Session(begin, finish, first)
    position = mailbox.position("delta")
    hidden = mailbox.invisible(call.now)
    items = [item for number, item in mailbox.as_of(position).items() if number not in hidden]
    groups = [rows for item in items if (rows := _rows(item, begin, finish))]
    groups.sort(key=lambda rows: rows[0][1].recurrence is not None)
    round_ = Round(name, first, position, sorted(hidden), groups, call.tenant.switches.empty_first_page)
    return _begin(call, round_)


def _rows(item: Item, begin: datetime, finish: datetime) -> list[Row]:
    """Everything delta says about an item that touches the window; nothing otherwise."""
    dates = expanded(item, begin, finish)
    if not dates:
        return []
    if item.recurrence is None:
        return [("full", item, None)]
    dates.sort(key=lambda date: date.start)
    return [("full", item, None), *[("full" if date.is_exception else "sparse", date, None) for date in dates]]


def _next_round(call: Call, token: dict[str, Any]) -> dict[str, Any]:
    mailbox, switches = call.mailbox, call.tenant.switches
    session: Session | None = mailbox.sessions.get(token["s"])
    generation = token["g"]
    if session is None:
        raise gone(generation, generation + 9)
    if generation <= session.highest - switches.live_generations:
        raise gone(generation, session.highest)
    position = max(mailbox.position("delta"), token["p"])
    hidden = mailbox.invisible(call.now)
    changed = dict.fromkeys(token["h"])
    was: dict[int, Item | None] = {}
    for change in mailbox.log[token["p"] : position]:
        changed[change.number] = None
        was.setdefault(change.number, change.before)
    held = sorted(number for number in changed if number in hidden)
    then = mailbox.as_of(position)
    groups = []
    for number in changed:
        if number not in hidden:
            groups.append(_changed_rows(call, session, then.get(number), was.get(number), mailbox, number))
    groups = [rows for rows in groups if rows]
    fresh = [rows[0][1].number for rows in groups]
    groups += _replayed(call, session, generation, fresh, then)
    new = session.highest + 1 if switches.every_read_makes_a_generation else generation + 1
    session.highest = max(session.highest, new)
    session.sent = {g: numbers for g, numbers in session.sent.items() if g > new - 3} | {new: fresh}
    return _begin(call, Round(token["s"], new, position, held, groups, False))


def _changed_rows(
    call: Call, session: Session, item: Item | None, before: Item | None, mailbox: Mailbox, number: int
) -> list[Row]:
    rows = _rows(item, session.begin, session.finish) if item is not None else []
    if rows and item is not None and item.recurrence is None:
        return [("full", item, before)]
    if rows:
        return rows
    ghost = item or before or _last_version(mailbox, number)
    if ghost is None:
        return []
    removed: list[Row] = [("removed", ghost, None)]
    if call.tenant.switches.removed_series_lists_dates and before is not None and before.recurrence:
        removed += [("removed", date, None) for date in before.occurrences(session.begin, session.finish)]
    return removed


def _last_version(mailbox: Mailbox, number: int) -> Item | None:
    """What is left of an item that came and went between two rounds."""
    for change in reversed(mailbox.log):
        if change.number == number:
            return change.after or change.before
    return None


def _replayed(
    call: Call, session: Session, generation: int, fresh: list[int], then: dict[int, Item]
) -> list[list[Row]]:
    """Items of the last round that come again although nothing changed."""
    chance, roll = call.tenant.switches.replays, call.tenant.random
    again = []
    for number in session.sent.get(generation, []):
        if number not in fresh and number in then and chance and roll.random() < chance:
            again.append(_rows(then[number], session.begin, session.finish))
    return [rows for rows in again if rows]


def _begin(call: Call, round_: Round) -> dict[str, Any]:
    switches, roll = call.tenant.switches, call.tenant.random
    if switches.replays and round_.groups:
        doubled = [rows for rows in round_.groups if roll.random() < switches.replays / 2]
        round_.groups = round_.groups + doubled
    if switches.shuffle_delta:
        roll.shuffle(round_.groups)
    return _page(call, round_, "", -1 if round_.empty_first else 0)


def _next_page(call: Call, token: dict[str, Any]) -> dict[str, Any]:
    round_: Round | None = call.mailbox.rounds.get(token.get("r", ""))
    if round_ is None:
        raise gone(1, 9)
    return _page(call, round_, token["r"], token["o"])


def _link(call: Call, option: str, **parts: Any) -> str:
    return f"{call.url_of('calendarView/delta')}?{option}={_token(call, m=call.mailbox.object_id, **parts)}"


def _keep(call: Call, round_: Round, name: str) -> str:
    """Remember a round that has more pages; returns its name."""
    rounds = call.mailbox.rounds
    if not name:
        name = call.tenant.guid().replace("-", "")[:12]
        rounds[name] = round_
        while len(rounds) > _ROUNDS_KEPT:
            del rounds[next(iter(rounds))]
    return name


def _page(call: Call, round_: Round, name: str, at: int) -> dict[str, Any]:
    size = call.prefs.page_size if call.tenant.switches.delta_page_size_honoured else None
    size = size or call.tenant.switches.default_delta_page
    rows, offset, more = _slice(call, round_, at, size)
    shown = [_row(call, *row) for row in rows]
    fault = call.fault.kind if call.fault else None
    if fault == "empty":
        shown, more = [], False
    elif fault == "truncate":
        shown, more = shown[: len(shown) // 3], False
    elif fault == "loop":
        offset, more = at, True
    body: dict[str, Any] = {"@odata.context": f"{call.tenant.graph_base_url}/$metadata#Collection(event)"}
    if more:
        name = _keep(call, round_, name)
        body["@odata.nextLink"] = _link(call, "$skiptoken", r=name, o=offset, n=call.info.request_id[:8])
    else:
        state = {"s": round_.session, "g": round_.generation, "p": round_.position, "h": round_.held_back}
        body["@odata.deltaLink"] = _link(call, "$deltatoken", **state)
    return body | {"value": shown}


def _slice(call: Call, round_: Round, offset: int, size: int) -> tuple[list[Row], int, bool]:
    """Rows of the page at an offset (a group, or a row where series are split), and whether more follow."""
    switches = call.tenant.switches
    if offset < 0:
        return [], 0, True
    groups = [[row] for rows in round_.groups for row in rows] if switches.series_split_over_pages else round_.groups
    taken: list[Row] = []
    while offset < len(groups) and (not taken or len(taken) + len(groups[offset]) <= size):
        taken += groups[offset]
        offset += 1
    more = offset < len(groups) or bool(switches.trailing_empty_page and taken)
    return taken, offset, more


def _row(call: Call, kind: str, item: Item, before: Item | None) -> dict[str, Any]:
    switches = call.tenant.switches
    if kind == "removed":
        return render.delta_removed(render.event_id(item, call.mailbox, call.prefs.immutable, switches))
    if kind == "sparse":
        return render.delta_sparse(item, call.mailbox, call.prefs, switches)
    shown = render.delta_full(item, call.mailbox, call.prefs, switches)
    if before is None or before.recurrence is not None or switches.delta_updates_complete:
        return shown
    known = render.delta_full(before, call.mailbox, call.prefs, switches)
    return {name: value for name, value in shown.items() if name in _ALWAYS or value != known.get(name)}
