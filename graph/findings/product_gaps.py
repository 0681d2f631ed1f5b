"""Products that a cluster could be expected to make, by what clusters like it make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.trade.complexity import economic_complexity
from klaster.graph.trade.product_space import density as densities
from klaster.graph.trade.product_space import product_proximity

FEWEST: Final = 3
"""With fewer clusters, what is made together is chance."""
QUARTILE: Final = 75
"""An absent product is as near to the cluster as the nearest quarter of what it makes."""
SHOWN: Final = 3
"""So many absent products are told of each cluster, the nearest first."""


def absent_products(facts: Facts) -> Iterator[Finding]:
    """G14: products that a cluster does not make, though it makes what is made together with them.

    The density of a product around a cluster (severity) is the share of the product's proximity
    to all others that lies with those the cluster makes; proximity is the lesser of the two
    shares of clusters that make both (Hidalgo and Hausmann). Told where the density is not below
    the upper quartile of those of the cluster's own products and where the makers' complexity is
    on average above that of all clusters. To an analyst: the likeliest next product.
    """
    makes = facts.makers.join(facts.members, on="actor").select("cluster", "product").unique()
    clusters = makes["cluster"].unique().sort()
    products = makes["product"].unique().sort()
    if len(clusters) < FEWEST:
        return
    rows = clusters.search_sorted(makes["cluster"]).to_numpy()
    columns = products.search_sorted(makes["product"]).to_numpy()
    ones = np.ones(len(makes))
    made = csr_array((ones, (rows, columns)), shape=(len(clusters), len(products)))
    found = economic_complexity(made)
    if not found.defined or found.left_out:
        # Clusters that make nothing in common with the others cannot be compared with them.
        return
    complexity = found.exporters
    near = densities(made, product_proximity(made))
    makers = np.asarray(made.sum(axis=0)).ravel()
    sophistication = (made.T @ complexity) / makers
    for place, cluster in enumerate(clusters):
        own = made[[place]].toarray().ravel() > 0
        density = near[place]
        absent = ~own & (density >= np.percentile(density[own], QUARTILE))
        absent &= (sophistication > complexity.mean() + 1e-9) & (density > 0)
        order = sorted(np.flatnonzero(absent), key=lambda number: (-density[number], number))
        for number in order[:SHOWN]:
            yield _absent(
                facts, cluster, products[int(number)], float(density[number]), own=own.sum()
            )


def _absent(facts: Facts, cluster: str, product: str, density: float, *, own: int) -> Finding:
    return make_finding(
        "G14",
        density,
        subjects=(cluster,),
        numbers={"density": density, "products_made": int(own), "makers": 0},
        evidence=(product,),
        coverage=facts.coverage(cluster),
        words={
            "cluster": facts.name(cluster),
            "product": facts.name(product),
            "share": f"{density:.0%}",
        },
        product=product,
    )
