"""The SPARQL 1.1 protocol as its client speaks it: what is sent where, and what comes back.

Only the host that was given is asked, over a connection whose certificate is checked. A name and
password or a token are sent to that host alone and never shown.
"""

from __future__ import annotations

import base64
import os
import re
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit
from urllib.request import (
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from klaster.ontology.faults import Fault

FORM: Final = "application/x-www-form-urlencoded"
_REDIRECTS: Final = 5
_MOVED: Final = (301, 302, 303, 307, 308)
_CHUNK: Final = 1 << 16


def is_endpoint(place: object) -> bool:
    """Say whether something is given by a web address.

    Examples
    --------
    >>> is_endpoint("https://example.org/sparql"), is_endpoint("data/clusters.xlsx")
    (True, False)
    """
    return str(place).lower().startswith(("http://", "https://"))


class _AsAnswered(HTTPErrorProcessor):
    """Follows no redirect by itself: the query would be lost, or sent to a file or mailbox."""

    def http_response(self, request: Request, response: object) -> object:
        return response

    https_response = http_response


@dataclass
class Endpoint:
    """One address that is asked.

    Parameters
    ----------
    timeout
        The longest silence to bear, in seconds.
    login
        What tells the host who asks (see ``login_of_environment``); a name and password in the
        address come before it.
    elsewhere
        Whether a redirect to another host is followed, without what tells who asks.
    """

    address: str
    timeout: float = 60
    login: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False
    url: str = field(init=False)
    shown: str = field(init=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Take the address apart: ``url`` is what is asked, ``shown`` what may be printed."""
        parts = split(self.address)
        host = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit(parts._replace(netloc=host, fragment=""))
        self.shown = urlunsplit(parts._replace(netloc=host, query="", fragment=""))
        self.name = unquote(parts.fragment)
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.login = {"Authorization": _basic(pair)}

    def at(self, url: str) -> Endpoint:
        """Return another address of the same host, for the same asker."""
        found = Endpoint(url, self.timeout, self.login, self.elsewhere)
        found.shown, found.name = self.shown, self.name
        return found

    def within(self, timeout: float | None) -> Endpoint:
        """Return the same with another longest silence."""
        found = self.at(self.url)
        found.timeout = timeout or self.timeout
        return found

    def send(self, body: bytes, accepted: Iterable[str], *, kind: str = FORM) -> Received:
        """Send a query or an update, and return what comes back, to be read as it comes.

        Raises
        ------
        Fault
            If the host does not answer or refuses.
        """
        headers = {"Accept": ", ".join(accepted), "Content-Type": kind, "User-Agent": "klaster"}
        url, login = self.url, self.login
        try:
            for _ in range(_REDIRECTS + 1):
                request = Request(url, body, {**headers, **login})  # noqa: S310
                answer = _opener().open(request, timeout=self.timeout)
                if answer.status not in _MOVED:
                    if answer.status >= 300:
                        with answer:
                            raise self._refused(answer)
                    return Received(answer, self)
                with answer:
                    following = self._following(url, answer.headers.get("Location", ""))
                login = login if same_host(url, following) else {}
                url = following
        except (OSError, HTTPException, ValueError) as reason:
            raise self.unreachable(reason) from reason
        raise Fault("fault.endpoint-unreachable", address=self.shown, reason="redirects")

    def unreachable(self, reason: Exception) -> Fault:
        """Return the message that the host does not answer, or stopped in the middle."""
        told = str(getattr(reason, "reason", reason)) or type(reason).__name__
        return Fault("fault.endpoint-unreachable", address=self.shown, reason=told)

    def other(self, found: str) -> Fault:
        """Return the message that the host answered with something else."""
        return Fault("fault.endpoint-content", address=self.shown, found=found or "-")

    def _following(self, url: str, location: str) -> str:
        following = urljoin(url, location)
        parts = split(following)
        found = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        if not self.elsewhere and not same_host(url, found):
            there = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
            raise Fault("fault.endpoint-elsewhere", address=self.shown, found=there)
        return found

    def _refused(self, answer: HTTPResponse) -> Fault:
        text = re.sub(r"<[^>]*>", " ", answer.read(4096).decode("utf-8", "replace"))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        first = "".join(sign for sign in (lines or ["-"])[0] if sign.isprintable())
        if answer.status in (401, 403):
            key = "fault.endpoint-forbidden" if self.login else "fault.endpoint-login"
            return Fault(key, address=self.shown, status=answer.status, reason=first[:200])
        return Refused(self.shown, answer.status, first[:200])


class Refused(Fault):
    """A host that answers with a status other than success."""

    def __init__(self, address: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__("fault.endpoint-status", address=address, status=status, reason=reason)


class Received:
    """An answer on its way: read it as a file; one cut off in the middle is told."""

    def __init__(self, answer: HTTPResponse, endpoint: Endpoint) -> None:
        self._answer, self._endpoint = answer, endpoint
        # Rows may be left unread.
        weakref.finalize(self, answer.close)
        self.kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()

    def read(self, size: int = _CHUNK) -> bytes:
        """Return the next bytes, none at the end.

        Raises
        ------
        Fault
            If the host falls silent or breaks off.
        """
        try:
            found = self._answer.read(size)
        except (OSError, HTTPException, ValueError) as reason:
            raise self._endpoint.unreachable(reason) from reason
        if not found and self._answer.length:
            # The library tells of this only where all is read at once.
            raise self._endpoint.unreachable(EOFError(f"-{self._answer.length} B"))
        return found

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection."""
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._answer.close()


def login_of_environment(address: str) -> dict[str, str]:
    """Return what tells a host who asks, as the environment has it.

    That is ``KLASTER_TOKEN``, or ``KLASTER_USER`` and ``KLASTER_PASSWORD``.

    Raises
    ------
    Fault
        If it would go over the network unencrypted and ``KLASTER_PLAIN_HTTP`` does not allow it.
    """
    token, user = os.environ.get("KLASTER_TOKEN"), os.environ.get("KLASTER_USER")
    parts = split(address)
    if token and not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Fault("fault.endpoint-token")
    if not token and not user and not parts.username:
        return {}
    plain = parts.scheme == "http" and not _is_here(parts.hostname or "")
    if plain and os.environ.get("KLASTER_PLAIN_HTTP") != "1":
        host = parts.netloc.rpartition("@")[2]
        raise Fault("fault.endpoint-plain", address=f"{parts.scheme}://{host}{parts.path}")
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user:
        return {"Authorization": _basic(f"{user}:{os.environ.get('KLASTER_PASSWORD', '')}")}
    return {}


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split(address: str) -> SplitResult:
    """Return the parts of a web address.

    Raises
    ------
    Fault
        If it is none.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 80)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f]", address):
        without = re.sub(r"^(\w+:/*).*@", r"\1", address, flags=re.DOTALL)
        raise Fault("fault.endpoint-address", address=without)
    return parts


def same_host(url: str, other: str) -> bool:
    """Say whether two addresses are of one host; an encrypted way in place of a plain one is."""
    one, two = urlsplit(url), urlsplit(other)
    if (one.scheme, one.netloc) == (two.scheme, two.netloc):
        return True
    usual = one.port in (None, 80) and two.port in (None, 443)
    return (one.scheme, two.scheme) == ("http", "https") and usual and one.hostname == two.hostname


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(), _AsAnswered()):
        opener.add_handler(handler)
    return opener
