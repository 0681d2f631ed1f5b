"""How many rows an answer has, counted in its bytes as they are written.

The engine writes an answer faster than its rows could pass through Python one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from pyoxigraph import QueryResultsFormat

Counter = Callable[[bytes], int]
"""Takes the next bytes of an answer and returns how many rows have ended or begun in them."""

_JSON_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def row_counter(form: QueryResultsFormat) -> Counter:
    r"""Return what counts the rows of an answer in a format.

    Examples
    --------
    >>> count = row_counter(QueryResultsFormat.CSV)
    >>> count(b'name\r\n"two\r\nli'), count(b'nes"\r\nplain\r\n')
    (0, 2)
    """
    if form == QueryResultsFormat.JSON:
        return _json_rows()
    if form == QueryResultsFormat.XML:
        return _xml_rows()
    return _lines(quoted=form == QueryResultsFormat.CSV)


def _lines(*, quoted: bool) -> Counter:
    """Count lines but for the header; in CSV a line may end within quotes and go on."""
    header, inside = 1, 0

    def count(data: bytes) -> int:
        nonlocal header, inside
        parts = data.split(b'"') if quoted else [data]
        found = sum(part.count(b"\n") for part in parts[inside::2])
        inside = (inside + len(parts) - 1) % 2
        rows = max(0, found - header)
        header = max(0, header - found)
        return rows

    return count


def _xml_rows() -> Counter:
    """Count the elements; the sign that begins one is escaped in texts."""
    mark, tail = b"<result>", b""

    def count(data: bytes) -> int:
        nonlocal tail
        held = tail + data
        tail = held[1 - len(mark) :]
        return held.count(mark)

    return count


def _json_rows() -> Counter:
    """Count the objects of the list of bindings, outside strings."""
    begun, tail = False, b""

    def count(data: bytes) -> int:
        nonlocal begun, tail
        outside, sign, cut = _JSON_STRING.sub(b"''", tail + data).partition(b'"')
        rows = outside.count(b"},{")
        if not begun and b"[{" in outside:
            begun, rows = True, rows + 1
        # A mark or a string may go on in the next bytes.
        tail = outside[-2:] + sign + cut
        return rows

    return count
