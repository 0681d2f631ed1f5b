"""Named questions and things: from what a user types to a query's terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pyoxigraph import Literal, NamedNode
from rapidfuzz import process

from klaster.graph.store.columns import Columns
from klaster.ontology.acts import ActNumber, act_number
from klaster.ontology.codes import spellings
from klaster.ontology.faults import Fault
from klaster.ontology.labels import phrase_words
from klaster.ontology.names import fold
from klaster.ontology.questions import THEMES, Parameter, Question, questions
from klaster.ontology.terms import XSD, code_iri

_TABLES = {
    "cluster": "clusters",
    "actor": "actors",
    "product": "products",
    "instrument": "instruments",
    "policy": "policies",
}
_LINKS = ("supplies", "cooperations", "ownerships", "memberships", "awards")
_NAMES = ("title", "name", "name_en", "name_ru", "name_uz", "id", "iri")


def find_question(slug: str, folder: Path | None) -> Question:
    """Return a question by its slug.

    Raises
    ------
    Fault
        If there is none, naming the nearest.
    """
    known = questions(folder)
    if slug not in known:
        raise Fault("fault.unknown-question", found=slug, nearest=nearest_of(slug, list(known)))
    return known[slug]


def find_theme(name: str) -> str:
    """Return a theme of the question library, given by its name or label in any language.

    Raises
    ------
    Fault
        If there is none, naming all.
    """
    known = {
        fold(label): theme for theme in THEMES for label in (theme, *theme_words(theme).values())
    }
    if fold(name) not in known:
        raise Fault("fault.unknown-theme", found=name, known=", ".join(THEMES))
    return known[fold(name)]


def theme_words(theme: str) -> Mapping[str, str]:
    """Return what a theme is called in every language."""
    return phrase_words(f"theme.{theme}")


def find_thing(columns: Columns, table: str, name: str) -> str:
    """Return the IRI of a thing given by IRI, id or name in any language.

    A policy may be given by its number too, in any form in which an act is cited.

    Raises
    ------
    Fault
        If there is none, naming the nearest.
    """
    # An actor that was merged is still found under its own IRI.
    known = {fold(old): new for old, new in columns.merges.items()} if table == "actors" else {}
    for row in columns.stated(table).iter_rows(named=True):
        for key in _NAMES:
            if row.get(key):
                known.setdefault(fold(row[key]), row["iri"])
    if fold(name) not in known:
        act = act_number(name) if table == "policies" else None
        if act and (cited := _policy_of(columns, act)):
            return cited
        near = nearest_of(fold(name), list(known))
        if table == "clusters":
            raise Fault("fault.unknown-cluster", found=name, nearest=near)
        raise Fault("fault.unknown-thing", found=name, table=table, nearest=near)
    return known[fold(name)]


def find_for_removal(columns: Columns, name: str) -> str:
    """Return the IRI of an actor, an instrument or a link (a link only by its IRI).

    Raises
    ------
    Fault
        If there is none, naming the nearest actor.
    """
    for table in _LINKS:
        if name in columns.table(table)["iri"]:
            return name
    try:
        return find_thing(columns, "actors", name)
    except Fault as unknown:
        with suppress(Fault):
            return find_thing(columns, "instruments", name)
        raise unknown from None


def find_code(scheme: str, value: str) -> str:
    """Return a code given by itself or by its label in any language.

    Raises
    ------
    Fault
        If the list does not hold it, naming the nearest.
    """
    known = spellings(scheme)
    if fold(value) not in known:
        near = nearest_of(fold(value), list(known))
        raise Fault("fault.unknown-code", found=value, scheme=scheme, nearest=near)
    return known[fold(value)]


def _policy_of(columns: Columns, act: ActNumber) -> str:
    """Return the IRI of the only policy with the number of an act, or nothing."""
    numbered = columns.table("policies").select("iri", "id", "date", "number")
    found = [row[:3] for row in numbered.rows() if row[3] and act_number(row[3]) == act]
    if act.adopted:
        of_day = [row for row in found if row[2] == act.adopted]
        found = of_day or [row for row in found if act.adopted.startswith(row[2] or "")]
    if len(found) > 1:
        _, key, date = found[0]
        raise Fault("fault.several-acts", found=act, example=f"{act} ({date})" if date else key)
    return str(found[0][0]) if found else ""


def nearest_of(found: str, known: list[str]) -> Mapping[str, str] | str:
    """Return the words that offer the nearest known spelling, or nothing where none is near."""
    near = process.extractOne(found, known, score_cutoff=60)
    return phrase_words("fault.nearest", nearest=near[0]) if near else ""


def bind(
    question: Question, values: Mapping[str, str], columns: Columns
) -> dict[str, NamedNode | Literal]:
    """Return the terms of a question's parameters.

    A default that this graph does not know is left open, so that a question asks about all.
    """
    names = {parameter.name for parameter in question.parameters}
    for name in values:
        if name not in names:
            known = ", ".join(sorted(names)) or "-"
            raise Fault("fault.unknown-parameter", found=name, known=known)
    terms: dict[str, NamedNode | Literal] = {}
    for parameter in question.parameters:
        if parameter.name in values:
            terms[parameter.name] = _term(parameter, values[parameter.name], columns)
        elif parameter.default:
            try:
                terms[parameter.name] = _term(parameter, parameter.default, columns)
            except Fault:
                continue
    return terms


def _term(parameter: Parameter, value: str, columns: Columns) -> NamedNode | Literal:
    if parameter.kind in _TABLES:
        return NamedNode(find_thing(columns, _TABLES[parameter.kind], value))
    if parameter.kind in ("code", "region"):
        scheme = parameter.scheme or parameter.kind
        return NamedNode(code_iri(scheme, find_code(scheme, value)))
    if parameter.kind == "date":
        try:
            day = dt.date.fromisoformat(value)
        except ValueError as reason:
            raise Fault("fault.date", found=value) from reason
        return Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))
    if parameter.kind == "number":
        try:
            float(value)
        except ValueError as reason:
            raise Fault("fault.number", found=value) from reason
        return Literal(value, datatype=NamedNode(XSD + "decimal"))
    return Literal(value)
