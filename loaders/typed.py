"""Values as one types them into a CSV file."""

from __future__ import annotations

import datetime as dt


def as_typed(cell: object) -> str:
    """Return a cell as one would type it into a CSV file.

    Examples
    --------
    >>> as_typed(7.0), as_typed(True), as_typed(dt.datetime(2024, 5, 31)), as_typed(None)
    ('7', 'true', '2024-05-31', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)
