"""Statements on their way into the store: written as text, and loaded while more is written.

The text stands on disk only between the two, in a few files, whatever the size of the graph.
"""

from __future__ import annotations

import io
import shutil
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import BinaryIO, Final, cast

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
    """

    def __init__(self, folder: Path, load: Callable[[Path], None]) -> None:
        super().__init__()
        self._folder = folder
        self._load = load
        self._beside = ThreadPoolExecutor(2)
        # While text is written one core is busy with that; after it two files are loaded at once.
        self._turns = Semaphore(1)
        self._waiting: deque[Future[None]] = deque()
        self._count = 0
        self._size = 0
        self._file: BinaryIO | None = None

    def writable(self) -> bool:
        """Return that it takes bytes."""
        return True

    def write(self, text: bytes, /) -> int:  # type: ignore[override]
        """Take some text; at the end of a line a full file goes to the store.

        Raises
        ------
        OSError
            If the disk is full.
        """
        if self._file is None:
            self._count += 1
            self._file = (self._folder / f"{self._count:06}.nq").open("wb")
        self._file.write(text)
        self._size += len(text)
        if self._size >= FILE and text[-1:] == b"\n":
            self._hand_over()
        return len(text)

    def finish(self, share: Callable[[float], None] = lambda _: None) -> None:
        """Have the rest loaded, and wait until all is; ``share`` is told how much of it is.

        Raises
        ------
        Exception
            What went wrong in loading, if anything did.
        """
        self._turns.release()
        small, large = _HALVED
        if small <= self._size <= large:
            self._load_halves()
        self._hand_over()
        waiting = len(self._waiting)
        while self._waiting:
            self._waiting.popleft().result()
            share(1 - len(self._waiting) / waiting)
        self._beside.shutdown()

    def _load_halves(self) -> None:
        """Have one half of the last file loaded while the other is."""
        path = self._closed()
        half = _second_half(path)
        while self._waiting:
            self._waiting.popleft().result()
        self._waiting.append(self._beside.submit(self._loaded, path))
        self._loaded(half)

    def give_up(self) -> None:
        """Load nothing more."""
        if self._file is not None:
            self._file.close()
        self._beside.shutdown(cancel_futures=True)

    def _hand_over(self) -> None:
        if self._file is None:
            return
        path = self._closed()
        while len(self._waiting) > _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._beside.submit(self._loaded, path))

    def _closed(self) -> Path:
        """Close the file that is being written."""
        file = cast("BinaryIO", self._file)
        file.close()
        self._file, self._size = None, 0
        return Path(file.name)

    def _loaded(self, path: Path) -> None:
        with self._turns:
            self._load(path)
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
