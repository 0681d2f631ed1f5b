"""Names that differ only in how they were typed."""

from __future__ import annotations

import re
import unicodedata

# The letters oʻ and gʻ and the sign ʼ are typed with any of these in the wild.
APOSTROPHES = re.compile("[ʻʼ‘’`´ʹ′ˈ]")
_SPACES = re.compile(r"\s+")


def fold(name: str) -> str:
    """Return a name without what typing adds: case, spaces, forms of the apostrophe.

    Examples
    --------
    >>> fold("  Toʻqimachilik  SANOATI ") == fold("to'qimachilik sanoati")
    True
    """
    # The acute accent by itself would become a space and a mark; it goes first.
    text = unicodedata.normalize("NFKC", APOSTROPHES.sub("'", name))
    return _SPACES.sub(" ", text).strip().casefold()
