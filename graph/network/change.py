"""What an addition or removal changes: another network, and how it differs from the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from klaster.graph.network.centrality import measure, ranking
from klaster.graph.network.network import Network
from klaster.ontology.faults import Fault


def without_actors(network: Network, actors: Iterable[str]) -> Network:
    """Return the network as it would be without some actors, named by IRI.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> without_actors(chain, ["b"]).actors["actor"].to_list()
    ['a', 'c']
    """
    gone = set(actors)
    _known(network, gone)
    return among(network, ~network.actors["actor"].is_in(sorted(gone)))


def among(network: Network, kept: pl.Series) -> Network:
    """Return the network of some actors, and the links among them.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> among(chain, pl.Series([False, True, True])).links.select("source", "target").rows()
    [(0, 1)]
    """
    number = np.cumsum(kept.to_numpy()) - 1
    links = network.links.filter(
        kept.gather(network.links["source"]) & kept.gather(network.links["target"])
    )
    moved = links.with_columns(
        source=pl.Series(number[links["source"].to_numpy()], dtype=pl.Int64),
        target=pl.Series(number[links["target"].to_numpy()], dtype=pl.Int64),
    )
    return Network(network.actors.filter(kept), moved, network.unit)


def within(network: Network, members: pl.DataFrame) -> Iterator[tuple[str, Network]]:
    """Yield the network inside each group, as ``among`` gives it; who is in several is in each.

    All links are looked at once, however many groups there are.

    Parameters
    ----------
    members
        Who belongs to which (``actor``, ``group``: IRIs), each once; groups come in their order.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> members = pl.DataFrame({"actor": ["b", "c", "b"], "group": ["x", "x", "y"]})
    >>> [(group, part.size, part.links.height) for group, part in within(chain, members)]
    [('x', 2, 1), ('y', 1, 0)]
    """
    actors = network.actors.select("actor").with_row_index("place")
    placed = members.join(actors, on="actor").select(pl.col("place").cast(pl.Int64), "group")
    placed = placed.sort("group", "place")
    ends = network.links.select("source", "target").with_row_index("link")
    inside = ends.join(placed, left_on="source", right_on="place").join(
        placed, left_on=["target", "group"], right_on=["place", "group"]
    )
    of_group = {
        str(group): links["link"].sort()
        for (group,), links in inside.select("group", "link")
        .partition_by("group", as_dict=True)
        .items()
    }
    for (group,), rows in placed.group_by("group", maintain_order=True):
        places = rows["place"]
        links = network.links[of_group.get(str(group), pl.Series([], dtype=pl.UInt32))]
        moved = links.with_columns(
            pl.Series(end, places.search_sorted(links[end]), dtype=pl.Int64)
            for end in ("source", "target")
        )
        yield str(group), Network(network.actors[places], moved, network.unit)


def of_kinds(network: Network, kinds: Sequence[str]) -> Network:
    """Return the network of some kinds of link only, of the same actors.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> of_kinds(chain, ["supply"]).links.height, of_kinds(chain, ["ownership"]).links.height
    (2, 0)
    """
    if network.links["kind"].is_in(list(kinds)).all():
        return network
    links = network.links.filter(pl.col("kind").is_in(list(kinds)))
    return Network(network.actors, links, network.unit)


def without_links(network: Network, pairs: Iterable[tuple[str, str]]) -> Network:
    """Return the network as it would be if nothing led from each first to each second actor.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> without_links(chain, [("a", "b")]).links.height
    1
    """
    given = list(pairs)
    _known(network, {name for pair in given for name in pair})
    name = network.actors["actor"]
    ends = zip(
        name.gather(network.links["source"]), name.gather(network.links["target"]), strict=True
    )
    gone = set(given)
    both = network.links["directed"]
    kept = [
        (a, b) not in gone and (directed or (b, a) not in gone)
        for (a, b), directed in zip(ends, both, strict=True)
    ]
    return Network(network.actors, network.links.filter(pl.Series(kept)), network.unit)


def with_links(
    network: Network,
    pairs: Iterable[tuple[str, str]],
    *,
    kind: str = "supply",
    directed: bool = True,
    weight: float = 1.0,
) -> Network:
    """Return the network as it would be with more links between its actors.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> with_links(chain, [("a", "c")]).arcs.nnz
    3
    """
    given = list(pairs)
    _known(network, {name for pair in given for name in pair})
    sources, targets = zip(*given, strict=True) if given else ((), ())
    more = pl.DataFrame(
        {
            "source": network.places(sources),
            "target": network.places(targets),
            "kind": [kind] * len(given),
            "iri": ["" for _ in given],
            "directed": [directed] * len(given),
            "weight": [weight] * len(given),
        },
        schema=_LINKS,
    )
    links = network.links
    if "weight" not in links.columns:
        links = links.with_columns(weight=pl.lit(1.0))
    return Network(network.actors, pl.concat([links.select(_LINKS.keys()), more]), network.unit)


_LINKS = {
    "source": pl.Int64,
    "target": pl.Int64,
    "kind": pl.String,
    "iri": pl.String,
    "directed": pl.Boolean,
    "weight": pl.Float64,
}


def _known(network: Network, names: set[str]) -> None:
    unknown = names.difference(network.actors["actor"])
    if unknown:
        raise Fault("fault.not-in-network", found=", ".join(sorted(unknown)))


def difference(before: Network, after: Network) -> pl.DataFrame:
    """Return what one network has and the other has not, or has more of.

    Returns
    -------
    polars.DataFrame
        ``change`` (``added``, ``removed``, ``stronger`` or ``weaker``), ``what`` (``actor`` or
        ``link``), ``source``, ``target`` (IRI; null for an actor), ``before``, ``after`` (strengths).

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> difference(chain, with_links(chain, [("a", "c")])).rows()
    [('added', 'link', 'a', 'c', None, 1.0)]
    """
    old, new = before.actors.select(source="actor"), after.actors.select(source="actor")
    actors = pl.concat(
        [
            old.join(new, on="source", how="anti").with_columns(change=pl.lit("removed")),
            new.join(old, on="source", how="anti").with_columns(change=pl.lit("added")),
        ]
    ).with_columns(what=pl.lit("actor"))
    ends = ["source", "target"]
    links = (
        _strengths(before)
        .rename({"strength": "before"})
        .join(_strengths(after).rename({"strength": "after"}), on=ends, how="full", coalesce=True)
        .filter(~pl.col("before").eq_missing(pl.col("after")))
        .with_columns(
            change=pl.when(pl.col("before").is_null())
            .then(pl.lit("added"))
            .when(pl.col("after").is_null())
            .then(pl.lit("removed"))
            .when(pl.col("after") > pl.col("before"))
            .then(pl.lit("stronger"))
            .otherwise(pl.lit("weaker")),
            what=pl.lit("link"),
        )
    )
    order = ["change", "what", "source", "target", "before", "after"]
    whole = pl.concat([actors, links], how="diagonal")
    return whole.select(order).sort("what", "source", "target", "change")


def _strengths(network: Network) -> pl.DataFrame:
    name, matrix = network.actors["actor"], network.weights.tocoo()
    return pl.DataFrame(
        {
            "source": name.gather(matrix.row),
            "target": name.gather(matrix.col),
            "strength": matrix.data,
        }
    )


def ranks_changed(before: Network, after: Network, by: str) -> pl.DataFrame:
    """Return how ranks and figures by a measure differ between two networks.

    The columns are ``actor, label, kind, rank``, the measure, ``rank_then``, ``then`` and
    ``difference`` (of the figures), the largest difference first. An actor that one network
    lacks has no rank there, and no difference.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> found = ranks_changed(chain, with_links(chain, [("a", "c")]), "degree")
    >>> found.select("actor", "rank", "degree", "rank_then", "then", "difference").rows()[0]
    ('a', 1, 2, 2, 1, 1)
    """
    now = ranking(after, by).select("actor", "label", "kind", "rank", by)
    old = ranking(before, by).select("actor", "label", "kind", rank_then="rank", then=by)
    return (
        now.join(old, on="actor", how="full", coalesce=True)
        .with_columns(
            label=pl.coalesce("label", "label_right"),
            kind=pl.coalesce("kind", "kind_right"),
            difference=pl.col(by) - pl.col("then"),
        )
        .drop("label_right", "kind_right")
        .sort(
            pl.col("difference").abs(),
            "rank",
            "label",
            "actor",
            descending=[True, False, False, False],
            nulls_last=True,
        )
    )


def figures_changed(
    before: Network, after: Network, measures: Sequence[str], *, least: float = 1e-9
) -> pl.DataFrame:
    """Return whose figures differ between two networks by more than ``least``.

    The columns are ``measure, actor, label, before, after``, the largest change of each measure
    first. An actor that one network lacks has no figure there.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> figures_changed(chain, without_actors(chain, ["b"]), ["in-degree"]).rows()
    [('in-degree', 'b', 'b', 1.0, None), ('in-degree', 'c', 'c', 1.0, 0.0)]
    """
    frames = []
    for name in measures:
        old, new = (
            network.actors.select("actor", "label").with_columns(
                pl.Series(column, measure(network, name)).fill_nan(None)
            )
            for network, column in ((before, "before"), (after, "after"))
        )
        both = old.join(new, on="actor", how="full", coalesce=True).with_columns(
            label=pl.coalesce("label", "label_right"), measure=pl.lit(name)
        )
        moved = (pl.col("after") - pl.col("before")).abs()
        one = pl.col("before").is_null() != pl.col("after").is_null()
        frames.append(
            both.with_columns(moved=moved)
            .filter(one | (pl.col("moved") > least))
            .sort("moved", "label", "actor", descending=[True, False, False], nulls_last=False)
        )
    return pl.concat(frames).select("measure", "actor", "label", "before", "after")
