"""How far long work has come: a bar with the time left where its size is known, else a spinner.

On a terminal only, and on stderr: a pipe, a file and a log get results and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from klaster.commands.options import Output


@dataclass
class Steps:
    """Is told each step of some work when it begins, and how much of it is done."""

    show: Callable[[str, float], None] = lambda *_: None
    _words: str = field(default="", init=False)
    _begun: int = field(default=-1, init=False)

    def __call__(self, words: str, number: int | None = None) -> None:
        """Begin a step: the next, or the one of a number from 0 on, where some may be left out."""
        self._words = words
        self._begun = self._begun + 1 if number is None else number
        self.within(0.0)

    def within(self, share: float) -> None:
        """Be told how much of the step is done, from 0 to 1."""
        self.show(self._words, self._begun + share)


@contextmanager
def working(output: Output, *, steps: int | None = None) -> Iterator[Steps]:
    """Return what is to be told each step when it begins.

    Parameters
    ----------
    steps
        How many there will be, if that is known.
    """
    if output.quiet or not sys.stderr.isatty():
        yield Steps()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    known = (BarColumn(bar_width=24), TaskProgressColumn(), TimeRemainingColumn()) if steps else ()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    console = Console(stderr=True)
    # What is done is told by the results; the bar goes when it has served.
    with Progress(*columns, *known, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task("", total=steps)
        yield Steps(
            lambda words, done: bars.update(task, description=words, completed=done, refresh=True)
        )
