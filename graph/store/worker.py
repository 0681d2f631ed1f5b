"""A child process in which guarded queries run, and what stops it at a limit."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from klaster.graph.store import guarded
from klaster.graph.store.guarded import HEAD, NO_MEMORY
from klaster.ontology.faults import Fault

_LOOK: Final = 0.05
"""Seconds between two looks at the memory that a query takes."""
_MEGABYTE: Final = 1 << 20
_LONG: Final = 0.5
"""Seconds after which a query gives way to those that others wait for."""
_REFUSED: Final = (-signal.SIGABRT, NO_MEMORY)


@dataclass(frozen=True)
class Limits:
    """What a query may take; None is without limit.

    Parameters
    ----------
    seconds
        From the question to the last byte of the answer, whoever is slow.
    memory
        Bytes of the process that runs the query, of which it needs some 35 MB to begin with.
    rows
        Rows or triples of the answer.
    """

    seconds: float | None = None
    memory: int | None = None
    rows: int | None = None


_UNLIMITED: Final = Limits()


class Worker:
    """One child process."""

    def __init__(self, store: Path) -> None:
        command = [sys.executable, "-P", "-X", "utf8", "-m", guarded.__name__, str(store)]
        # Not in the terminal's group: Ctrl-C is for the parent, which ends its children.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **apart,
        )
        self._ready = False
        self._stopped = ""
        self.gives_way = False

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take another query.

        One that gave way cannot, since only an administrator may set its priority back.
        """
        return not self._stopped and not self.gives_way and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the process has started, for which no query is charged."""
        if not self._ready:
            self.receive(_UNLIMITED)
            self._ready = True

    def send(self, request: bytes) -> None:
        """Send a request; if the process is gone, what it does not answer will show that."""
        stream = self._process.stdin
        with suppress(OSError):
            if stream:
                stream.write(len(request).to_bytes(4, "big") + request)
                stream.flush()

    def receive(self, limits: Limits) -> tuple[bytes, bytes]:
        """Return the next frame.

        Raises
        ------
        Fault
            If the process was ended at a limit, or ended by itself.
        """
        stream = self._process.stdout
        head = stream.read(HEAD.size) if stream else b""
        if stream and len(head) == HEAD.size:
            kind, size = HEAD.unpack(head)
            data = stream.read(size)
            if len(data) == size:
                return kind, data
        raise self._lost(limits)

    def _lost(self, limits: Limits) -> Fault:
        """Return why the process has ended in the midst of a query."""
        code = self._process.wait()
        if self._stopped == "timeout":
            return Fault("fault.timeout", seconds=f"{limits.seconds:g}")
        # Refused memory, the engine aborts.
        if self._stopped == "memory" or (limits.memory is not None and code in _REFUSED):
            return Fault("fault.memory", megabytes=(limits.memory or 0) // _MEGABYTE)
        return Fault("fault.engine", reason=self._stopped or code)

    def give_way(self) -> None:
        """Let other processes run first from now on."""
        import psutil

        lower = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 10)
        with suppress(psutil.Error):
            psutil.Process(self.pid).nice(lower)
        self.gives_way = True

    def stop(self, reason: str) -> None:
        """End the process, whatever it does, for the first reason that is given."""
        self._stopped = self._stopped or reason
        self._process.kill()

    def bury(self) -> None:
        """Wait for the end of a stopped process and close what led to it."""
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream:
                    stream.close()


@dataclass(frozen=True)
class _Bounds:
    """Until when a query may run, in how much memory, and whether anyone waits for it."""

    begun: float
    deadline: float
    memory: int | None
    wanted: Callable[[], bool] | None

    @property
    def looked_at(self) -> bool:
        return self.memory is not None or self.wanted is not None

    def is_long(self, now: float) -> bool:
        """Say whether others may have waited long enough: only a server has others."""
        return self.wanted is not None and now - self.begun > _LONG

    def passed(self, worker: Worker, now: float) -> str:
        """Return for what reason a worker must stop, if for any."""
        if now >= self.deadline:
            return "timeout"
        if self.wanted is not None and not self.wanted():
            return "given up"
        if self.memory is not None and _memory_of(worker.pid) > self.memory:
            return "memory"
        return ""


class Watch:
    """Stops the workers that pass a limit, from a thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._over: dict[Worker, _Bounds] = {}
        self._wakes = math.inf
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(
        self, worker: Worker, limits: Limits, wanted: Callable[[], bool] | None = None
    ) -> Iterator[None]:
        """Watch over a worker while a query runs, and while its answer is wanted."""
        if limits.seconds is None and limits.memory is None and wanted is None:
            yield
            return
        deadline = math.inf if limits.seconds is None else time.monotonic() + limits.seconds
        with self._changed:
            self._over[worker] = _Bounds(time.monotonic(), deadline, limits.memory, wanted)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            elif self._next_look() < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._over.pop(worker, None)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        # What collects garbage may be that thread itself.
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()

    def _next_look(self) -> float:
        """Return when to look next: at the first deadline, and often where more is bounded."""
        soon = time.monotonic() + _LOOK
        return min(
            (min(b.deadline, soon if b.looked_at else math.inf) for b in self._over.values()),
            default=math.inf,
        )

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for worker, bounds in list(self._over.items()):
                    if reason := bounds.passed(worker, now):
                        worker.stop(reason)
                        del self._over[worker]
                    elif bounds.is_long(now) and not worker.gives_way:
                        worker.give_way()
                self._wakes = self._next_look()
                rest = self._wakes - now
                self._changed.wait(None if math.isinf(rest) else max(0.0, rest))


def _memory_of(process: int) -> int:
    """Return the bytes of memory in which a process stands, 0 where it has ended."""
    import psutil

    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0
