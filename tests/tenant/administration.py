"""What the administrators of a tenant do to its mailboxes, and what happens to mailboxes without anybody's doing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.tenant import ids, reach
from tests.tenant.people import Booked
from tests.tenant.state import Bar, Item

if TYPE_CHECKING:
    from tests.tenant.clock import FakeClock, RealClock
    from tests.tenant.state import Mailbox
    from tests.tenant.switches import Switches


class Administration:
    """The part of a tenant that its administrators use."""

    clock: FakeClock | RealClock
    random: random.Random
    switches: Switches
    _boxes: dict[str, Mailbox]
    _names: dict[str, str]

    if TYPE_CHECKING:

        def guid(self) -> str: ...
        def mailbox(self, address: str) -> Mailbox: ...
        def mailboxes(self) -> list[Mailbox]: ...
        def job(self, delay: float, kind: str, *parts: Any) -> None: ...
        def run_due(self) -> bool: ...

    # -- addresses

    def alias(self, address: str, for_address: str) -> None:
        """A second SMTP address of a mailbox."""
        box = self.mailbox(for_address)
        box.aliases.add(address.lower())
        self._names[address.lower()] = box.address.lower()

    def rename(self, address: str, new_address: str, keep_alias: bool = True) -> None:
        """Another primary address; ids stay. The old one stays as an alias, or leads nowhere from now on."""
        box = self.mailbox(address)
        old = box.address.lower()
        self._boxes[new_address.lower()] = self._boxes.pop(old)
        box.address = new_address
        box.former.add(old)
        box.aliases = (box.aliases | {old} if keep_alias else box.aliases - {old}) - {new_address.lower()}
        del self._names[old]
        for name in [new_address.lower(), *box.aliases]:
            self._names[name] = new_address.lower()
        if self.switches.renamed_everywhere:
            for other in self.mailboxes():
                for number, item in other.items.items():
                    other.items[number] = _readdressed(item, old, new_address)

    # -- rooms

    def set_policy(self, address: str, **changes: Any) -> None:
        """Change settings of a room's calendar processing, from now on."""
        policy = self.mailbox(address).policy
        assert policy is not None
        for name, value in changes.items():
            if not hasattr(policy, name):
                raise AttributeError(name)
            setattr(policy, name, value)

    def room_declines_later(
        self, room: str, event: Booked | str, after: float = 0.0, dates: Sequence[date] = ()
    ) -> None:
        """A room takes back its answer to a meeting (a handle or its iCalUId), or to some dates of it (H50)."""
        uid = event if isinstance(event, str) else event.ical_uid
        self.job(after, "decline_later", room, uid, tuple(dates))
        self.run_due()

    def room_decides_again(self, room: str, after: float = 0.0) -> None:
        """What the room accepted and its policy of that moment refuses is declined (H50)."""
        self.job(after, "decide_again", room)
        self.run_due()

    def strip_tags(self, address: str, after: float = 0.0) -> None:
        """Extended properties vanish from every item of a mailbox (H20)."""
        self.job(after, "strip_tags", address)
        self.run_due()

    # -- reach

    def put_out_of_reach(
        self, address: str, how: str = "rbac", after: float = 0.0, seconds: float | None = None, pattern: str = "1"
    ) -> None:
        """No app reaches this mailbox, `after` some seconds and for so many.

        "rbac", "policy", "old_policy": 403 in one of three wordings. "no_mailbox", "unknown": 404. `pattern`:
        which requests are refused, over and over ("01": every second one, H68).
        """
        if how not in reach.WAYS or not set(pattern) <= {"0", "1"} or not pattern:
            raise ValueError(how)
        begins = self.clock.now() + timedelta(seconds=after)
        ends = None if seconds is None else begins + timedelta(seconds=seconds)
        self.mailbox(address).bar = Bar(how, pattern, begins, ends)

    def put_in_reach(self, address: str | None = None) -> None:
        """Undo put_out_of_reach() for a mailbox, or for all."""
        for box in self.mailboxes() if address is None else [self.mailbox(address)]:
            box.bar = None

    # -- mailboxes that come and go

    def soft_delete(self, address: str) -> None:
        """The mailbox is deleted, but can still be restored."""
        self.mailbox(address).state = "soft-deleted"

    def unlicense(self, address: str) -> None:
        """The user stays, the mailbox cannot be reached."""
        self.mailbox(address).state = "unlicensed"

    def restore(self, address: str, new_ids: bool = False, after: float = 0.0) -> None:
        """The mailbox is back, `after` some seconds; with new ids of calendar and events, so that old ones and
        delta tokens are dead.
        """
        self.job(after, "restore", address, new_ids)
        self.run_due()

    # -- ids and change keys

    def move_items(self, address: str) -> None:
        """All items move to another folder and back: mutable ids change, immutable ones stay (H15)."""
        box = self.mailbox(address)
        for item in list(box.items.values()):
            folder = (int.from_bytes(item.folder, "big") + 1).to_bytes(8, "big")
            box.put(item.changed(folder=folder), self.clock.now())

    def touch_all(self, address: str) -> None:
        """Every change key of a mailbox moves with nothing changed (H19)."""
        box = self.mailbox(address)
        for item in list(box.items.values()):
            box.put(item.changed(change=box.take_change()), self.clock.now())

    def renew_ids(self, address: str, count: int | None = None) -> None:
        """Items get new ids of both kinds, as if moved to another mailbox and back (H15)."""
        box, now = self.mailbox(address), self.clock.now()
        for item in list(box.items.values())[:count]:
            box.drop(item.number, now)
            del box.deleted[item.number]
            box.put(item.changed(number=box.take_number(self.random.randint(1, 40)), change=box.take_change()), now)

    def plan_twins(self, address: str, style: str = "case") -> None:
        """The next two items of a mailbox get ids that differ in letter case, or in `-` and `_` ("dash")."""
        box = self.mailbox(address)
        pair = ids.twin_number(box.store, ids.CALENDAR_FOLDER, box.next_number + 100_000, style)
        box.planned_numbers += pair


def _readdressed(item: Item, old: str, new: str) -> Item:
    """An item that names a mailbox by its new address."""

    def lines(attendees: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        return tuple(line | {"address": new} if line["address"].lower() == old else line for line in attendees)

    name, address = item.organizer
    exceptions = {
        day: over | {"attendees": lines(over["attendees"])} if "attendees" in over else over
        for day, over in item.exceptions.items()
    }
    organizer = (name, new if address.lower() == old else address)
    return item.changed(organizer=organizer, attendees=lines(item.attendees), exceptions=exceptions)


def strip_tags(tenant: Administration, address: str) -> None:
    """The job behind Administration.strip_tags."""
    box = tenant.mailbox(address)
    for item in list(box.items.values()):
        if item.properties:
            box.put(item.changed(properties={}, change=box.take_change()), tenant.clock.now())


def restore(tenant: Administration, address: str, new_ids: bool) -> None:
    """The job behind Administration.restore."""
    box = tenant.mailbox(address)
    box.state = "active"
    if not new_ids:
        return
    box.store = ids.Store(tenant.guid(), tenant.random.randbytes(16), tenant.random.randbytes(16))
    for forgotten in (box.sessions, box.rounds, box.transactions, box.deleted):
        forgotten.clear()
    for number, item in list(box.items.items()):
        box.items[number] = item.changed()


HANDLERS: dict[str, Callable[..., None]] = {"strip_tags": strip_tags, "restore": restore}
