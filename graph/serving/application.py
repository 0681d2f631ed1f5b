"""The server as an ASGI application: which address leads where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyoxigraph import Literal, NamedNode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from klaster.graph.asking import bind, find_question
from klaster.graph.serving.answers import Answered, BrokenOff, Kitchen, Turns, entity_tag, is_known
from klaster.graph.serving.description import describe
from klaster.graph.serving.gate import LOOPBACK_ORIGINS, Gate
from klaster.graph.serving.graph_store import READS, WRITES, answer_store
from klaster.graph.serving.negotiation import GRAPHS, choose, choose_language
from klaster.graph.serving.pages import (
    NetworkPages,
    ontology_page,
    query_page,
    question_text,
    static_file,
)
from klaster.graph.serving.protocol import as_asked, in_url, read_asked
from klaster.graph.serving.refusal import Refusal, refused
from klaster.graph.serving.settings import Settings
from klaster.graph.serving.states import States
from klaster.ontology.faults import Fault
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.questions import Question, questions

_HTML: Final = {"text/html": "text/html"}
_ASKS: Final = ("GET", "HEAD", "POST", "OPTIONS")
_LOOKS: Final = ("GET", "HEAD", "OPTIONS")

Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """What the addresses lead to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.states = States(settings.graph, workers=settings.workers)
        threads = ThreadPoolExecutor(settings.workers + 2, thread_name_prefix="klaster")
        self.kitchen = Kitchen(settings, Turns(settings), threads)
        self._scratch = TemporaryDirectory(prefix="klaster-serve-")
        self._network = NetworkPages(settings, Path(self._scratch.name))

    def close(self) -> None:
        """End the processes and leave nothing behind."""
        self.states.close()
        self.kitchen.threads.shutdown(wait=True, cancel_futures=True)
        self._scratch.cleanup()

    async def sparql(self, request: Request) -> Response:
        """Answer a query, or say what the service is."""
        asked = await read_asked(request, self.settings)
        state = self.states.current()
        if asked is None:
            return self._description(request)
        tag = entity_tag(state, asked)
        if is_known(request, tag):
            return Response(status_code=304, headers={"ETag": tag})
        return Answered(self.kitchen, state, asked)

    def _description(self, request: Request) -> Response:
        accept = ", ".join(request.headers.getlist("accept"))
        if choose(accept, _HTML | GRAPHS) == "text/html" and "text/html" in accept:
            return RedirectResponse("./", 303)
        media_type = choose(accept, GRAPHS)
        if not media_type:
            raise Refusal(406, "fault.media-type", found=accept[:200])
        federated = bool(self.settings.service_hosts)
        address = str(request.url.replace(query=""))
        text = describe(self.states.current(), address, media_type, federated=federated)
        return Response(text, 200, {"Vary": "Accept"}, media_type)

    async def store(self, request: Request) -> Response:
        """Read a graph, or write one."""
        return await answer_store(request, self.kitchen, self.states.current())

    async def start(self, request: Request) -> Response:
        """Show the query page."""
        address = str(request.url.replace(path=request.url.path + "sparql", query=""))
        return query_page(self.states.current(), self.settings, address, choose_language(request))

    async def static(self, request: Request) -> Response:
        """Send a file of the pages."""
        found = static_file(request.path_params["name"])
        if found is None:
            raise Refusal(404, "serve.not-found")
        return found

    async def ontology(self, request: Request) -> Response:
        """Show the documentation of the ontology."""
        name = request.path_params["name"].removesuffix(".html")
        if name not in LANGUAGES:
            raise Refusal(404, "serve.not-found")
        return await asyncio.to_thread(ontology_page, name)

    async def network(self, request: Request) -> Response:
        """Show the network page."""
        return self._network.answer(self.states.current(), choose_language(request))

    async def library(self, request: Request) -> Response:
        """List the questions."""
        language = choose_language(request)
        found = [
            {
                "slug": question.slug,
                "title": question.title(language),
                "parameters": [vars(parameter) for parameter in question.parameters],
            }
            for question in questions(self.settings.questions).values()
        ]
        headers = {"Vary": "Accept-Language", "Content-Language": language}
        return JSONResponse(found, 200, headers)

    async def question(self, request: Request) -> Response:
        """Answer a question of the library."""
        question = self._question(request)
        given = in_url(request)
        beside = ("format", "lang")
        values = {name: value for name, value in given if name not in beside}
        asked = as_asked(request, question.sparql, [pair for pair in given if pair[0] in beside])
        state = self.states.current()
        terms = await self._bound(question, values)
        return Answered(self.kitchen, state, replace(asked, values=terms))

    async def question_text(self, request: Request) -> Response:
        """Return the query of a question, with the defaults that this graph knows."""
        question, language = self._question(request), choose_language(request)
        known = await self._bound(question, {})
        return JSONResponse(question_text(question, self.states.current(), language, known))

    async def question_values(self, request: Request) -> Response:
        """Return the terms that the words given for a question's parameters mean."""
        values = {name: value for name, value in in_url(request) if name != "lang"}
        terms = await self._bound(self._question(request), values)
        return JSONResponse({name: str(term) for name, term in terms.items()})

    def _question(self, request: Request) -> Question:
        return find_question(request.path_params["slug"], self.settings.questions)

    async def _bound(
        self, question: Question, values: dict[str, str]
    ) -> dict[str, NamedNode | Literal]:
        state = self.states.current()
        return await asyncio.to_thread(lambda: bind(question, values, state.columns))


def application(settings: Settings) -> Starlette:
    """Return the server as an application; its processes end with it."""
    server = Server(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(server.close)

    origins = ["*"] if "*" in settings.origins else list(settings.origins)
    app = Starlette(
        routes=_routes(server),
        lifespan=lifespan,
        middleware=[
            Middleware(Quiet),
            Middleware(Gate, settings=settings),
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_origin_regex=LOOPBACK_ORIGINS,
                allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
                allow_headers=["Authorization", "Content-Type", "If-None-Match"],
                expose_headers=["ETag", "Location", "Retry-After"],
            ),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=3),
        ],
        exception_handlers={Fault: _tell, 404: _not_found, 405: _not_allowed},
    )
    app.state.settings = settings
    app.router.redirect_slashes = False
    return app


def _routes(server: Server) -> list[Route]:
    def route(path: str, handler: Handler, methods: tuple[str, ...] = _LOOKS) -> Route:
        async def answer(request: Request) -> Response:
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"Allow": ", ".join(methods)})
            return await handler(request)

        return Route(path, answer, methods=list(methods))

    return [
        route("/", server.start),
        route("/sparql", server.sparql, _ASKS),
        route("/store", server.store, (*READS, *WRITES)),
        route("/questions", server.library),
        route("/questions/{slug}", server.question),
        route("/questions/{slug}/text", server.question_text),
        route("/questions/{slug}/values", server.question_values),
        route("/ontology/{name}", server.ontology),
        route("/network", server.network),
        route("/static/{name}", server.static),
    ]


class Quiet:
    """Lets an answer that was broken off end without a complaint: the client knows by then."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await self._app(scope, receive, send)
        except BrokenOff:
            return


async def _tell(request: Request, fault: Exception) -> Response:
    return refused(request, fault)


async def _not_found(request: Request, _: Exception) -> Response:
    return refused(request, Refusal(404, "serve.not-found"))


async def _not_allowed(request: Request, reason: Exception) -> Response:
    headers = dict(reason.headers or {}) if isinstance(reason, HTTPException) else {}
    return refused(request, Refusal(405, "serve.method", found=request.method, headers=headers))
