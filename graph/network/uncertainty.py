"""How sure a rank is where links are known from a survey or the news: intervals, and ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.network.centrality import LOW_IS_CENTRAL, measure, ranks
from klaster.graph.network.network import Figures, Network, Places
from klaster.ontology.faults import Fault

DROPPED: Final = 0.1
"""The share of links left out at random."""
ROUNDS: Final = 100


@dataclass(frozen=True)
class RankIntervals:
    """Ranks by a measure, and between which ranks each actor stands if links are missing.

    ``tied`` numbers the ties, from the most central on: an actor is tied with the first of a
    tie if its interval begins no later than the interval of that first one ends.
    """

    figures: Figures
    rank: Places
    low: Places
    high: Places
    tied: Places

    def frame(self, network: Network) -> pl.DataFrame:
        """Return them as a table: ``actor, label, kind, rank, low, high, tied``, first first."""
        return network.actors.with_columns(
            figure=pl.Series(self.figures).fill_nan(None),
            rank=pl.Series(self.rank),
            low=pl.Series(self.low),
            high=pl.Series(self.high),
            tied=pl.Series(self.tied),
        ).sort("rank", "label", "actor")

    def beside(self, ranking: pl.DataFrame, network: Network) -> pl.DataFrame:
        """Return a ranking of the same network with ``rank_low``, ``rank_high`` and ``tie``."""
        own = self.frame(network).select("actor", rank_low="low", rank_high="high", tie="tied")
        return ranking.join(own, on="actor", maintain_order="left")


AT_ONCE: Final = frozenset(
    {"degree", "in-degree", "out-degree", "in-strength", "out-strength", "core", "cut"}
    | {"pagerank", "pagerank-upstream", "katz", "dominated"}
)
"""The measures whose time grows only as the links do."""
MOST_LINKS: Final = 20_000
MOST_LINKS_BY_PATHS: Final = 1_000
"""Up to so many links are intervals worked out unasked: by the measures at once, by others."""


def is_quick(network: Network, by: str) -> bool:
    """Tell whether the intervals of a measure are there in a few seconds."""
    limit = MOST_LINKS if by in AT_ONCE else MOST_LINKS_BY_PATHS
    return max(network.links.height, network.size) <= limit


def rank_intervals(
    network: Network,
    by: str,
    *,
    dropped: float = DROPPED,
    rounds: int = ROUNDS,
    confidence: float = 0.95,
    seed: int = 0,
) -> RankIntervals:
    """Return how far ranks move when links are left out at random.

    A recorded link is left out whole: all pairs that one record joins (a project's partners)
    go together. The interval holds the middle ``confidence`` of an actor's ranks and its own.
    It tells what may be missing among what is recorded; it cannot tell who was never asked.

    Parameters
    ----------
    dropped
        The share of records left out each time.

    Raises
    ------
    Fault
        If the measure is not defined on some of the thinner networks.

    Examples
    --------
    >>> star = Network.from_pairs([("hub", leaf) for leaf in "abcdefgh"])
    >>> found = rank_intervals(star, "degree")
    >>> found.rank.tolist()[-1], found.high.tolist()[-1], sorted(set(found.tied.tolist()))
    (1, 1, [1, 2])

    References
    ----------
    Borgatti, Carley and Krackhardt (2006), https://doi.org/10.1016/j.socnet.2005.05.001
    """
    if not 0 < dropped < 1 or rounds < 1:
        raise Fault("fault.dropped", dropped=dropped, rounds=rounds)
    low_first = by in LOW_IS_CENTRAL
    figures = measure(network, by)
    own, _ = ranks(-figures if low_first else figures)
    chance = np.random.default_rng(seed)
    records = network.links["iri"].unique(maintain_order=True)
    seen = np.empty((rounds, network.size), dtype=np.int64)
    for at in range(rounds):
        kept = records.filter(pl.Series(chance.random(len(records)) >= dropped))
        links = network.links.filter(pl.col("iri").is_in(kept.implode()))
        thinner = measure(Network(network.actors, links, network.unit), by)
        seen[at], _ = ranks(-thinner if low_first else thinner)
    edge = (1 - confidence) / 2
    low = np.minimum(np.floor(np.quantile(seen, edge, axis=0)), own).astype(np.int64)
    high = np.maximum(np.ceil(np.quantile(seen, 1 - edge, axis=0)), own).astype(np.int64)
    return RankIntervals(figures, own, low, high, _ties(own, low, high))


def _ties(rank: Places, low: Places, high: Places) -> Places:
    """Return the number of the tie of each actor."""
    tied = np.zeros(len(rank), dtype=np.int64)
    number, end = 0, -1
    for place in np.lexsort((high, rank)).tolist():
        if low[place] > end or not number:
            number, end = number + 1, int(high[place])
        tied[place] = number
    return tied
