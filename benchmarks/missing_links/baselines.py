"""The predictors that the field compares with, each as a method over the same candidates."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, csr_array, diags_array
from scipy.sparse.linalg import eigsh

from klaster.graph.findings.evidence import (
    Evidence,
    event_weights,
    inverse,
    sector_block,
    stripe,
)
from klaster.graph.findings.layer import Layer
from klaster.graph.trade.product_space import product_proximity

RANK = 32


def symmetric(layer: Layer) -> csr_array:
    """Return the links as ties of all things, products after actors."""
    if not layer.bipartite:
        ties = csr_array(layer.matrix + layer.matrix.T)
    else:
        ties = csr_array(block_array([[None, layer.matrix], [layer.matrix.T, None]]))
    ties.data[:] = 1.0
    return ties


def _part(layer: Layer, name: str, left: csr_array, right: csr_array) -> Evidence:
    """Return the product of two matrices over all things, from sources to targets."""
    start = layer.shape[0] if layer.bipartite else 0
    first, last = csr_array(left[: layer.shape[0]]), csr_array(right[:, start:])
    return Evidence(name, (first, last))


def _degrees(ties: csr_array) -> np.ndarray:
    return np.asarray(ties.sum(axis=1), dtype=float).ravel()


def preferential_attachment(layer: Layer) -> Evidence:
    """k_i k_j, over partners and not projects."""
    out, back = (np.asarray(layer.matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    return Evidence("preferential attachment", (csr_array(out[:, None]), csr_array(back[None, :])))


def common_neighbours(layer: Layer) -> Evidence:
    """Σ_z a_iz a_zj."""
    ties = symmetric(layer)
    return _part(layer, "common neighbours", ties, ties)


def adamic_adar(layer: Layer) -> Evidence:
    """Σ_z a_iz a_zj / ln k_z."""
    ties = symmetric(layer)
    weight = 1 / np.log(np.maximum(_degrees(ties), 2.0))
    return _part(layer, "Adamic–Adar", ties, csr_array(diags_array(weight) @ ties))


def resource_allocation(layer: Layer) -> Evidence:
    """Σ_z a_iz a_zj / k_z."""
    ties = symmetric(layer)
    return _part(
        layer, "resource allocation", ties, csr_array(diags_array(inverse(_degrees(ties))) @ ties)
    )


def local_path(layer: Layer) -> Evidence:
    """S² + 0.01 S³."""
    ties = symmetric(layer)
    return _part(layer, "local path", ties, csr_array(ties + 0.01 * (ties @ ties)))


def katz(layer: Layer) -> Evidence:
    """Σ_l β^l S^l for l from 2 to 5, β half of 1 over the largest eigenvalue."""
    ties = symmetric(layer)
    largest = eigsh(ties, k=1, which="LA", v0=np.ones(ties.shape[0]), return_eigenvectors=False)
    beta = 0.5 / float(largest[0])
    dense = ties.toarray()
    step, total = dense * beta, np.zeros_like(dense)
    for _ in range(3):
        step = beta * (ties @ step)
        total += step
    # Walks of lengths 2 to 4 stand in total; one link before each makes 3 to 5, and S² is added.
    return _part(layer, "Katz", csr_array(beta * ties), csr_array(beta * dense + total))


def paths_of_three(layer: Layer) -> Evidence:
    """L3: Σ_uv a_iu a_uv a_vj / √(k_u k_v)."""
    ties = symmetric(layer)
    root = diags_array(inverse(_degrees(ties), 0.5))
    return _part(layer, "L3", csr_array(ties), csr_array(root @ ties @ root @ ties))


def svd(layer: Layer) -> Evidence:
    """Rank 32 of D^−½ S D^−½."""
    ties = symmetric(layer)
    root = diags_array(inverse(_degrees(ties), 0.5))
    values, vectors = eigsh(
        csr_array(root @ ties @ root), k=RANK, which="LM", v0=np.ones(ties.shape[0])
    )
    return _part(layer, "SVD", csr_array(vectors * values), csr_array(vectors.T))


def netmf(layer: Layer) -> Evidence:
    """Cosine of rank 32 of log(vol/T Σ_r (D⁻¹S)^r D⁻¹), r up to 3: node2vec's matrix form.

    Qiu et al. (2018), doi:10.1145/3159652.3159706.
    """
    ties = symmetric(layer)
    back = inverse(_degrees(ties))
    step = walks = ties.toarray() * back[:, None]
    for _ in range(2):
        step = (back[:, None] * ties.toarray()) @ step
        walks = walks + step
    seen = np.log(np.maximum(ties.sum() / 3 * walks * back[None, :], 1.0))
    values, vectors = eigsh(seen, k=RANK, which="LM", v0=np.ones(ties.shape[0]))
    placed = vectors * np.sqrt(np.abs(values))
    placed = placed * inverse(np.linalg.norm(placed, axis=1))[:, None]
    return _part(layer, "NetMF", csr_array(placed), csr_array(placed.T))


def _for_their_size(layer: Layer) -> csr_array:
    """Return ties of projects over the roots of what both ends are tied by."""
    ties = layer.weighted(event_weights(layer))
    root = diags_array(inverse(_degrees(ties), 0.5))
    return csr_array(root @ ties @ root)


def short_walks(layer: Layer) -> Evidence:
    """Count walks of three ties, each over the roots of its ends: what size does not explain."""
    ties = _for_their_size(layer)
    return _part(layer, "short walks for their size", ties, csr_array(ties @ ties))


def long_walks(layer: Layer) -> Evidence:
    """Count walks of six ties, each over the roots of its ends."""
    ties = _for_their_size(layer)
    three = csr_array(ties @ ties @ ties)
    return _part(layer, "long walks for their size", three, three)


def related(layer: Layer) -> Evidence:
    """Σ_q m_aq φ_qp over all products that the actor has."""
    return Evidence("relatedness, all", (layer.matrix, product_proximity(layer.matrix)))


def _by_class(layer: Layer) -> Layer:
    """Return the layer with the class of each thing as its sector."""
    sources = layer.sources.with_columns(
        sector=layer.sources["iri"].str.slice(0, 3) if layer.bipartite else layer.sources["kind"]
    )
    targets = layer.targets.with_columns(sector=layer.targets["parent"])
    return Layer.of(layer.name, sources, targets if layer.bipartite else None, layer.records)


def block(layer: Layer) -> Evidence:
    """Block model with degrees over sectors and classes."""
    return sector_block(_by_class(layer))


def striped(layer: Layer) -> Evidence:
    """Stripe over sectors and classes."""
    return stripe(_by_class(layer))


COOPERATION = (
    preferential_attachment,
    common_neighbours,
    adamic_adar,
    resource_allocation,
    local_path,
    katz,
    paths_of_three,
    svd,
    netmf,
)
BLENDED = (short_walks, long_walks, local_path, adamic_adar, svd, netmf)
USES = (*COOPERATION, related, block, striped)
