"""RESULTS.md: its sections, each put in its place by the program that measured it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "RESULTS.md"


def sections(text: str) -> dict[str, str]:
    r"""Return the parts of a text by their headings of the second level, in order.

    What stands before the first is under the empty heading. Headings within code are none.

    Examples
    --------
    >>> sections("# All\n\n## One\n\n1\n")
    {'': '# All', 'One': '## One\n\n1'}
    """
    found: dict[str, list[str]] = {"": []}
    heading, code = "", False
    for line in text.splitlines():
        code ^= line.startswith("```")
        if not code and (title := re.match("## +(.+)", line)):
            heading = title[1].strip()
            if heading in found:
                message = f"two sections are called {heading}"
                raise ValueError(message)
            found[heading] = []
        found[heading].append(line)
    return {heading: "\n".join(lines).strip() for heading, lines in found.items()}


def put(text: str, path: Path = RESULTS) -> None:
    """Put each section of a text in the place of the one with its heading, or at the end.

    What stands before the first section, if anything, takes the place of the file's beginning.
    All else in the file stays.
    """
    kept = sections(path.read_text("utf-8")) if path.exists() else {"": ""}
    given = sections(text)
    if not given[""]:
        del given[""]
    whole = "\n\n".join(part for part in (kept | given).values() if part)
    path.write_text(f"{whole}\n", "utf-8")
