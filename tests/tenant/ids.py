"""Identifiers as Exchange makes them: REST ids in both kinds, change keys, both etag forms, iCalUIds.

A REST id is base64 with `/` written `-` and `+` written `_`. Work mailboxes have `AAMk` ids that hold the
mailbox GUID; an occurrence's id also holds its original date as .NET ticks after the bytes 01 51 00 08.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_TO_REST = str.maketrans("/+", "-_")
_FROM_REST = str.maketrans("-_", "/+")
_IMMUTABLE = bytes.fromhex("0009002e00000000001d840311aa6611cd9bc800aa002fc45a0d00")
_DATED_IMMUTABLE = bytes.fromhex("000901510008")
_EPOCH = date(1, 1, 1)
_TICKS_A_DAY = 864_000_000_000
_UID_HEAD = "040000008200E00074C5B7101A82E008"
_SPARSE = bytes.fromhex("0f00000016000000")
CALENDAR_FOLDER = bytes.fromhex("00000000010d0000")
_CALENDAR_ITSELF = bytes.fromhex("0000000001060000")


class MalformedId(ValueError):
    """Not an id that Exchange could have made."""


@dataclass(frozen=True)
class Parsed:
    """What an event id says: kind, the store it belongs to, folder, item number, original date."""

    immutable: bool
    mailbox: str
    store: bytes
    folder: bytes
    number: int
    original: date | None


@dataclass(frozen=True)
class Store:
    """The parts of a mailbox that its ids are made of."""

    guid: str
    record: bytes
    store: bytes


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode().translate(_TO_REST)


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.translate(_FROM_REST), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(text) from error
    if _encode(raw) != text:
        raise MalformedId(text)
    return raw


def _ticks(day: date) -> bytes:
    return ((day - _EPOCH).days * _TICKS_A_DAY).to_bytes(8, "big")


def _day(raw: bytes) -> date:
    return _EPOCH + timedelta(days=int.from_bytes(raw, "big") // _TICKS_A_DAY)


@lru_cache(maxsize=200_000)
def rest_id(at: Store, folder: bytes, number: int, original: date | None = None) -> str:
    """The default, mutable id: it names the folder, so it changes when the item is moved."""
    tail = b"\x07\x00" + at.store + folder + at.store + number.to_bytes(6, "big") + b"\x00\x00"
    head = b"\x00\x03$\x00" + at.guid.encode()
    if original is None:
        return _encode(head + b"\x00F\x00\x00\x00\x00\x00" + at.record + tail)
    return _encode(head + b"\x01Q\x00\x08" + _ticks(original) + b"F\x00\x00\x00\x00" + at.record + tail + b"\x10")


@lru_cache(maxsize=200_000)
def immutable_id(at: Store, number: int, original: date | None = None) -> str:
    """The id under `Prefer: IdType="ImmutableId"`: survives moves between folders."""
    tail = at.store + b"\x00\x00" + number.to_bytes(6, "big") + b"\x00\x00"
    if original is None:
        return _encode(_IMMUTABLE + tail)
    return _encode(_DATED_IMMUTABLE + _ticks(original) + _IMMUTABLE[2:] + tail + b"\x10")


def calendar_id(at: Store) -> str:
    """The id of the default calendar itself; folders have one kind of id only."""
    head = b"\x00\x03$\x00" + at.guid.encode() + b"\x00F\x00\x00\x00\x00\x00"
    return _encode(
        head + at.record + b"\x07\x00" + at.store + _CALENDAR_ITSELF + at.store + b"\x00" * 6 + b"\x00\x00"
    )


@lru_cache(maxsize=100_000)
def parse(text: str) -> Parsed:
    """Take an event id apart. Raises MalformedId."""
    raw = _decode(text)
    if raw.startswith(_IMMUTABLE) and len(raw) == len(_IMMUTABLE) + 26:
        body = raw[len(_IMMUTABLE) :]
        return Parsed(True, "", body[:16], b"", int.from_bytes(body[18:24], "big"), None)
    if raw.startswith(_DATED_IMMUTABLE) and len(raw) == len(_IMMUTABLE) + 26 + 13:
        body = raw[14 + len(_IMMUTABLE) - 2 :]
        return Parsed(True, "", body[:16], b"", int.from_bytes(body[18:24], "big"), _day(raw[6:14]))
    if raw.startswith(b"\x00\x03$\x00") and len(raw) in (113, 124):
        guid = raw[4:40].decode("ascii", "replace")
        original = _day(raw[44:52]) if len(raw) == 124 else None
        body = raw[-67:-1] if original else raw[-66:]
        tail = body[-48:]
        return Parsed(False, guid, tail[:16], tail[16:24], int.from_bytes(tail[40:46], "big"), original)
    raise MalformedId(text)


def web_id(text: str) -> str:
    """The same id as webLink holds it: plain base64, URL-encoded."""
    return text.translate(_FROM_REST).replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")


def twin_number(at: Store, folder: bytes, number: int, style: str) -> tuple[int, int]:
    """Two item numbers whose ids, of both kinds, differ in one character: letter case, or `-` for `_` ("dash")."""
    pair = ("a", "A") if style == "case" else ("-", "_")
    text = rest_id(at, folder, number)
    place = len(text) - 6
    numbers = []
    for character in pair:
        raw = _decode(text[:place] + character + text[place + 1 :])
        numbers.append(int.from_bytes(raw[-8:-2], "big"))
    return numbers[0], numbers[1]


def change_key(at: Store, change: int) -> str:
    """22 bytes: the store, then a counter that moves with every change."""
    return base64.b64encode(at.store + change.to_bytes(6, "big")).decode()


def etag(at: Store, change: int) -> str:
    """The etag of full items."""
    return f'W/"{change_key(at, change)}"'


def sparse_etag(at: Store, change: int) -> str:
    """The etag of sparse delta rows and notifications: eight bytes in front of the same 22."""
    return f'W/"{base64.b64encode(_SPARSE + at.store + change.to_bytes(6, "big")).decode()}"'


def same_change(header: str, at: Store, change: int) -> bool:
    """Whether an If-Match value (either form, or *) names this change."""
    for candidate in header.split(","):
        text = candidate.strip()
        if text == "*":
            return True
        text = text.removeprefix("W/").strip('"')
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if raw[-22:] == at.store + change.to_bytes(6, "big"):
            return True
    return False


def ical_uid(created: datetime, tail: bytes) -> str:
    """The iCalUId of a new meeting: its time of creation as FILETIME, then 16 bytes of its own."""
    since = created.astimezone(UTC) - datetime(1601, 1, 1, tzinfo=UTC)
    filetime = int(since.total_seconds() * 10_000_000)
    return f"{_UID_HEAD}00000000{filetime.to_bytes(8, 'little').hex().upper()}{'0' * 16}10000000{tail.hex().upper()}"


def undated_uid(uid: str) -> tuple[str, date | None]:
    """The series' iCalUId behind one date's, and that date."""
    digits = uid[32:40]
    if digits == "00000000":
        return uid, None
    day = date(int(digits[:4], 16), int(digits[4:6], 16), int(digits[6:8], 16))
    return f"{uid[:32]}00000000{uid[40:]}", day


def dated_uid(uid: str, original: date) -> str:
    """The iCalUId of one date of a series: year, month, day in characters 33 to 40."""
    return f"{uid[:32]}{original.year:04X}{original.month:02X}{original.day:02X}{uid[40:]}"
