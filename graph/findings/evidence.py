"""What speaks for a link that is not recorded: each score a chain of sparse matrices.

A score of every pair is the product of a few matrices, sources by something by … by targets, so
it is worked out for just the rows or pairs asked for, and never for all pairs at once. A layer
decides which evidence there is (methods: L3 after Kovács et al. 2019, doi:10.1038/s41467-019-09177-y;
resource allocation after Zhou, Lü and Zhang 2009, doi:10.1140/epjb/e2009-00335-8; weights of
projects after Newman 2001, doi:10.1103/PhysRevE.64.016132; product relatedness after Hidalgo et
al. 2007, doi:10.1126/science.1144581; stripe after Ialongo et al. 2022,
doi:10.1038/s41598-022-13996-3; block model with degrees after Karrer and Newman 2011,
doi:10.1103/PhysRevE.83.016107).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack

from klaster.graph.findings.layer import Layer
from klaster.graph.network.network import rows_of
from klaster.graph.trade.product_space import product_proximity

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

HUB: Final = 1000
"""In a large layer, paths through a thing with more links than this are not followed: each of
them weighs next to nothing, and together they cost the most."""

LARGE: Final = 20_000
"""From this many sources on, hubs are passed over and only the strongest steps are kept."""

NEAREST: Final = 20
"""How many of the most related products, or of the most similar actors, are looked at."""

_FULL: Final = 20
"""With an entry in so many cells, a matrix is looked up as a full array."""

_FEW: Final = 128
"""With so few columns, the last factor is multiplied as a full array."""

_AT_ONCE: Final = 5_000_000
"""So many entries of rows are multiplied at once, so that memory stays bounded."""

WIDTH: Final = 200
"""How many steps of a path are kept a source in a large layer, strongest first; of the pairs
that an evidence proposes, twice as many."""


@dataclass(frozen=True)
class Evidence:
    """A score of pairs: the product of ``factors``, from sources to targets.

    ``proposes`` says that where it is not zero, a pair is worth looking at.
    """

    name: str
    factors: tuple[csr_array, ...]
    proposes: bool = False

    @cached_property
    def _last(self) -> csr_array:
        return csr_array(self.factors[-1].T)

    @property
    def _large(self) -> bool:
        return self.proposes and bool(self.factors[0].shape[0] >= LARGE)

    def steps(self, sources: Whole) -> csr_array:
        """Return the product of all factors but the last, for some sources."""
        found = self.factors[0][sources]
        for factor in self.factors[1:-1]:
            found = csr_array(found @ factor)
            if self._large:
                found = strongest(found, WIDTH)
        return found

    def rows(self, sources: Whole) -> csr_array:
        """Return the scores of some sources with all targets."""
        found = csr_array(self.steps(sources) @ self.factors[-1])
        return strongest(found, 2 * WIDTH) if self._large else found

    def values(self, sources: Whole, targets: Whole) -> Values:
        """Return the scores of some pairs."""
        found = np.zeros(len(sources))
        order = np.argsort(sources, kind="stable")
        # Steps of a large layer are few, however many things they might lead to.
        least = 512 if self._large else 1
        size = max(least, 2_000_000 // max(1, self.factors[-1].shape[0]))
        whose, first = np.unique(sources[order], return_index=True)
        ends = np.append(first, len(order))
        for start in range(0, len(whose), size):
            stop = min(start + size, len(whose))
            steps = self.steps(whose[start:stop])
            at = order[ends[start] : ends[stop]]
            row = np.repeat(np.arange(stop - start), np.diff(ends[start : stop + 1]))
            found[at] = self._dots(steps, row, targets[at])
        return found

    def _dots(self, steps: csr_array, row: Whole, targets: Whole) -> Values:
        """Return the products of rows of steps and of the last factor, pair by pair."""
        found = np.zeros(len(row))
        if self.factors[-1].shape[0] <= _FEW:
            left = steps.toarray()
            for start in range(0, len(row), _AT_ONCE // _FEW):
                some = slice(start, start + _AT_ONCE // _FEW)
                found[some] = np.einsum("ij,ij->i", left[row[some]], self._dense[targets[some]])
            return found
        for some in _stretches(np.diff(self._last.indptr)[targets]):
            right = self._last[targets[some]]
            pair = rows_of(right)
            keys = row[some][pair].astype(np.int64) * right.shape[1] + right.indices
            met = entries_at(steps, keys) * right.data
            found[some] = np.bincount(pair, met, minlength=right.shape[0])
        return found

    @property
    def turned(self) -> Evidence:
        """The same score from targets to sources."""
        factors = tuple(csr_array(factor.T) for factor in reversed(self.factors))
        return Evidence(self.name, factors, self.proposes)

    @cached_property
    def _dense(self) -> Values:
        return np.asarray(self._last.toarray(), dtype=float)


def _stretches(lengths: Whole) -> Iterator[slice]:
    """Part rows into stretches of no more than ``_AT_ONCE`` entries, but for a longer row."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        yield slice(start, stop)
        start = stop


