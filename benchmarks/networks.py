"""Measure the network measures beside their peers in one run, and write their part of RESULTS.md.

Usage: python benchmarks/networks.py [--actors 1000 10000 100000] [--large 1000000]
           [--real ../shared/data/cordis-h2020-sc2-food]

The networks are made up: heavy-tailed sellers and buyers, ten links an actor, seed 0. Each engine
works in a process of its own, on one thread, on a graph already built in it; figures are CPU
seconds (user and system), the least of three runs where one takes under two seconds. What the
engines find is compared. Needs ``pip install igraph leidenalg`` beside what klaster installs:
both are GPL, so that klaster never imports them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import multiprocessing
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from results import put

HEADING = "## Networks"
ENGINES = ("klaster", "networkx", "igraph", "networkit", "rustworkx")
LINEAR = ("pagerank", "hub", "core", "circles", "parts")
MORE_LINEAR = (*LINEAR, "cut", "degree", "in-degree", "out-degree", "katz")
"""All measures whose work grows as the links do, as far as networkx has them at a size."""
KATZ_LIMIT = 10_000
"""Up to this many actors networkx counts walks: beyond it takes a minute."""
PATHS_LIMIT = 1_000
"""Up to this many actors every engine counts all shortest paths."""

Work = dict[str, Callable[[], object]]
Figures = np.ndarray
Ratios = dict[str, float]


def cpu() -> float:
    """Return the CPU seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Linked:
    """Different links between different actors: the places of both ends of each."""

    actors: int
    source: Figures
    target: Figures


