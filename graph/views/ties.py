"""Links: recorded, of policies, suggested, and those to what a rule found missing."""

from __future__ import annotations

from typing import Final

import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.views.canvas import NO_WORDS, Canvas, Results, crowded, label, year
from klaster.graph.views.picture import Link, Node, Remark, Words
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words

REMARKS: Final = 600
"""So many findings stand on a page at the most, the gravest first."""
_POLICY_LINKS: Final = 100_000
_DETAIL: Final = {
    "supplies": ("kind", "service-kind"),
    "cooperations": ("kind", "cooperation-kind"),
    "ownerships": ("kind", "ownership-kind"),
    "memberships": ("role", "role"),
}
_RECORD: Final = ("iri", "detail", "source", "locator", "valid_from", "valid_to")


def add_links(canvas: Canvas, results: Results) -> int:
    """Add the recorded links, and return of how many it is not told in which row they stand.

    Membership is drawn to the cluster itself, not to who manages it.
    """
    located = not crowded(results)
    names = results.network.actors["actor"]
    places = pl.Series([canvas.place[actor] for actor in names], dtype=pl.Int64)
    links = results.network.links.filter(pl.col("kind") != "membership")
    for kind, table in (
        ("supply", "supplies"),
        ("cooperation", "cooperations"),
        ("ownership", "ownerships"),
    ):
        records = _records(results, table)
        found = links.filter(pl.col("kind") == kind).join(
            records, on="iri", how="left", maintain_order="left"
        )
        ends = found.select(
            places.gather(found["source"]).alias("from"), places.gather(found["target"]).alias("to")
        )
        told = pl.concat([ends, found.select(_RECORD)], how="horizontal")
        _draw(canvas, told, kind, table, located=located)
    memberships = _records(results, "memberships", "actor", "cluster")
    place = pl.DataFrame(
        {"iri": list(canvas.place), "at": list(canvas.place.values())},
        schema={"iri": pl.String, "at": pl.Int64},
    )
    found = memberships.join(place.rename({"at": "from"}), left_on="actor", right_on="iri").join(
        place.rename({"at": "to"}), left_on="cluster", right_on="iri"
    )
    told = found.select("from", "to", *_RECORD)
    _draw(canvas, told, "membership", "memberships", located=located)
    return 0 if located else len(canvas.links)


def _records(results: Results, table: str, *ends: str) -> pl.DataFrame:
    """Return what is told of each link of a table, a link a row."""
    detail, _ = _DETAIL[table]
    frame = results.tables[table].rename({detail: "detail"})
    return frame.select(*_RECORD, *ends).unique("iri", keep="first", maintain_order=True)


def _draw(canvas: Canvas, frame: pl.DataFrame, kind: str, table: str, *, located: bool) -> None:
    entries = codes(_DETAIL[table][1])
    words = {code: entry.labels for code, entry in entries.items()}
    frame = frame if located else frame.sort("from", "to", maintain_order=True)
    for source, target, _, detail, cited, locator, since, until in frame.rows():
        canvas.links.append(
            Link(
                source,
                target,
                kind,
                words.get(detail, NO_WORDS),
                canvas.sources.of(cited, locator if located else None),
                year(since),
                year(until),
            )
        )


def add_policy_links(canvas: Canvas, results: Results) -> int:
    """Add whom instruments reached and who else is eligible; return how many are left out."""
    given = results.tables["awards"].select("instrument", actor="beneficiary").unique()
    rest = results.eligible.join(given, on=["instrument", "actor"], how="anti")
    left_out = 0
    for kind, frame in (("award", given), ("eligible", rest)):
        pairs = frame.sort("instrument", "actor").rows()
        placed = [(canvas.place.get(one), canvas.place.get(other)) for one, other in pairs]
        known = [(one, other) for one, other in placed if one is not None and other is not None]
        for ends in sorted(known) if crowded(results) else known:
            if left_out or len(canvas.links) > _POLICY_LINKS * 10:
                left_out += 1
                continue
            canvas.links.append(Link(ends[0], ends[1], kind, NO_WORDS))
    return left_out


def add_suggestions(canvas: Canvas, results: Results) -> tuple[list[Remark], list[Words]]:
    """Add predicted links; return those that no line can show, and what each layer's audit found.

    How often such suggestions were right is told beside them; where there are none, why.
    """
    if results.predicted is None:
        return [], [phrase_words("drawing.not-predicted")]
    remarks = []
    for found in results.predicted.suggestions:
        told = {code: f"{found.text[code]} {found.against[code]}" for code in LANGUAGES}
        source, target = canvas.place.get(found.source), canvas.place.get(found.target)
        if source is not None and target is not None:
            canvas.links.append(Link(source, target, f"suggested-{found.layer}", told))
        elif source is not None:
            product = found.target_label
            text = {code: f"{product[code]}: {told[code]}" for code in LANGUAGES}
            heading = phrase_words("drawing.suggested-product")
            remarks.append(Remark("suggested", heading, 0.0, text, (source,)))
    audited: list[Words] = [
        phrase_words("drawing.audited", layer=phrase_words(f"layer.{audit.layer}"), why=audit.text)
        for audit in results.predicted.audits
    ]
    return remarks, audited


def add_findings(canvas: Canvas, results: Results) -> list[Remark]:
    """Add what findings say is missing, and return the findings in words."""
    remarks = []
    rules = codes("gap-rule")
    for finding in results.findings[:REMARKS]:
        subjects = [canvas.place[iri] for iri in finding.subjects if iri in canvas.place]
        made = _missing_node(canvas, results, finding)
        if made is not None:
            subjects.append(made)
        remarks.append(
            Remark(
                rule=finding.rule,
                label=rules[finding.rule].labels,
                severity=finding.severity,
                text=finding.text,
                subjects=tuple(subjects),
            )
        )
    return remarks


def _missing_node(canvas: Canvas, results: Results, finding: Finding) -> int | None:
    """Add a node for the role or product of a finding, tied to where it is missing."""
    near = [canvas.place[iri] for iri in finding.subjects if iri in canvas.place]
    if not near:
        return None
    if finding.rule == "G7":
        what = finding.role
        role = phrase_words(f"helix.{finding.role}")
        words = phrase_words("drawing.no-role", role=role)
    elif finding.rule == "G1":
        what = finding.product
        products = results.tables["products"].filter(pl.col("iri") == finding.product)
        words = phrase_words("drawing.no-product", product=label(products.row(0, named=True)))
    else:
        return None
    iri = f"{finding.subjects[0]}#{what}"
    place = canvas.add(Node(iri=iri, label=words["en"], names=words, kind="missing", x=0.0, y=0.0))
    canvas.links += [Link(place, at, "finding", finding.text) for at in near]
    return place
