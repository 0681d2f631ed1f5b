"""Files of a graph taken over from one state to the next without copying their bytes."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from klaster.ontology.faults import Fault

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
# What libraries make of it that do not hand the system's number on.
_TOLD: Final = ("No space left", "not enough space", "Disk quota exceeded")


@contextmanager
def room_on(path: Path) -> Iterator[None]:
    """Tell in words that the disk has no room for what is written meanwhile.

    Raises
    ------
    Fault
        With the place.
    """
    try:
        yield
    except Fault:
        raise
    except Exception as reason:
        full = isinstance(reason, OSError) and reason.errno in _FULL
        if full or any(words in str(reason) for words in _TOLD):
            raise Fault("fault.disk-full", path=path) from reason
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place beside a file to write it at; the file is there when the block ends, or never.

    Raises
    ------
    Fault
        If it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        os.replace(unfinished, path)  # noqa: PTH105
    except OSError as reason:
        raise Fault("fault.unwritable", path=path, reason=reason) from reason
    finally:
        unfinished.unlink(missing_ok=True)


def keep_files(old: Path, new: Path) -> None:
    """Take over the files of a folder, without copying the bytes where that can be done."""
    new.mkdir(parents=True)
    for file in old.iterdir():
        if file.is_dir():
            keep_files(file, new / file.name)
        else:
            keep_file(file, new / file.name)


def keep_file(old: Path, new: Path) -> None:
    """Take over one file, without copying the bytes where that can be done."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def link_or_move(old: Path, new: Path) -> None:
    """Have the files of a folder in a new one: linked, so that they stay in the old one too.

    Where files cannot be linked the folder is moved, so that the bytes are never there twice.
    """
    new.mkdir(parents=True)
    try:
        for file in old.iterdir():
            os.link(file, new / file.name)
    except OSError:
        shutil.rmtree(new)
        shutil.move(old, new)