def made_up(actors: int) -> Linked:
    """Return links among which a few actors sell to and buy from thousands."""
    chance = np.random.default_rng(0)
    ends = []
    for tail in (1.3, 1.8):
        weight = (1 - chance.random(actors)) ** (-1 / tail)
        ends.append(chance.choice(actors, 10 * actors, p=weight / weight.sum()))
    apart = ends[0] != ends[1]
    key = np.unique(ends[0][apart] * actors + ends[1][apart])
    return Linked(actors, key // actors, key % actors)


def network(links: Linked) -> object:
    """Return the network as klaster holds it."""
    from klaster.graph.network.network import Network

    names = pl.Series([f"n{place:07}" for place in range(links.actors)])
    frame = pl.DataFrame({"actor": names, "label": names, "kind": ["enterprise"] * links.actors})
    rows = pl.DataFrame({"source": links.source, "target": links.target}).with_columns(
        kind=pl.lit("supply"), iri=pl.lit("link"), directed=pl.lit(value=True)
    )
    return Network(frame, rows)


def klaster_work(links: Linked) -> Work:
    """Return klaster's measures."""
    from klaster.graph.network import connectivity, paths
    from klaster.graph.network.betweenness import betweenness
    from klaster.graph.network.centrality import MEASURES
    from klaster.graph.network.communities import communities, modularity

    net = network(links)
    net.arcs, net.inward, net.ties  # noqa: B018
    names = ["pagerank", "hub", "core", "cut", "constraint", "effective-size"]
    names += ["degree", "in-degree", "out-degree", "katz"]
    work: Work = {name: lambda name=name: MEASURES[name](net) for name in names}
    work["parts"] = lambda: connectivity.part_of(net)
    work["circles"] = lambda: connectivity.circle_of(net)
    work["leiden"] = lambda: modularity(net, communities(net))
    if links.actors <= PATHS_LIMIT:
        work["betweenness"] = lambda: betweenness(net)
        work["harmonic"] = lambda: paths.harmonic_upstream(net)
    return work


def networkx_work(links: Linked) -> Work:
    """Return the same by networkx, run to convergence."""
    import networkx as nx

    actors, source, target = links.actors, links.source, links.target
    graph = nx.DiGraph()
    graph.add_nodes_from(range(actors))
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    plain = nx.Graph(graph)

    def groups(found: object) -> Figures:
        labels = np.zeros(actors, dtype=np.int64)
        for number, members in enumerate(found):
            labels[list(members)] = number
        return labels

    def listed(found: dict[int, float]) -> Figures:
        return np.array([found[place] for place in range(actors)])

    work: Work = {
        "pagerank": lambda: listed(nx.pagerank(graph, tol=1e-10 / actors, max_iter=1000)),
        "hub": lambda: listed(nx.hits(graph, max_iter=1000, tol=1e-12)[0]),
        "core": lambda: listed(nx.core_number(plain)),
        "cut": lambda: np.isin(np.arange(actors), list(nx.articulation_points(plain))),
        "parts": lambda: groups(nx.weakly_connected_components(graph)),
        "circles": lambda: groups(nx.strongly_connected_components(graph)),
        "degree": lambda: listed(dict(plain.degree())),
        "in-degree": lambda: listed(dict(graph.in_degree())),
        "out-degree": lambda: listed(dict(graph.out_degree())),
    }
    if actors <= KATZ_LIMIT:
        from klaster.graph.network.walks import strongest_growth

        # klaster finds the attenuation itself, within its time; networkx is told it.
        alpha = 0.5 / strongest_growth(network(links).arcs)
        work["katz"] = lambda: listed(
            nx.katz_centrality(graph, alpha, max_iter=1000, tol=1e-13, normalized=False)
        )
    if actors <= PATHS_LIMIT:
        work["betweenness"] = lambda: listed(nx.betweenness_centrality(graph))
        work["harmonic"] = lambda: listed(nx.harmonic_centrality(graph))
        work["constraint"] = lambda: listed(nx.constraint(graph))
        work["effective-size"] = lambda: listed(nx.effective_size(graph))
    return work


def igraph_work(links: Linked) -> Work:
    """Return the same by igraph, Leiden by leidenalg."""
    import igraph as ig
    import leidenalg

    actors = links.actors
    pairs = np.column_stack([links.source, links.target])
    graph = ig.Graph(actors, pairs.tolist(), directed=True)
    plain = graph.as_undirected()

    def scaled(figures: list[float]) -> Figures:
        found = np.array(figures)
        return found / found.sum()

    work: Work = {
        "pagerank": lambda: np.array(graph.pagerank()),
        "hub": lambda: scaled(graph.hub_score()),
        "core": lambda: np.array(plain.coreness()),
        "cut": lambda: np.isin(np.arange(actors), plain.articulation_points()),
        "parts": lambda: np.array(graph.connected_components("weak").membership),
        "circles": lambda: np.array(graph.connected_components("strong").membership),
        "constraint": lambda: np.array(graph.constraint()),
        "leiden": lambda: (
            leidenalg.find_partition(
                plain, leidenalg.ModularityVertexPartition, n_iterations=2, seed=0
            ).modularity
        ),
    }
    if actors <= PATHS_LIMIT:
        pairs_of_others = (actors - 1) * (actors - 2)
        work["betweenness"] = lambda: np.array(graph.betweenness()) / pairs_of_others
        work["harmonic"] = lambda: np.array(graph.harmonic_centrality(mode="in", normalized=False))
    return work


def networkit_work(links: Linked) -> Work:
    """Return the same by NetworKit on one thread; it has neither HITS nor constraint."""
    import networkit as nk

    nk.setNumberOfThreads(1)
    actors, ends = links.actors, (links.source, links.target)
    graph = nk.GraphFromCoo((np.ones(len(ends[0])), ends), n=actors, directed=True)
    plain = nk.graphtools.toUndirected(graph)
    plain.removeMultiEdges()

    def scores(algorithm: object) -> Figures:
        return np.array(algorithm.run().scores())

    def groups(algorithm: object) -> Figures:
        return np.array(algorithm.run().getPartition().getVector())

    def cut() -> Figures:
        found = nk.components.BiconnectedComponents(plain).run()
        number = [len(found.getComponentsOfNode(place)) for place in range(actors)]
        return np.array(number) > 1

    def leiden() -> float:
        found = nk.community.ParallelLeiden(plain).run().getPartition()
        return nk.community.Modularity().getQuality(found, plain)

    work: Work = {
        "pagerank": lambda: scores(nk.centrality.PageRank(graph, tol=1e-10)),
        "core": lambda: scores(nk.centrality.CoreDecomposition(plain)),
        "cut": cut,
        "parts": lambda: groups(nk.components.WeaklyConnectedComponents(graph)),
        "circles": lambda: groups(nk.components.StronglyConnectedComponents(graph)),
        "leiden": leiden,
    }
    if actors <= PATHS_LIMIT:
        work["betweenness"] = lambda: scores(nk.centrality.Betweenness(graph, normalized=True))
        # NetworKit follows links onward; ours are the steps that lead to an actor.
        back = nk.graphtools.transpose(graph)
        work["harmonic"] = lambda: scores(nk.centrality.HarmonicCloseness(back, normalized=False))
    return work


def rustworkx_work(links: Linked) -> Work:
    """Return the same by rustworkx."""
    import rustworkx as rx

    actors = links.actors
    pairs = np.column_stack([links.source, links.target])
    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(actors))
    graph.add_edges_from_no_data(list(map(tuple, pairs.tolist())))
    plain = rx.PyGraph()
    plain.add_nodes_from(range(actors))
    once = np.unique(np.sort(pairs, axis=1), axis=0)
    plain.add_edges_from_no_data(list(map(tuple, once.tolist())))

    def groups(found: list) -> Figures:
        labels = np.zeros(actors, dtype=np.int64)
        for number, members in enumerate(found):
            labels[list(members)] = number
        return labels

    def listed(found: dict[int, float]) -> Figures:
        return np.array([found[place] for place in range(actors)])

    work: Work = {
        "pagerank": lambda: listed(rx.pagerank(graph, tol=1e-10 / actors, max_iter=1000)),
        "core": lambda: listed(rx.core_number(plain)),
        "cut": lambda: np.isin(np.arange(actors), list(rx.articulation_points(plain))),
        "parts": lambda: groups(rx.weakly_connected_components(graph)),
        "circles": lambda: groups(rx.strongly_connected_components(graph)),
    }
    if actors <= PATHS_LIMIT:
        work["betweenness"] = lambda: listed(rx.digraph_betweenness_centrality(graph))
    return work


