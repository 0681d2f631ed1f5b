"""Running what was asked: in turn, within limits, and no longer than anyone waits for it."""

from __future__ import annotations

import asyncio
import re
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from klaster.graph.serving.protocol import Asked
from klaster.graph.serving.refusal import Refusal, refused
from klaster.graph.serving.settings import Settings
from klaster.graph.serving.states import State
from klaster.graph.store.guard import Guarded
from klaster.ontology.faults import Fault

# What makes two answers to one query differ though the graph is the same.
_CHANGING: Final = re.compile(r"\b(?:NOW|RAND|UUID|STRUUID|BNODE|SERVICE)\b", re.IGNORECASE)


class Turns:
    """Lets as many queries run as there are processes, a few wait, and turns the rest away.

    One client may hold half of the waiting places beside all that run.
    """

    def __init__(self, settings: Settings) -> None:
        self._free = asyncio.Semaphore(settings.workers)
        self._places = settings.workers + settings.waiting
        self._places_of_one = settings.workers + max(1, settings.waiting // 2)
        self._patience = settings.patience
        self._held: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises
        ------
        Refusal
            If too many wait, or the wait is too long.
        """
        if self._held.total() >= self._places:
            raise Refusal(503, "serve.busy", headers={"Retry-After": "2"})
        if self._held[client] >= self._places_of_one:
            raise Refusal(429, "serve.too-many", headers={"Retry-After": "2"})
        self._held[client] += 1
        try:
            try:
                await asyncio.wait_for(self._free.acquire(), self._patience)
            except TimeoutError as reason:
                raise Refusal(503, "serve.busy", headers={"Retry-After": "2"}) from reason
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._held[client] -= 1
            self._held += Counter()


@dataclass(frozen=True)
class Kitchen:
    """What answers are made with."""

    settings: Settings
    turns: Turns
    threads: ThreadPoolExecutor


class Answered(Response):
    """The answer to a query: at once where it is short, else as it comes.

    A limit that is passed after the first megabyte breaks the connection off, so that no client
    takes a part for the whole.
    """

    def __init__(self, kitchen: Kitchen, state: State, asked: Asked) -> None:
        self._kitchen = kitchen
        self._state = state
        self._asked = asked
        self._gone = threading.Event()
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or tell the fault."""
        request = Request(scope, receive)
        client = scope["client"][0] if scope.get("client") else ""
        listening = asyncio.create_task(self._listen(receive))
        try:
            async with self._kitchen.turns.turn(client):
                await self._answer(scope, receive, send)
        except Fault as fault:
            if self._gone.is_set():
                return
            await refused(request, fault)(scope, receive, send)
        finally:
            self._gone.set()
            listening.cancel()

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop, threads = asyncio.get_running_loop(), self._kitchen.threads
        found, held, whole = await loop.run_in_executor(threads, self._begin)
        headers = {"Vary": "Accept", "Cache-Control": "no-cache"}
        if tag := entity_tag(self._state, self._asked):
            headers["ETag"] = tag
        if whole:
            await Response(held, 200, headers, found.media_type)(scope, receive, send)
            return
        begun = Response(None, 200, headers, found.media_type)
        raw = [(name, value) for name, value in begun.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        try:
            piece: bytes | None = held
            while piece is not None and not self._gone.is_set():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await loop.run_in_executor(threads, next, found, None)
            await send({"type": "http.response.body", "body": b""})
        except Fault as fault:
            raise BrokenOff from fault
        finally:
            await loop.run_in_executor(threads, found.close)

    def _begin(self) -> tuple[Guarded, bytes, bool]:
        """Run the query until so much is there that it must be sent, or all."""
        asked, settings = self._asked, self._kitchen.settings
        found = self._state.guard.ask(
            asked.sparql,
            media_type=asked.media_type,
            graph_type=asked.graph_type,
            prefixes={"d": self._state.manifest.base},
            values=asked.values,
            default_graphs=asked.default_graphs,
            named_graphs=asked.named_graphs,
            hosts=settings.service_hosts,
            limits=settings.limits,
            wanted=self._wanted,
        )
        held = bytearray()
        for piece in found:
            held += piece
            if len(held) > settings.held_bytes:
                return found, bytes(held), False
        return found, bytes(held), True

    @property
    def _wanted(self) -> Callable[[], bool]:
        return lambda: not self._gone.is_set()


class BrokenOff(Exception):  # noqa: N818 - it is no error of the program
    """An answer cannot be ended as it was begun."""


def entity_tag(state: State, asked: Asked) -> str:
    """Return a name of the answer for caches, if it stays the same while the graph does."""
    if _CHANGING.search(asked.sparql):
        return ""
    forms = zlib.crc32(f"{asked.media_type} {asked.graph_type}".encode())
    return f'W/"{state.revision}-{forms:08x}"'


def is_known(request: Request, tag: str) -> bool:
    """Say whether the client holds what it asks for."""
    held = request.headers.get("if-none-match", "")
    return bool(tag) and request.method in ("GET", "HEAD") and tag in held
