"""Why a pair is suggested, and what speaks against it, in sentences with names and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.findings.evidence import event_weights
from klaster.graph.findings.layer import Layer
from klaster.graph.trade.product_space import product_proximity
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words

Words = Mapping[str, str]
Whole = NDArray[np.int64]

SHOWN: Final = 3
"""How many names a sentence gives."""

FEW: Final = 5
"""With so many partners or fewer, a shared partner is a rare one."""

UNEQUAL: Final = 10
"""From this ratio of numbers of links on, unequal size counts against a pair."""


@dataclass(frozen=True)
class Reason:
    """A sentence in every language, and the IRIs of what it rests on."""

    text: Words
    rests_on: tuple[str, ...]


def listed(names: Sequence[Words]) -> Words:
    """Return the first few names of a list, in every language."""
    more = "…" if len(names) > SHOWN else ""
    return {
        language: ", ".join([*(name[language] for name in names[:SHOWN]), *filter(None, [more])])
        for language in LANGUAGES
    }


@dataclass(frozen=True)
class Explainer:
    """Tells why pairs of a layer are suggested.

    ``name`` gives the words for an IRI (by default its label), ``coverage`` how complete the
    data are said to be (``census``, ``survey``, ``news``, ``unknown``).
    """

    layer: Layer
    name: Callable[[str], Words] | None = None
    coverage: str = "unknown"

    def against(self, source: int, target: int, reasons: int) -> Words:
        """Return what lowers a suggestion that rests on a number of reasons."""
        said = self._doubts(source, target, reasons)
        told = [phrase_words(f"prediction.against.{key}", **words) for key, words in said]
        coverage = phrase_words(
            "prediction.against.coverage", coverage=codes("coverage")[self.coverage].labels
        )
        return {
            language: phrase_words(
                "prediction.against",
                doubts="; ".join(words[language] for words in [*told, coverage]),
            )[language]
            for language in LANGUAGES
        }

    def _doubts(
        self, source: int, target: int, reasons: int
    ) -> list[tuple[str, dict[str, object]]]:
        found: list[tuple[str, dict[str, object]]] = []
        own, other = self.layer.sources.row(source, named=True), self._target(target)
        for place in ("region", "country"):
            if own[place] and other[place] and own[place] != other[place]:
                found.append((place, {"one": own[place], "other": other[place]}))
                break
        sizes = self.degrees[0][source], self.degrees[1][target]
        if not self.layer.bipartite and max(sizes) >= UNEQUAL * max(1, min(sizes)):
            found.append(("size", {"one": int(sizes[0]), "other": int(sizes[1])}))
        if reasons < 2:
            found.append(("single", {}))
        both_told = not self.layer.directed and own["kind"] and other["kind"]
        if both_told and between(self, "kind", source, target)[1] < 1:
            kinds = [group_words(end["kind"]) for end in (own, other)]
            found.append(("kinds", {"one": kinds[0], "other": kinds[1]}))
        if not self.layer.bipartite and not self.common(source, target).size:
            found.append(("distance", {}))
        return found

    def _target(self, target: int) -> dict[str, str | None]:
        return self.layer.targets.row(target, named=True)

    @cached_property
    def degrees(self) -> tuple[Whole, Whole]:
        """The numbers of links of sources and of targets."""
        links = self.layer.matrix
        return (
            np.diff(links.indptr),
            np.bincount(links.indices, minlength=links.shape[1]),
        )

    @cached_property
    def proximities(self) -> csr_array:
        """How often products go together."""
        return product_proximity(self.layer.matrix)

    @cached_property
    def ties(self) -> csr_array:
        """Who is linked with whom either way."""
        if self.layer.bipartite or not self.layer.directed:
            return self.layer.matrix
        found = csr_array(self.layer.matrix + self.layer.matrix.T)
        found.data[:] = 1.0
        return found

    @cached_property
    def back(self) -> csr_array:
        """The links from target to source."""
        return csr_array(self.layer.matrix.T)

    @cached_property
    def weighted(self) -> csr_array:
        """The ties of a cooperation layer, each project adding 1/(n − 1)."""
        return self.layer.weighted(event_weights(self.layer))

    def common(self, source: int, target: int) -> Whole:
        """Return the partners that two actors share."""
        return np.intersect1d(row_of(self.ties, source), row_of(self.ties, target))

    def source_words(self, position: int) -> Words:
        """Return the name of a source."""
        return self._words(self.layer.sources, position)

    def target_words(self, position: int) -> Words:
        """Return the name of a target."""
        return self._words(self.layer.targets, position)

    def _words(self, things: pl.DataFrame, position: int) -> Words:
        iri, label = things["iri"][position], things["label"][position]
        if self.name is not None:
            return self.name(iri)
        return dict.fromkeys(LANGUAGES, label or iri)

    def told(
        self,
        key: str,
        source: int,
        target: int,
        *,
        iris: Sequence[str] = (),
        **words: object,
    ) -> Reason:
        """Return the sentence of a phrase about a pair."""
        text = phrase_words(
            f"prediction.{key}",
            source=self.source_words(source),
            target=self.target_words(target),
            **words,
        )
        return Reason(text, tuple(dict.fromkeys(iris)))

    @cached_property
    def events_of(self) -> tuple[dict[int, int], dict[int, int]]:
        """How many events (or else links) each source and each target has part in."""
        records = self.layer.records
        ends = [records.select("event", at=end) for end in ("source", "target")]
        if not self.layer.directed:
            ends = [pl.concat(ends)] * 2
        counted = [
            end.group_by("at").agg(n=pl.col("event").n_unique()).select("at", "n") for end in ends
        ]
        return (dict(counted[0].rows()), dict(counted[1].rows()))


def row_of(matrix: csr_array, position: int) -> Whole:
    """Return the columns of a row's entries."""
    return np.sort(matrix.indices[matrix.indptr[position] : matrix.indptr[position + 1]])


def dense_row(matrix: csr_array, position: int) -> NDArray[np.float64]:
    """Return a row in full."""
    return np.asarray(matrix[[position]].toarray().ravel(), dtype=float)


def iris_of(things: pl.DataFrame, positions: Whole) -> list[str]:
    """Return the IRIs of things at some positions."""
    return [things["iri"][int(at)] for at in positions]


def group_words(code: str | None) -> Words:
    """Return the words for a kind of actor or for a sector."""
    known = codes("actor-kind").get(code or "")
    return known.labels if known else dict.fromkeys(LANGUAGES, code or "–")


def traits(explainer: Explainer, trait: str) -> tuple[pl.Series, pl.Series]:
    """Return a trait of all sources and of all targets."""
    layer = explainer.layer
    return layer.sources[trait].fill_null(""), layer.targets[trait].fill_null("")


def between(explainer: Explainer, trait: str, source: int, target: int) -> tuple[int, float]:
    """Return the links between the groups of a pair, and how often those of their size alone."""
    links = explainer.layer.matrix
    of, to = traits(explainer, trait)
    rows = np.flatnonzero((of == of[source]).to_numpy())
    columns = np.flatnonzero((to == to[target]).to_numpy())
    recorded = float(links[rows][:, columns].sum())
    expected = explainer.degrees[0][rows].sum() * explainer.degrees[1][columns].sum()
    lift = recorded * links.sum() / expected if expected else 0.0
    if not explainer.layer.directed and of[source] == to[target]:
        recorded /= 2
    return int(recorded), float(lift)
