"""Holds: actions that wait for a person, as the plan shows them, and what people decided about them.

A decision is about an action as it was shown. One that became another (other values, another base) loses it and
is shown anew; one that nothing asks for any more leaves its hold, and an empty hold closes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.domain.words import Choice, HoldActionState, HoldKind
from webapp.models import Hold, HoldAction
from worker.store.claims import Lane

OPEN, APPROVED, REJECTED, DONE = HoldActionState


@dataclass(frozen=True)
class HeldAction:
    """One action that a hold keeps back."""

    key: str
    action: str
    reservation_id: int | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    base_etag: str = ""


@dataclass(frozen=True)
class Held:
    """An action of an open hold and how it stands."""

    action: HeldAction
    state: HoldActionState
    choice: str
    decided_by: str

    def is_decided(self, action: HeldAction) -> bool:
        """Whether a person decided about exactly this action."""
        return self.state is not OPEN and self.action == action


def key_of(reservation_id: int | None) -> str:
    """The key of an action about one reservation."""
    return f"reservation:{reservation_id}"


def cancel_here(reservation_id: int | None, base: dict[str, Any] | None, base_etag: str) -> HeldAction:
    """The action that ends a reservation because its event is gone."""
    return HeldAction(key_of(reservation_id), "cancel_here", reservation_id, base, None, base_etag)


def follow(
    session: Session,
    room_id: int,
    kind: HoldKind,
    actions: Collection[HeldAction],
    now: datetime,
    *,
    stay: Collection[str] = (),
    **fields: Any,
) -> bool:
    """Make the room's open hold of this kind say exactly `actions`, besides those whose keys `stay` as they are;
    whether there is anything new for people to see."""
    found = _open_hold(session, room_id, kind)
    if found is None and not actions:
        return False
    found = found or _open(session, room_id, kind, now)
    before = {(row.key, row.state) for row in found.actions}
    wanted = {action.key: action for action in actions}
    for row in list(found.actions):
        if row.key not in wanted and row.key not in stay and row.state is not DONE:
            found.actions.remove(row)
    for action in wanted.values():
        _show(found, action)
    found.fields = fields
    _close_if_empty(found, now)
    session.flush()
    return {(row.key, row.state) for row in found.actions} - before != set()


def add(session: Session, room_id: int, kind: HoldKind, action: HeldAction, now: datetime) -> None:
    """Show one action in the room's open hold of this kind, opening it if needed."""
    _show(_open_hold(session, room_id, kind) or _open(session, room_id, kind, now), action)
    session.flush()


_OPEN_HOLDS = (
    select(Hold)
    .where(
        Hold.room_id == bindparam("room"), Hold.kind.in_(bindparam("kinds", expanding=True)), Hold.closed_at.is_(None)
    )
    .order_by(Hold.id)
)
_OPEN_HOLDS_LOCKED = _OPEN_HOLDS.with_for_update().execution_options(populate_existing=True)


def held(lane: Lane, *kinds: HoldKind) -> dict[HoldKind, dict[str, Held]]:
    """What the room's open holds of these kinds keep back, by kind and key; each kind is there."""
    found: dict[HoldKind, dict[str, Held]] = {kind: {} for kind in kinds}
    with lane.reading() as session:
        for hold in session.scalars(_OPEN_HOLDS, {"room": lane.room_id, "kinds": kinds}):
            found[hold.kind] = {row.key: _as_held(row) for row in hold.actions if row.state is not DONE}
    return found


DECIDED_ACTIONS = (
    select(HoldAction, Hold.kind)
    .join(Hold, Hold.id == HoldAction.hold_id)
    .where(Hold.room_id == bindparam("room"), Hold.closed_at.is_(None), HoldAction.state.in_((APPROVED, REJECTED)))
    .order_by(HoldAction.id)
)


def decided(lane: Lane) -> dict[HoldKind, dict[str, Held]]:
    """What people decided of what the room's open holds keep back and nobody carried out yet, by kind and key."""
    found: dict[HoldKind, dict[str, Held]] = {}
    with lane.reading() as session:
        for row, kind in session.execute(DECIDED_ACTIONS, {"room": lane.room_id}):
            found.setdefault(kind, {})[row.key] = _as_held(row)
    return found


