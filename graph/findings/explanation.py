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

from klaster.graph.findings.evidence import event_weights, proximity
from klaster.graph.findings.layer import Layer
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

    def reason(self, evidence: str, source: int, target: int) -> Reason:
        """Return what an evidence says of a pair."""
        return _TOLD[evidence](self, source, target)

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
        sizes = self._degrees[0][source], self._degrees[1][target]
        if not self.layer.bipartite and max(sizes) >= UNEQUAL * max(1, min(sizes)):
            found.append(("size", {"one": int(sizes[0]), "other": int(sizes[1])}))
        if reasons < 2:
            found.append(("single", {}))
        both_told = not self.layer.directed and own["kind"] and other["kind"]
        if both_told and _between(self, "kind", source, target)[1] < 1:
            kinds = [_group_words(end["kind"]) for end in (own, other)]
            found.append(("kinds", {"one": kinds[0], "other": kinds[1]}))
        if not self.layer.bipartite and not self._common(source, target).size:
            found.append(("distance", {}))
        return found

    def _target(self, target: int) -> dict[str, str | None]:
        return self.layer.targets.row(target, named=True)

    @cached_property
    def _degrees(self) -> tuple[Whole, Whole]:
        links = self.layer.matrix
        return (
            np.diff(links.indptr),
            np.bincount(links.indices, minlength=links.shape[1]),
        )

    @cached_property
    def _proximity(self) -> csr_array:
        return proximity(self.layer.matrix)

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

    def _common(self, source: int, target: int) -> Whole:
        return np.intersect1d(_row(self.ties, source), _row(self.ties, target))

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


def _row(matrix: csr_array, position: int) -> Whole:
    return np.sort(matrix.indices[matrix.indptr[position] : matrix.indptr[position + 1]])


def _dense(matrix: csr_array, position: int) -> NDArray[np.float64]:
    return np.asarray(matrix[[position]].toarray().ravel(), dtype=float)


def _shared_partners(explainer: Explainer, source: int, target: int) -> Reason:
    ties = explainer.weighted
    common = explainer._common(source, target)
    own, other = _dense(ties, source)[common], _dense(ties, target)[common]
    strength = np.asarray(ties.sum(axis=1)).ravel()[common]
    first = common[np.lexsort((common, -own * other / strength))]
    rare = int((explainer._degrees[0][common] <= FEW).sum())
    return explainer.told(
        "shared_partners",
        source,
        target,
        count=len(common),
        names=listed([explainer.source_words(int(at)) for at in first]),
        rare=rare,
        iris=_iris(explainer.layer.sources, first),
    )


def _iris(things: pl.DataFrame, positions: Whole) -> list[str]:
    return [things["iri"][int(at)] for at in positions]


def _chain(key: str, ties: csr_array, explainer: Explainer, source: int, target: int) -> Reason:
    """Tell of the strongest path of three ties, and how many there are."""
    near, far = _row(ties, source), _row(ties, target)
    between = ties[near][:, far].tocoo()
    u, v = near[between.coords[0]], far[between.coords[1]]
    strength = np.asarray(ties.sum(axis=1)).ravel()
    weight = _dense(ties, source)[u] * between.data * _dense(ties, target)[v]
    best = int(np.lexsort((v, u, -weight / np.sqrt(strength[u] * strength[v])))[0])
    ends = np.array([u[best], v[best]])
    return explainer.told(
        key,
        source,
        target,
        count=int(between.nnz),
        first=explainer.source_words(int(ends[0])),
        second=explainer.source_words(int(ends[1])),
        iris=_iris(explainer.layer.sources, ends),
    )


def _third_step(explainer: Explainer, source: int, target: int) -> Reason:
    return _chain("third_step", explainer.ties, explainer, source, target)


def _close_walks(explainer: Explainer, source: int, target: int) -> Reason:
    return _chain("close_walks", explainer.weighted, explainer, source, target)


def _co_supply(explainer: Explainer, source: int, target: int) -> Reason:
    links, back = explainer.layer.matrix, explainer.back
    mine, peers = _row(links, source), _row(back, target)
    peers = peers[peers != source]
    shared = links[peers][:, mine]
    counts = np.asarray(shared.sum(axis=1)).ravel()
    key = "co_making" if explainer.layer.bipartite else "co_supply"
    best = int(np.lexsort((peers, -counts))[0])
    common = mine[np.isin(mine, _row(links, int(peers[best])))]
    return explainer.told(
        key,
        source,
        target,
        peer=explainer.source_words(int(peers[best])),
        peers=int((counts > 0).sum()),
        count=len(common),
        names=listed([explainer.target_words(int(at)) for at in common]),
        iris=[
            *_iris(explainer.layer.sources, peers[[best]]),
            *_iris(explainer.layer.targets, common),
        ],
    )


