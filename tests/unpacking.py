"""Reads the packed data of a page back, as the page's own script does."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import numpy as np


def unpack(html: str) -> dict[str, Any]:
    """Return the head of a page's data, its columns under ``column``."""
    found = re.search(r'id="packed">(.*?)</script>', html, re.DOTALL)
    assert found
    raw = gzip.decompress(base64.b64decode(found[1], validate=True))
    length = int.from_bytes(raw[:4], "little")
    head = json.loads(raw[4 : 4 + length])
    at = 4 + length
    column = {}
    for name, count, width, least, kind in head["columns"]:
        planes = np.frombuffer(raw[at : at + count * width], np.uint8).reshape(width, count)
        words = sum(planes[p].astype(np.uint32) << np.uint32(8 * p) for p in range(width))
        at += count * width
        if kind == "float":
            bits = np.cumsum(np.asarray(words, dtype=np.uint32), dtype=np.uint32)
            column[name] = bits.view(np.float32)
        else:
            whole = np.asarray(words).astype(np.int64) + least
            column[name] = renewed(whole) if kind == "new" else whole
            if kind == "sum":
                column[name] = np.cumsum(whole)
    assert at == len(raw)
    for at in range(len(head["measures"])):
        own, told = column[f"standing{at}"], different(column, at)
        column[f"value{at}"], column[f"rank{at}"] = (some[own] for some in told)
    return {**head, "column": column}


def renewed(words: np.ndarray) -> np.ndarray:
    """Return values of which 0 is one more than the largest so far, else the value plus 2."""
    values, following = [], 0
    for word in words.tolist():
        values.append(word - 2 if word else following)
        following = max(following, values[-1] + 1)
    return np.array(values, dtype=np.int64)


def different(column: dict[str, Any], at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the different values and ranks of a measure after those of a node that has none."""
    value, rank = column[f"standingValue{at}"], column[f"standingRank{at}"]
    return np.append(np.float32(np.nan), value), np.append(0, rank)