WORK = {
    "klaster": klaster_work,
    "networkx": networkx_work,
    "igraph": igraph_work,
    "networkit": networkit_work,
    "rustworkx": rustworkx_work,
}


def measured(
    engine: str, links: Linked | int, names: tuple[str, ...] = ()
) -> dict[str, tuple[float, object]]:
    """Return the CPU seconds of each piece of an engine's work, and what it found.

    ``links`` may be a number of actors, whose links are made up; ``names`` are the pieces
    wanted, all if there are none.
    """
    found = {}
    work = WORK[engine](made_up(links) if isinstance(links, int) else links)
    for name, piece in work.items():
        if names and name not in names:
            continue
        least = math.inf
        for _ in range(3):
            begun = cpu()
            result = piece()
            least = min(least, cpu() - begun)
            if least > 2:
                break
        found[name] = (least, result)
    return found


def large(actors: int) -> dict[str, object]:
    """Measure a whole country: CPU seconds, and memory beyond that of the network."""
    from klaster.graph.network import connectivity
    from klaster.graph.network.betweenness import betweenness_sampled
    from klaster.graph.network.centrality import MEASURES
    from klaster.graph.network.communities import communities, modularity

    net = network(made_up(actors))
    net.arcs, net.inward, net.ties  # noqa: B018
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    rows: list[tuple[str, float, str]] = []
    reset.write_text("5")
    before = _megabytes(status, "VmRSS")

    def timed(name: str, piece: Callable[[], object], told: Callable[[object], str]) -> None:
        begun = cpu()
        result = piece()
        rows.append((name, cpu() - begun, told(result)))

    def silent(_: object) -> str:
        return ""

    timed("pagerank", lambda: MEASURES["pagerank"](net), silent)
    timed("hub", lambda: MEASURES["hub"](net), silent)
    timed("authority", lambda: MEASURES["authority"](net), silent)
    timed("parts", lambda: connectivity.part_of(net), lambda x: f"{x.max() + 1:,} parts")
    timed("circles", lambda: connectivity.circle_of(net), lambda x: f"{x.max() + 1:,} circles")
    timed("core", lambda: MEASURES["core"](net), lambda x: f"deepest {x.max():.0f}")
    timed("cut", lambda: MEASURES["cut"](net), lambda x: f"{x.sum():,.0f} cut actors")
    timed("leiden", lambda: communities(net), lambda x: f"modularity {modularity(net, x):.4f}")
    target = {"cpu": sum(row[1] for row in rows), "rows": list(rows)}
    target["extra_mb"] = _megabytes(status, "VmHWM") - before
    rows.clear()
    timed("constraint", lambda: MEASURES["constraint"](net), silent)
    timed("katz", lambda: MEASURES["katz"](net), silent)
    timed(
        "betweenness, 10,000 sampled paths",
        lambda: betweenness_sampled(net),
        lambda x: f"no figure wrong by more than {x.error:.4f} with 90 %",
    )
    return {**target, "more": list(rows), "network_mb": before, "links": net.arcs.nnz}


def real(source: Path) -> dict[str, float]:
    """Measure ``klaster central`` on a graph of real data, as a user runs it."""
    with tempfile.TemporaryDirectory() as scratch:
        graph = str(Path(scratch) / "graph.klaster")
        command = str(Path(sys.executable).with_name("klaster"))
        subprocess.run(
            [command, "load", str(source), "--into", graph], check=True, capture_output=True
        )
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([command, "central", graph], check=True, capture_output=True)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": used}


def _megabytes(status: Path, field: str) -> float:
    line = next(row for row in status.read_text().splitlines() if row.startswith(field))
    return int(line.split()[1]) / 1024


