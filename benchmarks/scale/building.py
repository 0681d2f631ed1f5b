"""How each engine makes statements of tables: text, or a store that answers queries.

A function is one engine's work in a process of its own. klaster begins with the tables as a user
has them and checks them; the others with what klaster made of them (see ``statements``).
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

from measuring import Clock
from statements import XSD, Table, read_tables

Found = dict[str, Any]


def klaster_text(clock: Clock, tables: str, target: str, base: str) -> Found:
    """Read, check and name the tables, and write what they state as N-Quads."""
    from klaster.graph.store.quads import write_source
    from klaster.loaders.sources import read_source

    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    clock.start()
    source = read_source(tables, base=base, name="made-up").tables
    clock.lap("read and check")
    with Path(target).open("wb") as stream:
        write_source(stream, source, base=base, loaded_at=day, loader="benchmark")
    clock.lap("write")
    return clock.stop()


def rdflib_text(clock: Clock, folder: str, target: str, share: float) -> Found:
    """Add the statements to an rdflib graph one by one, and serialise it."""
    tables = read_tables(Path(folder))
    graph = _rdflib_graph(clock, tables, share)
    graph.serialize(target, format="nt", encoding="utf-8")
    clock.lap("serialise")
    return clock.stop()


def _rdflib_graph(clock: Clock, tables: list[Table], share: float) -> Any:  # noqa: ANN401
    import rdflib
    from rdflib import Literal, URIRef

    clock.start()
    graph = rdflib.Graph()
    for table in tables:
        frame = table.frame(share)
        things = [URIRef(iri) for iri in frame["iri"]]
        for said in table.properties:
            predicate, kind = URIRef(said.predicate), URIRef(said.datatype)
            for thing, value in zip(things, frame[said.name], strict=True):
                if value is None:
                    continue
                if said.is_iri:
                    term: URIRef | Literal = URIRef(value)
                elif said.language:
                    term = Literal(value, lang=said.language)
                else:
                    term = Literal(value, datatype=kind, normalize=False)
                graph.add((thing, predicate, term))
    clock.lap("add")
    return graph


def maplib_text(clock: Clock, folder: str, target: str) -> Found:
    """Map the tables by OTTR templates in maplib, and write N-Triples."""
    tables = read_tables(Path(folder))
    model = _maplib_model(clock, tables)
    model.write(target, format="ntriples")
    clock.lap("serialise")
    return clock.stop()


def _maplib_model(clock: Clock, tables: list[Table]) -> Any:  # noqa: ANN401
    """Map tables; the few words in a language are read as text, which templates cannot tag."""
    import polars as pl
    from maplib import Model

    clock.start()
    model = Model()
    for table in tables:
        frame = table.frame()
        mapped = [said for said in table.properties if not said.language]
        model.add_template(ottr(Path(table.file).stem, mapped))
        cells = [_typed(pl.col(said.name), said.datatype) for said in mapped]
        if mapped:
            model.map(f"urn:template:{Path(table.file).stem}", frame.select("iri", *cells))
        for said in table.properties:
            if said.language:
                rows = frame.select("iri", said.name).drop_nulls().rows()
                lines = [
                    f"<{s}> <{said.predicate}> {json.dumps(o)}@{said.language} ." for s, o in rows
                ]
                model.reads("\n".join(lines), format="ntriples")
    clock.lap("map")
    return model


def ottr(name: str, properties: list[Any]) -> str:
    """Return the template of a table: a triple a property, each optional."""
    parameters = ["ottr:IRI ?iri"]
    triples = []
    for said in properties:
        kind = "ottr:IRI" if said.is_iri else f"<{said.datatype}>"
        parameters.append(f"? {kind} ?{said.name}")
        triples.append(f"ottr:Triple(?iri, <{said.predicate}>, ?{said.name})")
    return (
        "@prefix ottr: <http://ns.ottr.xyz/0.4/> .\n"
        f"<urn:template:{name}> [ {', '.join(parameters)} ] :: {{ {', '.join(triples)} }} .\n"
    )


def _typed(cell: Any, datatype: str) -> Any:  # noqa: ANN401
    """Return text as the type that maplib wants for a data type."""
    import polars as pl

    kinds: dict[str, Any] = {"integer": pl.Int64, "decimal": pl.Decimal(38, 12)}
    name = datatype.removeprefix(XSD)
    if name == "boolean":
        return cell == "true"
    if name == "date":
        return cell.str.to_date()
    if name == "dateTime":
        return cell.str.to_datetime(time_zone="UTC")
    return cell.cast(kinds.get(name, pl.String))


def write_rml(tables: list[Table], folder: Path, target: Path, *, share: float = 1.0) -> Path:
    """Write what morph-kgc needs: tables as CSV, a mapping in RML, and how to run it."""
    maps = [
        "@prefix rr: <http://www.w3.org/ns/r2rml#> .",
        "@prefix rml: <http://semweb.mmlab.be/ns/rml#> .",
        "@prefix ql: <http://semweb.mmlab.be/ns/ql#> .",
        "@base <http://example.org/mapping/> .",
    ]
    for table in tables:
        name = Path(table.file).stem
        path = folder / f"{name}.csv"
        table.frame(share).write_csv(path)
        said = [_object_map(one) for one in table.properties]
        maps.append(
            f'<{name}> a rr:TriplesMap ; rml:logicalSource [ rml:source "{path}" ; '
            f"rml:referenceFormulation ql:CSV ] ;\n"
            f'  rr:subjectMap [ rml:reference "iri" ; rr:termType rr:IRI ] ;\n'
            f"  {' ; '.join(said)} ."
        )
    mapping, config = folder / "mapping.ttl", folder / "config.ini"
    mapping.write_text("\n".join(maps), "utf-8")
    config.write_text(
        f"[CONFIGURATION]\noutput_file={target}\nnumber_of_processes=1\nna_values=\n"
        f"logging_level=WARNING\n[tables]\nmappings={mapping}\n",
        "utf-8",
    )
    return config


def _object_map(said: Any) -> str:  # noqa: ANN401
    kind = "rr:termType rr:IRI" if said.is_iri else f"rr:datatype <{said.datatype}>"
    if said.language:
        kind = f'rr:language "{said.language}"'
    return (
        f"rr:predicateObjectMap [ rr:predicate <{said.predicate}> ; "
        f'rr:objectMap [ rml:reference "{said.name}" ; {kind} ] ]'
    )


def write_csv_rows(tables: list[Table], target: Path, *, share: float) -> None:
    """Write the statements as rows (s, p, o, data type, language) for kglab to add."""
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for table in tables:
            frame = table.frame(share)
            for said in table.properties:
                for thing, value in frame.select("iri", said.name).drop_nulls().rows():
                    writer.writerow([thing, said.predicate, value, said.datatype, said.language])