def keys_of(matrix: csr_array) -> Whole:
    """Return the key (row times the number of columns, plus column) of each entry, in order."""
    matrix.sort_indices()
    return np.asarray(rows_of(matrix) * matrix.shape[1] + matrix.indices, dtype=np.int64)


def entries_at(matrix: csr_array, keys: Whole) -> Values:
    """Return the entries of a matrix at some keys, 0 where it has none.

    Examples
    --------
    >>> entries_at(csr_array(np.array([[0.0, 2.0], [3.0, 0.0]])), np.array([1, 3, 2])).tolist()
    [2.0, 0.0, 3.0]
    """
    if _FULL * matrix.nnz >= matrix.shape[0] * matrix.shape[1]:
        return np.asarray(matrix.toarray().ravel()[keys], dtype=float)
    own = keys_of(matrix)
    found = np.zeros(len(keys))
    if len(own):
        at = np.minimum(np.searchsorted(own, keys), len(own) - 1)
        there = own[at] == keys
        found[there] = matrix.data[at[there]]
    return found


def strongest(matrix: csr_array, count: int) -> csr_array:
    """Return a matrix with the largest ``count`` entries of each row, and those equal to the last.

    Examples
    --------
    >>> strongest(csr_array(np.array([[0.5, 0.0, 0.2, 0.2, 0.1]])), 2).toarray().tolist()
    [[0.5, 0.0, 0.2, 0.2, 0.0]]
    """
    lengths = np.diff(matrix.indptr)
    least = np.full(matrix.shape[0], -np.inf)
    for long in np.flatnonzero(lengths > count):
        data = matrix.data[matrix.indptr[long] : matrix.indptr[long + 1]]
        least[long] = np.partition(data, len(data) - count)[len(data) - count]
    row = np.repeat(np.arange(matrix.shape[0]), lengths)
    kept = matrix.data >= least[row]
    if kept.all():
        return matrix
    return csr_array((matrix.data[kept], (row[kept], matrix.indices[kept])), shape=matrix.shape)


def inverse(values: Values, power: float = 1.0) -> Values:
    """Return each value to a negative power, and 0 for 0."""
    found = np.zeros_like(values, dtype=float)
    positive = values > 0
    found[positive] = values[positive] ** -power
    return found


def _sums(matrix: csr_array, axis: int) -> Values:
    return np.asarray(matrix.sum(axis=axis), dtype=float).ravel()


def _scaled(left: Values, matrix: csr_array, right: Values) -> csr_array:
    return csr_array(diags_array(left) @ matrix @ diags_array(right))


def _passable(layer: Layer, matrix: csr_array) -> tuple[Values, Values]:
    """Return 1 for rows and columns that a path may lead through, 0 for hubs of a large layer."""
    most = HUB if layer.shape[0] >= LARGE else np.inf
    rows = np.diff(matrix.indptr)
    columns = np.bincount(matrix.indices, minlength=matrix.shape[1])
    return (rows <= most).astype(float), (columns <= most).astype(float)


