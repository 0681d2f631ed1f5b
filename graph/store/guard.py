"""Queries within limits that hold whatever the engine does.

A query of two lines can run for years, and no signal stops the engine. So queries run in
processes of their own, which are kept warm between queries and ended where a limit is passed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pyoxigraph import Literal, NamedNode

from klaster.graph.store.guarded import BUG, ENDED, FAULT
from klaster.graph.store.worker import Limits, Watch, Worker
from klaster.ontology.faults import Fault

__all__ = ["Guard", "Guarded", "Limits"]

_UNLIMITED: Final = Limits()


class Guarded(Iterator[bytes]):
    """An answer, as pieces of a file in the format asked for.

    Attributes
    ----------
    form
        ``rows`` of a SELECT, ``boolean`` of an ASK, ``graph`` of a CONSTRUCT or DESCRIBE.
    media_type
        The format in which it comes.
    """

    def __init__(self, form: str, media_type: str, pieces: Iterator[bytes]) -> None:
        self.form = form
        self.media_type = media_type
        self._pieces = pieces

    def __next__(self) -> bytes:
        """Return the next piece.

        Raises
        ------
        Fault
            If a limit is passed.
        """
        return next(self._pieces)

    def close(self) -> None:
        """End the query, if it has not ended."""
        close = getattr(self._pieces, "close", None)
        if close:
            close()


class Guard:
    """Runs queries over a store in child processes; closing it ends them.

    Parameters
    ----------
    store
        The folder of a state's store, which is opened to be read only.
    workers
        How many processes are kept warm. Where more queries run at a time, a process is started
        for each, which takes a tenth of a second.
    """

    def __init__(self, store: Path, *, workers: int = 1) -> None:
        self._store = store
        self._workers = workers
        self._lock = threading.Lock()
        self._retired = False
        self._closed = False
        self._watch = Watch()
        self._idle = [Worker(store) for _ in range(workers)]
        self._busy: set[Worker] = set()

    def __enter__(self) -> Self:
        """Return the guard itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes."""
        self.close()

    def close(self) -> None:
        """End the processes, and with them what they do."""
        self.retire()
        with self._lock:
            self._closed = True
            busy = list(self._busy)
        for worker in busy:
            worker.stop("closed")
        self._watch.close()

    def retire(self) -> None:
        """Keep no processes warm any more; queries that run come to their end.

        One that comes late, of somebody who was given this guard just before, has a process
        started for it.
        """
        with self._lock:
            self._retired = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop("closed")
            worker.bury()

    def ask(
        self,
        sparql: str,
        *,
        media_type: str = "application/sparql-results+json",
        graph_type: str = "application/n-triples",
        prefixes: Mapping[str, str] | None = None,
        values: Mapping[str, NamedNode | Literal] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        hosts: Collection[str] = (),
        limits: Limits = _UNLIMITED,
        wanted: Callable[[], bool] | None = None,
    ) -> Guarded:
        """Run a query and return its answer as it comes.

        A fault is raised here, before the first byte, unless the answer is longer than 64 KB.
        Closing the answer early ends the query.

        Parameters
        ----------
        media_type, graph_type
            The formats of the answer to a SELECT or ASK, and to a CONSTRUCT or DESCRIBE.
        prefixes, values, default_graphs, named_graphs, hosts
            As for ``EmbeddedStore.query``.
        wanted
            Asked twenty times a second, from another thread, whether the answer is still wanted.

        Raises
        ------
        Fault
            If the query cannot be read or a limit is passed.
        """
        request = {
            "sparql": sparql,
            "media_type": media_type,
            "graph_type": graph_type,
            "prefixes": dict(prefixes or {}),
            "values": {name: _parts(term) for name, term in (values or {}).items()},
            "default_graphs": None if default_graphs is None else list(default_graphs),
            "named_graphs": None if named_graphs is None else list(named_graphs),
            "hosts": list(hosts),
            "memory": limits.memory,
            "rows": limits.rows,
        }
        pieces = self._pieces(self._taken(), json.dumps(request).encode(), limits, wanted)
        form, sent_as = json.loads(next(pieces))
        return Guarded(form, sent_as, pieces)

    def _taken(self) -> Worker:
        """Return a worker that is free, or one more."""
        with self._lock:
            if self._closed:
                message = "this guard is closed"
                raise ValueError(message)
            worker = self._idle.pop() if self._idle else Worker(self._store)
            if not worker.alive:
                # It ended while it was idle: the system was short of memory, or someone ended it.
                worker.bury()
                worker = Worker(self._store)
            self._busy.add(worker)
            return worker

    def _given_back(self, worker: Worker) -> None:
        """Let the worker take the next query, or another in its place if it had to be stopped."""
        with self._lock:
            self._busy.discard(worker)
            wanted = not self._retired and len(self._idle) < self._workers
            kept = wanted and worker.alive
            if wanted:
                self._idle.append(worker if kept else Worker(self._store))
        if not kept:
            worker.stop("closed")
            worker.bury()

    def _pieces(
        self,
        worker: Worker,
        request: bytes,
        limits: Limits,
        wanted: Callable[[], bool] | None,
    ) -> Iterator[bytes]:
        """Yield what an answer is and its pieces, and give the worker back after the last."""
        whole = False
        try:
            worker.wait_until_ready()
            with self._watch.over(worker, limits, wanted):
                worker.send(request)
                while (frame := worker.receive(limits))[0] not in (ENDED, FAULT, BUG):
                    yield frame[1]
            kind, data = frame
            whole = kind != BUG
            if kind == FAULT:
                key, values = json.loads(data)
                raise Fault(key, **values)
            if kind == BUG:
                raise RuntimeError(data.decode())
        finally:
            if not whole:
                worker.stop("given up")
            self._given_back(worker)


def _parts(term: NamedNode | Literal) -> list[str]:
    if isinstance(term, NamedNode):
        return [term.value]
    return [term.value, term.datatype.value, term.language or ""]
