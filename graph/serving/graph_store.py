"""Graphs as files: https://www.w3.org/TR/sparql11-http-rdf-update/.

A graph that is put is a source like any other: it is read into the tables, checked, and lands
whole or not at all.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from klaster.graph.serving.answers import Answered, Kitchen, entity_tag, is_known
from klaster.graph.serving.negotiation import choose_language
from klaster.graph.serving.protocol import (
    Asked,
    Parameters,
    as_asked,
    content_type,
    in_url,
    refuse_large,
)
from klaster.graph.serving.refusal import Refusal
from klaster.graph.serving.settings import Settings
from klaster.graph.serving.states import State
from klaster.loaders.given import source_name
from klaster.ontology.terms import graph_iri

_ALL: Final = "CONSTRUCT WHERE { ?s ?p ?o }"
_SUFFIXES: Final = {
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/rdf+xml": "rdf",
    "application/ld+json": "jsonld",
}
READS: Final = ("GET", "HEAD", "OPTIONS")
WRITES: Final = ("PUT", "POST", "DELETE")


async def answer_store(request: Request, kitchen: Kitchen, state: State) -> Response:
    """Answer a request about one graph."""
    given = in_url(request)
    if request.method in ("GET", "HEAD"):
        return _read(request, kitchen, state, given)
    settings = kitchen.settings
    if not settings.token:
        raise Refusal(405, "serve.read-only", headers={"Allow": ", ".join(READS)})
    _require_token(request, settings.token)
    name = _source_name(request, state, given)
    graph = graph_iri(state.manifest.base, "source", name)
    known = graph in state.sources
    if request.method == "DELETE":
        if not known:
            raise Refusal(404, "serve.no-graph", found=graph)
        await _write(request, settings, name, None)
        return Response(status_code=204)
    if request.method == "POST" and known:
        raise Refusal(409, "serve.no-merge", found=graph)
    with TemporaryDirectory(prefix="klaster-") as scratch:
        path = await _received(request, settings, Path(scratch))
        await _write(request, settings, name, path)
    if known:
        return Response(status_code=204)
    return Response(status_code=201, headers={"Location": _address(request, graph)})


def _address(request: Request, graph: str) -> str:
    return str(request.url.replace(query="").include_query_params(graph=graph))


def _chosen(request: Request, given: Parameters) -> str:
    """Return the graph that a request is about; nothing is the default graph."""
    graphs = [value for name, value in given if name == "graph"]
    default = any(name == "default" for name, _ in given)
    if len(graphs) + default != 1:
        raise Refusal(400, "serve.which-graph")
    if graphs and not graphs[0]:
        raise Refusal(400, "serve.iri", found="")
    return graphs[0] if graphs else ""


def _read(request: Request, kitchen: Kitchen, state: State, given: Parameters) -> Response:
    graph = _chosen(request, given)
    if graph and graph not in state.graphs:
        raise Refusal(404, "serve.no-graph", found=graph[:500])
    chosen = [("default-graph-uri", graph)] if graph else []
    formats = [(name, value) for name, value in given if name == "format"]
    asked: Asked = as_asked(request, _ALL, [*chosen, *formats])
    if not asked.graph_type:
        raise Refusal(406, "fault.media-type", found=request.headers.get("accept", "-")[:200])
    tag = entity_tag(state, asked)
    if is_known(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Answered(kitchen, state, asked)


def _require_token(request: Request, token: str) -> None:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if kind.lower() != "bearer" or not right:
        raise Refusal(401, "serve.token", headers={"WWW-Authenticate": 'Bearer realm="klaster"'})


def _source_name(request: Request, state: State, given: Parameters) -> str:
    """Return the name of the source that a graph is; other graphs cannot be written."""
    graph = _chosen(request, given)
    before = graph_iri(state.manifest.base, "source", "")
    name = unquote(graph.removeprefix(before))
    # A name under which sources are kept, written as the graph's IRI has it.
    writable = name and graph == graph_iri(state.manifest.base, "source", name)
    plain = name.isprintable() and len(name) <= 100
    if not (writable and plain and source_name(Path(name)) == name):
        raise Refusal(403, "serve.not-writable", found=graph[:500] or "default", form=before)
    return name


async def _received(request: Request, settings: Settings, folder: Path) -> Path:
    """Write a body to a file whose suffix tells the format."""
    kind, charset = content_type(request)
    if kind not in _SUFFIXES:
        raise Refusal(415, "serve.content-type", found=kind or "-", known=", ".join(_SUFFIXES))
    if charset not in ("", "utf-8"):
        raise Refusal(415, "serve.charset", found=charset)
    limit = settings.write_bytes
    refuse_large(request, limit)
    path = folder / f"graph.{_SUFFIXES[kind]}"
    size = 0
    pieces = request.stream()
    try:
        with path.open("wb") as stream:
            while True:
                # Each piece in its time: a large body on a slow line is no fault.
                piece = await asyncio.wait_for(anext(pieces, None), settings.patience)
                if piece is None:
                    return path
                size += stream.write(piece)
                if size > limit:
                    raise Refusal(413, "serve.large", limit=limit, headers={"Connection": "close"})
    except (TimeoutError, ClientDisconnect) as reason:
        raise Refusal(408, "serve.slow", seconds=f"{settings.patience:g}") from reason


async def _write(request: Request, settings: Settings, name: str, path: Path | None) -> None:
    """Load a file as a source, or drop the source, in a process of its own.

    Raises
    ------
    Refusal
        With what is wrong with the file. The graph is then as it was.
    """
    order = {"graph": str(settings.graph), "name": name, "path": str(path) if path else None}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-X", "utf8", "-m", "klaster.graph.serving.writing"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(json.dumps(order).encode())
    if process.returncode:
        raise RuntimeError(told.decode("utf-8", "replace"))
    outcome = json.loads(told)
    if outcome:
        text = outcome["text"][choose_language(request)]
        status = 503 if outcome["key"] == "fault.busy" else 422
        raise Refusal(status, "serve.fault", text=text)
