"""The pages of the server: a query page with the question library, the ontology, the network."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Container
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import FileResponse, HTMLResponse, Response

from klaster.graph.serving.settings import Settings
from klaster.graph.serving.states import State
from klaster.ontology.labels import LANGUAGES, phrase
from klaster.ontology.questions import Question, questions
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import PREFIXES

if TYPE_CHECKING:
    from jinja2 import Template

STATIC: Final = {
    "yasgui.min.js": "text/javascript",
    "yasgui.min.css": "text/css",
    "yasgui.LICENSE.txt": "text/plain",
    "query.js": "text/javascript",
    "query.css": "text/css",
}
"""Every file that is sent, by its name; no other name leads to a file."""
_SELF: Final = {
    # YASGUI sets styles as attributes; scripts and requests are ours alone.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Vary": "Accept-Language",
}
_DOCUMENT: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
    )
}
# The page of the network has a policy of its own inside, with the hashes of its scripts.
_NETWORK: Final = {"Content-Security-Policy": "frame-ancestors 'none'", "Vary": "Accept-Language"}
_EXAMPLE: Final = """SELECT ?actor ?name {{
  ?actor a kl:Enterprise ; rdfs:label ?name .
}}
LIMIT 20
"""


def static_file(name: str) -> Response | None:
    """Return one of the files of the pages, if it is one."""
    if name not in STATIC:
        return None
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(_read("static", name), 200, headers, STATIC[name])


@cache
def _read(folder: str, name: str) -> bytes:
    return files("klaster.graph.serving").joinpath(folder, name).read_bytes()


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=False)
    return environment.from_string(_read("templates", name).decode("utf-8"))


def query_page(state: State, settings: Settings, address: str, language: str) -> Response:
    """Return the page at which one asks."""
    from markupsafe import Markup

    given = PREFIXES | {"d": state.manifest.base}
    known = {
        "example": "".join(
            f"PREFIX {name}: <{iri}>\n"
            for name, iri in given.items()
            if name in ("kl", "rdfs", "d")
        )
        + _EXAMPLE.format(),
        "prefixes": given,
        "tab": phrase("serve.title", language),
        "terms": sorted(f"kl:{term.name}" for term in terms().values()),
    }
    html = _template("query.html").render(
        language=language,
        languages=LANGUAGES,
        name=settings.graph.name.removesuffix(".klaster"),
        say=lambda key: phrase(key, language),
        say_in=phrase,
        questions=list(questions(settings.questions).values()),
        endpoint=address,
        settings=Markup(_embedded(known)),  # noqa: S704 - this is the escaping
    )
    return HTMLResponse(html, 200, _SELF | {"Content-Language": language})


def _embedded(value: object) -> str:
    """Return a value as JSON that can stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def question_text(
    question: Question, state: State, language: str, known: Container[str]
) -> dict[str, Any]:
    """Return a question for the query page: its query with the prefixes, and its parameters.

    ``known`` names the parameters whose defaults this graph knows.
    """
    given = PREFIXES | {"d": state.manifest.base}
    used = [name for name in given if re.search(rf"\b{name}:", question.sparql)]
    head = "".join(f"PREFIX {name}: <{given[name]}>\n" for name in used)
    return {
        "slug": question.slug,
        "title": question.title(language),
        "sparql": head + question.sparql,
        "parameters": [
            {
                "name": parameter.name,
                "label": phrase(f"serve.kind.{parameter.kind}", language),
                "default": parameter.default if parameter.name in known else "",
            }
            for parameter in question.parameters
        ],
    }


@cache
def ontology_page(language: str) -> Response:
    """Return the documentation of the ontology."""
    from klaster.ontology.documentation import page

    return HTMLResponse(page(language), 200, _DOCUMENT | {"Content-Language": language})


class NetworkPages:
    """Draws the network page of a state when it is first asked for, in a process of its own."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self._settings = settings
        self._scratch = scratch
        self._drawn: dict[tuple[str, str], asyncio.Task[str]] = {}

    def answer(self, state: State, language: str) -> Response:
        """Return the page, or one that waits for it."""
        key = (state.revision, language)
        for old in [old for old in self._drawn if old[0] != state.revision]:
            del self._drawn[old]
        if key not in self._drawn:
            self._drawn[key] = asyncio.create_task(self._draw(*key))
        task = self._drawn[key]
        if not task.done():
            return _waiting(language, "", 202)
        if fault := task.result():
            del self._drawn[key]
            return _waiting(language, fault, 503)
        headers = _NETWORK | {"Content-Language": language}
        return FileResponse(self._path(*key), 200, headers, "text/html")

    def _path(self, revision: str, language: str) -> Path:
        return self._scratch / f"{revision}.{language}.html"

    async def _draw(self, revision: str, language: str) -> str:
        """Draw a page, and return what went wrong, if anything."""
        command = [sys.executable, "-P", "-X", "utf8", "-m", "klaster", "page"]
        command += [str(self._settings.graph), "-o", str(self._path(revision, language))]
        process = await asyncio.create_subprocess_exec(
            *command,
            *("--lang", language, "--quiet"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode == 0:
            return ""
        return told.decode("utf-8", "replace").strip()[-500:] or f"{process.returncode}"


def _waiting(language: str, fault: str, status: int) -> Response:
    html = _template("waiting.html").render(
        language=language, fault=fault, say=lambda key: phrase(key, language)
    )
    headers = _SELF | {"Content-Language": language, "Cache-Control": "no-store"}
    return HTMLResponse(html, status, headers)
