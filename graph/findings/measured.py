"""What the measures find, as RDF: who is central by what, to be queried beside the facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Final

import polars as pl

from klaster.graph.network.centrality import (
    COUNTS,
    DEFAULT,
    LOW_IS_CENTRAL,
    measured,
    percentiles,
    ranks,
)
from klaster.graph.network.network import Network
from klaster.graph.store.quads import iri, literal, typed, write_lines
from klaster.ontology.terms import KL, RDF, code_iri, mint

METHOD: Final = "klaster measures 1"
RECORDED: Final = 250
"""Of so many actors a measure are the results written, the most central first."""

_SEARCHED: Final = frozenset({"participation"})
_BY_ALL_PATHS: Final = {
    "betweenness": 5_000_000,
    "harmonic-upstream": 100_000_000,
    "harmonic-downstream": 100_000_000,
}
"""Up to so many actors times links each takes a few tenths of a second."""


def quick_measures(network: Network) -> tuple[str, ...]:
    """Return the measures whose results every load writes: those that are exact and quickly had.

    Communities, and so participation, are searched for and left to be asked for.
    """
    work = network.size * network.links.height
    return tuple(
        name for name in DEFAULT if name not in _SEARCHED and work <= _BY_ALL_PATHS.get(name, work)
    )


def results(network: Network, name: str) -> pl.DataFrame:
    """Return the most central actors by a measure: ``place, actor, value, rank, percentile``.

    At most ``RECORDED``: actors that share a rank are all there or none of them. Those of whom the
    measure is not defined are left out.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> results(chain, "degree").select("actor", "value", "rank", "percentile").rows()
    [('a', 1.0, 2, 0.0), ('b', 2.0, 1, 100.0), ('c', 1.0, 2, 0.0)]
    """
    figures = measured(network, name).figures
    rank, tied = ranks(-figures if name in LOW_IS_CENTRAL else figures)
    return (
        network.actors.select("actor")
        .with_row_index("place", offset=1)
        .with_columns(
            pl.Series("value", figures),
            pl.Series("rank", rank),
            pl.Series("tied", tied),
            pl.Series("percentile", percentiles(figures, rank, tied)),
        )
        .filter(pl.col("value").is_finite() & (pl.col("rank") + pl.col("tied") <= RECORDED + 1))
        .drop("tied")
    )


def write_results(
    stream: IO[bytes], network: Network, names: Iterable[str], *, base: str, graph: str
) -> None:
    """Write the results of measures on the network of a whole graph into a named graph."""
    for name in names:
        _write_measurement(stream, network, name, base=base, graph=graph)
        found = results(network, name)
        stem = mint(base, "result", name) + "/"
        subject = iri(pl.lit(stem) + pl.col("place").cast(pl.String))
        for term, value in (
            (f"{RDF}type", pl.lit(f"<{KL}MetricResult>")),
            (f"{KL}measuredActor", iri(pl.col("actor"))),
            (f"{KL}measure", pl.lit(f"<{code_iri('measure', name)}>")),
            (f"{KL}measurement", pl.lit(f"<{mint(base, 'measurement', name)}>")),
            (f"{KL}metricValue", literal(_decimal(name), typed("decimal"))),
            (f"{KL}metricRank", literal(pl.col("rank").cast(pl.String), typed("integer"))),
            (
                f"{KL}metricPercentile",
                literal(pl.col("percentile").round(2).cast(pl.String), typed("decimal")),
            ),
        ):
            write_lines(stream, found, subject, f"<{term}>", value, graph)


def _decimal(name: str) -> pl.Expr:
    """Return values as decimals: counts whole, others to twelve significant digits.

    What differs beyond them is rounding, and may come out otherwise on another machine.
    """
    if name in COUNTS:
        return pl.col("value").cast(pl.Int64).cast(pl.String) + ".0"
    plain = pl.col("value").round_sig_figs(12).cast(pl.Decimal(38, 18)).cast(pl.String)
    return plain.str.strip_chars_end("0") + "0"


def _write_measurement(
    stream: IO[bytes], network: Network, name: str, *, base: str, graph: str
) -> None:
    facts = pl.DataFrame(
        {
            "term": [f"{RDF}type", *(KL + term for term in _TOLD)],
            "value": [
                f"<{KL}Measurement>",
                f"<{code_iri('measure', name)}>",
                f'"{METHOD}"',
                f'"{network.links.height}"{typed("integer")}',
                f'"{network.size}"{typed("integer")}',
            ],
        }
    )
    subject = f"<{mint(base, 'measurement', name)}>"
    line = pl.format("{} <{}> {} <{}> .", pl.lit(subject), "term", "value", pl.lit(graph))
    facts.select(line).write_csv(stream, include_header=False, quote_style="never")


_TOLD: Final = ("measure", "method", "linksCounted", "actorsCounted")
