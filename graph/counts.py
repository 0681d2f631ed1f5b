"""What is in a graph, counted, and which questions its tables can answer."""

from __future__ import annotations

from collections.abc import Sequence

from klaster.graph.answer import Count
from klaster.graph.findings.disagreement import QUESTION, disagreements
from klaster.graph.network.network import Network
from klaster.graph.store.batches import ROWS
from klaster.graph.store.columns import Columns
from klaster.graph.store.folder import SourceEntry
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words, term_words
from klaster.ontology.tables import tables


def count(columns: Columns, sources: Sequence[SourceEntry], network: Network) -> list[Count]:
    """Return the lines of ``klaster info``.

    Of millions of records only the columns that are counted are read.
    """
    return [
        *_tables(columns),
        *_kinds(columns),
        *_links(network),
        *_languages(columns),
        *_sources(sources),
        *_identity(columns),
        *_answers(columns),
    ]


def _tables(columns: Columns) -> list[Count]:
    found = []
    for name, table in tables().items():
        # A cooperation has a row a participant, but is one thing.
        many = columns.height(name) > ROWS
        frame = columns.links(name, "iri") if many else columns.table(name)
        number = frame["iri"].n_unique()
        if number:
            found.append(Count("tables", name, term_words(table.rdf_class), number))
    return found


def _kinds(columns: Columns) -> list[Count]:
    counts = (
        columns.table("actors").group_by("kind").len().sort("len", "kind", descending=[True, False])
    )
    return [
        Count("kinds", kind, codes("actor-kind")[kind].labels, number)
        for kind, number in counts.rows()
    ]


def _links(network: Network) -> list[Count]:
    counts = dict(network.links.group_by("kind").len().rows())
    return [
        Count("links", kind, entry.labels, counts.get(kind, 0))
        for kind, entry in codes("link-kind").items()
    ]


def _languages(columns: Columns) -> list[Count]:
    named = ("actors", "clusters", "products", "infrastructure")
    found = [
        Count(
            "languages",
            "name",
            phrase_words("info.name"),
            sum(columns.table(name).height for name in named),
        )
    ]
    for language in LANGUAGES:
        number = sum(columns.table(name)[f"name_{language}"].count() for name in named)
        found.append(Count("languages", language, dict.fromkeys(LANGUAGES, language), number))
    return found


def _sources(sources: Sequence[SourceEntry]) -> list[Count]:
    return [
        Count(
            "sources",
            entry.name,
            dict.fromkeys(LANGUAGES, f"{entry.name} ({entry.loaded_at[:10]}, {entry.path})"),
            sum(entry.rows.values()),
        )
        for entry in sources
    ]


def _identity(columns: Columns) -> list[Count]:
    """Count what sources say of the same actors: those merged, and what they disagree on."""
    words = phrase_words("info.disagreeing", question=QUESTION)
    return [
        Count("identity", "merged", phrase_words("info.merged"), len(columns.merges)),
        Count("identity", QUESTION, words, disagreements(columns).height),
    ]


_NEEDS = {
    "G1": (("recipes", "needs"), ("makes", "supplies")),
    "G2": (("supplies",),),
    "G7": (("clusters",), ("memberships",)),
    "G10": (("instruments",), ("criteria",)),
    "awards": (("awards",),),
}


def _answers(columns: Columns) -> list[Count]:
    """Say of each question whether a table of each kind that it rests on is there."""
    found = []
    for key, groups in _NEEDS.items():
        lacking = [
            " / ".join(group) for group in groups if not any(columns.height(name) for name in group)
        ]
        found.append(_answer(key, lacking))
    dated = any(
        columns.links(name, "valid_from")["valid_from"].count()
        for name in ("supplies", "cooperations", "ownerships", "memberships")
    )
    found.append(_answer("dates", [] if dated else ["valid_from"]))
    return found


def _answer(key: str, lacking: Sequence[str]) -> Count:
    words = (
        phrase_words("info.no", tables=", ".join(lacking)) if lacking else phrase_words("info.yes")
    )
    return Count("answers", key, phrase_words(f"info.needs.{key}"), words)
