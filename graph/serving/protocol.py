"""What a client asks, by the SPARQL 1.1 Protocol: https://www.w3.org/TR/sparql11-protocol/."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from pyoxigraph import Literal, NamedNode, RdfFormat, parse
from starlette.requests import ClientDisconnect, Request

from klaster.graph.serving.negotiation import BY_NAME, GRAPHS, RESULTS, choose
from klaster.graph.serving.refusal import Refusal
from klaster.graph.serving.settings import Settings

Parameters = list[tuple[str, str]]
FORM: Final = "application/x-www-form-urlencoded"
_DIRECT: Final = "application/sparql-query"
_FIELDS: Final = 1000
_BORNE: Final = 16
"""How many times the limit a body may be to be told about in an orderly way."""


@dataclass(frozen=True)
class Asked:
    """A query with the graphs that it asks, the terms put in, and the formats wanted.

    A format is empty where the client takes none of that kind.
    """

    sparql: str
    media_type: str
    graph_type: str
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    values: Mapping[str, NamedNode | Literal] = field(default_factory=dict)


async def read_asked(request: Request, settings: Settings) -> Asked | None:
    """Read what a request asks; None is a question about the service itself.

    Raises
    ------
    Refusal
        If it is not what the protocol has, with the status that fits.
    """
    given = in_url(request)
    if request.method == "POST":
        kind, charset = content_type(request)
        if kind not in (FORM, _DIRECT):
            raise Refusal(415, "serve.content-type", found=kind or "-", known=f"{FORM}, {_DIRECT}")
        if charset not in ("", "utf-8"):
            raise Refusal(415, "serve.charset", found=charset)
        body = await read_body(request, settings.query_bytes, settings.patience)
        given += parameters(body) if kind == FORM else [("query", _text(body))]
    if any(name == "update" for name, _ in given):
        raise Refusal(403, "serve.update")
    queries = [value for name, value in given if name == "query"]
    if len(queries) > 1:
        raise Refusal(400, "serve.several-queries")
    if not queries:
        if request.method == "POST" or any(name in _OF_QUERY for name, _ in given):
            raise Refusal(400, "serve.no-query")
        return None
    return as_asked(request, queries[0], given)


_OF_QUERY: Final = ("default-graph-uri", "named-graph-uri")


def as_asked(request: Request, sparql: str, given: Parameters) -> Asked:
    """Return a query with what the other parameters say about it."""
    default = tuple(_iri(value) for name, value in given if name == "default-graph-uri")
    named = tuple(_iri(value) for name, value in given if name == "named-graph-uri")
    media_type, graph_type = formats(request, given)
    return Asked(
        sparql,
        media_type,
        graph_type,
        default if default or named else None,
        named if default or named else None,
        dict(_put_in(name[1:], value) for name, value in given if name.startswith("$")),
    )


def formats(request: Request, given: Parameters) -> tuple[str, str]:
    """Return the formats for rows and for graphs."""
    accept = ", ".join(request.headers.getlist("accept"))
    # Some clients send names of their own beside the header, which then decides.
    named = [BY_NAME[value] for name, value in given if name == "format" and value in BY_NAME]
    accept = named[-1] if named else accept
    found = choose(accept, RESULTS), choose(accept, GRAPHS)
    if found == ("", ""):
        raise Refusal(406, "fault.media-type", found=accept[:200])
    return found


def in_url(request: Request) -> Parameters:
    """Return the parameters of the address."""
    return parameters(request.scope["query_string"])


def parameters(text: bytes) -> Parameters:
    """Read parameters, which must be UTF-8 once they are decoded."""
    try:
        pairs = parse_qsl(
            text.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"
        )
    except UnicodeDecodeError as reason:
        raise Refusal(400, "serve.not-utf8") from reason
    except ValueError as reason:
        raise Refusal(400, "serve.many-parameters", limit=_FIELDS) from reason
    return pairs


def content_type(request: Request) -> tuple[str, str]:
    """Return the type of a body, and its character set where one is named."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", rest, re.IGNORECASE)
    return kind.strip().lower(), charset[1].lower() if charset else ""


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """Read a body that is not too large and does not take too long.

    One that is somewhat too large is read to its end, since many clients look at the answer only
    after they have sent everything.
    """
    refuse_large(request, limit * _BORNE)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                size += len(piece)
                if size > limit * _BORNE:
                    break
                if size <= limit:
                    body += piece
    except (TimeoutError, ClientDisconnect) as reason:
        raise Refusal(408, "serve.slow", seconds=f"{seconds:g}") from reason
    if size > limit:
        raise _too_large(limit)
    return bytes(body)


def refuse_large(request: Request, limit: int) -> None:
    """Refuse a body that says itself that it is too large, before it is read."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Refusal:
    # The rest of the body is not read, so the connection cannot be used again.
    return Refusal(413, "serve.large", limit=limit, headers={"Connection": "close"})


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as reason:
        raise Refusal(400, "serve.not-utf8") from reason


def _iri(text: str) -> str:
    try:
        return NamedNode(text).value
    except ValueError as reason:
        raise Refusal(400, "serve.iri", found=text[:200]) from reason


def _put_in(name: str, value: str) -> tuple[str, NamedNode | Literal]:
    """Return a term given as ``$name=<iri>`` or ``$name="text"``, as N-Triples writes it."""
    if not re.fullmatch(r"[A-Za-z_]\w{0,99}", name):
        raise Refusal(400, "serve.term", found=f"${name[:100]}")
    try:
        (triple,) = parse(f"<x:s> <x:p> {value} .", RdfFormat.N_TRIPLES)
    except (SyntaxError, ValueError) as reason:
        raise Refusal(400, "serve.term", found=value[:200]) from reason
    if not isinstance(triple.object, NamedNode | Literal):
        raise Refusal(400, "serve.term", found=value[:200])
    return name, triple.object
