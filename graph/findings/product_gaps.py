"""Products that a cluster could be expected to make, by what clusters like it make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from klaster.graph.findings.evidence import proximity
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding

Figures = NDArray[np.float64]

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
    complexity = _complexity(made)
    if complexity is None:
        return
    near_to = proximity(made)
    makers = np.asarray(made.sum(axis=0)).ravel()
    sophistication = (made.T @ complexity) / makers
    for place, cluster in enumerate(clusters):
        own = made[[place]].toarray().ravel() > 0
        density = _density(near_to, own)
        near = ~own & (density >= np.percentile(density[own], QUARTILE))
        near &= (sophistication > complexity.mean() + 1e-9) & (density > 0)
        order = sorted(np.flatnonzero(near), key=lambda number: (-density[number], number))
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


def _density(near_to: csr_array, own: NDArray[np.bool_]) -> Figures:
    total = np.asarray(near_to.sum(axis=0)).ravel()
    near = near_to @ own.astype(np.float64)
    density: Figures = np.divide(near, total, out=np.zeros_like(total), where=total > 0)
    return density


def _complexity(made: csr_array) -> Figures | None:
    """Return the economic complexity of clusters by what they make, standardised.

    Nothing is returned where it is not defined: all make the same, or groups of clusters make
    nothing in common.
    """
    variety = np.asarray(made.sum(axis=1)).ravel()
    ubiquity = np.asarray(made.sum(axis=0)).ravel()
    scaled = diags_array(1 / np.sqrt(variety)) @ made @ diags_array(1 / np.sqrt(ubiquity))
    symmetric = (scaled @ scaled.T).toarray()
    values, vectors = np.linalg.eigh(symmetric)
    if values[-2] < 1e-9 or values[-1] - values[-2] < 1e-9:
        return None
    if len(values) > 2 and values[-2] - values[-3] < 1e-9:
        return None
    found = vectors[:, -2] / np.sqrt(variety)
    if found.std() < 1e-9:
        return None
    with np.errstate(invalid="ignore"):
        sign = np.corrcoef(found, variety)[0, 1]
    found = -found if sign < 0 else found
    figures: Figures = (found - found.mean()) / found.std()
    return figures
