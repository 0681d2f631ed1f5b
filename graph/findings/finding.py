"""What a rule found: numbers, evidence, and a sentence in every language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase_words

Words = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """A gap with all that an analyst needs to judge it.

    ``severity`` lies between 0 (worth knowing) and 1. ``subjects`` are the IRIs of what the gap
    is in, ``evidence`` of the things and records on which it rests, ``role`` and ``product``
    what is missing, ``candidates`` the actors that could close it. ``coverage`` is how complete
    the data are said to be (``census``, ``survey``, ``news``, ``unknown``); a gap in data of
    unknown coverage has severity 0. ``confidence`` is 1 less the share of what the finding
    rests on of which something that the rule asks for is not recorded (see
    ``klaster.graph.findings.data_gaps``); the sentence then says what.
    """

    rule: str
    severity: float
    subjects: tuple[str, ...]
    numbers: Mapping[str, float | str]
    evidence: tuple[str, ...]
    coverage: str
    text: Words
    product: str = ""
    role: str = ""
    candidates: tuple[str, ...] = ()
    confidence: float = 1.0

    def row(self, language: str) -> dict[str, object]:
        """Return the finding as a row of a table or an object of JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "subjects": list(self.subjects),
            "numbers": dict(self.numbers),
            "evidence": list(self.evidence),
            "text": self.text[language],
            "confidence": self.confidence,
        }


class Findings(list[Finding]):
    """Findings in their order, of each rule the gravest; ``counts`` is how many it has in all."""

    def __init__(self, found: Iterable[Finding], counts: Mapping[str, int]) -> None:
        super().__init__(found)
        self.counts = dict(counts)


def left_out(findings: Sequence[Finding], counts: Mapping[str, int]) -> dict[str, int]:
    """Return of how many findings of each rule only the number is told, where it is of some."""
    here = Counter(found.rule for found in findings)
    return {
        rule: counts[rule] - here[rule]
        for rule in sorted(counts, key=rule_order)
        if counts[rule] > here[rule]
    }


def rule_order(rule: str) -> tuple[int, str]:
    """Return what sorts rules as people number them.

    Examples
    --------
    >>> sorted(["G10", "G2", "G1b", "G1"], key=rule_order)
    ['G1', 'G1b', 'G2', 'G10']
    """
    number = re.search(r"\d+", rule)
    return int(number[0]) if number else 0, rule


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings most severe first, then the surer, then by rule and text."""
    return sorted(
        findings,
        key=lambda found: (
            -found.severity,
            -found.confidence,
            rule_order(found.rule),
            found.text["en"],
            found.subjects,
        ),
    )


def make_finding(
    rule: str,
    severity: float,
    *,
    phrase: str = "",
    subjects: tuple[str, ...],
    numbers: Mapping[str, float | str],
    evidence: tuple[str, ...],
    coverage: str,
    words: Mapping[str, object],
    product: str = "",
    role: str = "",
    candidates: tuple[str, ...] = (),
) -> Finding:
    """Return a finding with its sentence, the phrase ``finding.RULE`` unless another is named.

    It is lowered to mere information where nobody has said how complete the data are.
    """
    told = {"coverage": codes("coverage")[coverage].labels, **words}
    found = Finding(
        rule,
        severity,
        subjects,
        numbers,
        evidence,
        coverage,
        phrase_words(phrase or f"finding.{rule}", **told),
        product=product,
        role=role,
        candidates=candidates,
    )
    return replace(found, severity=0.0) if coverage == "unknown" else found