def event_weights(layer: Layer) -> Values:
    """Return for each record 1/(n − 1), n being how many take part in its project (Newman 2001).

    So each project adds 1 to what every participant is tied by, however large it is. A record
    without an event weighs 1.
    """
    records = layer.records.with_row_index("row")
    ends = pl.concat([records.select("event", end="source"), records.select("event", end="target")])
    sizes = ends.drop_nulls("event").group_by("event").agg(n=pl.col("end").n_unique())
    found = records.select("row", "event").join(sizes, on="event", how="left").sort("row")
    return 1.0 / (found["n"].fill_null(2).cast(pl.Float64).to_numpy() - 1.0).clip(min=1.0)


def shared_partners(layer: Layer) -> Evidence:
    """Resource allocation over weighted ties: Σ_z w_iz w_zj / s_z, s_z the sum of z's ties.

    Few and close common partners count most.
    """
    ties = layer.weighted(event_weights(layer))
    free, _ = _passable(layer, ties)
    return Evidence(
        "shared_partners",
        (ties, _scaled(free * inverse(_sums(ties, 1)), ties, np.ones(ties.shape[1]))),
        proposes=True,
    )


def _squares(name: str, out: csr_array, back: csr_array, layer: Layer) -> Evidence:
    """Return Σ_uv out_iu back_uv out_vj / √(k_u k_v), k being sums of the rows of each."""
    free_u, free_v = _passable(layer, back)
    left = free_u * inverse(_sums(back, 1), 0.5)
    right = free_v * inverse(_sums(back, 0), 0.5)
    return Evidence(name, (out, _scaled(left, back, right), out), proposes=True)


def third_step(layer: Layer) -> Evidence:
    """L3: Σ_uv a_iu a_uv a_vj / √(k_u k_v), paths of three links, whichever way they lead."""
    ties = layer.matrix if not layer.directed else csr_array(layer.matrix + layer.matrix.T)
    ties.data[:] = 1.0
    return _squares("third_step", ties, ties, layer)


def close_walks(layer: Layer) -> Evidence:
    """L3 over weighted ties: Σ_uv w_iu w_uv w_vj / √(s_u s_v)."""
    ties = layer.weighted(event_weights(layer))
    return _squares("close_walks", ties, ties, layer)


def co_supply(layer: Layer) -> Evidence:
    """L3 along the direction: Σ a_ib a_s'b a_s'j / √(k_b k_s').

    The source sells to b, b also buys from s', and s' sells to the target; or the actor makes b,
    s' also makes b, and s' makes the product.
    """
    return _squares("co_supply", layer.matrix, csr_array(layer.matrix.T), layer)


def _membership(words: pl.Series) -> csr_array:
    """Return things by groups: 1 where a thing belongs to a group; none belong where empty."""
    # By rank, since a nation's records are too many for a list of words.
    group = words.set(words == "", None).rank("dense")
    of = np.flatnonzero(group.is_not_null().to_numpy())
    to = group.drop_nulls().to_numpy().astype(np.int64) - 1
    shape = (len(words), int(to.max(initial=0)) + 1)
    return csr_array((np.ones(len(of)), (of, to)), shape=shape)


def _counts(layer: Layer, trait: str) -> tuple[csr_array, csr_array, csr_array, csr_array]:
    """Return groups of sources and of targets, each thing's part of its group's links, and E."""
    links = layer.matrix
    of, to = _membership(layer.sources[trait]), _membership(layer.targets[trait])
    between = csr_array(of.T @ links @ to)
    part = _scaled(_sums(links, 1), of, inverse(_sums(between, 1)))
    taken = _scaled(_sums(links, 0), to, inverse(_sums(between, 0)))
    return of, part, taken, between


