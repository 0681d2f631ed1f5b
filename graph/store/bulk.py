"""Statements on their way into the store: written as text, and loaded while more is written.

The text stands on disk only between the two, in a few files, whatever the size of the graph.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Semaphore
from typing import BinaryIO, Final

from klaster.graph.store.begun import MARK, Begun, ChangedTextError

FILE: Final = 1024 * 1024 * 1024
"""Bytes of text in a file: some millions of statements, of which the store sorts one at a time."""
_HALVED: Final = (16 * 1024 * 1024, 256 * 1024 * 1024)
"""The store sorts so few statements on one core; two halves of them it sorts on two."""
_WAITING: Final = 1


class Statements(io.RawIOBase):
    """A stream that takes N-Quads, whole lines at a time, and has each full file loaded.

    Parameters
    ----------
    folder
        Where the files stand while they wait.
    load
        Loads a file into the store; runs beside the writing.
    begun
        Where it is noted what is loaded, and what a killed load had loaded already.
    """

    def __init__(
        self, folder: Path, load: Callable[[Path], None], begun: Begun | None = None
    ) -> None:
        super().__init__()
        self._folder = folder
        self._load = load
        self._begun = begun
        self._beside = ThreadPoolExecutor(2)
        # While text is written one core is busy with that; after it two files are loaded at once.
        self._turns = Semaphore(1)
        self._waiting: set[Future[None]] = set()
        self._count = 0
        self._size = 0
        self._mark = hashlib.blake2b(digest_size=MARK // 2)
        self._file: BinaryIO | None = None
        self._changed = False

    def writable(self) -> bool:
        """Return that it takes bytes."""
        return True

    def write(self, text: bytes, /) -> int:  # type: ignore[override]
        """Take some text; a file is full at the first end of a line past its size.

        Raises
        ------
        OSError
            If the disk is full.
        """
        text = bytes(text)
        rest = memoryview(text)
        # Where files end must not depend on how the text is handed over.
        while self._size + len(rest) >= FILE:
            end = text.find(b"\n", len(text) - len(rest) + max(FILE - self._size - 1, 0)) + 1
            if not end:
                break
            part, rest = rest[: end - len(text) + len(rest)], memoryview(text)[end:]
            self._take(part)
            self._hand_over(noting=True)
        self._take(rest)
        return len(text)

    def _take(self, text: memoryview) -> None:
        if self._changed or not text:
            return
        if not self._size:
            self._count += 1
            self._mark = hashlib.blake2b(digest_size=MARK // 2)
            # What is loaded already has only to be told that it is the same.
            if not self._begun or self._count not in self._begun.loaded:
                self._file = (self._folder / f"{self._count:06}.nq").open("wb")
        if self._begun:
            # Only what another load may go on with is compared.
            self._mark.update(text)
        self._size += len(text)
        if self._file:
            self._file.write(text)

    def finish(self, share: Callable[[float], None] = lambda _: None) -> None:
        """Have the rest loaded, and wait until all is; ``share`` is told how much of it is.

        Raises
        ------
        ChangedTextError
            If the text is not that of the load that was begun.
        Exception
            What went wrong in loading, if anything did.
        """
        self._turns.release()
        small, large = _HALVED
        if small <= self._size <= large and self._file:
            self._load_halves()
        # Little text is loaded as quickly as it is noted.
        self._hand_over(noting=self._count > 1)
        waiting = len(self._waiting)
        for left in reversed(range(waiting)):
            self._wait_for_all_but(left)
            share(1 - left / waiting)
        self._beside.shutdown()
        if self._changed:
            raise ChangedTextError

    def _load_halves(self) -> None:
        """Have one half of the last file loaded while the other is."""
        closed = self._closed()
        if not closed:
            return
        number, mark, path = closed
        if self._begun and number > 1:
            self._begun.begin(number, mark)
        half = _second_half(path)
        self._wait_for_all_but(0)
        self._waiting.add(self._beside.submit(self._loaded, path, 0, ""))
        self._loaded(half, 0, "")

    def give_up(self) -> None:
        """Load nothing more."""
        if self._file is not None:
            self._file.close()
        self._beside.shutdown(cancel_futures=True)

    def _hand_over(self, *, noting: bool) -> None:
        """Have the text so far loaded, if it is not, and noted if that is wanted."""
        closed = self._closed()
        if not closed:
            return
        number, mark, path = closed
        self._wait_for_all_but(_WAITING)
        number = number if noting else 0
        self._waiting.add(self._beside.submit(self._loaded, path, number, mark))

    def _wait_for_all_but(self, many: int) -> None:
        """Wait until no more than so many files are left to be loaded, in whichever order."""
        while len(self._waiting) > many:
            loaded, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
            self._waiting -= loaded
            for future in loaded:
                future.result()

    def _closed(self) -> tuple[int, str, Path] | None:
        """Close the file that is being written: its number, digest and place, if it is to be loaded."""
        if not self._size:
            return None
        file, mark, number = self._file, self._mark.hexdigest(), self._count
        self._file, self._size = None, 0
        if self._begun and self._begun.marks.get(number, mark) != mark:
            self._changed = True
        if not file:
            return None
        file.close()
        return None if self._changed else (number, mark, Path(file.name))

    def _loaded(self, path: Path, number: int, mark: str) -> None:
        """Load a file, and note it if it has a number."""
        with self._turns:
            if self._begun and number:
                self._begun.begin(number, mark)
            self._load(path)
            if self._begun and number:
                self._begun.end(number)
        path.unlink()


def _second_half(path: Path) -> Path:
    """Move the lines after the middle of a file into another, and return that."""
    half = path.with_suffix(".half.nq")
    with path.open("r+b") as whole, half.open("wb") as rest:
        whole.seek(path.stat().st_size // 2)
        whole.readline()
        middle = whole.tell()
        shutil.copyfileobj(whole, rest)
        whole.truncate(middle)
    return half