def _group_words(code: str | None) -> Words:
    known = codes("actor-kind").get(code or "")
    return known.labels if known else dict.fromkeys(LANGUAGES, code or "–")


def _traits(explainer: Explainer, trait: str) -> tuple[pl.Series, pl.Series]:
    layer = explainer.layer
    return layer.sources[trait].fill_null(""), layer.targets[trait].fill_null("")


def _between(explainer: Explainer, trait: str, source: int, target: int) -> tuple[int, float]:
    """Return the links between the groups of a pair, and how often those of their size alone."""
    links = explainer.layer.matrix
    of, to = _traits(explainer, trait)
    rows = np.flatnonzero((of == of[source]).to_numpy())
    columns = np.flatnonzero((to == to[target]).to_numpy())
    recorded = float(links[rows][:, columns].sum())
    expected = explainer._degrees[0][rows].sum() * explainer._degrees[1][columns].sum()
    lift = recorded * links.sum() / expected if expected else 0.0
    if not explainer.layer.directed and of[source] == to[target]:
        recorded /= 2
    return int(recorded), float(lift)


def _groups(key: str, trait: str) -> Callable[[Explainer, int, int], Reason]:
    def tell(explainer: Explainer, source: int, target: int) -> Reason:
        recorded, lift = _between(explainer, trait, source, target)
        of, to = _traits(explainer, trait)
        return explainer.told(
            key,
            source,
            target,
            one=_group_words(of[source]),
            other=_group_words(to[target]),
            count=recorded,
            lift=f"{lift:.1f}",
        )

    return tell


_kind_pair = _groups("kind_pair", "kind")
_sector_block = _groups("sector_block", "sector")


def _stripe(explainer: Explainer, source: int, target: int) -> Reason:
    of, _ = _traits(explainer, "sector")
    same = np.flatnonzero((of == of[source]).to_numpy())
    sellers = same[explainer._degrees[0][same] > 0]
    suppliers = np.intersect1d(_row(explainer.back, target), sellers)
    if not len(suppliers):
        return _sector_block(explainer, source, target)
    return explainer.told(
        "stripe",
        source,
        target,
        sector=_group_words(of[source]),
        count=len(suppliers),
        names=listed([explainer.source_words(int(at)) for at in suppliers]),
        sellers=len(sellers),
        iris=_iris(explainer.layer.sources, suppliers),
    )


def _related_products(explainer: Explainer, source: int, target: int) -> Reason:
    made = _row(explainer.layer.matrix, source)
    phi = _dense(explainer._proximity, target)[made]
    first = made[np.lexsort((made, -phi))][:SHOWN]
    return explainer.told(
        "relatedness.made",
        source,
        target,
        names=listed([explainer.target_words(int(at)) for at in first]),
        share=round(100 * float(phi.max(initial=0.0))),
        count=int((phi > 0).sum()),
        iris=_iris(explainer.layer.targets, first),
    )


def _peers(explainer: Explainer, source: int, target: int) -> Reason:
    links = explainer.layer.matrix
    makers = _row(explainer.back, target)
    mine = _row(links, source)
    shared = np.asarray(links[makers][:, mine].sum(axis=1)).ravel()
    sizes = np.maximum(explainer._degrees[0][makers], len(mine))
    first = np.lexsort((makers, -shared / sizes))
    some = makers[first][:SHOWN]
    return explainer.told(
        "peers",
        source,
        target,
        names=listed([explainer.source_words(int(at)) for at in some]),
        count=int(shared[first[0]]),
        iris=_iris(explainer.layer.sources, some),
    )


def _relatedness(explainer: Explainer, source: int, target: int) -> Reason:
    if explainer.layer.bipartite:
        return _related_products(explainer, source, target)
    records = explainer.layer.records
    by = "product" if records["product"].null_count() < records.height else "sector"
    sold = _sold(explainer, by)
    offers = set(sold.filter(pl.col("source") == source)["what"])
    if by == "sector":
        offers = set(filter(None, [explainer.layer.sources["sector"][source]]))
    basket = set(sold.filter(pl.col("target") == target)["what"])
    mine = sold.filter(pl.col("what").is_in(sorted(offers)))["target"].unique()
    beside = sold.filter(
        pl.col("target").is_in(mine.implode()) & pl.col("what").is_in(sorted(basket))
    )
    most = (
        beside.group_by("what")
        .agg(n=pl.col("target").n_unique())
        .sort(["n", "what"], descending=[True, False])
    )
    names = [_group_words(what) for what in most["what"].to_list()[:SHOWN]]
    if by == "product" and explainer.name is not None:
        names = [explainer.name(what) for what in most["what"].to_list()[:SHOWN]]
    return explainer.told(
        "relatedness.bought",
        source,
        target,
        names=listed(names or [dict.fromkeys(LANGUAGES, "–")]),
        buyers=mine.len(),
        count=most["n"].to_list()[0] if most.height else 0,
        iris=most["what"].to_list()[:SHOWN] if by == "product" else (),
    )


