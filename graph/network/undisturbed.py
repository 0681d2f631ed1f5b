"""Work that is done sooner undisturbed: by threads that wait, and by the collection of garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the libraries of linear algebra work on one thread meanwhile.

    On matrices of some hundred rows several threads wait for each other longer than they work:
    fifty times as long where other programs are busy.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile.

    A drawing makes millions of objects that are all kept and lead to each other in no circle;
    going through them again and again takes up to a third of the time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
