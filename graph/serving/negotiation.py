"""Which format and language a client is given of those that there are (RFC 9110, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from klaster.ontology.labels import LANGUAGES

RESULTS: Final = {
    "application/sparql-results+json": "application/sparql-results+json",
    "application/json": "application/sparql-results+json",
    "application/sparql-results+xml": "application/sparql-results+xml",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
    "text/csv": "text/csv",
    "text/tab-separated-values": "text/tab-separated-values",
}
"""What a client may ask for, and what it is then sent: rows and truth values, the best first."""
GRAPHS: Final = {
    "text/turtle": "text/turtle",
    "application/n-triples": "application/n-triples",
    "text/plain": "application/n-triples",
    "application/rdf+xml": "application/rdf+xml",
    "application/xml": "application/rdf+xml",
    "text/xml": "application/rdf+xml",
    "application/ld+json": "application/ld+json",
    "application/json": "application/ld+json",
    "text/n3": "text/n3",
}
"""The same for graphs."""
BY_NAME: Final = {
    "json": "application/json",
    "xml": "application/xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
}
"""Formats by ``?format=``, for programs that cannot send a header."""
_RANGE: Final = re.compile(r"\s*([\w!#$&^.+*-]+)/([\w!#$&^.+*-]+)\s*((?:;[^;]*)*)")
_QUALITY: Final = re.compile(r";\s*q\s*=\s*\"?([01](?:\.\d{0,3})?)\"?\s*(?=;|$)", re.IGNORECASE)


def choose(accept: str, offered: Mapping[str, str]) -> str:
    """Return the format that a client likes best, or nothing where it likes none.

    Parameters
    ----------
    accept
        The header ``Accept``; empty is any.
    offered
        What may be asked for and what is then sent, the best first.

    Examples
    --------
    >>> choose("text/csv;q=0.5, application/json", RESULTS)
    'application/sparql-results+json'
    >>> choose("*/*;q=0.1, application/json;q=0, text/csv", RESULTS), choose("image/png", RESULTS)
    ('text/csv', '')
    """
    ranges = list(_ranges(accept))
    if not ranges:
        return next(iter(offered.values()))
    # Another name of a format is asked for by itself, and not by a wildcard.
    plain = [found for found in ranges if found[1] != "*"]
    liked = [
        (_quality(ranges if name == sent else plain, name), name) for name, sent in offered.items()
    ]
    best = max(quality for quality, _ in liked)
    return next(offered[name] for quality, name in liked if quality == best) if best else ""


def _ranges(accept: str) -> Iterator[tuple[str, str, float]]:
    for part in accept.split(",")[:100]:
        found = _RANGE.fullmatch(part)
        if found:
            quality = _QUALITY.search(found[3])
            yield (
                found[1].lower(),
                found[2].lower(),
                min(1.0, float(quality[1])) if quality else 1.0,
            )


def _quality(ranges: Sequence[tuple[str, str, float]], name: str) -> float:
    """Return how much a format is liked: the most specific range decides."""
    kind, _, subtype = name.partition("/")
    fitting = [
        (2 if sub != "*" else 1 if main != "*" else 0, quality)
        for main, sub, quality in ranges
        if main in (kind, "*") and sub in (subtype, "*")
    ]
    return max(fitting, default=(0, 0.0))[1]


def choose_language(request: Request) -> str:
    """Return the language asked for by ``?lang=`` or ``Accept-Language``, else the server's own."""
    query = request.scope.get("query_string", b"")[:2000].decode("ascii", "replace")
    asked = parse_qs(query, max_num_fields=1000).get("lang", [""])[-1] if "lang=" in query else ""
    if asked in LANGUAGES:
        return asked
    settings = getattr(getattr(request.scope.get("app"), "state", None), "settings", None)
    own = str(settings.language) if settings else "en"
    return _spoken(request.headers.get("accept-language", "")) or own


def _spoken(accept: str) -> str:
    """Return the language that is liked best of those that we speak.

    Examples
    --------
    >>> _spoken("de, uz-Latn-UZ;q=0.9, ru;q=0.8"), _spoken("de")
    ('uz', '')
    """
    best, found = 0.0, ""
    for part in accept.split(",")[:50]:
        tag, _, rest = part.partition(";")
        code = tag.strip().lower().split("-")[0]
        quality = _QUALITY.search(";" + rest)
        liked = float(quality[1]) if quality else 1.0
        if code in LANGUAGES and liked > best:
            best, found = liked, code
    return found
