"""Running the application: one process, and no patience with clients that keep it waiting."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from klaster.graph.serving.application import application
from klaster.graph.serving.refusal import Refusal
from klaster.graph.serving.settings import Settings

_CONNECTIONS: Final = 256
_GRACE: Final = 2
"""Seconds that running answers are given when the server stops."""


class PatientProtocol(H11Protocol):
    """HTTP with a limit to how long a client may take to ask, or to take its answer."""

    patience: float = 10
    _arriving: asyncio.TimerHandle | None = None
    _leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._arriving = self.loop.call_later(self.patience, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take what comes; from its first byte on, the head of a request has its time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._arriving = _stopped(self._arriving)
        elif self._arriving is None and self.conn.trailing_data[0]:
            self._arriving = self.loop.call_later(self.patience, self.transport.abort)

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        self._leaving = self.loop.call_later(self.patience * 3, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._leaving = _stopped(self._leaving)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._arriving = _stopped(self._arriving)
        self._leaving = _stopped(self._leaving)
        super().connection_lost(exc)


def _stopped(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a timer, and return what is left of it: nothing."""
    if timer:
        timer.cancel()
    return None


def serve(settings: Settings, host: str, port: int, *, ready: Callable[[str], None]) -> None:
    """Serve a graph until it is interrupted.

    Parameters
    ----------
    port
        0 takes any that is free.
    ready
        Called with the address under which the server answers.

    Raises
    ------
    Refusal
        If the address cannot be taken.
    """
    with _listening(host, port) as listening:
        protocol = type("Protocol", (PatientProtocol,), {"patience": settings.patience})
        config = uvicorn.Config(
            application(settings),
            http=protocol,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            # More than the longest address that is told about in words.
            h11_max_incomplete_event_size=4 * settings.url_bytes,
            timeout_keep_alive=int(settings.patience),
            timeout_graceful_shutdown=_GRACE,
        )
        logger = logging.getLogger("uvicorn.error")
        logger.setLevel(logging.ERROR)
        logger.addFilter(lambda record: "without completing response" not in record.getMessage())
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listening.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        try:
            if hasattr(
                socket, "SO_REUSEPORT"
            ):  # Not on Windows, where it would mean another thing.
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError) as reason:
        raise Refusal(0, "serve.port", host=host, port=port, reason=reason) from reason
    return listening
