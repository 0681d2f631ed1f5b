"""Work in a process of its own: its CPU seconds, wall seconds and peak memory, within limits."""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

HERE: Final = Path(__file__).parent
_EVERY: Final = 0.2
_THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True)
class Limits:
    """What a piece of work may take: seconds by the clock, gigabytes, threads (0: all)."""

    seconds: float
    gigabytes: float
    threads: int = 0

    def environment(self) -> dict[str, str]:
        """Return the environment in which work runs."""
        own = dict.fromkeys(_THREADS, str(self.threads)) if self.threads else {}
        return {**os.environ, "PYTHONHASHSEED": "0", **own}


class Clock:
    """Measures within a process, from ``start``: imports and what is made ready do not count.

    ``peak_mb`` is the most memory that the process held since then, ``before_mb`` what it
    held at the start.
    """

    def start(self) -> None:
        """Begin to measure."""
        self._laps: dict[str, float] = {}
        _forget_peak()
        self._before = _status("VmRSS")
        self._wall, self._cpu = time.perf_counter(), cpu()
        self._last = self._cpu

    def lap(self, name: str) -> None:
        """Note what was used since the last lap under a name."""
        now = cpu()
        self._laps[name] = self._laps.get(name, 0.0) + now - self._last
        self._last = now

    def stop(self) -> dict[str, Any]:
        """Return what was measured."""
        return {
            "cpu": cpu() - self._cpu,
            "wall": time.perf_counter() - self._wall,
            "peak_mb": _status("VmHWM"),
            "before_mb": self._before,
            "laps": self._laps,
        }


def cpu() -> float:
    """Return the CPU seconds, user and system, of this process and of children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _forget_peak() -> None:
    # Where this is not allowed, the peak of the whole process is told.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("the peak memory counts from the start of the process", file=sys.stderr)


def _status(field: str, pid: str = "self") -> float:
    """Return a field of the state of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


def work(place: str, limits: Limits, **given: object) -> dict[str, Any]:
    """Do a piece of work, ``module:function``, in a fresh process, and return what it returns.

    The function takes a ``Clock`` and what is ``given``. ``status`` is ``ok``, or says in words
    why there is no result.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        argv = [sys.executable, str(HERE), "--work", place, json.dumps(given), str(answer)]
        found = command(argv, limits)
        if found["status"] == "ok":
            found |= json.loads(answer.read_text("utf-8"))
    return found


def answer(place: str, given: str, target: str) -> None:
    """Do a piece of work in this process: the other end of ``work``."""
    module, _, name = place.partition(":")
    function: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    found = function(Clock(), **json.loads(given))
    Path(target).write_text(json.dumps(found), "utf-8")


def command(
    argv: Sequence[str], limits: Limits, *, cwd: Path | None = None, more: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Run a command, and return its state, CPU seconds, wall seconds and peak memory.

    What it writes to stdout is thrown away. It is ended, with what it started, where it takes
    more than it may.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            argv,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**limits.environment(), **more},
            cwd=cwd,
            start_new_session=True,
        )
        status, usage, highest = _watched(process, limits, begun)
        said.seek(0)
        last = said.read().decode(errors="replace").strip().splitlines()[-1:]
    if status == "failed" and last:
        status = f"failed: {last[0][:200]}"
    return {
        "status": status,
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.perf_counter() - begun,
        # The system's own figure is no less than what this process held when it began the other.
        "peak_mb": highest or usage.ru_maxrss / 1024,
    }


def _watched(
    process: subprocess.Popen[bytes], limits: Limits, begun: float
) -> tuple[str, resource.struct_rusage, float]:
    """Wait until a process ends, or end it; return how, what it used and the most it held."""
    status, highest = "", 0.0
    while True:
        pid, code, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        held, most = _held(process.pid)
        highest = max(highest, held, most)
        if time.perf_counter() - begun > limits.seconds:
            status = f"ended after {limits.seconds:,.0f} s"
        elif held > limits.gigabytes * 1024:
            status = f"ended at {limits.gigabytes:g} GB"
        if status:
            # Its own session: no other process is in the group.
            os.killpg(process.pid, signal.SIGKILL)
            _, code, usage = os.wait4(process.pid, 0)
            break
        time.sleep(_EVERY)
    process.returncode = os.waitstatus_to_exitcode(code)
    if not status:
        status = "ok" if process.returncode == 0 else "failed"
        if process.returncode < 0:
            status = f"ended by signal {-process.returncode}"
    return status, usage, highest


def _held(pid: int) -> tuple[float, float]:
    """Return what a process and all that it started hold, and the most it ever held, in megabytes."""
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
        most = _status("VmHWM", str(pid))
    except (psutil.NoSuchProcess, OSError, KeyError):
        # It has just ended.
        return 0.0, 0.0
    held = 0
    for member in family:
        try:
            held += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return held / 1024**2, most


def disk(path: Path) -> float:
    """Return the megabytes that a file, or all files of a folder, take on disk, each once."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    # Hard links share their blocks.
    blocks = {(stat.st_dev, stat.st_ino): stat.st_blocks for stat in map(os.stat, files)}
    return sum(blocks.values()) * 512 / 1024**2