def decision(lane: Lane, kind: HoldKind, action: HeldAction) -> Choice | None:
    """What a person chose for exactly this action; None while nobody did, or it became another since."""
    row = held(lane, kind)[kind].get(action.key)
    return Choice(row.choice) if row is not None and row.is_decided(action) else None


def carried_out(session: Session, room_id: int, kind: HoldKind, key: str, now: datetime) -> None:
    """An action was carried out as it was decided: it stays to be read, and a hold without others closes."""
    found = _open_hold(session, room_id, kind)
    for row in found.actions if found is not None else []:
        if row.key == key and row.state in (APPROVED, REJECTED):
            row.state = DONE
    if found is not None:
        _close_if_empty(found, now)
    session.flush()


def release(
    session: Session, room_id: int, kinds: tuple[HoldKind, ...], reservation_id: int | None, now: datetime
) -> None:
    """Take a reservation's actions (None: all) out of the room's open holds; an empty hold closes."""
    for hold in session.scalars(_OPEN_HOLDS_LOCKED, {"room": room_id, "kinds": kinds}).all():
        for row in list(hold.actions):
            if row.state is not DONE and (reservation_id is None or row.reservation_id == reservation_id):
                hold.actions.remove(row)
        _close_if_empty(hold, now)
        session.flush()


def reopen(session: Session, room_id: int, kind: HoldKind, key: str) -> None:
    """What was chosen for an action cannot be carried out: a person is asked once more."""
    found = _open_hold(session, room_id, kind)
    for row in found.actions if found is not None else []:
        if row.key == key:
            _undecide(row)
    session.flush()


def believe_listing(session: Session, room_id: int, missing: Collection[HeldAction], now: datetime) -> bool:
    """Whether people decided about everything that an empty listing lacks. Each is cancelled here, or stays, once
    its event was asked for by id: from here on that is a matter of the brake's hold."""
    found = _open_hold(session, room_id, HoldKind.EMPTY_LISTING)
    rows = {row.key: row for row in found.actions if row.state is not DONE} if found is not None else {}
    if not all(action.key in rows and _as_held(rows[action.key]).is_decided(action) for action in missing):
        return False
    assert found is not None, "what is decided stands in a hold"
    brake = _open_hold(session, room_id, HoldKind.MASS_CANCEL) or _open(session, room_id, HoldKind.MASS_CANCEL, now)
    for action in missing:
        row, shown = rows[action.key], _show(brake, action)
        shown.state, shown.choice = row.state, row.choice
        shown.decided_by, shown.decided_at = row.decided_by, row.decided_at
        row.state = DONE
    for row in rows.values():
        if row.state is not DONE:
            found.actions.remove(row)
    _close_if_empty(found, now)
    session.flush()
    return True


def _show(hold: Hold, action: HeldAction) -> HoldAction:
    """The row of an action: one that says the same keeps what was decided about it."""
    row = next((row for row in hold.actions if row.key == action.key), None)
    if row is None:
        row = HoldAction(state=OPEN, **asdict(action))
        hold.actions.append(row)
    elif row.state is DONE or _as_held(row).action != action:
        for name, value in asdict(action).items():
            setattr(row, name, value)
        _undecide(row)
    return row


def _undecide(row: HoldAction) -> None:
    row.state, row.choice, row.decided_by, row.decided_at = OPEN, "", "", None


def _as_held(row: HoldAction) -> Held:
    action = HeldAction(row.key, row.action, row.reservation_id, row.before, row.after, row.base_etag)
    return Held(action, row.state, row.choice, row.decided_by)


def _open(session: Session, room_id: int, kind: HoldKind, now: datetime) -> Hold:
    made = Hold(room_id=room_id, kind=kind, opened_at=now, fields={})
    session.add(made)
    session.flush()
    return made


def _close_if_empty(hold: Hold, now: datetime) -> None:
    """A hold closes with its last action; the name is that of who decided, if anybody did."""
    if all(row.state is DONE for row in hold.actions):
        by = [row.decided_by for row in hold.actions]
        hold.closed_at, hold.closed_by = now, by[-1] if by else ""


def _open_hold(session: Session, room_id: int, kind: HoldKind) -> Hold | None:
    """The open hold, locked against a person who decides about it at this moment."""
    return session.scalars(_OPEN_HOLDS_LOCKED, {"room": room_id, "kinds": (kind,)}).one_or_none()
