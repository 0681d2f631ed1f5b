"""Measure export potential beside ecomplexity in one run, and write its part of RESULTS.md.

Usage: python benchmarks/potential.py DATA

DATA is the folder world-trade-sitc4-1998-2000 with trade.csv.gz and gdp_per_capita.csv. Needs ``pip
install ecomplexity`` beside what klaster installs. Both work on one thread from the same rows;
figures are CPU seconds and the peak memory of a process each. ecomplexity counts a product among
its own neighbours and takes the zero of the eigenvector for that of complexity: for the comparison
klaster's functions are given the same.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")

import argparse
import datetime as dt
import multiprocessing
import resource
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from results import put

HEADING = "## Export potential"

Figures = dict[str, np.ndarray]


def made_up(countries: int = 230, products: int = 5_000) -> pl.DataFrame:
    """Return trade in which the able make more, and what is hard is made by the able alone."""
    chance = np.random.default_rng(0)
    able, hard = chance.random(countries), chance.random(products)
    likely = 1 / (1 + np.exp(-8 * (able[:, None] - hard[None, :])))
    country, product = np.nonzero(chance.random(likely.shape) < likely)
    size = np.exp(chance.normal(0, 2, len(country)) + 3 * able[country])
    return pl.DataFrame(
        {
            "country": [f"c{number:03}" for number in country],
            "product": [f"{number:06}" for number in product],
            "value": size,
        }
    )


def by_klaster(rows: pl.DataFrame) -> Figures:
    """Work everything out by klaster, from the rows."""
    from scipy.sparse import csr_array, eye_array

    from klaster.graph.trade.advantage import revealed_advantage, specialised
    from klaster.graph.trade.complexity import economic_complexity
    from klaster.graph.trade.flows import matrix
    from klaster.graph.trade.product_space import density, gain, outlook, product_proximity

    traded = matrix(rows.rename({"country": "exporter"}))
    advantage = revealed_advantage(traded.values)
    made = specialised(advantage)
    found = economic_complexity(made)
    near = csr_array(product_proximity(made) + eye_array(made.shape[1]))
    dense = density(made, near)
    variety = made.sum(axis=1)
    products = found.products - (variety @ found.exporters) / variety.sum()
    ahead = outlook(made, dense, products)
    return {
        "rca": advantage.toarray(),
        "eci": found.exporters,
        "pci": found.products,
        "density": dense,
        "coi": (ahead - ahead.mean()) / ahead.std(),
        "cog": gain(made, near, products),
    }


def by_ecomplexity(rows: pl.DataFrame) -> Figures:
    """Work everything out by ecomplexity, from the rows."""
    import pandas as pd
    from ecomplexity import ecomplexity

    warnings.simplefilter("ignore")
    columns = {"time": "year", "loc": "country", "prod": "product", "val": "value"}
    frame = pd.DataFrame(rows.to_dict(as_series=False)).assign(year=1)
    found = ecomplexity(frame, columns, check_logsupermodularity=False, verbose=False)

    def table(name: str) -> np.ndarray:
        return found.pivot(index="country", columns="product", values=name).to_numpy()

    return {
        "rca": np.nan_to_num(table("rca")),
        "eci": table("eci")[:, 0],
        "pci": table("pci")[0],
        "density": table("density"),
        "coi": table("coi")[:, 0],
        "cog": table("cog"),
    }


def _measured(work: Callable[[pl.DataFrame], Figures], rows: pl.DataFrame, pipe: object) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = work(rows)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    pipe.send((seconds, after.ru_maxrss / 1e6, found))


def measured(
    work: Callable[[pl.DataFrame], Figures], rows: pl.DataFrame
) -> tuple[float, float, Figures]:
    """Return CPU seconds, peak gigabytes and what was found, of a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measured, args=(work, rows, theirs))
    process.start()
    found = ours.recv()
    process.join()
    return found


def main() -> None:
    """Measure, compare, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    folder = parser.parse_args().data
    world = pl.read_csv(folder / "trade.csv.gz", schema_overrides={"product": pl.String})
    wealth = dict(pl.read_csv(folder / "gdp_per_capita.csv").rows())
    lines = [
        HEADING,
        "",
        "Written by `python benchmarks/potential.py DATA`: from rows to RCA, ECI, PCI, density, outlook and gain, one thread.",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} · numpy {version('numpy')}, scipy {version('scipy')}, ecomplexity {version('ecomplexity')}",
        "",
        "| countries × products | rows | klaster, CPU s | GB | ecomplexity, CPU s | GB | ratio | largest difference |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for rows in (world, made_up()):
        ours, theirs = measured(by_klaster, rows), measured(by_ecomplexity, rows)
        apart = max(np.nanmax(np.abs(ours[2][name] - theirs[2][name])) for name in theirs[2])
        shape = " × ".join(f"{count:,}" for count in ours[2]["rca"].shape)
        lines.append(
            f"| {shape} | {rows.height:,} | {ours[0]:.2f} | {ours[1]:.2f} | {theirs[0]:.1f} | {theirs[1]:.2f} "
            f"| {theirs[0] / ours[0]:.0f} | {apart:.0e} |"
        )
        if rows is world:
            eci = dict(zip(sorted(rows["country"].unique()), ours[2]["eci"], strict=True))
    pairs = np.array([(eci[name], np.log(wealth[name])) for name in eci if name in wealth])
    together = np.corrcoef(pairs.T)[0, 1]
    lines += [
        "",
        f"On the world's trade of 1998 to 2000 (the first line; the second is made up) the complexity of {len(pairs)} countries",
        f"goes along with the logarithm of their GDP a head: r = {together:.3f}.",
    ]
    section = "\n".join(lines) + "\n"
    print(section)
    put(section)


if __name__ == "__main__":
    main()
