"""The code lists: what a coded cell may hold, by code or by label in any of the languages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from klaster.ontology.names import fold


@dataclass(frozen=True)
class Code:
    """An entry of a code list; ``rdf_class`` is the class of things of that kind, if any.

    ``meanings`` tells an analyst what figures of a measure mean, ``formula`` how they are worked
    out and ``reference`` who defined them; other lists have none.
    """

    scheme: str
    code: str
    broader: str
    rdf_class: str
    labels: dict[str, str]
    meanings: dict[str, str]
    formula: str = ""
    reference: str = ""


@cache
def schemes() -> tuple[str, ...]:
    """Return the names of all code lists."""
    folder = files("klaster.ontology").joinpath("codes")
    return tuple(
        sorted(
            entry.name.removesuffix(".csv")
            for entry in folder.iterdir()
            if entry.name.endswith(".csv")
        )
    )


@cache
def codes(scheme: str) -> dict[str, Code]:
    """Return the entries of one code list by their codes.

    Examples
    --------
    >>> codes("sector")["cotton-textile"].labels["uz"]
    'paxta-toʻqimachilik'
    """
    path = files("klaster.ontology").joinpath("codes", f"{scheme}.csv")
    with path.open(encoding="utf-8") as stream:
        return {
            row["code"]: Code(
                scheme=scheme,
                code=row["code"],
                broader=row["broader"],
                rdf_class=row.get("class", ""),
                labels={language: row[language] for language in ("en", "ru", "uz")},
                meanings={
                    language: row.get(f"meaning_{language}", "") for language in ("en", "ru", "uz")
                },
                formula=row.get("formula", ""),
                reference=row.get("source", ""),
            )
            for row in csv.DictReader(stream)
        }


@cache
def spellings(scheme: str) -> dict[str, str]:
    """Return every accepted spelling of a code list, folded, with the code it stands for.

    Examples
    --------
    >>> spellings("coverage")["news"]
    'news'
    >>> spellings("actor-kind")[fold("Davlat organi")]
    'government'
    """
    found: dict[str, str] = {}
    for code, entry in codes(scheme).items():
        for spelling in (*entry.labels.values(), code):
            found[fold(spelling)] = code
    return found


def narrower(scheme: str, code: str) -> frozenset[str]:
    """Return the code itself and every code below it.

    Examples
    --------
    >>> sorted(narrower("sector", "light-industry"))
    ['cotton-textile', 'light-industry']
    """
    found = {code}
    # A list is at most a few levels deep, so repeated passes are cheap.
    while True:
        below = {entry.code for entry in codes(scheme).values() if entry.broader in found}
        if below <= found:
            return frozenset(found)
        found |= below
