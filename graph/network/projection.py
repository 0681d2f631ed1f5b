"""From the link tables of a graph to its network: which links, of whom, on which day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from klaster.graph.network.network import Network
from klaster.graph.network.slices import EVERYBODY, Among
from klaster.graph.network.stored import STORED_FROM, store_links, stored_links
from klaster.graph.store.columns import Columns
from klaster.graph.store.dealings import Dealings
from klaster.graph.store.holding import counted, participations
from klaster.graph.store.places import Register
from klaster.ontology.faults import Fault

LINK_KINDS: Final = ("supply", "cooperation", "ownership", "membership")
WORTH: Final = ("value", "currency")
"""What is looked at of supplies beside their ends."""


def project(
    columns: Columns,
    *,
    links: Sequence[str] = LINK_KINDS,
    cluster: str | None = None,
    date: dt.date | None = None,
    among: Among = EVERYBODY,
    records: bool = True,
) -> Network:
    """Return the network of some kinds of link, of all actors or of some.

    Supply leads from supplier to buyer, ownership from owner to owned. Cooperation has no
    direction, nor has membership, which joins a member with the body that manages or
    coordinates its cluster. Planned and ended links are left out; with ``date``, so is every
    link that does not hold on that day (a link without dates always does), and who does not
    belong to ``cluster`` then.

    Each link weighs 1, so that a strength counts recorded links, unless all are supplies with a
    value above 0 in one currency: then it is their value. Values in several currencies, or known
    for some links only, cannot be added up, nor can a value and a cooperation.

    Parameters
    ----------
    cluster
        IRI of a cluster: only its members and the links among them are kept.
    among
        A region, sector or kind: only its actors and the links among them are kept.
    records
        Whether the IRIs of the links' records are needed. If not, links that a load stored are
        read in place of the tables, and have none.
    """
    holding = columns if date is None else columns.on(date)
    chosen = among.of(columns.table("actors"), holding)
    actors = chosen.select(actor="iri", label="name", kind="kind")
    if cluster is not None:
        members = holding.table("memberships").filter(pl.col("cluster") == cluster)
        actors = actors.join(members, on="actor", how="semi")
    actors = actors.sort("actor")
    if actors.is_empty():
        raise Fault("fault.no-network")
    whole = date is None and cluster is None and among == EVERYBODY
    placed = stored_links(columns, actors["actor"]) if whole and not records else None
    if placed is None:
        placed = _from_tables(columns, links, date, actors["actor"])
    elif set(links) < set(LINK_KINDS):
        placed = placed.filter(pl.col("kind").is_in(list(links)))
    unit = _unit(placed)
    weight = pl.col("value") if unit else pl.lit(1.0)
    kept = [name for name in _COLUMNS if name in placed.columns]
    return Network(actors, placed.select(*kept, weight=weight), unit)


def write_network(
    columns: Columns, folder: Path, *, dealings: Dealings | None = None, least: int = STORED_FROM
) -> bool:
    """Store the links of all kinds between all actors, if they are many; say whether they are.

    The folder is ``G/network`` beside the folders ``G/tables/SOURCE`` of these tables, which it
    holds for alone: ``project`` reads it there. ``dealings`` are those of these tables with
    what ``WORTH`` names, if they are known.
    """
    actors = columns.table("actors")["iri"].sort()
    if actors.is_empty():
        return False
    known = dealings or Dealings(columns, beside=WORTH)
    links = _from_dealings(known, Register(actors))
    if links.height < least:
        return False
    store_links(links, columns, actors, folder)
    return True


def _from_dealings(known: Dealings, register: Register) -> pl.DataFrame:
    """Return the links of all kinds between actors, without the IRIs of supplies."""
    places = register.places(known.actors.all).cast(pl.Int64)
    supplies = known.all_supplies.select(
        pl.lit(None, pl.String).alias("iri"),
        pl.lit(value=True).alias("directed"),
        pl.col("value"),
        pl.col("currency").cast(pl.String),
        source=places.gather(known.all_supplies["supplier"]),
        target=places.gather(known.all_supplies["buyer"]),
        kind=pl.lit("supply"),
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
    ).drop_nulls(["source", "target"])
    others = [
        _placed(frame, register).with_columns(kind=pl.lit(kind), row=pl.lit(None, pl.UInt32))
        for kind in LINK_KINDS
        if kind != "supply"
        for frame in [_of_kind(kind, known.columns, known.columns, None)]
    ]
    return _in_order(pl.concat([supplies, *others]), len(register), known.records).drop("row")


def _from_tables(
    columns: Columns, links: Sequence[str], date: dt.date | None, actors: pl.Series
) -> pl.DataFrame:
    """Return the links of some kinds between actors, read from their tables."""
    holding = columns if date is None else columns.on(date)
    register = Register(actors)
    frames = [
        _placed(_of_kind(kind, columns, holding, date), register).with_columns(kind=pl.lit(kind))
        for kind in links
    ]
    return _in_order(pl.concat(frames), len(register))


def _of_kind(kind: str, columns: Columns, holding: Columns, date: dt.date | None) -> pl.DataFrame:
    """Return the links of a kind; ``holding`` are the tables of that day."""
    # Who takes part in a cooperation on a day is told by all of its rows.
    return _cooperations(columns, date) if kind == "cooperation" else _LINKS[kind](holding)


def _placed(frame: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return the links of which both ends are among the actors, with their places."""
    ends = (register.places(frame[end]).cast(pl.Int64) for end in ("from", "to"))
    return (
        frame.select(*_KEPT, *_worth(frame))
        .with_columns(pl.Series("source", next(ends)), pl.Series("target", next(ends)))
        .drop_nulls(["source", "target"])
    )


