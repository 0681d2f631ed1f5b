"""How far long work has come: a bar with the time left where its size is known, else a spinner.

On a terminal only, and on stderr: a pipe, a file and a log get results and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from klaster.commands.options import Output


@contextmanager
def working(output: Output, *, steps: int | None = None) -> Iterator[Callable[[str], None]]:
    """Return a function that is told each step when it begins.

    Parameters
    ----------
    steps
        How many there will be, if that is known.
    """
    if output.quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    known = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn()) if steps else ()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    console = Console(stderr=True)
    # What is done is told by the results; the bar goes when it has served.
    with Progress(*columns, *known, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task("", total=steps)
        begun = 0

        def step(words: str) -> None:
            nonlocal begun
            bars.update(task, description=words, completed=begun, refresh=True)
            begun += 1

        yield step