def apart(work: Callable[..., object], *args: object) -> object:
    """Run a piece of work in a fresh process with one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS")
    os.environ.update(dict.fromkeys(names, "1"))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def difference(ours: object, theirs: object, name: str) -> str:
    """Return the largest difference between what two engines found."""
    if name == "leiden":
        return f"modularity {ours:.4f}, {theirs:.4f}"
    if name in ("parts", "circles"):
        pairs = len(np.unique(np.column_stack([ours, theirs]), axis=0))
        return "0" if pairs == len(np.unique(ours)) == len(np.unique(theirs)) else "differ"
    gap = np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    return f"{np.nanmax(gap):.0e}"


def table(actors: int, found: dict[str, dict[str, tuple[float, object]]]) -> list[str]:
    """Return the rows of one size."""
    lines = []
    ours = found["klaster"]
    for name, (seconds, result) in ours.items():
        cells = [f"{actors:,}", name, f"{seconds:.4f}"]
        for engine in ENGINES[1:]:
            if name not in found[engine]:
                cells.append("–")
                continue
            theirs, other = found[engine][name]
            gap = difference(result, other, name)
            cells.append(f"{theirs:.3f} ({theirs / max(seconds, 1e-6):.1f}; {gap})")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def ratios(found: dict[str, dict[str, tuple[float, object]]], names: tuple[str, ...]) -> Ratios:
    """Return how often networkx's seconds hold ours, on those measures it has."""
    theirs, ours = found["networkx"], found["klaster"]
    return {name: theirs[name][0] / max(ours[name][0], 1e-6) for name in names if name in theirs}


def mean(found: Ratios) -> float:
    """Return the geometric mean."""
    return math.exp(sum(map(math.log, found.values())) / len(found))


def report(
    sizes: dict[int, dict],
    country: tuple[int, dict] | None,
    known: tuple[str, dict[str, float]] | None,
) -> str:
    """Return the section as Markdown."""
    names = ("numpy", "scipy", "networkx", "igraph", "leidenalg", "networkit", "rustworkx")
    lines = [
        HEADING,
        "",
        "Written by `python benchmarks/networks.py`: made-up networks with heavy-tailed sellers and buyers, ten links an",
        "actor, seed 0. CPU seconds on one thread, graphs built beforehand, each engine in a process of its own; in brackets",
        "the ratio to klaster, and the largest difference from what klaster found.",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} · Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in names),
        "",
        f"| actors | measure | {' | '.join(ENGINES)} |",
        f"| ---: | --- | {' | '.join('---:' for _ in ENGINES)} |",
    ]
    for actors, found in sizes.items():
        lines += table(actors, found)
    lines += [""]
    for actors, found in sizes.items():
        more = ratios(found, MORE_LINEAR)
        lines.append(
            f"- {actors:,} actors: linear measures ({', '.join(LINEAR)}) {mean(ratios(found, LINEAR)):.0f} times as fast as "
            f"networkx, geometric mean; with the others {mean(more):.0f}: "
            + ", ".join(f"{name} {ratio:.0f}" for name, ratio in more.items())
            + "."
        )
    lines += [
        "",
        "PageRank of both stops where a round changes the shares by less than 1e-10 in sum (networkx: tol 1e-10 / actors), far",
        "beyond networkx's default (1e-6 an actor). HITS is found to the last digits by both (networkx: tol 1e-12 of svds, squared",
        "there), Katz to changes of 2e-14 an actor by klaster, 1e-13 by networkx.",
        "",
        "networkx gives no constraint and effective size for actors to whom links only lead: those are not compared. Its effective",
        "size of all nodes at once differs from what it gives node by node, which is as documented and equal to ours (by test).",
        "Leiden is heuristic: compared is the modularity that each reaches (leidenalg for two rounds, its default).",
    ]
    if known:
        name, took = known
        lines += [
            "",
            f"All default measures of {name} by `klaster central`: {took['wall']:.1f} s on the clock, {took['cpu']:.1f} CPU s.",
        ]
    if country:
        actors, found = country
        lines += [
            "",
            f"{actors:,} actors, {found['links']:,} links, one run: {found['cpu']:.0f} CPU s together, {found['extra_mb']:,.0f} MB beyond the network ({found['network_mb']:,.0f} MB).",
            "",
            "| measure | CPU s | |",
            "| --- | ---: | --- |",
            *(f"| {name} | {seconds:.1f} | {told} |" for name, seconds, told in found["rows"]),
            "",
            "Beside these: "
            + "; ".join(
                f"{name} {seconds:.1f}{f' ({told})' if told else ''}"
                for name, seconds, told in found["more"]
            )
            + ".",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actors", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--large", type=int)
    parser.add_argument("--real", type=Path)
    given = parser.parse_args()
    sizes = {
        actors: {engine: apart(measured, engine, actors) for engine in ENGINES}
        for actors in given.actors
    }
    country = (given.large, apart(large, given.large)) if given.large else None
    known = (given.real.name, real(given.real)) if given.real else None
    section = report(sizes, country, known)
    print(section)
    put(section)


if __name__ == "__main__":
    main()
