"""Predicted links of a graph: each layer is audited first, and only what passes is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from klaster.graph.findings.audit import SEEDS, Audit, audit
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.layer import LAYERS, layer_of
from klaster.graph.findings.stack import train
from klaster.graph.findings.suggestion import Suggestion, suggest
from klaster.graph.store.columns import Columns


@dataclass(frozen=True)
class Predicted:
    """The suggestions of the layers that can be foretold, and the audit of each layer."""

    suggestions: tuple[Suggestion, ...]
    audits: tuple[Audit, ...]

    def rows(self, language: str) -> list[dict[str, Any]]:
        """Return the suggestions as rows of a table, layer by layer, best first."""
        return [found.row(language) for found in self.suggestions]

    def audit_rows(self, language: str) -> list[dict[str, Any]]:
        """Return the audits as rows of a table, with a sentence on why nothing is shown."""
        return [found.row(language) for found in self.audits]


UNASKED_UP_TO: Final = 20_000
"""Up to so many links are suggestions audited unasked: beyond that it takes many minutes."""


def is_quick(columns: Columns) -> bool:
    """Say whether likely links may be looked for unasked: of whatever part, all are audited."""
    learnt_from = ("supplies", "cooperations", "makes")
    return sum(columns.height(name) for name in learnt_from) <= UNASKED_UP_TO


def predict(
    columns: Columns,
    *,
    layers: Sequence[str] = LAYERS,
    cluster: str | None = None,
    count: int = 20,
    seeds: int = SEEDS,
    model: str = "ensemble",
    share: Callable[[float], None] = lambda _: None,
) -> Predicted:
    """Return the likeliest links that are not recorded, of each layer that passes its audit.

    Parameters
    ----------
    cluster
        IRI of a cluster: only pairs with a member of it are kept.
    count
        How many suggestions a layer; with 0 the layers are audited alone.
    seeds
        How often links are hidden for the audit.
    model
        ``ensemble``, which needs no training, or ``stack``, whose weights are learnt from the
        layer's own past where that has enough links.
    share
        Is told how much of the work is done.
    """
    facts = Facts(columns)
    members = None
    if cluster is not None:
        members = facts.members.filter(pl.col("cluster") == cluster)["actor"].to_list()
    coverage = facts.overall_coverage if cluster is None else facts.coverage(cluster)
    suggestions: list[Suggestion] = []
    audits = []

    def within(done: float) -> None:
        share((layers.index(name) + done) / len(layers))

    for name in layers:
        within(0.0)
        layer = layer_of(columns, name)
        if not layer.records.height:
            continue
        found = audit(layer, seeds=seeds, model=model)
        audits.append(found)
        if found.predictable and count:
            suggestions += suggest(
                layer,
                count,
                name=facts.name,
                coverage=coverage,
                among=members,
                stack=train(layer) if found.model == "stack" else None,
                calibration=found.calibration,
                share=within,
            )
    return Predicted(tuple(suggestions), tuple(audits))
