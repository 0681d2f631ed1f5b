"""What each evidence says of a pair: the sentences of an explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.findings.explanation import (
    FEW,
    SHOWN,
    Explainer,
    Reason,
    Words,
    between,
    dense_row,
    group_words,
    iris_of,
    listed,
    row_of,
    traits,
)
from klaster.ontology.labels import LANGUAGES


def reason(explainer: Explainer, evidence: str, source: int, target: int) -> Reason:
    """Return what an evidence says of a pair."""
    return TOLD[evidence](explainer, source, target)


def _shared_partners(explainer: Explainer, source: int, target: int) -> Reason:
    ties = explainer.weighted
    common = explainer.common(source, target)
    own, other = dense_row(ties, source)[common], dense_row(ties, target)[common]
    strength = np.asarray(ties.sum(axis=1)).ravel()[common]
    first = common[np.lexsort((common, -own * other / strength))]
    rare = int((explainer.degrees[0][common] <= FEW).sum())
    return explainer.told(
        "shared_partners",
        source,
        target,
        count=len(common),
        names=listed([explainer.source_words(int(at)) for at in first]),
        rare=rare,
        iris=iris_of(explainer.layer.sources, first),
    )


def _chain(key: str, ties: csr_array, explainer: Explainer, source: int, target: int) -> Reason:
    """Tell of the strongest path of three ties, and how many there are."""
    near, far = row_of(ties, source), row_of(ties, target)
    between = ties[near][:, far].tocoo()
    u, v = near[between.coords[0]], far[between.coords[1]]
    strength = np.asarray(ties.sum(axis=1)).ravel()
    weight = dense_row(ties, source)[u] * between.data * dense_row(ties, target)[v]
    best = int(np.lexsort((v, u, -weight / np.sqrt(strength[u] * strength[v])))[0])
    ends = np.array([u[best], v[best]])
    return explainer.told(
        key,
        source,
        target,
        count=int(between.nnz),
        first=explainer.source_words(int(ends[0])),
        second=explainer.source_words(int(ends[1])),
        iris=iris_of(explainer.layer.sources, ends),
    )


def _third_step(explainer: Explainer, source: int, target: int) -> Reason:
    return _chain("third_step", explainer.ties, explainer, source, target)


def _close_walks(explainer: Explainer, source: int, target: int) -> Reason:
    return _chain("close_walks", explainer.weighted, explainer, source, target)


def _co_supply(explainer: Explainer, source: int, target: int) -> Reason:
    links, back = explainer.layer.matrix, explainer.back
    mine, peers = row_of(links, source), row_of(back, target)
    peers = peers[peers != source]
    shared = links[peers][:, mine]
    counts = np.asarray(shared.sum(axis=1)).ravel()
    key = "co_making" if explainer.layer.bipartite else "co_supply"
    best = int(np.lexsort((peers, -counts))[0])
    common = mine[np.isin(mine, row_of(links, int(peers[best])))]
    return explainer.told(
        key,
        source,
        target,
        peer=explainer.source_words(int(peers[best])),
        peers=int((counts > 0).sum()),
        count=len(common),
        names=listed([explainer.target_words(int(at)) for at in common]),
        iris=[
            *iris_of(explainer.layer.sources, peers[[best]]),
            *iris_of(explainer.layer.targets, common),
        ],
    )


def _groups(key: str, trait: str) -> Callable[[Explainer, int, int], Reason]:
    def tell(explainer: Explainer, source: int, target: int) -> Reason:
        recorded, lift = between(explainer, trait, source, target)
        of, to = traits(explainer, trait)
        return explainer.told(
            key,
            source,
            target,
            one=group_words(of[source]),
            other=group_words(to[target]),
            count=recorded,
            lift=f"{lift:.1f}",
        )

    return tell


_kind_pair = _groups("kind_pair", "kind")
_sector_block = _groups("sector_block", "sector")


def _stripe(explainer: Explainer, source: int, target: int) -> Reason:
    of, _ = traits(explainer, "sector")
    same = np.flatnonzero((of == of[source]).to_numpy())
    sellers = same[explainer.degrees[0][same] > 0]
    suppliers = np.intersect1d(row_of(explainer.back, target), sellers)
    if not len(suppliers):
        return _sector_block(explainer, source, target)
    return explainer.told(
        "stripe",
        source,
        target,
        sector=group_words(of[source]),
        count=len(suppliers),
        names=listed([explainer.source_words(int(at)) for at in suppliers]),
        sellers=len(sellers),
        iris=iris_of(explainer.layer.sources, suppliers),
    )


def _related_products(explainer: Explainer, source: int, target: int) -> Reason:
    made = row_of(explainer.layer.matrix, source)
    phi = dense_row(explainer.proximities, target)[made]
    first = made[np.lexsort((made, -phi))][:SHOWN]
    return explainer.told(
        "relatedness.made",
        source,
        target,
        names=listed([explainer.target_words(int(at)) for at in first]),
        share=round(100 * float(phi.max(initial=0.0))),
        count=int((phi > 0).sum()),
        iris=iris_of(explainer.layer.targets, first),
    )


def _peers(explainer: Explainer, source: int, target: int) -> Reason:
    links = explainer.layer.matrix
    makers = row_of(explainer.back, target)
    mine = row_of(links, source)
    shared = np.asarray(links[makers][:, mine].sum(axis=1)).ravel()
    sizes = np.maximum(explainer.degrees[0][makers], len(mine))
    first = np.lexsort((makers, -shared / sizes))
    some = makers[first][:SHOWN]
    return explainer.told(
        "peers",
        source,
        target,
        names=listed([explainer.source_words(int(at)) for at in some]),
        count=int(shared[first[0]]),
        iris=iris_of(explainer.layer.sources, some),
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
    names = [group_words(what) for what in most["what"].to_list()[:SHOWN]]
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
        row = row_of(layer.matrix, source)
        alike = row[(layer.targets["parent"] == parents[0]).fill_null(value=False).to_numpy()[row]]
        made = iris_of(layer.targets, alike)
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
        places.gather(row_of(explainer.ties, at)).drop_nulls().value_counts(name="n")
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


TOLD: Final[dict[str, Callable[[Explainer, int, int], Reason]]] = {
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
