"""How far a load had filled a new store when it was killed, so that the next goes on from there.

Beside the store stands a note: of what the load is, when it began, and the digest of each file of
text before it is loaded, and its number again once it is. The same load writes the same text, which
takes a fraction of the time of loading it; what is noted as loaded need not be loaded again. Text
that is not what was noted means that the store holds something else, and is made anew.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

MARK: Final = 32
"""How many signs the digest of a file has."""


class ChangedTextError(Exception):
    """The text of a load is not that of the one that it was to go on with."""


class Begun:
    """The note beside a store that is being filled.

    Parameters
    ----------
    note
        The file.
    origin
        What tells apart all that decides which text is written. Without it nothing is noted.
    at
        When the load began, as it is written.
    """

    def __init__(self, note: Path, origin: str, at: str) -> None:
        self._note = note
        self._head = f"{hashlib.sha256(origin.encode()).hexdigest()} {at}"
        self._noting = bool(origin)
        self._writing = Lock()
        self.at = at
        self.marks: dict[int, str] = {}
        self.loaded: set[int] = set()

    @classmethod
    def left(cls, note: Path, origin: str) -> Begun | None:
        """Return what a killed load of ``origin`` has noted, or nothing if it was another."""
        try:
            head, *lines = note.read_text("utf-8").splitlines()
            begun = cls(note, origin, head.partition(" ")[2])
        except (OSError, ValueError):
            return None
        if not origin or head != begun._head:
            return None
        for line in lines:
            # The last line may have been cut short.
            number, _, mark = line.partition(" ")
            if number.isdigit() and mark == "loaded":
                begun.loaded.add(int(number))
            elif number.isdigit() and len(mark) == MARK:
                begun.marks[int(number)] = mark
        begun.loaded &= begun.marks.keys()
        return begun

    def moved(self, note: Path) -> None:
        """Have the note stand elsewhere, beside the store that was moved, and end with a line."""
        lines = [self._head, *(f"{number} {mark}" for number, mark in self.marks.items())]
        lines += [f"{number} loaded" for number in self.loaded]
        written = note.with_suffix(".new")
        written.write_text("\n".join([*lines, ""]), "utf-8")
        written.replace(note)
        self._note.unlink()
        self._note = note

    def begin(self, number: int, mark: str) -> None:
        """Note that a file is going to be loaded, with the digest of its text."""
        if number not in self.marks:
            self.marks[number] = mark
            self._write(f"{number} {mark}")

    def end(self, number: int) -> None:
        """Note that a file is loaded."""
        self._write(f"{number} loaded")

    def close(self) -> None:
        """Remove the note: what is done now could not be done twice."""
        self._note.unlink(missing_ok=True)

    def _write(self, line: str) -> None:
        if not self._noting:
            return
        with self._writing, self._note.open("a", encoding="utf-8") as stream:
            if not stream.tell():
                stream.write(f"{self._head}\n")
            stream.write(f"{line}\n")
            stream.flush()
            # What the store holds is on the disk too when it says that it is loaded.
            with suppress(OSError):
                os.fsync(stream.fileno())
