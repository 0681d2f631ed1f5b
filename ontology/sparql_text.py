r"""What the text of a SPARQL query names: its form, its prefixes, the terms in it.

The text is cut into words as SPARQL's grammar does (https://www.w3.org/TR/sparql11-query/#grammar);
what strings and comments hold is passed over. Nothing here decides what is run: a text read wrongly
costs a warning, no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_LOCAL_SIGN: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_WORDS: Final = re.compile(
    rf"""
      (?P<skip>\#[^\n\r]*|\s+)
    | (?P<string>\"\"\"(?:\"{{0,2}}(?:[^"\\]|\\.))*\"\"\"|'''(?:'{{0,2}}(?:[^'\\]|\\.))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*>)
    | (?P<blank>_:[\w.-]*)
    | (?P<name>(?:[^\W\d_](?:[\w.-]*[\w-])?)?:
        (?:(?:[\w:]|{_LOCAL_SIGN})(?:(?:[\w\-.:]|{_LOCAL_SIGN})*(?:[\w\-:]|{_LOCAL_SIGN}))?)?)
    | (?P<variable>[?$]\w+)
    | (?P<language>@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)

FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_ADDING_UP: Final = ("COUNT", "SUM", "AVG", "GROUP_CONCAT")


@dataclass(frozen=True)
class Word:
    """A word of a query: its kind (a group of the pattern above), its text, where it begins."""

    kind: str
    text: str
    start: int


def words(sparql: str) -> Iterator[Word]:
    """Yield the words of a query without blanks and comments."""
    for found in _WORDS.finditer(sparql):
        if found.lastgroup != "skip":
            yield Word(str(found.lastgroup), found[0], found.start())


def query_form(sparql: str) -> str:
    r"""Return ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``, or nothing for any other text.

    Examples
    --------
    >>> query_form("PREFIX select: <http://example.org/ask> # ask\n select ?s { ?s ?p 1 }")
    'SELECT'
    >>> query_form("DROP ALL")
    ''
    """
    found = (word.text.upper() for word in words(sparql) if word.kind == "word")
    return next((word if word in FORMS else "" for word in found if word not in _PROLOGUE), "")


_PROLOGUE: Final = ("PREFIX", "BASE", "VERSION")


def declared_prefixes(sparql: str) -> dict[str, str]:
    """Return the prefixes that a query declares itself.

    Examples
    --------
    >>> declared_prefixes("PREFIX org: <http://www.w3.org/ns/org#> SELECT * { ?s a org:Role }")
    {'org': 'http://www.w3.org/ns/org#'}
    """
    found = list(words(sparql))
    return {
        name.text.removesuffix(":"): iri.text[1:-1]
        for word, name, iri in zip(found, found[1:], found[2:], strict=False)
        if word.text.upper() == "PREFIX" and (name.kind, iri.kind) == ("name", "iri")
    }


@dataclass(frozen=True)
class Named:
    """A term as a query names it: its text, the IRI (empty where the prefix is unknown)."""

    text: str
    iri: str
    start: int

    @property
    def prefix(self) -> str:
        """What stands before the colon."""
        return self.text.partition(":")[0]

    @property
    def local(self) -> str:
        """What stands after the colon, without the signs that protect others."""
        return _plain(self.text.partition(":")[2])


def _plain(local: str) -> str:
    return re.sub(r"\\(.)", r"\1", local)


def named_terms(sparql: str, prefixes: Mapping[str, str]) -> list[Named]:
    """Return the terms that a query names, in its order, each once.

    Examples
    --------
    >>> [
    ...     named.iri
    ...     for named in named_terms('SELECT * { ?s a kl:Actor ; kl:x "kl:y" }', {"kl": "k#"})
    ... ]
    ['k#Actor', 'k#x']
    """
    known = {**prefixes, **declared_prefixes(sparql)}
    found: dict[str, Named] = {}
    declaring = False
    for word in words(sparql):
        if word.kind == "name" and not declaring:
            prefix, _, local = word.text.partition(":")
            iri = known[prefix] + _plain(local) if prefix in known else ""
            found.setdefault(word.text, Named(word.text, iri, word.start))
        elif word.kind == "iri" and not declaring:
            found.setdefault(word.text, Named(word.text, word.text[1:-1], word.start))
        # PREFIX name: <iri> and BASE <iri> name no term.
        declaring = word.text.upper() in _PROLOGUE or (declaring and word.kind == "name")
    return list(found.values())


def written(iri: str, prefixes: Mapping[str, str]) -> str:
    r"""Return an IRI as a query writes it: with a prefix where one fits, else between < and >.

    Examples
    --------
    >>> written("https://example.org/actor/demo/A 1", {"d": "https://example.org/"})
    '<https://example.org/actor/demo/A 1>'
    >>> print(written("https://example.org/actor/demo/A1", {"d": "https://example.org/"}))
    d:actor\/demo\/A1
    """
    for prefix, namespace in sorted(prefixes.items(), key=lambda pair: -len(pair[1])):
        local = iri.removeprefix(namespace)
        if local and iri.startswith(namespace):
            name = _PROTECTED.sub(r"\\\g<0>", local)
            return f"{prefix}:{name}" if _NAME.fullmatch(f"{prefix}:{name}") else f"<{iri}>"
    return f"<{iri}>"


_PROTECTED: Final = re.compile(r"[~!$&'()*+,;=/?#@]|%(?![0-9A-Fa-f]{2})|^[.\-]|\.$")
_NAME: Final = re.compile(
    rf"[^\W\d_]*:(?:[\w:]|{_LOCAL_SIGN})(?:(?:[\w\-.:]|{_LOCAL_SIGN})*(?:[\w\-:]|{_LOCAL_SIGN}))?"
)


def adds_up_repetitions(sparql: str) -> bool:
    """Say whether a query adds up rows without ``DISTINCT``.

    Examples
    --------
    >>> adds_up_repetitions("SELECT (COUNT(?a) AS ?n) { ?a a kl:Actor }")
    True
    >>> adds_up_repetitions("SELECT (COUNT(DISTINCT ?a) AS ?n) { ?a a kl:Actor }")
    False
    """
    found = [word.text.upper() for word in words(sparql)]
    return any(
        name in _ADDING_UP and bracket == "(" and inner != "DISTINCT"
        for name, bracket, inner in zip(found, found[1:], found[2:], strict=False)
    )
