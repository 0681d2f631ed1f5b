"""What a rule found: numbers, evidence, and a sentence in every language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Words = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """A gap with all that an analyst needs to judge it.

    ``severity`` lies between 0 (worth knowing) and 1. ``subjects`` are the IRIs of what the gap
    is in, ``evidence`` of the things and records on which it rests, ``role`` and ``product``
    what is missing. ``coverage`` is how complete the data are said to be (``census``,
    ``survey``, ``news``, ``unknown``); a gap in data of unknown coverage has severity 0.
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

    def row(self, language: str) -> dict[str, object]:
        """Return the finding as a row of a table or an object of JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "subjects": list(self.subjects),
            "numbers": dict(self.numbers),
            "evidence": list(self.evidence),
            "text": self.text[language],
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings most severe first, then by rule and text."""
    return sorted(
        findings,
        key=lambda found: (-found.severity, int(found.rule[1:]), found.text["en"], found.subjects),
    )