def sector_block(layer: Layer) -> Evidence:
    """Block model with degrees: (k_i / K_g) E_gh (k_j / K_h), E the links between two sectors."""
    _, part, taken, between = _counts(layer, "sector")
    return Evidence("sector_block", (part, between, csr_array(taken.T)))


def stripe(layer: Layer) -> Evidence:
    """(k_i / K_g)(x_jg + E_gh / K_h): what the buyer itself, or its sector, takes from sector g."""
    of, part, _, between = _counts(layer, "sector")
    to = _membership(layer.targets["sector"])
    own = csr_array(of.T @ layer.matrix)
    usual = _scaled(np.ones(between.shape[0]), between, inverse(_sums(between, 0)))
    return Evidence("stripe", (part, csr_array(own + usual @ to.T)))


def relatedness(layer: Layer) -> Evidence:
    """Σ_q m_aq φ_qp, φ = min(P(p|q), P(q|p)): how often p goes with what the actor has already.

    Of products made together, over the nearest to p; in a supply layer, of what is bought
    together, product by product where products are recorded, else sector by sector.
    """
    if layer.bipartite:
        near = strongest(product_proximity(_without_hubs(layer)), NEAREST)
        return Evidence("relatedness", (layer.matrix, csr_array(near.T)), proposes=True)
    offers, baskets = _offers_and_baskets(layer, "product", "sector")
    return Evidence("relatedness", (offers, product_proximity(baskets), csr_array(baskets.T)))


def peers(layer: Layer) -> Evidence:
    """Σ_b φ_ab m_bp over the actors most like a: φ = min(P(a|b), P(b|a)) over their products."""
    return Evidence("peers", (_alike(_without_hubs(layer)), layer.matrix), proposes=True)


def _alike(made: csr_array) -> csr_array:
    """Return who is most like whom by ``product_proximity``: of a nation too many to keep all."""
    by_product = csr_array(made.T)
    met = (made @ np.diff(by_product.indptr)).astype(np.int64)
    nobody = csr_array((0, made.shape[0]))
    nearest = (strongest(product_proximity(by_product, some), NEAREST) for some in _stretches(met))
    return csr_array(vstack([nobody, *nearest]))


def _without_hubs(layer: Layer) -> csr_array:
    """Return the links but those of the products that nearly everybody has, in a large layer."""
    _, free = _passable(layer, layer.matrix)
    return _scaled(np.ones(layer.shape[0]), layer.matrix, free)


def _offers_and_baskets(layer: Layer, column: str, otherwise: str) -> tuple[csr_array, csr_array]:
    """Return what each actor sells and buys, in products (or classes), or else in sectors."""
    words = layer.records[column]
    if words.null_count() == len(words):
        if not otherwise:
            empty = csr_array((layer.shape[0], 1))
            return empty, empty
        sectors = _membership(layer.sources[otherwise])
        bought = csr_array(layer.matrix.T @ sectors)
        bought.data[:] = 1.0
        return sectors, bought
    of = _membership(words)
    ends = [
        csr_array(
            (np.ones(len(words)), (layer.records[end].to_numpy(), np.arange(len(words)))),
            shape=(layer.shape[0], len(words)),
        )
        for end in ("source", "target")
    ]
    sold, bought = (csr_array(end @ of) for end in ends)
    sold.data[:] = np.minimum(sold.data, 1.0)
    bought.data[:] = np.minimum(bought.data, 1.0)
    return sold, bought


def taxonomy(layer: Layer) -> Evidence:
    """Take the share of the other products of the product's class that the actor has.

    In a supply layer, count what the supplier sells of the classes that the buyer buys.
    """
    if layer.bipartite:
        classes = _membership(layer.targets["parent"])
        others = inverse(_sums(classes, 0) - 1)
        shares = _scaled(others, csr_array(classes.T), np.ones(layer.shape[1]))
        return Evidence("taxonomy", (layer.matrix, classes, shares))
    offers, baskets = _offers_and_baskets(layer, "product_class", "")
    return Evidence("taxonomy", (offers, csr_array(baskets.T)))


