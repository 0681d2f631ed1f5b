"""The process in which guarded queries run: ``python -m klaster.graph.store.guarded STORE``.

It reads requests from its standard input and answers each on its standard output, in frames: a
letter, a length, and so many bytes. It ends when its input ends, so that it does not outlive the
process that started it, whatever happened to that one.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Triple,
    serialize,
)

from klaster.graph.store.embedded import Answer, EmbeddedStore
from klaster.graph.store.row_limit import Counter, row_counter
from klaster.ontology.faults import Fault
from klaster.ontology.terms import PREFIXES

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEAD: Final = struct.Struct(">cI")
READY, BEGUN, DATA, ENDED, FAULT, BUG = b"R", b"H", b"D", b"E", b"F", b"X"
NO_MEMORY: Final = 70
"""How the process ends where Python, not the engine, was refused memory."""
_CHUNK: Final = 1 << 16


def main(store: Path) -> None:
    """Answer requests until there are no more."""
    answers = _own_output()
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    opened = _opened(store)
    _send(answers, READY, b"")
    _flush(answers)
    while True:
        request = json.loads(requests.get())
        try:
            if isinstance(opened, Fault):
                raise opened
            with _memory_limited(request["memory"]):
                _answer(opened, request, answers)
        except Fault as fault:
            _send(answers, FAULT, json.dumps([fault.key, fault.values], default=str).encode())
        except MemoryError:
            os._exit(NO_MEMORY)
        except BaseException:  # noqa: BLE001 - it is told to the process that asks
            _send(answers, BUG, traceback.format_exc().encode("utf-8", "replace"))
        else:
            _send(answers, ENDED, b"")
        _flush(answers)


def _opened(store: Path) -> EmbeddedStore | Fault:
    """Open the store, or return why that cannot be, which is told when something is asked."""
    try:
        return EmbeddedStore(store)
    except OSError as reason:
        return Fault("fault.store", path=str(store), reason=str(reason))


def _own_output() -> IO[bytes]:
    """Return the standard output, which nothing else can write to from now on."""
    answers = os.fdopen(os.dup(1), "wb", buffering=_CHUNK)
    os.dup2(2, 1)
    return answers


def _receive(requests: SimpleQueue[bytes]) -> None:
    """Hand on requests; when their source is gone, end at once, in the midst of a query too."""
    while len(head := sys.stdin.buffer.read(4)) == 4:
        requests.put(sys.stdin.buffer.read(int.from_bytes(head, "big")))
    os._exit(0)


def _send(answers: IO[bytes], kind: bytes, data: bytes) -> None:
    try:
        answers.write(HEAD.pack(kind, len(data)) + data)
    except OSError:
        os._exit(0)  # Nobody reads any more.


def _flush(answers: IO[bytes]) -> None:
    try:
        answers.flush()
    except OSError:
        os._exit(0)


def _answer(store: EmbeddedStore, request: Mapping[str, Any], answers: IO[bytes]) -> None:
    found = store.query(
        request["sparql"],
        prefixes=request["prefixes"],
        values={name: _term(parts) for name, parts in request["values"].items()},
        default_graphs=request["default_graphs"],
        named_graphs=request["named_graphs"],
        hosts=request["hosts"],
    )
    frames = _Frames(answers, request["rows"])
    output: IO[bytes] = io.BufferedWriter(frames, _CHUNK)
    try:
        _write(found, request, output, frames)
        output.flush()
    except OSError as reason:
        if frames.fault:  # The engine wraps what its output raises.
            raise frames.fault from None
        if request["hosts"]:
            raise Fault("fault.service-failed", reason=str(reason)) from reason
        raise
    except RuntimeError as reason:
        raise Fault("fault.sparql-other", reason=str(reason)) from reason
    frames.send_head()


def _write(found: Answer, request: Mapping[str, Any], output: IO[bytes], frames: _Frames) -> None:
    if isinstance(found, QueryTriples):
        form = RdfFormat.from_media_type(request["graph_type"])
        if form is None:
            raise Fault("fault.media-type", found=request["graph_type"])
        frames.begin("graph", form.media_type)
        prefixes = PREFIXES | request["prefixes"] if form in _PREFIXED else None
        serialize(_counted(found, frames), output, form, prefixes=prefixes)
        return
    results = QueryResultsFormat.from_media_type(request["media_type"])
    if results is None:
        raise Fault("fault.media-type", found=request["media_type"])
    if isinstance(found, QuerySolutions):
        frames.begin("rows", results.media_type, row_counter(results))
    else:
        frames.begin("boolean", results.media_type)
    found.serialize(output, results)


_PREFIXED: Final = (RdfFormat.TURTLE, RdfFormat.TRIG, RdfFormat.N3, RdfFormat.RDF_XML)


def _counted(triples: QueryTriples, frames: _Frames) -> Iterator[Triple]:
    for triple in triples:
        frames.count(1)
        yield triple


class _Frames(io.RawIOBase):
    """Counts the rows of what the engine writes and sends it in frames.

    A buffer stands before it: until there is much of an answer or all, nothing is sent, and a
    fault can still be told in its place.
    """

    def __init__(self, answers: IO[bytes], limit: int | None) -> None:
        self._answers = answers
        self._limit = limit
        self._rows = 0
        self._counter: Counter | None = None
        self._head = b""
        self.fault: Fault | None = None

    def begin(self, form: str, media_type: str, counter: Counter | None = None) -> None:
        """Tell what comes; ``counter`` counts its rows in the bytes."""
        self._head = json.dumps([form, media_type]).encode()
        self._counter = None if self._limit is None else counter

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        piece = bytes(data)
        if self._counter:
            self.count(self._counter(piece))
        self.send_head()
        _send(self._answers, DATA, piece)
        _flush(self._answers)
        return len(piece)

    def send_head(self) -> None:
        if self._head:
            _send(self._answers, BEGUN, self._head)
            self._head = b""

    def count(self, rows: int) -> None:
        """Add to the rows.

        Raises
        ------
        Fault
            If there are too many.
        """
        self._rows += rows
        if self._limit is not None and self._rows > self._limit:
            self.fault = Fault("fault.rows", limit=self._limit)
            raise self.fault


def _term(parts: Sequence[str]) -> NamedNode | Literal:
    """Return a term from its parts: an IRI, or a text with a data type or language."""
    if len(parts) == 1:
        return NamedNode(parts[0])
    text, datatype, language = parts
    if language:
        return Literal(text, language=language)
    return Literal(text, datatype=NamedNode(datatype))


@contextmanager
def _memory_limited(limit: int | None) -> Iterator[None]:
    """Bound what the process may take on while a query runs, where the system can do that."""
    if limit is None or sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    # The limit is of memory in use; the system counts what is set aside, used or not.
    bound = limit + 1024 * (_kilobytes("VmData") - _kilobytes("RssAnon"))
    if before[1] != resource.RLIM_INFINITY:
        bound = min(bound, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (bound, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _kilobytes(name: str) -> int:
    status = Path("/proc/self/status").read_text("ascii", "replace")
    return next(
        (int(line.split()[1]) for line in status.splitlines() if line.startswith(name + ":")), 0
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
