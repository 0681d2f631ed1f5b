"""Values of parameters in a query for another machine: as terms in VALUES, never as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pyoxigraph import Literal, NamedNode

_TOKEN: Final = re.compile(
    r"""\#[^\n]*|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|<[^\x00-\x20<>"{}|^`\\]*>"""
    r"""|[?$](?P<variable>\w+)|(?P<word>[A-Za-z_]\w*(?![\w:.-]*:))|(?P<open>\{)|(?P<close>\})""",
    re.DOTALL,
)


def term_text(term: NamedNode | Literal) -> str:
    r"""Return a term as SPARQL writes it.

    Examples
    --------
    >>> print(term_text(Literal('a" } DROP ALL #')))
    "a\" } DROP ALL #"
    """
    return without_escapes(str(term))


def without_escapes(text: str) -> str:
    r"""Return terms in which no backslash of a text meets a ``u``.

    Some engines turn ``\u0022`` into a quotation mark before they look where texts end, and do
    not see that the backslash before it is itself escaped.

    Examples
    --------
    >>> print(without_escapes(r'"C:\\users"'))
    "C:\\\u0075sers"
    """
    return text.replace("\\\\u", "\\\\\\u0075").replace("\\\\U", "\\\\\\u0055")


def with_values(sparql: str, values: Mapping[str, NamedNode | Literal]) -> str:
    """Return a query in which variables have values, wherever the query speaks of them.

    A group of patterns knows nothing of what stands outside of it until it is joined, so each
    group that names a variable is told its value.

    Examples
    --------
    >>> with_values("SELECT ?a { ?a a ?b }", {"b": NamedNode("http://x/C")})
    'SELECT ?a { VALUES ?b { <http://x/C> } ?a a ?b }'
    """
    if not values:
        return sparql
    groups = _groups(sparql)
    told: dict[int, list[str]] = {}
    outermost = True
    for start, named, holds_patterns in groups:
        if not holds_patterns:
            continue
        names = [name for name in values if name in named or outermost]
        outermost = False
        told[start] = [f" VALUES ?{name} {{ {term_text(values[name])} }}" for name in names]
    parts, end = [], 0
    for start in sorted(told):
        parts += [sparql[end:start], *told[start]]
        end = start
    return "".join([*parts, sparql[end:]])


def _groups(sparql: str) -> list[tuple[int, set[str], bool]]:
    """Return where each group begins, which variables it names itself, and if it has patterns.

    A template, a block of data and a group that is one query by itself have none.
    """
    found: list[tuple[int, set[str], bool]] = []
    inside: list[int] = []
    before = ""
    for token in _TOKEN.finditer(sparql):
        if token["open"]:
            found.append((token.end(), set(), before not in ("CONSTRUCT", "VALUES")))
            inside.append(len(found) - 1)
            before = "{"
        elif token["close"]:
            if inside:
                inside.pop()
            before = "}"
        elif token["variable"]:
            if inside:
                found[inside[-1]][1].add(token["variable"])
            # A block of data begins after its variables.
            before = before if before == "VALUES" else "?"
        elif token["word"]:
            word = token["word"].upper()
            if word == "SELECT" and before == "{" and inside:
                start, named, _ = found[inside[-1]]
                found[inside[-1]] = (start, named, False)
            before = word
    return found
