"""Tables as CSV files: streamed, whatever their length, and without a cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from flask import Response, stream_with_context

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the start of a formula, full-width forms included (S18)."""
BOM = "\ufeff"
"""Tells spreadsheets that it is UTF-8."""
CHUNK = 64 * 1024


def cell(value: object) -> str:
    """A value as a cell: instants in UTC, numbers as they are, and texts that no spreadsheet executes."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) or text.startswith(FORMULA) else text


Rows = Callable[[], Iterable[Sequence[object]]]
"""Called when the file is written: the request's own session is gone by then."""


def csv_answer(name: str, head: Sequence[str], rows: Rows) -> Response:
    """A file to download, written while it is read from the database."""
    response = Response(stream_with_context(_written(head, rows)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _written(head: Sequence[str], rows: Rows) -> Iterator[str]:
    text = io.StringIO()
    write = csv.writer(text).writerow
    text.write(BOM)
    write(head)
    for row in rows():
        write([cell(value) for value in row])
        if text.tell() > CHUNK:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
