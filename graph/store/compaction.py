"""The store's own tidying, put off while it is filled.

What is loaded stands on disk in sorted files, which RocksDB merges into fewer ones in a thread of
its own. While more is loaded that is in vain: what was merged is merged again with what comes
next. So the thread waits until nearly all is loaded, and then merges everything once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TASKS = Path("/proc/self/task")
_NAME = "rocksdb:low"


@contextmanager
def put_off() -> Iterator[None]:
    """Have the threads that merge files do so only where nothing else is to be done.

    Elsewhere than on Linux they go on as they are: slower by a quarter, with the same result.
    """
    threads = [*_merging()]
    for thread in threads:
        _schedule(thread, idle=True)
    try:
        yield
    finally:
        for thread in threads:
            _schedule(thread, idle=False)


def _merging() -> Iterator[int]:
    if sys.platform != "linux":
        return
    for task in _TASKS.iterdir():
        try:
            if (task / "comm").read_text().strip() == _NAME:
                yield int(task.name)
        except OSError:
            continue  # It has ended.


def _schedule(thread: int, *, idle: bool) -> None:
    if sys.platform != "linux":
        return
    policy = os.SCHED_IDLE if idle else os.SCHED_OTHER
    try:
        os.sched_setscheduler(thread, policy, os.sched_param(0))
    except OSError:
        return  # Not everybody may, in a container for one; it is only slower then.