def _in_order(
    links: pl.DataFrame, size: int, records: Callable[[pl.Series], pl.Series] | None = None
) -> pl.DataFrame:
    """Return links by source, target, kind and IRI.

    Sorted are numbers of the pairs; kinds and IRIs only where links join the same two. The IRIs
    of links with a ``row`` are what ``records`` says of their rows, which it is given in order.
    """
    pair = pl.col("source") * size + pl.col("target")
    sorted_links = links.with_columns(pair=pair).sort("pair")
    again = sorted_links["pair"].diff().fill_null(1) == 0
    several = again | again.shift(-1, fill_value=False)
    if several.any():
        places = several.arg_true()
        tied = sorted_links.filter(several).with_columns(at=places)
        if records:
            rows = tied["row"].drop_nulls().sort()
            iris = pl.DataFrame({"row": rows, "told": records(rows)})
            tied = tied.join(iris, on="row", how="left", maintain_order="left")
            tied = tied.with_columns(iri=pl.coalesce("iri", "told"))
        order = pl.int_range(len(several), eager=True).scatter(
            places, tied.sort("pair", "kind", "iri")["at"]
        )
        sorted_links = sorted_links[order]
    return sorted_links.drop("pair")


def _worth(frame: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """Return the value of each supply and its currency; other links have none."""
    if "value" in frame.columns:
        return pl.col("value"), pl.col("currency")
    return pl.lit(None, pl.Float64).alias("value"), pl.lit(None, pl.String).alias("currency")


def _unit(links: pl.DataFrame) -> str | None:
    """Return the currency in which every link has a value above 0, if there is one."""
    currencies = links["currency"].unique()
    if len(currencies) != 1 or not (links["value"].fill_null(0) > 0).all():
        return None
    return str(currencies[0]) if currencies[0] is not None else None


_KEPT = ["iri", "directed"]
_COLUMNS = ("source", "target", "kind", "iri", "directed")


def _supplies(columns: Columns) -> pl.DataFrame:
    wanted = ("supplier", "buyer", "iri", "value", "currency", "status")
    return (
        counted(columns.links("supplies", *wanted))
        .rename({"supplier": "from", "buyer": "to"})
        .with_columns(directed=pl.lit(value=True))
    )


def _ownerships(columns: Columns) -> pl.DataFrame:
    return (
        counted(columns.links("ownerships", "owner", "owned", "iri", "status"))
        .rename({"owner": "from", "owned": "to"})
        .with_columns(directed=pl.lit(value=True))
    )


def _cooperations(columns: Columns, date: dt.date | None) -> pl.DataFrame:
    takers = participations(columns, date=date)
    return (
        takers.join(takers.select("iri", "participant"), on="iri")
        .filter(pl.col("participant") < pl.col("participant_right"))
        .with_columns(
            pl.col("participant").alias("from"),
            pl.col("participant_right").alias("to"),
            directed=pl.lit(value=False),
        )
    )


def _memberships(columns: Columns) -> pl.DataFrame:
    clusters = columns.table("clusters")
    bodies = pl.concat(
        [
            clusters.select(cluster="iri", body="managed_by"),
            clusters.select(cluster="iri", body="coordinated_by"),
        ]
    )
    return (
        columns.table("memberships")
        .join(bodies.drop_nulls().unique(maintain_order=True), on="cluster")
        .filter(pl.col("actor") != pl.col("body"))
        .with_columns(
            pl.col("actor").alias("from"), pl.col("body").alias("to"), directed=pl.lit(value=False)
        )
    )


_LINKS = {
    "supply": _supplies,
    "ownership": _ownerships,
    "membership": _memberships,
}
