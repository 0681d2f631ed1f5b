"""Colours and shapes of what is drawn: told apart by the colour-blind, and never by colour alone.

Each colour stands out at least 3:1 from white, or from the dark paper once the page has lightened
it; a test computes both.
"""

from __future__ import annotations

from typing import Final

ACTORS: Final = {
    "enterprise": ("#0072b2", "circle"),
    "cluster-organization": ("#5b4fa2", "square"),
    "logistics": ("#b35900", "diamond"),
    "research": ("#00796b", "triangle"),
    "university": ("#4d7c0f", "triangle"),
    "education": ("#7a7000", "triangle"),
    "government": ("#8c510a", "star"),
    "finance": ("#a6428e", "diamond"),
    "support": ("#3b7a9e", "triangleDown"),
    "industry": ("#6b5b2e", "square"),
    "other": ("#6e7781", "circle"),
}
LINKS: Final = {
    "supply": ("#0072b2", True),
    "cooperation": ("#00796b", False),
    "ownership": ("#5b4fa2", True),
    "membership": ("#8a929b", False),
}
FINDING: Final = "#c0262d"
CLUSTER: Final = "#444c56"
INSTRUMENT: Final = "#8a5a00"
SUGGESTED: Final = "#a3278f"
GROUPS: Final = (
    "#0072b2", "#c24f00", "#00796b", "#a6428e", "#7a7000", "#5b4fa2", "#b3261e", "#3b7a9e",
    "#4d7c0f", "#8c510a", "#c0398f", "#1f6f8b",
)  # fmt: skip
"""Colours of groups, used again in turn where there are more groups."""
LIGHT: Final = {
    "paper": "#ffffff",
    "panel": "#f7f8fa",
    "ink": "#1a1d21",
    "quiet": "#5b6470",
    "accent": "#0b5cad",
}
LIGHT_RAMP: Final = ("#7d8fa3", "#0b3a7a")
"""The colours of the least and the greatest figure."""
DARK: Final = {
    "paper": "#14171b",
    "panel": "#1b1f24",
    "ink": "#e8eaed",
    "quiet": "#a3abb5",
    "accent": "#6cb2ff",
}
DARK_RAMP: Final = ("#5f7d9c", "#d8ebff")
