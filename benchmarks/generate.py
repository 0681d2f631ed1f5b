"""A made-up production network in klaster's tables: heavy-tailed suppliers, regions, clusters.

Usage: python benchmarks/generate.py FIRMS FOLDER [--links-per-firm 10] [--seed 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

KINDS = ["enterprise"] * 5 + ["research", "logistics", "finance", "government"]
REGIONS = ["AN", "BU", "FA", "JI", "NG", "NW", "QA", "QR", "SA", "SI", "SU", "TK", "TO", "XO"]


def generate(firms: int, folder: Path, *, links_per_firm: int, seed: int) -> None:
    """Write the tables of a network; the same seed writes the same bytes."""
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    products, clusters = max(10, firms // 200), max(4, firms // 250)
    ids = np.array([f"F{number}" for number in range(firms)])
    regions = np.array([f"UZ-{code}" for code in REGIONS])
    # Pareto weights: a few suppliers sell to thousands, most to a handful.
    weight = (1 - chance.random(firms)) ** (-1 / 1.3)
    supplier = chance.choice(firms, firms * links_per_firm, p=weight / weight.sum())
    buyer = chance.integers(0, firms, firms * links_per_firm)
    apart = supplier != buyer
    links = int(apart.sum())
    member = chance.random(firms) < 0.4

    def some(prefix: str, many: int, count: int) -> list[str]:
        return [f"{prefix}{number}" for number in chance.integers(0, many, count)]

    tables = {
        "actors": {
            "id": ids,
            "name": [f"Firm {number}" for number in range(firms)],
            "kind": chance.choice(KINDS, firms),
            "region": regions[chance.integers(0, len(regions), firms)],
            "employees": chance.integers(1, 500, firms),
        },
        "clusters": {
            "id": [f"C{number}" for number in range(clusters)],
            "name": [f"Cluster {number}" for number in range(clusters)],
            "sector": ["cotton-textile"] * clusters,
            "country": ["UZ"] * clusters,
            "coverage": ["census"] * clusters,
        },
        "memberships": {"actor": ids[member], "cluster": some("C", clusters, int(member.sum()))},
        "products": {
            "id": [f"P{number}" for number in range(products)],
            "name": [f"Product {number}" for number in range(products)],
        },
        "recipes": {
            "product": some("P", products, 3 * products),
            "input": some("P", products, 3 * products),
        },
        "supplies": {
            "supplier": ids[supplier[apart]],
            "buyer": ids[buyer[apart]],
            "product": some("P", products, links),
            "value": chance.integers(1, 1_000_000, links),
            "currency": ["UZS"] * links,
        },
        "policies": {"id": ["law"], "title": ["Law"]},
        "instruments": {
            "id": [f"I{number}" for number in range(20)],
            "policy": ["law"] * 20,
            "kind": ["grant"] * 20,
        },
        "criteria": {
            "instrument": [f"I{number}" for number in range(20)],
            "region": regions[chance.integers(0, len(regions), 20)],
            "max_employees": chance.integers(20, 200, 20),
        },
    }
    for name, columns in tables.items():
        pl.DataFrame(columns).write_csv(folder / f"{name}.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("firms", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--links-per-firm", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    generate(given.firms, given.folder, links_per_firm=given.links_per_firm, seed=given.seed)
