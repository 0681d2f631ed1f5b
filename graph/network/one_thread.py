"""Linear algebra on one thread, for the many small matrices of a drawing."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which the libraries of linear algebra work on one thread.

    On matrices of some hundred rows several threads wait for each other longer than they work:
    fifty times as long where other programs are busy.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
