"""Measure the matching of actors: seconds, memory, and what of the planted duplicates is found.

Usage: python benchmarks/matching.py [--names 10000 100000 1000000] [--ror FOLDER]

Writes a section of RESULTS.md. The names are made up: words of Zipf frequency, an Uzbek trade word
and a legal form; one in twenty is a record of another actor, with a typo, in the other script, with
another spelling of its sounds or of its legal form. With ``--ror``, every name of the research
organisations of Uzbekistan (names.csv of that folder) is an actor by itself, and names of one
organisation should be found.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import random
import re
import resource
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from results import put

from klaster.graph.matching.proposals import THRESHOLD, Proposals, propose
from klaster.graph.store.columns import Columns, write_columns
from klaster.ontology.schemas import schema
from klaster.ontology.tables import SourceTables, tables

HEADING = "## Matching of actors"
REGIONS = ["AN", "BU", "FA", "JI", "NG", "NW", "QA", "QR", "SA", "SI", "SU", "TK", "TO", "XO"]
TRADES = ["teks", "agro", "savdo", "qurilish", "servis", "invest", "paxta", "oziq-ovqat", "trans"]
FORMS = [("MChJ", "ООО", "LLC"), ("AJ", "АО", "JSC"), ("XK", "ЧП", "XK"), ("QK", "СП", "JV")]
LETTERS = "abdefghijklmnopqrstuvxyz"
CYRILLIC = {"sh": "ш", "ch": "ч", "oʻ": "ў", "gʻ": "ғ", "yo": "ё", "yu": "ю", "ya": "я"} | dict(
    zip("abdefghijklmnopqrstuvxyz", "абдефгҳижклмнопқрстувхйз", strict=True)
)
SPELLINGS = [("x", "kh"), ("q", "k"), ("oʻ", "o'"), ("gʻ", "g`"), ("o", "a"), ("iy", "i")]


def words(many: int, chance: random.Random) -> list[str]:
    """Return made-up words of two to four syllables."""
    heads = [*"bdfghjklmnpqrstvxyz", "sh", "ch", "gʻ"]
    hearts = ["a", "o", "i", "u", "e", "oʻ"]
    tails = ["", "", "", "n", "r", "l", "z", "m", "t", "sh", "k"]
    found: set[str] = set()
    while len(found) < many:
        syllables = chance.choices([2, 3, 4], [3, 5, 2])[0]
        found.add(
            "".join(
                chance.choice(heads) + chance.choice(hearts) + chance.choice(tails)
                for _ in range(syllables)
            )
        )
    ordered = sorted(found)
    chance.shuffle(ordered)
    return ordered


def cyrillic(text: str) -> str:
    """Return a name in Uzbek Cyrillic."""
    for latin in sorted(CYRILLIC, key=len, reverse=True):
        text = text.replace(latin, CYRILLIC[latin])
    return text


def mistyped(name: str, chance: random.Random) -> str:
    """Return a name with a letter missing, doubled, replaced or out of its place."""
    place = chance.randrange(1, len(name) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return name[:place] + name[place + 1 :]
    if kind == 1:
        return name[:place] + chance.choice(LETTERS) + name[place + 1 :]
    return name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


def capital(name: str) -> str:
    """Return a name with capital initials."""
    return " ".join(word[:1].upper() + word[1:] for word in name.split(" "))


def again(name: str, form: tuple[str, str, str], chance: random.Random) -> tuple[str, str]:
    """Return another record of a name, and how it differs."""
    how = chance.choice(["typo", "script", "spelling", "form", "typo+script"])
    if "typo" in how:
        name = mistyped(name, chance)
    if how == "spelling":
        old, new = chance.choice([pair for pair in SPELLINGS if pair[0] in name] or [("i", "iy")])
        name = re.sub(f"{old}(?!ʻ)", new, name)
    if "script" in how:
        return f"{form[1]} «{capital(cyrillic(name))}»", how
    if how == "form":
        return f'"{name.upper()}" {form[2]}', how
    return f"{capital(name)} {form[0]}", how


def made_up(names: int, seed: int = 0) -> tuple[pl.DataFrame, dict[tuple[str, str], str]]:
    """Return a table of actors and the pairs that are one, each with how its names differ."""
    chance = random.Random(seed)  # noqa: S311
    known = words(max(2000, names // 8), chance)
    # Zipf and Mandelbrot: the commonest word stands in a few names of a thousand, not in a tenth.
    weight = 1 / (np.arange(1, len(known) + 1) + 100)
    drawn = np.random.default_rng(seed).choice(len(known), 3 * names, p=weight / weight.sum())
    planted = names // 20
    rows, pairs = [], {}
    for number in range(names - planted):
        count = chance.choices([1, 2, 3], [2, 5, 3])[0]
        said = [known[place] for place in drawn[3 * number : 3 * number + count]]
        if chance.random() < 0.7:
            said.append(chance.choice(TRADES))
        rows.append((f"A{number}", " ".join(said), chance.choice(FORMS), chance.choice(REGIONS)))
    for number, twin in enumerate(chance.sample(range(len(rows)), planted)):
        _, name, form, region = rows[twin]
        other, how = again(name, form, chance)
        pairs[f"A{twin}", f"B{number}"] = how
        rows.append((f"B{number}", other, ("", "", ""), region if chance.random() < 0.7 else ""))
    table = pl.DataFrame(
        {
            "id": [key for key, *_ in rows],
            "name": [f"{capital(name)} {form[0]}".strip() for _, name, form, _ in rows],
            "kind": ["enterprise"] * len(rows),
            "country": ["UZ"] * len(rows),
            "region": [[f"UZ-{region}"] if region else None for *_, region in rows],
        }
    )
    return table, pairs


def proposals(table: pl.DataFrame, folder: Path, threshold: float) -> tuple[Proposals, float]:
    """Return what klaster proposes for a table of actors, and the seconds it took."""
    lacking = [
        pl.lit(None).cast(kind).alias(name)
        for name, kind in schema(tables()["actors"]).items()
        if name not in table.columns
    ]
    frame = table.with_columns(lacking).with_columns(iri="https://e.org/actor/t/" + pl.col("id"))
    write_columns(SourceTables("t", "folder", "t", "", {"actors": frame}), folder / "t")
    begun = time.perf_counter()
    found = propose(Columns([folder / "t"]), threshold=threshold)
    return found, time.perf_counter() - begun


def one_size(names: int) -> list[str]:
    """Measure one size, in a process of its own."""
    table, planted = made_up(names)
    with tempfile.TemporaryDirectory() as scratch:
        found, seconds = proposals(table, Path(scratch), THRESHOLD)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pairs = {(p.actor[2:], p.same_as[2:]) for p in found}
    pairs = {(min(pair), max(pair)) for pair in pairs}
    hit = {pair for pair in planted if pair in pairs}
    # An actor made up twice by chance is one that no reviewer could tell from a duplicate.
    kinds = sorted(set(planted.values()))
    recall = [
        sum(planted[pair] == kind for pair in hit) / sum(how == kind for how in planted.values())
        for kind in kinds
    ]
    names_of = dict(table.select("id", "name").rows())
    twins = {pair for pair in pairs - hit if names_of[pair[0]] == names_of[pair[1]]}
    return [
        f"{names:,}",
        f"{found.compared:,}",
        f"{seconds:.0f}",
        f"{usage.ru_maxrss / 1024:,.0f}",
        f"{len(planted):,}",
        f"{len(hit) / len(planted):.3f}",
        *(f"{part:.2f}" for part in recall),
        f"{len(hit) / max(1, len(pairs)):.3f}",
        f"{len(hit) / max(1, len(pairs - twins)):.3f}",
    ]


def research(folder: Path) -> Iterator[str]:
    """Yield the rows of the table of real names: each name of an organisation by itself."""
    names = pl.read_csv(folder / "names.csv", infer_schema=False)
    names = names.filter(~pl.col("kinds").str.contains("acronym")).with_row_index("id")
    owner = dict(names.select(pl.col("id").cast(pl.String), "ror_id").rows())
    table = names.select(pl.col("id").cast(pl.String), "name", kind=pl.lit("research"))
    with tempfile.TemporaryDirectory() as scratch:
        found, _ = proposals(table, Path(scratch), 0.5)
    ids = list(owner)
    truth = sum(
        owner[one] == owner[other] for place, one in enumerate(ids) for other in ids[place + 1 :]
    )
    for threshold in (0.9, 0.8, 0.75, 0.7, 0.6, 0.5):
        pairs = [p for p in found if p.score >= threshold]
        hit = sum(owner[p.actor[2:]] == owner[p.same_as[2:]] for p in pairs)
        yield f"| {threshold} | {len(pairs)} | {hit / max(1, len(pairs)):.3f} | {hit / truth:.3f} |"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ror", type=Path)
    given = parser.parse_args()
    table = [
        HEADING,
        "",
        "Written by `python benchmarks/matching.py`: made-up names, one in twenty a second record of another.",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} · polars {version('polars')}, rapidfuzz {version('rapidfuzz')}. Wall seconds and peak memory of `klaster match`'s work, 2 cores.",
        "",
        "| names | pairs compared | s | peak MB | planted | recall | form | script | spelling | typo | typo+script | precision | without namesakes |",
        "| ---: |" + " ---: |" * 12,
    ]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for names in given.names:
            row = pool.apply(one_size, (names,))
            print(row, flush=True)
            table.append(f"| {' | '.join(row)} |")
    table += [
        "",
        "Names that very many bear score lower and are mostly not proposed without another reason.",
        "“Without namesakes” leaves out pairs whose names are the same by chance: nothing but a",
        "registration number could tell them apart.",
    ]
    if given.ror:
        table += [
            "",
            "Names of one research organisation in Uzbek, Russian and English (ROR), names only:",
            "",
        ]
        table += [
            "| score at least | pairs | precision | recall |",
            "| ---: | ---: | ---: | ---: |",
        ]
        table += research(given.ror)
    put("\n".join(table))


if __name__ == "__main__":
    main()
