"""Terms that a query names and nobody knows, with the nearest that the ontology has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from klaster.ontology.codes import codes, schemes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import phrase, phrase_words, term_names
from klaster.ontology.names import fold
from klaster.ontology.sparql_text import (
    Named,
    declared_prefixes,
    named_terms,
    query_form,
    words,
)
from klaster.ontology.terms import CODE, KL, code_iri


@dataclass(frozen=True)
class UnknownTerm:
    """A term that is in no list of the ontology: its IRI, as it is written, the nearest one."""

    iri: str
    written: str
    nearest: str

    def text(self, language: str) -> str:
        """Return a warning in one language."""
        near = phrase("fault.nearest", language, nearest=self.nearest) if self.nearest else ""
        return phrase("query.unknown-term", language, found=self.written, nearest=near)


def unknown_terms(sparql: str, prefixes: Mapping[str, str]) -> list[UnknownTerm]:
    """Return the terms of the ontology's namespaces that it does not hold.

    Examples
    --------
    >>> prefixes = {"kl": "https://w3id.org/klaster/ontology#"}
    >>> unknown_terms("ASK { ?a a kl:Actor ; kl:suplies ?b }", prefixes)[0].nearest
    'kl:suppliesTo'
    """
    found = []
    for named in named_terms(sparql, prefixes):
        # What only begins with a namespace, as in PREFIX kl: <…#>, names nothing.
        if named.iri.startswith(KL) and named.iri != KL:
            local = named.iri.removeprefix(KL)
            if local not in term_names():
                found.append(UnknownTerm(named.iri, named.text, _nearest_term(local)))
        elif named.iri.startswith(CODE) and named.iri != CODE:
            near = _nearest_code(named.iri)
            if near != named.iri:
                found.append(UnknownTerm(named.iri, named.text, f"<{near}>" if near else ""))
    return found


def _nearest_term(local: str) -> str:
    near = _nearest(local, term_names())
    return f"kl:{near}" if near else ""


def _nearest_code(iri: str) -> str:
    """Return the IRI of the code list or code itself where it is known, else the nearest one."""
    scheme, _, code = iri.removeprefix(CODE).partition("/")
    if scheme not in schemes():
        near = _nearest(scheme, schemes())
        return f"{CODE}{near}/{code}".rstrip("/") if near else ""
    known = {code_iri(scheme, name).removeprefix(f"{CODE}{scheme}/") for name in codes(scheme)}
    if not code or code in known:
        return iri
    near = _nearest(code, known)
    return f"{CODE}{scheme}/{near}" if near else ""


def _nearest(found: str, known: Iterable[str]) -> str:
    """Return the nearest of known names, or nothing; capitals do not tell names apart."""
    near = process.extractOne(
        fold(found),
        {name: fold(name) for name in sorted(known)},
        scorer=fuzz.ratio,
        score_cutoff=60,
    )
    return str(near[2]) if near else ""


def told_better(fault: Fault, sparql: str, prefixes: Mapping[str, str]) -> Fault:
    """Return what is wrong with a query that cannot be read, with what would have been meant.

    The engine stops at the first word that fits no rule, which is seldom where the slip is: an
    unknown prefix or an unknown term before that place is told instead, or beside it.
    """
    if fault.key != "fault.sparql":
        return fault
    if not query_form(sparql) and any(word.text.upper() in _CHANGES for word in words(sparql)):
        return Fault("fault.not-a-query")
    line, column = int(str(fault.values["line"])), int(str(fault.values["column"]))
    values = {**fault.values, "shown": pointed(sparql, line, column)}
    end = _offset(sparql, line, column)
    before = [named for named in named_terms(sparql, prefixes) if named.start <= end]
    for named in before:
        if not named.iri:
            return _unknown_prefix(named, sparql, prefixes)
    hints = [term for term in unknown_terms(sparql, prefixes) if term.nearest]
    if hints:
        told = phrase_words("query.hint", found=hints[0].written, nearest=hints[0].nearest)
        return Fault("fault.sparql-hint", **values, hint=told)
    for named in before:
        # As in code:gap-rule/G1, which would be a path of two terms.
        if re.match(r"/[\w-]+(?![\w:-])", sparql[named.start + len(named.text) :]):
            return Fault("fault.sparql-hint", **values, hint=phrase_words("query.slash"))
    return Fault("fault.sparql", **values)


_CHANGES: Final = ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD")


def _unknown_prefix(named: Named, sparql: str, prefixes: Mapping[str, str]) -> Fault:
    known = {**prefixes, **declared_prefixes(sparql)}
    # Who writes the right term under the wrong prefix meant this one.
    near = "kl" if named.local in term_names() else _nearest(named.prefix, known)
    line = sparql.count("\n", 0, named.start) + 1
    column = named.start - (sparql.rfind("\n", 0, named.start) + 1) + 1
    return Fault(
        "fault.unknown-prefix",
        line=line,
        column=column,
        found=named.prefix,
        nearest=phrase_words("fault.nearest", nearest=f"{near}:") if near else "",
        known=", ".join(f"{name}:" for name in sorted(known)),
        shown=pointed(sparql, line, column),
    )


def _offset(sparql: str, line: int, column: int) -> int:
    """Return where a line and column are, counted from 0."""
    lines = sparql.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + column - 1


def pointed(sparql: str, line: int, column: int, *, width: int = 76) -> str:
    """Return a line of a query with a caret under a column, cut where it is too long to show.

    Examples
    --------
    >>> print(pointed("ASK { ?a kl:b }", 1, 10))
      ASK { ?a kl:b }
               ^
    """
    lines = sparql.splitlines() or [""]
    text = lines[min(line, len(lines)) - 1].replace("\t", " ")
    first = max(0, min(column - 1 - width // 2, len(text) - width + 2))
    shown = text[first : first + width - 2]
    start = "…" if first else ""
    end = "…" if first + width - 2 < len(text) else ""
    return f"  {start}{shown}{end}\n  {' ' * (column - 1 - first + len(start))}^"