def shared_theme(layer: Layer) -> Evidence:
    """Cosine of the themes of two actors' projects, each theme weighted by how rare it is."""
    records = layer.records
    rows = np.concatenate([records["source"].to_numpy(), records["target"].to_numpy()])
    of = _membership(pl.concat([records["theme"], records["theme"]]))
    pick = csr_array(
        (np.ones(len(rows)), (rows, np.arange(len(rows)))), (layer.shape[0], len(rows))
    )
    counts = csr_array(pick @ of)
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    linked = max(1, int((np.diff(counts.indptr) > 0).sum()))
    rare = np.log(linked * inverse(having.astype(float)).clip(min=1.0 / linked))
    profile = _scaled(np.ones(layer.shape[0]), counts, rare)
    length = np.sqrt(_sums(profile.multiply(profile), 1))
    profile = _scaled(inverse(length), profile, np.ones(profile.shape[1]))
    return Evidence("shared_theme", (profile, csr_array(profile.T)))


def kind_pair(layer: Layer) -> Evidence:
    """Links between two kinds of actor over what their numbers of links alone imply."""
    kinds = _membership(layer.sources["kind"])
    ties = layer.matrix
    between = (kinds.T @ ties @ kinds).toarray()
    strength = _sums(ties, 1) @ kinds
    expected = np.outer(strength, strength) / max(strength.sum(), 1.0)
    lift = csr_array((between + 5.0) / (expected + 5.0))
    return Evidence("kind_pair", (kinds, lift, csr_array(kinds.T)))


def same_circles(layer: Layer) -> Evidence:
    """Likeness of the countries of two actors' partners: Σ_c √(p_ic p_jc), 1 for the same mix."""
    ties = layer.weighted(event_weights(layer))
    mix = csr_array(ties @ _membership(layer.sources["country"]))
    mix = _scaled(inverse(_sums(mix, 1)), mix, np.ones(mix.shape[1]))
    mix.data = np.sqrt(mix.data)
    return Evidence("same_circles", (mix, csr_array(mix.T)))


def _product_of(name: str, source: Values, target: Values) -> Evidence:
    return Evidence(name, (csr_array(source[:, None]), csr_array(target[None, :])))


def activity(layer: Layer) -> Evidence:
    """Preferential attachment: the product of the sums of ties, so of the numbers of projects."""
    ties = layer.weighted(event_weights(layer))
    return _product_of("activity", _sums(ties, 1), _sums(ties, 0))


def means(layer: Layer) -> Evidence:
    """Multiply 1 plus what the records of each of two actors have moved, in money."""
    moved = np.zeros(layer.shape[0])
    for end in ("source", "target"):
        known = layer.records.select(end, "event", value=f"{end}_value").drop_nulls("value")
        each = known.unique([end, "event"], maintain_order=True)
        np.add.at(moved, each[end].to_numpy(), each["value"].to_numpy() * 1.0)
    moved = moved.clip(min=0.0)
    if not moved.any():
        return _product_of("means", moved, moved)
    return _product_of("means", 1.0 + moved, 1.0 + moved)


BY_LAYER: Final[dict[str, dict[Callable[[Layer], Evidence], float]]] = {
    "cooperation": {
        shared_partners: 1.5,
        close_walks: 1.0,
        third_step: 0.5,
        shared_theme: 1.0,
        kind_pair: 0.5,
        same_circles: 0.5,
        activity: 0.5,
        means: 1.0,
    },
    "supply": {
        co_supply: 1.0,
        third_step: 1.0,
        stripe: 1.0,
        sector_block: 1.0,
        relatedness: 1.0,
        taxonomy: 1.0,
    },
    "actor-product": {relatedness: 1.0, peers: 1.0, taxonomy: 1.0, co_supply: 0.5},
}
"""The evidence of each layer, with its weight in the ensemble.

Cooperation: as two windows of 2016–2018 of a network of projects measured best; actor–product:
as exports of countries; supply: all alike.
"""
