"""Who is let in: by the name under which the server is called, and by the site that calls."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from klaster.graph.serving.refusal import Refusal, refused
from klaster.graph.serving.settings import Settings
from klaster.ontology.faults import Fault

LOOPBACK_ORIGINS: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Gate:
    """Refuses what is called by a stranger's name or site, and says how pages are to be taken.

    A site can have its own name lead to 127.0.0.1 and so read what is served there (DNS
    rebinding): its browser still says the name. Names that are figures cannot be led elsewhere.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        own = {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}
        self._names = own | {name.lower() for name in settings.names}
        self._origins = re.compile(LOOPBACK_ORIGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name for name, _ in message["headers"]}
                more = [(name, value) for name, value in _HEADERS if name not in held]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        try:
            self._judge(scope)
        except Fault as fault:
            await refused(Request(scope, receive), fault)(scope, receive, send_on)
            return
        await self._app(scope, receive, send_on)

    def _judge(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > self._settings.url_bytes:
            raise Refusal(414, "serve.long-address", limit=self._settings.url_bytes)
        host = headers.get("host", "")
        if not self._ours(host):
            raise Refusal(421, "serve.host", found=host[:200])
        origin = headers.get("origin", "")
        if origin and not self._trusted(origin, host):
            raise Refusal(403, "serve.origin", found=origin[:200])
        from_elsewhere = headers.get("sec-fetch-site") == "cross-site" and not origin
        if from_elsewhere and headers.get("sec-fetch-mode") != "navigate":
            raise Refusal(403, "serve.origin", found="-")

    def _ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True

    def _trusted(self, origin: str, host: str) -> bool:
        allowed = self._settings.origins
        same = origin.partition("://")[2].lower() == host.lower()
        return same or "*" in allowed or origin in allowed or bool(self._origins.fullmatch(origin))
