"""Compare the two SHACL engines on the same graphs: seconds, and whether their reports agree.

Usage: python benchmarks/validation.py [--firms 700] [--limit 900]

Writes a section of RESULTS.md. rudof is what ``klaster check`` uses, pySHACL the reference.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import resource
import tempfile
from importlib.metadata import version
from pathlib import Path

from generate import generate
from results import put

HEADING = "## Validation"

Found = set[tuple[str, str, str]]


def cpu() -> float:
    """Return the CPU seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def by_rudof(data: str) -> tuple[float, Found]:
    """Validate with rudof."""
    from klaster.ontology.validation import validate

    begun = cpu()
    found = {(result.severity, result.shape, result.focus) for result in validate(data)}
    return cpu() - begun, found


def by_pyshacl(data: str) -> tuple[float, Found]:
    """Validate with pySHACL."""
    import pyshacl
    import rdflib

    from klaster.ontology.validation import shapes_text

    sh = rdflib.SH
    graph = rdflib.Graph().parse(data=data, format="nt")
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    begun = cpu()
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, advanced=True)
    found = {
        (
            str(report.value(result, sh.resultSeverity)).rsplit("#", 1)[-1],
            str(report.value(result, sh.sourceShape)).rsplit("#", 1)[-1],
            str(report.value(result, sh.focusNode)),
        )
        for result in report.subjects(rdflib.RDF.type, sh.ValidationResult)
    }
    return cpu() - begun, found


def graph_text(source: Path, folder: Path) -> str:
    """Load a source and return its graph as N-Triples."""
    import klaster

    graph = klaster.open(folder)
    graph.load(source)
    parts = [f"source/{entry.name}" for entry in graph.sources()] + ["derived", "ontology"]
    return "".join(graph._store.dump(f"{graph.base}graph/{part}").decode() for part in parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=700)
    parser.add_argument("--limit", type=int, default=900, help="seconds that an engine may take")
    given = parser.parse_args()
    table = [
        HEADING,
        "",
        "Written by `python benchmarks/validation.py`: all shapes, the same graph, results compared by severity, shape and node.",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} · rudof {version('pyrudof')}, pySHACL {version('pyshacl')}. `klaster check` uses rudof.",
        "",
        "| graph | triples | results | rudof, CPU s | pySHACL, CPU s | ratio | reports |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        generate(given.firms, made, links_per_firm=10, seed=0)
        demo = Path(__file__).parents[1] / "loaders/demo"
        for name, source in (("demonstration", demo), (f"{given.firms} firms", made)):
            data = graph_text(source, Path(scratch) / f"{source.name}.klaster")
            context = multiprocessing.get_context("spawn")
            with context.Pool(2) as pool:
                ours = pool.apply_async(by_rudof, (data,))
                seconds, found = ours.get()
                theirs = pool.apply_async(by_pyshacl, (data,))
                try:
                    peer, expected = theirs.get(timeout=given.limit)
                    same = "the same" if found == expected else f"{len(found ^ expected)} differ"
                    cells = f"{peer:.1f} | {peer / seconds:.0f} | {same}"
                except multiprocessing.TimeoutError:
                    cells = f"not ended in {given.limit} s | – | –"
                    pool.terminate()
            lines = data.count("\n")
            table.append(f"| {name} | {lines:,} | {len(found):,} | {seconds:.2f} | {cells} |")
    put("\n".join(table))


if __name__ == "__main__":
    main()
