"""Missing links by rule: certain, and each with the numbers and records on which it rests.

"No link recorded" is not "no link": every finding carries the coverage of the data, and one in
data of which nobody has said how complete they are is only worth knowing (severity 0). What is
not recorded at all is found first and lowers the confidence of what rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

from klaster.graph.findings.broker_gaps import open_brokerage
from klaster.graph.findings.chain_gaps import chokepoints, cut_actors
from klaster.graph.findings.cluster_gaps import (
    missing_roles,
    unconnected_roles,
    unserved_exporters,
    weakly_integrated,
)
from klaster.graph.findings.data_gaps import Gaps, unrecorded
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, Findings, in_order
from klaster.graph.findings.policy_gaps import (
    under_reach,
    unreached_instruments,
    unsupported_central,
)
from klaster.graph.findings.product_gaps import absent_products
from klaster.graph.findings.source_gaps import common_sources, single_sources
from klaster.graph.findings.supply_gaps import uncovered_inputs, unmatched_inputs
from klaster.graph.store.columns import Columns

METHOD: Final = "klaster gap rules 2"

RULES: Final[dict[str, Callable[[Facts], Iterator[Finding]]]] = {
    "G1": uncovered_inputs,
    "G1b": unmatched_inputs,
    "G2": single_sources,
    "G3": common_sources,
    "G4": chokepoints,
    "G5": cut_actors,
    "G6": weakly_integrated,
    "G7": missing_roles,
    "G8": unconnected_roles,
    "G9": unserved_exporters,
    "G10": unreached_instruments,
    "G11": under_reach,
    "G12": unsupported_central,
    "G13": open_brokerage,
    "G14": absent_products,
}
"""The rules that look for gaps of the network; G15, what is not recorded, goes before them."""


MOST: Final = 1_000
"""So many findings of a rule are told, the gravest: nobody reads a million, and where something is
wrong everywhere the number tells more. The number is of all."""


def find_gaps(columns: Columns, *, cluster: str | None = None, most: int | None = MOST) -> Findings:
    """Return the findings of all rules, most severe first, and how many each rule has in all.

    Parameters
    ----------
    cluster
        IRI of a cluster: only what concerns it is kept.
    most
        So many findings of a rule are kept, the gravest; None keeps all.
    """
    if columns.table("actors").is_empty():
        return Findings([], {})
    facts = Facts(columns, cluster=cluster or "", most=most)
    gaps = Gaps(facts, cluster or "")
    unknown = list(unrecorded(gaps))
    found: list[Finding] = []
    counts = {"G15": len(unknown)} if unknown else {}
    concerns = _concerns(facts) if cluster else None
    for name, rule in RULES.items():
        told = [finding for finding in rule(facts) if concerns is None or concerns(finding)]
        count = facts.counted.get(name, len(told))
        if count:
            counts[name] = count
        found += in_order(gaps.doubted(told))[:most]
    return Findings(in_order([*unknown, *found]), counts)


def _concerns(facts: Facts) -> Callable[[Finding], bool]:
    """Return what tells whether a finding concerns the cluster that was asked for."""
    cluster = facts.cluster
    inside = {cluster, *facts.members.filter(pl.col("cluster") == cluster)["actor"]}
    criteria = facts.columns.table("criteria").filter(pl.col("cluster") == cluster)
    inside |= set(criteria["instrument"])

    def concerns(finding: Finding) -> bool:
        about = {subject for subject in finding.subjects if subject in facts.clusters}
        return cluster in about if about else bool(inside & set(finding.subjects))

    return concerns
