"""Words in the user's language: labels of terms and codes, and the phrases of reports."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from klaster.ontology.codes import codes
from klaster.ontology.terms import KL, RDFS

LANGUAGES: Final = ("en", "ru", "uz")


@cache
def _term_labels() -> dict[str, dict[str, str]]:
    from pyoxigraph import Literal, NamedNode, RdfFormat, parse

    found: dict[str, dict[str, str]] = {}
    source = files("klaster.ontology").joinpath("klaster.ttl").read_bytes()
    for triple in parse(source, format=RdfFormat.TURTLE):
        named = isinstance(triple.subject, NamedNode) and isinstance(triple.object, Literal)
        if named and triple.predicate.value == RDFS + "label":
            name = triple.subject.value.removeprefix(KL)
            found.setdefault(name, {})[triple.object.language or ""] = triple.object.value
    return found


def term_names() -> Collection[str]:
    """Return the names of all terms of the ontology, without its namespace.

    Examples
    --------
    >>> "suppliesTo" in term_names()
    True
    """
    return _term_labels().keys()


def term_label(term: str, language: str) -> str:
    """Return the label of a term of the ontology.

    Examples
    --------
    >>> term_label("supplier", "ru")
    'поставщик (в связи)'
    """
    return _term_labels()[term.removeprefix(KL)][language]


def term_words(term: str) -> Mapping[str, str]:
    """Return the label of a term in every language."""
    return _term_labels()[term.removeprefix(KL)]


def code_label(scheme: str, code: str, language: str) -> str:
    """Return the label of a code, or the code itself where the list does not hold it."""
    entry = codes(scheme).get(code)
    return entry.labels[language] if entry else code


@cache
def _phrases() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted(files("klaster.ontology").joinpath("phrases").iterdir(), key=str):
        with path.open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                found[row["key"]] = {language: row[language] for language in LANGUAGES}
    return found


def phrase(key: str, language: str, **values: object) -> str:
    """Return a phrase of the reports with the values put in.

    Raises
    ------
    KeyError
        If there is no such phrase.
    """
    return _phrases()[key][language].format(**values)


def phrase_words(key: str, **values: object) -> dict[str, str]:
    """Return a phrase in every language, with the values put in.

    A value that is itself a mapping from language to text is put in in that language.
    """
    told = _phrases()[key]
    # Tens of thousands of findings are put in words: a dictionary is recognised at once.
    by_language = [name for name, value in values.items() if isinstance(value, dict | Mapping)]
    found = {}
    for language in LANGUAGES:
        spoken = values | {name: values[name][language] for name in by_language}  # type: ignore[index]
        found[language] = told[language].format_map(spoken)
    return found
