"""Workbooks of Excel 97 (.xls), read by a process of its own that may not grow without bound.

In a damaged file of this format a few bytes can claim more cells than any machine has memory for,
and the reader believes them. Run as a program, this module writes the sheets of a file as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from klaster.loaders.typed import as_typed

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

# What polars and the rest of klaster would map does not count: they are not imported here.
_MEMORY: Final = 768 * 1024 * 1024
_SECONDS: Final = 120
PASSWORD: Final = 3
"""The exit code that says that the workbook has a password."""


def old_sheets(path: Path) -> list[tuple[str, list[list[str]]]] | int:
    """Return the sheets of a workbook of Excel 97: their names and their cells as text.

    Where the file is no workbook, is damaged, or takes more memory or time than it may, a
    number other than 0 is returned: ``PASSWORD`` or another.
    """
    command = [sys.executable, "-X", "utf8", "-m", "klaster.loaders.old_workbook", str(path)]
    try:
        # The program is this module; the path is one argument, whatever is in it.
        ended = subprocess.run(  # noqa: S603
            command, capture_output=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return 1
    if ended.returncode:
        return ended.returncode
    found: list[tuple[str, list[list[str]]]] = json.loads(ended.stdout)
    return found


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limit.
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write_sheets(path: str) -> None:
    from python_calamine import CalamineWorkbook, PasswordError

    _limit_memory()
    try:
        found = _sheets(CalamineWorkbook.from_path(path))
    except PasswordError:
        sys.exit(PASSWORD)
    sys.stdout.write(json.dumps(found))


def _sheets(book: CalamineWorkbook) -> list[tuple[str, list[list[str]]]]:
    found = [
        (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        for name in book.sheet_names
    ]
    return [(name, [[as_typed(cell) for cell in row] for row in rows]) for name, rows in found]


if __name__ == "__main__":
    _write_sheets(sys.argv[1])