def _sold(explainer: Explainer, by: str) -> pl.DataFrame:
    """Return who bought what from whom, in products or in sectors of the seller."""
    records = explainer.layer.records
    if by == "product":
        what = records["product"]
    else:
        what = explainer.layer.sources["sector"].gather(records["source"])
    return records.select("source", "target").with_columns(what=what).drop_nulls().unique()


def _taxonomy(explainer: Explainer, source: int, target: int) -> Reason:
    layer = explainer.layer
    if not layer.bipartite:
        records = layer.records.drop_nulls("product_class")
        mine = records.filter(pl.col("source") == source).select("product", "product_class")
        bought = records.filter(pl.col("target") == target)["product_class"]
        same = mine.filter(pl.col("product_class").is_in(bought.implode())).unique().sort("product")
        made, parents = same["product"].to_list(), same["product_class"].to_list()
        words = [explainer.name(iri) if explainer.name else _plain(iri) for iri in made]
    else:
        parents = [layer.targets["parent"][target]]
        row = _row(layer.matrix, source)
        alike = row[(layer.targets["parent"] == parents[0]).fill_null(value=False).to_numpy()[row]]
        made = _iris(layer.targets, alike)
        words = [explainer.target_words(int(at)) for at in alike]
    parent = explainer.name(parents[0]) if explainer.name else _plain(str(parents[0]))
    return explainer.told(
        "taxonomy.made" if layer.bipartite else "taxonomy.bought",
        source,
        target,
        names=listed(words),
        count=len(made),
        parent=parent,
        iris=made,
    )


def _plain(word: str) -> Words:
    return dict.fromkeys(LANGUAGES, word)


def _shared_theme(explainer: Explainer, source: int, target: int) -> Reason:
    records = explainer.layer.records.drop_nulls("theme")
    both = [
        records.filter((pl.col("source") == at) | (pl.col("target") == at))
        .group_by("theme")
        .agg(n=pl.col("event").n_unique(), events=pl.col("event").unique())
        for at in (source, target)
    ]
    shared = (
        both[0]
        .join(both[1], on="theme")
        .sort([pl.col("n") + pl.col("n_right"), "theme"], descending=[True, False])
    )
    theme, one, events, other, _ = shared.row(0)
    return explainer.told(
        "shared_theme",
        source,
        target,
        theme=theme,
        themes=shared.height,
        one=one,
        other=other,
        iris=sorted(filter(None, events)),
    )


def _same_circles(explainer: Explainer, source: int, target: int) -> Reason:
    places = explainer.layer.sources["country"]
    both = [
        places.gather(_row(explainer.ties, at)).drop_nulls().value_counts(name="n")
        for at in (source, target)
    ]
    column = places.name
    shared = (
        both[0]
        .join(both[1], on=column)
        .with_columns(least=pl.min_horizontal("n", "n_right"))
        .sort(["least", column], descending=[True, False])
    )
    names = [_plain(place) for place in shared[column]]
    return explainer.told("same_circles", source, target, names=listed(names), count=shared.height)


def _activity(explainer: Explainer, source: int, target: int) -> Reason:
    return explainer.told(
        "activity",
        source,
        target,
        one=explainer.events_of[0].get(source, 0),
        other=explainer.events_of[1].get(target, 0),
    )


def _means(explainer: Explainer, source: int, target: int) -> Reason:
    moved = []
    for at in (source, target):
        ends = [
            explainer.layer.records.filter(pl.col(end) == at).select("event", v=f"{end}_value")
            for end in ("source", "target")
        ]
        known = pl.concat(ends).drop_nulls("v").unique("event", maintain_order=True)
        moved.append(f"{float(known['v'].sum()):,.0f}".replace(",", " "))
    return explainer.told("means", source, target, one=moved[0], other=moved[1])


_TOLD: Final[dict[str, Callable[[Explainer, int, int], Reason]]] = {
    "shared_partners": _shared_partners,
    "close_walks": _close_walks,
    "third_step": _third_step,
    "co_supply": _co_supply,
    "kind_pair": _kind_pair,
    "sector_block": _sector_block,
    "stripe": _stripe,
    "relatedness": _relatedness,
    "peers": _peers,
    "taxonomy": _taxonomy,
    "shared_theme": _shared_theme,
    "same_circles": _same_circles,
    "activity": _activity,
    "means": _means,
}
